"""What a session does when a refresh is refused, unreadable, or brings a token that seems to be over."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from gcore_iam import (
    AuthenticationError,
    DecodeError,
    FileTokenStore,
    IAMClient,
    IAMError,
    MemoryTokenStore,
    Session,
)

from .conftest import ClientKind

EMAIL, PASSWORD = "ada@example.com", "correct-horse-battery"
LOGIN, REFRESH = "/iam/auth/jwt/login", "/iam/auth/jwt/refresh"


def encode(claims: dict[str, Any]) -> str:
    return "x." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".x"


class Server:
    """Issues pairs; each refresh token serves once, and only the newest access token is good.

    Args:
        claims: Gives the claims of an access token; without any the token is opaque.
    """

    def __init__(self, claims: Callable[[], dict[str, Any]] | None = None) -> None:
        self.claims = claims
        self.refresh_answer: tuple[int, bytes] | None = None
        self.login_status = 200
        self.logins = self.issued = self.gets = 0
        self.sent: list[str] = []
        self.access, self.refresh = "", ""
        self._lock = threading.Lock()

    def issue(self) -> tuple[str, str]:
        self.issued += 1
        self.access, self.refresh = f"a{self.issued}", f"r{self.issued}"
        if self.claims is not None:
            self.access = encode({**self.claims(), "jti": self.issued})
        return self.access, self.refresh

    def expire(self) -> None:
        self.access = ""

    def answer(self, path: str, body: dict[str, Any], authorization: str) -> tuple[int, bytes]:
        with self._lock:
            if path == LOGIN:
                self.logins += 1
                if self.login_status != 200:
                    return self.login_status, b"{}"
            elif path == REFRESH:
                self.sent.append(body["refresh"])
                if self.refresh_answer is not None:
                    return self.refresh_answer
                if body["refresh"] != self.refresh:
                    return 401, b'{"errors": "Token is invalid"}'
            else:
                self.gets += 1
                return (200, b"[]") if authorization == f"Bearer {self.access}" else (401, b'{"errors": "expired"}')
            access, refresh = self.issue()
            return 200, json.dumps({"access": access, "refresh": refresh}).encode()

    @contextmanager
    def serve(self) -> Iterator[str]:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name in the library
                """Be quiet."""

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, body = answer(self.path, json.loads(content or b"{}"), self.headers.get("authorization", ""))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST  # noqa: N815 - its name in the library

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=[0.01])
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                server.shutdown()
                thread.join()


def get(client_kind: ClientKind, session: Session, url: str) -> Any:
    return client_kind.run(lambda iam: iam.users.list().collect(), session, base_url=url, retries=0)


UNUSABLE = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b'"text"',
    b"<html>Sign in to the guest network</html>",
    b"\xff\xfe",
    b'{"access": null, "refresh": null}',
    b'{"access": "a", "refresh": null}',
    b'{"access": null, "refresh": "r"}',
    b'{"access": 5, "refresh": 6}',
    b'{"access": "a b", "refresh": "c"}',
    b'{"access": "a", "refresh": "c\\u0000"}',
    b'{"access": "a\\r\\nX: y", "refresh": "c"}',
    b'{"access": "", "refresh": ""}',
    b'{"access": ["a"], "refresh": {"b": 1}}',
    b'{"access": "\\ud800", "refresh": "c"}',
    b'{"access": "a", "refresh": "refused:0"}',
    b'[{"access": "a", "refresh": "c"}]',
]


@pytest.mark.parametrize("body", UNUSABLE)
def test_an_unusable_refresh_leads_to_a_login(client_kind: ClientKind, body: bytes) -> None:
    server = Server()
    session = Session(EMAIL, PASSWORD)
    with server.serve() as url:
        for _ in range(3):
            get(client_kind, session, url)
            server.refresh_answer = 200, body
            server.expire()
    assert server.logins == 3
    assert server.sent == ["r1", "r2"]


@pytest.mark.parametrize("body", UNUSABLE[:10])
def test_an_unusable_refresh_without_a_password_is_told(client_kind: ClientKind, body: bytes, tmp_path: Path) -> None:
    server = Server()
    path = tmp_path / "tokens.json"
    access, refresh = server.issue()
    server.expire()
    server.refresh_answer = 200, body
    session = Session.from_tokens(access, refresh, store=FileTokenStore(path))
    with server.serve() as url:
        with pytest.raises(DecodeError) as first:
            get(client_kind, session, url)
        with pytest.raises(AuthenticationError, match="not sent again") as second:
            get(client_kind, session, url)
        with pytest.raises(AuthenticationError, match="not sent again"):
            get(client_kind, Session.from_tokens(access, refresh, store=FileTokenStore(path)), url)
    for caught in (first, second):
        assert any("new login" in note for note in caught.value.__notes__)
    assert server.sent == ["r1"]


def test_an_unusable_refresh_is_not_sent_again_when_the_login_fails(client_kind: ClientKind) -> None:
    server = Server()
    session = Session(EMAIL, PASSWORD)
    with server.serve() as url:
        get(client_kind, session, url)
        server.expire()
        server.refresh_answer, server.login_status = (200, b"{}"), 400
        for _ in range(2):
            with pytest.raises(IAMError):
                get(client_kind, session, url)
        server.login_status = 200
        get(client_kind, session, url)
    assert server.sent == ["r1"]


# --- refused tokens --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_refused_refresh_token_is_sent_once(client_kind: ClientKind, status: int, tmp_path: Path) -> None:
    server = Server()
    access, refresh = server.issue()
    server.expire()
    server.refresh_answer = status, b'{"errors": "no"}'
    path = tmp_path / "tokens.json"
    session = Session.from_tokens(access, refresh, store=FileTokenStore(path))
    with server.serve() as url:
        for again in (session, session, Session.from_tokens(access, refresh, store=FileTokenStore(path))):
            with pytest.raises(IAMError):
                get(client_kind, again, url)
    assert server.sent == ["r1"]
    assert "r1" not in json.loads(path.read_text("utf-8"))["refresh"]


def test_a_refused_descendant_is_sent_once_and_so_is_the_given_token(client_kind: ClientKind, tmp_path: Path) -> None:
    server = Server()
    access, refresh = server.issue()
    server.expire()
    path = tmp_path / "tokens.json"

    def make() -> Session:
        return Session.from_tokens(access, refresh, store=FileTokenStore(path))

    with server.serve() as url:
        get(client_kind, make(), url)
        server.expire()
        server.refresh_answer = 401, b'{"errors": "revoked"}'
        for _ in range(3):
            with pytest.raises(AuthenticationError):
                get(client_kind, make(), url)
        assert sorted(server.sent) == ["r1", "r1", "r2"]  # r1 was accepted before, and refused once
        server.refresh_answer = None
        newer = Session.from_tokens(server.issue()[0], server.refresh, store=FileTokenStore(path))
        server.expire()
        get(client_kind, newer, url)  # a new login's tokens are good in the same store


def test_threads_and_clients_send_a_refused_token_once() -> None:
    server = Server()
    access, refresh = server.issue()
    server.expire()
    store = MemoryTokenStore()
    sessions = [Session.from_tokens(access, refresh, store=store) for _ in range(4)]

    def fail(session: Session) -> bool:
        with IAMClient(session, base_url=url, retries=0) as iam, pytest.raises(AuthenticationError):
            iam.users.list().collect()
        return True

    server.refresh_answer = 401, b"{}"
    with server.serve() as url, ThreadPoolExecutor(20) as pool:
        assert all(pool.map(fail, sessions * 5))
    assert server.sent == ["r1"]


def test_a_refusal_is_no_reason_to_forget_the_access_token(client_kind: ClientKind) -> None:
    """Another client's token is refused first; this one's access token still serves."""
    server = Server(lambda: {"iat": time.time(), "exp": time.time() + 3600})
    access, refresh = server.issue()
    session = Session.from_tokens(access, refresh)
    server.refresh_answer = 401, b"{}"
    with server.serve() as url:
        get(client_kind, session, url)
        server.expire()
        with pytest.raises(AuthenticationError):
            get(client_kind, session, url)
        server.access = access
        get(client_kind, session, url)
    assert server.sent == ["r1"]


# --- clocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        lambda: {"exp": time.time() - 7200},
        lambda: {"exp": time.time()},
        lambda: {"exp": time.time() + 30},
        lambda: {"exp": time.time() + 90},
        lambda: {"exp": 0},
        lambda: {"exp": time.time() - 3600, "iat": time.time() - 3600},
        lambda: {"exp": time.time() - 3600, "iat": time.time()},
        lambda: {"exp": time.time() - 3600, "iat": "then"},
        lambda: {"exp": time.time() - 3600, "iat": time.time() - 7200},
    ],
)
@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_server_clock_that_is_behind_costs_no_refreshes(
    client_kind: ClientKind, claims: Callable[[], dict[str, Any]], kind: str, tmp_path: Path
) -> None:
    server = Server(claims)
    path = tmp_path / "tokens.json"
    session = Session(EMAIL, PASSWORD, store=FileTokenStore(path) if kind == "file" else None)
    with server.serve() as url:
        for _ in range(3):
            get(client_kind, session, url)
        if kind == "file":
            get(client_kind, Session(EMAIL, PASSWORD, store=FileTokenStore(path)), url)
        assert (server.logins, server.sent) == (1, [])
        server.expire()  # the server refuses it
        for _ in range(3):
            get(client_kind, session, url)
        assert (server.logins, server.sent) == (1, ["r1"])
