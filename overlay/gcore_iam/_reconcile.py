"""Adds advice and `reconcile()` to an `AmbiguousOutcomeError`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import AmbiguousOutcomeError


@contextmanager
def attach_reconciler(advice: str, find_outcome: Callable[[], object] | None) -> Iterator[None]:
    """Add advice and `reconcile()` to an AmbiguousOutcomeError that the `with` block raises.

    Args:
        advice: What the user can do, in words.
        find_outcome: Finds out whether the write happened; None if the API cannot show it.
    """
    try:
        yield
    except AmbiguousOutcomeError as error:
        error.attach_reconciler(advice, find_outcome)
        raise
