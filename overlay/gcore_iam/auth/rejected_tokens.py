"""Records in a stored pair which refresh tokens the API has rejected, so that none of them is sent again.

The record replaces the refresh token of the pair, and holds only digests.
"""

from __future__ import annotations

import hashlib

import attrs

from .token_store import TokenPair

_PREFIX = "refused:"
_MAX_REJECTED = 16
"""Maximum number of rejected refresh tokens in a record."""


def is_record(refresh: str) -> bool:
    """Return whether the refresh token of a pair is a record of rejected tokens."""
    return refresh.startswith(_PREFIX)


def is_rejected(refresh: str, pair: TokenPair) -> bool:
    """Return whether the record of a pair contains a refresh token."""
    return _digest(refresh) in _get_digests(pair)


def add_rejected_token(pair: TokenPair, refresh: str) -> TokenPair:
    """Return a pair whose refresh token is replaced by a record with one more rejected token."""
    digests = _get_digests(pair) or [_digest(pair.refresh)]
    digests = list(dict.fromkeys([*digests, _digest(refresh)]))[-_MAX_REJECTED:]
    return attrs.evolve(pair, refresh=_PREFIX + ",".join(digests))


def _digest(refresh: str) -> str:
    return hashlib.sha256(refresh.encode()).hexdigest()[:32]


def _get_digests(pair: TokenPair) -> list[str]:
    return pair.refresh.removeprefix(_PREFIX).split(",") if is_record(pair.refresh) else []
