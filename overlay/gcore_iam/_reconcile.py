"""Tells an `AmbiguousOutcomeError` how to find out what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import AmbiguousOutcomeError


@contextmanager
def attach_reconciler(advice: str, find_outcome: Callable[[], object] | None) -> Iterator[None]:
    """Give an AmbiguousOutcomeError of the `with` block its advice and what `reconcile()` calls.

    Args:
        advice: What the user can do, in words.
        find_outcome: Finds out whether the write happened; None where the API has no way to see it.
    """
    try:
        yield
    except AmbiguousOutcomeError as error:
        error.attach_reconciler(advice, find_outcome)
        raise
