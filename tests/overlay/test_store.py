"""FileTokenStore: which files it accepts, how it writes them, who may write them at the same time."""

from __future__ import annotations

import errno
import gc
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any, NoReturn

import attrs
import pytest
from gcore_iam import ConfigurationError, FileTokenStore, IAMClient, Session
from gcore_iam._files import open_descriptor
from gcore_iam.auth import TokenPair, file_store
from gcore_iam.testing import FakeIAM

EMAIL, PASSWORD = "ada@example.com", "correct-horse-battery"
OLD, NEW = TokenPair("a", "r", None, "o"), TokenPair("b", "s", 5.0, "o")

pytestmark = pytest.mark.fake_iam([{"email": EMAIL, "groups": [{"id": 1}]}])

posix = pytest.mark.skipif(os.name != "posix", reason="files of POSIX systems")


def call_once(fake: FakeIAM, path: Path) -> None:
    """Make one call as a new program would."""
    session = Session(EMAIL, PASSWORD, store=FileTokenStore(path))
    with IAMClient(session, base_url="http://localhost", transport=fake.transport()) as iam:
        assert iam.users.get(1).id == 1


def use_after_expiry(fake: FakeIAM, *paths: Path) -> None:
    for path in paths:
        fake.clock.advance(hours=1)
        call_once(fake, path)


def count_exchanges(fake: FakeIAM) -> tuple[int, int]:
    return fake.calls["iamLoginUser"], fake.calls["iamRefreshToken"]


def save_tokens(path: Path, tokens: TokenPair = OLD) -> FileTokenStore:
    store = FileTokenStore(path)
    store.save(tokens)
    return store


def is_locked(path: Path) -> bool:
    try:
        with FileTokenStore(path, timeout=0.04).lock():
            return False
    except ConfigurationError as error:
        if "held by another process" in str(error):
            return True
        raise


