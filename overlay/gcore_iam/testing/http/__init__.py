"""How requests reach the fake: in process through httpx, or over HTTP."""

from typing import TYPE_CHECKING

from ..._lazy import build_getattr

if TYPE_CHECKING:
    from .transport import FakeTransport as FakeTransport

if not TYPE_CHECKING:  # type checkers must see the names, and that there are no others
    __getattr__ = build_getattr(__name__, {"transport": ("FakeTransport",)})
