"""Locks and writes the file of a token store, without reading its content."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from io import FileIO

from .. import _fork
from .._files import write_all

if sys.platform != "win32":
    import fcntl

_RESERVED_BYTES = 16 * 1024
"""Free space that a file needs, so that the next pair can be added."""


class _LockedFiles:
    """Holds the files that this process has locked."""

    def __init__(self) -> None:
        self.files: set[FileIO] = set()
        _fork.register(self)

    def after_fork(self) -> None:
        """Close the files in the child, which would otherwise keep the locks after the parent has ended."""
        for file in list(self.files):
            file.close()
        self.files.clear()


_LOCKED = _LockedFiles()


def try_lock(file: FileIO, *, is_required: bool) -> bool:
    """Lock an open file without waiting.

    Args:
        file: The file.
        is_required: Whether to raise if the file system does not support such locks.

    Returns:
        False if another process holds the lock; True if this one does, or if such locks are not supported.
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


def unlock(file: FileIO) -> None:
    """Unlock a file that `try_lock` has locked; do nothing for any other file."""
    if sys.platform == "win32" or file not in _LOCKED.files:
        return  # not locked, or locked by the parent before a fork
    _LOCKED.files.discard(file)
    fcntl.flock(file, fcntl.LOCK_UN)  # closing does not unlock while a child process has the file open


def check_space(file: FileIO) -> None:
    """Raise OSError if another pair cannot be added to a file."""
    size = file.seek(0, os.SEEK_END)
    try:
        write_all(file, b"\n" * _RESERVED_BYTES)
    finally:
        file.truncate(size)


def replace_content(file: FileIO, record: bytes) -> None:
    """Replace the content of a file with one record.

    At each moment the file holds the old record or the new one, complete and on a line of its own. The new record is
    appended first. When it is on the disk, it is copied to the beginning, which does not overlap the appended one.
    """
    size = file.seek(0, os.SEEK_END)
    start = max(size + 1, len(record))
    try:
        write_all(file, b"\n" * (start - size) + record)
        os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            file.truncate(size)
        raise
    with suppress(OSError):  # the record is on the disk; the next save removes the rest
        file.seek(0)
        write_all(file, record)
        os.fsync(file.fileno())
        file.truncate(len(record))