@pytest.fixture
def private_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of a user for whom permission bits count, which they do not for root."""
    run(save_tokens(tmp_path / "t.json"), "lock")  # imports what locking needs, while its files can be read
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() != 0:
            yield Path(name)
            return
        os.chown(name, 65534, 65534)
        os.seteuid(65534)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)


def run(store: FileTokenStore, action: str) -> None:
    if action == "load":
        store.load()
    elif action == "save":
        store.save(NEW)
    else:
        with store.lock():
            pass


def raise_error(error: Exception) -> NoReturn:
    raise error


# --- links and other names -------------------------------------------------------------------------------------------


@posix
def test_a_symbolic_link_stays_and_spends_no_token_twice(fake: FakeIAM, tmp_path: Path) -> None:
    real, link, second = tmp_path / "data" / "t.json", tmp_path / "t.json", tmp_path / "other" / "t.json"
    second.parent.mkdir()
    link.symlink_to(real)  # dangling: the file comes into being behind it
    second.symlink_to(link)
    call_once(fake, link)
    use_after_expiry(fake, link, real, second, link)
    assert (link.is_symlink(), second.is_symlink(), real.is_symlink()) == (True, True, False)
    assert count_exchanges(fake) == (1, 4)
    assert sorted(path.name for path in tmp_path.rglob("t.json*")) == ["t.json", "t.json", "t.json", "t.json.lock"]


@posix
def test_a_link_and_its_target_share_one_lock(tmp_path: Path) -> None:
    save_tokens(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    with FileTokenStore(tmp_path / "link").lock():
        assert is_locked(tmp_path / "real")
    assert not is_locked(tmp_path / "real")


@posix
def test_a_folder_behind_a_link_is_the_same_folder(fake: FakeIAM, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real", target_is_directory=True)
    call_once(fake, tmp_path / "link" / "t.json")
    use_after_expiry(fake, tmp_path / "real" / "t.json", tmp_path / "link" / "t.json")
    assert count_exchanges(fake) == (1, 2)
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o700


@posix
def test_hard_links_share_one_pair_and_one_lock(fake: FakeIAM, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    call_once(fake, first)
    second.hardlink_to(first)
    use_after_expiry(fake, first, second, first)
    assert count_exchanges(fake) == (1, 3)
    assert first.samefile(second)
    with FileTokenStore(first).lock():
        assert is_locked(second)


@posix
def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ConfigurationError, match="loop of symbolic links"):
        FileTokenStore(tmp_path / "a")
    with pytest.raises(ConfigurationError):
        FileTokenStore(tmp_path / "a" / "t.json").save(OLD)


@posix
@pytest.mark.parametrize("action", ["load", "save", "lock"])
def test_a_link_that_appears_later_is_not_followed(tmp_path: Path, action: str) -> None:
    victim, path = tmp_path / "victim", tmp_path / "t.json"
    store = save_tokens(path)
    save_tokens(victim, NEW)
    before = victim.read_bytes()
    path.unlink()
    path.symlink_to(victim)
    with pytest.raises(ConfigurationError, match="has become a symbolic link; create another"):
        run(store, action)
    assert victim.read_bytes() == before


@posix
def test_a_link_between_check_and_opening_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim, path = tmp_path / "victim", tmp_path / "t.json"
    store = save_tokens(path)
    status = path.lstat()
    save_tokens(victim, NEW)
    path.unlink()
    path.symlink_to(victim)
    monkeypatch.setattr(Path, "lstat", lambda _: status)  # what the path was before
    with pytest.raises(ConfigurationError, match="symbolic links"):
        store.load()


@posix
@pytest.mark.parametrize("action", ["load", "save", "lock"])
def test_a_file_that_changes_while_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    store = save_tokens(tmp_path / "t.json")

    def open_late(path: str, flags: int) -> int:
        (tmp_path / "t.json").chmod(0o644)
        return open_descriptor(path, flags)

    monkeypatch.setattr(file_store, "open_descriptor", open_late)
    with pytest.raises(ConfigurationError, match="is open to other users"):
        run(store, action)


@posix
def test_a_link_at_the_lock_path_is_refused(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    (tmp_path / "t.json.lock").symlink_to(victim)
    with (
        pytest.raises(ConfigurationError, match=r"t\.json\.lock is a symbolic link; remove it"),
        FileTokenStore(tmp_path / "t.json").lock(),
    ):
        pass
    assert victim.read_text("utf-8") == "precious"


@pytest.mark.skipif(sys.platform != "linux", reason="a file system in which no file can be created")
@pytest.mark.parametrize("path", ["/proc/self/mem", "/proc/gcore-iam-tokens.json"])
def test_a_lock_file_that_cannot_be_created_is_found_at_once(path: str) -> None:
    store = FileTokenStore(path, timeout=600)
    with pytest.raises(ConfigurationError, match=r"cannot be locked: .* \(/proc/.*\.lock\); choose"), store.lock():
        pass


@posix
def test_a_folder_at_the_lock_path_is_found_at_once(tmp_path: Path) -> None:
    (tmp_path / "t.json.lock").mkdir()
    store = FileTokenStore(tmp_path / "t.json", timeout=600)
    with pytest.raises(ConfigurationError, match="cannot be locked: "), store.lock():
        pass


@posix
def test_a_link_at_the_lock_path_is_never_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    (tmp_path / "t.json.lock").symlink_to(victim)
    monkeypatch.setattr(Path, "is_symlink", lambda _: False)  # it appears after the check
    with pytest.raises(ConfigurationError, match="cannot be locked"), FileTokenStore(tmp_path / "t.json").lock():
        pass
    assert victim.read_text("utf-8") == "precious"


# --- what is refused -------------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("kind", ["fifo", "device", "socket", "folder"])
@pytest.mark.parametrize("action", ["load", "save", "lock"])
def test_what_is_not_a_regular_file_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, action: str
) -> None:
    path = tmp_path / "t.json"
    store = FileTokenStore("/dev/zero" if kind == "device" else path)
    if kind == "fifo":
        os.mkfifo(path, 0o600)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        monkeypatch.chdir(tmp_path)  # the path of a socket must be short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("t.json")
    messages: list[str] = []

    def work() -> None:
        try:
            run(store, action)
        except ConfigurationError as error:
            messages.append(str(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(30)
    assert len(messages) == 1
    assert "choose another path" in messages[0]
    assert not Path(f"{path}.lock").exists()


@posix
def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.touch(0o600)
    os.truncate(path, 600 * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(ConfigurationError, match="629145600 bytes; move it away, or choose another path"):
            FileTokenStore(path).load()
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@posix
@pytest.mark.parametrize("action", ["load", "save", "lock"])
def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    store = save_tokens(tmp_path / "t.json")
    us = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: us + 1)
    with pytest.raises(ConfigurationError, match=f"belongs to user {us}, and this process runs as user {us + 1}; run"):
        run(store, action)


@posix
@pytest.mark.parametrize("mode", [0o640, 0o602, 0o610, 0o604])
@pytest.mark.parametrize("action", ["load", "save", "lock"])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int, action: str) -> None:
    path = tmp_path / "the tokens"
    store = save_tokens(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"run: chmod 600 '{path}'"):
        run(store, action)


@pytest.mark.parametrize(("extra", "is_read"), [(0, True), (1, False)])
def test_a_file_of_at_most_256_kib_is_read(tmp_path: Path, extra: int, is_read: bool) -> None:
    path = tmp_path / "t.json"
    store = save_tokens(path)
    path.write_bytes(path.read_bytes().ljust(2**18 + extra))
    if is_read:
        assert store.load() == OLD
    else:
        with pytest.raises(ConfigurationError, match=f"it has {2**18 + 1} bytes"):
            store.load()


class BytesPath:
    def __fspath__(self) -> bytes:
        return b"tokens"


@pytest.mark.parametrize(
    "path",
    ["", " ", "\0", "a\0b", "~/\0", "\ud800/x", "a\udfff\ud800", "~\ud800/x", "~nobody-has-this-name/x", "~", ".", "..",
     "/", "tokens/", "x" * 5000, None, 5, b"tokens", BytesPath()],
)  # fmt: skip
def test_a_path_that_no_file_can_have_is_refused(path: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^path ") as caught:
        FileTokenStore(path)
    assert str(caught.value).isprintable()


@posix
def test_a_relative_path_in_a_removed_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(ConfigurationError, match=r"cannot be used: .*No such file"):
        FileTokenStore("t.json")


@posix
@pytest.mark.parametrize("name", ["a\x1b[31m\nb", "a\udcffb", "a\u202eb", "a\u2028b"])
def test_messages_escape_what_a_path_holds(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    try:
        store = save_tokens(path)
    except ConfigurationError:
        pytest.skip("no such names on this file system")
    assert store.load() == OLD
    path.chmod(0o644)
    for action in ("load", "save", "lock"):
        with pytest.raises(ConfigurationError) as caught:
            run(store, action)
        assert str(caught.value).isprintable()
    assert repr(store).isprintable()
    path.chmod(0o600)
    path.with_name(f"{name}.lock").symlink_to("elsewhere")
    with pytest.raises(ConfigurationError, match="remove it") as caught:
        run(store, "lock")
    assert str(caught.value).isprintable()


# --- writing ---------------------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("umask", [0, 0o777])
def test_a_new_file_is_private_for_any_umask(tmp_path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        store = save_tokens(tmp_path / "t.json")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "t.json").stat().st_mode) == 0o600
    assert store.load() == OLD


def test_an_empty_file_holds_no_tokens_yet(fake: FakeIAM, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.touch(0o600)
    assert FileTokenStore(path).load() is None
    call_once(fake, path)
    use_after_expiry(fake, path)
    assert count_exchanges(fake) == (1, 1)


def test_a_file_that_somebody_has_reformatted_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    store = save_tokens(path)
    path.write_text(json.dumps(attrs.asdict(NEW), indent=4), encoding="utf-8")
    assert store.load() == NEW
    store.save(OLD)
    assert store.load() == OLD
    assert json.loads(path.read_text("utf-8")) == attrs.asdict(OLD)


class Crash(BaseException):
    pass


@pytest.mark.parametrize("length", [1, 40, 200])
def test_a_crash_at_any_byte_leaves_one_of_two_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    path = tmp_path / "t.json"
    old, new = TokenPair("o" * 40, "r" * 40, None, "o"), TokenPair("n" * length, "s" * length, None, "o")
    left = 0

    class DyingFile(FileIO):
        """Writes so many bytes and nothing after."""

        def write(self, content: Any) -> int:
            nonlocal left
            written = super().write(content[:left])
            left -= written
            if written < len(content):
                raise Crash
            return written

        def truncate(self, size: int | None = None) -> int:
            if left <= 0:
                raise Crash
            return super().truncate(size)

    monkeypatch.setattr(os, "fsync", lambda _: None)  # it takes long, and a process that dies loses no cache
    found: set[str] = set()
    for crash_at in range(10_000):
        path.unlink(missing_ok=True)
        store = save_tokens(path, old)
        left = crash_at
        with monkeypatch.context() as patch:
            patch.setattr(file_store, "FileIO", DyingFile)
            try:
                store.save(new)
            except Crash:
                is_over = False
            else:
                is_over = True
        tokens = store.load()
        assert tokens in (old, new)
        found.add("old" if tokens == old else "new")
        if crash_at % 25 == 0 or is_over:
            store.save(OLD)  # the next save tidies up
            assert json.loads(path.read_text("utf-8")) == attrs.asdict(OLD)
        if is_over:
            break
    else:
        pytest.fail("no save came to its end")
    assert found == {"old", "new"}


def test_tokens_too_large_to_be_read_again_are_not_saved(tmp_path: Path) -> None:
    store = save_tokens(tmp_path / "t.json")
    with pytest.raises(ConfigurationError, match="use another store"):
        store.save(TokenPair("a" * 100_000, "r", None, "o"))
    assert store.load() == OLD


@posix
def test_a_full_disk_is_found_before_a_token_is_spent(fake: FakeIAM, tmp_path: Path) -> None:
    import resource

    path = tmp_path / "t.json"
    call_once(fake, path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
    try:
        with pytest.raises(ConfigurationError, match="cannot be locked: File too large"):
            use_after_expiry(fake, path)
        with pytest.raises(ConfigurationError, match="cannot be written: File too large"):
            FileTokenStore(path).save(NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert count_exchanges(fake) == (1, 0)
    call_once(fake, path)
    assert count_exchanges(fake) == (1, 1)


@posix
def test_a_read_only_file_is_found_before_a_token_is_spent(private_folder: Path) -> None:
    path = private_folder / "t.json"
    store = save_tokens(path)
    path.chmod(0o400)
    with pytest.raises(ConfigurationError, match="cannot be locked: Permission denied; give this user access"):
        run(store, "lock")
    assert store.load() == OLD


@posix
def test_a_writable_file_in_a_read_only_folder_will_do(private_folder: Path) -> None:
    path = private_folder / "t.json"
    store = save_tokens(path)
    private_folder.chmod(0o500)
    try:
        with store.lock():
            assert is_locked(path)
            store.save(NEW)
            assert store.load() == NEW
        assert not is_locked(path)
        assert [path.name for path in private_folder.iterdir()] == ["t.json"]
    finally:
        private_folder.chmod(0o700)


@posix
@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_file_is_locked_where_no_lock_file_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path, alias = tmp_path / "t.json", tmp_path / "alias"
    store = save_tokens(path)
    alias.hardlink_to(path)
    with monkeypatch.context() as patch:
        patch.setattr(file_store, "acquire_lock", lambda *_: raise_error(OSError(number, "no lock file")))
        with store.lock():
            assert store.load() == OLD
            patch.undo()
            assert is_locked(alias)


@posix
def test_a_folder_that_allows_no_new_file_is_found_by_lock(private_folder: Path) -> None:
    private_folder.chmod(0o500)
    try:
        with pytest.raises(ConfigurationError, match="cannot be locked: Permission denied"):
            run(FileTokenStore(private_folder / "t.json"), "lock")
    finally:
        private_folder.chmod(0o700)


# --- the lock --------------------------------------------------------------------------------------------------------


@posix
def test_the_lock_is_on_the_file_that_has_the_path_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    path, other, alias = tmp_path / "t.json", tmp_path / "other", tmp_path / "alias"
    store = save_tokens(path)
    save_tokens(other, NEW)
    alias.hardlink_to(other)
    flock = fcntl.flock

    def replace_before(file: int | FileIO, operation: int) -> None:
        if other.exists() and isinstance(file, FileIO):
            other.replace(path)
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", replace_before)
    with store.lock():
        assert store.load() == NEW
        assert is_locked(alias)


@posix
def test_a_copied_descriptor_does_not_keep_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a child process has one between its fork and its exec."""
    import fcntl

    path, alias = tmp_path / "t.json", tmp_path / "alias"
    store = save_tokens(path)
    alias.hardlink_to(path)
    flock = fcntl.flock
    copies: list[int] = []

    def copy(file: Any, operation: int) -> None:
        flock(file, operation)
        if isinstance(file, FileIO) and not copies:
            copies.append(os.dup(file.fileno()))

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", copy)
        run(store, "lock")
    try:
        assert not is_locked(alias)
    finally:
        os.close(copies.pop())


