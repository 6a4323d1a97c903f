"""The TLS settings that all clients share."""

from __future__ import annotations

import os
import ssl
from functools import cached_property, lru_cache
from typing import Any, Self

import httpx


def tls() -> ssl.SSLContext:
    """The TLS settings that all clients share: making them takes longer than everything else about a client."""
    return _tls(tuple(map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"))))


@lru_cache(maxsize=8)
def _tls(named: tuple[str | None, ...]) -> ssl.SSLContext:
    # What the environment names may be missing or broken, so it is read before anything is sent.
    return httpx.create_ssl_context() if any(named) else _Deferred()


class _Deferred(ssl.SSLContext):
    """What httpx makes by default, made when the first connection needs it.

    Reading the certificates of all authorities takes a fifth of the time from starting Python to the first answer, and
    whoever talks to a server of tests over plain http has no use for them. Whatever is not passed on here meets a
    context that trusts nobody.
    """

    def __new__(cls) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    @cached_property
    def _made(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        """See `ssl.SSLContext.set_alpn_protocols`."""
        self._made.set_alpn_protocols(alpn_protocols)

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        """See `ssl.SSLContext.wrap_socket`."""
        return self._made.wrap_socket(*args, **options)

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """See `ssl.SSLContext.wrap_bio`."""
        return self._made.wrap_bio(*args, **options)
