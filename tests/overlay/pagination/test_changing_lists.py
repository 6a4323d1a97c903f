"""Others change a list while it is read: a row that stays comes exactly once, in order."""

from __future__ import annotations

import contextlib
import itertools
import random

import attrs
import pytest
from gcore_iam import PaginationError
from gcore_iam.pagination.options import Consistency, Identity, PageOptions, PageResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from .list_server import CHANGES, COUNTED, FIRST_NEW_ROW, LENGTHS, ListServer
from .simulated_reader import BY_CONTENT, BY_ID, BY_ID_OR_CONTENT, SimulatedReader, read

IDENTITIES = pytest.mark.parametrize("identity", [BY_CONTENT, BY_ID], ids=["by content", "by id"])

MOST_REQUESTS_WITHOUT_A_PAGE = 64

SIZES = st.integers(0, 30)
PAGE_SIZES = st.one_of(st.integers(1, 5), st.integers(1, 30))
MAX_LENGTHS = st.sampled_from([1000, 2, 3, 7])
BYTES = st.integers(0, 255)
DELAYS = st.binary(max_size=12)


@IDENTITIES
@settings(max_examples=200)
@given(size=SIZES, page_size=PAGE_SIZES, changes=CHANGES, max_length=MAX_LENGTHS, lengths=LENGTHS, delays=DELAYS)
def test_a_row_that_stays_comes_exactly_once(
    identity: Identity[int], size: int, page_size: int, changes: bytes, max_length: int, lengths: bytes, delays: bytes
) -> None:
    """Whether or not the server sends totals, and however many pages are requested ahead."""
    for is_counted, prefetch in itertools.product((True, False), (1, 3, 8)):
        server = ListServer(range(size), changes, max_length=max_length, lengths=lengths, is_counted=is_counted)
        server.check(read(server, identity, page_size=page_size, prefetch=prefetch, delays=delays))


@IDENTITIES
@settings(max_examples=80)
@given(size=st.integers(0, 20), page_size=st.integers(1, 10), changes=st.lists(st.none() | BYTES, max_size=16))
def test_single_row_pages_lose_and_repeat_nothing(
    identity: Identity[int], size: int, page_size: int, changes: list[int | None]
) -> None:
    """Whatever the page size; with one change at most between two requests."""
    script = b"".join(bytes([0] if change is None else [1, change]) for change in changes)
    for prefetch in (1, 4):
        server = ListServer(range(size), script, max_length=1)
        server.check(read(server, identity, page_size=page_size, prefetch=prefetch))


@settings(max_examples=200)
@given(size=SIZES, page_size=PAGE_SIZES, changes=CHANGES, lengths=LENGTHS, delays=DELAYS)
def test_moved_rows_never_come_twice(size: int, page_size: int, changes: bytes, lengths: bytes, delays: bytes) -> None:
    """The server keeps no stable order, so rows may be missing, or the iteration may raise."""
    for prefetch in (1, 4):
        server = ListServer(range(size), changes, lengths=lengths, moves=True)
        got: list[int] = []
        with contextlib.suppress(PaginationError):
            got.extend(SimulatedReader(server, PageOptions(page_size, prefetch=prefetch), BY_ID, delays=delays))
        assert len(got) == len(set(got))


@settings(max_examples=200)
@given(moved=st.integers(0, 39), target=st.integers(0, 39), number=st.integers(1, 4), page_size=st.integers(3, 20))
def test_a_moved_row_does_not_move_others(moved: int, target: int, number: int, page_size: int) -> None:
    """As if a list is sorted by name, and one user is renamed; the others keep their order."""
    server = ListServer(range(40))

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        if len(server.requests) == number:
            server.rows.remove(moved)
            server.rows.insert(target, moved)
        return server(offset, limit)

    got = read(fetch, BY_ID, page_size=page_size)
    assert len(got) == len(set(got))
    assert [row for row in got if row != moved] == [row for row in range(40) if row != moved]


def test_rows_that_move_to_the_end_when_read_come_once() -> None:
    """Each row that is read moves to the end, as in a list sorted by the time of the last change."""
    server = ListServer(range(40))
    got = []
    for row in SimulatedReader(server, PageOptions(10, prefetch=1), BY_ID):
        got.append(row)
        server.rows.remove(row)
        server.rows.append(row)
    assert got == list(range(40))


@IDENTITIES
@settings(max_examples=80)
@given(size=SIZES, page_size=PAGE_SIZES, changes=CHANGES, moves=st.booleans())
def test_few_requests_in_a_row_bring_nothing_new(
    identity: Identity[int], size: int, page_size: int, changes: bytes, moves: bool
) -> None:
    """The list never stops changing; an iteration either goes on or raises."""
    for is_counted in (True, False):
        server = ListServer(range(size), changes * 50, is_counted=is_counted, moves=moves)
        requests = 0
        with contextlib.suppress(PaginationError):
            for _ in SimulatedReader(server, PageOptions(page_size, prefetch=1), identity).pages():
                assert len(server.requests) - requests <= MOST_REQUESTS_WITHOUT_A_PAGE
                requests = len(server.requests)
                if requests > 300:
                    break
        assert len(server.requests) - requests <= MOST_REQUESTS_WITHOUT_A_PAGE


