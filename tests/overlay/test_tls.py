"""TLS: the certificates of authorities are read once for all clients, when somebody connects, and then they count."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from gcore_iam import APIConnectionError, AsyncIAMClient, IAMClient, tls
from gcore_iam.testing import FakeIAM

from .conftest import Colour

USER = next(iter(FakeIAM(1).users))


class Handler(BaseHTTPRequestHandler):
    """Answers with one user."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps(USER).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *words: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def https(authority: trustme.CA) -> Iterator[str]:
    """A server whose certificate the authority has signed, and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def _from_the_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)
    tls._tls.cache_clear()
    yield
    tls._tls.cache_clear()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, authority: trustme.CA) -> list[ssl.SSLContext]:
    """The contexts that httpx has made, all of which trust the authority."""
    contexts = []
    real = httpx.create_ssl_context

    def create(*arguments: Any, **options: Any) -> ssl.SSLContext:
        context = real(*arguments, **options)
        authority.configure_trust(context)
        contexts.append(context)
        return context

    monkeypatch.setattr(httpx, "create_ssl_context", create)
    return contexts


def test_clients_of_all_colours_share_settings_that_the_first_connection_makes(
    https: str, made: list[ssl.SSLContext], colour: Colour
) -> None:
    clients = [IAMClient("42_k", base_url=https) for _ in range(5)]
    AsyncIAMClient("42_k", base_url=https)
    assert not made, "who only makes a client waits for no file"
    assert colour.run(lambda iam: iam.users.get(1), "42_k", base_url=https).email == USER["email"]
    with ThreadPoolExecutor(5) as threads:
        list(threads.map(lambda iam: iam.users.get(1), clients))
    for iam in clients:
        iam.close()
    assert len(made) == 1


def test_plain_http_takes_no_certificates(made: list[ssl.SSLContext]) -> None:
    fake = FakeIAM(1)
    with fake.serve() as url, IAMClient(fake.api_key, base_url=url) as iam:
        iam.users.get(next(iter(fake.users))["id"])
    assert not made


def test_a_certificate_of_nobody_known_is_refused(https: str, colour: Colour) -> None:
    with pytest.raises(APIConnectionError) as caught:
        colour.run(lambda iam: iam.users.get(1), "42_k", base_url=https, retries=0)
    assert not caught.value.sent


def test_what_is_not_passed_on_meets_settings_that_trust_nobody() -> None:
    deferred = tls.tls()
    assert deferred.verify_mode is ssl.CERT_REQUIRED
    assert deferred.check_hostname
    assert not deferred.get_ca_certs()


def test_the_environment_names_an_authority(
    https: str, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with IAMClient("42_k", base_url=https) as iam:
        assert iam.users.get(1).email == USER["email"]
