"""Paths and files of a user: how they are found, opened and created. They may hold tokens or observations."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from ._validation import check_path
from .errors import ConfigurationError

if TYPE_CHECKING:
    from filelock import BaseFileLock


def open_descriptor(path: str, flags: int) -> int:
    """Open a file; raise if it is a symbolic link, and do not wait for the other end of a pipe."""
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    return os.open(path, flags, 0o600)


def sync_folder(folder: Path) -> None:
    """Write the directory entry of a new file to the disk, if the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def create_file(path: Path) -> None:
    """Create an empty file that only this user can access, with any umask; do nothing if the path exists."""
    with suppress(FileExistsError), FileIO(path, "x+", opener=open_descriptor) as file:
        if sys.platform != "win32":
            os.fchmod(file.fileno(), 0o600)


def write_all(file: FileIO, content: bytes) -> None:
    """Write all bytes at the position of a file; one call of `write` may write fewer."""
    remaining = memoryview(content)
    while remaining:
        remaining = remaining[file.write(remaining) :]


def acquire_lock(path: Path, timeout: float) -> BaseFileLock:
    """Acquire the lock of a lock file, which is created with access for this user alone.

    Args:
        path: The path of the lock file.
        timeout: Seconds to wait for another process.

    Returns:
        The lock, to release.

    Raises:
        ConfigurationError: The path is a symbolic link.
        filelock.Timeout: Another process has the lock.
        OSError: The lock file cannot be created or locked.
    """
    from filelock import FileLock

    if path.is_symlink():
        raise ConfigurationError(f"{escape_path(str(path))} is a symbolic link; remove it")
    # A new object each time: it also excludes other threads of this process, and a fork inherits none.
    lock = FileLock(path, timeout=timeout, mode=0o600, thread_local=False)
    if sys.platform != "win32":
        create_file(path)  # FileLock would repeat some errors until its timeout
    lock.acquire()
    return lock


def resolve_path(path: str | os.PathLike[str]) -> Path:
    """Resolve `~` and symbolic links in the path of a file."""
    text = check_path("path", path)
    try:
        os.fsencode(text)  # raises for characters that a path cannot contain
        resolved = Path(os.path.realpath(Path(text).expanduser()))
        is_folder = resolved.is_dir() or text.endswith((os.sep, os.altsep or os.sep))
        is_loop = resolved.is_symlink()
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: there is no such user
        raise ConfigurationError(f"path {text!a} cannot be used: {escape_path(str(error))}") from None
    if is_folder:
        raise ConfigurationError(f"path {text!a} is a folder; give the path of a file in it")
    if is_loop:
        raise ConfigurationError(f"path {text!a} is a loop of symbolic links; choose another path")
    return resolved


def escape_path(text: str) -> str:
    """Escape a text that has characters which must not reach a terminal or a log."""
    return text if text.isprintable() else ascii(text)
