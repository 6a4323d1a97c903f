"""The steps that a session yields and a session driver performs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, ClassVar, Protocol, TypeAlias

import attrs

from ..errors import IAMError
from .token_store import TokenPair

OneTimePassword: TypeAlias = str | Callable[[], str | Awaitable[str]]


class HasTokens(Protocol):
    """The response to an operation that issues tokens."""

    access: str
    refresh: str


@attrs.define(eq=False)
class Load:
    """Load from the store; the result is a pair, or None."""


@attrs.define(eq=False)
class Save:
    """Save a pair to the store. `issued_by` is the operation that issued it; None for a pair that is not new."""

    tokens: TokenPair
    issued_by: str | None = None


@attrs.define(eq=False)
class LogIn:
    """Log in; the result is an access token and a refresh token."""

    operation: ClassVar[str] = "iamLoginUser"
    username: str
    password: str = attrs.field(repr=False)
    one_time_password: OneTimePassword | None = attrs.field(repr=False)


@attrs.define(eq=False)
class Refresh:
    """Exchange a refresh token; the result is an access token and a refresh token."""

    operation: ClassVar[str] = "iamRefreshToken"
    refresh: str = attrs.field(repr=False)


@attrs.define(eq=False)
class SelectAccount:
    """Open a session in an account; the result is an access token and a refresh token."""

    operation: ClassVar[str] = "iamSelectAccount"
    client_id: int
    access: str = attrs.field(repr=False)


@attrs.define(eq=False)
class ChangePassword:
    """Call a function, with a client, that changes the password of the session's user; the result is its own."""

    operation: ClassVar[str] = "iamChangePassword"
    change: Callable[[Any], Any]


IssuingStep: TypeAlias = LogIn | Refresh | SelectAccount
Step: TypeAlias = Load | Save | IssuingStep | ChangePassword


@attrs.define(eq=False)
class Done:
    """Marks the end of the steps, and holds their return value."""

    result: Any = attrs.field(repr=False)


def advance(steps: Generator[Step, Any, object], result: object = None, error: IAMError | None = None) -> Step | Done:
    """Send the result of the last step to the generator, or its error, and return the next step.

    Args:
        steps: The steps of a session.
        result: The result of the last step; None for the first step.
        error: The error that the last step raised.
    """
    try:
        return steps.send(result) if error is None else steps.throw(error)
    except StopIteration as end:
        return Done(end.value)