# --- equal rows ----------------------------------------------------------------------------------------------------


EQUAL_ROWS = st.lists(st.integers(0, 2), max_size=25)


@pytest.mark.parametrize("consistency", ["strict", "fast"])
@pytest.mark.parametrize("identity", [BY_CONTENT, BY_ID_OR_CONTENT], ids=["by content", "without ids"])
@settings(max_examples=150)
@given(
    rows=EQUAL_ROWS,
    page_size=st.integers(1, 8),
    start=st.integers(0, 4),
    max_items=st.none() | st.integers(0, 25),
    max_length=st.sampled_from([1, 2, 3, 1000]),
    lengths=LENGTHS,
    counted=COUNTED,
    delays=DELAYS,
)
def test_equal_rows_come_as_often_as_they_exist(
    identity: Identity[int],
    consistency: Consistency,
    rows: list[int],
    page_size: int,
    start: int,
    max_items: int | None,
    max_length: int,
    lengths: bytes,
    counted: bytes,
    delays: bytes,
) -> None:
    """If the list does not change: whatever the pages, and whether or not the server sends totals."""
    options = PageOptions(page_size, start, max_items, consistency=consistency)
    for prefetch in (1, 4):
        server = ListServer(rows, max_length=max_length, lengths=lengths, min_length=1, counted=counted)
        reader = SimulatedReader(server, attrs.evolve(options, prefetch=prefetch), identity, delays=delays)
        assert list(reader) == rows[start:][:max_items]


@settings(max_examples=150)
@given(
    positions=st.lists(st.sampled_from([0, 1, 2, None]), max_size=25),
    page_size=st.integers(1, 8),
    max_length=st.sampled_from([1, 2, 1000]),
    counted=COUNTED,
)
def test_rows_without_ids_come_beside_rows_with_ids(
    positions: list[int | None], page_size: int, max_length: int, counted: bytes
) -> None:
    """The rows 0, 1 and 2 have no id, and may be equal; each other row has an id of its own."""
    rows = [10 + number if row is None else row for number, row in enumerate(positions)]
    server = ListServer(rows, max_length=max_length, counted=counted)
    assert read(server, BY_ID_OR_CONTENT, page_size=page_size) == rows


@pytest.mark.parametrize(("rows", "page_size"), [("aa", 100), ("aaab", 1), ("abab", 3), ("aabaab", 3), ("a" * 40, 7)])
def test_equal_rows_of_an_uncounted_list_all_come(rows: str, page_size: int) -> None:
    numbers = [ord(row) for row in rows]
    assert read(ListServer(numbers, is_counted=False), BY_CONTENT, page_size=page_size) == numbers


def test_a_periodic_log_of_short_pages_heeds_offset() -> None:
    """The first row of a page is the same at each offset that is tried, as if the server ignored offset."""
    rows = [0, 1, *[0] * 20]
    server = ListServer(rows, lengths=b"\1" + bytes(15), min_length=1)
    assert read(server, BY_CONTENT, page_size=2, consistency="fast") == rows


def test_an_uncounted_server_of_single_rows_sends_all() -> None:
    server = ListServer(range(60), max_length=1, is_counted=False)
    assert read(server, BY_ID, page_size=10) == list(range(60))
    assert len(server.requests) <= 4 * 60 + 2


def test_equal_rows_keep_their_order() -> None:
    """Four other rows are replaced; a page that shows this twice is no sign of an unstable order."""
    server = ScriptedServer([[*[0, 1] * 5, 2, 3, 4, 5, 6], [*[0, 1] * 5, 7, 8, 9, 10, 11]])
    assert read(server, BY_CONTENT, page_size=14) == [*[0, 1] * 5, 2, 3, 4, 5, 7, 8, 9, 10, 11]


@settings(max_examples=150)
@given(kinds=st.integers(1, 5), size=SIZES, page_size=st.integers(1, 12), prefetch=st.integers(1, 4), changes=CHANGES)
def test_a_changing_list_of_equal_rows_ends(
    kinds: int, size: int, page_size: int, prefetch: int, changes: bytes
) -> None:
    """Or raises: which of them are left out or repeated is undefined."""
    server = ListServer(range(size), changes)

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        assert len(server.requests) < 1000
        response = server(offset, limit)
        return PageResponse([row % kinds for row in response.items], response.total)

    with contextlib.suppress(PaginationError):
        read(fetch, BY_CONTENT, page_size=page_size, prefetch=prefetch)


