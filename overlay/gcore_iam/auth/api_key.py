"""Authentication with a permanent API token."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import ClassVar, Self

from .._secret_text import hide_text
from ..errors import ConfigurationError
from .header_credentials import HeaderCredentials

ENVIRONMENT_VARIABLE = "GCORE_API_KEY"


class APIKey(HeaderCredentials):
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

    __slots__ = ()

    scheme: ClassVar[str] = "APIKey"
    noun: ClassVar[str] = "API key"
    advice: ClassVar[str] = "create one in the control panel"

    def __init__(self, key: str | Callable[[], str | Awaitable[str]]) -> None:
        key = hide_text(key)
        super().__init__(key)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the key from the environment variable `GCORE_API_KEY`.

        Raises:
            ConfigurationError: The variable is not set, or is not a key.
        """
        key = hide_text(os.environ.get(ENVIRONMENT_VARIABLE))
        if key is None:
            raise ConfigurationError(
                f"no API key: pass one, as in IAMClient('42_…'), or set the environment variable {ENVIRONMENT_VARIABLE}"
            )
        try:
            return cls(key)
        except ConfigurationError as error:
            raise ConfigurationError(f"environment variable {ENVIRONMENT_VARIABLE}: {error}") from None
