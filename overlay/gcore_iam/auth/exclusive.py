"""One renewal of a session at a time, whoever asks: threads, tasks of any event loop, other processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from .session import Session

if TYPE_CHECKING:
    import anyio
    from anyio.lowlevel import RunVar

T = TypeVar("T")

_HOLDS: ContextVar[Session | None] = ContextVar("gcore_iam_session_held", default=None)
"""The session whose lock is held here: what is called meanwhile must not wait for it."""


@contextmanager
def exclusive(session: Session) -> Iterator[None]:
    """Keep everybody else away from a session's tokens, for as long as the `with` block lasts. Reentrant."""
    if _HOLDS.get() is session:
        yield
        return
    with session.mutex, session.store.lock():
        token = _HOLDS.set(session)
        try:
            yield
        finally:
            _HOLDS.reset(token)


@asynccontextmanager
async def exclusive_async(session: Session) -> AsyncIterator[None]:
    """The same in async code.

    Tasks of one event loop queue up in it; only the first of them contends with threads and other event loops, which it
    does by asking again and again, for a thread's lock cannot be awaited.
    """
    import anyio
    import anyio.to_thread

    if _HOLDS.get() is session:
        yield
        return
    async with _queue(session):
        while not session.mutex.acquire(blocking=False):  # noqa: ASYNC110 - released by a thread, or another loop
            await anyio.sleep(0.005)
        try:
            lock = session.store.lock()
            await anyio.to_thread.run_sync(lock.__enter__)
            token = _HOLDS.set(session)
            try:
                yield
            finally:
                _HOLDS.reset(token)
                lock.__exit__(None, None, None)
        finally:
            session.mutex.release()


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
    """Do something to its end; the twin of `unbroken_async`."""
    return work()


_RUNNING: set[asyncio.Future[Any]] = set()


async def unbroken_async(work: Callable[[], Awaitable[T]]) -> T:
    """Do something to its end even if the caller is cancelled meanwhile: a refresh token serves once.

    With asyncio the caller ends at once and the work goes on in a task of its own; with trio the caller ends after it.
    """
    if not _is_asyncio():
        import anyio

        with anyio.CancelScope(shield=True):
            return await work()
    task = asyncio.ensure_future(work())
    _RUNNING.add(task)
    task.add_done_callback(_done)
    return await asyncio.shield(task)


def _is_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _done(task: asyncio.Future[Any]) -> None:
    _RUNNING.discard(task)
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio does not complain when the caller has gone
