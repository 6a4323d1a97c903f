"""How requests are authenticated."""

from .api_key import APIKey as APIKey

__all__ = ["APIKey"]
