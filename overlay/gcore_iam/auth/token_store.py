"""Defines the protocol of a token store, and implements it in memory."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import Protocol

import attrs

from .. import _fork


def _mask_token(_: object) -> str:
    return "'***'"


@attrs.frozen
class TokenPair:
    """The tokens of a session, as a store keeps them.

    A store must keep all four fields. `attrs.asdict(tokens)` returns them, and `TokenPair(**fields)` builds the pair
    again. The repr hides the tokens; `attrs.asdict` does not.

    Attributes:
        access: The access token, valid for an hour.
        refresh: The refresh token, which can be exchanged once for the next pair, within 24 hours.
        expires_at: When the access token expires, in seconds since 1970 by this machine's clock; None if unknown.
        owner: The API's origin, the user and the account of the session, which uses only pairs of its own.
    """

    access: str = attrs.field(repr=_mask_token)
    refresh: str = attrs.field(repr=_mask_token)
    expires_at: float | None
    owner: str


class TokenStore(Protocol):
    """The methods that a session needs of a store; write your own for a database, a keyring or a shared cache.

    A session calls `load` and `save` only while it holds `lock()`. `AsyncIAMClient` calls all three in worker threads,
    and may release the lock in another thread than the one that acquired it. An exception of a store reaches the caller
    of the API method. If `save` fails, the session keeps the pair and saves it with the next renewal.
    """

    def load(self) -> TokenPair | None:
        """Return the pair that was saved last; None if there is none."""
        ...

    def save(self, tokens: TokenPair) -> None:
        """Replace the stored pair. After this returns, every `load` must return the new pair."""
        ...

    def lock(self) -> AbstractContextManager[object]:
        """Return a lock that one user of the store at a time holds, for a `with` block."""
        ...


class MemoryTokenStore:
    """Keeps the tokens in this process. Sessions with the same store share them."""

    saved_by: int | None = None
    """`_fork.get_generation()` of the process that saved the pair; see `RefreshTokenGuard`."""

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
