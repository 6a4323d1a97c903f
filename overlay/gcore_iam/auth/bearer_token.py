"""Authentication with an access token that another program has got."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from .._secret_text import hide_text
from .header_credentials import HeaderCredentials


class BearerToken(HeaderCredentials):
    """An access token, sent as `Authorization: Bearer <token>`; for a service that forwards the token of its caller.

    The client does not renew it: when the token has expired, calls raise `AuthenticationError`. For tokens that renew
    themselves, use a `Session`. The repr hides the token.

    Args:
        access: The access token, with or without `Bearer ` in front; white space around it is removed. Or a function
            without parameters that returns the token; it is called before each attempt, in the thread or task of the
            call. With `AsyncIAMClient` it may be a coroutine function.

    Raises:
        ConfigurationError: The token is empty, or has characters that no token has. The result of a function is checked
            before each attempt.

    Source: RFC 6750, section 2.1; the security scheme of the API's OpenAPI spec.

    Example:
        with IAMClient(BearerToken(request.headers["Authorization"])) as iam:
            print(iam.account.get().company_name)
    """

    __slots__ = ()

    scheme: ClassVar[str] = "Bearer"
    noun: ClassVar[str] = "access token"
    advice: ClassVar[str] = "pass the token that `iam.auth.login` or your caller gives"

    def __init__(self, access: str | Callable[[], str | Awaitable[str]]) -> None:
        access = hide_text(access)
        super().__init__(access)
