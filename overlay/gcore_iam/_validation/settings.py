"""Checks the settings of a client."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

import httpx

from .._tracebacks import clear_locals
from .._urls import parse_url
from ..errors import ConfigurationError
from . import check_exclusive, check_instance, check_seconds, describe_value, is_whole_number

_MAX_TIMEOUT = 1e6
"""Seconds; sockets do not support much longer timeouts. For no timeout, a user passes `httpx.Timeout(None)`."""

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")

_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # a token of RFC 9110, section 5.6.2

_RESERVED_HEADERS = frozenset({"host", "content-type", "content-length", "transfer-encoding", "connection"})
"""Headers that the client sets for each request."""


def check_base_url(name: str, value: str, *, allow_http: bool) -> httpx.URL:
    """Parse the base URL of a client; plain http to another machine needs `allow_http`.

    No local variable shows the URL if it is not allowed: it may hold a password.
    """
    check_instance(name, value, str, "a str")
    handled = sys.exception()
    try:
        return _parse_base_url(name, value, allow_http=allow_http)
    except ConfigurationError as error:
        clear_locals(error, handled)
        raise


def _parse_base_url(name: str, value: str, *, allow_http: bool) -> httpx.URL:
    try:
        url = parse_url(value)
    except ValueError as error:
        raise ConfigurationError(f"{name} must be a URL such as https://api.gcore.com: {error}") from None
    if url.scheme not in ("http", "https"):
        raise ConfigurationError(f"{name} must be an absolute https URL, such as https://api.gcore.com")
    if url.userinfo or url.query or url.fragment:
        raise ConfigurationError(f"{name} must have no user, password, query or fragment")
    if url.scheme == "http" and url.host not in LOOPBACK_HOSTS and allow_http is not True:
        raise ConfigurationError(
            f"{name} must be https: over plain http to {url.host} anyone on the way could read the credentials; "
            "allow_http=True sends them all the same"
        )
    return url


def check_timeout(value: float | httpx.Timeout | None, default: httpx.Timeout) -> httpx.Timeout:
    """Convert the timeout of a client, a number of seconds above 0; None returns the default.

    The wait for a connection of the pool may be 0: then there is none.
    """
    if value is None:
        return default
    if isinstance(value, httpx.Timeout):
        for step, seconds in value.as_dict().items():
            if seconds is not None:
                low, allowed = (0.0, ", 0 or more") if step == "pool" else (sys.float_info.min, " above 0")
                check_seconds(
                    f"timeout.{step}", seconds, f"{allowed}, at most 1e6, or None", low=low, high=_MAX_TIMEOUT
                )
        return value
    allowed = " above 0, at most 1e6, or an httpx.Timeout"
    check_seconds("timeout", value, allowed, low=sys.float_info.min, high=_MAX_TIMEOUT)
    return httpx.Timeout(value)


def check_headers(value: Mapping[str, str] | None) -> dict[str, str]:
    """Validate the headers of the user, whose values are hidden.

    Returns:
        The headers, by lower-case name.

    Raises:
        ConfigurationError: A name or value is not allowed in a header, or the client sets the header itself.
    """
    headers: dict[str, str] = {}
    if value is None:
        return headers
    check_instance("headers", value, Mapping, "a mapping")
    for name, text in value.items():
        if not isinstance(name, str) or not re.fullmatch(_HEADER_NAME, name):
            raise ConfigurationError(f"{name!r} is not the name of a header")
        if name.lower() == "authorization":
            raise ConfigurationError("headers must not hold Authorization; credentials go into auth")
        if name.lower() in _RESERVED_HEADERS:
            raise ConfigurationError(f"headers must not hold {name}; the client sets it for each request")
        # The message omits the value, because it may be a secret for a proxy.
        if not isinstance(text, str) or not text.isascii() or not text.isprintable() or text != text.strip():
            raise ConfigurationError(
                f"the value of header {name} must be a str of printable ASCII characters without spaces around it"
            )
        headers[name.lower()] = text
    return headers


def check_max_response_bytes(value: int | None) -> None:
    """Check that a bound of the size of responses is None or above 0."""
    if value is not None and not is_whole_number(value, 1):
        raise ConfigurationError(
            "max_response_bytes must be a whole number of bytes above 0, or None for no bound, "
            f"not {describe_value(value)}"
        )


def check_connections(http_client: Any, transport: Any, client_class: type, transport_class: type) -> None:
    """Check that a user's httpx client or transport, or None, has its class and is open."""
    _check_httpx_type("http_client", http_client, client_class)
    _check_httpx_type("transport", transport, transport_class)
    check_exclusive(http_client=http_client is not None, transport=transport is not None)
    if http_client is not None and http_client.is_closed:
        raise ConfigurationError("http_client is closed; make a new one")


def _check_httpx_type(name: str, value: Any, cls: type) -> None:
    if value is not None:
        check_instance(name, value, cls, f"an httpx.{cls.__name__}")
