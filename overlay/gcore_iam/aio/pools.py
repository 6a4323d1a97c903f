"""The connections of a client, in several pools."""

from __future__ import annotations

import ssl
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial

import httpx

POOLS = 10
"""How many pools at most."""

LIMITS = httpx.Limits(max_connections=10, max_keepalive_connections=10)
"""Of each pool."""


class AsyncPools(httpx.AsyncBaseTransport):
    """Several pools of connections, of which each request takes the one that has the least to do.

    For each request httpcore goes through all requests and connections of a pool, so what a request costs grows with
    the number at a time (encode/httpx, issue 3215). Of fifty at a time each takes half as long over ten pools as over
    one. Of one at a time there is but one pool.

    Args:
        verify: TLS settings.
    """

    def __init__(self, verify: ssl.SSLContext) -> None:
        self._verify = verify
        self._busy: list[int] = []
        self._lock = threading.Lock()
        self.pools: list[httpx.AsyncHTTPTransport] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncBaseTransport.handle_async_request`."""
        index = self._take()
        try:
            response = await self.pools[index].handle_async_request(request)
            assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - for type checkers
            response.stream = _Body(response.stream, partial(self._give_back, index))
        except BaseException:
            self._give_back(index)
            raise
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self.pools:
            await pool.aclose()

    def _take(self) -> int:
        with self._lock:
            if len(self.pools) < POOLS and 0 not in self._busy:
                self.pools.append(httpx.AsyncHTTPTransport(verify=self._verify, limits=LIMITS))
                self._busy.append(0)
            index = self._busy.index(min(self._busy))
            self._busy[index] += 1
            return index

    def _give_back(self, index: int) -> None:
        with self._lock:
            self._busy[index] -= 1


class _Body(httpx.AsyncByteStream):
    """A body that tells when it is closed: its connection is not free before."""

    def __init__(self, stream: httpx.AsyncByteStream, closed: Callable[[], object]) -> None:
        self._stream = stream
        self._closed = closed
        self._is_closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if not self._is_closed:
                self._is_closed = True
                self._closed()
