# Derived from aio/pools.py by `make generate`. Do not edit: change that file.

"""The connections of a client, in several pools."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from weakref import WeakKeyDictionary

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
        self._used: WeakKeyDictionary[httpx.Request, _Member] = WeakKeyDictionary()
        self._lock = threading.Lock()
        self._swept = time.monotonic()

    @property
    def pools(self) -> list[httpx.HTTPTransport]:
        """The pools that there are."""
        return [member.pool for members in self._members.values() for member in members]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport.handle_request`."""
        member, unused = self._take(request)
        try:
            for pool in unused:
                pool.close()
            response = member.pool.handle_request(request)
            assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - for type checkers
            response.stream = _Body(response.stream, partial(self._give_back, member, request))
        except BaseException:
            self._give_back(member, request)
            raise
        return response

    def abandon(self, request: httpx.Request) -> None:
        """Use the pool of a request no more: an exception has interrupted httpcore somewhere, in whatever state.

        The connection would be reused in that state, or would never be free again. Other requests over the pool go on.
        """
        with self._lock:
            member = self._used.get(request)
            if member is None:
                return
            member.is_abandoned = True
            for members in self._members.values():
                if member in members:
                    members.remove(member)
        self._give_back(member, request)

    def close(self) -> None:
        """Close all connections."""
        with shield():
            for pool in self.pools:
                pool.close()

    def _give_back(self, member: _Member, request: httpx.Request) -> None:
        """Note the end of a request, and close its pool if it was abandoned and has no other."""
        with self._lock:
            member.requests.discard(request)
            member.used = time.monotonic()
            is_over = member.is_abandoned and not member.requests
        if is_over:
            with shield():
                member.pool.close()

    def _take(self, request: httpx.Request) -> tuple[_Member, list[httpx.HTTPTransport]]:
        """The pool for a request, and those to close."""
        scheme = request.url.scheme
        with self._lock:
            members = self._members.setdefault(scheme, [])
            least = min(members, key=_busy, default=None)
            if least is None or (least.busy and len(members) < POOLS):
                from .._network_backend import build_transport  # here: it loads httpcore

                verify = self._tls() if scheme == "https" else _NO_TLS
                least = _Member(build_transport(verify, LIMITS))
                members.append(least)
            least.requests.add(request)
            self._used[request] = least
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
    """A pool, and the requests that it has."""

    def __init__(self, pool: httpx.HTTPTransport) -> None:
        self.pool = pool
        self.requests: set[httpx.Request] = set()
        self.used = 0.0
        self.is_abandoned = False

    @property
    def busy(self) -> int:
        """How many requests it has."""
        return len(self.requests)


def _busy(member: _Member) -> int:
    return member.busy


_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For pools that have no use for any; it trusts nobody."""


class _Body(httpx.SyncByteStream):
    """A body that gives its place back when it is closed: its connection is not free before."""

    def __init__(self, stream: httpx.SyncByteStream, give_back: Callable[[], None]) -> None:
        self._stream = stream
        self._give_back = give_back

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._give_back()
