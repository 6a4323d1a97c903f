"""Records the requests that the fake receives, with their secrets masked, and counts them."""

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

from .contract import get_own_contract
from .messages import Request

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

MASK = "***"
MAX_REQUESTS = 10_000
"""How many requests are kept, so that the memory of a long-running server is bounded."""

_SECRET_NAME = re.compile(r"pass|pwd|secret|token|otp|key|authori[sz]ation|cookie|credential", re.IGNORECASE)
"""What the names of secret headers, parameters and fields contain, misspelled ones included."""

_SECRET_FORM = re.compile(r"\d+[_$][0-9A-Fa-f]{16,}|eyJ[\w-]+\.[\w-]+\.[\w-]*|(?i:\b(?:bearer|apikey|basic)\s+)\S+")
"""API keys, JSON Web Tokens and values of `Authorization`, wherever they stand."""

_MIN_LENGTH = 6
"""Characters that a secret must have to be masked in any text."""

_SCHEMES = ("apikey", "basic", "bearer")
"""Words that may stand before a secret in a header. Any other word may be the secret itself."""


class _HiddenRequest:
    """Hides a request from code that reads the fields of a `SeenRequest`, such as `attrs.asdict`."""

    __slots__ = ("request",)

    def __init__(self, request: Request) -> None:
        self.request = request

    def __repr__(self) -> str:
        return MASK


@attrs.frozen
class SeenRequest:
    """A request as the fake received it. A pickle includes its secrets, as `revealed` returns them.

    Attributes:
        method: Its HTTP method.
        path: Its path, percent-encoded as it came.
        operation: The id of the operation that it calls, such as `iamGetUser`; None if it calls none.
        query: Its query parameters, decoded; the last value of one that occurs several times.
        headers: Its headers, by name in lower case.
        body: Decoded JSON; text, if it is not JSON; None without a body.
        status: The status of the response; None if the connection was reset or left hanging, or if a fault did not
            fit.
    """

    method: str
    path: str
    operation: str | None
    query: dict[str, str]
    headers: dict[str, str]
    body: Json
    status: int | None
    _hidden: _HiddenRequest = attrs.field(repr=False, eq=False, alias="hidden")

    def revealed(self) -> SeenRequest:
        """Return the same request with its secrets: keys, passwords, tokens and codes."""
        return decode_request(self._hidden.request, self.operation, self.status)


def decode_request(request: Request, operation: str | None, status: int | None) -> SeenRequest:
    """Decode a request for tests, with its secrets."""
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
        _decode_body(request.body),
        status,
        _HiddenRequest(request),
    )


def mask_requests(requests: Iterable[SeenRequest], secrets: Iterable[str]) -> tuple[SeenRequest, ...]:
    """Mask the secrets of requests.

    Args:
        requests: Requests with secrets.
        secrets: Texts to mask wherever they stand, besides what looks like a secret or has the name of one. Texts of
            fewer than 6 characters are ignored: any text may contain them.
    """
    known = [secret for secret in secrets if len(secret) >= _MIN_LENGTH and not _SECRET_FORM.fullmatch(secret)]
    # The longest first, since one may be the beginning of another.
    patterns = [*map(re.escape, sorted(known, key=len, reverse=True)), _SECRET_FORM.pattern]
    secret = re.compile("|".join(patterns))
    return tuple(_mask_request(request, secret) for request in requests)


def _mask_request(request: SeenRequest, secret: re.Pattern[str]) -> SeenRequest:
    def mask_value(value: Json) -> Json:
        if isinstance(value, dict):
            return {
                secret.sub(MASK, name): MASK if _is_secret(name) else mask_value(inner) for name, inner in value.items()
            }
        if isinstance(value, list):
            return [mask_value(inner) for inner in value]
        return secret.sub(MASK, value) if isinstance(value, str) else value

    def mask_header(name: str, value: str) -> str:
        scheme, space, _ = value.partition(" ")
        if not _is_secret(name):
            return secret.sub(MASK, value)
        return f"{scheme} {MASK}" if space and scheme.lower() in _SCHEMES else MASK

    try:
        # A body that is not an object or a list has no keys that show which values are secret.
        body = mask_value(request.body) if isinstance(request.body, dict | list | None) else MASK
    except RecursionError:
        body = MASK
    return attrs.evolve(
        request,
        path="/".join(MASK if secret.search(unquote(part)) else part for part in request.path.split("/")),
        query={
            secret.sub(MASK, name): MASK if _is_secret(name) else secret.sub(MASK, value)
            for name, value in request.query.items()
        },
        headers={name: mask_header(name, value) for name, value in request.headers.items()},
        body=body,
    )


def _decode_body(body: bytes) -> Json:
    if not body:
        return None
    try:
        decoded: Json = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
    return decoded


def _is_secret(name: str) -> bool:
    return name in get_own_contract().schemas.secret_keys or _SECRET_NAME.search(name) is not None


class RequestRecorder:
    """Records requests, and counts calls and connections. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[tuple[Request, str | None, int | None]] = deque(maxlen=MAX_REQUESTS)
        self._calls: Counter[str] = Counter()
        self._connections = 0
        self._in_flight = 0
        self._peak = 0

    def record(self, request: Request, operation: str | None, status: int | None) -> None:
        """Record a request."""
        with self._lock:
            self._requests.append((request, operation, status))
            if operation is not None:
                self._calls[operation] += 1

    def clear(self) -> None:
        """Forget all requests, and set all counts to 0."""
        with self._lock:
            self._requests.clear()
            self._calls.clear()
            self._connections = 0
            self._peak = self._in_flight

    def count_connection(self) -> None:
        """Count a connection."""
        with self._lock:
            self._connections += 1

    @contextmanager
    def track_in_flight(self) -> Iterator[None]:
        """Count a request as in flight, from its arrival until its response is sent."""
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
        """The recorded requests with their secrets, in the order in which they were handled."""
        with self._lock:
            recorded = tuple(self._requests)
        return tuple(decode_request(*each) for each in recorded)

    @property
    def calls(self) -> Counter[str]:
        """How often each operation was called, by its id."""
        with self._lock:
            return Counter(self._calls)

    @property
    def connections(self) -> int:
        """How many connections were opened."""
        return self._connections

    @property
    def in_flight(self) -> int:
        """How many requests are in flight now."""
        return self._in_flight

    @property
    def peak(self) -> int:
        """The largest number of requests in flight at once."""
        return self._peak
