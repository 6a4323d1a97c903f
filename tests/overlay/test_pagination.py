"""Pages: what is asked for, what is handed out, where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from gcore_iam import AsyncPager, ConfigurationError, Pager, PaginationError
from gcore_iam.pagination import Received, Window


class Server:
    """A list behind offset and limit, and a record of what was asked."""

    def __init__(self, items: Sequence[int], *, clamp: int = 1000, bare: bool = False) -> None:
        self.items = list(items)
        self.clamp = clamp
        self.bare = bare
        self.asked: list[tuple[int, int]] = []

    def __call__(self, offset: int, limit: int) -> Received[int]:
        self.asked.append((offset, limit))
        if self.bare:
            return Received(self.items, len(self.items), whole=True)
        return Received(self.items[offset : offset + min(limit, self.clamp)], len(self.items))

    async def later(self, offset: int, limit: int) -> Received[int]:
        return self(offset, limit)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 100])
@pytest.mark.parametrize("page_size", [1, 10, 1000])
@pytest.mark.parametrize("clamp", [1, 7, 1000])
@pytest.mark.parametrize("start", [0, 5, 200])
@pytest.mark.parametrize("max_items", [None, 0, 1, 10, 1000])
def test_every_item_of_the_window_comes_once_in_order(
    size: int, page_size: int, clamp: int, start: int, max_items: int | None
) -> None:
    server = Server(range(size), clamp=clamp)
    stop = None if max_items is None else start + max_items
    assert list(Pager(server, Window(page_size, start, max_items))) == list(range(size))[start:stop]


def test_nothing_is_asked_before_iteration_and_each_iteration_starts_anew() -> None:
    server = Server(range(3))
    pager = Pager(server, Window())
    assert server.asked == []
    assert list(pager) == list(pager) == [0, 1, 2]
    assert len(server.asked) == 2


def test_no_more_is_asked_than_needed() -> None:
    server = Server(range(250))
    list(Pager(server, Window(page_size=100)))
    assert server.asked == [(0, 100), (100, 100), (200, 100)]
    server.asked.clear()
    list(Pager(server, Window(page_size=100, start=10, max_items=150)))
    assert server.asked == [(10, 100), (110, 50)]


def test_the_offset_advances_by_what_came() -> None:
    server = Server(range(10), clamp=4)
    list(Pager(server, Window(page_size=6)))
    assert server.asked == [(0, 6), (4, 6), (8, 6)]


@pytest.mark.parametrize("max_items", [None, 3, 100])
def test_without_a_total_pages_are_asked_for_until_one_is_empty(max_items: int | None) -> None:
    server = Server(range(10), clamp=4)

    def fetch(offset: int, limit: int) -> Received[int]:
        return Received(server(offset, limit).items, None)

    assert list(Pager(fetch, Window(page_size=6, max_items=max_items))) == list(range(10))[:max_items]
    with pytest.raises(PaginationError, match="does not say"):
        Pager(fetch, Window()).total()


def test_a_server_that_repeats_itself_and_counts_nothing_is_told() -> None:
    with pytest.raises(PaginationError, match="repeats the page"):
        list(Pager(lambda *_: Received([1, 2], None), Window(page_size=2)))


@pytest.mark.parametrize("start", [0, 3, 99])
def test_a_bare_array_is_the_whole_list(start: int) -> None:
    server = Server(range(10), bare=True)
    assert list(Pager(server, Window(page_size=4, start=start))) == list(range(10))[start:]
    assert list(Pager(server, Window(page_size=4, start=start, max_items=2))) == list(range(10))[start : start + 2]
    assert len(server.asked) == 2


def test_pages_know_where_they_are() -> None:
    pages = list(Pager(Server(range(5)), Window(page_size=2, start=1)).pages())
    assert [(page.number, page.offset, page.total, list(page.items)) for page in pages] == [
        (1, 1, 5, [1, 2]),
        (2, 3, 5, [3, 4]),
    ]


def test_a_server_that_counts_items_and_sends_none_is_told() -> None:
    asked = []

    def fetch(offset: int, limit: int) -> Received[int]:
        asked.append(offset)
        return Received([], 10**12) if offset else Received([1, 2], 10**12)

    items = iter(Pager(fetch, Window(page_size=2)))
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(PaginationError, match="from offset 2 on") as caught:
        next(items)
    assert caught.value.offset == 2
    assert asked == [0, 2, 2]


def test_a_list_that_shrinks_below_the_offset_ends() -> None:
    answers = iter([Received([1, 2], 5), Received[int]([], 2)])
    assert list(Pager(lambda *_: next(answers), Window(page_size=2))) == [1, 2]


def test_a_page_that_is_empty_once_is_asked_for_again() -> None:
    answers = iter([Received([1, 2], 3), Received[int]([], 3), Received([3], 3)])
    assert list(Pager(lambda *_: next(answers), Window(page_size=2))) == [1, 2, 3]


def test_shortcuts() -> None:
    server = Server(range(30))
    pager = Pager(server, Window(page_size=10, start=5))
    assert pager.first() == 5
    assert server.asked == [(5, 1)]
    assert pager.collect(limit=3) == [5, 6, 7]
    assert pager.collect() == list(range(5, 30))
    assert Pager(server, Window(max_items=4)).collect(limit=9) == [0, 1, 2, 3]
    assert pager.total() == 30
    assert Pager(Server([]), Window()).first() is None
    assert Pager(Server(range(7), bare=True), Window()).total() == 7


@pytest.mark.anyio
async def test_the_async_pager_does_the_same() -> None:
    server = Server(range(30), clamp=8)
    pager = AsyncPager(server.later, Window(page_size=10, start=5))
    assert [item async for item in pager] == list(range(5, 30))
    assert server.asked == [(5, 10), (13, 10), (21, 10), (29, 10)]
    assert [page.offset async for page in pager.pages()] == [5, 13, 21, 29]
    assert await pager.first() == 5
    assert await pager.collect(limit=3) == [5, 6, 7]
    assert await pager.total() == 30
    assert await AsyncPager(Server([]).later, Window()).first() is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"page_size": 0},
        {"page_size": -1},
        {"page_size": 1001},
        {"page_size": 10**9},
        {"page_size": True},
        {"page_size": 10.0},
        {"page_size": "10"},
        {"start": -1},
        {"start": False},
        {"start": None},
        {"max_items": -1},
        {"max_items": True},
    ],
)
def test_an_argument_out_of_range_is_refused(arguments: dict[str, Any]) -> None:
    name = next(iter(arguments))
    with pytest.raises(ConfigurationError, match=f"{name} must be a whole number"):
        Window(**arguments)


def test_a_limit_out_of_range_is_refused() -> None:
    server = Server(range(3))
    with pytest.raises(ConfigurationError, match="limit"):
        Pager(server, Window()).collect(limit=-1)
    assert server.asked == []