@posix
def test_a_new_file_leaves_no_descriptor_open(tmp_path: Path) -> None:
    def find_free_descriptor() -> int:
        descriptor = os.dup(0)
        os.close(descriptor)
        return descriptor

    save_tokens(tmp_path / "first.json")
    before = find_free_descriptor()
    save_tokens(tmp_path / "second.json")
    assert find_free_descriptor() == before


def test_a_store_keeps_no_file(tmp_path: Path) -> None:
    def count_files() -> int:
        gc.collect()
        return sum(isinstance(each, FileIO) for each in gc.get_objects())

    store = save_tokens(tmp_path / "t.json")
    run(store, "lock")
    before = count_files()
    for action in ("lock", "load", "save"):
        run(store, action)
    assert count_files() <= before


FORKING = """
import os, sys, time
from gcore_iam import FileTokenStore

with FileTokenStore(sys.argv[1]).lock():
    if os.fork() == 0:
        sys.stdin.read()  # lives on, until the test has ended
    os._exit(0)
"""


@posix
def test_a_child_process_does_not_inherit_the_lock(tmp_path: Path) -> None:
    path, alias = tmp_path / "t.json", tmp_path / "alias"
    save_tokens(path)
    alias.hardlink_to(path)
    with subprocess.Popen([sys.executable, "-c", FORKING, str(path)], stdin=subprocess.PIPE) as parent:
        assert parent.wait(timeout=60) == 0  # it died while it held the lock
        assert not is_locked(alias)
        assert parent.stdin is not None
        parent.stdin.close()


