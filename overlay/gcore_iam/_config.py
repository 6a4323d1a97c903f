"""One validated configuration of a client, from arguments and the environment."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import httpx
from gcore_iam_client.types import UNSET, Unset

from ._redaction import INFO, logger
from ._response_body import ACCEPT_ENCODING, check_max_response_bytes
from ._urls import parse_url
from ._validation import check_callback
from ._version import __version__
from .errors import ConfigurationError
from .retry import RetryPolicy

if TYPE_CHECKING:
    from .events import Emit, Event

DEFAULT_BASE_URL = "https://api.gcore.com"

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds: 5 to connect, 30 for each read, each write, and the wait for a connection of the pool."""

_MAX_TIMEOUT = 1e6
"""Seconds: sockets cannot wait for much longer; `httpx.Timeout(None)` waits without end."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110, section 5.6.2

_RESERVED_HEADERS = frozenset({"host", "content-type", "content-length", "transfer-encoding", "connection"})
"""Headers that the client sets for each request."""


@attrs.frozen
class ClientConfig:
    """The settings of a client or of a view of it.

    Attributes:
        base_url: The URL of the API.
        timeout: The timeouts of each step of a request.
        headers: The headers of every request.
        retries: How often to retry.
        max_response_bytes: How many bytes the body of a response may have; None for no bound.
        on_event: The user's callback for events; None for none.
    """

    base_url: httpx.URL
    timeout: httpx.Timeout
    headers: httpx.Headers = attrs.field(repr=False)
    retries: RetryPolicy
    max_response_bytes: int | None
    on_event: Callable[[Event], object] | None = attrs.field(repr=False)

    def build_emit(self) -> Emit | None:
        """Build the function that reports events; None when neither a callback nor the log takes them."""
        if self.on_event is None and not logger.isEnabledFor(INFO):
            return None
        from .events import build_emit

        return build_emit(self.on_event)

    def evolve(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        retries: RetryPolicy | int | None = None,
        headers: Mapping[str, str] | None = None,
        max_response_bytes: int | Unset | None = UNSET,
        on_event: Callable[[Event], object] | None = None,
    ) -> ClientConfig:
        """Build a changed copy; None, or UNSET for the bound of response bodies, leaves a setting as it is.

        Raises:
            ConfigurationError: A setting is not valid; the message says what is allowed.
        """
        merged = httpx.Headers(self.headers)
        merged.update(check_headers(headers))
        return ClientConfig(
            self.base_url,
            check_timeout(timeout, self.timeout),
            merged,
            self.retries if retries is None else RetryPolicy.of(retries),
            self.max_response_bytes
            if isinstance(max_response_bytes, Unset)
            else check_max_response_bytes(max_response_bytes),
            self.on_event if on_event is None else check_callback("on_event", on_event),
        )


def build_config(
    *,
    base_url: str | None,
    timeout: float | httpx.Timeout | None,
    retries: RetryPolicy | int | None,
    headers: Mapping[str, str] | None,
    max_response_bytes: int | None,
    allow_http: bool,
    on_event: Callable[[Event], object] | None,
    http_client: httpx.Client | httpx.AsyncClient | None,
) -> ClientConfig:
    """Validate the settings of a client.

    Args:
        base_url: The URL of the API; None reads `GCORE_BASE_URL`.
        timeout: Seconds, or an `httpx.Timeout`; None for the timeout of `http_client`, or the default.
        retries: A policy or a number of retries; None for the default policy.
        headers: Headers of the user.
        max_response_bytes: How many bytes the body of a response may have; None for no bound.
        allow_http: Whether credentials may go over plain http to other machines.
        on_event: The user's callback for events.
        http_client: The user's httpx client; None for one of ours.

    Raises:
        ConfigurationError: A setting is not valid; the message says what is allowed.
    """
    default = DEFAULT_TIMEOUT
    if http_client is not None and http_client.timeout != httpx.Timeout(5.0):  # httpx's default
        default = http_client.timeout
    merged = _build_own_headers()
    merged.update(check_headers(headers))
    return ClientConfig(
        check_base_url(base_url, allow_http=allow_http),
        check_timeout(timeout, default),
        merged,
        RetryPolicy.of(retries),
        check_max_response_bytes(max_response_bytes),
        None if on_event is None else check_callback("on_event", on_event),
    )


def _build_own_headers() -> httpx.Headers:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return httpx.Headers(
        {
            "User-Agent": f"gcore-iam/{__version__} python/{python}",
            "Accept": "application/json",
            "Accept-Encoding": ACCEPT_ENCODING,
            "Connection": "keep-alive",
        }
    )


def check_base_url(value: str | None, *, allow_http: bool) -> httpx.URL:
    """Parse the base URL of a client; None reads `GCORE_BASE_URL`.

    Raises:
        ConfigurationError: It is not a valid base URL, or is plain http to another machine and that is not allowed.
    """
    name = "base_url"
    if value is None:
        name = "the environment variable GCORE_BASE_URL"
        value = os.environ.get("GCORE_BASE_URL") or DEFAULT_BASE_URL
    if not isinstance(value, str):
        raise ConfigurationError(f"base_url must be a str, not {type(value).__name__}")
    try:
        url = parse_url(value)
    except ValueError as error:
        raise ConfigurationError(f"{name} must be a URL such as https://api.gcore.com: {error}") from None
    if url.scheme not in ("http", "https"):
        raise ConfigurationError(f"{name} must be an absolute https URL, such as https://api.gcore.com")
    if url.userinfo or url.query or url.fragment:
        raise ConfigurationError(f"{name} must have no user, password, query or fragment")
    if url.scheme == "http" and url.host not in LOOPBACK and allow_http is not True:
        raise ConfigurationError(
            f"{name} must be https: over plain http to {url.host} anyone on the way could read the credentials; "
            "allow_http=True sends them all the same"
        )
    return url


def check_timeout(value: float | httpx.Timeout | None, default: httpx.Timeout) -> httpx.Timeout:
    """Convert the timeout of a client; None gives the default.

    Raises:
        ConfigurationError: It is not a number above 0.
    """
    if value is None:
        return default
    if isinstance(value, httpx.Timeout):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MAX_TIMEOUT:
        raise ConfigurationError("timeout must be a number of seconds above 0, at most 1e6, or an httpx.Timeout")
    return httpx.Timeout(value)


def check_headers(value: Mapping[str, str] | None) -> httpx.Headers:
    """Validate the headers of the user.

    Raises:
        ConfigurationError: A name or value is not allowed in a header, or is for `auth`.
    """
    headers = httpx.Headers()
    if value is None:
        return headers
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"headers must be a mapping, not {type(value).__name__}")
    for name, text in value.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise ConfigurationError(f"{name!r} is not the name of a header")
        if name.lower() == "authorization":
            raise ConfigurationError("headers must not hold Authorization; credentials go into auth")
        if name.lower() in _RESERVED_HEADERS:
            raise ConfigurationError(f"headers must not hold {name}; the client sets it for each request")
        # The message leaves the value out: it may be a secret of a proxy.
        if not isinstance(text, str) or not text.isascii() or not text.isprintable() or text != text.strip():
            raise ConfigurationError(
                f"the value of header {name} must be a str of printable ASCII characters without spaces around it"
            )
        headers[name] = text
    return headers


def check_httpx_kind(name: str, value: Any, kind: type) -> None:
    """Raise ConfigurationError unless an argument is None or an instance of a class of httpx."""
    if value is not None and not isinstance(value, kind):
        raise ConfigurationError(f"{name} must be an httpx.{kind.__name__}, not {type(value).__name__}")
