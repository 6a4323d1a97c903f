"""Parses and validates URLs from arguments and the environment, so that an invalid one fails before it is used."""

from __future__ import annotations

from ipaddress import IPv6Address

import httpx

from ._redaction import escape_unprintable

DEFAULT_PORTS = {"http": 80, "https": 443}

_HOST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")


def parse_url(text: str) -> httpx.URL:
    """Parse an absolute URL, and validate its host and port.

    Args:
        text: The URL. White space around it is ignored.

    Returns:
        The URL.

    Raises:
        ValueError: The URL is not valid. The message says why, and shows no user or password.
    """
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError) as error:
        # httpx may take a part of a password for a port, and quote it.
        reason = "" if "@" in text else f" ({escape_unprintable(str(error)[:200])})"
        raise ValueError(f"it is not a URL{reason}") from None
    host = url.raw_host.decode("ascii")
    if not url.scheme or not host:
        raise ValueError("it is not absolute: it names no scheme or no host")
    try:
        if ":" in host:
            IPv6Address(host.replace("%25", "%"))
        elif not _HOST_CHARACTERS.issuperset(host):
            raise ValueError
        url.host.encode("idna")  # as the socket module does
    except ValueError:
        raise ValueError("its host is not a valid name or address") from None
    if url.port is not None and not 0 < url.port < 65536:
        raise ValueError("its port is not a number from 1 to 65535")
    return url


def get_port(url: httpx.URL) -> int | None:
    """Get the port of a URL, or the default port of its scheme; None if it has neither."""
    return DEFAULT_PORTS.get(url.scheme) if url.port is None else url.port
