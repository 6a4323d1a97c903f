"""The fake's clock, which tests advance instead of waiting."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from .validation import require_type

_NO_TIME = timedelta()


def require_aware(name: str, value: Any) -> None:
    """Raise unless a value is a datetime with a time zone."""
    require_type(name, value, datetime, "a datetime")
    if value.utcoffset() is None:
        raise ValueError(f"{name} must have a time zone, such as datetime.UTC")


class Clock:
    """The fake's time: it decides when tokens and codes expire, and is the time of recorded events.

    Args:
        start: Time, with a time zone, at which the clock stands until it is advanced; None for a clock that follows
            the system's.

    Raises:
        TypeError: The start is not a datetime.
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
        """Return the fake's present time, in UTC."""
        start = datetime.now(UTC) if self._start is None else self._start.astimezone(UTC)
        return start + self._advanced

    def __deepcopy__(self, memo: object) -> Clock:
        """Return an independent clock that shows the same time."""
        copied = Clock(self._start)
        copied._advanced = self._advanced
        return copied

    def __repr__(self) -> str:
        return f"Clock({'stands' if self._start else 'goes'} at {self.now().isoformat(timespec='seconds')})"

    def sleep(self, seconds: float) -> None:
        """Advance at once instead of waiting: `RetryPolicy(sleep=fake.clock.sleep)`.

        Args:
            seconds: Seconds to advance, 0 or more.

        Raises:
            TypeError: The value is not a number.
            ValueError: The value is negative or not finite.
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
        """Advance at once, by the sum of the arguments.

        Args:
            delta: Time to advance, 0 or more.
            days: Days of 24 hours to add.
            hours: Hours to add.
            minutes: Minutes to add.
            seconds: Seconds to add.

        Raises:
            TypeError: An argument has another type.
            ValueError: The sum is negative or not finite.
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
            raise ValueError("the clock only advances; the sum of the arguments must be 0 or more")
        with self._lock:
            self._advanced += step
