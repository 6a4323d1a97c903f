# Derived from aio/transport.py by `make generate`. Do not edit: change that file.

"""The connections of a client and its views: an httpx client over a transport of several small pools."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from typing import Final

import attrs
import httpx

from .. import _fork
from .._concurrency.blocking_io import build_transport
from .._concurrency.deadlines import block_cancellation, is_cancellation
from .._concurrency.event_loops import LoopLocal
from .._proxies import ProxySettings
from .in_flight import InFlight

MAX_SHARDS = 10
"""Maximum number of pools (shards) for each scheme and proxy."""

SHARD_LIMITS = httpx.Limits(max_connections=10, max_keepalive_connections=10, keepalive_expiry=5.0)
"""The limits of each pool."""

_IDLE_SECONDS = 5.0
"""Seconds after which an unused pool is closed, as httpcore closes an idle connection of a pool in use."""

_UNUSED_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""The TLS settings of pools for plain http, which do not use them; loading certificates takes time."""


class Connections:
    """The httpx client that an IAM client and its views share.

    Args:
        build: Builds the httpx client.
        is_own: Whether this library builds and closes the httpx client; False for the user's own client.

    Attributes:
        client: The httpx client.
        is_closed: Whether `aclose` was called. A user may also close `client` alone.
        in_flight: The refreshes of sessions that are under way.
    """

    def __init__(self, build: Callable[[], httpx.Client], *, is_own: bool) -> None:
        self._build = build
        self._is_own = is_own
        self.client: httpx.Client = build()
        self._auth = httpx.Auth()  # adds nothing
        self._inherited: list[httpx.Client] = []
        self.is_closed: bool = False
        self.in_flight: Final = InFlight()
        _fork.register(self)

    def authenticate(self, auth: httpx.Auth) -> None:
        """Add credentials to requests that a user sends over the httpx client, unless that is the user's own client."""
        if self._is_own:
            self._auth = self.client.auth = auth

    def abandon(self, request: httpx.Request, error: BaseException) -> None:
        """Stop using the connection of a request, if this library's transport has opened it.

        Args:
            request: The request.
            error: What has interrupted it. httpcore itself handles a cancellation.
        """
        shards: Shards | None = request.extensions.get("gcore_iam_shards")
        if shards is not None and not is_cancellation(error):
            shards.abandon(request)

    def describe_proxy(self, request: httpx.Request) -> str | None:
        """Describe the proxy that this library's transport has sent a request through; None if there is none."""
        shards: Shards | None = request.extensions.get("gcore_iam_shards")
        return None if shards is None else shards.describe_proxy(request.url)

    def close(self) -> None:
        """Wait for refreshes of sessions that are in flight, then close the connections unless they are the user's."""
        try:
            self.in_flight.drain()
        finally:
            self.is_closed = True
            if self._is_own:
                with block_cancellation():
                    self.client.close()

    def after_fork(self) -> None:
        """Leave the connections to the parent process, and open new ones when they are needed."""
        if self._is_own:
            self._inherited.append(self.client)  # kept open: closing it would close the parent's connections
            self.client = self._build()
            self.client.auth = self._auth


class EmptyCookieJar(CookieJar):
    """Keeps no cookie: the API uses none, and a cookie from one call must not be sent with another.

    `CookieJar` locks itself for each response, and stays locked if Ctrl-C is pressed between `acquire` and `try`.
    """

    def extract_cookies(self, response: object, request: object) -> None:
        """Ignore the cookies of a response."""


