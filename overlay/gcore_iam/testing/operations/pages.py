"""Lists that come in pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..description import Problem
from ..population import Record
from .call import Call

T = TypeVar("T")


def page(call: Call, key: str, items: Sequence[T], render: Callable[[T], Record]) -> Record:
    """The page of a list that a call asks for, its items under a key.

    Its `next` and `previous` lack the prefix `/iam`, as upstream writes them, so they cannot be followed as they are.
    """
    offset = offset_of(call)
    most = call.state.max_page_size
    limit = min(call.query.get("limit", most), most)

    def url(start: int) -> str:
        return f"{call.operation.path.removeprefix('/iam')}?offset={start}&limit={limit}"

    following = offset + limit
    return {
        "count": len(items),
        "next": url(following) if following < len(items) else None,
        "previous": url(max(0, offset - limit)) if offset else None,
        key: [render(item) for item in items[offset:following]],
    }


def offset_of(call: Call) -> int:
    """The offset that a call asks for; refused when it, or the limit beside it, is out of range."""
    problems: list[Problem] = []
    if call.query.get("limit", 1) < 1:
        problems.append((("limit",), "Must be 1 or more."))
    offset: int = call.query.get("offset", 0)
    if offset < 0:
        problems.append((("offset",), "Must be 0 or more."))
    if problems:
        raise call.refuse(*problems)
    return offset
