"""Tells failures of a transport from errors in other code that runs during a request, such as hooks of the user."""

from __future__ import annotations

from ._response_body import BodyTooLargeError
from .errors import IAMError

_PACKAGES = frozenset({"anyio", "h11", "h2", "hpack", "httpcore", "httpx", "hyperframe", "socksio", "trio"})
"""Packages that carry requests. httpx converts most of their exceptions, but not those of a connection in a state that
it should not be in, for instance after a KeyboardInterrupt in the middle of an exchange."""


def is_transport_error(error: Exception) -> bool:
    """Return whether an exception means that a request has failed on its way."""
    if isinstance(error, IAMError):
        return False
    package = type(error).__module__.partition(".")[0]
    return package in _PACKAGES or isinstance(error, BodyTooLargeError | OSError | EOFError)
