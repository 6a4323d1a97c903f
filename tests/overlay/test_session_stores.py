"""Where sessions keep their tokens: in memory, in a file, in a store of the user's."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from gcore_iam import (
    ConfigurationError,
    FileTokenStore,
    MemoryTokenStore,
    Session,
)
from gcore_iam.auth import TokenPair
from gcore_iam.testing import FakeIAM

from .conftest import ClientKind
from .session_server import EMAIL, PASSWORD, USERS, count_exchanges, from_tokens, get_user

pytestmark = pytest.mark.fake_iam(USERS)


class RecordingStore(MemoryTokenStore):
    """A store of the user's own, which records after which request each pair was saved."""

    def __init__(self, fake: FakeIAM) -> None:
        super().__init__()
        self.saves: list[str] = []
        self._fake = fake
        self._is_locked = False

    def load(self) -> TokenPair | None:
        assert self._is_locked
        return super().load()

    def save(self, tokens: TokenPair) -> None:
        assert self._is_locked
        self.saves.append(f"saved after {self._fake.requests[-1].path}")
        super().save(tokens)

    @contextmanager
    def lock(self) -> Iterator[None]:
        self._is_locked = True
        yield
        self._is_locked = False


def test_a_pair_is_saved_before_it_is_used(client_kind: ClientKind, fake: FakeIAM) -> None:
    store = RecordingStore(fake)
    session = Session(EMAIL, PASSWORD, store=store)
    get_user(client_kind, fake, session)
    fake.clock.advance(hours=1)
    get_user(client_kind, fake, session)
    assert store.saves == ["saved after /iam/auth/jwt/login", "saved after /iam/auth/jwt/refresh"]


def test_a_store_that_cannot_be_locked_fails_first(client_kind: ClientKind, fake: FakeIAM, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be"):
        get_user(client_kind, fake, Session(EMAIL, PASSWORD, store=FileTokenStore(tmp_path / "file" / "tokens")))
    assert fake.calls["iamGetUser"] == 0


def test_a_pair_that_was_not_saved_is_saved_later(client_kind: ClientKind, fake: FakeIAM) -> None:
    class FullStore(MemoryTokenStore):
        is_full = False

        def save(self, tokens: TokenPair) -> None:
            if self.is_full:
                raise OSError(28, "No space left on device")
            super().save(tokens)

    store = FullStore()
    session = from_tokens(fake, store=store)
    fake.clock.advance(hours=1)
    store.is_full = True
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            get_user(client_kind, fake, session)
    store.is_full = False
    get_user(client_kind, fake, session)
    assert count_exchanges(fake) == (1, 1, 0)
    saved = store.load()
    assert saved is not None
    assert fake.requests[-1].revealed().headers["authorization"] == f"Bearer {saved.access}"


def test_sessions_share_the_tokens_of_a_memory_store(client_kind: ClientKind, fake: FakeIAM) -> None:
    store = MemoryTokenStore()
    for _ in range(3):
        get_user(client_kind, fake, Session(EMAIL, PASSWORD, store=store))
    assert count_exchanges(fake) == (1, 0, 0)


def test_tokens_in_a_file_outlive_the_session(client_kind: ClientKind, fake: FakeIAM, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "tokens.json"
    for _ in range(3):
        get_user(client_kind, fake, Session(EMAIL, PASSWORD, store=FileTokenStore(path)))
    assert count_exchanges(fake) == (1, 0, 0)
    fake.clock.advance(hours=1)
    for _ in range(3):
        get_user(client_kind, fake, Session(EMAIL, PASSWORD, store=FileTokenStore(path)))
    assert count_exchanges(fake) == (1, 1, 0)


PROCESS = """
import sys
from gcore_iam import FileTokenStore, IAMClient, Session

url, path = sys.argv[1:]
session = Session("ada@example.com", "correct-horse-battery", store=FileTokenStore(path))
with IAMClient(session, base_url=url) as iam:
    print("ready", flush=True)
    for line in sys.stdin:
        print(iam.users.get(1).id, flush=True)
"""


@pytest.mark.slow
def test_two_processes_share_a_file_over_20_expiries(fake: FakeIAM, url: str, tmp_path: Path) -> None:
    expiries = 20
    arguments = [sys.executable, "-c", PROCESS, url, str(tmp_path / "tokens.json")]
    children = [subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for _ in range(expiries + 1):
            for child in children:
                assert child.stdin is not None
                child.stdin.write("go\n")
                child.stdin.flush()
            for child in children:
                assert child.stdout is not None
                assert child.stdout.readline() == "1\n"
            fake.clock.advance(hours=1)
    finally:
        for child in children:
            child.communicate()
    assert [child.returncode for child in children] == [0, 0]
    assert count_exchanges(fake) == (1, expiries, 0)


def test_file_and_folder_are_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = FileTokenStore(tmp_path / "folder" / "tokens.json")
        with store.lock():
            store.save(TokenPair("a", "r", None, "o"))
    finally:
        os.umask(old)
    assert store.load() == TokenPair("a", "r", None, "o")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "folder", *tmp_path.rglob("t*")]}
    assert modes == {"folder": 0o700, "tokens.json": 0o600, "tokens.json.lock": 0o600}


def test_a_failed_write_leaves_the_stored_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileTokenStore(tmp_path / "tokens.json")
    store.save(TokenPair("a", "r", None, "o"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        store.save(TokenPair("b", "s", None, "o"))
    assert store.load() == TokenPair("a", "r", None, "o")
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"access": "a"}', '{"access": 1, "refresh": "r"}', '{"access": "a b", "refresh": "r"}',
     '{"access": "a", "refresh": "r", "expires_at": "soon"}', '{"access": "a", "refresh": "r", "owner": 5}',
     '{"access": "a b", "refresh": "r", "expires_at": null, "owner": "o"}',
     '{"access": "a", "refresh": "r", "expires_at": null, "owner": 5}',
     '{"access": "a", "refresh": "r", "expires_at": "soon", "owner": "o"}',
     '{"access": "a", "refresh": "r"}',
     '{"access": "a", "refresh": "r", "more": 5}', "\udcff"],
)  # fmt: skip
def test_a_file_that_holds_no_tokens_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokens.json"
    path.touch(0o600)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigurationError, match="not a file of tokens"):
        FileTokenStore(path).load()
    assert path.read_bytes() == content.encode("utf-8", "surrogateescape")


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    FileTokenStore(path).save(TokenPair("a", "r", None, "o"))
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        FileTokenStore(path).load()


def test_a_file_that_stays_locked_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    second = FileTokenStore(path, timeout=0.05).lock()
    with FileTokenStore(path).lock(), pytest.raises(ConfigurationError, match="held by another process"), second:
        pass


@pytest.mark.parametrize("path", ["", " ", None, 5])
def test_an_invalid_path_or_timeout_is_refused(path: Any) -> None:
    with pytest.raises(ConfigurationError, match="path"):
        FileTokenStore(path)
    with pytest.raises(ConfigurationError, match="timeout"):
        FileTokenStore("x", timeout=0)
