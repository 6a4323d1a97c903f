"""The network backend of sync code: where it is put in, and what it bounds."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore
import httpx
import pytest
import trustme
from gcore_iam import IAMClient
from gcore_iam._concurrency.blocking_io import DeadlineBackend, DeadlineStream, build_transport
from gcore_iam._concurrency.deadlines import enforce_deadline
from gcore_iam.aio.transport import SHARD_LIMITS as LIMITS

from .page_transport import wait_until
from .raw_server import HEAD, SECONDS, Respond, drip, message, send, serve, stay_silent

TLS = ssl.create_default_context()


def test_httpx_keeps_its_connections_in_pool() -> None:
    """`build_transport` replaces this attribute; without it, deadlines would not bound sync code any more."""
    assert isinstance(vars(httpx.HTTPTransport(verify=TLS))["_pool"], httpcore.ConnectionPool)


def test_a_transport_uses_the_pool_that_is_put_in() -> None:
    transport = build_transport(TLS, LIMITS)
    with serve(send(message(b"{}"))) as (url, connections), httpx.Client(transport=transport) as client:
        client.get(url)
        assert (connections.accepted, connections.open) == (1, 1)
    assert connections.wait_for_open(0)


@pytest.mark.slow
def test_the_client_uses_transports_of_httpx_with_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools that observe or replace requests, such as pytest-httpx and OpenTelemetry, patch httpx's class."""
    pools: list[type] = []
    send = httpx.HTTPTransport.handle_request

    def handle(pool: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        pools.append(type(pool))
        return send(pool, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    with serve(drip(HEAD + b"X-A: ", b"a")) as (url, _), IAMClient("42_k", base_url=url, retries=0, timeout=0.2) as iam:
        with pytest.raises(ConnectionError), enforce_deadline(time.monotonic() + 0.3):
            iam.users.get(1)
        assert pools == [httpx.HTTPTransport]


@pytest.mark.parametrize(("scheme", "name"), [("http", "HTTPProxy"), ("https", "HTTPProxy"), ("socks5", "SOCKSProxy")])
def test_a_pool_for_a_proxy_has_the_settings_of_httpx(scheme: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    monkeypatch.setitem(sys.modules, "socksio", object())  # an extra of httpx
    monkeypatch.setattr(httpcore, name, lambda **settings: seen.append(settings))
    build_transport(TLS, LIMITS, httpx.Proxy(f"{scheme}://user:pass@proxy.invalid:3128", headers={"X-A": "b"}))
    theirs, ours = seen
    assert isinstance(ours.pop("network_backend"), DeadlineBackend)
    assert {key: repr(value) for key, value in ours.items()} == {key: repr(theirs[key]) for key in ours}
    assert theirs.keys() - ours.keys() <= {"http1", "http2", "socket_options"}, "those have httpcore's defaults"


@pytest.mark.slow
@pytest.mark.parametrize(
    "respond",
    [stay_silent, drip(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"), drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n")],
    ids=["silent", "header", "interim responses"],
)
@pytest.mark.parametrize("target", ["https://iam.invalid/", "http://iam.invalid/"])
def test_a_deadline_ends_what_a_proxy_draws_out(respond: Respond, target: str) -> None:
    start = time.monotonic()
    with serve(respond) as (url, connections):
        transport = build_transport(TLS, LIMITS, httpx.Proxy(url))
        with httpx.Client(transport=transport, timeout=60) as client:
            with enforce_deadline(start + 0.3), pytest.raises(httpx.TimeoutException):
                client.get(target)
            assert connections.wait_for_open(0)
    assert time.monotonic() - start < SECONDS - 2


@pytest.mark.slow
@pytest.mark.parametrize("part", ["the outer handshake", "CONNECT", "the inner handshake", "the response"])
def test_a_deadline_ends_what_an_https_proxy_draws_out(part: str, authority: trustme.CA) -> None:
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "iam.test").configure_cert(server_tls)
    client_tls = ssl.create_default_context()
    authority.configure_trust(client_tls)

    def respond(connection: socket.socket) -> None:
        slow_handshake = drip(b"\x16\x03\x03\x40\x00", b"a")
        if part == "the outer handshake":
            return slow_handshake(connection)
        with server_tls.wrap_socket(connection, server_side=True) as outer:
            outer.recv(65536)
            if part == "CONNECT":
                return drip(b"HTTP/1.1 200 OK\r\nX-A: ", b"a")(outer)
            outer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            if part == "the inner handshake":
                return slow_handshake(outer)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            inner = server_tls.wrap_bio(incoming, outgoing, server_side=True)
            is_done = False
            while not is_done:
                try:
                    inner.do_handshake()
                    is_done = True
                except ssl.SSLWantReadError:
                    outer.sendall(outgoing.read())
                    incoming.write(outer.recv(65536))
            inner.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
            record = outgoing.read()
            for byte in record[:100]:
                outer.sendall(bytes([byte]))
                time.sleep(0.015)
            outer.sendall(record[100:])
        return None

    start = time.monotonic()
    with serve(respond, reads_first=False) as (url, connections):
        proxy = httpx.Proxy(url.replace("http:", "https:"), ssl_context=client_tls)
        transport = build_transport(client_tls, LIMITS, proxy)
        with httpx.Client(transport=transport, timeout=60) as client:
            with enforce_deadline(start + 0.6), pytest.raises(httpx.TimeoutException):
                client.get("https://iam.test/")
            if part == "the response":
                assert client.get("https://iam.test/").json() == {}, "without a deadline it comes at last"
                assert connections.accepted == 2, "the first connection is not used again"
            else:
                assert connections.wait_for_open(0)
    assert part == "the response" or time.monotonic() - start < SECONDS - 2


class Recorder(httpcore.NetworkBackend, httpcore.NetworkStream):
    """A backend and a stream that record their timeouts, and let each operation take 0.02 s."""

    def __init__(self, connect_error: type[Exception] = httpcore.ConnectError) -> None:
        self.connect_error = connect_error
        self.timeouts: list[float | None] = []
        self.sizes: list[int] = []
        self.is_closed = False

    def _record(self, timeout: float | None) -> None:
        self.timeouts.append(timeout)
        time.sleep(0.02)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        self._record(timeout)
        if host != "127.0.0.3":
            raise self.connect_error(host)
        return self

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.NetworkStream:
        self._record(timeout)
        return self

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._record(timeout)
        return b"a"

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.sizes.append(len(buffer))
        self._record(timeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._record(timeout)
        return self

    def close(self) -> None:
        self.is_closed = True


def test_every_operation_gets_what_is_left_of_the_deadline() -> None:
    recorder = Recorder()
    with enforce_deadline(time.monotonic() + 10):
        stream = DeadlineBackend(recorder).connect_unix_socket("/tmp/s", timeout=60)  # noqa: S108 - not opened
        stream = stream.start_tls(TLS, timeout=60)
        stream.write(b"x" * 5000, timeout=60)
        stream.read(10, timeout=60)
        stream.read(10, timeout=None)
        stream.read(10, timeout=0.5)
    assert recorder.sizes == [4096, 904]
    *clamped, shorter = recorder.timeouts
    assert shorter == 0.5
    given = [timeout for timeout in clamped if timeout is not None]
    assert len(given) == 6
    assert given == sorted(given, reverse=True)
    assert given[0] - given[-1] >= 0.1, "each took 0.02 s"
    assert given[0] <= 10


def test_without_a_deadline_nothing_changes() -> None:
    recorder = Recorder()
    stream = DeadlineBackend(recorder).connect_tcp("127.0.0.3", 80, timeout=5)
    stream.write(b"x" * 5000, timeout=6)
    stream.read(10)
    assert recorder.timeouts == [5, 6, None]
    assert recorder.sizes == [5000]


def test_after_the_deadline_nothing_waits() -> None:
    recorder = Recorder()
    stream = DeadlineStream(recorder)
    with enforce_deadline(time.monotonic() - 1):
        with pytest.raises(httpcore.ReadTimeout):
            stream.read(10)
        with pytest.raises(httpcore.WriteTimeout):
            stream.write(b"x")
        with pytest.raises(httpcore.ConnectTimeout):
            DeadlineBackend(recorder).connect_tcp("127.0.0.3", 80)
        with pytest.raises(httpcore.ConnectTimeout):
            stream.start_tls(TLS)
    assert recorder.timeouts == []
    assert recorder.is_closed, "nothing else would close a connection whose handshake has failed"


@pytest.mark.parametrize("error", [httpcore.ReadError("reset"), OSError("reset")])
def test_a_connection_that_fails_before_the_deadline_says_so(error: Exception) -> None:
    """In TLS within TLS too, where the connection also fails when it is shut down at the deadline."""

    class Failing(Recorder):
        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            raise error

    with enforce_deadline(time.monotonic() + 10), pytest.raises(type(error), match="reset"):
        DeadlineStream(Failing(), tls_layers=2).read(10)


@pytest.mark.parametrize("error", [httpcore.ReadError("shut down"), OSError("shut down")])
def test_a_connection_that_is_shut_down_says_it_timed_out(error: Exception) -> None:
    class Failing(Recorder):
        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            assert is_shut_down.wait(SECONDS)
            raise error

        def get_extra_info(self, info: str) -> None:
            is_shut_down.set()

    is_shut_down = threading.Event()
    with enforce_deadline(time.monotonic() + 0.01), pytest.raises(httpcore.ReadTimeout):
        DeadlineStream(Failing(), tls_layers=2).read(10)


@pytest.mark.slow
def test_a_step_that_has_ended_shuts_nothing_down() -> None:
    class Connected(Recorder):
        def get_extra_info(self, info: str) -> socket.socket:
            return ours

    ours, theirs = socket.socketpair()
    with ours, theirs:
        with enforce_deadline(time.monotonic() + 0.05):
            DeadlineStream(Connected(), tls_layers=2).read(10)
        time.sleep(0.1)
        theirs.sendall(b"later")
        assert ours.recv(10) == b"later"


def test_closing_a_connection_wakes_up_its_reader() -> None:
    with serve(stay_silent, reads_first=False) as (url, _), ThreadPoolExecutor(1) as executor:
        stream = DeadlineBackend().connect_tcp("127.0.0.1", httpx.URL(url).port or 0, timeout=SECONDS)
        reading = executor.submit(stream.read, 10, SECONDS)
        assert wait_until(reading.running)
        stream.close()
        with contextlib.suppress(httpcore.ReadError):
            assert reading.result(SECONDS / 2) == b""


@pytest.mark.parametrize("error", [httpcore.ConnectError, httpcore.ConnectTimeout])
def test_the_addresses_of_a_host_share_one_deadline(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(host: str, port: int, **_: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.3"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    recorder = Recorder(error)
    with enforce_deadline(time.monotonic() + 10):
        DeadlineBackend(recorder).connect_tcp("many.invalid", 80, timeout=60)
    first, second, third = (timeout or 0.0 for timeout in recorder.timeouts)
    assert first > second > third


def test_a_host_without_an_address_is_a_connection_error() -> None:
    with enforce_deadline(time.monotonic() + 10), pytest.raises(httpcore.ConnectError):
        DeadlineBackend().connect_tcp("nowhere.invalid", 80)


def test_a_patched_transport_of_httpx_sees_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """As pytest-httpx and OpenTelemetry do."""
    seen: list[str] = []

    def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json=[])

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    with IAMClient("42_k", base_url="http://127.0.0.1:9") as iam:
        assert iam.tokens.list(1) == []
    assert seen == ["http://127.0.0.1:9/iam/v2/clients/1/tokens"]
