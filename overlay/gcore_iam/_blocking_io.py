"""Where sync code blocks: sockets that keep to the deadline of an attempt, and a warning within an event loop.

The timeouts of httpx are for one read or write: a server that keeps sending a byte now and then is never too late, be
it in a header, in interim responses, in chunk extensions or in trailers. Here each connect, TLS handshake, read and
write gets what is left of the deadline. Looking up a host's address cannot be bounded in sync code.

httpx has no argument for a network backend. It is put in where httpx keeps its connections, `_pool` of `HTTPTransport`,
the only attribute of a dependency that is not public and that this library sets; `test_network_backend.py` fails when
httpx does without it.
"""

from __future__ import annotations

import inspect
import socket
import ssl
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

import httpcore
import httpx

from ._concurrency.deadlines import DEADLINE, remaining_seconds

_PIECE = 4096
"""Bytes of one write: a socket that has room takes so few at once, so no write waits twice."""

_NESTED = 2
"""TLS layers from which httpcore works on the socket by itself, part of a record by part."""


def build_transport(
    ssl_context: ssl.SSLContext, limits: httpx.Limits, proxy: httpx.Proxy | None = None
) -> httpx.HTTPTransport:
    """Build a transport for sync code that keeps to deadlines.

    Args:
        ssl_context: The TLS settings for servers.
        limits: The limits of its connections.
        proxy: The proxy that all requests go through; None for none.

    Returns:
        The transport: httpx's own class, because tools that observe or replace requests patch its methods.

    Raises:
        ValueError: The proxy has a scheme that httpx does not support.
        ImportError: A SOCKS proxy needs `httpx[socks]`.
    """
    transport = httpx.HTTPTransport(verify=ssl_context, limits=limits, proxy=proxy)
    settings: dict[str, Any] = {
        "ssl_context": ssl_context,
        "max_connections": limits.max_connections,
        "max_keepalive_connections": limits.max_keepalive_connections,
        "keepalive_expiry": limits.keepalive_expiry,
        "network_backend": DeadlineBackend(),
    }
    pool: httpcore.ConnectionPool
    if proxy is None:
        pool = httpcore.ConnectionPool(**settings)
    else:
        url = httpcore.URL(
            scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=proxy.url.raw_path
        )
        if proxy.url.scheme in ("socks5", "socks5h"):
            pool = httpcore.SOCKSProxy(proxy_url=url, proxy_auth=proxy.raw_auth, **settings)
        else:
            pool = httpcore.HTTPProxy(
                proxy_url=url,
                proxy_auth=proxy.raw_auth,
                proxy_headers=proxy.headers.raw,
                proxy_ssl_context=proxy.ssl_context,
                **settings,
            )
    transport._pool = pool
    return transport


