"""The configuration of a client: its settings, validated, from arguments and the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from weakref import WeakSet

import attrs
import httpx
from gcore_iam_client.types import UNSET, Unset

from ._operation_info import ResponseObserver
from ._redaction import INFO, logger
from ._response_body import ACCEPT_ENCODING
from ._secret_text import hide_text, hide_values
from ._validation import check_callback, check_methods
from ._validation.settings import check_base_url, check_headers, check_max_response_bytes, check_timeout
from ._version import __version__
from .errors import ConfigurationError
from .retry import RetryPolicy

if TYPE_CHECKING:
    from .events import Emit, Event

DEFAULT_BASE_URL = "https://api.gcore.com"

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds: 5 to connect, 30 for each read, each write, and the wait for a connection of the pool."""

_known_clients: WeakSet[httpx.Client | httpx.AsyncClient] = WeakSet()
"""The users' httpx clients that have been given to a client of this library."""


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
        observer: Compares responses with the spec; None for none.
    """

    base_url: httpx.URL
    timeout: httpx.Timeout
    headers: httpx.Headers = attrs.field(repr=False)
    retries: RetryPolicy
    max_response_bytes: int | None = None
    on_event: Callable[[Event], object] | None = None
    observer: ResponseObserver | None = None

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
        own = check_headers(hide_values(headers))
        if isinstance(max_response_bytes, Unset):
            max_response_bytes = self.max_response_bytes
        check_max_response_bytes(max_response_bytes)
        return ClientConfig(
            self.base_url,
            check_timeout(timeout, self.timeout),
            httpx.Headers({**self.headers, **own}),
            self.retries if retries is None else RetryPolicy.of(retries),
            max_response_bytes,
            self.on_event if on_event is None else check_callback("on_event", on_event),
            self.observer,
        )


def build_default_config(
    base_url: str | None,
    *,
    allow_http: bool,
    http_client: httpx.Client | httpx.AsyncClient | None,
    observer: ResponseObserver | None,
) -> ClientConfig:
    """Build the configuration of a client whose other settings have their defaults.

    Args:
        base_url: The URL of the API; None reads `GCORE_BASE_URL`.
        allow_http: Whether credentials may go over plain http to other machines.
        http_client: The user's httpx client: its own headers are sent, and its timeout is the default unless it is
            httpx's own. None for none.
        observer: Compares responses with the spec; None for none.

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
    own = {} if http_client is None else find_own_headers(http_client)
    timeout = DEFAULT_TIMEOUT
    if http_client is not None and http_client.timeout != httpx.Timeout(5.0):  # httpx's default
        try:
            timeout = check_timeout(http_client.timeout, timeout)
        except ConfigurationError as error:
            raise ConfigurationError(f"http_client: {error}") from None
    name = "base_url"
    if base_url is None:
        name = "the environment variable GCORE_BASE_URL"
        base_url = hide_text(os.environ.get("GCORE_BASE_URL") or DEFAULT_BASE_URL)
    url = check_base_url(name, base_url, allow_http=allow_http)
    if observer is not None:
        check_methods("observer", observer, ("observe",), "a gcore_iam.observe.Observer")
    merged = httpx.Headers({**httpx.Headers(headers), **own})
    return ClientConfig(url, timeout, merged, RetryPolicy(), observer=observer)


def find_own_headers(http_client: httpx.Client | httpx.AsyncClient) -> dict[str, str]:
    """Find the headers that a user has given to an httpx client, beside httpx's defaults.

    Raises:
        ConfigurationError: The client has parameters or cookies of its own, which would not be sent, or a header that
            is not allowed.
    """
    # httpx keeps the cookies of each response. They have a domain, which `Client(cookies=…)` does not give.
    is_known = http_client in _known_clients
    cookies = [cookie for cookie in http_client.cookies.jar if not (is_known and cookie.domain)]
    for name, setting in (("params", http_client.params), ("cookies", cookies)):
        if setting:
            raise ConfigurationError(
                f"http_client has {name} of its own, which no request of this client would send; "
                + ("send a Cookie header by headers=" if name == "cookies" else "remove them")
            )
    with httpx.Client(transport=httpx.BaseTransport(), trust_env=False) as plain:
        defaults = plain.headers
    own = [name for name, value in http_client.headers.items() if defaults.get(name) != value]
    _known_clients.add(http_client)
    try:
        return check_headers({name: hide_text(http_client.headers[name]) for name in own})
    except ConfigurationError as error:
        raise ConfigurationError(f"http_client: {error}") from None
