"""What the fake has seen: requests with their secrets masked, and counts."""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import attrs

from . import description
from .messages import Request

MASK = "***"
MOST_REQUESTS = 10_000
"""How many requests are remembered, so that a server that runs for long does not grow."""

_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie")


@attrs.frozen
class SeenRequest:
    """A request as the fake received it.

    Attributes:
        method: Its HTTP method.
        path: Its path, percent-encoded as it came.
        operation: The id of the operation that it asks for, such as `iamGetUser`; None for none.
        query: Its query parameters, decoded; of one that comes twice the last.
        headers: Its headers, by name in lower case.
        body: Decoded JSON; text, when it is not JSON; None without a body.
        status: The status that it was answered with, None when the connection was reset or left hanging.
    """

    method: str
    path: str
    operation: str | None
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    status: int | None
    _request: Request = attrs.field(repr=False, eq=False, alias="request")

    def revealed(self) -> SeenRequest:
        """The same request with its secrets: keys, passwords, tokens and codes."""
        return seen(self._request, self.operation, self.status, masked=False)


def seen(request: Request, operation: str | None, status: int | None, *, masked: bool = True) -> SeenRequest:
    """A request in the form for tests to look at."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    headers: dict[str, str] = {}
    for name, value in request.headers:
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    try:
        body = json.loads(request.body) if request.body else None
    except (ValueError, RecursionError):
        # What cannot be read cannot be masked in part.
        body = f"{MASK} ({len(request.body)} bytes)" if masked else request.body.decode("utf-8", "replace")
    if masked:
        query = _masked(query)
        body = _masked(body)
        headers = {name: _masked_header(name, value) for name, value in headers.items()}
    return SeenRequest(request.method, request.path, operation, query, headers, body, status, request)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: MASK if key in description.secret_keys() else _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value


def _masked_header(name: str, value: str) -> str:
    if name not in _SECRET_HEADERS:
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space and name != "cookie" else MASK


class Observer:
    """Keeps what the fake has seen. May be told by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[tuple[Request, str | None, int | None]] = deque(maxlen=MOST_REQUESTS)
        self._calls: Counter[str] = Counter()
        self._connections = 0
        self._in_flight = 0
        self._peak = 0

    def note(self, request: Request, operation: str | None, status: int | None) -> None:
        """Remember a request."""
        with self._lock:
            self._requests.append((request, operation, status))
            if operation is not None:
                self._calls[operation] += 1

    def connected(self) -> None:
        """Count a connection."""
        with self._lock:
            self._connections += 1

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Count a request as in flight, from its arrival until its response is on its way."""
        with self._lock:
            self._in_flight += 1
            self._peak = max(self._peak, self._in_flight)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """The requests so far, in the order in which they were handled."""
        with self._lock:
            remembered = tuple(self._requests)
        return tuple(seen(*each) for each in remembered)

    @property
    def calls(self) -> Counter[str]:
        """How often each operation was asked for, by its id."""
        with self._lock:
            return Counter(self._calls)

    @property
    def connections(self) -> int:
        """How many connections were opened."""
        return self._connections

    @property
    def peak(self) -> int:
        """How many requests were in flight at once at the most."""
        return self._peak
