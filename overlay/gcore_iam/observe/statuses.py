"""Counts the statuses of all responses, whether they are checked or not."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import attrs

_MAX_KEYS = 1000
"""How many pairs of an operation and a status are counted."""


@attrs.frozen
class StatusCount:
    """How many responses of an operation had a status, and when.

    Attributes:
        operation: The `operationId`.
        status: The HTTP status.
        count: How many.
        first_seen: When the first one came, in UTC.
        last_seen: When the last one came, in UTC.
    """

    operation: str
    status: int
    count: int
    first_seen: datetime
    last_seen: datetime


@attrs.define
class _Counter:
    """Counts the responses of one operation with one status; times are seconds since 1970."""

    total: int
    taken: int
    first_seen: float
    last_seen: float


class StatusCounter:
    """Counts statuses. May be shared by threads.

    The client waits for `count` after every response, so it stores numbers only; `take` makes dates of them.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, as in a forked child."""
        self._lock = threading.RLock()  # reentrant: a signal handler may call the API
        self._counters: dict[tuple[str, int], _Counter] = {}

    def count(self, operation: str, status: int) -> bool:
        """Count a response; return whether it is the first of its operation with its status."""
        now = time.time()
        with self._lock:
            counter = self._counters.get((operation, status))
            if counter is None:
                if len(self._counters) >= _MAX_KEYS:
                    return False
                self._counters[operation, status] = _Counter(1, 0, now, now)
                return True
            if counter.total == counter.taken:
                counter.first_seen = now
            counter.total += 1
            counter.last_seen = now
            return False

    def take(self) -> list[StatusCount]:
        """Return how many responses there were since the last call; what has had none is left out."""
        counts: list[StatusCount] = []
        with self._lock:
            for (operation, status), counter in self._counters.items():
                count = counter.total - counter.taken
                if count:
                    first_seen, last_seen = (
                        datetime.fromtimestamp(moment, UTC) for moment in (counter.first_seen, counter.last_seen)
                    )
                    counts.append(StatusCount(operation, status, count, first_seen, last_seen))
                    counter.taken = counter.total
        return counts

    def get_counts(self) -> dict[tuple[str, int], int]:
        """Return how many responses there were, by operation and status."""
        with self._lock:
            return {key: counter.total for key, counter in self._counters.items()}
