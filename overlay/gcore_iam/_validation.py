"""Checks arguments before anything is sent."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from ._secret_text import get_type_name
from .errors import ConfigurationError

F = TypeVar("F", bound=Callable[..., Any])

_MAX_ID = 2**63 - 1


def check_id(name: str, value: int) -> int:
    """Check an id.

    Raises:
        ConfigurationError: It is not a whole number from 1 to 2**63 - 1.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_ID:
        raise ConfigurationError(f"{name} must be a whole number from 1 to 2**63 - 1")
    return value


def check_text(name: str, value: str) -> str:
    """Check a text that must not be empty. The error message does not show the text: it may be a password.

    Raises:
        ConfigurationError: It is not a str, has only white space, or cannot be encoded.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a str, not {get_type_name(value)}")
    if not value.strip():
        raise ConfigurationError(f"{name} must not be empty")
    if value.encode(errors="replace").decode() != value:
        raise ConfigurationError(f"{name} must be text that UTF-8 can hold, without lone surrogates")
    return value


def check_datetime(name: str, value: datetime | None) -> datetime | None:
    """Convert a datetime to UTC; None stays None.

    Raises:
        ConfigurationError: It is not a datetime, or has no time zone.
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


def is_whole_number(value: object, low: int, high: int | None = None) -> bool:
    """Return whether a value is an int from `low` to `high`, and not a bool."""
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return low <= value and (high is None or value <= high)


def check_int(name: str, value: object, low: int, high: int | None = None) -> None:
    """Check a whole number.

    Raises:
        ConfigurationError: It is not a whole number from `low` to `high`.
    """
    allowed = f"from {low} to {high}" if high is not None else f"of {low} or more"
    if not is_whole_number(value, low, high):
        raise ConfigurationError(f"{name} must be a whole number {allowed}, not {value!r}")


def check_callback(name: str, callback: F) -> F:
    """Check a user's function, which must not be a coroutine function.

    Raises:
        ConfigurationError: It is not a function of one argument, or is a coroutine function.
    """
    check_callback_async(name, callback)
    if inspect.iscoroutinefunction(callback):
        raise ConfigurationError(f"{name} is a coroutine function; those are for async code, with AsyncIAMClient")
    return callback


def check_callback_async(name: str, callback: F) -> F:
    """Check a user's function; it may be a coroutine function.

    Raises:
        ConfigurationError: It is not a function of one argument.
    """
    if not callable(callback):
        raise ConfigurationError(f"{name} must be a function, not {type(callback).__name__}")
    try:
        inspect.signature(callback).bind(None)
    except ValueError:  # a function of C without a signature
        pass
    except TypeError as error:
        raise ConfigurationError(f"{name} must be a function of one argument: {error}") from None
    return callback
