"""What the pickle of a session holds, so that a worker process can use a copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError
from .rejected_tokens import add_rejected_token
from .token_store import MemoryTokenStore, TokenPair

_KEPT = ("_username", "_client_id", "_origin", "_pickle_password")
_PASSWORDS = ("_password", "_candidate_passwords", "_one_time_password")


def build_state(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Build the state of a pickled session: without locks, and without the password unless the user wants it there.

    A refresh token serves once. It stays with this process, unless the store is one that processes share.

    Args:
        attributes: The attributes of the session.

    Returns:
        The state. `_store` is None if the copy gets a store of its own.

    Raises:
        ConfigurationError: The copy could do nothing.
    """
    state = {name: attributes[name] for name in _KEPT if name in attributes}
    if attributes.get("_pickle_password"):
        state.update((name, attributes[name]) for name in _PASSWORDS)
    is_shared = not isinstance(attributes["_store"], MemoryTokenStore)
    state["_store"] = attributes["_store"] if is_shared else None
    for name in ("_current_pair", "_initial_pair"):
        pair = attributes.get(name)
        state[name] = pair if is_shared else _withhold_refresh_token(pair)
    has_tokens = state["_current_pair"] is not None or state["_initial_pair"] is not None
    if not (is_shared or has_tokens or "_password" in state):
        raise ConfigurationError(
            "this session cannot be pickled: it has not logged in yet, and its password stays in this process. Pass "
            "pickle_password=True to the Session, give it a FileTokenStore, or make a call before you pickle it"
        )
    return state


def _withhold_refresh_token(pair: TokenPair | None) -> TokenPair | None:
    return None if pair is None else add_rejected_token(pair, pair.refresh)
