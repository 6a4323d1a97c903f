"""Where a session keeps its tokens."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet

import attrs

from ..errors import ConfigurationError
from .api_key import is_credential


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
        _STORES.add(self)

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


_STORES: WeakSet[MemoryTokenStore] = WeakSet()


def _after_fork() -> None:
    for store in list(_STORES):
        store._lock = threading.Lock()  # whoever held it is not in this process


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class FileTokenStore:
    """Keeps the tokens in a file, for programs that run again and for several processes at once.

    The file is created with the permissions 0600, in a folder that is created with 0700, and is replaced as a whole. A
    second file beside it, with `.lock` at its end, keeps processes apart: one of them refreshes, the others use what
    it has stored.

    Args:
        path: The file. `~` stands for the home folder.
        timeout: Seconds to wait for another process, above 0.

    Raises:
        ConfigurationError: An argument is not what it should be. While in use: the file cannot be read or written, is
            open to others (on POSIX), is not one of this class, or stays locked.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 120.0) -> None:
        if not isinstance(path, str | os.PathLike) or not str(path).strip():
            raise ConfigurationError("path must be the path of a file")
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
            raise ConfigurationError("timeout must be a number of seconds above 0")
        try:
            self._path = Path(path).expanduser().absolute()
        except RuntimeError as error:  # there is no such user
            raise ConfigurationError(f"path: {error}") from None
        if "\0" in str(self._path):
            raise ConfigurationError("path must be the path of a file")
        self._timeout = timeout

    def load(self) -> TokenPair | None:
        """See `TokenStore.load`.

        Raises:
            ConfigurationError: There is a file, but it cannot be read, is open to others, or holds something else.
        """
        with self._told("read"):
            try:
                with self._path.open("rb") as file:
                    mode = os.fstat(file.fileno()).st_mode
                    content = file.read()
            except FileNotFoundError:
                return None
        if os.name == "posix" and mode & 0o077:
            raise ConfigurationError(f"{self._path} is open to other users; run: chmod 600 {self._path}")
        try:
            fields: dict[str, Any] = json.loads(content)
            tokens = TokenPair(**fields)
        except (ValueError, TypeError, RecursionError):
            tokens = None
        if (
            tokens is None
            or not (is_credential(tokens.access) and is_credential(tokens.refresh) and isinstance(tokens.owner, str))
            or isinstance(tokens.expires_at, bool)
            or not isinstance(tokens.expires_at, int | float | None)
            or (tokens.expires_at is not None and not abs(tokens.expires_at) < 1e12)
        ):
            raise ConfigurationError(f"{self._path} is not a file of tokens; move it away, or choose another path")
        return tokens

    def save(self, tokens: TokenPair) -> None:
        """See `TokenStore.save`.

        Raises:
            ConfigurationError: The file cannot be written; what it held is still there.
        """
        with self._told("written"):
            self._make_folder()
            # mkstemp: 0600 from the start, and a name that nobody else has.
            descriptor, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(attrs.asdict(tokens), file)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    @contextmanager
    def lock(self) -> Iterator[None]:
        """See `TokenStore.lock`.

        Raises:
            ConfigurationError: The lock cannot be had.
        """
        from filelock import FileLock, Timeout

        with self._told("locked"):
            self._make_folder()
            # A new one each time: threads of one process are kept apart as well, and a fork inherits none.
            lock = FileLock(f"{self._path}.lock", timeout=self._timeout, mode=0o600, thread_local=False)
            try:
                lock.acquire()
            except Timeout:
                raise ConfigurationError(
                    f"{self._path}.lock has been held by another process for more than {self._timeout:g} s"
                ) from None
        try:
            yield
        finally:
            lock.release()

    def _make_folder(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(f"{self._path} cannot be {done}: {error.strerror or error}") from error

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self._path)!r})"
