"""Authentication with a permanent API token."""

from __future__ import annotations

import os
from typing import Self

from ..errors import ConfigurationError

ENVIRONMENT_VARIABLE = "GCORE_API_KEY"

_SCHEME = "apikey"


class APIKey:
    """A permanent API token, sent as `Authorization: APIKey <key>`.

    Both spellings work: `42_a1b2…` and the older `1234$abcdef`. The key never shows in a repr.

    Args:
        key: The key, with or without `APIKey ` in front.

    Raises:
        ConfigurationError: It is empty, or has characters that no key has (white space, control characters,
            anything beyond ASCII).

    Source: the security scheme `APIKey` of the API's description.
    """

    __slots__ = ("_key",)

    def __init__(self, key: str) -> None:
        if not isinstance(key, str):
            raise ConfigurationError(f"an API key must be a str, not {type(key).__name__}")
        bare = key.strip()
        scheme, _, rest = bare.partition(" ")
        if scheme.lower() == _SCHEME:
            bare = rest.strip()
        if not bare:
            raise ConfigurationError("the API key is empty; create one in the control panel")
        if not (bare.isascii() and bare.isprintable()) or " " in bare:
            raise ConfigurationError(
                "the API key holds white space, control characters or letters beyond ASCII; copy it again, in full"
            )
        self._key = bare

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
    def header(self) -> str:
        """The value of the `Authorization` header, a secret."""
        return f"APIKey {self._key}"

    def __repr__(self) -> str:
        return "APIKey('***')"
