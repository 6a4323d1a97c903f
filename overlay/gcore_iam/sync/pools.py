# Derived from aio/pools.py by `make generate`. Do not edit: change that file.

"""The connections of a client, in several pools."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator

import httpx

from .._deadline import shield

POOLS = 10
"""How many pools at most, for each of http and https."""

LIMITS = httpx.Limits(max_connections=10, max_keepalive_connections=10, keepalive_expiry=5.0)
"""Of each pool."""

_IDLE = 5.0
"""Seconds after which a pool that nobody has used is closed, as a connection of a pool in use is."""


class Pools(httpx.BaseTransport):
    """Several pools of connections, of which each request takes the one that has the least to do.

    For each request httpcore goes through all requests and connections of a pool, so what a request costs grows with
    the number at a time (encode/httpx, issue 3215). Of fifty at a time each takes half as long over ten pools as over
    one. Of one at a time there is but one pool.

    Args:
        tls: Gives the TLS settings, when the first https request needs them.
    """

    def __init__(self, tls: Callable[[], ssl.SSLContext]) -> None:
        self._tls = tls
        self._members: dict[str, list[_Member]] = {}
        self._lock = threading.Lock()
        self._swept = time.monotonic()

    @property
    def pools(self) -> list[httpx.HTTPTransport]:
        """The pools that there are."""
        return [member.pool for members in self._members.values() for member in members]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport.handle_request`."""
        member, unused = self._take(request.url.scheme)
        try:
            for pool in unused:
                pool.close()
            response = member.pool.handle_request(request)
            assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - for type checkers
            response.stream = _Body(response.stream, member, self._lock)
        except BaseException:
            member.give_back(self._lock)
            raise
        return response

    def close(self) -> None:
        """Close all connections."""
        with shield():
            for pool in self.pools:
                pool.close()

    def _take(self, scheme: str) -> tuple[_Member, list[httpx.HTTPTransport]]:
        """The pool for a request, and those to close."""
        with self._lock:
            members = self._members.setdefault(scheme, [])
            least = min(members, key=_busy, default=None)
            if least is None or (least.busy and len(members) < POOLS):
                from .._network_backend import build_transport  # here: it loads httpcore

                verify = self._tls() if scheme == "https" else _NO_TLS
                least = _Member(build_transport(verify, LIMITS))
                members.append(least)
            least.busy += 1
            now = least.used = time.monotonic()
            return least, self._unused(now) if now > self._swept + _IDLE else []

    def _unused(self, now: float) -> list[httpx.HTTPTransport]:
        """Take out the pools that nobody has used for long: httpcore looks after connections of pools in use only."""
        self._swept = now
        unused = []
        for scheme, members in self._members.items():
            idle = [member for member in members if not member.busy and now > member.used + _IDLE]
            unused += [member.pool for member in idle]
            self._members[scheme] = [member for member in members if member not in idle]
        return unused


class _Member:
    """A pool, and how many requests it has."""

    def __init__(self, pool: httpx.HTTPTransport) -> None:
        self.pool = pool
        self.busy = 0
        self.used = 0.0

    def give_back(self, lock: threading.Lock) -> None:
        """One request less."""
        with lock:
            self.busy -= 1
            self.used = time.monotonic()


def _busy(member: _Member) -> int:
    return member.busy


_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For pools that have no use for any; it trusts nobody."""


class _Body(httpx.SyncByteStream):
    """A body that gives its place back when it is closed: its connection is not free before."""

    def __init__(self, stream: httpx.SyncByteStream, member: _Member, lock: threading.Lock) -> None:
        self._stream = stream
        self._member: _Member | None = member
        self._lock = lock

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            member, self._member = self._member, None
            if member is not None:
                member.give_back(self._lock)
