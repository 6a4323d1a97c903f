"""A model of a server with one list, in memory: others insert, delete and move its rows between two requests."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

import attrs
from gcore_iam.pagination.options import PageResponse
from hypothesis import strategies as st

FIRST_NEW_ROW = 1000
"""Rows that are inserted during an iteration have numbers from here on."""

MAX_REQUESTS = 2000
"""Requests that no iteration of these tests comes near."""

CHANGES: st.SearchStrategy[bytes] = st.binary(min_size=48, max_size=48)
"""What happens to a list between requests; see `ListServer.changes`. Zeros stand for no change."""

LENGTHS: st.SearchStrategy[bytes] = st.one_of(st.just(b""), st.binary(min_size=16, max_size=16))
"""How short pages are; see `ListServer.lengths`."""

COUNTED: st.SearchStrategy[bytes] = st.sampled_from([b"\1", b"\0", b"\1\0", b"\0\0\1"])
"""Which responses have a total: all, none, or some; see `ListServer.counted`."""


class PageFailureError(Exception):
    """A request that the server fails."""


def copy_rows(rows: Iterable[int]) -> list[int]:
    """Copy rows, so that the server may change them."""
    return list(rows)


@attrs.define
class ListServer:
    """Serves the rows of a list by offset and limit, as `fetch` of a pager.

    Args:
        rows: The rows at first.
        changes: The changes before each request but the first. One byte says how many (its value modulo 4), then
            each change takes one byte: a deletion if it is even, else an insertion, at byte // 4 64ths of the list.
            With `moves`, every third value moves a row.
        max_length: Rows on a page at most.
        lengths: Makes pages shorter, but not shorter than `min_length`; one byte a request, again and again.
        min_length: Rows on a page at least, if the list and the limit allow it.
        is_counted: Whether the server sends a total.
        counted: Which responses have a total, if the server sends any; one byte a request, again and again.
        moves: Whether some changes move a row to another place.
        failures: Numbers of the requests that fail, from 0.
    """

    rows: list[int] = attrs.field(converter=copy_rows)
    changes: bytes = b""
    max_length: int = 1000
    lengths: bytes = b""
    min_length: int = 2
    counted: bytes = b"\1"
    is_counted: bool = True
    moves: bool = False
    failures: frozenset[int] = frozenset()
    requests: list[tuple[int, int]] = attrs.field(factory=list)
    """Offset and limit of each request."""
    first_rows: list[int] | None = None
    """The rows at the first request."""
    stable_rows: set[int] = attrs.field(factory=set)
    """The rows of the first request that have neither been deleted nor moved."""
    next_row: int = FIRST_NEW_ROW
    """The row that is inserted next."""
    next_change: int = 0
    """The index in `changes` that is read next."""

    def __call__(self, offset: int, limit: int) -> PageResponse[int]:
        number = len(self.requests)
        assert number < MAX_REQUESTS, "the iteration does not end"
        self.requests.append((offset, limit))
        if self.first_rows is None:
            self.first_rows, self.stable_rows = list(self.rows), set(self.rows)
        else:
            for change in self._take_changes():
                self._apply(change)
        if number in self.failures:
            raise PageFailureError(f"request {number}")
        length = min(limit, self.max_length)
        if self.lengths:
            shortest = min(self.min_length, length)
            length = shortest + self.lengths[number % len(self.lengths)] % (length - shortest + 1)
        is_counted = self.is_counted and self.counted[number % len(self.counted)]
        return PageResponse(self.rows[offset : offset + length], len(self.rows) if is_counted else None)

    def _take_changes(self) -> bytes:
        start = self.next_change + 1
        count = self.changes[self.next_change] % 4 if self.next_change < len(self.changes) else 0
        self.next_change = start + count
        return self.changes[start : start + count]

    def _apply(self, change: int) -> None:
        where = (change // 4) / 63
        if self.moves and change % 3 == 0:
            if self.rows:
                row = self.rows.pop(round(where * (len(self.rows) - 1)))
                self.stable_rows.discard(row)
                self.rows.insert(len(self.rows) - round(where * len(self.rows)), row)
        elif change % 2:
            self.rows.insert(round(where * len(self.rows)), self.next_row)
            self.next_row += 1
        elif self.rows:
            self.stable_rows.discard(self.rows.pop(round(where * (len(self.rows) - 1))))

    def copy(self) -> Self:
        """Return the same server at the same time; both then change in the same way."""
        return attrs.evolve(self, rows=list(self.rows), requests=list(self.requests), stable_rows=set(self.stable_rows))

    def check(self, got: Sequence[int]) -> None:
        """Fail if a row came twice, or if a row that was there from start to end is missing or out of order."""
        assert len(got) == len(set(got)), f"came twice: {sorted(row for row in set(got) if got.count(row) > 1)}"
        stable = self.stable_rows
        assert [row for row in got if row in stable] == [row for row in self.first_rows or () if row in stable]


def cycle_bytes(values: bytes) -> Iterator[int]:
    """Repeat some bytes without end; zeros if there are none."""
    return itertools.cycle(values or b"\0")
