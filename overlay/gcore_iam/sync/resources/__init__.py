# Derived from aio/resources/__init__.py by `make generate`. Do not edit: change that file.

"""One module per group of operations: a class with a method per operation, and a class that returns raw responses."""

from typing import TYPE_CHECKING

from ..._lazy import build_getattr

if TYPE_CHECKING:
    from .account import Account as Account
    from .account import RawAccount as RawAccount
    from .auth import Auth as Auth
    from .auth import RawAuth as RawAuth
    from .legacy_tokens import LegacyTokens as LegacyTokens
    from .legacy_tokens import RawLegacyTokens as RawLegacyTokens
    from .tokens import RawTokens as RawTokens
    from .tokens import Tokens as Tokens
    from .users import RawUsers as RawUsers
    from .users import Users as Users

if not TYPE_CHECKING:  # type checkers must see the names, and that there are no others
    __getattr__ = build_getattr(
        __name__,
        {
            "account": ("Account", "RawAccount"),
            "auth": ("Auth", "RawAuth"),
            "legacy_tokens": ("LegacyTokens", "RawLegacyTokens"),
            "tokens": ("RawTokens", "Tokens"),
            "users": ("RawUsers", "Users"),
        },
    )
