"""Work that an interrupt must not lose: a request that spends a single-use refresh token.

A caller can be interrupted anywhere: by a cancelled scope or task, an ended event loop, or Ctrl-C. The work therefore
runs beside the caller, in a thread for sync code and in a task for async code. An interrupted caller waits for it, at
most `SHIELD_TIMEOUT` seconds, and only then raises what interrupted it.
"""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .. import _fork
from ..errors import ConfigurationError

if TYPE_CHECKING:
    import anyio

T = TypeVar("T")

SHIELD_TIMEOUT = 60.0
"""Seconds that an interrupted caller waits for shielded work."""

DRAIN_TIMEOUT = 55.0
"""Seconds that closing a client waits for exchanges of tokens; less than `SHIELD_TIMEOUT`, as closing is shielded."""


_POLL_INTERVAL = 0.005
"""Seconds between two looks at exchanges that another thread or event loop may end."""

SAVE_TIMEOUT = 10.0
"""Seconds that Python's exit waits for a daemon thread that saves what shielded work has brought."""


def shield(work: Callable[[], T], wait_for_caller: Callable[[], object] | None = None) -> T:
    """Run work that continues when its caller is interrupted.

    The thread is no daemon, so Python does not exit before the work is done.

    Args:
        work: Runs in a thread of its own, with the caller's context variables.
        wait_for_caller: Called after the work; Python does not exit before it returns. A caller that is a daemon thread
            gets time to use the result.

    Returns:
        What the work returns.
    """
    outcome: list[tuple[T, None] | tuple[None, BaseException]] = []
    tickets = [1]  # whoever takes it decides: the thread, that the work is done; an interrupted caller, that it is not
    done = threading.Lock()
    done.acquire()

    def run() -> None:
        if not _take(tickets):
            return
        try:
            outcome.append((work(), None))
        except BaseException as error:  # noqa: BLE001 - raised by the caller
            outcome.append((None, error))
        done.release()
        if wait_for_caller is not None:
            wait_for_caller()

    thread = threading.Thread(target=copy_context().run, args=(run,), name="gcore-iam-exchange", daemon=False)

    def start() -> None:
        try:
            thread.start()
        except RuntimeError:  # Python is exiting, or the system has no more threads
            run()

    # Only calls into C: an interrupt within a `Thread.start` or a `Condition` of this thread would leave a lock behind.
    try:
        try:
            _thread.start_new_thread(start, ())
        except RuntimeError:
            return work()
        done.acquire()
    except BaseException:
        if not _take(tickets):
            end = time.monotonic() + SHIELD_TIMEOUT
            while not outcome and (left := end - time.monotonic()) > 0:
                with suppress(BaseException):
                    done.acquire(timeout=left)
        raise
    value, error = outcome[0]
    if error is not None:
        raise error
    return value  # type: ignore[return-value] # pyright: ignore[reportReturnType]


def _take(tickets: list[int]) -> bool:
    """Take the ticket; return whether it was still there."""
    try:
        tickets.pop()
    except IndexError:
        return False
    return True


async def shield_async(work: Callable[[], Awaitable[T]], wait_for_caller: Callable[[], object] | None = None) -> T:
    """Run work that continues when its caller is interrupted.

    Args:
        work: Runs in a task of its own, with the caller's context variables. The work is cancelled when an interrupted
            caller has waited too long.
        wait_for_caller: For sync code; not called.

    Returns:
        What the work returns.
    """
    import anyio

    del wait_for_caller
    task = _Task(work)
    cancel = _start_task(task)
    try:
        await task.done.wait()
    except BaseException:
        end = anyio.current_time() + SHIELD_TIMEOUT
        while not task.done.is_set() and (left := end - anyio.current_time()) > 0:
            # A second interrupt must not end the waiting: asyncio's cancellation knows no scopes.
            with suppress(BaseException), anyio.move_on_after(left, shield=True):
                await task.done.wait()
        cancel()
        raise
    return task.result()


