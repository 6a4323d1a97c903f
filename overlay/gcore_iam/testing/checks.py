"""Refuses wrong arguments at once, with a message that says what is allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def require_int(name: str, value: Any, *, minimum: int | None = None, maximum: int | None = None) -> None:
    """Refuse what is no whole number of a range."""
    require_type(name, value, int, "an integer")
    if minimum is not None and value < minimum:
        raise ValueError(f"{name} must be {minimum} or more, not {value}")
    if maximum is not None and value > maximum:
        raise ValueError(f"{name} must be {maximum} or less, not {value}")


def require_text(name: str, value: Any) -> None:
    """Refuse what is no text, or an empty one. The message shows nothing of it: it may be a secret."""
    require_type(name, value, str, "a string")
    if not value:
        raise ValueError(f"{name} must not be empty")


def require_type(name: str, value: Any, kind: type | tuple[type, ...], called: str) -> None:
    """Refuse what is of another type; true and false are no numbers."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{name} must be {called}, not {type(value).__name__}")


def require_json(name: str, value: Any) -> None:
    """Refuse what JSON has no form for.

    Raises:
        TypeError: The value, or one in it, is of a type that JSON does not have. The message says where.
        ValueError: A number in it is not finite, a text is none that UTF-8 can write, or it contains itself.
    """
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except TypeError:
        where, wrong = next(_not_json(name, value))
        raise TypeError(f"{where} is a {type(wrong).__name__}, for which JSON has no form") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} cannot be written as JSON: {error}") from None


def _not_json(where: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str | int | float | bool | None):
                yield f"a key of {where}", key
            yield from _not_json(f"{where}[{key!r}]", item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _not_json(f"{where}[{index}]", item)
    elif not isinstance(value, str | int | float | bool | None):
        yield where, value
