"""Serves a function from request to response over HTTP on 127.0.0.1."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import attrs
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from ..messages import Delivery, Request, WireResponse
from ..recorder import RequestRecorder
from .control import CONTROL_PREFIX

Handle = Callable[[Request], WireResponse]

# Loopback only, and not an option: the fake accepts a published key, and `control` has no key at all.
HOST = "127.0.0.1"
# Connections waiting to be accepted; the usual 128 is soon full when a test opens hundreds at once.
_BACKLOG = 1024
# Responses take milliseconds, so a request that is unfinished after this time waits for its client.
_SHUTDOWN_SECONDS = 1.0
# How `struct linger` of the sockets API is laid out.
_LINGER = "hh" if sys.platform == "win32" else "ii"


@attrs.frozen
class Application:
    """What a server serves."""

    handle: Handle
    """Responds to the requests of the program under test."""
    recorder: RequestRecorder
    control: Handle | None = None
    """Responds to the requests of the control paths; None if there are none."""


@contextmanager
def serve(application: Application, port: int) -> Iterator[str]:
    """Serve until the block ends, and yield the URL; raise OSError if the port is not available."""
    # Bound here rather than in the thread, so that a busy port raises in the caller.
    with socket.create_server((HOST, port), backlog=_BACKLOG) as listener:
        # A future, so that a thread that dies before it serves does not leave the caller waiting.
        started: Future[Callable[[], object]] = Future()
        thread = threading.Thread(target=_run, args=(application, listener, started), name="FakeIAM", daemon=True)
        thread.start()
        try:
            started.result()
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            # Awaited again, because an interrupt may have ended the first wait.
            if started.exception() is None:
                started.result()()
            thread.join()


def _run(
    application: Application,
    listener: socket.socket,
    started: Future[Callable[[], object]],
) -> None:
    try:
        # Named, because the default loop of Windows has no remove_reader.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(_serve(application, listener, started))
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)


async def _serve(
    application: Application,
    listener: socket.socket,
    started: Future[Callable[[], object]],
) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        control = application.control if request.rel_url.raw_path.startswith(CONTROL_PREFIX) else None
        # Calls of the control paths are no requests of the program under test.
        with application.recorder.track_in_flight() if control is None else contextlib.nullcontext():
            try:
                # Chunk by chunk: request.read() refuses bodies over 1 MiB, in an error of aiohttp's own making.
                body = b"".join([chunk async for chunk in request.content.iter_any()])
            except ConnectionError:
                # The client disconnected before the end of the body, which aiohttp would log as a failure.
                return web.Response(status=400)
            url = request.rel_url
            response = (control or application.handle)(
                Request.from_wire(
                    request.method,
                    url.raw_path,
                    url.raw_query_string,
                    request.raw_headers,
                    body,
                )
            )
            return await _deliver(response, request, stopped)

    # Bodies stay compressed, as in process. A handler whose client has disconnected is cancelled: it may hang.
    server = _Server(application.recorder, respond, handler_cancellation=True, access_log=None, auto_decompress=False)
    runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        started.set_result(lambda: loop.call_soon_threadsafe(stopped.set))
        await stopped.wait()
        # asyncio needs three iterations to register a connection that it has accepted, and loses it if the
        # listener closes meanwhile. So accepting ends first, and cleanup then closes every connection.
        loop.remove_reader(listener)
        for _ in range(10):
            await asyncio.sleep(0)
    finally:
        await runner.cleanup()


class _Server(web.Server):
    """Counts the connections that are opened."""

    def __init__(self, recorder: RequestRecorder, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._observer = recorder

    def __call__(self) -> RequestHandler:
        self._observer.count_connection()
        return super().__call__()


async def _deliver(response: WireResponse, request: web.BaseRequest, stopped: asyncio.Event) -> web.StreamResponse:
    """Send a response, with the faults of its delivery."""
    if response.delivery is Delivery.HANG:
        await stopped.wait()
    elif response.delay:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), response.delay)
    if response.delivery in (Delivery.HANG, Delivery.RESET):
        _reset(request.transport)
    if response.delivery is Delivery.TRUNCATED:
        stream = web.StreamResponse(status=response.status, headers=response.headers)
        stream.content_length = len(response.body) + response.missing_bytes
        await stream.prepare(request)
        await stream.write(response.body)
        if request.transport is not None:
            request.transport.close()
        return stream
    return web.Response(status=response.status, body=response.body, headers=response.headers)


def _reset(transport: asyncio.Transport | None) -> None:
    """End a connection with a reset (RFC 9293, section 3.10.7) instead of an ordinary close."""
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
        transport.abort()
