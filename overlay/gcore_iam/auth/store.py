"""Where a session keeps its tokens."""

from __future__ import annotations

import errno
import json
import os
import shlex
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Protocol

import attrs

from .. import _fork
from ..errors import ConfigurationError
from .api_key import is_credential

if sys.platform != "win32":
    import fcntl

_MAX_RECORD_BYTES = 64 * 1024
_MAX_FILE_BYTES = 4 * _MAX_RECORD_BYTES  # while it is being written, a file holds two pairs
_RESERVED_BYTES = 16 * 1024
_POLL_INTERVAL = 0.05
"""Seconds between two attempts to lock a file."""


def _masked(_: object) -> str:
    return "'***'"


@attrs.frozen
class TokenPair:
    """The tokens of a session, as a store keeps them: all four fields, or a session cannot tell its own from others'.

    `attrs.asdict(tokens)` and `TokenPair(**fields)` go there and back. The repr hides the tokens, `attrs.asdict` does
    not.

    Attributes:
        access: Opens the API for an hour.
        refresh: Buys the next pair, once, within 24 hours.
        expires_at: When the access token ends, in seconds since 1970 by this machine's clock; None when nobody knows.
        owner: Whose session it is: the API's origin, the user, the account. A session uses its own only.
    """

    access: str = attrs.field(repr=_masked)
    refresh: str = attrs.field(repr=_masked)
    expires_at: float | None
    owner: str


class TokenStore(Protocol):
    """What a session asks of a store; write your own for a database, a keyring or a shared cache.

    A session calls `load` and `save` only between entering and leaving `lock()`. With `AsyncIAMClient` all three are
    called in worker threads, and the lock may be left in another thread than it was entered in. What they raise comes
    through to whoever made the call; a pair that could not be saved is kept, and saved at the next occasion.
    """

    def load(self) -> TokenPair | None:
        """The pair that was saved last; None when there is none."""
        ...

    def save(self, tokens: TokenPair) -> None:
        """Keep a pair in place of the one before. When this returns, another `load` must give it."""
        ...

    def lock(self) -> AbstractContextManager[object]:
        """A lock that keeps everybody else who shares the store out, for as long as its `with` block lasts."""
        ...


