"""The TLS settings that all clients share."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import httpx

from ._redaction import escape_unprintable
from .errors import ConfigurationError

_NAMED = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def tls() -> Callable[[], ssl.SSLContext]:
    """What gives the TLS settings of a client, which are made once for all.

    Reading the certificates of all authorities takes longer than everything else about a client, a fifth of the time
    from starting Python to the first answer. So it waits for the first connection: whoever talks to a server of tests
    over plain http has no use for them. What the environment names may be missing or broken, and is read at once.

    Raises:
        ConfigurationError: What the environment names cannot be read. The message names the variable.
    """
    named = tuple(map(os.environ.get, _NAMED))
    if any(named):
        context = _named(named)
        return lambda: context
    return _default


@lru_cache(maxsize=8)
def _named(named: tuple[str | None, ...]) -> ssl.SSLContext:
    file, folder, _ = named
    if file and not Path(file).is_file():  # a pipe or a device would be waited for
        raise ConfigurationError(f"SSL_CERT_FILE must name a file of certificates, and {file!r} is none")
    if folder and not file and not Path(folder).is_dir():
        raise ConfigurationError(f"SSL_CERT_DIR must name a folder of certificates, and {folder!r} is none")
    try:
        return httpx.create_ssl_context()  # it looks for them in the environment too
    except (OSError, ValueError) as error:
        names = " or ".join(name for name, value in zip(_NAMED, named, strict=True) if value)
        problem = escape_unprintable(str(error))
        raise ConfigurationError(f"what {names} says of certificates is wrong: {problem}") from error


_made: list[ssl.SSLContext] = []
_making = threading.Lock()


def _default() -> ssl.SSLContext:
    with _making:
        if not _made:
            _made.append(httpx.create_ssl_context(trust_env=False))
        return _made[0]


def _after_fork() -> None:
    global _making
    _making = threading.Lock()  # a thread that the child does not have may hold the other one


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
