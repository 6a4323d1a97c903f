"""Pages of lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..schemas import Problem
from ..seed import Record
from .call import Call

T = TypeVar("T")


def build_page(call: Call, key: str, items: Sequence[T], serialize: Callable[[T], Record]) -> Record:
    """Build the page of a list that a call requests, with its items under a key.

    Its `next` and `previous` lack the prefix `/iam`, as upstream writes them, so clients cannot follow them.
    """
    offset = parse_offset(call)
    max_size = call.state.max_page_size
    limit = min(call.query.get("limit", max_size), max_size)

    def build_url(start: int) -> str:
        return f"{call.operation.path.removeprefix('/iam')}?offset={start}&limit={limit}"

    next_offset = offset + limit
    return {
        "count": len(items),
        "next": build_url(next_offset) if next_offset < len(items) else None,
        "previous": build_url(max(0, offset - limit)) if offset else None,
        key: [serialize(item) for item in items[offset:next_offset]],
    }


def parse_offset(call: Call) -> int:
    """Return the offset that a call requests; raise 400 if it or the limit is out of range."""
    problems: list[Problem] = []
    if call.query.get("limit", 1) < 1:
        problems.append((("limit",), "Must be 1 or more."))
    offset: int = call.query.get("offset", 0)
    if offset < 0:
        problems.append((("offset",), "Must be 0 or more."))
    if problems:
        raise call.build_bad_request(*problems)
    return offset
