"""Requests and responses as the fake's core sees them, independent of the transport."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

import attrs

Headers = tuple[tuple[str, str], ...]


@attrs.frozen
class Request:
    """A request as received: path and query still percent-encoded, headers in order."""

    method: str
    path: str
    query: str = attrs.field(repr=False)
    headers: Headers = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    @classmethod
    def from_wire(
        cls,
        method: str,
        path: str,
        query: str,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
    ) -> Request:
        """Build a request from its parts, with headers as bytes."""
        # ISO 8859-1 maps every byte to a character, so every header can be decoded.
        decoded = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
        return cls(method, path, query, decoded, body)

    def header(self, name: str) -> str | None:
        """Return the value of a header that is present exactly once, otherwise None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[0] if len(values) == 1 else None


class _NoBody(Enum):
    NO_BODY = "no body"


NO_BODY: Final = _NoBody.NO_BODY
"""The payload of a response without a body."""


@attrs.frozen
class Response:
    """A response before it is encoded."""

    status: int
    payload: Any = attrs.field(default=NO_BODY, repr=False)
    """Decoded JSON, or `NO_BODY`."""
    headers: Headers = ()


class Delivery(Enum):
    """How a response is delivered."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    """The connection closes before the end of the body that `Content-Length` announces."""
    RESET = "reset"
    """The connection is reset, and nothing of the response is sent."""
    HANG = "hang"
    """Nothing is sent, and the connection stays open."""


@attrs.frozen
class WireResponse:
    """An encoded response, complete but for the headers that the transport computes, such as `Content-Length`."""

    status: int
    headers: Headers
    body: bytes = attrs.field(default=b"", repr=False)
    missing_bytes: int = 0
    """How many bytes `Content-Length` announces beyond the body."""
    delivery: Delivery = Delivery.COMPLETE
    delay: float = 0.0
    """Seconds to wait before the response is sent."""

    def with_header(self, name: str, value: str) -> WireResponse:
        """Return the same response with one header set."""
        kept = tuple(header for header in self.headers if header[0].lower() != name.lower())
        return attrs.evolve(self, headers=(*kept, (name, value)))


def encode_response(response: Response) -> WireResponse:
    """Encode a response as JSON, unless it has no body."""
    if response.payload is NO_BODY:
        return WireResponse(response.status, response.headers)
    body = json.dumps(response.payload, ensure_ascii=False, check_circular=False, separators=(",", ":")).encode()
    return WireResponse(response.status, (("Content-Type", "application/json"), *response.headers), body)


class RequestError(Exception):
    """Ends the handling of a request with an error response."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def build_error(status: int, message: str, *headers: tuple[str, str]) -> RequestError:
    """Build an error to raise, whose response has one sentence that says why."""
    return RequestError(Response(status, {"message": message}, headers))