@settings(max_examples=150)
@given(size=SIZES, page_size=st.integers(1, 8), lengths=LENGTHS, repeat=st.integers(2, 4))
def test_a_list_with_repeated_rows_ends(size: int, page_size: int, lengths: bytes, repeat: int) -> None:
    """An id that the server repeats comes once."""
    rows = [row for row in range(size) for _ in range(1 + row % repeat)]
    for (is_counted, max_length), min_length in itertools.product(((True, 1000), (False, 1000), (True, 1)), (1, 2)):
        server = ListServer(rows, lengths=lengths, min_length=min_length, max_length=max_length, is_counted=is_counted)
        assert read(server, BY_ID, page_size=page_size) == list(range(size))


@pytest.mark.parametrize("page_size", [1, 2, 3, 100])
@pytest.mark.parametrize("max_length", [1, 2, 1000])
@pytest.mark.parametrize("is_counted", [True, False])
def test_an_id_that_the_server_repeats_comes_once(page_size: int, max_length: int, is_counted: bool) -> None:
    """On one page, on neighbouring pages, and on pages far apart."""
    server = ListServer([0, 1, 1, 2, 0, 3, 3, 3, 4, 1], max_length=max_length, is_counted=is_counted)
    assert read(server, BY_ID, page_size=page_size) == [0, 1, 2, 3, 4]


def test_an_id_that_a_shorter_page_hides_comes_once() -> None:
    """Each second response is shorter: it does not show the repeated id that the first one shows."""
    server = ListServer([0, 7, 0], lengths=b"\0\2\3", min_length=1, is_counted=False)
    assert read(server, BY_ID, page_size=1) == [0, 7]


def test_fast_pages_come_as_they_are() -> None:
    """With all the ids that the server repeats."""
    assert read(ListServer([0, 1, 1]), BY_ID, page_size=2, consistency="fast") == [0, 1, 1]


def test_a_server_that_sends_one_id_for_ever_raises() -> None:
    server = ListServer([0, *[1] * 100], max_length=1)
    with pytest.raises(PaginationError, match="does not heed offset"):
        read(server, BY_ID)
    assert len(server.requests) <= MOST_REQUESTS_WITHOUT_A_PAGE


def test_single_rows_that_never_stop_changing_raise() -> None:
    """A row is added before each request: no two pages show the same list."""
    server = ListServer(range(10), changes=bytes([1, 1]) * 1000, max_length=1)
    requests: list[int] = []
    with pytest.raises(PaginationError, match="brought nothing new: the list changes faster than it can be read"):
        requests.extend(len(server.requests) for _ in SimulatedReader(server, PageOptions(prefetch=1), BY_ID))
    assert len(server.requests) - requests[-1] == MOST_REQUESTS_WITHOUT_A_PAGE


# --- one case for each fault ---------------------------------------------------------------------------------------


class ShiftingServer(ListServer):
    """A list that changes by a script: (deleted, added) in front of it, before each request but the first."""

    def __init__(self, size: int, *script: tuple[int, int]) -> None:
        super().__init__(range(size))
        self.script = iter(script)

    def __call__(self, offset: int, limit: int) -> PageResponse[int]:
        if self.requests:
            deleted, added = next(self.script, (0, 0))
            del self.rows[:deleted]
            self.rows[:0] = range(self.next_row, self.next_row + added)
            self.next_row += added
        return super().__call__(offset, limit)


@pytest.mark.parametrize(
    ("script", "requests"),
    [
        ([(0, 0)], 10),
        ([(1, 0)], 11),
        ([(0, 1)], 11),
        ([(7, 7)], 10),
        ([(9, 0)], 11),
        ([(500, 0)], 11),
        ([(0, 500)], 11),
        ([(300, 300)], 10),
        ([(0, 0), (1, 0), (0, 0), (0, 3), (2, 2)], 12),
    ],
)
def test_a_shift_costs_few_requests(script: list[tuple[int, int]], requests: int) -> None:
    """A thousand rows, in pages of a hundred."""
    server = ShiftingServer(1000, *([(0, 0)] * 6), *script)
    got = read(server, BY_ID, page_size=100)
    assert [row for row in got if row < FIRST_NEW_ROW] == list(range(1000))
    assert len(got) == len(set(got))
    assert len(server.requests) == requests


@pytest.mark.parametrize("number", [1, 2, 5, 9])
def test_new_log_entries_repeat_no_old_ones(number: int) -> None:
    server = ShiftingServer(50, *[(0, number)] * 100)
    got = read(server, BY_CONTENT, page_size=10)
    assert [row for row in got if row < FIRST_NEW_ROW] == list(range(50))
    assert len(got) == len(set(got))


