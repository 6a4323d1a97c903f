"""Runs the requests of a pager ahead of their reader, in threads or in tasks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..errors import CallCancelled

if TYPE_CHECKING:
    from concurrent.futures import Future

    import anyio

T = TypeVar("T")


class RequestControl:
    """How a pager governs a request, which may run in a thread of its own.

    Args:
        on_rate_limit: Called with this control when the server answers 429.
    """

    def __init__(self, on_rate_limit: Callable[[RequestControl], object]) -> None:
        self._on_rate_limit = on_rate_limit
        self._is_cancelled = False
        self._wake: SimpleQueue[None] = SimpleQueue()  # its `put` may be called by the garbage collector, anywhere

    def cancel(self) -> None:
        """Declare the result unwanted: the request that is under way ends, and nothing more is sent."""
        self._is_cancelled = True
        self._wake.put(None)

    def check(self) -> None:
        """Raise CallCancelled if the result is no longer wanted."""
        if self._is_cancelled:
            raise CallCancelled

    def report_rate_limit(self) -> None:
        """Pass on that the server answered 429."""
        self._on_rate_limit(self)

    def sleep(self, seconds: float) -> None:
        """Wait, unless the result is no longer wanted."""
        with contextlib.suppress(Empty):
            self._wake.get(timeout=seconds)
        self.check()

    def wait_for_turn(self) -> None:
        """Return at once: threads take turns with their reader by themselves."""
        self.check()


class AsyncRequestControl:
    """How a pager governs a request, which may run in a task of its own.

    Args:
        on_rate_limit: Called with this control when the server answers 429.
        turn: Held by the request that reads its response; None for a request that the reader itself makes.
    """

    def __init__(
        self, on_rate_limit: Callable[[AsyncRequestControl], object], turn: anyio.Semaphore | None = None
    ) -> None:
        self._on_rate_limit = on_rate_limit
        self._turn = turn
        self._has_turn = False
        self.cancel_task: Callable[[], object] = bool
        self.is_done = False

    def cancel(self) -> None:
        """Cancel the task; from any thread."""
        self.cancel_task()

    def check(self) -> None:
        """Return at once: a cancelled task stops by itself."""

    def report_rate_limit(self) -> None:
        """Pass on that the server answered 429."""
        self._on_rate_limit(self)

    async def wait_for_turn(self) -> None:
        """Wait until no other request of the same pager makes models of its response.

        Responses that arrive together would all be decoded before the reader gets the first one and requests more, and
        the network would stand still meanwhile: for 100 pages, 8 at a time, that was a seventh of the time.
        """
        if self._turn is not None and not self._has_turn:
            await self._turn.acquire()
            self._has_turn = True
            if self.is_done:  # cancelled meanwhile
                self.release_turn()

    def release_turn(self) -> None:
        """Let the next request decode its response."""
        if self._turn is not None and self._has_turn:
            self._has_turn = False
            self._turn.release()


class Workers(Generic[T]):
    """Runs requests in threads, which do not keep Python from exiting."""

    def __init__(self) -> None:
        self._running: dict[RequestControl, Future[T]] = {}

    def build_control(self, on_rate_limit: Callable[[RequestControl], object]) -> RequestControl:
        """Build the control of a request."""
        return RequestControl(on_rate_limit)

    def start(self, control: RequestControl, work: Callable[[], T]) -> None:
        """Start a request in a copy of the caller's context."""
        from concurrent.futures import Future

        future = self._running[control] = Future()

        def run() -> None:
            try:
                control.check()
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - raised where the result is read
                future.set_exception(error)

        name = f"gcore-iam-prefetch-{len(self._running)}"
        threading.Thread(target=copy_context().run, args=[run], name=name, daemon=True).start()

    def get_result(self, control: RequestControl) -> T:
        """Wait for the result of a request.

        Raises:
            CallCancelled: It was cancelled.
        """
        return self._running.pop(control).result()

    def cancel(self) -> None:
        """Cancel every request, without waiting for its end."""
        for control in list(self._running):
            control.cancel()

    close = cancel


class AsyncWorkers(Generic[T]):
    """Runs requests in tasks of the event loop.

    No task group: an iterator cannot hold one open across its steps. The tasks are cancelled when the iterator is
    closed or deleted, in whatever thread that happens.
    """

    def __init__(self) -> None:
        import anyio

        self._turn = anyio.Semaphore(1)
        self._running: dict[AsyncRequestControl, tuple[anyio.Event, list[T | BaseException]]] = {}

    def build_control(self, on_rate_limit: Callable[[AsyncRequestControl], object]) -> AsyncRequestControl:
        """Build the control of a request."""
        return AsyncRequestControl(on_rate_limit, self._turn)

    def start(self, control: AsyncRequestControl, work: Callable[[], Awaitable[T]]) -> None:
        """Start a request in a copy of the caller's context."""
        import anyio

        done = anyio.Event()
        results: list[T | BaseException] = []
        self._running[control] = done, results

        async def run() -> None:
            try:
                results.append(await work())
            except Exception as error:  # noqa: BLE001 - raised where the result is read
                results.append(error)
            finish()  # now, not when the event loop comes round: other responses are decoded in between

        def finish() -> None:
            control.is_done = True
            done.set()
            control.release_turn()

        control.cancel_task = _spawn(run, finish)

    async def get_result(self, control: AsyncRequestControl) -> T:
        """Wait for the result of a request.

        Raises:
            CallCancelled: It was cancelled.
        """
        done, results = self._running[control]
        await done.wait()
        del self._running[control]
        if not results:
            raise CallCancelled
        if isinstance(results[0], BaseException):
            raise results[0]
        return results[0]

    def cancel(self) -> None:
        """Cancel every request, without waiting for its end; from any thread."""
        for control in list(self._running):
            control.cancel()

    async def aclose(self) -> None:
        """Cancel every request, and wait for its end."""
        import anyio

        self.cancel()
        with anyio.CancelScope(shield=True):
            for done, _ in list(self._running.values()):
                await done.wait()


def _spawn(run: Callable[[], Coroutine[Any, Any, None]], finish: Callable[[], None]) -> Callable[[], object]:
    """Start a task of the running event loop; return what cancels it, from any thread."""
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
