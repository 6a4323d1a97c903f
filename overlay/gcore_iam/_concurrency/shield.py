"""Shields work from interrupts: requests that spend a single-use refresh token.

A cancelled scope or task, the end of an event loop, or Ctrl-C can interrupt a caller anywhere. Shielded work therefore
runs in a separate thread for sync code, and in a separate task for async code. An interrupted caller waits for the
work, at most `SHIELD_TIMEOUT` seconds, and then raises the interrupt.
"""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeAlias, TypeVar, cast

from . import deadlines

T = TypeVar("T")

_Outcome: TypeAlias = tuple[T, None] | tuple[None, BaseException]
"""The result of work, or the exception that it raised."""

SHIELD_TIMEOUT = 60.0
"""Seconds that an interrupted caller waits for shielded work."""


def shield(work: Callable[[], T], wait_for_caller: Callable[[], object] | None = None) -> T:
    """Run work that continues when its caller is interrupted.

    Python does not exit before the work is done, because its thread is not a daemon.

    Args:
        work: Runs in a separate thread, with the caller's context variables.
        wait_for_caller: Called after the work; Python does not exit before it returns. Meanwhile, a caller that is a
            daemon thread can use the result.

    Returns:
        The result of the work.
    """
    outcome: list[_Outcome[T]] = []
    start_or_skip = threading.Lock()  # acquired by the thread that starts the work, or by a caller that prevents it
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

    def start() -> None:  # pragma: no cover - coverage measures no thread that `_thread` has started
        try:
            thread.start()
        except RuntimeError:  # Python is exiting, or the system has no more threads
            run()

    # Only C functions: Ctrl-C within `Thread.start` or a `Condition` could leave a lock of this thread held.
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
    return _get_result(outcome[0])


async def shield_async(work: Callable[[], Awaitable[T]], wait_for_caller: Callable[[], object] | None = None) -> T:
    """Run work that continues when its caller is interrupted.

    Args:
        work: Runs in a separate task, with the caller's context variables. It is cancelled if an interrupted caller
            has waited for `SHIELD_TIMEOUT` seconds.
        wait_for_caller: For sync code; not called.

    Returns:
        The result of the work.
    """
    import anyio

    del wait_for_caller
    outcome: list[_Outcome[T]] = []
    done = anyio.Event()

    async def run() -> None:
        try:
            outcome.append((await work(), None))
        except BaseException as error:  # noqa: BLE001 - raised by the caller
            outcome.append((None, error))
        finally:
            done.set()

    cancel = _start_task(run)
    try:
        await done.wait()
    except BaseException:
        end = anyio.current_time() + SHIELD_TIMEOUT
        while not done.is_set() and (left := end - anyio.current_time()) > 0:
            # A second interrupt must not end the wait; an anyio scope does not shield from asyncio's own cancellation.
            with suppress(BaseException), anyio.move_on_after(left, shield=True):
                await done.wait()
        cancel()
        raise
    return _get_result(outcome[0])


def complete(work: Callable[[], T]) -> T:
    """Run work in this thread. If an interrupt such as Ctrl-C ends it early, run it again, then raise the interrupt.

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
    """Run work to its end, even in a cancelled scope."""
    with deadlines.block_cancellation_async():
        return await shield_async(work)


def _get_result(outcome: _Outcome[T]) -> T:
    """Return the result of work, or raise its exception."""
    value, error = outcome
    if error is not None:
        raise error
    return cast("T", value)


def _start_task(run: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], object]:
    """Start a task that the end of the running event loop does not cancel; return the function that cancels it."""
    import asyncio  # here, because programs without async code do not need it

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _start_trio_task(run)
    started = asyncio.Task(run(), loop=loop)
    # At the end of a loop, asyncio cancels `asyncio.all_tasks()`: the caller, but after the next line not this task.
    # The function is documented: https://docs.python.org/3/library/asyncio-extending.html
    asyncio._unregister_task(started)
    return started.cancel


def _start_trio_task(run: Callable[[], Awaitable[None]]) -> Callable[[], object]:
    import trio

    scope = trio.CancelScope(shield=True)

    async def run_in_scope() -> None:
        with scope:
            await run()

    # A system task: Trio raises Ctrl-C in the main task, and never in a system task.
    trio.lowlevel.spawn_system_task(run_in_scope, context=copy_context())
    return scope.cancel
