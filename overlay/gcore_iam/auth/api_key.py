"""Authentication with a permanent API token."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Self

from .._concurrency.callbacks import resolve_callback
from ..errors import ConfigurationError

ENVIRONMENT_VARIABLE = "GCORE_API_KEY"


class APIKey:
    """A permanent API token, sent as `Authorization: APIKey <key>`.

    Both forms work: `42_a1b2…` and the older `1234$abcdef`. The repr hides the key.

    Args:
        key: The key, with or without `APIKey ` in front; white space around it is removed. Or a function without
            parameters that returns the key, for keys that are rotated; it is called before each attempt. With
            `AsyncIAMClient` it may be a coroutine function.

    Raises:
        ConfigurationError: The key is empty, or has characters that no key has (white space inside, control
            characters, anything beyond ASCII). The result of a function is checked before each attempt.

    Source: the security scheme `APIKey` of the API's OpenAPI spec.
    """

    __slots__ = ("_source",)

    def __init__(self, key: str | Callable[[], str | Awaitable[str]]) -> None:
        self._source: str | Callable[[], str | Awaitable[str]] = key if callable(key) else _parse_key(key)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the key from the environment variable `GCORE_API_KEY`.

        Raises:
            ConfigurationError: The variable is not set, or is not a key.
        """
        key = os.environ.get(ENVIRONMENT_VARIABLE)
        if key is None:
            raise ConfigurationError(
                f"no API key: pass one, as in IAMClient('42_…'), or set the environment variable {ENVIRONMENT_VARIABLE}"
            )
        try:
            return cls(key)
        except ConfigurationError as error:
            raise ConfigurationError(f"environment variable {ENVIRONMENT_VARIABLE}: {error}") from None

    @property
    def fixed_header(self) -> str | None:
        """The value of the `Authorization` header, a secret; None if a function returns the key."""
        return None if callable(self._source) else build_header(self._source)

    @property
    def header(self) -> str:
        """The value of the `Authorization` header, a secret.

        Raises:
            ConfigurationError: The function returns something that is not a key, or is a coroutine function.
        """
        return build_header(resolve_callback(self.ask, "the API key"))

    def ask(self) -> str | Awaitable[str]:
        """Return the key, or the result of its function."""
        return self._source() if callable(self._source) else self._source

    @property
    def secrets(self) -> set[str]:
        """The key; empty if a function returns it."""
        return set() if callable(self._source) else {self._source}

    def __repr__(self) -> str:
        return "APIKey(<function>)" if callable(getattr(self, "_source", None)) else "APIKey('***')"


def build_header(key: str) -> str:
    """Build the value of the `Authorization` header for a key.

    Raises:
        ConfigurationError: The key is invalid.
    """
    return f"APIKey {_parse_key(key)}"


def _parse_key(key: str) -> str:
    """Parse a key, with or without `APIKey ` in front."""
    if not isinstance(key, str):
        raise ConfigurationError(f"an API key must be a str, not {type(key).__name__}")
    value = key.strip()
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "apikey":
        value = rest.strip()
    if not value:
        raise ConfigurationError("the API key is empty; create one in the control panel")
    if not is_credential(value):
        raise ConfigurationError(
            "the API key holds white space, control characters or letters beyond ASCII; copy it again, in full"
        )
    return value


def is_credential(value: object) -> bool:
    """Return whether a value can be sent in the `Authorization` header: a str of visible ASCII characters."""
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable() and " " not in value
