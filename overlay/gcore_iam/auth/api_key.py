"""Authentication with a permanent API token."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Self

from .._concurrency import resolve_callback
from ..errors import ConfigurationError

ENVIRONMENT_VARIABLE = "GCORE_API_KEY"

_SCHEME = "apikey"


class APIKey:
    """A permanent API token, sent as `Authorization: APIKey <key>`.

    Both spellings work: `42_a1b2…` and the older `1234$abcdef`. The key never shows in a repr.

    Args:
        key: The key, with or without `APIKey ` in front; or a function without parameters that gives it, for keys
            that are rotated: it is asked before each attempt. With `AsyncIAMClient` it may be a coroutine function.

    Raises:
        ConfigurationError: It is empty, or has characters that no key has (white space, control characters,
            anything beyond ASCII). What a function gives is checked before each attempt.

    Source: the security scheme `APIKey` of the API's description.
    """

    __slots__ = ("_source",)

    def __init__(self, key: str | Callable[[], str | Awaitable[str]]) -> None:
        self._source: str | Callable[[], str | Awaitable[str]] = key if callable(key) else _bare(key)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the key from the environment variable `GCORE_API_KEY`.

        Raises:
            ConfigurationError: It is not set, or not a key.
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
        """The value of the `Authorization` header for a key that does not change, a secret; None for a function."""
        return None if callable(self._source) else build_header(self._source)

    @property
    def header(self) -> str:
        """The value of the `Authorization` header, a secret.

        Raises:
            ConfigurationError: The function that gives the key gives something else, or is for async code.
        """
        return build_header(resolve_callback(self.ask, "the API key"))

    def ask(self) -> str | Awaitable[str]:
        """The key as it was given, or whatever its function gives now."""
        return self._source() if callable(self._source) else self._source

    @property
    def secrets(self) -> set[str]:
        """The key; empty if a function gives it."""
        return set() if callable(self._source) else {self._source}

    def __repr__(self) -> str:
        return "APIKey(<function>)" if callable(getattr(self, "_source", None)) else "APIKey('***')"


def build_header(key: str) -> str:
    """Build the value of the `Authorization` header for a key.

    Raises:
        ConfigurationError: It is none.
    """
    return f"APIKey {_bare(key)}"


def _bare(key: str) -> str:
    if not isinstance(key, str):
        raise ConfigurationError(f"an API key must be a str, not {type(key).__name__}")
    bare = key.strip()
    scheme, _, rest = bare.partition(" ")
    if scheme.lower() == _SCHEME:
        bare = rest.strip()
    if not bare:
        raise ConfigurationError("the API key is empty; create one in the control panel")
    if not is_credential(bare):
        raise ConfigurationError(
            "the API key holds white space, control characters or letters beyond ASCII; copy it again, in full"
        )
    return bare


def is_credential(value: object) -> bool:
    """Whether a value is a text that can stand in the `Authorization` header: visible ASCII characters."""
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable() and " " not in value
