"""Authentication: a permanent API token, an access token, a session that renews its tokens, or nothing."""

from typing import TYPE_CHECKING

from .._lazy import build_getattr

if TYPE_CHECKING:
    from .anonymous import Anonymous as Anonymous
    from .api_key import APIKey as APIKey
    from .bearer_token import BearerToken as BearerToken
    from .file_store import FileTokenStore as FileTokenStore
    from .session import Session as Session
    from .token_store import MemoryTokenStore as MemoryTokenStore
    from .token_store import TokenPair as TokenPair
    from .token_store import TokenStore as TokenStore

__all__ = [
    "APIKey",
    "Anonymous",
    "BearerToken",
    "FileTokenStore",
    "MemoryTokenStore",
    "Session",
    "TokenPair",
    "TokenStore",
]


if not TYPE_CHECKING:  # type checkers must see the names, and that there are no others
    __getattr__ = build_getattr(
        __name__,
        {
            "": ("api_key", "session", "store"),
            "anonymous": ("Anonymous",),
            "api_key": ("APIKey",),
            "bearer_token": ("BearerToken",),
            "session": ("Session",),
            "file_store": ("FileTokenStore",),
            "token_store": ("MemoryTokenStore", "TokenPair", "TokenStore"),
        },
    )


def __dir__() -> list[str]:
    return list(__all__)
