"""The lock that one caller at a time holds while it changes the tokens of a session.

It keeps apart threads, tasks of any event loop, and, as far as the store does, processes.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from .. import _fork
from .._concurrency import loop_values, run_in_thread_async
from ..errors import ConfigurationError

if TYPE_CHECKING:
    import anyio

    from .session import Session


class _Hold:
    """Marks that the lock of a session is held. Tasks that start meanwhile inherit the mark until the lock is free."""

    def __init__(self, session: Session) -> None:
        self.session: Session | None = session


_HOLD: ContextVar[_Hold | None] = ContextVar("gcore_iam_session_held", default=None)
"""The lock that the caller holds, so that what it calls does not wait for it."""


def _is_held(session: Session) -> bool:
    hold = _HOLD.get()
    return hold is not None and hold.session is session


@contextmanager
def _holding(session: Session) -> Iterator[None]:
    hold = _Hold(session)
    token = _HOLD.set(hold)
    try:
        yield
    finally:
        hold.session = None
        _HOLD.reset(token)


_RENEWING: set[tuple[int, int, int]] = set()
"""Threads whose event loop has a task that holds the lock of a session, with the id of its store and the process."""


def _loop_of_this_thread(session: Session) -> tuple[int, int, int]:
    return _fork.generation(), threading.get_ident(), id(session.store)


@contextmanager
def refresh_lock(session: Session) -> Iterator[None]:
    """Hold the lock of a session for the `with` block. Reentrant.

    Raises:
        ConfigurationError: A task of this thread's event loop is renewing the tokens, and cannot go on meanwhile.
    """
    if _is_held(session):
        yield
        return
    if _loop_of_this_thread(session) in _RENEWING:
        raise ConfigurationError(
            "this session is being renewed by a task of this thread, which a sync client would block; "
            "use AsyncIAMClient here, or call the sync client in a thread of its own"
        )
    with session.mutex, session.store.lock(), _holding(session):
        yield


@asynccontextmanager
async def refresh_lock_async(session: Session) -> AsyncIterator[None]:
    """Hold the lock of a session for the `async with` block. Reentrant.

    Tasks of one event loop wait in a queue. Only the first one competes with threads and other event loops; it polls,
    because a thread's lock cannot be awaited.
    """
    import anyio

    if _is_held(session):
        yield
        return
    async with _queue(session):
        while not session.mutex.acquire(blocking=False):  # noqa: ASYNC110 - released by a thread, or another loop
            await anyio.sleep(0.005)
        renewing = _loop_of_this_thread(session)
        _RENEWING.add(renewing)
        try:
            lock = _Lock(session.store.lock())
            try:
                await run_in_thread_async(lock.enter)
                with _holding(session):
                    yield
            finally:
                lock.leave()
        finally:
            _RENEWING.discard(renewing)
            session.mutex.release()


class _Lock:
    """The lock of a store, entered in a worker thread, which may get it only after its caller has been cancelled."""

    def __init__(self, lock: AbstractContextManager[object]) -> None:
        self._lock = lock
        self._mutex = threading.Lock()
        self._is_held = self._is_over = False

    def enter(self) -> None:
        self._lock.__enter__()
        with self._mutex:
            self._is_held = not self._is_over
        if not self._is_held:
            self._lock.__exit__(None, None, None)

    def leave(self) -> None:
        with self._mutex:
            self._is_over = True
            was_held, self._is_held = self._is_held, False
        if was_held:
            self._lock.__exit__(None, None, None)


def _queue(session: Session) -> anyio.Lock:
    """Get the lock that the tasks of the running event loop wait for."""
    import anyio

    lock: anyio.Lock = loop_values().setdefault(session, anyio.Lock())
    return lock