PROCESSES = """
import multiprocessing, sys
from gcore_iam import FileTokenStore, IAMClient, Session

url, count, rounds, *paths = sys.argv[1:]

def new_client(path):
    session = Session("ada@example.com", "correct-horse-battery", store=FileTokenStore(path))
    return IAMClient(session, base_url=url)

def work(path, barrier):
    with new_client(path) as iam:
        for _ in range(int(rounds)):
            barrier.wait(300)
            assert iam.users.get(1).id == 1
            barrier.wait(300)

new_client(paths[0]).close()  # import once what all of them need
context = multiprocessing.get_context("fork")
barrier = context.Barrier(int(count) + 1)
processes = [
    context.Process(target=work, args=(paths[number % len(paths)], barrier), daemon=True)
    for number in range(int(count))
]
for process in processes:
    process.start()
for _ in range(int(rounds)):
    barrier.wait(300)  # all begin together
    barrier.wait(300)  # all have their answer
    print("done", flush=True)
    sys.stdin.readline()
for process in processes:
    process.join(60)
assert [process.exitcode for process in processes] == [0] * int(count)
"""


@posix
@pytest.mark.slow
def test_20_processes_refresh_once_an_expiry_behind_a_link(fake: FakeIAM, tmp_path: Path) -> None:
    expiries = 8
    paths = [tmp_path / "data" / "t.json", tmp_path / "link", tmp_path / "folder" / "t.json"]
    paths[1].symlink_to(paths[0])
    (tmp_path / "folder").symlink_to("data", target_is_directory=True)
    with fake.serve() as url:
        arguments = [sys.executable, "-c", PROCESSES, url, "20", str(expiries + 1), *map(str, paths)]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            for _ in range(expiries + 1):
                assert program.stdout.readline() == "done\n"
                fake.clock.advance(hours=1)
                program.stdin.write("next\n")
                program.stdin.flush()
    assert program.returncode == 0
    assert count_exchanges(fake) == (1, expiries)
    assert paths[1].is_symlink()


