"""Shields work from interrupts: requests that spend a single-use refresh token.

A cancelled scope or task, the end of an event loop, or Ctrl-C can interrupt a caller anywhere. Shielded work therefore
runs in a thread of its own for sync code, and in a task of its own for async code. An interrupted caller waits for the
work, at most `SHIELD_TIMEOUT` seconds, and then raises the interrupt.
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
from .._concurrency import deadlines
from ..errors import ConfigurationError

if TYPE_CHECKING:
    import anyio

T = TypeVar("T")

SHIELD_TIMEOUT = 60.0
"""Seconds that an interrupted caller waits for shielded work."""

DRAIN_TIMEOUT = 55.0
"""Seconds that closing a client waits for exchanges of tokens; less than `SHIELD_TIMEOUT`, as closing is shielded."""

_POLL_INTERVAL = 0.005
"""Seconds between two checks whether an exchange has ended.

No event or condition: Ctrl-C within one can leave its lock held, and threads and event loops end exchanges.
"""

SAVE_TIMEOUT = 10.0
"""Seconds that Python's exit waits for a daemon thread that saves the result of shielded work."""


def shield(work: Callable[[], T], wait_for_caller: Callable[[], object] | None = None) -> T:
    """Run work that continues when its caller is interrupted.

    Python does not exit before the work is done, because its thread is no daemon.

    Args:
        work: Runs in a thread of its own, with the caller's context variables.
        wait_for_caller: Called after the work; Python does not exit before it returns. It gives a caller that is a
            daemon thread the time to use the result.

    Returns:
        The result of the work.
    """
    outcome: list[tuple[T, None] | tuple[None, BaseException]] = []
    start_or_skip = threading.Lock()  # the thread acquires it to do the work, an interrupted caller to prevent it
    done = threading.Lock()
    done.acquire()

    def run() -> None:
        if not start_or_skip.acquire(blocking=False):
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

    # Only calls into C: an interrupt within `Thread.start` or a `Condition` of this thread could leave a lock held.
    try:
        try:
            _thread.start_new_thread(start, ())
        except RuntimeError:
            return work()
        done.acquire()
    except BaseException:
        if not start_or_skip.acquire(blocking=False):
            end = time.monotonic() + SHIELD_TIMEOUT
            while not outcome and (left := end - time.monotonic()) > 0:
                with suppress(BaseException):
                    done.acquire(timeout=left)
        raise
    value, error = outcome[0]
    if error is not None:
        raise error
    return value  # type: ignore[return-value] # pyright: ignore[reportReturnType]


async def shield_async(work: Callable[[], Awaitable[T]], wait_for_caller: Callable[[], object] | None = None) -> T:
    """Run work that continues when its caller is interrupted.

    Args:
        work: Runs in a task of its own, with the caller's context variables. It is cancelled if an interrupted caller
            has waited for `SHIELD_TIMEOUT` seconds.
        wait_for_caller: For sync code; not called.

    Returns:
        The result of the work.
    """
    import anyio

    del wait_for_caller
    task = _ShieldedTask(work)
    cancel = _start_task(task)
    try:
        await task.done.wait()
    except BaseException:
        end = anyio.current_time() + SHIELD_TIMEOUT
        while not task.done.is_set() and (left := end - anyio.current_time()) > 0:
            # A second interrupt must not end the wait: a cancel scope does not hold off asyncio's own cancellation.
            with suppress(BaseException), anyio.move_on_after(left, shield=True):
                await task.done.wait()
        cancel()
        raise
    return task.get_result()


def complete(work: Callable[[], T]) -> T:
    """Run work in this thread; if an interrupt such as Ctrl-C ends it early, run it once more, then raise.

    Args:
        work: May run twice.

    Returns:
        The result of the work.
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
    with deadlines.shield_async():
        return await shield_async(work)


class _ShieldedTask(Generic[T]):
    """Shielded work of async code, and its outcome."""

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        import anyio

        self._work = work
        self._value: list[T] = []
        self._error: BaseException | None = None
        self.done: anyio.Event = anyio.Event()

    async def run(self) -> None:
        """Do the work; raise nothing."""
        try:
            self._value.append(await self._work())
        except BaseException as error:  # noqa: BLE001 - raised by `get_result`
            self._error = error
        finally:
            self.done.set()

    def get_result(self) -> T:
        """Return the result of the work, or raise its exception."""
        if self._error is not None:
            raise self._error
        return self._value[0]


def _start_task(task: _ShieldedTask[Any]) -> Callable[[], object]:
    """Start a task that the end of the running event loop does not cancel; return the function that cancels it."""
    import asyncio  # here, because programs without async code do not need it

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _start_trio_task(task)
    started = asyncio.Task(task.run(), loop=loop)
    # At the end of a loop, asyncio cancels `asyncio.all_tasks()`: the caller, which waits for this task, but not this
    # task. The function is documented: https://docs.python.org/3/library/asyncio-extending.html
    asyncio._unregister_task(started)
    return started.cancel


def _start_trio_task(task: _ShieldedTask[Any]) -> Callable[[], object]:
    import trio

    scope = trio.CancelScope(shield=True)

    async def run() -> None:
        with scope:
            await task.run()

    # A system task: Trio raises Ctrl-C in the main task, and never in a system task.
    trio.lowlevel.spawn_system_task(run, context=copy_context())
    return scope.cancel


class InFlight:
    """The exchanges of tokens that are in flight over the connections of a client, in any thread or event loop."""

    def __init__(self) -> None:
        self._reset()
        _fork.register(self)

    def _reset(self) -> None:
        self._exchanges: set[object] = set()
        self._is_closed = False
        self._lock = threading.Lock()

    def after_fork(self) -> None:
        """Forget the exchanges, which belong to the parent process."""
        is_closed = self._is_closed
        self._reset()
        self._is_closed = is_closed

    def add(self, exchange: object) -> None:
        """Add an exchange.

        Raises:
            ConfigurationError: The client is closed or closing, so a response might never be read.
        """
        with self._lock:
            if self._is_closed:
                raise ConfigurationError("the client is closed; make a new one")
            self._exchanges.add(exchange)

    def remove(self, exchange: object) -> None:
        """Remove an exchange, if it is there."""
        self._exchanges.discard(exchange)

    def wait_for(self, exchange: object) -> None:
        """Wait until an exchange is removed, at most `SAVE_TIMEOUT` seconds."""
        end = time.monotonic() + SAVE_TIMEOUT
        while exchange in self._exchanges and time.monotonic() < end:
            time.sleep(_POLL_INTERVAL)

    def drain(self) -> None:
        """Refuse new exchanges, and wait for those in flight; then the connections can be closed."""
        with self._lock:
            self._is_closed = True
        end = time.monotonic() + DRAIN_TIMEOUT
        while self._exchanges and time.monotonic() < end:
            time.sleep(_POLL_INTERVAL)

    async def drain_async(self) -> None:
        """Refuse new exchanges, and wait for those in flight; then the connections can be closed."""
        import anyio

        with self._lock:
            self._is_closed = True
        with anyio.move_on_after(DRAIN_TIMEOUT):
            while self._exchanges:  # noqa: ASYNC110 - see `_POLL_INTERVAL`
                await anyio.sleep(_POLL_INTERVAL)
