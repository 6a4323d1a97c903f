"""Work that continues when its caller is interrupted, in a process that cannot start threads."""

from __future__ import annotations

import _thread
import threading
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
