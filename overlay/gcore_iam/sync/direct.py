# Derived from aio/direct.py by `make generate`. Do not edit: change that file.

"""Sends requests over a transport, and does no more."""

from __future__ import annotations

import time
from datetime import timedelta

import httpx

from .pools import Pools


class Direct:
    """What sends requests that are complete, over a transport.

    An `httpx.Client` would look for hooks, credentials, redirects and cookies, of which there are none here. That
    takes a sixth of a small call.

    Args:
        transport: What carries the requests; closed with this.
    """

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self.is_closed = False

    def send(self, request: httpx.Request) -> httpx.Response:
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
            response = self._transport.handle_request(request)
        except httpx.RequestError as error:
            error.request = request
            raise
        response.request = request
        response.elapsed = timedelta(seconds=time.perf_counter() - began)
        return response

    def abandon(self, request: httpx.Request) -> None:
        """Use the connection of an interrupted request no more, where the transport knows it."""
        if isinstance(self._transport, Pools):
            self._transport.abandon(request)

    def close(self) -> None:
        """Close all connections."""
        if not self.is_closed:
            self.is_closed = True
            self._transport.close()
