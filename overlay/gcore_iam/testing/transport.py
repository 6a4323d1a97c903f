"""The way into the fake without sockets: a transport for httpx clients of both kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import anyio.lowlevel
import httpx

from .clock import Clock
from .messages import Ending, Request, Response
from .observation import Observer


class FakeTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Hands requests to the fake in the caller's own thread or task. May be shared by several clients.

    Faults of the network become the exceptions that httpx raises for them. Nobody waits: where time would pass, the
    fake's clock goes on.
    """

    def __init__(self, handle: Callable[[Request], Response], observer: Observer, clock: Clock) -> None:
        self._handle = handle
        self._observer = observer
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport.handle_request`."""
        with self._observer.in_flight():
            request.read()
            return self._respond(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncBaseTransport.handle_async_request`."""
        with self._observer.in_flight():
            await request.aread()
            # Other tasks get their turn here, as they would while a request is on its way.
            await anyio.lowlevel.checkpoint()
            return self._respond(request)

    def _respond(self, request: httpx.Request) -> httpx.Response:
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        response = self._handle(Request.from_wire(request.method, path, query, request.headers.raw, request.content))
        read_timeout = request.extensions.get("timeout", {}).get("read")
        if response.ending is Ending.HANG or (read_timeout is not None and response.delay > read_timeout):
            self._clock.advance(seconds=read_timeout or 0)
            raise httpx.ReadTimeout("The read operation timed out", request=request)
        self._clock.advance(seconds=response.delay)
        if response.ending is Ending.RESET:
            raise httpx.ReadError("Connection reset by peer", request=request)
        if response.ending is Ending.CUT:
            headers = [*response.headers, ("Content-Length", str(len(response.body) + response.missing))]
            return httpx.Response(response.status, headers=headers, stream=_CutBody(response, request))
        return httpx.Response(response.status, headers=response.headers, content=response.body)


class _CutBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body whose connection breaks before its end."""

    def __init__(self, response: Response, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        yield self._response.body
        raise self._error()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._response.body
        raise self._error()

    def _error(self) -> httpx.RemoteProtocolError:
        received = len(self._response.body)
        expected = received + self._response.missing
        return httpx.RemoteProtocolError(
            f"the connection closed after {received} of {expected} bytes of the body", request=self._request
        )
