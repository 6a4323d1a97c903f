"""Builds transports whose sockets keep the deadline of an attempt, and warns when sync code blocks an event loop.

The timeouts of httpx apply to a single read or write. A server that slowly sends single bytes of a header, of interim
responses, of chunk extensions or of trailers never exceeds them. Here the timeout of each connect, TLS handshake, read
and write ends at the deadline. Sync code cannot bound the lookup of a host's addresses.

httpx has no argument for a network backend. The backend is set in `_pool` of `HTTPTransport`, the only attribute of a
dependency that is not public and that this library sets; `test_network_backend.py` fails if httpx removes it.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpcore
import httpx

from .._warnings import warn_caller
from .deadlines import DEADLINE, remaining_seconds

_PIECE = 4096
"""Bytes of one write. A socket with free space takes this many at once, so each write waits at most once."""


def build_transport(
    ssl_context: ssl.SSLContext, limits: httpx.Limits, proxy: httpx.Proxy | None = None
) -> httpx.HTTPTransport:
    """Build a transport for sync code that keeps deadlines.

    Args:
        ssl_context: The TLS settings for servers.
        limits: The limits of its connections.
        proxy: The proxy of all requests; None for none.

    Returns:
        The transport. It has httpx's own class, because tools that observe or replace requests patch its methods.

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
    """Build a transport for async code, where a deadline cancels the task."""
    return httpx.AsyncHTTPTransport(verify=ssl_context, limits=limits, proxy=proxy)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections within the deadline of the attempt that needs them.

    Args:
        backend: The backend that opens them; None for httpcore's own.
    """

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
        """See `httpcore.NetworkBackend.connect_tcp`. The addresses of the host share the deadline."""
        addresses = [host] if DEADLINE.get() is None else _look_up(host, port)
        while True:
            address = addresses.pop(0)
            try:
                seconds = _clamp(timeout, httpcore.ConnectTimeout)
                return DeadlineStream(
                    self._backend.connect_tcp(
                        address, port, timeout=seconds, local_address=local_address, socket_options=socket_options
                    )
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """See `httpcore.NetworkBackend.connect_unix_socket`."""
        seconds = _clamp(timeout, httpcore.ConnectTimeout)
        return DeadlineStream(self._backend.connect_unix_socket(path, timeout=seconds, socket_options=socket_options))


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose reads and writes end at the deadline of the attempt that makes them.

    Args:
        stream: The connection.
        tls_layers: How many layers of TLS it has: two to a server behind an https proxy.
    """

    def __init__(self, stream: httpcore.NetworkStream, tls_layers: int = 0) -> None:
        self._stream = stream
        self._tls_layers = tls_layers

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """See `httpcore.NetworkStream.read`."""
        if DEADLINE.get() is None:
            return self._stream.read(max_bytes, timeout=timeout)
        with self._clamp_step(timeout, httpcore.ReadTimeout, self._tls_layers) as seconds:
            return self._stream.read(max_bytes, timeout=seconds)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """See `httpcore.NetworkStream.write`."""
        if DEADLINE.get() is None:
            self._stream.write(buffer, timeout=timeout)
            return
        for start in range(0, len(buffer), _PIECE):
            with self._clamp_step(timeout, httpcore.WriteTimeout, self._tls_layers) as seconds:
                self._stream.write(buffer[start : start + _PIECE], timeout=seconds)

    def close(self) -> None:
        """See `httpcore.NetworkStream.close`. A thread that reads from the connection wakes up."""
        self._shut_down()
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """See `httpcore.NetworkStream.start_tls`."""
        layers = self._tls_layers + 1
        try:
            with self._clamp_step(timeout, httpcore.ConnectTimeout, layers) as seconds:
                return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, timeout=seconds), layers)
        except BaseException:
            self.close()  # httpcore does not close a connection whose handshake failed
            raise

    def get_extra_info(self, info: str) -> Any:
        """See `httpcore.NetworkStream.get_extra_info`."""
        return self._stream.get_extra_info(info)

    @contextmanager
    def _clamp_step(
        self, timeout: float | None, error: type[httpcore.TimeoutException], layers: int
    ) -> Iterator[float | None]:
        """Yield a timeout that ends no later than the deadline; raise `error` if the deadline has passed.

        In TLS within TLS, httpcore applies the timeout to each part of a record. There, a timer shuts the socket down
        at the deadline.
        """
        seconds, remaining = _clamp(timeout, error), remaining_seconds()
        if layers < 2 or remaining is None:
            yield seconds
            return
        is_over = threading.Event()

        def shut_down() -> None:
            is_over.set()
            self._shut_down()

        timer = threading.Timer(max(0.0, remaining), shut_down)
        timer.daemon = True
        with suppress(RuntimeError):  # the system has no more threads, or Python is exiting
            timer.start()
        try:
            yield seconds
        except (httpcore.NetworkError, OSError):
            if not is_over.is_set():
                raise
        finally:
            timer.cancel()
        if is_over.is_set():
            raise error("the deadline has passed")

    def _shut_down(self) -> None:
        connection = self._stream.get_extra_info("socket")
        if connection is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # `SSLSocket.shutdown` would disturb a reader


def _clamp(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    """Return a timeout that ends no later than the deadline; raise `error` if the deadline has passed."""
    remaining = remaining_seconds()
    if remaining is None:
        return timeout
    if remaining <= 0:  # a socket with a timeout of 0 does not wait, and raises another error
        raise error("the deadline has passed")
    return remaining if timeout is None else min(timeout, remaining)


def _look_up(host: str, port: int) -> list[str]:
    """Look up the addresses of a host, because `socket.create_connection` applies the whole timeout to each of them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


# --- event loops -----------------------------------------------------------------------------------------------------

_MESSAGE = (
    "a sync client of gcore_iam blocks the event loop that runs in this thread; use AsyncIAMClient, call it in another "
    "thread, or filter this warning if that is intended"
)

_warning_lock = threading.Lock()
_has_warned = False


async def warn_if_event_loop_is_running_async() -> None:
    """Do nothing: async code does not block its event loop."""


def warn_if_event_loop_is_running() -> None:
    """Warn once in a process if an event loop of asyncio or trio runs in this thread; never in a notebook.

    Raises:
        RuntimeWarning: A filter turns the warning into an error; then every call raises it.
    """
    global _has_warned
    if _has_warned or not _is_event_loop_running() or _is_notebook():
        return
    with _warning_lock:
        if _has_warned:
            return
        _has_warned = True
    try:
        warn_caller(_MESSAGE, RuntimeWarning)
    except BaseException:
        _has_warned = False
        raise


def _is_event_loop_running() -> bool:
    if _call_if_loaded("asyncio", "_get_running_loop") is not None:  # public: it is in `asyncio.events.__all__`
        return True
    trio_state = getattr(sys.modules.get("sniffio"), "thread_local", None)  # ten times as fast as `in_trio_run`
    if trio_state is not None:
        return getattr(trio_state, "name", None) is not None
    return bool(_call_if_loaded("trio.lowlevel", "in_trio_run"))


def _is_notebook() -> bool:
    """Return whether this is a notebook or an IPython shell, whose cells run in an event loop and may block it."""
    return (
        sys.modules.get("ipykernel") is not None
        or _call_if_loaded("IPython", "get_ipython") is not None
        or getattr(_call_if_loaded("marimo", "app_meta"), "mode", None) in ("edit", "run", "script")
    )


def _call_if_loaded(module: str, name: str) -> object:
    """Call a function of a module; return None if the module is not loaded, or is still being loaded."""
    function = getattr(sys.modules.get(module), name, None)
    return None if function is None else function()
