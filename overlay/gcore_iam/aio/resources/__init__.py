"""One module per group of operations: a class with a method per operation, and a class that returns raw responses."""

from typing import TYPE_CHECKING

from ..._lazy import build_getattr

if TYPE_CHECKING:
    from .account import AsyncAccount as AsyncAccount
    from .account import AsyncRawAccount as AsyncRawAccount
    from .auth import AsyncAuth as AsyncAuth
    from .auth import AsyncRawAuth as AsyncRawAuth
    from .legacy_tokens import AsyncLegacyTokens as AsyncLegacyTokens
    from .legacy_tokens import AsyncRawLegacyTokens as AsyncRawLegacyTokens
    from .tokens import AsyncRawTokens as AsyncRawTokens
    from .tokens import AsyncTokens as AsyncTokens
    from .users import AsyncRawUsers as AsyncRawUsers
    from .users import AsyncUsers as AsyncUsers

if not TYPE_CHECKING:  # type checkers must see the names, and that there are no others
    __getattr__ = build_getattr(
        __name__,
        {
            "account": ("AsyncAccount", "AsyncRawAccount"),
            "auth": ("AsyncAuth", "AsyncRawAuth"),
            "legacy_tokens": ("AsyncLegacyTokens", "AsyncRawLegacyTokens"),
            "tokens": ("AsyncRawTokens", "AsyncTokens"),
            "users": ("AsyncRawUsers", "AsyncUsers"),
        },
    )
