"""The lock of a session."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest
from gcore_iam import ConfigurationError, MemoryTokenStore, Session, _fork
from gcore_iam._concurrency.refresh_lock import refresh_lock, refresh_lock_async

from .page_transport import wait_until, wait_until_async


class SlowStore(MemoryTokenStore):
    """A store whose lock is acquired when a test allows it.

    Attributes:
        events: What has happened to the lock.
        is_free: Whether the lock can be acquired.
    """

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []
        self.is_free = threading.Event()

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        self.events.append("wait")
        assert self.is_free.wait(20)
        self.events.append("acquire")
        yield
        self.events.append("release")


def test_a_forked_child_is_not_the_thread_that_renews(monkeypatch: pytest.MonkeyPatch) -> None:
    """Although its only thread may have the same identifier."""
    store = MemoryTokenStore()
    session, other = (Session("ada@example.com", "p", store=store) for _ in range(2))

    async def main() -> None:
        async with refresh_lock_async(session):
            with pytest.raises(ConfigurationError, match="a task of this thread"), refresh_lock(other):
                pass
            monkeypatch.setattr(_fork, "_generation", _fork.get_generation() + 1)
            with monkeypatch.context() as patch:
                patch.setattr(store, "_lock", threading.Lock())  # as `after_fork` does
                with refresh_lock(other):
                    pass

    asyncio.run(main())


def test_a_lock_that_comes_after_a_cancellation_is_released() -> None:
    """asyncio does not wait for the worker thread that acquires it."""
    store = SlowStore()
    session = Session("ada@example.com", "p", store=store)

    async def hold() -> None:
        async with refresh_lock_async(session):
            store.events.append("hold")

    async def main() -> None:
        task = asyncio.create_task(hold())
        await wait_until_async(lambda: store.events == ["wait"])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert store.events == ["wait"]
        store.is_free.set()
        await wait_until_async(lambda: store.events == ["wait", "acquire", "release"])

    asyncio.run(main())
    with refresh_lock(session):
        assert store.events[3:] == ["wait", "acquire"]
    assert wait_until(lambda: store.events[-1] == "release")
