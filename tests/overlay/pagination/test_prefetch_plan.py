"""Which pages are requested ahead: how many, in which order, and which are cancelled."""

from __future__ import annotations

import itertools
from typing import Unpack

import pytest
from gcore_iam.pagination.options import Consistency, PageOptions, PageRequest, PageResponse
from gcore_iam.pagination.prefetch_plan import PrefetchPlan
from gcore_iam.pagination.walker import PageWalker
from hypothesis import given, settings
from hypothesis import strategies as st

from .list_server import CHANGES, LENGTHS, ListServer
from .simulated_reader import BY_ID, PageSettings, SimulatedReader

PAGE = 10
TOTAL = 1000


def build_walker_at(position: int, *, total: int | None = TOTAL, **options: Unpack[PageSettings]) -> PageWalker[int]:
    """Build a walker whose next page begins at a position."""
    page_settings: PageSettings = {"page_size": PAGE, **options}
    walker = PageWalker(PageOptions(**page_settings), BY_ID)
    steps = walker.steps()
    request = next(steps)
    while walker.next_offset < position:
        assert isinstance(request, PageRequest)
        steps.send(PageResponse(range(request.offset, request.offset + request.limit), total))
        request = next(steps)
    return walker


def send(plan: PrefetchPlan[str], requests: list[PageRequest]) -> None:
    """Put requests in flight; the handle of each is its offset."""
    plan.in_flight |= {request.offset: (request, str(request.offset)) for request in requests}


# --- how many, in which order --------------------------------------------------------------------------------------


@settings(max_examples=400)
@given(
    prefetch=st.integers(1, 9),
    max_bytes=st.integers(1, 2000),
    size=st.integers(1, 500),
    max_items=st.none() | st.integers(11, 120),
    total=st.integers(20, 120),
    in_flight=st.just([]) | st.lists(st.tuples(st.integers(0, 130), st.integers(1, 11)), max_size=5),
    is_slow=st.booleans(),
)
def test_requests_ahead_are_bounded_and_in_order(
    prefetch: int,
    max_bytes: int,
    size: int,
    max_items: int | None,
    total: int,
    in_flight: list[tuple[int, int]],
    is_slow: bool,
) -> None:
    """Whatever is in flight already."""
    walker = build_walker_at(9, total=total, prefetch=prefetch, max_items=max_items)
    plan: PrefetchPlan[str] = PrefetchPlan(prefetch, max_bytes)
    plan.record_response(PageRequest(0, PAGE), PageResponse(range(PAGE), total, size=size), 1)
    before = {offset: PageRequest(offset, limit) for offset, limit in in_flight[: max(0, prefetch - 1)]}
    send(plan, list(before.values()))
    if is_slow:
        plan.slow_down()
    requests, cancelled = plan.update(walker)
    kept = list(plan.in_flight)
    offsets = [request.offset for request in requests]
    assert sorted([*kept, *(int(handle) for handle in cancelled)]) == sorted(before)
    assert offsets == sorted(set(offsets) - set(kept))
    assert all(walker.next_offset <= offset < total - 1 for offset in [*offsets, *kept])
    if requests:
        assert len(requests) + len(kept) <= prefetch
        assert (len(requests) + len(kept)) * size <= max_bytes
        assert not is_slow
    if max_items is not None:
        assert all(request.offset + request.limit <= max_items for request in requests)
    if not before:
        for request, following in itertools.pairwise(requests):
            assert request.offset + request.limit == following.offset + 1, "neighbours overlap by one row"


@settings(max_examples=400)
@given(
    size=st.integers(0, 40),
    page_size=st.integers(1, 10),
    prefetch=st.integers(1, 8),
    changes=CHANGES,
    lengths=LENGTHS,
    delays=st.binary(max_size=12),
)
def test_no_more_requests_than_prefetch_are_in_flight(
    size: int, page_size: int, prefetch: int, changes: bytes, lengths: bytes, delays: bytes
) -> None:
    """The one that the reader waits for included; and nothing is requested ahead if `prefetch` is 1."""
    server = ListServer(range(size), changes, lengths=lengths)
    reader = SimulatedReader(server, PageOptions(page_size, prefetch=prefetch), BY_ID, delays=delays)
    server.check(list(reader))
    assert reader.most_in_flight <= prefetch
    assert prefetch > 1 or reader.ahead == []


@pytest.mark.parametrize("consistency", ["strict", "fast"])
@pytest.mark.parametrize("prefetch", [2, 4, 8])
def test_pages_of_an_unchanged_list_are_requested_once(prefetch: int, consistency: Consistency) -> None:
    server = ListServer(range(95))
    reader = SimulatedReader(server, PageOptions(PAGE, prefetch=prefetch, consistency=consistency), BY_ID)
    pages = reader.pages()
    assert list(next(pages).items) == list(range(PAGE))
    assert len(server.requests) == 1 + prefetch, "a slow reader accumulates no pages"
    next(pages)
    assert len(server.requests) == 2 + prefetch
    assert sum(len(page.items) for page in pages) == 95 - 2 * PAGE
    overlap = 1 if consistency == "strict" else 0
    assert server.requests == [(0, PAGE), *((offset - overlap, PAGE + overlap) for offset in range(PAGE, 95, PAGE))]
    assert reader.most_in_flight == prefetch


