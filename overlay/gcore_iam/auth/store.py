"""The token stores, under one import path."""

from .file_store import FileTokenStore
from .token_store import MemoryTokenStore, TokenPair, TokenStore

__all__ = ["FileTokenStore", "MemoryTokenStore", "TokenPair", "TokenStore"]
