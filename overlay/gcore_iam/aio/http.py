"""The httpx client that all requests of an AsyncIAMClient go through: credentials, attempts, this library's errors."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Self
from weakref import WeakSet

import attrs
import httpx
from gcore_iam_client.types import UNSET, Unset

from .._deadline import enforce_deadline_async, is_cancellation_async, shield_async
from .._proxies import read_proxy_settings
from .._response_body import BodyTooLargeError, bound_body, check_max_response_bytes
from .._transport_errors import is_transport_error
from ..auth.bearer import Bearer
from ..auth.shield import InFlight
from ..auth.waiting import slept_async
from ..background import cuttable, sending, turn_async
from ..errors import ConfigurationError
from ..http import (
    DEFAULT_TIMEOUT,
    LIMITS_OF_ONE_POOL,
    LOOPBACK,
    BoundClient,
    begin,
    check_kind,
    check_open,
    checked_base_url,
    checked_headers,
    checked_timeout,
    concluded,
    failed,
    is_rejected,
    limit,
    origin,
    own_headers,
    retrying,
    succeeded,
    too_late,
    wants_credentials,
    within,
)
from ..retry import Call, Outcome, RetryPolicy
from ..tls import tls
from .credentials import AsyncCredentials, Auth
from .direct import AsyncDirect
from .pools import AsyncPools
from .proxies import AsyncProxyRouter

_KNOWN_URLS = 100
"""URLs that a client remembers: those without ids in them come first, and again and again."""

_RENEWALS = 3
"""How often one attempt goes on after a 401, with tokens that somebody else has stored meanwhile."""


class AsyncPool:
    """The connections that a client and its views share.

    Args:
        make: Makes what sends requests over them.
        is_ours: Whether it is made and closed by this library.
    """

    def __init__(self, make: Callable[[], httpx.AsyncClient | AsyncDirect], *, is_ours: bool) -> None:
        self._make = make
        self._is_ours = is_ours
        self.client = make()
        self._inherited: list[httpx.AsyncClient | AsyncDirect] = []
        self._is_closed = False
        self.in_flight = InFlight()
        _POOLS.add(self)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request as it is, and leave the body of the response to be read.

        A client of the user's has its hooks called, but adds nothing.
        """
        client = self.client
        if isinstance(client, AsyncDirect):
            return await client.send(request)
        return await client.send(request, stream=True, auth=None, follow_redirects=False)

    async def abandon(self, request: httpx.Request) -> None:
        """Use the connection of an interrupted request no more."""
        if isinstance(self.client, AsyncDirect):
            await self.client.abandon(request)

    async def aclose(self) -> None:
        """Close the connections, unless they belong to the user, once nobody is renewing a session over them."""
        try:
            await self.in_flight.drain_async()
        finally:
            self._is_closed = True
            if self._is_ours:
                with shield_async():
                    await self.client.aclose()

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._is_closed or self.client.is_closed

    def after_fork(self) -> None:
        """Leave the connections to the parent process, which goes on using them."""
        if self._is_ours:
            self._inherited.append(self.client)  # kept: closing them would say goodbye in the parent's name
            self.client = self._make()


