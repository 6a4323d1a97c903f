"""Calls `after_fork()` of registered objects in a forked child process.

Only the thread that called `os.fork` exists in the child. Locks that other threads held stay locked, counts of their
requests stay above zero, and the parent continues to use its single-use refresh tokens.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class ForkAware(Protocol):
    """An object whose state must change in a forked child."""

    def after_fork(self) -> None:
        """Adapt the object to the child."""


_OBJECTS: WeakSet[ForkAware] = WeakSet()
_generation = 0


def get_generation() -> int:
    """Return the number of forks between the first process and this one; a child has one more than its parent."""
    return _generation


def register(item: ForkAware) -> None:
    """Register an object. Its `after_fork()` is called in every child that is forked while the object exists."""
    _OBJECTS.add(item)


def _after_fork() -> None:
    global _generation
    _generation += 1
    for item in list(_OBJECTS):
        item.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
