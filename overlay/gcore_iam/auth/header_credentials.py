"""Authentication with a secret that is sent as it is: the part that API keys and access tokens share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from .._concurrency.callbacks import resolve_callback
from .._secret_text import hide_text
from .._validation import check_instance, check_secret


class HeaderCredentials:
    """A secret, or a function that returns it, for the `Authorization` header. The repr hides the secret.

    Args:
        secret: The secret, with or without its scheme in front; white space around it is removed. Or a function without
            parameters that returns it, called before each attempt. With `AsyncIAMClient` it may be a coroutine
            function.

    Raises:
        ConfigurationError: The secret is empty, or has characters that no header may hold. The result of a function is
            checked before each attempt.
    """

    __slots__ = ("_source",)

    scheme: ClassVar[str]
    """The authentication scheme: the first word of the header."""
    noun: ClassVar[str]
    """What the secret is called in error messages."""
    advice: ClassVar[str]
    """What to do about an empty secret."""

    def __init__(self, secret: str | Callable[[], str | Awaitable[str]]) -> None:
        secret = hide_text(secret)
        self._source: str | Callable[[], str | Awaitable[str]] = secret if callable(secret) else self._parse(secret)

    @property
    def fixed_header(self) -> str | None:
        """The value of the `Authorization` header, a secret; None if a function returns the secret."""
        return None if callable(self._source) else self.build_header(self._source)

    @property
    def header(self) -> str:
        """The value of the `Authorization` header, a secret.

        Raises:
            ConfigurationError: The function returns something that is no such secret, or is a coroutine function.
        """
        return self.build_header(resolve_callback(self.ask, f"the {self.noun}"))

    def ask(self) -> str | Awaitable[str]:
        """Return the secret, or the result of its function."""
        return self._source() if callable(self._source) else self._source

    @property
    def secrets(self) -> set[str]:
        """The secret; empty if a function returns it."""
        return set() if callable(self._source) else {self._source}

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}(<function>)" if callable(getattr(self, "_source", None)) else f"{name}('***')"

    @classmethod
    def build_header(cls, secret: str) -> str:
        """Build the value of the `Authorization` header.

        Raises:
            ConfigurationError: The secret is invalid.
        """
        return f"{cls.scheme} {cls._parse(hide_text(secret))}"

    @classmethod
    def _parse(cls, secret: str) -> str:
        """Parse a secret, with or without its scheme in front."""
        check_instance(f"an {cls.noun}", secret, str, "a str")
        return check_secret(cls.noun, hide_text(_remove_scheme(secret, cls.scheme)), cls.advice)


def _remove_scheme(secret: str, scheme: str) -> str:
    first, _, rest = secret.strip().partition(" ")
    return rest.strip() if first.lower() == scheme.lower() else secret.strip()
