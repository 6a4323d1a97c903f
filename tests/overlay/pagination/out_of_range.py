"""What pagers reject."""

from __future__ import annotations

OUT_OF_RANGE: list[tuple[str, object]] = [
    *(("page_size", value) for value in (0, -1, 1001, 10**9, True, 10.0, "10", None)),
    *(("start", value) for value in (-1, False, None, 1.5)),
    *(("max_items", value) for value in (-1, True, "5")),
    *(("prefetch", value) for value in (0, -1, 65, True, 2.0, None)),
    *(("consistency", value) for value in ("Strict", "", None, True)),
    *(("prefetch_bytes", value) for value in (0, -1, True)),
]
"""Arguments of pagers, each with a value that is not allowed."""
