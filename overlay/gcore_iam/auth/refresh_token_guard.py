"""Prevents that a refresh token is sent twice, or by two processes."""

from __future__ import annotations

from collections.abc import Iterable

from .. import _fork
from ..errors import AuthenticationError, ConfigurationError, IAMError
from .rejected_tokens import is_record, is_rejected
from .token_store import MemoryTokenStore, TokenPair, TokenStore


class RefreshTokenGuard:
    """Keeps track of the refresh tokens that a session must not send.

    Args:
        store: The store of the session. A fork copies a `MemoryTokenStore`; parent and child share any other store.
    """

    def __init__(self, store: TokenStore) -> None:
        self._copied_store = store if isinstance(store, MemoryTokenStore) else None
        self._spent: set[str] = set()
        self._inherited: set[str] = set()
        if self._copied_store is not None and self._copied_store.saved_by is None:
            self._copied_store.saved_by = _fork.get_generation()

    def on_fork(self, pairs: Iterable[TokenPair | None]) -> None:
        """Leave the refresh tokens of pairs to the parent process if the fork has copied the store."""
        if self._copied_store is not None:
            self._inherited |= {pair.refresh for pair in pairs if pair is not None}

    def on_load(self, tokens: TokenPair) -> None:
        """Leave the refresh token of a loaded pair to the parent process if it was saved before the fork."""
        if self._copied_store is not None and self._copied_store.saved_by != _fork.get_generation():
            self._inherited.add(tokens.refresh)

    def on_save(self, tokens: TokenPair) -> None:
        """Record that this process has saved a pair."""
        if self._copied_store is not None and tokens.refresh not in self._inherited:
            self._copied_store.saved_by = _fork.get_generation()

    def mark_spent(self, refresh: str) -> None:
        """Record that a refresh token was sent."""
        self._spent.add(refresh)

    def select(self, pairs: Iterable[TokenPair | None]) -> list[str]:
        """Select the refresh tokens of pairs that may be sent."""
        known = [pair for pair in pairs if pair is not None]
        return [
            refresh
            for refresh in dict.fromkeys(pair.refresh for pair in known)
            if not is_record(refresh)
            and refresh not in self._spent | self._inherited
            and not any(is_rejected(refresh, pair) for pair in known)
        ]

    def build_error(self, pairs: Iterable[TokenPair | None], url: str) -> IAMError:
        """Build the error for a session whose pairs have no refresh token that may be sent.

        Args:
            pairs: The pairs.
            url: Where a refresh token would be sent.
        """
        known = [pair for pair in pairs if pair is not None]
        if not known:
            return ConfigurationError(
                "this session was pickled without its password, and its store holds no tokens: pass "
                "pickle_password=True to the Session that is pickled, or let it log in first"
            )
        if any(pair.refresh in self._inherited for pair in known):
            return ConfigurationError(
                "this session's refresh token belongs to the parent process, and can be used once: make the Session in "
                "this process, after the fork and not by pickle, or give it a store that processes share, such as "
                "FileTokenStore"
            )
        return AuthenticationError(
            401,
            errors={},
            message="the API has refused the session's refresh token before, so it was not sent again",
            request_id=None,
            retry_after=None,
            body=None,
            method="POST",
            url=url,
        )
