"""One renewal of a session at a time, whoever asks: threads, tasks of any event loop, other processes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from ..errors import ConfigurationError
from .session import Session
from .waiting import blocking_async

if TYPE_CHECKING:
    import anyio
    from anyio.lowlevel import RunVar

T = TypeVar("T")

Running = set["asyncio.Future[Any]"]
"""Work that goes on although its caller has been cancelled."""


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


@contextmanager
def exclusive(session: Session) -> Iterator[None]:
    """Keep everybody else away from a session's tokens, for as long as the `with` block lasts. Reentrant.

    Raises:
        ConfigurationError: A task of this thread's event loop is renewing the tokens, and cannot go on meanwhile.
    """
    if _is_held(session):
        yield
        return
    if session.renewing_thread == threading.get_ident():
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
        session.renewing_thread = threading.get_ident()
        try:
            lock = _Lock(session.store.lock())
            try:
                await blocking_async(lock.enter)
                with _holding(session):
                    yield
            finally:
                lock.leave()
        finally:
            session.renewing_thread = None
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


def unbroken(work: Callable[[], T], running: Running) -> T:  # noqa: ARG001 - for its twin
    """Do something to its end; the twin of `unbroken_async`."""
    return work()


async def unbroken_async(work: Callable[[], Awaitable[T]], running: Running) -> T:
    """Do something to its end even if the caller is cancelled meanwhile: a refresh token serves once.

    With asyncio the caller ends at once and the work goes on in a task of its own; with trio the caller ends after it.

    Args:
        work: What to do.
        running: Where to note it as long as it goes on, for `settled_async`.
    """
    if not _is_asyncio():
        import anyio

        with anyio.CancelScope(shield=True):
            return await work()
    task = asyncio.ensure_future(work())
    running.add(task)

    def done(task: asyncio.Future[Any]) -> None:
        running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain when the caller has gone

    task.add_done_callback(done)
    return await asyncio.shield(task)


def settled(running: Running) -> None:
    """The twin of `settled_async`: sync code does everything before it returns."""


async def settled_async(running: Running) -> None:
    """Wait for what goes on, before the connections that it needs are closed."""
    if running:
        await asyncio.wait(set(running))


def _is_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
