"""The fake's time, which tests move on instead of waiting."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from .checks import require_type

_NO_TIME = timedelta()


def require_aware(name: str, value: Any) -> None:
    """Refuse what is no datetime, or one without a time zone."""
    require_type(name, value, datetime, "a datetime")
    if value.utcoffset() is None:
        raise ValueError(f"{name} must have a time zone, such as datetime.UTC")


class Clock:
    """What time it is for the fake: for the lives of tokens and codes, and for the times that it records.

    Args:
        start: Where the clock stands until it is advanced, aware of its time zone; None for a clock that goes
            with the system's.

    Raises:
        TypeError: The start is no datetime.
        ValueError: The start has no time zone.

    Example:
        fake = FakeIAM(clock=Clock(datetime(2026, 1, 1, tzinfo=UTC)))
        fake.clock.advance(hours=2)
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None:
            require_aware("start", start)
        self._start = start
        self._advanced = _NO_TIME
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The present, in UTC."""
        start = datetime.now(UTC) if self._start is None else self._start.astimezone(UTC)
        return start + self._advanced

    def __deepcopy__(self, memo: object) -> Clock:
        """A clock of its own that shows the same time."""
        copied = Clock(self._start)
        copied._advanced = self._advanced
        return copied

    def __repr__(self) -> str:
        return f"Clock({'stands' if self._start else 'goes'} at {self.now().isoformat(timespec='seconds')})"

    def sleep(self, seconds: float) -> None:
        """Move on at once, for whatever waits: `RetryPolicy(sleep=fake.clock.sleep)`.

        Args:
            seconds: How far, zero or more.

        Raises:
            TypeError: It is no number.
            ValueError: It is negative, or not finite.
        """
        self.advance(seconds=seconds)

    def advance(
        self,
        delta: timedelta = _NO_TIME,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> None:
        """Move on at once, by the sum of the arguments.

        Args:
            delta: How far, zero or more.
            days: Days to go on, of 24 hours.
            hours: Hours to go on.
            minutes: Minutes to go on.
            seconds: Seconds to go on.

        Raises:
            TypeError: An argument is of another type.
            ValueError: The sum is negative, or not finite.
        """
        require_type("delta", delta, timedelta, "a timedelta; name units for a number, as in advance(hours=2)")
        numbers = {"days": days, "hours": hours, "minutes": minutes, "seconds": seconds}
        for name, number in numbers.items():
            require_type(name, number, (int, float), "a number")
        try:
            step = delta + timedelta(**numbers)
            _ = self.now() + step
        except (OverflowError, ValueError) as error:
            raise ValueError(f"the clock cannot advance that far: {error}") from error
        if step < _NO_TIME:
            raise ValueError("the clock only goes forward; a negative step is no step")
        with self._lock:
            self._advanced += step
