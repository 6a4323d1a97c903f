"""Argument checks: each raises at once, with a message that says what is allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def require_int(name: str, value: Any, *, minimum: int | None = None, maximum: int | None = None) -> None:
    """Raise unless a value is an integer within a range."""
    require_type(name, value, int, "an integer")
    if minimum is not None and value < minimum:
        raise ValueError(f"{name} must be {minimum} or more, not {value}")
    if maximum is not None and value > maximum:
        raise ValueError(f"{name} must be {maximum} or less, not {value}")


def require_text(name: str, value: Any) -> None:
    """Raise unless a value is a non-empty string. The message does not show the value, which may be a secret."""
    require_type(name, value, str, "a string")
    if not value:
        raise ValueError(f"{name} must not be empty")


def require_type(name: str, value: Any, expected: type | tuple[type, ...], label: str) -> None:
    """Raise unless a value has a type. `True` and `False` do not count as numbers."""
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise TypeError(f"{name} must be {label}, not {type(value).__name__}")


def require_json(name: str, value: Any) -> None:
    """Raise unless a value can be written as JSON.

    Raises:
        TypeError: The value, or one inside it, has a type that JSON does not have. The message says where.
        ValueError: A number is not finite, a string cannot be encoded as UTF-8, or the value contains itself.
    """
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except TypeError:
        where, wrong = next(_find_non_json(name, value))
        raise TypeError(f"{where} is a {type(wrong).__name__}, for which JSON has no form") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} cannot be written as JSON: {error}") from None


def _find_non_json(where: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str | int | float | bool | None):
                yield f"a key of {where}", key
            yield from _find_non_json(f"{where}[{key!r}]", item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _find_non_json(f"{where}[{index}]", item)
    elif not isinstance(value, str | int | float | bool | None):
        yield where, value
