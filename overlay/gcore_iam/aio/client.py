"""The client for async code: where credentials, connections and resources come together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

import httpx
from gcore_iam_client import Client
from gcore_iam_client.types import UNSET, Unset

from .._response_body import DEFAULT_MAX_RESPONSE_BYTES
from ..auth.api_key import APIKey
from ..auth.session import Session
from ..auth.shield import complete_async
from ..errors import ConfigurationError
from ..retry import RetryPolicy
from .http import AsyncHTTPClient

if TYPE_CHECKING:
    from .resources.account import AsyncAccount
    from .resources.auth import AsyncAuth
    from .resources.tokens import AsyncTokens
    from .resources.users import AsyncUsers


class AsyncIAMClient:
    """The IAM API for async code. May be shared by tasks of one event loop.

    Args:
        auth: An `APIKey`, a `Session`, or an API key as a str; None reads `GCORE_API_KEY`.
        base_url: Where the API is; None reads `GCORE_BASE_URL` and falls back to `https://api.gcore.com`.
        timeout: Seconds for each step of a request, above 0, or an `httpx.Timeout`; None for 5 to connect and 30
            for everything else, or for what `http_client` says.
        retries: A `RetryPolicy`, or a number of retries, 0 or more; None for the default policy.
        http_client: An `httpx.AsyncClient` of your own, for proxies, certificates or HTTP/2. Its connections, hooks and
            timeout are used, its headers, cookies, base URL and credentials are not. It is yours to close.
        transport: What carries requests, and is closed with the client; None for HTTP. For tests, for instance.
        headers: Headers for every request; not `Authorization`.
        max_response_bytes: Bytes that the body of a response may have, before and after decompression, 1 or more; None
            for no bound. What is larger is not read to its end, and raises `ResponseTooLargeError`.
        allow_http: Send credentials over plain http to other machines as well. Anyone on the way can read them.

    Raises:
        ConfigurationError: An argument or environment variable cannot be right; nothing has been sent.

    Example:
        async with AsyncIAMClient() as iam:
            print((await iam.account.get()).company_name)
    """

    def __init__(
        self,
        auth: APIKey | Session | str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        retries: RetryPolicy | int | None = None,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        headers: Mapping[str, str] | None = None,
        max_response_bytes: int | None = DEFAULT_MAX_RESPONSE_BYTES,
        allow_http: bool = False,
    ) -> None:
        self._http = AsyncHTTPClient.opened(
            _credentials(auth),
            base_url=base_url,
            timeout=timeout,
            retries=retries,
            http_client=http_client,
            transport=transport,
            headers=headers,
            max_response_bytes=max_response_bytes,
            allow_http=allow_http,
        )

    @property
    def api(self) -> Client:
        """The generated client, ready to use: `await iam_get_user.asyncio_detailed(5, client=iam.api)`."""
        return self._http.api

    @cached_property
    def auth(self) -> AsyncAuth:
        """Session tokens by hand, and forgotten passwords."""
        from .resources.auth import AsyncAuth

        return AsyncAuth(self._http)

    @cached_property
    def account(self) -> AsyncAccount:
        """The account that the credentials belong to."""
        from .resources.account import AsyncAccount

        return AsyncAccount(self._http)

    @cached_property
    def users(self) -> AsyncUsers:
        """The users of the account, their roles, and invitations."""
        from .resources.users import AsyncUsers

        return AsyncUsers(self._http)

    @cached_property
    def tokens(self) -> AsyncTokens:
        """Permanent API tokens."""
        from .resources.tokens import AsyncTokens

        return AsyncTokens(self._http)

    @cached_property
    def with_raw_response(self) -> AsyncRawIAMClient:
        """The same methods, which give a `RawResponse` with status, headers and model of that one call.

        Without `users.list`, `account.logins` and `tokens.rotate`, which ask more than once.
        """
        return AsyncRawIAMClient(self)

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        retries: RetryPolicy | int | None = None,
        headers: Mapping[str, str] | None = None,
        auth: APIKey | Session | str | None = None,
        max_response_bytes: int | Unset | None = UNSET,
    ) -> Self:
        """A changed view of this client, which stays as it is. They share their connections.

        The connections are closed with this client; closing the view ends the view alone.

        Args:
            timeout: Seconds for each step of a request, above 0, or an `httpx.Timeout`; None for the same.
            retries: A `RetryPolicy`, or a number of retries, 0 or more; None for the same.
            headers: More headers for every request; None for no more.
            auth: Other credentials; None for the same.
            max_response_bytes: Bytes that the body of a response may have, 1 or more; None for no bound, left out for
                the same.

        Returns:
            The view.

        Raises:
            ConfigurationError: An argument cannot be right.
        """
        view = type(self).__new__(type(self))
        view._http = self._http.view(
            auth=self._http.credentials.auth if auth is None else _credentials(auth),
            timeout=timeout,
            retries=retries,
            headers=headers,
            max_response_bytes=max_response_bytes,
        )
        return view

    async def aclose(self) -> None:
        """Close all connections. The client cannot be used afterwards.

        Waits at most 55 seconds for an exchange of session tokens. An interrupt during the wait is raised when the
        connections are closed.
        """
        await complete_async(self._http.aclose)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        http: AsyncHTTPClient | None = self.__dict__.get("_http")  # missing when the constructor has failed
        return f"{type(self).__name__}({f'base_url={str(http.base_url)!r}' if http else ''})"


class AsyncRawIAMClient:
    """The resources of a client, whose methods give a `RawResponse`."""

    def __init__(self, iam: AsyncIAMClient) -> None:
        from .resources.account import AsyncRawAccount
        from .resources.auth import AsyncRawAuth
        from .resources.tokens import AsyncRawTokens
        from .resources.users import AsyncRawUsers

        self.auth = AsyncRawAuth(iam.auth)
        self.account = AsyncRawAccount(iam.account)
        self.users = AsyncRawUsers(iam.users)
        self.tokens = AsyncRawTokens(iam.tokens)


def _credentials(auth: APIKey | Session | str | None) -> APIKey | Session:
    if auth is None:
        return APIKey.from_environment()
    if isinstance(auth, APIKey | Session):
        return auth
    if isinstance(auth, str):
        return APIKey(auth)
    raise ConfigurationError(f"auth must be an APIKey, a Session or a str, not {type(auth).__name__}")
