"""Sends requests over a transport, and does no more."""

from __future__ import annotations

import time
from datetime import timedelta

import httpx

from .pools import AsyncPools


class AsyncDirect:
    """What sends requests that are complete, over a transport.

    An `httpx.AsyncClient` would look for hooks, credentials, redirects and cookies, of which there are none here. That
    takes a sixth of a small call.

    Args:
        transport: What carries the requests; closed with this.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self.is_closed = False

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and leave the body of the response to be read.

        Args:
            request: The request, with its timeouts.

        Returns:
            The response, whatever its status; its `elapsed` ends with its headers.

        Raises:
            httpx.RequestError: No response came.
        """
        began = time.perf_counter()
        try:
            response = await self._transport.handle_async_request(request)
        except httpx.RequestError as error:
            error.request = request
            raise
        response.request = request
        response.elapsed = timedelta(seconds=time.perf_counter() - began)
        return response

    async def abandon(self, request: httpx.Request) -> None:
        """Use the connection of an interrupted request no more, where the transport knows it."""
        if isinstance(self._transport, AsyncPools):
            await self._transport.abandon(request)

    async def aclose(self) -> None:
        """Close all connections."""
        if not self.is_closed:
            self.is_closed = True
            await self._transport.aclose()
