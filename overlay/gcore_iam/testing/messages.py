"""The request and the response that the fake's core works with, whichever way they travel."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import attrs


@attrs.frozen
class Request:
    """A request as it stood on the wire: path and query still percent-encoded, headers in order."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...] = attrs.field(repr=False)
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
        # ISO 8859-1 gives every byte a character, so no header a client can send is undecodable.
        decoded = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
        return cls(method, path, query, decoded, body)

    def header(self, name: str) -> str | None:
        """The value of a header that came exactly once; None without it, or when copies compete."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[0] if len(values) == 1 else None


@attrs.frozen
class Response:
    """An answer, complete but for the headers that the transport computes, such as Content-Length."""

    status: int
    body: bytes = attrs.field(repr=False)
    headers: tuple[tuple[str, str], ...]


def reply(status: int, payload: Any, *headers: tuple[str, str]) -> Response:
    """An answer with a JSON body."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, body, (("Content-Type", "application/json"), *headers))


def refusal(status: int, message: str, *headers: tuple[str, str]) -> Response:
    """An answer that says in one sentence why there is no other."""
    return reply(status, {"message": message}, *headers)
