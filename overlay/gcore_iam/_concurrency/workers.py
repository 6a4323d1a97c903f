"""Runs the requests that a pager sends ahead of its caller, in threads or in tasks."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .. import _fork
from ..errors import CallCancelled

if TYPE_CHECKING:
    from concurrent.futures import Future

    import anyio

T = TypeVar("T")

_JOIN_SECONDS = 0.1
"""Seconds to wait for a thread. If the garbage collector closes an iteration while this thread holds a lock that the
other one needs, that one ends later."""


class RequestControl:
    """Lets a pager cancel and slow down a request, which may run in a separate thread.

    Args:
        on_rate_limit: Called with this control when the server responds with 429.
        is_ahead: Whether the request runs ahead of the caller, by `Workers.start`.
    """

    def __init__(self, on_rate_limit: Callable[[RequestControl], object], *, is_ahead: bool = False) -> None:
        self._on_rate_limit = on_rate_limit
        self._is_cancelled = False
        # `SimpleQueue.put` is reentrant. The garbage collector may call `cancel` while this thread is in `put`.
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._decode_signal: SimpleQueue[None] | None = SimpleQueue() if is_ahead else None

    def cancel(self) -> None:
        """End the wait before a retry, and send nothing more. A request that is being sent is read to its end."""
        self._is_cancelled = True
        self._wake.put(None)
        self.allow_decoding()

    def check(self) -> None:
        """Raise CallCancelled if the result is no longer wanted."""
        if self._is_cancelled:
            raise CallCancelled

    def report_rate_limit(self) -> None:
        """Report to the pager that the server responded with 429."""
        self._on_rate_limit(self)

    def sleep(self, seconds: float) -> None:
        """Wait; `cancel` ends the wait, and the call that waits checks whether it goes on."""
        with contextlib.suppress(Empty):
            self._wake.get(timeout=seconds)

    def wait_until_needed(self) -> None:
        """Wait until the caller needs the page, before the response is decoded.

        Otherwise, responses that arrive together would all be decoded before the caller gets the first page and
        requests more, and no request would be in flight during that time.
        """
        if self._decode_signal is not None:
            self._decode_signal.get()
        self.check()

    def allow_decoding(self) -> None:
        """Let the response be decoded."""
        if self._decode_signal is not None:
            self._decode_signal.put(None)


class AsyncRequestControl:
    """Lets a pager cancel and slow down a request, which may run in a separate task.

    Args:
        on_rate_limit: Called with this control when the server responds with 429.
        is_ahead: Whether the request runs ahead of the caller, by `AsyncWorkers.start`.
    """

    def __init__(self, on_rate_limit: Callable[[AsyncRequestControl], object], *, is_ahead: bool = False) -> None:
        self._on_rate_limit = on_rate_limit
        self._decode_signal: anyio.Event | None = None
        if is_ahead:
            import anyio

            self._decode_signal = anyio.Event()
        self.cancel_task: Callable[[], object] = bool  # does nothing; `AsyncWorkers.start` sets it

    def cancel(self) -> None:
        """Cancel the task. Any thread may call this."""
        self.cancel_task()

    def check(self) -> None:
        """Do nothing: asyncio or trio ends a cancelled task."""

    def report_rate_limit(self) -> None:
        """Report to the pager that the server responded with 429."""
        self._on_rate_limit(self)

    async def wait_until_needed(self) -> None:
        """Wait until the caller needs the page; see `RequestControl.wait_until_needed`."""
        if self._decode_signal is not None:
            await self._decode_signal.wait()

    def allow_decoding(self) -> None:
        """Let the response be decoded."""
        if self._decode_signal is not None:
            self._decode_signal.set()


class Workers(Generic[T]):
    """Runs requests in threads, which do not keep Python from exiting.

    A thread runs one request after the other until `cancel`: starting a thread takes as long as sending a request. A
    forked child has none of the threads: there, the requests of the parent count as cancelled, and new requests start
    new threads.
    """

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """Forget the requests and the threads of the parent process."""
        self._running: set[RequestControl] = set()
        self._results: dict[RequestControl, Future[T]] = {}
        self._threads: list[threading.Thread] = []
        self._queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()

    def start(self, control: RequestControl, work: Callable[[], T]) -> None:
        """Start a request in a copy of the caller's context."""
        from concurrent.futures import Future

        if not self._threads:
            _fork.register(self)
        future = self._results[control] = Future()
        running = self._running  # `run` must not refer to `self`: deleting an iterator ends its threads
        running.add(control)

        def run() -> None:
            try:
                control.check()
                with _fork_sentry_scope():
                    result = work()
            except BaseException as error:  # noqa: BLE001 - raised where the result is read
                running.discard(control)
                future.set_exception(error)
            else:
                running.discard(control)  # before the caller wakes up: `start` must see that this thread is free
                future.set_result(result)

        self._queue.put(partial(copy_context().run, run))
        if len(self._threads) < len(running):
            name = f"gcore-iam-prefetch-{len(self._threads)}"
            self._threads.append(threading.Thread(target=_run_all, args=[self._queue], name=name, daemon=True))
            try:
                self._threads[-1].start()
            except RuntimeError:  # the system has no more threads, or Python is exiting
                self._threads.pop()
                if not self._threads:  # no thread runs it, so it counts as cancelled: the caller sends it again
                    self._queue.get_nowait()
                    running.discard(control)
                    del self._results[control]

    def get_result(self, control: RequestControl) -> T:
        """Let the response be decoded, and wait for the result.

        Raises:
            CallCancelled: The request was cancelled, or it was started before a fork, and this is the child.
        """
        future = self._results.get(control)
        if future is None:
            raise CallCancelled
        control.allow_decoding()
        future.exception()  # waits; if Ctrl-C interrupts it, the next call finds the result
        return self._results.pop(control).result()

    def cancel(self) -> None:
        """Cancel every request, without waiting for its end."""
        for control in list(self._running):
            control.cancel()
        for _ in self._threads:
            self._queue.put(None)

    def close(self) -> None:
        """Cancel every request, and wait for threads that run none."""
        self.cancel()
        if not self._running:
            for thread in self._threads:
                if thread is not threading.current_thread():
                    thread.join(_JOIN_SECONDS)


