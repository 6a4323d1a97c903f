# Derived from aio/proxies.py by `make generate`. Do not edit: change that file.

"""Sends each request over the proxy that the environment names for its URL, or directly."""

from __future__ import annotations

import ssl

import httpx

from .._network_backend import build_transport
from .._proxies import ProxySettings


class ProxyRouter(httpx.BaseTransport):
    """A transport that chooses a proxy for each request.

    Args:
        settings: Which proxy is for which URL.
        direct: What carries the other requests; closed with this.
        verify: The TLS settings.
        limits: Of the connections to each proxy.
    """

    def __init__(
        self,
        settings: ProxySettings,
        direct: httpx.BaseTransport,
        *,
        verify: ssl.SSLContext,
        limits: httpx.Limits,
    ) -> None:
        self._settings = settings
        self._direct = direct
        self._proxied = {
            proxy: build_transport(verify, limits, httpx.Proxy(proxy)) for proxy in settings.proxies.values()
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport.handle_request`."""
        proxy = self._settings.find_proxy(request.url)
        transport = self._direct if proxy is None else self._proxied[proxy]
        return transport.handle_request(request)

    def close(self) -> None:
        """Close all connections."""
        self._direct.close()
        for transport in self._proxied.values():
            transport.close()