class MemoryTokenStore:
    """Keeps the tokens in this process. Sessions that are given the same one share them."""

    def __init__(self) -> None:
        self._tokens: TokenPair | None = None
        self._lock = threading.Lock()
        _fork.register(self)

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may hold."""
        self._lock = threading.Lock()

    def load(self) -> TokenPair | None:
        """See `TokenStore.load`."""
        return self._tokens

    def save(self, tokens: TokenPair) -> None:
        """See `TokenStore.save`."""
        self._tokens = tokens

    def lock(self) -> AbstractContextManager[object]:
        """See `TokenStore.lock`."""
        return self._lock

    def __repr__(self) -> str:
        return "MemoryTokenStore()"


class _LockedFiles:
    """The files that this process has locked."""

    def __init__(self) -> None:
        self.files: set[FileIO] = set()
        _fork.register(self)

    def after_fork(self) -> None:
        """Close the files in the child, which would keep the locks if the parent died."""
        for file in list(self.files):
            file.close()
        self.files.clear()


_LOCKED = _LockedFiles()


class FileTokenStore:
    """Keeps the tokens in a file, for programs that run again and for several processes at once.

    The constructor follows symbolic links once; from then on the store uses the file that they lead to and accepts no
    link in its place. The store creates the file with the permissions 0600, in a folder that it creates with 0700. It
    writes in place, so that the file may be mounted by itself or have hard links. After a crash or on a full disk the
    file holds the old pair or the new one.

    Two locks keep processes apart: one on the file itself (not on Windows) and one on a second file beside it, with
    `.lock` at its end. One process refreshes, and the others use what it has stored. If the folder is read-only, the
    lock on the file is enough. Entering `lock()` raises if the file cannot be written, before a refresh token is used.

    Args:
        path: The file. `~` stands for the home folder.
        timeout: Seconds to wait for another process, above 0.

    Raises:
        ConfigurationError: An argument is not what it should be. While in use: the file cannot be read or written, is
            not a regular file of this user, is open to others (on POSIX), holds something else, or stays locked.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 120.0) -> None:
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
            raise ConfigurationError("timeout must be a number of seconds above 0")
        self._path = _resolve_path(path)
        self._name = _printable(str(self._path))
        self._timeout = timeout

    def load(self) -> TokenPair | None:
        """See `TokenStore.load`.

        Raises:
            ConfigurationError: There is a file, but it cannot be read, is not a regular file of this user, is open to
                others, or holds something else.
        """
        with self._translate_errors("read"):
            try:
                file = self._open("r")
            except FileNotFoundError:
                return None
            with BufferedReader(file) as reader:
                content = reader.read(_MAX_FILE_BYTES)
        if not content.strip():
            return None  # nothing is stored yet
        # A save that was interrupted leaves more than one line; the last one that is complete counts.
        for text in (content, *filter(None, reversed(content.splitlines()))):
            if (tokens := _parse_tokens(text)) is not None:
                return tokens
        raise ConfigurationError(f"{self._name} is not a file of tokens; move it away, or choose another path")

    def save(self, tokens: TokenPair) -> None:
        """See `TokenStore.save`.

        Raises:
            ConfigurationError: The file cannot be written; what it held is still there.
        """
        record = json.dumps(attrs.asdict(tokens)).encode() + b"\n"
        if len(record) > _MAX_RECORD_BYTES:
            raise ConfigurationError(
                f"the tokens take {len(record)} bytes, a FileTokenStore keeps {_MAX_RECORD_BYTES}; use another store"
            )
        with self._translate_errors("written"):
            self._create_folder()
            with self._open_or_create() as file:
                _replace_content(file, record)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """See `TokenStore.lock`.

        Raises:
            ConfigurationError: The file cannot be locked or written, or is not a regular file of this user alone.
        """
        deadline = time.monotonic() + self._timeout
        with ExitStack() as stack:
            with self._translate_errors("locked"):
                self._create_folder()
                with suppress(FileNotFoundError):
                    self._check_status(self._path.lstat())  # before a lock file is put beside something else
                has_lock_file = self._acquire_lock_file(stack)
                self._lock_file(stack, deadline, is_required=not has_lock_file)
            yield

    def _acquire_lock_file(self, stack: ExitStack) -> bool:
        """Hold the lock beside the file until the stack is closed; return False if the folder allows none."""
        from filelock import FileLock, Timeout

        path = f"{self._path}.lock"
        if Path(path).is_symlink():
            raise ConfigurationError(f"{_printable(path)} is a symbolic link; remove it")
        # A new one each time: threads of one process are kept apart as well, and a fork inherits none.
        lock = FileLock(path, timeout=self._timeout, mode=0o600, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            raise self._lock_timeout() from None
        except OSError as error:
            if sys.platform == "win32" or error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
                raise
            return False
        stack.callback(lock.release)
        return True

    def _lock_file(self, stack: ExitStack, deadline: float, *, is_required: bool) -> None:
        """Lock the file itself until the stack is closed, whatever name it has, and check that it can be written."""
        while True:
            with ExitStack() as attempt:
                file = attempt.enter_context(self._open_or_create())
                attempt.callback(_unlock, file)
                if _try_lock(file, is_required=is_required) and self._is_current(file):
                    _check_space(file)
                    stack.enter_context(attempt.pop_all())
                    return
            if time.monotonic() >= deadline:
                raise self._lock_timeout()
            time.sleep(_POLL_INTERVAL)

    def _lock_timeout(self) -> ConfigurationError:
        return ConfigurationError(
            f"{self._name} has been held by another process for more than {self._timeout:g} s; "
            "end that process, or raise timeout"
        )

    def _is_current(self, file: FileIO) -> bool:
        """Whether an open file is still the one that has the path."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.lstat())
        except FileNotFoundError:
            return False

    def _open(self, mode: str) -> FileIO:
        """Open the file if it is a small regular file of this user alone."""
        self._check_status(self._path.lstat())  # before: opening a device may already do something
        file = FileIO(self._path, mode, opener=_open_descriptor)
        try:
            self._check_status(os.fstat(file.fileno()))
        except BaseException:
            file.close()
            raise
        return file

    def _open_or_create(self) -> FileIO:
        """Open the file for reading and writing; create it, empty, if it is missing."""
        try:
            return self._open("r+")
        except FileNotFoundError:
            with suppress(FileExistsError), FileIO(self._path, "x+", opener=_open_descriptor) as file:
                if sys.platform != "win32":
                    os.fchmod(file.fileno(), 0o600)  # for any umask
            _sync_folder(self._path.parent)
            return self._open("r+")

    def _check_status(self, status: os.stat_result) -> None:
        if stat.S_ISLNK(status.st_mode):
            raise ConfigurationError(f"{self._name} has become a symbolic link; create another FileTokenStore")
        if not stat.S_ISREG(status.st_mode):
            raise ConfigurationError(f"{self._name} is not a regular file; choose another path")
        if sys.platform != "win32":
            if status.st_uid != os.geteuid():
                raise ConfigurationError(
                    f"{self._name} belongs to user {status.st_uid}, and this process runs as user {os.geteuid()}; "
                    "run it as the owner, change the owner with chown, or choose another path"
                )
            if status.st_mode & 0o077:
                path = str(self._path)
                argument = shlex.quote(path) if path.isprintable() else self._name
                raise ConfigurationError(f"{self._name} is open to other users; run: chmod 600 {argument}")
        if status.st_size > _MAX_FILE_BYTES:
            raise ConfigurationError(
                f"{self._name} is not a file of tokens: it has {status.st_size} bytes; "
                "move it away, or choose another path"
            )

    def _create_folder(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def _translate_errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            advice = _ADVICE.get(error.errno or 0, "choose another path")
            raise ConfigurationError(f"{self._name} cannot be {action}: {error.strerror or error}; {advice}") from error

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self._path)!r})"


_ADVICE = {
    errno.EACCES: "give this user access to the file, or choose another path",
    errno.EROFS: "choose a path on a writable file system",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
}
"""What to do about an error of the operating system."""


def _resolve_path(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a file, without `~` and symbolic links."""
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise ConfigurationError("path must be the path of a file, as a str or a pathlib.Path")
    try:
        os.fsencode(text)  # raises for characters that no path can have
        resolved = Path(os.path.realpath(Path(text).expanduser()))
        is_folder = resolved.is_dir() or text.endswith((os.sep, os.altsep or os.sep))
        is_loop = resolved.is_symlink()
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: there is no such user
        raise ConfigurationError(f"path {text!a} cannot be used: {_printable(str(error))}") from None
    if is_folder:
        raise ConfigurationError(f"path {text!a} is a folder; give the path of a file in it")
    if is_loop:
        raise ConfigurationError(f"path {text!a} is a loop of symbolic links; choose another path")
    return resolved


def _printable(text: str) -> str:
    """Return a text as it is, or with escapes if it holds what must not reach a terminal or a log."""
    return text if text.isprintable() else ascii(text)


def _parse_tokens(text: bytes) -> TokenPair | None:
    """Return a pair that was saved; None for anything else."""
    try:
        tokens = TokenPair(**json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return None
    if not (is_credential(tokens.access) and is_credential(tokens.refresh) and isinstance(tokens.owner, str)):
        return None
    end = tokens.expires_at
    if isinstance(end, bool) or not isinstance(end, int | float | None) or (end is not None and not abs(end) < 1e12):
        return None
    return tokens


def _open_descriptor(path: str, flags: int) -> int:
    """Open a file without following a link in its last place, and without waiting for the other end of a pipe."""
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    """Have the entry of a new file on the disk, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _try_lock(file: FileIO, *, is_required: bool) -> bool:
    """Lock an open file if nobody else has; return whether the caller may go on.

    Args:
        file: The file.
        is_required: Whether to raise where the file system has no such locks.
    """
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK}:
            return False
        if is_required:
            raise
    else:
        _LOCKED.files.add(file)
    return True


def _unlock(file: FileIO) -> None:
    if sys.platform == "win32" or file not in _LOCKED.files:
        return  # not locked, or locked before a fork by the parent
    _LOCKED.files.discard(file)
    fcntl.flock(file, fcntl.LOCK_UN)  # closing is not enough while a child process has the file open


def _check_space(file: FileIO) -> None:
    """Raise OSError if another pair cannot be added to a file."""
    size = file.seek(0, os.SEEK_END)
    try:
        _write(file, b"\n" * _RESERVED_BYTES)
    finally:
        file.truncate(size)


def _replace_content(file: FileIO, record: bytes) -> None:
    """Write one record in place of what a file holds.

    At each moment the file holds the old record or the new one, complete and on a line of its own: the new one goes
    to the end first, and only when it is on the disk to the beginning, without touching its copy at the end.
    """
    size = file.seek(0, os.SEEK_END)
    start = max(size + 1, len(record))
    try:
        _write(file, b"\n" * (start - size) + record)
        os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            file.truncate(size)
        raise
    with suppress(OSError):  # the record is on the disk; the next save tidies up
        file.seek(0)
        _write(file, record)
        os.fsync(file.fileno())
        file.truncate(len(record))


def _write(file: FileIO, content: bytes) -> None:
    """Write all of a content where a file is; one call may write less."""
    remaining = memoryview(content)
    while remaining:
        remaining = remaining[file.write(remaining) :]
