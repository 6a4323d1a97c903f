"""What the fake has seen: requests with their secrets masked, and counts."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote

import attrs

from . import description
from .messages import Request

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

MASK = "***"
MOST_REQUESTS = 10_000
"""How many requests are remembered, so that a server that runs for long does not grow."""

_SECRET_NAME = re.compile(r"pass|pwd|secret|token|otp|key|authori[sz]ation|cookie|credential", re.IGNORECASE)
"""What names of headers, parameters and fields have in them that hold secrets, spelled rightly or not."""

_SECRET_FORM = re.compile(r"\d+[_$][0-9A-Fa-f]{16,}|eyJ[\w-]+\.[\w-]+\.[\w-]*|(?i:\b(?:bearer|apikey|basic)\s+)\S+")
"""What API keys, JSON Web Tokens and the values of `Authorization` look like, wherever they stand."""

_SHORTEST = 6
"""Characters that a secret must have to be looked for in any text."""


_SCHEMES = ("apikey", "basic", "bearer")
"""What may stand before a secret in a header. Anything else may be the secret itself."""


class _Sealed:
    """Keeps a request from whatever looks at the fields of a `SeenRequest`."""

    __slots__ = ("request",)

    def __init__(self, request: Request) -> None:
        self.request = request

    def __repr__(self) -> str:
        return MASK


@attrs.frozen
class SeenRequest:
    """A request as the fake received it. Pickled, it keeps what `revealed` gives, secrets included.

    Attributes:
        method: Its HTTP method.
        path: Its path, percent-encoded as it came.
        operation: The id of the operation that it asks for, such as `iamGetUser`; None for none.
        query: Its query parameters, decoded; of one that comes twice the last.
        headers: Its headers, by name in lower case.
        body: Decoded JSON; text, when it is not JSON; None without a body.
        status: The status that it was answered with, None when the connection was reset or left hanging, or when a
            fault did not fit.
    """

    method: str
    path: str
    operation: str | None
    query: dict[str, str]
    headers: dict[str, str]
    body: Json
    status: int | None
    _sealed: _Sealed = attrs.field(repr=False, eq=False, alias="sealed")

    def revealed(self) -> SeenRequest:
        """The same request with its secrets: keys, passwords, tokens and codes."""
        return seen(self._sealed.request, self.operation, self.status)


def seen(request: Request, operation: str | None, status: int | None) -> SeenRequest:
    """A request in the form for tests to look at, with its secrets."""
    headers: dict[str, str] = {}
    for name, value in request.headers:
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return SeenRequest(
        request.method,
        request.path,
        operation,
        dict(parse_qsl(request.query, keep_blank_values=True)),
        headers,
        _decoded(request.body),
        status,
        _Sealed(request),
    )


def mask(requests: Iterable[SeenRequest], secrets: Iterable[str]) -> tuple[SeenRequest, ...]:
    """The same requests without their secrets.

    Args:
        requests: Requests with secrets.
        secrets: Texts to mask wherever they stand, besides what looks like a secret or is called one. Those of fewer
            than 6 characters are left out: they stand in any text.
    """
    known = [secret for secret in secrets if len(secret) >= _SHORTEST and not _SECRET_FORM.fullmatch(secret)]
    # The longest first, since one may begin another.
    patterns = [*map(re.escape, sorted(known, key=len, reverse=True)), _SECRET_FORM.pattern]
    secret = re.compile("|".join(patterns))
    return tuple(_masked(request, secret) for request in requests)


def _masked(request: SeenRequest, secret: re.Pattern[str]) -> SeenRequest:
    def scrubbed(value: Json) -> Json:
        if isinstance(value, dict):
            return {
                secret.sub(MASK, name): MASK if _is_secret(name) else scrubbed(inner) for name, inner in value.items()
            }
        if isinstance(value, list):
            return [scrubbed(inner) for inner in value]
        return secret.sub(MASK, value) if isinstance(value, str) else value

    def header(name: str, value: str) -> str:
        scheme, space, _ = value.partition(" ")
        if not _is_secret(name):
            return secret.sub(MASK, value)
        return f"{scheme} {MASK}" if space and scheme.lower() in _SCHEMES else MASK

    try:
        # What is no object or list has no names by which its secrets could be told.
        body = scrubbed(request.body) if isinstance(request.body, dict | list | None) else MASK
    except RecursionError:
        body = MASK
    return attrs.evolve(
        request,
        path="/".join(MASK if secret.search(unquote(part)) else part for part in request.path.split("/")),
        query={
            secret.sub(MASK, name): MASK if _is_secret(name) else secret.sub(MASK, value)
            for name, value in request.query.items()
        },
        headers={name: header(name, value) for name, value in request.headers.items()},
        body=body,
    )


def _decoded(body: bytes) -> Json:
    if not body:
        return None
    try:
        decoded: Json = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
    return decoded


def _is_secret(name: str) -> bool:
    return name in description.secret_keys() or _SECRET_NAME.search(name) is not None


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
        """The requests so far with their secrets, in the order in which they were handled."""
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
    def in_flight_now(self) -> int:
        """How many requests are in flight."""
        return self._in_flight

    @property
    def peak(self) -> int:
        """How many requests were in flight at once at the most."""
        return self._peak
