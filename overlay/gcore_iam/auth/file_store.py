"""Stores tokens in a file that processes can share."""

from __future__ import annotations

import errno
import json
import os
import shlex
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedReader, FileIO
from pathlib import Path

import attrs

from .._files import acquire_lock, create_file, escape_path, open_descriptor, resolve_path, sync_folder
from .._tracebacks import clear_locals
from .._validation import check_seconds, is_credential
from ..errors import ConfigurationError
from .token_file import check_space, replace_content, try_lock, unlock
from .token_parsing import parse_timestamp
from .token_store import TokenPair

_MAX_RECORD_BYTES = 64 * 1024
_MAX_FILE_BYTES = 4 * _MAX_RECORD_BYTES  # while it is being written, a file holds two pairs
_POLL_INTERVAL = 0.05
"""Seconds between two attempts to lock a file."""


class FileTokenStore:
    """Keeps the tokens in a file, so that later runs of a program and concurrent processes share them.

    The constructor resolves symbolic links once; later the store rejects a link at the resolved path. The store creates
    the file with the permissions 0600, in a folder that it creates with 0700. It writes in place, so the file may be a
    mount point or have hard links. After a crash or on a full disk the file holds the old pair or the new one.

    Two locks exclude other processes: one on the file itself (not on Windows) and one on a lock file beside it, whose
    name ends with `.lock`. One process refreshes, and the others load the pair that it saved. If the folder is
    read-only, the lock on the file is enough. `lock()` raises if the file cannot be written, before a refresh token is
    spent.

    Args:
        path: The path of the file. `~` stands for the home folder.
        timeout: Seconds to wait for another process, above 0.

    Raises:
        ConfigurationError: An argument is invalid. While in use: the file cannot be read or written, is not a regular
            file of this user, is open to other users (on POSIX), has other content, or stays locked.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 120.0) -> None:
        check_seconds("timeout", timeout, " above 0", low=sys.float_info.min, high=float("inf"))
        self._path = resolve_path(path)
        self._escaped_path = escape_path(str(self._path))
        self._timeout = timeout

    def load(self) -> TokenPair | None:
        """See `TokenStore.load`.

        Raises:
            ConfigurationError: The file exists, but it cannot be read, is not a regular file of this user, is open to
                other users, or has other content.
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
        # An interrupted save leaves more than one line; the last complete one is valid.
        for text in (content, *filter(None, reversed(content.splitlines()))):
            if (tokens := _parse_tokens(text)) is not None:
                return tokens
        content = text = b""  # a traceback would show them
        raise ConfigurationError(f"{self._escaped_path} is not a file of tokens; move it away, or choose another path")

    def save(self, tokens: TokenPair) -> None:
        """See `TokenStore.save`.

        Raises:
            ConfigurationError: The file cannot be written; it still holds the previous pair.
        """
        size = len(_encode_tokens(tokens))
        if size > _MAX_RECORD_BYTES:
            raise ConfigurationError(
                f"the tokens take {size} bytes, a FileTokenStore keeps {_MAX_RECORD_BYTES}; use another store"
            )
        with self._translate_errors("written"):
            self._create_folder()
            with self._open_or_create() as file:
                replace_content(file, _encode_tokens(tokens))

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
                    self._check_status(self._path.lstat())  # before a lock file is created beside another kind of file
                has_lock_file = self._acquire_lock_file(stack)
                self._acquire_flock(stack, deadline, is_required=not has_lock_file)
            yield

    def _acquire_lock_file(self, stack: ExitStack) -> bool:
        """Hold the lock file until the stack is closed; return False if the folder is read-only."""
        from filelock import Timeout

        try:
            lock = acquire_lock(Path(f"{self._path}.lock"), self._timeout)
        except Timeout:
            raise self._build_lock_timeout() from None
        except OSError as error:
            if sys.platform == "win32" or error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
                raise
            return False
        stack.callback(lock.release)
        return True

    def _acquire_flock(self, stack: ExitStack, deadline: float, *, is_required: bool) -> None:
        """Lock the file itself until the stack is closed, and check that it can be written."""
        while True:
            with ExitStack() as attempt:
                file = attempt.enter_context(self._open_or_create())
                attempt.callback(unlock, file)
                if try_lock(file, is_required=is_required) and self._is_current(file):
                    check_space(file)
                    stack.enter_context(attempt.pop_all())
                    return
            if time.monotonic() >= deadline:
                raise self._build_lock_timeout()
            time.sleep(_POLL_INTERVAL)

    def _build_lock_timeout(self) -> ConfigurationError:
        return ConfigurationError(
            f"{self._escaped_path} has been held by another process for more than {self._timeout:g} s; "
            "end that process, or raise timeout"
        )

    def _is_current(self, file: FileIO) -> bool:
        """Return whether an open file is still the file at the path."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.lstat())
        except FileNotFoundError:
            return False

    def _open(self, mode: str) -> FileIO:
        """Open the file; raise unless it is a small regular file that only this user can access."""
        self._check_status(self._path.lstat())  # first, because opening a device may have an effect
        with ExitStack() as stack:
            file = stack.enter_context(FileIO(self._path, mode, opener=open_descriptor))
            self._check_status(os.fstat(file.fileno()))
            stack.pop_all()  # the caller closes the file
        return file

    def _open_or_create(self) -> FileIO:
        """Open the file for reading and writing; create it, empty, if it is missing."""
        try:
            return self._open("r+")
        except FileNotFoundError:
            create_file(self._path)
            sync_folder(self._path.parent)
            return self._open("r+")

    def _check_status(self, status: os.stat_result) -> None:
        if stat.S_ISLNK(status.st_mode):
            raise ConfigurationError(f"{self._escaped_path} has become a symbolic link; create another FileTokenStore")
        if not stat.S_ISREG(status.st_mode):
            raise ConfigurationError(f"{self._escaped_path} is not a regular file; choose another path")
        if sys.platform != "win32":
            if status.st_uid != os.geteuid():
                raise ConfigurationError(
                    f"{self._escaped_path} belongs to user {status.st_uid}, and this process runs as user "
                    f"{os.geteuid()}; run it as the owner, change the owner with chown, or choose another path"
                )
            if status.st_mode & 0o077:
                path = str(self._path)
                argument = shlex.quote(path) if path.isprintable() else self._escaped_path
                raise ConfigurationError(f"{self._escaped_path} is open to other users; run: chmod 600 {argument}")
        if status.st_size > _MAX_FILE_BYTES:
            raise ConfigurationError(
                f"{self._escaped_path} is not a file of tokens: it has {status.st_size} bytes; "
                "move it away, or choose another path"
            )

    def _create_folder(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def _translate_errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            clear_locals(error)
            advice = _ADVICE.get(error.errno or 0, "choose another path")
            problem = error.strerror or str(error)
            if error.filename not in (None, str(self._path)):  # it is the lock file or the folder
                problem += f" ({escape_path(str(error.filename))})"
            raise ConfigurationError(f"{self._escaped_path} cannot be {action}: {problem}; {advice}") from error

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self._path)!r})"


_ADVICE = {
    errno.EACCES: "give this user access to the file, or choose another path",
    errno.EROFS: "choose a path on a writable file system",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
}
"""What the user can do about an error of the operating system, by its number."""


def _encode_tokens(tokens: TokenPair) -> bytes:
    return json.dumps(attrs.asdict(tokens)).encode() + b"\n"


def _parse_tokens(text: bytes) -> TokenPair | None:
    """Parse a saved pair; return None for anything else."""
    try:
        tokens = TokenPair(**json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return None
    if not (is_credential(tokens.access) and is_credential(tokens.refresh) and isinstance(tokens.owner, str)):
        return None
    if tokens.expires_at is not None and parse_timestamp(tokens.expires_at) is None:
        return None
    return tokens