def complete(work: Callable[[], T]) -> T:
    """Run work to its end in this thread; if an interrupt such as Ctrl-C breaks it off, run it once more, then raise.

    Args:
        work: May run twice.

    Returns:
        What the work returns.
    """
    try:
        return work()
    except Exception:
        raise
    except BaseException:
        work()
        raise


async def complete_async(work: Callable[[], Awaitable[T]]) -> T:
    """Run work to its end, also within a cancelled scope."""
    import anyio

    with anyio.CancelScope(shield=True):
        return await shield_async(work)
    raise AssertionError("nobody cancels this scope")


class _Task(Generic[T]):
    """Shielded work of async code, and what came of it."""

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        import anyio

        self._work = work
        self._value: list[T] = []
        self._error: BaseException | None = None
        self.done: anyio.Event = anyio.Event()

    async def run(self) -> None:
        """Do the work; raises nothing."""
        try:
            self._value.append(await self._work())
        except BaseException as error:  # noqa: BLE001 - raised by `result`
            self._error = error
        finally:
            self.done.set()

    def result(self) -> T:
        """Return what the work returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._value[0]


def _start_task(task: _Task[Any]) -> Callable[[], object]:
    """Start a task of the running event loop that the end of the loop does not cancel; returns what cancels it."""
    import asyncio  # here: a program without async code does not pay for the import

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _start_trio_task(task)
    started = asyncio.Task(task.run(), loop=loop)
    # Whoever ends a loop cancels `asyncio.all_tasks()`. This task is not among them, but its caller is, and waits for
    # it. The function is documented: https://docs.python.org/3/library/asyncio-extending.html
    asyncio._unregister_task(started)
    return started.cancel


def _start_trio_task(task: _Task[Any]) -> Callable[[], object]:
    import trio

    scope = trio.CancelScope(shield=True)

    async def run() -> None:
        with scope:
            await task.run()

    # A system task: Ctrl-C is raised in the main task, and never in one of these.
    trio.lowlevel.spawn_system_task(run, context=copy_context())
    return scope.cancel


class InFlight:
    """The exchanges of tokens that are under way over the connections of a client, in any thread or event loop."""

    def __init__(self) -> None:
        self._reset()
        _fork.register(self)

    def _reset(self) -> None:
        self._exchanges: set[object] = set()
        self._is_closed = False
        self._lock = threading.Lock()

    def after_fork(self) -> None:
        """Forget the exchanges, which are the parent's."""
        is_closed = self._is_closed
        self._reset()
        self._is_closed = is_closed

    def begin(self, exchange: object) -> None:
        """Count an exchange.

        Raises:
            ConfigurationError: The client is being closed, so a response might never be read.
        """
        with self._lock:
            if self._is_closed:
                raise ConfigurationError("the client is closed; make a new one")
            self._exchanges.add(exchange)

    def end(self, exchange: object) -> None:
        """Stop counting an exchange; does nothing if it was not counted."""
        self._exchanges.discard(exchange)

    def wait_for(self, exchange: object) -> None:
        """Wait until an exchange is not counted any more, at most `SAVE_TIMEOUT` seconds."""
        end = time.monotonic() + SAVE_TIMEOUT
        while exchange in self._exchanges and time.monotonic() < end:
            time.sleep(_POLL_INTERVAL)

    def drain(self) -> None:
        """Refuse new exchanges, and wait for those under way; then the connections can be closed."""
        with self._lock:
            self._is_closed = True
        end = time.monotonic() + DRAIN_TIMEOUT
        while self._exchanges and time.monotonic() < end:
            time.sleep(_POLL_INTERVAL)

    async def drain_async(self) -> None:
        """Refuse new exchanges, and wait for those under way; then the connections can be closed."""
        import anyio

        with self._lock:
            self._is_closed = True
        with anyio.move_on_after(DRAIN_TIMEOUT):
            while self._exchanges:  # noqa: ASYNC110 - ended by a thread, or another loop
                await anyio.sleep(_POLL_INTERVAL)