def _run_all(queue: SimpleQueue[Callable[[], object] | None]) -> None:
    """Run the functions of a queue, one after the other, until it holds None."""
    while (work := queue.get()) is not None:
        work()
        del work  # it holds the page that it has read


class AsyncWorkers(Generic[T]):
    """Runs requests in tasks of the event loop.

    It uses no task group, because an iterator cannot keep one open between its steps. Closing or deleting the iterator
    cancels the tasks, in any thread.
    """

    def __init__(self) -> None:
        self._running: dict[AsyncRequestControl, tuple[anyio.Event, list[T | BaseException]]] = {}

    def start(self, control: AsyncRequestControl, work: Callable[[], Awaitable[T]]) -> None:
        """Start a request in a copy of the caller's context."""
        import anyio

        done = anyio.Event()
        results: list[T | BaseException] = []
        self._running[control] = done, results

        async def run() -> None:
            try:
                with _fork_sentry_scope():
                    results.append(await work())
            except Exception as error:  # noqa: BLE001 - raised where the result is read
                results.append(error)
            done.set()

        control.cancel_task = _spawn(run, done.set)

    async def get_result(self, control: AsyncRequestControl) -> T:
        """Let the response be decoded, and wait for the result.

        Raises:
            CallCancelled: The request was cancelled.
        """
        control.allow_decoding()
        done, results = self._running[control]
        await done.wait()
        del self._running[control]
        if not results:
            raise CallCancelled
        if isinstance(results[0], BaseException):
            raise results[0]
        return results[0]

    def cancel(self) -> None:
        """Cancel every request, without waiting for its end. Any thread may call this."""
        for control in list(self._running):
            control.cancel()

    async def aclose(self) -> None:
        """Cancel every request, and wait for its end."""
        import anyio

        self.cancel()
        with anyio.CancelScope(shield=True):
            for done, _ in list(self._running.values()):
                await done.wait()


def _fork_sentry_scope() -> contextlib.AbstractContextManager[object]:
    """Give a request a scope of its own in Sentry.

    A copy of a context shares the scope, so that spans of concurrent requests would become parents of each other.
    """
    sentry: Any = sys.modules.get("sentry_sdk")
    return contextlib.nullcontext() if sentry is None or not hasattr(sentry, "new_scope") else sentry.new_scope()


def _spawn(run: Callable[[], Coroutine[Any, Any, None]], finish: Callable[[], None]) -> Callable[[], object]:
    """Start a task of the running event loop; return a function that cancels it, from any thread."""
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _spawn_in_trio(run, finish)
    task = loop.create_task(run())
    task.add_done_callback(lambda _: finish())

    def cancel() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(task.cancel)

    return cancel


def _spawn_in_trio(run: Callable[[], Awaitable[None]], finish: Callable[[], None]) -> Callable[[], object]:
    import trio

    scope, token = trio.CancelScope(), trio.lowlevel.current_trio_token()

    async def run_in_scope() -> None:
        try:
            with scope:
                await run()
        finally:
            finish()

    trio.lowlevel.spawn_system_task(run_in_scope, context=copy_context())

    def cancel() -> None:
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(scope.cancel)

    return cancel
