"""The request, the answer and the response that the fake's core works with, whichever way they travel."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

import attrs

Headers = tuple[tuple[str, str], ...]


@attrs.frozen
class Request:
    """A request as it stood on the wire: path and query still percent-encoded, headers in order."""

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
        # ISO 8859-1 gives every byte a character, so no header a client can send is undecodable.
        decoded = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
        return cls(method, path, query, decoded, body)

    def header(self, name: str) -> str | None:
        """The value of a header that came exactly once; None without it, or when copies compete."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[0] if len(values) == 1 else None


class _NoBody(Enum):
    NO_BODY = "no body"


NO_BODY: Final = _NoBody.NO_BODY
"""The payload of an answer without a body."""


@attrs.frozen
class Answer:
    """What the fake has to say, before it becomes bytes."""

    status: int
    payload: Any = attrs.field(default=NO_BODY, repr=False)
    """Decoded JSON, or `NO_BODY`."""
    headers: Headers = ()


class Ending(Enum):
    """How a response ends on the wire."""

    WHOLE = "whole"
    CUT = "cut"
    """The connection closes before all that `Content-Length` has promised."""
    RESET = "reset"
    """The connection is reset; nothing of the response is sent."""
    HANG = "hang"
    """Nothing is sent, and the connection stays open."""


@attrs.frozen
class Response:
    """An answer as bytes, complete but for the headers that the transport computes, such as Content-Length."""

    status: int
    headers: Headers
    body: bytes = attrs.field(default=b"", repr=False)
    missing: int = 0
    """How many bytes `Content-Length` promises beyond the body."""
    ending: Ending = Ending.WHOLE
    delay: float = 0.0
    """Seconds before it is sent."""

    def with_header(self, name: str, value: str) -> Response:
        """The same response with one header set."""
        kept = tuple(header for header in self.headers if header[0].lower() != name.lower())
        return attrs.evolve(self, headers=(*kept, (name, value)))


def encode(answer: Answer) -> Response:
    """The response that carries an answer, as JSON unless it has no body."""
    if answer.payload is NO_BODY:
        return Response(answer.status, answer.headers)
    body = json.dumps(answer.payload, ensure_ascii=False, check_circular=False, separators=(",", ":")).encode()
    return Response(answer.status, (("Content-Type", "application/json"), *answer.headers), body)


class RefusedError(Exception):
    """Ends the work on a request with a refusal."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refusal(status: int, message: str, *headers: tuple[str, str]) -> RefusedError:
    """A refusal that says in one sentence why, to be raised."""
    return RefusedError(Answer(status, {"message": message}, headers))
