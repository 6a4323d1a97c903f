"""Checks arguments before anything is sent. Each function raises ConfigurationError for what is not allowed.

This module checks values of Python, `models` those of the API, and `settings` those of a client.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import UnionType
from typing import Any, TypeVar

from .._secret_text import get_type_name
from ..errors import ConfigurationError

F = TypeVar("F", bound=Callable[..., Any])

_MAX_ID = 2**63 - 1


def describe_value(value: object) -> str:
    """Describe an argument that should be a number: a number by its value, anything else by its type.

    A text may be a secret or an address, passed in place of a number. Python does not print a very large number.
    """
    is_short = isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**20)
    return repr(value) if is_short else get_type_name(value)


def check_id(name: str, value: int) -> int:
    """Check an id: a whole number from 1 to 2**63 - 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_ID:
        raise ConfigurationError(f"{name} must be a whole number from 1 to 2**63 - 1, not {describe_value(value)}")
    return value


def check_text(name: str, value: str) -> str:
    """Check a text that must not be empty. The error message does not show the text: it may be a password."""
    check_instance(name, value, str, "a str")
    if not value.strip():
        raise ConfigurationError(f"{name} must not be empty")
    if value.encode(errors="replace").decode() != value:
        raise ConfigurationError(f"{name} must be text that UTF-8 can hold, without lone surrogates")
    return value


def check_datetime(name: str, value: datetime | None) -> datetime | None:
    """Convert a datetime, which must have a time zone, to UTC; None stays None."""
    if value is None:
        return None
    check_instance(name, value, datetime, "a datetime or None")
    if value.utcoffset() is None:
        raise ConfigurationError(
            f"{name} has no time zone, so it is unclear which moment it is; "
            "give it one, as in datetime.now(UTC) or .replace(tzinfo=UTC)"
        )
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ConfigurationError(f"{name} is a moment that UTC has no year for") from None


def check_instance(name: str, value: object, kind: type | UnionType, allowed: str, *, verb: str = "be") -> None:
    """Check the type of an argument, or of the result of a callback, whose `verb` is "return".

    `allowed` describes the type for the message.
    """
    if not isinstance(value, kind):
        raise ConfigurationError(f"{name} must {verb} {allowed}, not {get_type_name(value)}")


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Check that an argument is one of several texts."""
    if value not in choices:
        allowed = " or ".join(f'"{choice}"' for choice in choices)
        raise ConfigurationError(f"{name} must be {allowed}, not {value!r}")


def check_exclusive(reason: str = "", **is_given: bool) -> None:
    """Check that at most one of two arguments is given."""
    if all(is_given.values()):
        raise ConfigurationError(f"give {' or '.join(is_given)}, not both{reason}")


def check_methods(name: str, value: object, methods: tuple[str, ...], protocol: str) -> None:
    """Check that an object has the methods of a protocol, which are not awaited."""
    for method in methods:
        function = getattr(value, method, None)
        if not callable(function) or isinstance(value, type):
            problem = "" if isinstance(value, type) else f", which has no method {method}"
            raise ConfigurationError(f"{name} must be {protocol}, not {get_type_name(value)}{problem}")
        if _is_coroutine_function(function):
            raise ConfigurationError(f"{name}.{method} must be an ordinary method: it is not awaited")


def check_seconds(
    name: str, value: object, allowed: str = ", 0 or more", *, low: float = 0, high: float = sys.float_info.max
) -> None:
    """Check that an argument is a number of seconds; `allowed` ends the message."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigurationError(f"{name} must be a number of seconds{allowed}, not {describe_value(value)}")


def check_share(name: str, value: object) -> None:
    """Check that an argument is a number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigurationError(f"{name} must be a number from 0 to 1, not {describe_value(value)}")


def is_whole_number(value: object, low: int, high: int | None = None) -> bool:
    """Return whether a value is an int from `low` to `high`, and not a bool."""
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return low <= value and (high is None or value <= high)


def check_int(name: str, value: object, low: int, high: int | None = None, *, alternative: str = "") -> None:
    """Check a whole number from `low` to `high`; the message names an alternative to it as well."""
    allowed = f"from {low} to {high}" if high is not None else f"of {low} or more"
    if not is_whole_number(value, low, high):
        raise ConfigurationError(f"{name} must be {alternative}a whole number {allowed}, not {describe_value(value)}")


def check_callback(name: str, callback: F) -> F:
    """Check a user's function of one argument, which must not be a coroutine function."""
    check_callback_async(name, callback)
    if _is_coroutine_function(callback):
        raise ConfigurationError(f"{name} must be an ordinary function, not a coroutine function: it is not awaited")
    return callback


def _is_coroutine_function(callback: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(type(callback).__call__)


def check_callback_async(name: str, callback: F) -> F:
    """Check a user's function of one argument; it may be a coroutine function."""
    if not callable(callback):
        raise ConfigurationError(f"{name} must be a function, not {get_type_name(callback)}")
    try:
        inspect.signature(callback).bind(None)
    except ValueError:  # a function of C without a signature
        pass
    except TypeError as error:
        raise ConfigurationError(f"{name} must be a function of one argument: {error}") from None
    return callback


def is_credential(value: object) -> bool:
    """Return whether a value can be sent in the `Authorization` header: a str of visible ASCII characters."""
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable() and " " not in value


def check_token(name: str, value: str) -> str:
    """Check that a token can be sent in the `Authorization` header."""
    if not is_credential(value):
        raise ConfigurationError(f"{name} must be a token: visible ASCII characters without white space")
    return value


def check_secret(name: str, value: str, empty_advice: str) -> str:
    """Check that an API key or access token, without its scheme, can be sent in the header."""
    if not value:
        raise ConfigurationError(f"the {name} is empty; {empty_advice}")
    if not is_credential(value):
        is_bearer = value.lower().startswith("bearer ")
        advice = "an access token goes into a BearerToken" if is_bearer else "copy it again, in full"
        raise ConfigurationError(f"the {name} holds white space, control characters or letters beyond ASCII; {advice}")
    return value


def check_path(name: str, value: str | os.PathLike[str]) -> str:
    """Convert the path of a file to a text."""
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise ConfigurationError(f"{name} must be the path of a file, as a str or a pathlib.Path")
    return text
