"""One renewal of a session at a time, whoever asks: threads, tasks of any event loop, other processes."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from ..background import undisturbed
from ..errors import ConfigurationError
from .waiting import blocking_async

if TYPE_CHECKING:
    import asyncio

    import anyio
    from anyio.lowlevel import RunVar

    from .session import Session

T = TypeVar("T")

_LONGEST_WAIT = 60.0
"""Seconds that closing a client waits for an exchange of tokens over its connections."""


class Running:
    """Counts the exchanges of tokens that go on over some connections, in whatever thread or event loop."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def begin(self) -> None:
        """One more."""
        with self._changed:
            self._count += 1

    def end(self) -> None:
        """One less."""
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def settle(self) -> None:
        """Wait until there are none, before the connections are closed: a refresh token serves once."""
        with self._changed:
            self._changed.wait_for(lambda: not self._count, _LONGEST_WAIT)

    async def settle_async(self) -> None:
        """The same in async code."""
        import anyio

        with anyio.move_on_after(_LONGEST_WAIT):
            while self._count:  # noqa: ASYNC110 - ended by a thread, or another loop
                await anyio.sleep(0.005)


class _Hold:
    """That a session's lock is held; tasks that were begun meanwhile inherit it, but not longer than it lasts."""

    def __init__(self, session: Session) -> None:
        self.session: Session | None = session


_HOLD: ContextVar[_Hold | None] = ContextVar("gcore_iam_session_held", default=None)
"""What is held here: what is called meanwhile must not wait for it."""


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


_RENEWING: set[tuple[int, int]] = set()
"""Threads whose event loop has a task that holds the lock of a session, with the id of its store."""


@contextmanager
def exclusive(session: Session) -> Iterator[None]:
    """Keep everybody else away from a session's tokens, for as long as the `with` block lasts. Reentrant.

    Raises:
        ConfigurationError: A task of this thread's event loop is renewing the tokens, and cannot go on meanwhile.
    """
    if _is_held(session):
        yield
        return
    if (threading.get_ident(), id(session.store)) in _RENEWING:
        raise ConfigurationError(
            "this session is being renewed by a task of this thread, which a sync client would block; "
            "use AsyncIAMClient here, or call the sync client in a thread of its own"
        )
    with session.mutex, session.store.lock(), _holding(session):
        yield


@asynccontextmanager
async def exclusive_async(session: Session) -> AsyncIterator[None]:
    """The same in async code.

    Tasks of one event loop queue up in it; only the first of them contends with threads and other event loops, which it
    does by asking again and again, for a thread's lock cannot be awaited.
    """
    import anyio

    if _is_held(session):
        yield
        return
    async with _queue(session):
        while not session.mutex.acquire(blocking=False):  # noqa: ASYNC110 - released by a thread, or another loop
            await anyio.sleep(0.005)
        renewing = (threading.get_ident(), id(session.store))
        _RENEWING.add(renewing)
        try:
            lock = _Lock(session.store.lock())
            try:
                await blocking_async(lock.enter)
                with _holding(session):
                    yield
            finally:
                lock.leave()
        finally:
            _RENEWING.discard(renewing)
            session.mutex.release()


class _Lock:
    """A store's lock that is entered in a worker thread, which may get it only after nobody waits for it any more."""

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


_queues: RunVar[WeakKeyDictionary[Session, anyio.Lock]] | None = None


def _queue(session: Session) -> anyio.Lock:
    """The lock for the tasks of this event loop."""
    import anyio
    from anyio.lowlevel import RunVar

    global _queues
    if _queues is None:
        _queues = RunVar("gcore_iam_session_queues")
    try:
        queues = _queues.get()
    except LookupError:
        queues = WeakKeyDictionary()
        _queues.set(queues)
    return queues.setdefault(session, anyio.Lock())


def unbroken(work: Callable[[], T]) -> T:
    """Do something to its end even if nobody waits for it any more: a refresh token serves once."""
    with undisturbed():
        return work()


_TASKS: set[asyncio.Future[Any]] = set()


async def unbroken_async(work: Callable[[], Awaitable[T]]) -> T:
    """Do something to its end even if the caller is cancelled meanwhile: a refresh token serves once.

    With asyncio the caller ends at once and the work goes on in a task of its own; with trio the caller ends after it.
    """
    if not _is_asyncio():
        import anyio

        with undisturbed(), anyio.CancelScope(shield=True):
            return await work()
    import asyncio

    with undisturbed():
        task = asyncio.ensure_future(work())
    _TASKS.add(task)  # asyncio itself would forget it
    task.add_done_callback(_done)
    return await asyncio.shield(task)


def _done(task: asyncio.Future[Any]) -> None:
    _TASKS.discard(task)
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio does not complain when the caller has gone


def _is_asyncio() -> bool:
    import asyncio  # here, for those who have no async code: it takes as long as all of this library

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
