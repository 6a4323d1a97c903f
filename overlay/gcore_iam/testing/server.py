"""Puts a function from request to response behind real HTTP on 127.0.0.1."""

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

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from .messages import Ending, Request, Response
from .observation import Observer

HOST = "127.0.0.1"
# Connections waiting to be accepted; the usual 128 is soon full when a test opens hundreds at once.
_BACKLOG = 1024
# Answers take milliseconds, so what is unfinished after this time waits for its client.
_SHUTDOWN_SECONDS = 1.0
# How `struct linger` of the sockets API is laid out.
_LINGER = "hh" if sys.platform == "win32" else "ii"


@contextmanager
def serve(handle: Callable[[Request], Response], port: int, observer: Observer) -> Iterator[str]:
    """Serves until the block ends and gives the URL; OSError if the port cannot be had."""
    # Bound here rather than in the thread, so that a busy port is the caller's own exception.
    with socket.create_server((HOST, port), backlog=_BACKLOG) as listener:
        # A future, so that a thread that dies before it serves does not leave the caller waiting.
        started: Future[Callable[[], object]] = Future()
        thread = threading.Thread(target=_run, args=(handle, observer, listener, started), name="FakeIAM", daemon=True)
        thread.start()
        try:
            started.result()
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            # Asked again, because an interrupt may have cut the first wait short.
            if started.exception() is None:
                started.result()()
            thread.join()


def _run(
    handle: Callable[[Request], Response],
    observer: Observer,
    listener: socket.socket,
    started: Future[Callable[[], object]],
) -> None:
    try:
        # Named, because the default loop of Windows has no remove_reader.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(_serve(handle, observer, listener, started))
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)


async def _serve(
    handle: Callable[[Request], Response],
    observer: Observer,
    listener: socket.socket,
    started: Future[Callable[[], object]],
) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        with observer.in_flight():
            try:
                # Chunk by chunk: request.read() refuses bodies over 1 MiB, in an error of aiohttp's own making.
                body = b"".join([chunk async for chunk in request.content.iter_any()])
            except ConnectionError:
                # The client hung up halfway, which aiohttp would log as a failure. Nobody will read this answer.
                return web.Response(status=400)
            url = request.rel_url
            response = handle(
                Request.from_wire(
                    request.method,
                    url.raw_path,
                    url.raw_query_string,
                    request.raw_headers,
                    body,
                )
            )
            return await _deliver(response, request, stopped)

    # Bodies stay compressed, as they do in process. A handler whose client has gone is cancelled: it may hang.
    server = _Server(observer, answer, handler_cancellation=True, access_log=None, auto_decompress=False)
    runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        started.set_result(lambda: loop.call_soon_threadsafe(stopped.set))
        await stopped.wait()
        # asyncio takes three rounds to hand over a connection it has accepted, and loses it if the listener
        # is closed meanwhile. So accepting ends first, and cleanup then meets every connection there is.
        loop.remove_reader(listener)
        for _ in range(10):
            await asyncio.sleep(0)
    finally:
        await runner.cleanup()


class _Server(web.Server):
    """Tells how many connections were opened."""

    def __init__(self, observer: Observer, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._observer = observer

    def __call__(self) -> RequestHandler:
        self._observer.connected()
        return super().__call__()


async def _deliver(response: Response, request: web.BaseRequest, stopped: asyncio.Event) -> web.StreamResponse:
    """Put a response on the wire, with all that shall go wrong there."""
    if response.ending is Ending.HANG:
        await stopped.wait()
    elif response.delay:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), response.delay)
    if response.ending in (Ending.HANG, Ending.RESET):
        _reset(request.transport)
    if response.ending is Ending.CUT:
        stream = web.StreamResponse(status=response.status, headers=response.headers)
        stream.content_length = len(response.body) + response.missing
        await stream.prepare(request)
        await stream.write(response.body)
        if request.transport is not None:
            request.transport.close()
        return stream
    return web.Response(status=response.status, body=response.body, headers=response.headers)


def _reset(transport: asyncio.Transport | None) -> None:
    """End a connection with a reset (RFC 9293, section 3.10.7), which an ordinary end would not look like."""
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
        transport.abort()