def test_requests_ahead_end_with_the_last_row() -> None:
    plan: PrefetchPlan[str] = PrefetchPlan(8, 2**24)
    assert plan.update(build_walker_at(9, total=29))[0] == [PageRequest(9, 11), PageRequest(19, 11)]
    assert plan.update(build_walker_at(9, total=30))[0] == [PageRequest(9, 11), PageRequest(19, 11)]
    assert plan.update(build_walker_at(9, total=31))[0][2:] == [PageRequest(29, 11)]


def test_max_items_bounds_what_is_requested_ahead() -> None:
    server = ListServer(range(95))
    assert len(list(SimulatedReader(server, PageOptions(PAGE, max_items=25, prefetch=8), BY_ID))) == 25
    assert server.requests == [(0, 10), (9, 11), (19, 6)]


def test_nothing_is_requested_ahead_without_a_total() -> None:
    plan: PrefetchPlan[str] = PrefetchPlan(4, 2**24)
    assert plan.update(build_walker_at(9, total=None)) == ([], [])


@pytest.mark.parametrize(("max_bytes", "pages"), [(1, 0), (199, 0), (200, 2), (399, 3), (990, 4)])
def test_the_largest_response_bounds_the_pages_ahead(max_bytes: int, pages: int) -> None:
    plan: PrefetchPlan[str] = PrefetchPlan(4, max_bytes)
    for size in (100, 50):
        plan.record_response(PageRequest(0, PAGE), PageResponse(range(PAGE), TOTAL, size=size), 1)
    assert len(plan.update(build_walker_at(9))[0]) == pages


def test_a_clamped_limit_moves_the_requests_ahead_together() -> None:
    server = ListServer(range(95), max_length=5)
    assert list(SimulatedReader(server, PageOptions(PAGE, prefetch=4), BY_ID)) == list(range(95))
    assert sorted(offset for offset, _ in server.requests) == [0, *range(4, 94, 4)]


def test_a_list_may_change_between_early_and_late_pages() -> None:
    """A page that was requested ahead cannot show what has changed since."""
    server = ListServer(range(60))
    reader = SimulatedReader(server, PageOptions(PAGE, prefetch=4), BY_ID)
    pages = reader.pages()
    got = list(next(pages).items)
    del server.rows[:3]
    server.rows.insert(30, 1000)
    for page in pages:
        got += page.items
    assert [row for row in got if row != 1000] == list(range(60))


# --- what is cancelled ---------------------------------------------------------------------------------------------


def test_a_429_reduces_the_plan_to_one_page_until_recovery() -> None:
    walker = build_walker_at(9)
    plan: PrefetchPlan[str] = PrefetchPlan(4, 2**24)
    requests, cancelled = plan.update(walker)
    assert (requests, cancelled) == ([PageRequest(offset, 11) for offset in (9, 19, 29, 39)], [])
    send(plan, requests)
    assert plan.slow_down() == ["19", "29", "39"]
    plan.in_flight = {}
    assert plan.update(walker) == ([], [])
    for pages in (2, 3, 4, 4):
        plan.record_response(PageRequest(0, 11), PageResponse(range(11), TOTAL), 1)
        assert len(plan.update(walker)[0]) == pages


def test_the_plan_cancels_requests_that_do_not_fit() -> None:
    walker = build_walker_at(9)
    plan: PrefetchPlan[str] = PrefetchPlan(4, 2**24)
    send(plan, [PageRequest(offset, 11) for offset in (4, 19, 29, 500)])
    requests, cancelled = plan.update(walker)
    assert (requests, cancelled) == ([PageRequest(9, 11), PageRequest(39, 11)], ["4", "500"])
    plan.in_flight = {}
    send(plan, [PageRequest(offset, 11) for offset in (12, 22)])
    assert plan.update(walker)[0] == [PageRequest(9, 4), PageRequest(32, 11)]


def test_a_request_ends_where_a_page_in_flight_begins() -> None:
    plan: PrefetchPlan[str] = PrefetchPlan(4, 2**24)
    assert plan.shorten(PageRequest(9, 11), 1) == PageRequest(9, 11)
    send(plan, [PageRequest(offset, 11) for offset in (12, 22)])
    assert plan.shorten(PageRequest(9, 11), 1) == PageRequest(9, 4)
    assert plan.shorten(PageRequest(9, 11), 0) == PageRequest(9, 3)
    assert plan.shorten(PageRequest(30, 11), 1) == PageRequest(30, 11)


def test_the_last_page_makes_room_for_the_next_one() -> None:
    plan: PrefetchPlan[str] = PrefetchPlan(2, 2**24)
    send(plan, [PageRequest(9, 11)])
    assert plan.free_slot() == []
    send(plan, [PageRequest(19, 11)])
    assert plan.free_slot() == ["19"]
    assert list(plan.in_flight) == [9]
