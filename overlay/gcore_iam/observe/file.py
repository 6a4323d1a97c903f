"""Reads and writes the file of observations, which several processes can share."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from .._files import acquire_lock, escape_path, open_descriptor, resolve_path, sync_folder, write_all
from ..errors import ConfigurationError

_MAX_BYTES = 16 * 1024 * 1024
LOCK_TIMEOUT = 30.0
"""Seconds to wait for another writer."""


class ObservationFile:
    """A file of observations. A writer replaces it as a whole, so a reader finds the old content or the new one.

    As `FileTokenStore` does, it resolves symbolic links once and creates the file with the permissions 0600. Writers
    exclude each other by a lock file beside it, whose name ends with `.lock`.

    Args:
        path: The path of the file. `~` stands for the home folder.

    Raises:
        ConfigurationError: The path cannot be used. While in use: the file cannot be read or written, is no regular
            file, is too large, or stays locked.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = resolve_path(path)

    def read(self) -> bytes:
        """Read the file."""
        with self._translate_errors("read"), FileIO(self._path, "r", opener=open_descriptor) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ConfigurationError(f"{self} is not a regular file; choose another path")
            if status.st_size > _MAX_BYTES:
                raise ConfigurationError(f"{self} has more than {_MAX_BYTES} bytes; choose another path")
            return file.readall()

    def read_if_present(self) -> bytes:
        """Read the file; return no bytes if it is missing."""
        return self.read() if self._path.exists() else b""

    @contextmanager
    def lock(self, timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
        """Exclude other writers, of this process and of others."""
        from filelock import Timeout

        with self._translate_errors("locked"):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                lock = acquire_lock(Path(f"{self._path}.lock"), timeout)
            except Timeout:
                raise ConfigurationError(f"{self} is locked by another writer (waited {timeout:g} s)") from None
        try:
            yield
        finally:
            lock.release()

    def replace(self, content: bytes) -> None:
        """Replace the file; the caller holds the lock."""
        temporary = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}.tmp")
        with self._translate_errors("written"):
            try:
                with FileIO(temporary, "x", opener=open_descriptor) as file:
                    write_all(file, content)
                    os.fsync(file.fileno())
                temporary.chmod(0o600)  # whatever the umask is
                temporary.replace(self._path)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink()
                raise
            sync_folder(self._path.parent)

    @contextmanager
    def _translate_errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise ConfigurationError(f"{self} cannot be {action}: {problem}; choose another path") from error

    def __str__(self) -> str:
        return escape_path(str(self._path))
