"""Work that continues when its caller is interrupted: where no thread can be started, and before it has begun."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable
from typing import Any

import pytest
from gcore_iam._concurrency.shield import shield


def refuse(*_: Any) -> int:
    raise RuntimeError("can't start new thread")


def fail() -> int:
    raise LookupError("of the work")


@pytest.mark.parametrize(("module", "name"), [(_thread, "start_new_thread"), (threading.Thread, "start")])
def test_work_is_done_without_a_thread(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
    """The system may have no more threads, and Python starts none while it exits."""
    monkeypatch.setattr(module, name, refuse)
    assert shield(lambda: 5) == 5
    with pytest.raises(LookupError, match="of the work"):
        shield(fail)


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