class AsyncHTTPClient(httpx.AsyncClient):
    """An `httpx.AsyncClient` with credentials and attempts, which raises this library's errors.

    It builds requests and leaves their transport to the client of its pool. Credentials, retries and redirects are its
    own: the arguments `auth` and `follow_redirects` of its methods are without effect.
    """

    def __init__(
        self,
        pool: AsyncPool,
        auth: Auth,
        *,
        base_url: httpx.URL,
        timeout: httpx.Timeout,
        headers: httpx.Headers,
        retries: RetryPolicy,
        max_response_bytes: int | None,
    ) -> None:
        super().__init__(base_url=base_url, headers=headers, timeout=timeout, transport=_Nowhere(), trust_env=False)
        self._pool = pool
        self._urls: dict[str, httpx.URL] = {}
        self._retries = retries
        self._max_response_bytes = max_response_bytes
        self._is_view = False
        self.credentials = AsyncCredentials(auth, origin(base_url), _Exchange(self), pool.in_flight)
        self.api = BoundClient(str(base_url), raise_on_unexpected_status=True).set_async_httpx_client(self)

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        """See `httpx.AsyncClient.build_request`. A URL is put together once, and a query is not put on it twice.

        That is half of what building a request takes otherwise, and a twelfth of a call.
        """
        if isinstance(url, str):
            known = self._urls.get(url)
            if known is None:
                known = super().build_request(method, url).url
                if len(self._urls) < _KNOWN_URLS:
                    self._urls[url] = known
            params = options.get("params")
            if params and not known.query:
                known = httpx.URL(f"{known}?{httpx.QueryParams(params)}")
                del options["params"]
            url = known
        return super().build_request(method, url, **options)

    @classmethod
    def opened(
        cls,
        auth: Auth,
        *,
        base_url: str | None,
        timeout: float | httpx.Timeout | None,
        retries: RetryPolicy | int | None,
        http_client: httpx.AsyncClient | None,
        transport: httpx.AsyncBaseTransport | None,
        headers: Mapping[str, str] | None,
        max_response_bytes: int | None,
        allow_http: bool,
    ) -> Self:
        """Check what a user has given, and make the client of it.

        Raises:
            ConfigurationError: An argument cannot be right; the message says what is allowed.
        """
        url = checked_base_url(base_url, allow_http=allow_http)
        check_kind("http_client", http_client, httpx.AsyncClient)
        check_kind("transport", transport, httpx.AsyncBaseTransport)
        if http_client is not None and transport is not None:
            raise ConfigurationError("give http_client or transport, not both")
        default = DEFAULT_TIMEOUT
        if http_client is not None:
            check_open(http_client)
            if http_client.timeout != httpx.Timeout(5.0):  # what httpx has when nobody says anything
                default = http_client.timeout
        checked = checked_timeout(timeout, default)
        policy = RetryPolicy.of(retries)
        added = checked_headers(headers)
        max_bytes = check_max_response_bytes(max_response_bytes)
        # No proxy is used for loopback: it would see the credentials in clear.
        is_direct = http_client is not None or transport is not None or url.host in LOOPBACK
        proxies = None if is_direct else read_proxy_settings()

        def make() -> httpx.AsyncClient | AsyncDirect:
            if http_client is not None:
                return http_client
            if transport is not None:
                return AsyncDirect(transport)
            direct = AsyncPools(tls())
            if proxies is None:
                return AsyncDirect(direct)
            return AsyncDirect(AsyncProxyRouter(proxies, direct, verify=tls()(), limits=LIMITS_OF_ONE_POOL))

        pool = AsyncPool(make, is_ours=http_client is None)
        together = own_headers()
        together.update(added)
        return cls(
            pool,
            auth,
            base_url=url,
            timeout=checked,
            headers=together,
            retries=policy,
            max_response_bytes=max_bytes,
        )

    def view(
        self,
        *,
        auth: Auth,
        timeout: float | httpx.Timeout | None = None,
        retries: RetryPolicy | int | None = None,
        headers: Mapping[str, str] | None = None,
        max_response_bytes: int | Unset | None = UNSET,
    ) -> Self:
        """A client with other settings over the same connections; what is left out stays as it is.

        Raises:
            ConfigurationError: An argument cannot be right; the message says what is allowed.
        """
        together = httpx.Headers(self.headers)
        together.update(checked_headers(headers))
        view = type(self)(
            self._pool,
            auth,
            base_url=self.base_url,
            timeout=checked_timeout(timeout, self.timeout),
            headers=together,
            retries=self._retries if retries is None else RetryPolicy.of(retries),
            max_response_bytes=(
                self._max_response_bytes
                if isinstance(max_response_bytes, Unset)
                else check_max_response_bytes(max_response_bytes)
            ),
        )
        view._is_view = True
        return view

    @property
    def without_deadline(self) -> RetryPolicy:
        """The retry policy, but for its deadline."""
        return attrs.evolve(self._retries, deadline=None)

    async def send(self, request: httpx.Request, *, stream: bool = False, **_: Any) -> httpx.Response:
        """Send one request, as often as it takes.

        Raises:
            APIConnectionError: No answer came; `APITimeoutError` when it took too long.
            APIStatusError: The answer is not a success.
            AmbiguousOutcomeError: It is unclear whether a write that must not be repeated has happened.
            ConfigurationError: The client is closed, or its credentials cannot be had.
        """
        check_open(self, self._pool)
        if "timeout" not in request.extensions:  # one that has been built elsewhere
            request.extensions = {**request.extensions, "timeout": self.timeout.as_dict()}
        call = begin(request, self._retries, self.credentials.find_secrets)
        with sending() as job:
            outcome = await self._attempt(request, call, stream)
            if outcome.error is not None:  # in most calls it is None: setting up what repeats them costs a tenth of one
                outcome = await self._repeated(outcome, request, call, stream)
        response = concluded(call, outcome, request)
        if job is not None:
            await turn_async(job)
        return response

    async def _repeated(
        self, outcome: Outcome[httpx.Response], request: httpx.Request, call: Call[httpx.Response], stream: bool
    ) -> Outcome[httpx.Response]:
        """What a call comes to whose first attempt has failed."""
        first = [outcome]

        async def attempt() -> Outcome[httpx.Response]:
            return first.pop() if first else await self._attempt(request, call, stream)

        async def sleep(seconds: float) -> None:
            await slept_async(self._retries.sleep, seconds)

        import tenacity

        settings: dict[str, Any] = call.settings(partial(retrying, call))
        repeated: Outcome[httpx.Response] = await tenacity.AsyncRetrying(sleep=sleep, **settings)(attempt)
        return repeated

    async def _attempt(
        self,
        request: httpx.Request,
        call: Call[httpx.Response],
        stream: bool,
    ) -> Outcome[httpx.Response]:
        """One attempt, which ends with an outcome; failing to get credentials is no outcome, but an error."""
        check_open(self._pool)
        call.attempts += 1
        credentials = self.credentials
        value: str | None = None
        if wants_credentials(request, self.base_url):
            with within(call):
                value = await credentials.authorization()
        if value is not None:
            request.headers["Authorization"] = value
        outcome = await self._once(request, call, stream)
        for _ in range(_RENEWALS):
            if value is None or not is_rejected(outcome):
                break
            with within(call):
                renewed = await credentials.renewed(value)
            if renewed is None:
                break
            value, is_new = renewed
            request.headers["Authorization"] = value
            outcome = await self._once(request, call, stream)
            if is_new:
                break
        return outcome

    async def _once(
        self,
        request: httpx.Request,
        call: Call[httpx.Response],
        stream: bool,
    ) -> Outcome[httpx.Response]:
        began = time.monotonic()
        if call.remaining == 0:
            return too_late(call, request)
        limit(request, call)
        try:
            with cuttable(self._pool.client, request), enforce_deadline_async(call.deadline):
                response, body_error = await self._exchange(request, call, stream, began)
        except BaseException as error:
            if isinstance(error, Exception) and is_transport_error(error):
                return failed(call, error, request, began, self._max_response_bytes)
            if not is_cancellation_async(error):  # httpcore knows what to do then
                await self._pool.abandon(request)
            raise
        if response.is_stream_consumed:  # an httpx client's stream refers to the response, and would keep the body
            response.stream = _READ
        return succeeded(call, response, began, body_error)

    async def _exchange(
        self, request: httpx.Request, call: Call[httpx.Response], stream: bool, began: float
    ) -> tuple[httpx.Response, Exception | None]:
        """Send a request, and read the body of the response, unless the caller streams that of a success.

        Returns:
            The response, and why its body was dropped: the status of an error response is enough to go on.
        """

        def convert_error(error: Exception) -> Exception:
            if not is_transport_error(error):
                return error
            return failed(call, error, request, began, self._max_response_bytes).error or error

        response = await self._pool.send(request)
        headers = response.headers
        is_streamed = stream and response.is_success
        body_error: Exception | None = None
        try:
            bound_body(response, self._max_response_bytes, call.deadline, convert_error if is_streamed else None)
            if not is_streamed:
                await response.aread()
        except BaseException as error:
            await response.aclose()
            if response.is_success or not isinstance(error, BodyTooLargeError | httpx.DecodingError):
                raise
            body_error = error
        if not is_streamed:
            response.headers = headers
            response.elapsed = timedelta(seconds=time.monotonic() - began)
        return response, body_error

    async def aclose(self) -> None:
        """Close the connections; a view leaves them to the client that it is a view of."""
        await super().aclose()
        if not self._is_view:
            await self._pool.aclose()