def build_transport_async(
    ssl_context: ssl.SSLContext, limits: httpx.Limits, proxy: httpx.Proxy | None = None
) -> httpx.AsyncHTTPTransport:
    """Build a transport for async code, where the deadline cancels whatever waits."""
    return httpx.AsyncHTTPTransport(verify=ssl_context, limits=limits, proxy=proxy)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections, each within the deadline of the attempt that needs it."""

    def __init__(self, backend: httpcore.NetworkBackend | None = None) -> None:
        self._backend = httpcore.SyncBackend() if backend is None else backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """See `httpcore.NetworkBackend.connect_tcp`."""

        def connect(address: str) -> httpcore.NetworkStream:
            seconds = _clamp(timeout, httpcore.ConnectTimeout)
            return self._backend.connect_tcp(
                address, port, timeout=seconds, local_address=local_address, socket_options=socket_options
            )

        if remaining_seconds() is None:
            return DeadlineStream(connect(host))
        return DeadlineStream(_connect_first(connect, _addresses(host, port)))

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """See `httpcore.NetworkBackend.connect_unix_socket`."""
        seconds = _clamp(timeout, httpcore.ConnectTimeout)
        return DeadlineStream(self._backend.connect_unix_socket(path, timeout=seconds, socket_options=socket_options))

    def sleep(self, seconds: float) -> None:
        """See `httpcore.NetworkBackend.sleep`."""
        time.sleep(_clamp(seconds, httpcore.ConnectTimeout) or 0.0)


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose reads and writes end at the deadline of the attempt that makes them.

    Args:
        stream: The connection.
        tls_layers: How often TLS was started on it; twice to a server behind an https proxy.
    """

    def __init__(self, stream: httpcore.NetworkStream, tls_layers: int = 0) -> None:
        self._stream = stream
        self._tls_layers = tls_layers

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """See `httpcore.NetworkStream.read`."""
        if DEADLINE.get() is None:
            return self._stream.read(max_bytes, timeout=timeout)
        with self._cut_nested_tls(self._tls_layers, httpcore.ReadTimeout):
            return self._stream.read(max_bytes, timeout=_clamp(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """See `httpcore.NetworkStream.write`."""
        if DEADLINE.get() is None:
            self._stream.write(buffer, timeout=timeout)
            return
        for start in range(0, len(buffer), _PIECE):
            piece = buffer[start : start + _PIECE]
            with self._cut_nested_tls(self._tls_layers, httpcore.WriteTimeout):
                self._stream.write(piece, timeout=_clamp(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """See `httpcore.NetworkStream.close`. A thread that reads from the connection is woken."""
        connection = self._stream.get_extra_info("socket")
        if connection is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # not that of SSLSocket, which may be in use
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """See `httpcore.NetworkStream.start_tls`."""
        layers = self._tls_layers + 1
        try:
            with self._cut_nested_tls(layers, httpcore.ConnectTimeout):
                seconds = _clamp(timeout, httpcore.ConnectTimeout)
                return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, timeout=seconds), layers)
        except BaseException:
            self.close()  # httpcore has no connection yet that it could close
            raise

    def get_extra_info(self, info: str) -> Any:
        """See `httpcore.NetworkStream.get_extra_info`."""
        return self._stream.get_extra_info(info)

    def _cut_nested_tls(self, layers: int, error: type[httpcore.TimeoutException]) -> AbstractContextManager[object]:
        """Shut the socket down at the deadline.

        Over TLS within TLS, httpcore gives the timeout to each part of a record.

        Raises:
            httpcore.TimeoutException: The deadline has passed meanwhile; of the given class.
        """
        remaining = remaining_seconds()
        if layers < _NESTED or remaining is None:
            return nullcontext()
        return _shut_down_after(remaining, self._stream.get_extra_info("socket"), error)


@contextmanager
def _shut_down_after(
    seconds: float, connection: socket.socket, error: type[httpcore.TimeoutException]
) -> Iterator[None]:
    is_over = threading.Event()

    def shut_down() -> None:
        is_over.set()
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)  # not that of SSLSocket, which is in use

    timer = threading.Timer(max(0.0, seconds), shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (httpcore.NetworkError, OSError) as failure:
        if is_over.is_set():
            raise error("the deadline has passed") from failure
        raise
    finally:
        timer.cancel()
    if is_over.is_set():
        raise error("the deadline has passed")


def _clamp(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    """Return a timeout that ends at the deadline at the latest.

    Raises:
        httpcore.TimeoutException: The deadline has passed; of the given class.
    """
    remaining = remaining_seconds()
    if remaining is None:
        return timeout
    if remaining <= 0:  # a timeout of 0 would mean not to wait, and fail in another way
        raise error("the deadline has passed")
    return remaining if timeout is None else min(timeout, remaining)


def _addresses(host: str, port: int) -> list[str]:
    """Look up the addresses of a host: the socket module would give each of them the whole timeout.

    Raises:
        httpcore.ConnectError: It has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _connect_first(connect: Callable[[str], httpcore.NetworkStream], addresses: list[str]) -> httpcore.NetworkStream:
    """Connect to the first address that can be connected to.

    Raises:
        httpcore.ConnectError: None of them can.
        httpcore.ConnectTimeout: The last one took too long, or the deadline has passed.
    """
    for address in addresses[:-1]:
        try:
            return connect(address)
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            continue
    return connect(addresses[-1])


# --- event loops -----------------------------------------------------------------------------------------------------

_MESSAGE = (
    "a sync client of gcore_iam blocks the event loop that runs in this thread; use AsyncIAMClient, call it in another "
    "thread, or filter this warning if that is intended"
)

_PACKAGES = ("gcore_iam", "gcore_iam_client")

_warning_lock = threading.Lock()
_has_warned = False


async def warn_if_event_loop_is_running_async() -> None:
    """Do nothing: async code does not block its event loop."""


def warn_if_event_loop_is_running() -> None:
    """Warn once in a process if an event loop of asyncio or trio runs in this thread; never in a notebook.

    Modules are looked at in `sys.modules` only: a library that is not loaded runs no loop, and one that another thread
    is still loading may lack any attribute.

    Raises:
        RuntimeWarning: A filter turns the warning into an error; then every call raises it.
    """
    if not _has_warned and _is_event_loop_running() and not _is_notebook():
        _warn_once()


def _is_event_loop_running() -> bool:
    get_running_loop = getattr(sys.modules.get("asyncio"), "_get_running_loop", None)  # of `asyncio.events.__all__`
    if get_running_loop is not None and get_running_loop() is not None:
        return True
    trio = sys.modules.get("trio")
    if trio is None:
        return False
    current = getattr(
        sys.modules.get("sniffio"), "thread_local", None
    )  # where trio says that it runs: a fifth of the time
    if current is not None:
        return getattr(current, "name", None) is not None
    in_trio_run = getattr(getattr(trio, "lowlevel", None), "in_trio_run", None)
    return in_trio_run is not None and bool(in_trio_run())


def _is_notebook() -> bool:
    """Return whether this is a notebook or an IPython shell, whose cells run in a loop that they may block."""
    modules: dict[str, Any] = sys.modules
    if modules.get("ipykernel") is not None:
        return True
    get_ipython = getattr(modules.get("IPython"), "get_ipython", None)
    if get_ipython is not None and get_ipython() is not None:
        return True
    running_in_notebook = getattr(modules.get("marimo"), "running_in_notebook", None)
    return running_in_notebook is not None and bool(running_in_notebook())


def _warn_once() -> None:
    global _has_warned
    with _warning_lock:
        if _has_warned:
            return
        _has_warned = True
    try:
        warnings.warn(_MESSAGE, RuntimeWarning, stacklevel=_count_own_frames() + 1)
    except BaseException:
        _has_warned = False
        raise


def _count_own_frames() -> int:
    """Count the frames of this library between the caller of this function and the user's code."""
    frame = inspect.currentframe()
    count = -1  # this function
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _PACKAGES:
        frame = frame.f_back
        count += 1
    return count
