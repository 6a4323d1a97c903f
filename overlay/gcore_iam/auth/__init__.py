"""Authentication: a permanent API token, or a session that renews its tokens."""

from typing import TYPE_CHECKING

from .._lazy import build_getattr

if TYPE_CHECKING:
    from .api_key import APIKey as APIKey
    from .file_store import FileTokenStore as FileTokenStore
    from .session import Session as Session
    from .token_store import MemoryTokenStore as MemoryTokenStore
    from .token_store import TokenPair as TokenPair
    from .token_store import TokenStore as TokenStore

__all__ = ["APIKey", "FileTokenStore", "MemoryTokenStore", "Session", "TokenPair", "TokenStore"]


if not TYPE_CHECKING:  # type checkers must see the names, and that there are no others
    __getattr__ = build_getattr(
        __name__,
        {
            "": ("api_key", "session", "store"),
            "api_key": ("APIKey",),
            "session": ("Session",),
            "file_store": ("FileTokenStore",),
            "token_store": ("MemoryTokenStore", "TokenPair", "TokenStore"),
        },
    )


def __dir__() -> list[str]:
    return list(__all__)