def test_a_log_that_grows_faster_than_pages_raises() -> None:
    server = ShiftingServer(50, *[(0, 11)] * 500)
    with pytest.raises(PaginationError, match="changes faster than it can be read"):
        read(server, BY_CONTENT, page_size=10)
    assert len(server.requests) == 1 + MOST_REQUESTS_WITHOUT_A_PAGE


@pytest.mark.parametrize("number", [99, 100, 101, 150, 250, 999])
def test_many_new_logins_are_skipped(number: int) -> None:
    """More than have been read: without unique keys, the total tells how far the list has shifted."""
    server = ShiftingServer(250, (0, number))
    got = read(server, BY_CONTENT, page_size=100)
    assert [row for row in got if row < FIRST_NEW_ROW] == list(range(250))
    assert len(got) == len(set(got))


def test_deleting_all_remembered_rows_raises() -> None:
    """Then it is unknown where to continue: the remaining rows may have been read long ago."""
    server = ListServer(range(20_000), is_counted=False)

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        if len(server.requests) == 15:
            del server.rows[1000:16_000]
        return server(offset, limit)

    with pytest.raises(PaginationError, match="none of the last") as caught:
        read(fetch, BY_ID, page_size=1000)
    assert caught.value.offset > 10_000
    assert len(server.requests) < 80


@attrs.define
class ScriptedServer:
    """A list with one state for each request; the last one stays."""

    states: list[list[int]]
    max_length: int = 1000
    lengths: list[int] = attrs.field(factory=list)
    """Rows on each page at most; `max_length` where there is no number left."""
    is_counted: bool = True
    requests: list[tuple[int, int]] = attrs.field(factory=list)

    def __call__(self, offset: int, limit: int) -> PageResponse[int]:
        number = len(self.requests)
        rows = self.states[min(number, len(self.states) - 1)]
        length = self.lengths[number] if number < len(self.lengths) else self.max_length
        self.requests.append((offset, limit))
        return PageResponse(rows[offset : offset + min(limit, length)], len(rows) if self.is_counted else None)


@IDENTITIES
def test_a_page_of_one_row_forgets_nothing(identity: Identity[int]) -> None:
    """Row 0 is pushed out of sight, and shown again by a page that overlaps with no other."""
    before, later = [0, 1, 2, 3, 4], [11, 12, 0, 14, 2, 13, 4]
    states = [before] * 2 + [[11, 0, 2, 4]] * 2 + [later] * 11 + [[15, 12, 16, 0]]
    got = read(ScriptedServer(states, max_length=1), identity, page_size=7)
    assert got.count(0) == 1
    assert len(got) == len(set(got))


def test_one_insertion_repeats_no_login_of_single_row_pages() -> None:
    server = ScriptedServer([[0, 1, 2]] * 2 + [[0, 9, 1, 2]], max_length=1)
    assert read(server, BY_CONTENT, page_size=1) == [0, 9, 1, 2]


@IDENTITIES
def test_an_uncounted_list_that_shrinks_ends_not_early(identity: Identity[int]) -> None:
    """A page of one row, and an empty one after a deletion, look like the end."""
    server = ScriptedServer([list(range(8))] * 3 + [list(range(2, 8))], lengths=[3, 4, 1], is_counted=False)
    assert read(server, identity, page_size=3) == list(range(8))


def test_a_search_requests_no_offset_twice() -> None:
    """All but the newest entries are replaced; no page is searched twice before the list is read from its start."""
    server = ScriptedServer([list(range(40)), list(range(100, 140))])
    assert read(server, BY_CONTENT, page_size=4) == [*range(4), *range(100, 140)]
    searched = server.requests[1 : server.requests.index((0, 5), 3)]
    assert len(searched) == len(set(searched))


@pytest.mark.parametrize("is_deletion", [True, False])
def test_fast_pages_lose_or_repeat_rows(is_deletion: bool) -> None:
    """Strict pages do not: two rows are deleted, or added, before those that have been read."""
    shift = (2, 0) if is_deletion else (0, 2)
    strict = read(ShiftingServer(30, shift), BY_ID, page_size=10)
    assert strict == list(range(30))
    fast = read(ShiftingServer(30, shift), BY_ID, page_size=10, consistency="fast")
    assert fast == ([*range(10), *range(12, 30)] if is_deletion else [*range(10), *range(8, 30)])


def test_a_random_order_raises() -> None:
    """Not in every case: some random pages happen to fit. But hardly any goes undetected."""
    detected = 0
    for seed in range(60):
        rolls = random.Random(seed)  # noqa: S311 - not for secrets
        states = [rolls.sample(range(60), 60) for _ in range(100)]
        got: list[int] = []
        try:
            got.extend(SimulatedReader(ScriptedServer(states), PageOptions(10, prefetch=1), BY_ID))
        except PaginationError as error:
            detected += "order is not stable" in str(error)
        assert len(got) == len(set(got))
    assert detected >= 55