# --- mounts ----------------------------------------------------------------------------------------------------------

MOUNTING = """
import subprocess, sys
from pathlib import Path
from gcore_iam import ConfigurationError, FileTokenStore, IAMClient, Session
from gcore_iam.testing import FakeIAM

fake = FakeIAM([{"email": "ada@example.com", "groups": [{"id": 1}]}])
folder = Path(sys.argv[1])
host, app = folder / "host" / "t.json", folder / "app" / "t.json"

def call_once(path):
    session = Session("ada@example.com", "correct-horse-battery", store=FileTokenStore(path))
    with IAMClient(session, base_url="http://localhost", transport=fake.transport()) as iam:
        assert iam.users.get(1).id == 1

def use_after_expiry(path):
    fake.clock.advance(hours=1)
    call_once(path)

def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)

def prepare():
    call_once(host)
    app.parent.mkdir()
    app.touch(0o600)

def refused(path, message):
    try:
        use_after_expiry(path)
    except ConfigurationError as error:
        assert message in str(error), error
    else:
        raise AssertionError("not refused")

def show():
    print(fake.calls["iamLoginUser"], fake.calls["iamRefreshToken"])
"""


def run_with_mounts(program: str, folder: Path) -> str:
    """Run a program that may mount: in a namespace of its own, of which nothing stays."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    try:
        trial = subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare(1)")
    if trial.returncode != 0:
        pytest.skip(f"this machine lets nobody mount: {trial.stderr.decode().strip()}")
    arguments = [*unshare, sys.executable, "-c", MOUNTING + program, str(folder)]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@posix
def test_a_file_mounted_by_itself_spends_no_token_twice(tmp_path: Path) -> None:
    program = """