class ShardedTransport(httpx.BaseTransport):
    """A transport over several small pools; a request goes to the pool with the fewest requests.

    For each request, httpcore visits every request and connection of its pool, so the time per request grows with the
    number of concurrent requests (encode/httpx, issue 3215). Fifty at a time take half as long over ten pools as over
    one. Requests that come one at a time use one pool.

    Each event loop has separate pools, which are closed when it ends.

    Args:
        get_tls: Returns the TLS settings; called for the first https request.
        proxies: The proxy for each URL; None for no proxies.
    """

    def __init__(self, get_tls: Callable[[], ssl.SSLContext], proxies: ProxySettings | None = None) -> None:
        self._shards = LoopLocal(lambda: Shards(get_tls, proxies))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport.handle_request`."""
        shards = self._shards.value or self._shards.open()
        shard, idle = shards.acquire(request)
        try:
            for transport in idle:
                transport.close()
            response = shard.transport.handle_request(request)
            assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - for type checkers
            response.stream = _Body(response.stream, shards, request)
        except BaseException as error:
            is_broken = shard.is_proxied and isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            if is_broken:  # after a failed TLS handshake behind a proxy, httpcore never frees the connection
                shards.abandon(request)
            shards.release(request)
            raise
        return response

    @property
    def pools(self) -> list[httpx.HTTPTransport]:
        """The pools; in async code those of the running event loop."""
        shards = self._shards.value
        return [] if shards is None else [shard.transport for shard in shards.list_shards()]

    def count_requests(self) -> list[int]:
        """Count the requests in flight of each pool; in async code those of the running event loop."""
        shards = self._shards.value
        return [] if shards is None else [len(shard.requests) for shard in shards.list_shards()]

    def close(self) -> None:
        """Close the connections."""
        self._shards.close()


class Shards:
    """The pools of one event loop.

    Args:
        get_tls: Returns the TLS settings.
        proxies: The proxy for each URL; None for no proxies.
    """

    def __init__(self, get_tls: Callable[[], ssl.SSLContext], proxies: ProxySettings | None) -> None:
        self._get_tls = get_tls
        self._proxies = proxies
        self._by_route: dict[tuple[str, str | None], list[_Shard]] = {}
        self._lock = threading.Lock()
        self._last_sweep = time.monotonic()

    def describe_proxy(self, url: httpx.URL) -> str | None:
        """Describe the proxy for a URL; None if there is none."""
        return None if self._proxies is None else self._proxies.describe_proxy(url)

    def acquire(self, request: httpx.Request) -> tuple[_Shard, list[httpx.HTTPTransport]]:
        """Choose the pool of a request.

        Returns:
            The pool, and the transports of unused pools, for the caller to close.
        """
        scheme = request.url.scheme
        proxy = None if self._proxies is None else self._proxies.find_proxy(request.url)
        with self._lock:
            shards = self._by_route.setdefault((scheme, proxy), [])
            shard = min(shards, key=_count_requests) if len(shards) > 1 else shards[0] if shards else None
            if shard is None or (shard.requests and len(shards) < MAX_SHARDS):
                shard = self._build_shard(scheme, proxy)
                shards.append(shard)
            shard.requests.add(request)
            request.extensions["gcore_iam_shards"], request.extensions["gcore_iam_shard"] = self, shard
            now = shard.last_used = time.monotonic()
            return shard, self._take_idle(now) if now > self._last_sweep + _IDLE_SECONDS else []

    def _build_shard(self, scheme: str, proxy: str | None) -> _Shard:
        tls = self._get_tls() if scheme == "https" else _UNUSED_TLS
        route = None if proxy is None else httpx.Proxy(proxy)
        return _Shard(build_transport(tls, SHARD_LIMITS, route), is_proxied=proxy is not None)

    def release(self, request: httpx.Request) -> None:
        """Count a request as done, and close its pool if it was abandoned and has no other request."""
        shard: _Shard = request.extensions["gcore_iam_shard"]
        with self._lock:
            shard.requests.discard(request)
            shard.last_used = time.monotonic()
            is_unused = shard.is_abandoned and not shard.requests
        if is_unused:
            with block_cancellation():
                shard.transport.close()

    def abandon(self, request: httpx.Request) -> None:
        """Stop using the pool of a request after an exception has interrupted httpcore.

        The pool may hold a connection in an invalid state, or never free it. Other requests over the pool continue.
        """
        shard: _Shard = request.extensions["gcore_iam_shard"]
        with self._lock:
            shard.is_abandoned = True
            self._remove(shard)
        self.release(request)

    def _remove(self, shard: _Shard) -> None:
        # A function of its own, for the reason that `SessionDriver._perform_all` gives.
        for shards in self._by_route.values():
            if shard in shards:
                shards.remove(shard)

    def list_shards(self) -> list[_Shard]:
        """List the pools."""
        return [shard for shards in self._by_route.values() for shard in shards]

    def _take_idle(self, now: float) -> list[httpx.HTTPTransport]:
        """Remove unused pools, and return their transports: httpcore closes no idle connection without a request."""
        self._last_sweep = now
        idle = []
        for route, shards in self._by_route.items():
            unused = [shard for shard in shards if not shard.requests and now > shard.last_used + _IDLE_SECONDS]
            idle += [shard.transport for shard in unused]
            self._by_route[route] = [shard for shard in shards if shard not in unused]
        return idle

    def close(self) -> None:
        """Close the connections."""
        with block_cancellation():
            for shard in self.list_shards():
                shard.transport.close()


@attrs.define(eq=False, repr=False)
class _Shard:
    """A pool, and the requests that use it: one shard of the transport."""

    transport: httpx.HTTPTransport
    is_proxied: bool
    requests: set[httpx.Request] = attrs.field(factory=set)
    last_used: float = 0.0
    is_abandoned: bool = False


def _count_requests(shard: _Shard) -> int:
    return len(shard.requests)


@attrs.define(eq=False, repr=False)
class _Body(httpx.SyncByteStream):
    """A response body that, when it is closed, counts its request as done: only then its connection is free."""

    _stream: httpx.SyncByteStream
    _shards: Shards
    _request: httpx.Request

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._shards.release(self._request)
