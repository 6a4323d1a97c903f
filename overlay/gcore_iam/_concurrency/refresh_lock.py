"""Locks a session while one caller changes its tokens.

The lock excludes other threads, tasks of any event loop and, if the store's lock does, other processes.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from .. import _fork
from ..errors import ConfigurationError
from .callbacks import run_in_thread_async
from .event_loops import get_loop_values

if TYPE_CHECKING:
    from ..auth.session import Session


class _HeldLock:
    """Marks a context as the holder of a session's lock. Tasks that it starts share the mark until the release."""

    def __init__(self, session: Session) -> None:
        self.session: Session | None = session


_HELD_LOCK: ContextVar[_HeldLock | None] = ContextVar("gcore_iam_session_held", default=None)
"""The lock that this context holds, so that code in this context does not wait for it."""


def _is_held(session: Session) -> bool:
    held = _HELD_LOCK.get()
    return held is not None and held.session is session


@contextmanager
def _mark_as_held(session: Session) -> Iterator[None]:
    held = _HeldLock(session)
    token = _HELD_LOCK.set(held)
    try:
        yield
    finally:
        held.session = None
        _HELD_LOCK.reset(token)


_RENEWING_THREADS: set[tuple[int, int, int]] = set()
"""Threads whose event loop runs a task that holds the lock of a session; see `_build_thread_key`."""


def _build_thread_key(session: Session) -> tuple[int, int, int]:
    """Identify this process, this thread, and the store of a session."""
    return _fork.get_generation(), threading.get_ident(), id(session.store)


@contextmanager
def refresh_lock(session: Session) -> Iterator[None]:
    """Hold the lock of a session for the `with` block. Reentrant.

    Raises:
        ConfigurationError: A task of this thread's event loop holds the lock, and waiting would block that task.
    """
    if _is_held(session):
        yield
        return
    if _build_thread_key(session) in _RENEWING_THREADS:
        raise ConfigurationError(
            "this session is being renewed by a task of this thread, which a sync client would block; "
            "use AsyncIAMClient here, or call the sync client in a thread of its own"
        )
    with session.mutex, session.store.lock(), _mark_as_held(session):
        yield


@asynccontextmanager
async def refresh_lock_async(session: Session) -> AsyncIterator[None]:
    """Hold the lock of a session for the `async with` block. Reentrant.

    Tasks of one event loop wait for an anyio lock. Only the task that holds it competes with threads and other event
    loops for the mutex. It polls the mutex instead of acquiring it in a worker thread. Otherwise, a sync client in this
    thread could run after the worker has acquired the mutex and before this task registers in `_RENEWING_THREADS`,
    and would block without end.
    """
    import anyio

    if _is_held(session):
        yield
        return
    task_lock: anyio.Lock = get_loop_values().setdefault(session, anyio.Lock())
    async with task_lock:
        while not session.mutex.acquire(blocking=False):  # noqa: ASYNC110 - see above
            await anyio.sleep(0.005)
        with ExitStack() as stack:
            stack.callback(session.mutex.release)
            key = _build_thread_key(session)
            _RENEWING_THREADS.add(key)
            stack.callback(_RENEWING_THREADS.discard, key)
            lock = _StoreLock(session.store.lock())
            stack.callback(lock.release)
            await run_in_thread_async(lock.acquire)
            stack.enter_context(_mark_as_held(session))
            yield


class _StoreLock:
    """The lock of a store. A worker thread acquires it, and releases it if its caller was cancelled meanwhile."""

    def __init__(self, lock: AbstractContextManager[object]) -> None:
        self._lock = lock
        self._mutex = threading.Lock()
        self._is_held = self._is_released = False

    def acquire(self) -> None:
        """Acquire the lock, and release it at once if `release` was called meanwhile."""
        self._lock.__enter__()
        with self._mutex:
            self._is_held = not self._is_released
        if not self._is_held:
            self._lock.__exit__(None, None, None)

    def release(self) -> None:
        """Release the lock, now or as soon as it is acquired."""
        with self._mutex:
            self._is_released = True
            was_held, self._is_held = self._is_held, False
        if was_held:
            self._lock.__exit__(None, None, None)
