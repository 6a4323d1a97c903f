"""Counts the statuses of all responses, whether they are checked or not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import attrs

_MAX_KEYS = 1000
"""How many pairs of an operation and a status are counted."""


@attrs.define
class StatusCount:
    """How many responses of an operation had a status.

    Attributes:
        operation: The `operationId`.
        status: The HTTP status.
        count: How many since the start.
        taken: How many of them `StatusCounter.take` has returned.
        first_seen: When the first one came that `take` has not returned.
        last_seen: When the last one came.
    """

    operation: str
    status: int
    count: int
    taken: int
    first_seen: datetime
    last_seen: datetime


class StatusCounter:
    """Counts statuses. May be shared by threads."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, as in a forked child."""
        self._lock = threading.RLock()  # reentrant: a signal handler may call the API
        self._counts: dict[tuple[str, int], StatusCount] = {}

    def count(self, operation: str, status: int) -> bool:
        """Count a response; return whether it is the first of its operation with its status."""
        now = datetime.now(UTC)
        with self._lock:
            known = self._counts.get((operation, status))
            if known is None:
                if len(self._counts) < _MAX_KEYS:
                    self._counts[operation, status] = StatusCount(operation, status, 1, 0, now, now)
                return True
            if known.count == known.taken:
                known.first_seen = now
            known.count += 1
            known.last_seen = now
            return False

    def take(self) -> Iterator[StatusCount]:
        """Return a count for each pair that has had responses since the last call, with their number as `count`."""
        with self._lock:
            changed = [known for known in self._counts.values() if known.count > known.taken]
            copies = [attrs.evolve(known, count=known.count - known.taken) for known in changed]
            for known in changed:
                known.taken = known.count
        return iter(copies)

    def get_counts(self) -> dict[tuple[str, int], int]:
        """Return how many responses there were, by operation and status."""
        with self._lock:
            return {key: known.count for key, known in self._counts.items()}
