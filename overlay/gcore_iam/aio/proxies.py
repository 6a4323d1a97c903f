"""Sends each request over the proxy that the environment names for its URL, or directly."""

from __future__ import annotations

import ssl

import httpx

from .._network_backend import build_transport_async
from .._proxies import ProxySettings


class AsyncProxyRouter(httpx.AsyncBaseTransport):
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
        direct: httpx.AsyncBaseTransport,
        *,
        verify: ssl.SSLContext,
        limits: httpx.Limits,
    ) -> None:
        self._settings = settings
        self._direct = direct
        self._proxied = {
            proxy: build_transport_async(verify, limits, httpx.Proxy(proxy)) for proxy in settings.proxies.values()
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncBaseTransport.handle_async_request`."""
        proxy = self._settings.find_proxy(request.url)
        transport = self._direct if proxy is None else self._proxied[proxy]
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._direct.aclose()
        for transport in self._proxied.values():
            await transport.aclose()
