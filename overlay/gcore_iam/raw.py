"""Answers with their status and headers: what `iam.with_raw_response` gives."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

import attrs

if TYPE_CHECKING:
    from gcore_iam_client.types import Response

T = TypeVar("T")
P = ParamSpec("P")


@attrs.frozen
class RawResponse(Generic[T]):
    """One answer of the API. Its repr shows the status alone.

    Attributes:
        status: The HTTP status.
        headers: The headers; looked up in any case.
        model: What the method gives without `with_raw_response`.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    model: T = attrs.field(repr=False)

    @property
    def request_id(self) -> str | None:
        """The `X-Request-ID`, for Gcore's support; None when there is none."""
        return self.headers.get("x-request-id")


_LAST: ContextVar[list[Response[Any]] | None] = ContextVar("gcore_iam_last_response", default=None)
"""Where the answers of a call that is being watched are put down."""


def noted(response: Response[Any]) -> None:
    """Put an answer down, if somebody wants to see it."""
    seen = _LAST.get()
    if seen is not None:
        seen.append(response)


def _raw(model: T, seen: list[Response[Any]]) -> RawResponse[T]:
    return RawResponse(seen[-1].status_code, seen[-1].headers, model)


def raw(method: Callable[P, T]) -> Callable[P, RawResponse[T]]:
    """A method that gives the whole answer in place of its model."""

    @wraps(method)
    def watched(*args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        seen: list[Response[Any]] = []
        token = _LAST.set(seen)
        try:
            return _raw(method(*args, **kwargs), seen)
        finally:
            _LAST.reset(token)

    return watched


def raw_async(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, RawResponse[T]]]:
    """The same in async code."""

    @wraps(method)
    async def watched(*args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        seen: list[Response[Any]] = []
        token = _LAST.set(seen)
        try:
            return _raw(await method(*args, **kwargs), seen)
        finally:
            _LAST.reset(token)

    return watched
