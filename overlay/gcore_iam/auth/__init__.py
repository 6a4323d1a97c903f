"""How requests are authenticated: with a permanent API token, or with a session that keeps itself alive."""

from .api_key import APIKey as APIKey
from .session import Session as Session
from .store import FileTokenStore as FileTokenStore
from .store import MemoryTokenStore as MemoryTokenStore
from .store import TokenPair as TokenPair
from .store import TokenStore as TokenStore

__all__ = ["APIKey", "FileTokenStore", "MemoryTokenStore", "Session", "TokenPair", "TokenStore"]