_READ = httpx.ByteStream(b"")
"""The stream of a response that has been read."""


class _Nowhere(httpx.AsyncBaseTransport):
    """The transport of a client that leaves sending to its pool."""


class _Exchange:
    """Gets session tokens by way of a client, with its timeouts and retries."""

    def __init__(self, http: AsyncHTTPClient) -> None:
        self._http = http

    async def login(self, username: str, password: str, one_time_password: str | None) -> tuple[str, str]:
        """Operation iamLoginUser."""
        from .resources.auth import AsyncAuth

        token = await AsyncAuth(self._http).login(username, password, one_time_password)
        return token.access, token.refresh

    async def refresh(self, refresh: str) -> tuple[str, str]:
        """Operation iamRefreshToken."""
        from .resources.auth import AsyncAuth

        # Never cut short: a refresh token serves once, and its successor would be lost.
        patient = self._http.view(auth=None, retries=self._http.without_deadline)
        patient.credentials.outer = self._http.credentials
        with within(None):
            token = await AsyncAuth(patient).refresh(refresh)
        return token.access, token.refresh

    async def select_account(self, client_id: int, access: str) -> tuple[str, str]:
        """Operation iamSelectAccount."""
        from .resources.auth import AsyncAuth

        selecting = self._http.view(auth=Bearer(access))
        selecting.credentials.outer = self._http.credentials
        token = await AsyncAuth(selecting).select_account(client_id)
        return token.access, token.refresh


_POOLS: WeakSet[AsyncPool] = WeakSet()


def _after_fork() -> None:
    for pool in list(_POOLS):
        pool.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
