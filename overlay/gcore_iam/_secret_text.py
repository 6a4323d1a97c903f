"""Texts that a traceback with local variables does not show: passwords, one-time codes, keys, tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

T = TypeVar("T")


class SecretText(str):
    """A text whose repr, and the repr of whose parts, is masked. It equals the same text as a `str`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __getitem__(self, key: Any) -> str:
        return SecretText(super().__getitem__(key))  # rich shows the beginning of a long text


class NotText:
    """Stands for an argument that should be a secret text, and is none; keeps its type alone.

    Attributes:
        type_name: The name of the type.
    """

    def __init__(self, value: object) -> None:
        self.type_name = get_type_name(value)


def hide_text(value: T) -> T:
    """Return a secret that a user passed in a form whose repr does not show it.

    A function keeps its argument in a local variable, and monitors such as Sentry, loguru and rich show the repr of
    local variables. So each function that takes a secret from a user begins with this.

    Args:
        value: The secret. None and functions are returned as they are. What is no text becomes a `NotText`, which
            `check_text` rejects. A `SecretText` or a `NotText` is returned as it is.
    """
    if value is None or callable(value) or isinstance(value, SecretText | NotText):
        return value
    return cast("T", SecretText(value) if isinstance(value, str) else NotText(value))


def hide_values(mapping: T) -> T:
    """Return a mapping that a user passed, with each value hidden; see `hide_text`."""
    if not isinstance(mapping, Mapping):
        return hide_text(mapping)
    return cast("T", {name: hide_text(value) for name, value in mapping.items()})


def get_type_name(value: object) -> str:
    """Get the name of the type of an argument, for error messages; of a class, the name of the class itself.

    It has the package in front, because other packages have classes of the same names: httpx2 has a `Timeout`.
    """
    if isinstance(value, SecretText | NotText):  # users do not know these classes
        return "str" if isinstance(value, SecretText) else value.type_name
    cls = value if isinstance(value, type) else type(value)
    package = cls.__module__.partition(".")[0]
    name = cls.__name__ if package == "builtins" else f"{package}.{cls.__name__}"
    return f"the class {name}" if isinstance(value, type) else name
