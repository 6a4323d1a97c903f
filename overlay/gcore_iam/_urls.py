"""Parses URLs that users and the environment give, so that nothing about them fails later than here."""

from __future__ import annotations

import re
from ipaddress import IPv6Address

import httpx

from ._redaction import escape_unprintable

DEFAULT_PORTS = {"http": 80, "https": 443}

_HOST = re.compile(r"[a-z0-9._-]+", re.IGNORECASE)


def parse_url(text: str) -> httpx.URL:
    """Parse an absolute URL with a host and a port that a connection can be made to.

    Args:
        text: The URL, perhaps with white space around it.

    Returns:
        The URL.

    Raises:
        ValueError: It is none. The message says why, and shows nothing of a user or password in it.
    """
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError) as error:
        # A password with an odd character is taken for a port, and quoted.
        reason = "" if "@" in text else f" ({escape_unprintable(str(error)[:200])})"
        raise ValueError(f"it is not a URL{reason}") from None
    host = url.raw_host.decode("ascii")
    if not url.scheme or not host:
        raise ValueError("it is not absolute: it names no scheme or no host")
    try:
        if ":" in host:
            IPv6Address(host.replace("%25", "%"))
        elif not _HOST.fullmatch(host):
            raise ValueError
        url.host.encode("idna")  # as the socket module does
    except ValueError:
        raise ValueError("it names no host that there can be") from None
    if url.port is not None and not 0 < url.port < 65536:
        raise ValueError("its port is not a number from 1 to 65535")
    return url


def get_port(url: httpx.URL) -> int | None:
    """Get the port of a URL, with the default of http and https; None for another scheme without a port."""
    return DEFAULT_PORTS.get(url.scheme) if url.port is None else url.port
