"""Work that continues when its caller is interrupted: where no thread can be started, and before it has begun."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable

import anyio
import pytest
from gcore_iam._concurrency.shield import complete, shield, shield_async


def test_work_runs_in_its_caller_if_no_thread_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for `Thread.start`: the system has no more threads, or Python is exiting."""

    def refuse(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    assert shield(threading.get_ident) == threading.get_ident()


def test_work_that_has_not_begun_is_prevented_by_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that would do it may already exist."""
    begun: list[int] = []
    starts: list[Callable[[], object]] = []

    def start_later(start: Callable[[], object], _: tuple[()]) -> None:
        starts.append(start)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_thread, "start_new_thread", start_later)
        with pytest.raises(KeyboardInterrupt):
            shield(lambda: begun.append(1))
    starts[0]()
    for thread in threading.enumerate():
        if thread.name == "gcore-iam-exchange":
            thread.join()
    assert begun == []


def test_work_that_fails_is_not_done_again() -> None:
    runs: list[int] = []

    def fail() -> None:
        runs.append(1)
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        complete(fail)
    assert runs == [1]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_caller_waits_without_working(backend: str) -> None:
    done: list[float] = []

    async def work() -> None:
        await anyio.sleep(0.3)
        done.append(time.process_time())

    async def main() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await shield_async(work)

    start = time.process_time()
    anyio.run(main, backend=backend)
    assert done[0] - start < 0.2
