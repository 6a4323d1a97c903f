"""Loads the TLS settings that all clients share."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import httpx

from . import _fork
from ._redaction import escape_unprintable
from .errors import ConfigurationError

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def get_tls() -> Callable[[], ssl.SSLContext]:
    """Return a function that returns the TLS settings, which all clients share.

    Reading the certificates of all authorities takes a fifth of the time from the start of Python to the first
    response. So the function reads them when it is first called; plain http does not need them. Files that the
    environment names may be missing or invalid, so they are read at once.

    Raises:
        ConfigurationError: A file that the environment names cannot be read. The message names the variable.
    """
    values = tuple(map(os.environ.get, _VARIABLES))
    if any(values):
        context = _load_context(values)
        return lambda: context
    return _DEFAULT.get


@lru_cache(maxsize=8)
def _load_context(values: tuple[str | None, ...]) -> ssl.SSLContext:
    file, folder, _ = values
    if file and not Path(file).is_file():  # reading a pipe or a device may never end
        raise ConfigurationError(f"SSL_CERT_FILE must name a file of certificates; {file!r} is not a file")
    if folder and not file and not Path(folder).is_dir():
        raise ConfigurationError(f"SSL_CERT_DIR must name a folder of certificates; {folder!r} is not a folder")
    try:
        return httpx.create_ssl_context()  # reads the environment too
    except (OSError, ValueError) as error:
        names = " or ".join(name for name, value in zip(_VARIABLES, values, strict=True) if value)
        problem = escape_unprintable(str(error))
        raise ConfigurationError(f"the certificates of {names} cannot be loaded: {problem}") from error


class _DefaultContext:
    """The TLS settings of clients without certificates in the environment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        _fork.register(self)

    def get(self) -> ssl.SSLContext:
        """Return the settings; the first call reads the certificates of all authorities."""
        with self._lock:
            if self._context is None:
                self._context = httpx.create_ssl_context(trust_env=False)
            return self._context

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may hold."""
        self._lock = threading.Lock()


_DEFAULT = _DefaultContext()
