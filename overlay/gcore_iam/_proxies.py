"""Which proxy the environment names for a URL: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, as curl reads them.

httpx reads these variables too, but cannot read networks and bracketed IPv6 addresses in NO_PROXY (encode/httpx, issue
3221).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.request import getproxies

import attrs
import httpx

from ._urls import get_port, parse_url
from .errors import ConfigurationError

_SCHEMES = ("http", "https", "all")

_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")

_ENTRY = re.compile(
    r"(?:(?P<scheme>[a-z]+)://)?"
    r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<host>[^\[\]/:]+)|(?P<bare>[0-9a-f.]*:[0-9a-f:.]+))"
    r"(?P<length>/[0-9.]+)?(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE,
)


@attrs.frozen
class BypassRule:
    """One entry of NO_PROXY.

    Attributes:
        network: The addresses that it means; None if it means a host.
        host: The host, which stands for its subdomains too; empty if it means addresses.
        scheme: The scheme that it is limited to; None for all.
        port: The port that it is limited to; None for all.
    """

    network: IPv4Network | IPv6Network | None
    host: str
    scheme: str | None
    port: int | None

    def matches(self, scheme: str, host: str, address: IPv4Address | IPv6Address | None, port: int | None) -> bool:
        """Return whether the rule means a host, which is also given as an address if it is one."""
        if self.scheme not in (None, scheme) or self.port not in (None, port):
            return False
        if self.network is not None:
            return address is not None and address in self.network
        return address is None and (host == self.host or host.endswith(f".{self.host}"))


@attrs.frozen
class ProxySettings:
    """The proxies that the environment names, and for which hosts they are not used.

    Attributes:
        proxies: URLs of proxies by the scheme of a request, or `all`. They may hold passwords.
        rules: The entries of NO_PROXY.
    """

    proxies: Mapping[str, str] = attrs.field(repr=False)
    rules: tuple[BypassRule, ...]

    def find_proxy(self, url: httpx.URL) -> str | None:
        """Find the proxy for a URL; None if it is reached directly."""
        proxy = self.proxies.get(url.scheme) or self.proxies.get("all")
        if proxy is None:
            return None
        host = url.raw_host.decode("ascii").lower().rstrip(".")
        port = get_port(url)
        address = _parse_address(host)
        return None if any(rule.matches(url.scheme, host, address, port) for rule in self.rules) else proxy


def read_proxy_settings() -> ProxySettings | None:
    """Read which proxies the environment names; None if there are none.

    Entries of NO_PROXY that mean nothing are passed over, as curl does.

    Raises:
        ConfigurationError: A variable does not hold the URL of a proxy. The message names the variable.
    """
    environment = getproxies()
    entries = re.split(r"[,\s]+", environment.get("no", ""))
    if "*" in entries:
        return None
    proxies = {scheme: _check_proxy(scheme, environment[scheme]) for scheme in _SCHEMES if environment.get(scheme)}
    if not proxies:
        return None
    return ProxySettings(proxies, tuple(rule for rule in map(parse_bypass_rule, entries) if rule is not None))


def parse_bypass_rule(entry: str) -> BypassRule | None:
    """Parse one entry of NO_PROXY.

    Args:
        entry: `example.com`, `.example.com` or `*.example.com` (each means the subdomains too), an IP address, a
            network such as `10.0.0.0/8` or `fd00::/8`; IPv6 with or without brackets; perhaps `https://` in front, and
            a port.

    Returns:
        The rule; None if the entry is none of these.
    """
    match = _ENTRY.fullmatch(entry.strip())
    if match is None:
        return None
    scheme = match["scheme"] and match["scheme"].lower()
    scheme = None if scheme == "all" else scheme
    port = int(match["port"]) if match["port"] else None
    host = match["address"] or match["bare"] or match["host"]
    try:
        return BypassRule(ip_network(host + (match["length"] or ""), strict=False), "", scheme, port)
    except ValueError:
        if not match["host"] or match["length"]:
            return None
    try:
        url = parse_url(f"http://{host.lstrip('*').strip('.')}")
    except ValueError:
        return None
    return BypassRule(None, url.raw_host.decode("ascii").lower(), scheme, port)


def _parse_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _check_proxy(scheme: str, value: str) -> str:
    try:
        url = parse_url(value if "://" in value else f"http://{value}")
        if url.scheme not in _PROXY_SCHEMES:
            raise ValueError("its scheme is none of a proxy")
        httpx.Proxy(url)
        if url.scheme.startswith("socks") and find_spec("socksio") is None:
            raise ValueError('a SOCKS proxy needs another package: pip install "httpx[socks]"')
    except ValueError as error:
        raise ConfigurationError(
            f"what {_name_variable(scheme)} says of proxies is wrong: {error}; set it to a URL such as "
            "http://proxy.example.com:3128, or unset it"
        ) from None
    return str(url)


def _name_variable(scheme: str) -> str:
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")
    named = next((name for name in names if os.environ.get(name)), None)
    return "the system" if named is None else f"the environment variable {named}"
