"""Finds the proxy of a URL in the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, as curl reads them.

httpx reads these variables too, but does not support networks and bracketed IPv6 addresses in NO_PROXY (encode/httpx,
issue 3221).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias
from urllib.request import getproxies

import httpx

from ._secret_text import hide_text, hide_values
from ._tracebacks import clear_locals
from ._urls import get_port, parse_url
from .errors import ConfigurationError

BypassRule: TypeAlias = "Callable[[httpx.URL, str, IPv4Address | IPv6Address | None], bool]"
"""One entry of NO_PROXY: takes a URL, its host, and the address if the host is one; returns whether it matches."""

_ENTRY = (
    r"(?i)(?:(?P<scheme>[a-z]+)://)?"
    r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<host>[^\[\]/:]+)|(?P<bare>[0-9a-f.]*:[0-9a-f:.]+))"
    r"(?P<length>/[0-9.]+)?(?::(?P<port>[0-9]{1,5}))?/?"
)


class ProxySettings:
    """The proxies of the environment, and the URLs that need none. The repr shows no passwords.

    Args:
        proxies: The URLs of the proxies, by the scheme of the requests for which they are, or `all`.
        rules: The entries of NO_PROXY.
    """

    def __init__(self, proxies: Mapping[str, str], rules: Iterable[BypassRule]) -> None:
        self._proxies = proxies
        self._rules = tuple(rules)
        self._variables = {scheme: _find_variable(scheme) for scheme in proxies}

    def find_proxy(self, url: httpx.URL) -> str | None:
        """Find the proxy for a URL; None if it needs none."""
        proxy = self._proxies.get(url.scheme) or self._proxies.get("all")
        if proxy is None:
            return None
        host = url.raw_host.decode("ascii").lower().rstrip(".")
        address = _parse_address(host)
        return None if any(rule(url, host, address) for rule in self._rules) else proxy

    def describe_proxy(self, url: httpx.URL) -> str | None:
        """Describe the proxy for a URL in a message, without its credentials; None if the URL needs none."""
        proxy = self.find_proxy(url)
        if proxy is None:
            return None
        variable = self._variables[url.scheme if self._proxies.get(url.scheme) else "all"]
        return f"{httpx.URL(proxy).netloc.decode('ascii')} ({variable or 'the proxy of the system'})"


def read_proxy_settings() -> ProxySettings | None:
    """Read the proxies of the environment; None if there are none.

    Entries of NO_PROXY that are not valid are ignored, as curl does.

    Raises:
        ConfigurationError: A variable is not the URL of a proxy. The message names the variable.
    """
    environment = hide_values(getproxies())
    entries = environment.get("no", "").replace(",", " ").split()
    schemes = [scheme for scheme in ("http", "https", "all") if environment.get(scheme)]
    if not schemes or "*" in entries:
        return None
    proxies = {scheme: _check_proxy(scheme, environment[scheme]) for scheme in schemes}
    return ProxySettings(proxies, filter(None, map(parse_bypass_rule, entries)))


def parse_bypass_rule(entry: str) -> BypassRule | None:
    """Parse one entry of NO_PROXY.

    Args:
        entry: `example.com`, `.example.com` or `*.example.com` (each with all subdomains), an IP address, or a network
            such as `10.0.0.0/8` or `fd00::/8`; IPv6 with or without brackets. A scheme in front or a port at the end
            limits the rule to URLs with this scheme or port.

    Returns:
        The rule; None if the entry is not valid.
    """
    match = re.fullmatch(_ENTRY, entry.strip())
    if match is None:
        return None
    scheme = (match["scheme"] or "all").lower()
    port = int(match["port"]) if match["port"] else None
    text = match["address"] or match["bare"] or match["host"]
    network, name = None, ""
    try:
        network = ip_network(text + (match["length"] or ""), strict=False)
    except ValueError:
        if not match["host"] or match["length"]:
            return None
        try:
            name = parse_url(f"http://{text.lstrip('*').strip('.')}").raw_host.decode("ascii").lower()
        except ValueError:
            return None

    def is_bypassed(url: httpx.URL, host: str, address: IPv4Address | IPv6Address | None) -> bool:
        if scheme not in ("all", url.scheme) or port not in (None, get_port(url)):
            return False
        if network is not None:
            return address is not None and address in network
        return address is None and f".{host}".endswith(f".{name}")

    return is_bypassed


def _parse_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _check_proxy(scheme: str, value: str) -> str:
    handled = sys.exception()
    try:
        return _parse_proxy(value)
    except ValueError as error:
        clear_locals(error, handled)
        variable = _find_variable(scheme)
        source = f"the environment variable {variable}" if variable else "the proxy of the system"
        raise ConfigurationError(
            f"{source} is not the URL of a proxy: {error}; set it to a URL such as "
            "http://proxy.example.com:3128, or unset it"
        ) from None


def _find_variable(scheme: str) -> str | None:
    """Find the environment variable that holds the proxy for a scheme; None if the system's settings do."""
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")
    return next((name for name in names if os.environ.get(name)), None)


def _parse_proxy(value: str) -> str:
    """Parse the URL of a proxy, which may hold a password, and return it with its scheme, hidden."""
    url = parse_url(value if "://" in value else f"http://{value}")
    if url.scheme not in ("http", "https", "socks5", "socks5h"):
        raise ValueError("its scheme is not http, https, socks5 or socks5h")
    httpx.Proxy(url)
    if url.scheme.startswith("socks"):
        from importlib.util import find_spec

        if find_spec("socksio") is None:
            raise ValueError('a SOCKS proxy needs another package: pip install "httpx[socks]"')
    return hide_text(str(url))
