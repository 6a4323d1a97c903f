"""The configuration of a client: its settings, validated, from arguments and the environment."""

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
from ._response_body import ACCEPT_ENCODING
from ._urls import parse_url
from ._validation import check_callback, is_whole_number
from ._version import __version__
from .errors import ConfigurationError
from .retry import RetryPolicy

if TYPE_CHECKING:
    from .events import Emit, Event

DEFAULT_BASE_URL = "https://api.gcore.com"

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds: 5 to connect, 30 for each read, each write, and the wait for a connection of the pool."""

_MAX_TIMEOUT = 1e6
"""Seconds; sockets do not support much longer timeouts. For no timeout, a user passes `httpx.Timeout(None)`."""

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")

_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # a token of RFC 9110, section 5.6.2

_RESERVED_HEADERS = frozenset({"host", "content-type", "content-length", "transfer-encoding", "connection"})
"""Headers that the client sets for each request."""


@attrs.frozen(eq=False, repr=False)
class ClientConfig:
    """The settings of a client or of a view of it.

    Attributes:
        base_url: The URL of the API.
        timeout: The timeouts of each step of a request.
        headers: The headers of every request.
        retries: When to retry.
        max_response_bytes: How many bytes the body of a response may have; None for no bound.
        on_event: The user's callback for events; None for none.
    """

    base_url: httpx.URL
    timeout: httpx.Timeout
    headers: httpx.Headers = attrs.field(repr=False)
    retries: RetryPolicy
    max_response_bytes: int | None = None
    on_event: Callable[[Event], object] | None = None

    def build_emit(self) -> Emit | None:
        """Build the function that reports events; None if there is no callback and no log at INFO."""
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
        """Build a changed copy. None, or UNSET for `max_response_bytes`, leaves a setting as it is.

        Args:
            timeout: Seconds, or an `httpx.Timeout`.
            retries: A policy, or a number of retries.
            headers: More headers of the user.
            max_response_bytes: How many bytes the body of a response may have; None for no bound.
            on_event: The user's callback for events.

        Raises:
            ConfigurationError: A setting is not valid; the message says what is allowed.
        """
        merged = httpx.Headers(self.headers)
        merged.update(check_headers(headers))
        if isinstance(max_response_bytes, Unset):
            max_response_bytes = self.max_response_bytes
        elif max_response_bytes is not None and not is_whole_number(max_response_bytes, 1):
            raise ConfigurationError("max_response_bytes must be a whole number of bytes above 0, or None for no bound")
        return ClientConfig(
            self.base_url,
            check_timeout(timeout, self.timeout),
            merged,
            self.retries if retries is None else RetryPolicy.of(retries),
            max_response_bytes,
            self.on_event if on_event is None else check_callback("on_event", on_event),
        )


def build_default_config(
    base_url: str | None, *, allow_http: bool, http_client: httpx.Client | httpx.AsyncClient | None
) -> ClientConfig:
    """Build the configuration of a client whose other settings have their defaults.

    Args:
        base_url: The URL of the API; None reads `GCORE_BASE_URL`.
        allow_http: Whether credentials may go over plain http to other machines.
        http_client: The user's httpx client: its own headers are sent, and its timeout is the default unless it is
            httpx's own. None for none.

    Raises:
        ConfigurationError: The base URL is not valid, or the httpx client has settings that would not be used; the
            message says what is allowed.
    """
    headers = {
        "User-Agent": f"gcore-iam/{__version__} python/{sys.version_info.major}.{sys.version_info.minor}",
        "Accept": "application/json",
        "Accept-Encoding": ACCEPT_ENCODING,
        "Connection": "keep-alive",
    }
    merged = httpx.Headers(headers)
    if http_client is not None:
        merged.update(find_own_headers(http_client))
    timeout = DEFAULT_TIMEOUT
    if http_client is not None and http_client.timeout != httpx.Timeout(5.0):  # httpx's default
        timeout = http_client.timeout
    url = check_base_url(base_url, allow_http=allow_http)
    return ClientConfig(url, timeout, merged, RetryPolicy())


def find_own_headers(http_client: httpx.Client | httpx.AsyncClient) -> httpx.Headers:
    """Find the headers that a user has given to an httpx client, beside httpx's defaults.

    Raises:
        ConfigurationError: The client has parameters or cookies of its own, which would not be sent, or a header that
            is not allowed.
    """
    for name, setting in (("params", http_client.params), ("cookies", http_client.cookies)):
        if setting:
            raise ConfigurationError(
                f"http_client has {name} of its own, which no request of this client would send; "
                + ("send a Cookie header by headers=" if name == "cookies" else "remove them")
            )
    with httpx.Client(transport=httpx.BaseTransport(), trust_env=False) as plain:
        defaults = plain.headers
    own = {name: value for name, value in http_client.headers.items() if defaults.get(name) != value}
    try:
        return check_headers(own)
    except ConfigurationError as error:
        raise ConfigurationError(f"http_client: {error}") from None


def check_base_url(value: str | None, *, allow_http: bool) -> httpx.URL:
    """Parse the base URL of a client; None reads `GCORE_BASE_URL`.

    Raises:
        ConfigurationError: It is not a valid base URL, or is plain http to another machine without `allow_http`.
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
    if url.scheme == "http" and url.host not in LOOPBACK_HOSTS and allow_http is not True:
        raise ConfigurationError(
            f"{name} must be https: over plain http to {url.host} anyone on the way could read the credentials; "
            "allow_http=True sends them all the same"
        )
    return url


def check_timeout(value: float | httpx.Timeout | None, default: httpx.Timeout) -> httpx.Timeout:
    """Convert the timeout of a client; None returns the default.

    Raises:
        ConfigurationError: It is not a number above 0.
    """
    if value is None:
        return default
    if isinstance(value, httpx.Timeout):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MAX_TIMEOUT:
        package = type(value).__module__.partition(".")[0]
        kind = "" if package in ("builtins", "httpx") else f", not {package}.{type(value).__name__}"
        raise ConfigurationError(f"timeout must be a number of seconds above 0, at most 1e6, or an httpx.Timeout{kind}")
    return httpx.Timeout(value)


def check_headers(value: Mapping[str, str] | None) -> httpx.Headers:
    """Validate the headers of the user.

    Raises:
        ConfigurationError: A name or value is not allowed in a header, or the client sets the header itself.
    """
    headers = httpx.Headers()
    if value is None:
        return headers
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"headers must be a mapping, not {type(value).__name__}")
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
        headers[name] = text
    return headers


def check_httpx_type(name: str, value: Any, cls: type) -> None:
    """Raise ConfigurationError unless an argument is None or an instance of a class of httpx."""
    if value is not None and not isinstance(value, cls):
        package = type(value).__module__.partition(".")[0]  # httpx2 has classes of the same names
        raise ConfigurationError(f"{name} must be an httpx.{cls.__name__}, not {package}.{type(value).__name__}")
