"""FileTokenStore: files that others remove or cannot lock while it works with them."""

from __future__ import annotations

import errno
import os
from io import FileIO
from pathlib import Path

import pytest
from gcore_iam import ConfigurationError, FileTokenStore, _files
from gcore_iam.auth import TokenPair, file_store, token_file

TOKENS = TokenPair("a", "r", None, "o")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="locks of POSIX systems")


@pytest.fixture
def store(tmp_path: Path) -> FileTokenStore:
    return FileTokenStore(tmp_path / "tokens.json")


def test_a_file_that_does_not_exist_holds_no_tokens(store: FileTokenStore, tmp_path: Path) -> None:
    assert store.load() is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_removed_before_its_lock_is_created_again(
    store: FileTokenStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tokens.json"
    store.save(TOKENS)
    locked: list[bool] = []

    def remove_first(file: FileIO, *, is_required: bool) -> bool:
        if not locked:
            path.unlink()
        locked.append(token_file.try_lock(file, is_required=is_required))
        return locked[-1]

    monkeypatch.setattr(file_store, "try_lock", remove_first)
    with store.lock():
        assert locked == [True, True]
        assert store.load() is None
        store.save(TOKENS)
    assert store.load() == TOKENS


@pytest.fixture
def _no_locks_on_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that supports no locks on the file itself."""
    import fcntl

    flock = fcntl.flock

    def refuse(file: int | FileIO, operation: int) -> None:
        if isinstance(file, FileIO):
            raise OSError(errno.ENOLCK, "No locks available")
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.mark.usefixtures("_no_locks_on_the_file")
def test_the_lock_file_is_enough_without_a_lock_on_the_file(store: FileTokenStore, tmp_path: Path) -> None:
    store.save(TOKENS)
    other = FileTokenStore(tmp_path / "tokens.json", timeout=0.01).lock()
    with store.lock(), pytest.raises(ConfigurationError, match="held by another process"), other:
        pass
    assert store.load() == TOKENS


@pytest.mark.usefixtures("_no_locks_on_the_file")
def test_a_file_without_any_lock_is_an_error(store: FileTokenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder is read-only, so that it has no lock file either."""

    def refuse(path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    store.save(TOKENS)
    monkeypatch.setattr(_files, "create_file", refuse)
    with pytest.raises(ConfigurationError, match="cannot be locked: No locks available"), store.lock():
        pass
