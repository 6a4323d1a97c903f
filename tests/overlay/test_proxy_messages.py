"""Messages about failures of a proxy name the proxy, and where it comes from."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from gcore_iam import APIConnectionError

from .conftest import ClientKind


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextmanager
def serve_proxy(status: int) -> Iterator[int]:
    """Serve a proxy that responds to CONNECT with a status, and to nothing in the tunnel; return its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *words: Any) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server.server_port
        server.shutdown()


def get_message(client_kind: ClientKind, **options: Any) -> str:
    """Make a call that fails, and return its message."""
    base_url = "https://api.example.com"
    with pytest.raises(APIConnectionError) as caught:
        client_kind.run(lambda iam: iam.users.get(1), "42_k", base_url=base_url, retries=0, **options)
    assert not caught.value.sent
    return str(caught.value)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_that_is_not_reached_is_named(
    client_kind: ClientKind, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        monkeypatch.setenv(variable, f"http://user:c4n4ry@127.0.0.1:{port}")
        message = get_message(client_kind)
    assert message.startswith("GET https://api.example.com/iam/users/1: ")
    assert message.endswith(f", through the proxy 127.0.0.1:{port} ({variable})")
    assert "c4n4ry" not in message


def test_an_unknown_host_of_a_proxy_is_named(client_kind: ClientKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    assert get_message(client_kind).endswith(", through the proxy proxy.invalid:3128 (HTTPS_PROXY)")


@pytest.mark.parametrize("status", [404, 407])
def test_a_proxy_that_refuses_is_named(client_kind: ClientKind, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_proxy(status) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        message = get_message(client_kind)
    assert f": the proxy does not connect to the server: {status} " in message
    assert message.endswith(f", through the proxy 127.0.0.1:{port} (HTTPS_PROXY)")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_tls_failure_with_a_proxy_names_it(
    client_kind: ClientKind, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy speaks no TLS itself; or it makes a tunnel that ends at once."""
    with serve_proxy(200) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{port}")
        message = get_message(client_kind)
    assert message.endswith(f", through the proxy 127.0.0.1:{port} (HTTPS_PROXY)")


def test_a_refusing_proxy_of_a_users_transport_is_told_apart(client_kind: ClientKind) -> None:
    with serve_proxy(407) as port:
        kind = httpx.AsyncHTTPTransport if client_kind.is_async else httpx.HTTPTransport
        message = get_message(client_kind, transport=kind(proxy=f"http://127.0.0.1:{port}"))
    assert ": the proxy does not connect to the server: 407 " in message


def test_a_failure_without_a_proxy_names_none(client_kind: ClientKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.com")

    def refuse(*_: object, **__: object) -> object:
        raise OSError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert "proxy" not in get_message(client_kind)
