"""Which pages are requested, which rows are returned, and where a list ends; with servers of all kinds."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from gcore_iam import PaginationError
from gcore_iam.pagination.options import Consistency, Identity, PageOptions, PageResponse
from gcore_iam.pagination.walker import MAX_SEARCH_STEPS
from hypothesis import given, settings
from hypothesis import strategies as st

from .list_server import LENGTHS, ListServer
from .simulated_reader import BY_CONTENT, BY_ID, PageSettings, SimulatedReader, read

CONSISTENCIES = pytest.mark.parametrize("consistency", ["strict", "fast"])

# --- requests and rows ---------------------------------------------------------------------------------------------


@CONSISTENCIES
@settings(max_examples=250)
@given(
    size=st.integers(0, 40),
    page_size=st.one_of(st.integers(1, 12), st.just(1000)),
    start=st.one_of(st.just(0), st.integers(0, 45)),
    max_items=st.one_of(st.none(), st.integers(0, 45)),
    max_length=st.sampled_from([2, 3, 7, 1000]),
    delays=st.binary(max_size=8),
)
def test_every_requested_row_comes_once_in_order(
    consistency: Consistency,
    size: int,
    page_size: int,
    start: int,
    max_items: int | None,
    max_length: int,
    delays: bytes,
) -> None:
    expected = list(range(size))[start : None if max_items is None else start + max_items]
    options: PageSettings = {
        "page_size": page_size,
        "start": start,
        "max_items": max_items,
        "consistency": consistency,
    }
    for is_counted, prefetch in itertools.product((True, False), (1, 4)):
        server = ListServer(range(size), max_length=max_length, is_counted=is_counted)
        options["prefetch"] = prefetch
        assert read(server, BY_ID, delays=delays, **options) == expected


@settings(max_examples=150)
@given(size=st.integers(0, 40), page_size=st.integers(1, 12), lengths=LENGTHS)
def test_single_and_short_pages_bring_every_row(size: int, page_size: int, lengths: bytes) -> None:
    """Whether or not the server sends totals."""
    for identity, is_counted, max_length in itertools.product((BY_ID, BY_CONTENT), (True, False), (1, 1000)):
        server = ListServer(range(size), lengths=lengths, min_length=1, max_length=max_length, is_counted=is_counted)
        assert read(server, identity, page_size=page_size) == list(range(size))


@pytest.mark.parametrize(
    ("options", "requests"),
    [
        ({}, [(0, 100), (99, 101), (199, 101)]),
        ({"consistency": "fast"}, [(0, 100), (100, 100), (200, 100)]),
        ({"start": 10, "max_items": 150}, [(9, 101), (109, 51)]),
        ({"start": 10, "max_items": 150, "consistency": "fast"}, [(10, 100), (110, 50)]),
        ({"page_size": 1000}, [(0, 999)]),
        ({"page_size": 1000, "consistency": "fast"}, [(0, 1000)]),
        ({"start": 250}, [(249, 101)]),
        ({"max_items": 0}, []),
        ({"max_items": 100}, [(0, 100)]),
        ({"max_items": 101}, [(0, 100), (99, 2)]),
    ],
)
def test_strict_pages_request_at_most_one_more_row(options: PageSettings, requests: list[tuple[int, int]]) -> None:
    server = ListServer(range(250))
    read(server, BY_ID, **options)
    assert server.requests == requests


def test_no_request_exceeds_a_thousand_rows() -> None:
    server = ListServer(range(3500))
    assert read(server, BY_ID, page_size=1000) == list(range(3500))
    assert server.requests == [(0, 999), (998, 1000), (1997, 1000), (2996, 1000)]


def test_pages_have_number_offset_and_total() -> None:
    reader = SimulatedReader(ListServer(range(5)), PageOptions(2, start=1, prefetch=1), BY_ID)
    assert [(page.number, page.offset, page.total, list(page.items)) for page in reader.pages()] == [
        (1, 1, 5, [1, 2]),
        (2, 3, 5, [3, 4]),
    ]


@CONSISTENCIES
@settings(max_examples=80)
@given(size=st.integers(0, 40), page_size=st.integers(1, 12), start=st.integers(0, 12), lengths=LENGTHS)
def test_pages_of_an_unchanged_list_join(
    consistency: Consistency, size: int, page_size: int, start: int, lengths: bytes
) -> None:
    """Each page says where its first row stands, and is numbered from 1."""
    server = ListServer(range(size), lengths=lengths)
    options = PageOptions(page_size, start=start, prefetch=1, consistency=consistency)
    position = start
    for number, page in enumerate(SimulatedReader(server, options, BY_ID).pages(), 1):
        assert (page.number, page.offset, page.total) == (number, position, size)
        assert 1 <= len(page.items) <= page_size
        position += len(page.items)


# --- odd servers ---------------------------------------------------------------------------------------------------

TOTAL = 25
PAGE = 10

Respond = Callable[[int, int, int], PageResponse[int]]
"""Responds to the n-th request, from 1, with its offset and limit."""


@attrs.define
class OddServer:
    """A server of 25 rows that does something odd."""

    respond: Respond
    requests: int = 0

    def __call__(self, offset: int, limit: int) -> PageResponse[int]:
        self.requests += 1
        return self.respond(self.requests, offset, limit)


def rows(offset: int, limit: int, total: int = TOTAL) -> range:
    return range(offset, max(offset, min(offset + limit, total)))


ODD_SERVERS: dict[str, tuple[Respond, int, int]] = {
    "as in the spec": (lambda _, o, li: PageResponse(rows(o, li), TOTAL), 3, 3),
    "a whole list": (lambda *_: PageResponse(range(TOTAL), TOTAL, is_whole=True), 1, 1),
    "no count": (lambda _, o, li: PageResponse(rows(o, li), None), 5, 4),
    "a count once": (lambda n, o, li: PageResponse(rows(o, li), TOTAL if n == 1 else None), 6, 5),
    "the count is that of the page": (
        lambda _, o, li: PageResponse(rows(o, li), min(li, TOTAL - o) if o else TOTAL),
        6,
        4,
    ),
    "the count changes": (lambda n, o, li: PageResponse(rows(o, li), TOTAL + n % 2), 4, 4),
    "the limit is clamped": (lambda _, o, li: PageResponse(rows(o, min(li, 5)), TOTAL), 6, 5),
    "short pages in the middle": (
        lambda n, o, li: PageResponse(rows(o, max(2, li // 2) if n in (2, 3) else li), TOTAL),
        4,
        4,
    ),
    "an empty page once": (lambda n, o, li: PageResponse([] if n == 2 else rows(o, li), TOTAL), 4, 4),
    "one row per page": (lambda _, o, __: PageResponse(rows(o, 1), TOTAL), 73, 25),
    "one row on a page in the middle": (lambda _, o, li: PageResponse(rows(o, 1 if 9 <= o < 12 else li), TOTAL), 11, 5),
}
"""Servers that send all rows, each with the number of requests: strict and fast."""


@CONSISTENCIES
@pytest.mark.parametrize("name", ODD_SERVERS)
def test_every_row_comes_once_from_odd_servers(name: str, consistency: Consistency) -> None:
    respond, strict, fast = ODD_SERVERS[name]
    server = OddServer(respond)
    assert read(server, BY_ID, page_size=PAGE, consistency=consistency) == list(range(TOTAL))
    assert server.requests == (strict if consistency == "strict" else fast)
    for delays in (b"\0", b"\1", b"\2"):
        ahead = read(OddServer(respond), BY_ID, page_size=PAGE, consistency=consistency, prefetch=4, delays=delays)
        assert ahead == list(range(TOTAL))


def repeat_second_page(number: int, _: int, limit: int) -> PageResponse[int]:
    return PageResponse(rows(0, limit) if number == 1 else rows(PAGE - 1, PAGE), TOTAL)


BROKEN_SERVERS: dict[str, tuple[Respond, str, int, int]] = {
    "ignores offset": (lambda _, __, li: PageResponse(rows(0, li), TOTAL), "does not heed offset", 6, 6),
    "ignores offset and limit": (lambda *_: PageResponse(rows(0, PAGE), TOTAL), "does not heed offset", 6, 6),
    "ignores offset, counts nothing": (lambda _, __, li: PageResponse(rows(0, li), None), "does not heed offset", 6, 6),
    "repeats the second page for ever": (repeat_second_page, "does not heed offset", 7, 7),
    "counts 10**12, sends none": (
        lambda n, _, __: PageResponse(rows(0, PAGE) if n == 1 else [], 10**12),
        "counts 1000000000000 items, but sends none from offset",
        4,
        4,
    ),
    "counts 100 at the start, sends 25": (
        lambda _, o, li: PageResponse(rows(o, li), None if o else 100),
        "counts 100 items, but sends none from offset 25",
        6,
        5,
    ),
    "counts 10**12, sends the same": (
        lambda _, o, li: PageResponse(rows(o, li), 10**12),
        r"counts 1000000000000 items, but",
        7,
        6,
    ),
}
"""Servers that contradict themselves: the error message, and the number of requests: strict and fast."""


@CONSISTENCIES
@pytest.mark.parametrize("name", BROKEN_SERVERS)
def test_a_broken_server_raises_after_few_requests(name: str, consistency: Consistency) -> None:
    respond, message, strict, fast = BROKEN_SERVERS[name]
    for prefetch in (1, 4):
        server = OddServer(respond)
        got: list[int] = []
        options = PageOptions(PAGE, consistency=consistency, prefetch=prefetch)
        with pytest.raises(PaginationError, match=message) as caught:
            got.extend(SimulatedReader(server, options, BY_ID))
        assert caught.value.offset >= 0
        if consistency == "strict":
            assert got == sorted(set(got))
        if prefetch == 1:
            assert server.requests == (strict if consistency == "strict" else fast)
        assert server.requests <= 20


def test_a_search_for_rows_that_are_gone_ends() -> None:
    """Even in the middle of a long list, of which it sees a small part."""
    ids = itertools.count()
    server = OddServer(lambda _, __, limit: PageResponse(list(itertools.islice(ids, limit)), 10**6))
    with pytest.raises(PaginationError, match="none of the last"):
        read(server, BY_ID, page_size=PAGE, start=5000)
    assert server.requests == 2 + 2 * MAX_SEARCH_STEPS


@pytest.mark.parametrize("consistency", ["strict", "fast"])
@pytest.mark.parametrize("rest", [4, 0])
def test_a_list_that_shrinks_below_the_offset_ends(rest: int, consistency: Consistency) -> None:
    server = OddServer(lambda n, o, li: PageResponse(rows(o, li, TOTAL if n == 1 else rest), TOTAL if n == 1 else rest))
    assert read(server, BY_ID, page_size=PAGE, consistency=consistency) == list(range(PAGE))
    assert server.requests <= 3


def test_fast_pages_detect_a_server_that_ignores_offset() -> None:
    """Even if its total changes with each request."""
    server = OddServer(lambda n, _, li: PageResponse(range(li), 1000 + n))
    with pytest.raises(PaginationError, match="does not heed offset"):
        read(server, BY_ID, consistency="fast")
    assert server.requests < 10


def test_a_log_may_repeat_the_same_page() -> None:
    """That is no server that ignores offset."""
    assert read(ListServer([7] * 60), BY_CONTENT, page_size=10) == [7] * 60


@attrs.frozen
class User:
    """A row of which the server sends an email only, if the number is odd."""

    id: int | None
    email: str


def test_rows_without_a_key_are_recognised_by_content() -> None:
    """The models accept null for any value, and for an item."""
    identity = Identity[Any](lambda row: row.id, is_unique=True)
    users: list[User | None] = [User(None if number % 2 else number, str(number)) for number in range(30)]
    users[12] = None

    def fetch(offset: int, limit: int) -> PageResponse[Any]:
        return PageResponse(users[offset : offset + limit], len(users))

    assert read(fetch, identity, page_size=4) == users


@pytest.mark.parametrize("total", [9, None])
@pytest.mark.parametrize("page_size", [1, 2, 4, 100])
def test_null_rows_all_come(page_size: int, total: int | None) -> None:
    """Although the key function fails for them."""
    identity = Identity[Any](lambda row: row["id"], is_unique=True)
    users: list[Any] = [None, {"id": 1}, {"id": 2}, None, None, None, {"id": 3}, None, None]

    def fetch(offset: int, limit: int) -> PageResponse[Any]:
        return PageResponse(users[offset : offset + limit], total)

    assert read(fetch, identity, page_size=page_size) == users
