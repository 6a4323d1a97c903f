"""TLS: the certificates of authorities are read once for all clients, when somebody connects, and then they count."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from gcore_iam import APIConnectionError, AsyncIAMClient, ConfigurationError, IAMClient, tls
from gcore_iam.testing import FakeIAM

from .conftest import ClientKind

USER = next(iter(FakeIAM(1).users))


class Handler(BaseHTTPRequestHandler):
    """Responds with one user."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps(USER).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *words: object) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


@pytest.fixture
def https(authority: trustme.CA) -> Iterator[str]:
    """A server whose certificate the authority has signed, and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def _new_default_context(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tls, "_DEFAULT", tls._DefaultContext())


@pytest.fixture
def tls_contexts(monkeypatch: pytest.MonkeyPatch, authority: trustme.CA) -> list[ssl.SSLContext]:
    """The contexts that httpx has made, all of which trust the authority."""
    contexts: list[ssl.SSLContext] = []
    real = httpx.create_ssl_context

    def create(*arguments: Any, **options: Any) -> ssl.SSLContext:
        context = real(*arguments, **options)
        authority.configure_trust(context)
        contexts.append(context)
        return context

    monkeypatch.setattr(httpx, "create_ssl_context", create)
    return contexts


def test_the_first_connection_makes_the_settings_of_all_clients(
    https: str, tls_contexts: list[ssl.SSLContext], client_kind: ClientKind
) -> None:
    clients = [IAMClient("42_k", base_url=https) for _ in range(5)]
    AsyncIAMClient("42_k", base_url=https)
    assert not tls_contexts, "a new client reads no file"
    assert client_kind.run(lambda iam: iam.users.get(1), "42_k", base_url=https).email == USER["email"]
    with ThreadPoolExecutor(5) as threads:
        list(threads.map(lambda iam: iam.users.get(1), clients))
    for iam in clients:
        iam.close()
    assert len(tls_contexts) == 1


def test_plain_http_takes_no_certificates(tls_contexts: list[ssl.SSLContext], fake: FakeIAM, url: str) -> None:
    with IAMClient(fake.api_key, base_url=url) as iam:
        iam.users.get(1)
    assert not tls_contexts


def test_a_certificate_of_an_unknown_authority_is_refused(https: str, client_kind: ClientKind) -> None:
    with pytest.raises(APIConnectionError) as caught:
        client_kind.run(lambda iam: iam.users.get(1), "42_k", base_url=https, retries=0)
    assert not caught.value.sent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only some systems can")
def test_a_forked_process_goes_on_with_the_same_settings(https: str, authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    program = f"""
import os
import httpx
from gcore_iam import IAMClient, tls
real = httpx.create_ssl_context
made = []
def create(*words, **options):
    made.append(real(*words, **options))
    made[-1].load_verify_locations({str(tmp_path / "ca.pem")!r})
    return made[-1]
httpx.create_ssl_context = create
iam = IAMClient("42_k", base_url={https!r})
iam.users.get(1)
child = os.fork()
iam.users.get(1)
with IAMClient("42_k", base_url={https!r}) as other:
    other.users.get(1)
assert len(made) == 1
if not child:
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSL")}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=30)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only some systems can")
def test_a_fork_while_certificates_are_read_is_no_deadlock() -> None:
    program = """
import os
from gcore_iam import tls
tls._DEFAULT._lock.acquire()  # as a thread does, which the child does not have
child = os.fork()
if not child:
    tls.get_tls()()
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSL")}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=30)


def test_the_environment_counts_when_a_client_is_made(
    https: str, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with IAMClient("42_k", base_url=https, retries=0) as iam:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        with pytest.raises(APIConnectionError):
            iam.users.get(1)
    with IAMClient("42_k", base_url=https) as iam:
        assert iam.users.get(1).id
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigurationError, match="certificates"):
        IAMClient("42_k", base_url=https)


def test_the_environment_names_an_authority(
    https: str, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with IAMClient("42_k", base_url=https) as iam:
        assert iam.users.get(1).email == USER["email"]
