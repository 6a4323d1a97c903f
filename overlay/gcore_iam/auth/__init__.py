"""How requests are authenticated: with a permanent API token, or with a session that keeps itself alive."""

from typing import TYPE_CHECKING

from .._lazy import lazily

if TYPE_CHECKING:
    from .api_key import APIKey as APIKey
    from .session import Session as Session
    from .store import FileTokenStore as FileTokenStore
    from .store import MemoryTokenStore as MemoryTokenStore
    from .store import TokenPair as TokenPair
    from .store import TokenStore as TokenStore

__all__ = ["APIKey", "FileTokenStore", "MemoryTokenStore", "Session", "TokenPair", "TokenStore"]


if not TYPE_CHECKING:  # a type checker shall know the names, and that there are no others
    __getattr__ = lazily(
        __name__,
        {
            "": ("api_key", "session", "store"),
            "api_key": ("APIKey",),
            "session": ("Session",),
            "store": ("FileTokenStore", "MemoryTokenStore", "TokenPair", "TokenStore"),
        },
    )


def __dir__() -> list[str]:
    return list(__all__)
