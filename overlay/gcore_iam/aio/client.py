"""The client for async code, which combines credentials, connections and resources."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, NoReturn, Self, TypeAlias

import httpx
from gcore_iam_client import Client
from gcore_iam_client.types import UNSET, Unset

import gcore_iam

from .._bound_client import build_copy_error, build_missing_attribute_error
from .._config import ClientConfig, build_default_config
from .._operation_info import ResponseObserver
from .._proxies import read_proxy_settings
from .._resource import Resource
from .._response_body import DEFAULT_MAX_RESPONSE_BYTES
from .._secret_text import hide_text, hide_values
from .._validation import check_instance
from .._validation.settings import LOOPBACK_HOSTS, check_connections
from ..auth.anonymous import Anonymous
from ..auth.api_key import ENVIRONMENT_VARIABLE, APIKey
from ..auth.header_credentials import HeaderCredentials
from ..retry import RetryPolicy
from ..tls import get_tls
from . import resources
from .driver import AsyncBoundClient, AsyncOriginAuth
from .transport import AsyncConnections, AsyncShardedTransport, EmptyCookieJar

if TYPE_CHECKING:  # jedi would complete the attributes of functools' class, too
    from builtins import property as cached_property
else:
    from functools import cached_property

AuthArgument: TypeAlias = "APIKey | gcore_iam.BearerToken | gcore_iam.Session | Anonymous | str | None"


class AsyncIAMClient:
    """The IAM API for async code. May be shared by tasks and by event loops.

    Args:
        auth: An `APIKey`, a `BearerToken`, a `Session`, `Anonymous()`, or an API key as a str. None reads
            `GCORE_API_KEY`; if it is not set, only calls that need no credentials can be made.
        base_url: Where the API is; None reads `GCORE_BASE_URL` and falls back to `https://api.gcore.com`.
        timeout: Seconds for each step of a request, above 0, or an `httpx.Timeout`; None for 5 to connect and 30
            for everything else, or for what `http_client` says.
        retries: A `RetryPolicy`, or a number of retries, 0 or more; None for the default policy.
        http_client: An `httpx.AsyncClient` of your own, for proxies, certificates or HTTP/2. Its connections, hooks,
            timeout and headers (those that it has now) are used, its base URL and credentials are not. It must have no
            params and no cookies: no request would send them. It is yours to close.
        transport: What carries requests, and is closed with the client; None for HTTP. For tests, for instance.
        headers: Headers for every request; not `Authorization`.
        max_response_bytes: Bytes that the body of a response may have, before and after decompression, 1 or more; None
            for no bound. What is larger is not read to its end, and raises `ResponseTooLargeError`.
        allow_http: Send credentials over plain http to other machines as well. Anyone on the way can read them.
        on_event: A function that gets each event of `gcore_iam.events`, in the task of the call; None for none. An
            exception in it is logged and changes nothing.
        observer: A `gcore_iam.observe.Observer`, which records where responses differ from the spec; None for none.

    Raises:
        ConfigurationError: An argument or environment variable is not valid; nothing has been sent.

    Example:
        async with AsyncIAMClient() as iam:
            print((await iam.account.get()).company_name)
    """

    def __init__(
        self,
        auth: APIKey | gcore_iam.BearerToken | gcore_iam.Session | Anonymous | str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        retries: RetryPolicy | int | None = None,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        headers: Mapping[str, str] | None = None,
        max_response_bytes: int | None = DEFAULT_MAX_RESPONSE_BYTES,
        allow_http: bool = False,
        on_event: Callable[[gcore_iam.events.Event], object] | None = None,
        observer: ResponseObserver | None = None,
    ) -> None:
        auth, headers, base_url = _hide_auth(auth), hide_values(headers), hide_text(base_url)
        checked = _resolve_auth(auth)
        check_connections(http_client, transport, httpx.AsyncClient, httpx.AsyncBaseTransport)
        config = build_default_config(
            base_url, allow_http=allow_http, http_client=http_client, observer=observer
        ).evolve(
            timeout=timeout,
            retries=retries,
            headers=headers,
            max_response_bytes=max_response_bytes,
            on_event=on_event,
        )

        def build() -> httpx.AsyncClient:
            return _build_httpx_client(config, transport) if http_client is None else http_client

        connections = AsyncConnections(build, is_own=http_client is None)
        self._client = AsyncBoundClient.bind(config, checked, connections)
        connections.authenticate(AsyncOriginAuth(self._client))

    @property
    def api(self) -> Client:
        """The generated client, ready to use: `await iam_get_user.asyncio_detailed(5, client=iam.api)`."""
        return self._client

    @cached_property
    def auth(self) -> resources.AsyncAuth:
        """Session tokens by hand, and forgotten passwords."""
        return resources.AsyncAuth(self._client)

    @cached_property
    def account(self) -> resources.AsyncAccount:
        """The account that the credentials belong to."""
        return resources.AsyncAccount(self._client)

    @cached_property
    def users(self) -> resources.AsyncUsers:
        """The users of the account, their roles, and invitations."""
        return resources.AsyncUsers(self._client)

    @cached_property
    def tokens(self) -> resources.AsyncTokens:
        """Permanent API tokens."""
        return resources.AsyncTokens(self._client)

    @cached_property
    def with_raw_response(self) -> AsyncRawIAMClient:
        """The same methods, which return a `RawResponse` with status, headers and model of that one call.

        Without `users.list`, `account.logins` and `tokens.rotate`, which send more than one request.
        """
        return AsyncRawIAMClient(self._client)

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        retries: RetryPolicy | int | None = None,
        headers: Mapping[str, str] | None = None,
        auth: APIKey | gcore_iam.BearerToken | gcore_iam.Session | Anonymous | str | None = None,
        max_response_bytes: int | Unset | None = UNSET,
        on_event: Callable[[gcore_iam.events.Event], object] | None = None,
    ) -> Self:
        """Get a changed view of this client, which stays as it is. They share their connections.

        The connections are closed with this client; closing the view ends the view alone.

        Args:
            timeout: Seconds for each step of a request, above 0, or an `httpx.Timeout`; None for the same.
            retries: A `RetryPolicy`, or a number of retries, 0 or more; None for the same.
            headers: More headers for every request; None for no more.
            auth: Other credentials; None for the same.
            max_response_bytes: Bytes that the body of a response may have, 1 or more; None for no bound, left out for
                the same.
            on_event: Another function for events; None for the same.

        Returns:
            The view.

        Raises:
            ConfigurationError: An argument is not valid.
        """
        auth, headers = _hide_auth(auth), hide_values(headers)
        config = self._client.config.evolve(
            timeout=timeout,
            retries=retries,
            headers=headers,
            max_response_bytes=max_response_bytes,
            on_event=on_event,
        )
        view = type(self).__new__(type(self))
        view._client = self._client.view(config, self._client.credentials.auth if auth is None else _resolve_auth(auth))
        return view

    async def aclose(self) -> None:
        """Close all connections. The client cannot be used afterwards.

        Waits at most 55 seconds for a refresh of session tokens. An interrupt during the wait is raised when the
        connections are closed.
        """
        if sys.is_finalizing():  # called by a `__del__`: modules are gone, and the connections end with the process
            return
        from .._concurrency.shield import complete_async

        await complete_async(self._client.aclose)

    async def __aenter__(self) -> Self:
        self._client.raise_if_closed()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    if not TYPE_CHECKING:  # type checkers report the missing attribute

        def __getattr__(self, name: str) -> NoReturn:
            raise build_missing_attribute_error(self, name)

    def __copy__(self) -> NoReturn:
        raise build_copy_error()

    def __repr__(self) -> str:
        client: AsyncBoundClient | None = self.__dict__.get("_client")  # missing when the constructor has failed
        if client is None:
            return f"{type(self).__name__}()"
        state = "" if client.is_open else ", closed"
        return f"{type(self).__name__}(base_url={str(client.config.base_url)!r}{state})"


class AsyncRawIAMClient(Resource):
    """The resources of a client, whose methods return a `RawResponse`."""

    def __init__(self, client: AsyncBoundClient) -> None:
        self._client = client
        self.auth: Final = resources.AsyncRawAuth(client)
        self.account: Final = resources.AsyncRawAccount(client)
        self.users: Final = resources.AsyncRawUsers(client)
        self.tokens: Final = resources.AsyncRawTokens(client)


def _hide_auth(auth: AuthArgument) -> AuthArgument:
    """Hide a key, which local variables would show; see `hide_text`."""
    # A key does not load `auth.session`.
    is_known = isinstance(auth, HeaderCredentials | Anonymous) or (
        not isinstance(auth, str) and isinstance(auth, gcore_iam.Session)
    )
    return auth if is_known else hide_text(auth)


def _resolve_auth(auth: AuthArgument) -> HeaderCredentials | Anonymous | gcore_iam.Session:
    if auth is None:
        return APIKey.from_environment() if ENVIRONMENT_VARIABLE in os.environ else Anonymous()
    if isinstance(auth, str):
        return APIKey(auth)
    if not isinstance(auth, HeaderCredentials | Anonymous):  # a key does not load `auth.session`
        allowed = "an APIKey, a BearerToken, a Session, Anonymous() or the key as a str"
        check_instance("auth", auth, gcore_iam.Session, allowed)
    return auth


def _build_httpx_client(config: ClientConfig, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    if transport is None:
        # No proxy is used for loopback: it would see the credentials in clear.
        proxies = None if config.base_url.host in LOOPBACK_HOSTS else read_proxy_settings()
        transport = AsyncShardedTransport(get_tls(), proxies)
    return httpx.AsyncClient(
        base_url=config.base_url,
        headers=config.headers,
        timeout=config.timeout,
        transport=transport,
        cookies=EmptyCookieJar(),
        trust_env=False,
    )
