"""Every check of an argument, before anything is sent."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from .errors import ConfigurationError

F = TypeVar("F", bound=Callable[..., Any])

_LARGEST_ID = 2**63 - 1


def check_id(name: str, value: int) -> int:
    """Check an id.

    Raises:
        ConfigurationError: It is not a whole number from 1 to 2**63 - 1.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST_ID:
        raise ConfigurationError(f"{name} must be a whole number from 1 to 2**63 - 1")
    return value


def check_text(name: str, value: str) -> str:
    """Check a text that must not be empty. The error message never shows it: it may be a password.

    Raises:
        ConfigurationError: It is not a str, or has nothing but white space.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a str, not {type(value).__name__}")
    if not value.strip():
        raise ConfigurationError(f"{name} must not be empty")
    if not _is_encodable(value):
        raise ConfigurationError(f"{name} must be text that UTF-8 can hold, without lone surrogates")
    return value


def check_datetime(name: str, value: datetime | None) -> datetime | None:
    """Convert a moment to UTC; None stays None.

    Raises:
        ConfigurationError: It is not a datetime, or one without a time zone.
    """
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise ConfigurationError(f"{name} must be a datetime or None, not {type(value).__name__}")
    if value.utcoffset() is None:
        raise ConfigurationError(
            f"{name} has no time zone, so it is unclear which moment it is; "
            "give it one, as in datetime.now(UTC) or .replace(tzinfo=UTC)"
        )
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ConfigurationError(f"{name} is a moment that UTC has no year for") from None


def check_int(name: str, value: object, low: int, high: int | None = None) -> None:
    """Raise ConfigurationError unless an argument is a whole number within its range."""
    allowed = f"from {low} to {high}" if high is not None else f"of {low} or more"
    if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
        raise ConfigurationError(f"{name} must be a whole number {allowed}, not {value!r}")


def check_callback(name: str, callback: F) -> F:
    """Check a function of the user's before it is needed.

    Raises:
        ConfigurationError: It is not a function of one argument, or is a coroutine function.
    """
    check_callback_async(name, callback)
    if inspect.iscoroutinefunction(callback):
        raise ConfigurationError(f"{name} is a coroutine function; those are for async code, with AsyncIAMClient")
    return callback


def check_callback_async(name: str, callback: F) -> F:
    """Check a function of the user's before it is needed; it may be a coroutine function."""
    if not callable(callback):
        raise ConfigurationError(f"{name} must be a function, not {type(callback).__name__}")
    try:
        inspect.signature(callback).bind(None)
    except ValueError:  # a function of C without a signature
        pass
    except TypeError as error:
        raise ConfigurationError(f"{name} must be a function of one argument: {error}") from None
    return callback


def _is_encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
