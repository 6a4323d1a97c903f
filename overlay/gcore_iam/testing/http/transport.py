"""A transport of httpx that calls the fake without sockets, for sync and async clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import anyio.lowlevel
import httpx

from ..clock import Clock
from ..messages import Delivery, Request, WireResponse
from ..recorder import RequestRecorder


class FakeTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Calls the fake in the caller's own thread or task. Several clients may share it.

    Faults of the network become the exceptions that httpx raises for them. Nothing waits: instead the fake's clock
    advances.
    """

    def __init__(self, handle: Callable[[Request], WireResponse], recorder: RequestRecorder, clock: Clock) -> None:
        self._handle = handle
        self._recorder = recorder
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport.handle_request`."""
        with self._recorder.track_in_flight():
            request.read()
            return self._respond(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncBaseTransport.handle_async_request`."""
        with self._recorder.track_in_flight():
            await request.aread()
            # Other tasks run here, as they would while a request is in flight.
            await anyio.lowlevel.checkpoint()
            return self._respond(request)

    def _respond(self, request: httpx.Request) -> httpx.Response:
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        response = self._handle(Request.from_wire(request.method, path, query, request.headers.raw, request.content))
        read_timeout = request.extensions.get("timeout", {}).get("read")
        if response.delivery is Delivery.HANG or (read_timeout is not None and response.delay > read_timeout):
            self._clock.advance(seconds=read_timeout or 0)
            raise httpx.ReadTimeout("The read operation timed out", request=request)
        self._clock.advance(seconds=response.delay)
        if response.delivery is Delivery.RESET:
            raise httpx.ReadError("Connection reset by peer", request=request)
        if response.delivery is Delivery.TRUNCATED:
            headers = [*response.headers, ("Content-Length", str(len(response.body) + response.missing_bytes))]
            return httpx.Response(response.status, headers=headers, stream=_TruncatedBody(response, request))
        return httpx.Response(response.status, headers=response.headers, content=response.body)


class _TruncatedBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body whose connection closes before its end."""

    def __init__(self, response: WireResponse, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        yield self._response.body
        raise self._build_error()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._response.body
        raise self._build_error()

    def _build_error(self) -> httpx.RemoteProtocolError:
        received = len(self._response.body)
        expected = received + self._response.missing_bytes
        return httpx.RemoteProtocolError(
            f"the connection closed after {received} of {expected} bytes of the body", request=self._request
        )