prepare()
mount("--bind", host, app)
for path in (app, host, app, app):
    use_after_expiry(path)
assert host.samefile(app)
with FileTokenStore(host).lock():
    try:
        with FileTokenStore(app, timeout=0.1).lock():
            print("not locked")
    except ConfigurationError:
        pass
show()
"""
    assert run_with_mounts(program, tmp_path) == "1 4\n"


@posix
def test_a_read_only_mount_is_found_before_a_token_is_spent(tmp_path: Path) -> None:
    program = """
prepare()
mount("--bind", host, app)
mount("-o", "remount,bind,ro", app)
refused(app, "Read-only file system; choose a path on a writable file system")
show()
call_once(host)
show()
"""
    assert run_with_mounts(program, tmp_path) == "1 0\n1 1\n"


@posix
def test_a_full_file_system_loses_no_token(tmp_path: Path) -> None:
    program = """
host.parent.mkdir()
mount("-t", "tmpfs", "-o", "size=256k,mode=700", "none", host.parent)
call_once(host)
filler = host.with_name("filler")
with filler.open("wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)):
            pass
    except OSError:
        pass
refused(host, "No space left on device; free some space")
show()
filler.unlink()
call_once(host)
show()
"""
    assert run_with_mounts(program, tmp_path) == "1 0\n1 1\n"
