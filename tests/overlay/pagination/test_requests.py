"""What a walker requests, step by step, if the list changes while it is read or the server sends short pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Unpack

import pytest
from gcore_iam.pagination.options import Identity, PageOptions, PageRequest, PageResponse
from gcore_iam.pagination.walker import PageWalker

from .simulated_reader import BY_CONTENT, BY_ID, PageSettings

Serve = Callable[[int, int, int], tuple[Sequence[int], int | None]]
"""Makes a response of the number of the request, its offset and its limit: the rows, and the total."""


def walk(
    serve: Serve, *, identity: Identity[int] = BY_ID, most: int = 40, **options: Unpack[PageSettings]
) -> tuple[list[str], list[int]]:
    """Walk through a list; return the requests, those for fresh pages with a "!", and the rows."""
    requests: list[str] = []
    rows: list[int] = []
    settings: PageSettings = {"page_size": 10, **options}
    steps = PageWalker(PageOptions(**settings), identity).steps()
    step = next(steps, None)
    while step is not None and len(requests) < most:
        if isinstance(step, PageRequest):
            requests.append(f"{step.offset}+{step.limit}{'!' if step.is_fresh else ''}")
            items, total = serve(len(requests), step.offset, step.limit)
            response: PageResponse[int] | None = PageResponse(items, total)
        else:
            rows += step.page.items
            response = None
        try:
            step = steps.send(response)
        except StopIteration:
            break
    return requests, rows


def cut(rows: Sequence[int], offset: int, limit: int) -> Sequence[int]:
    """The rows of a page."""
    return rows[offset : offset + limit]


def serve_pages(rows: Sequence[int], total: int | None) -> Serve:
    """A list that stays as it is."""
    return lambda _, offset, limit: (cut(rows, offset, limit), total)


def serve_singles(rows: Sequence[int], total: int | None) -> Serve:
    """A list of which the server sends one row at a time."""
    return lambda _, offset, __: (cut(rows, offset, 1), total)


def serve_changed(after: int, before: Sequence[int], rows: Sequence[int], *, is_counted: bool = True) -> Serve:
    """A list that holds other rows after some requests."""

    def serve(number: int, offset: int, limit: int) -> tuple[Sequence[int], int | None]:
        current = before if number <= after else rows
        return cut(current, offset, limit), len(current) if is_counted else None

    return serve


# --- lists that stay as they are -------------------------------------------------------------------------------------


def test_pages_overlap_by_one_row() -> None:
    assert walk(serve_pages(range(35), 35)) == (["0+10", "9+11", "19+11", "29+11"], [*range(35)])


def test_the_end_of_a_list_without_a_total_is_requested() -> None:
    requests = ["0+10", "9+11", "19+11", "29+11", "34+11", "35+11"]
    assert walk(serve_pages(range(35), None)) == (requests, [*range(35)])


def test_a_single_row_is_requested_again_after_the_next_one() -> None:
    requests = ["0+10", "0+11", "1+11!", "0+11!", "1+11", "2+11!", "1+11!"]
    assert walk(serve_singles(range(3), 3)) == (requests, [0, 1, 2])


def test_single_rows_without_a_total_end_with_empty_pages() -> None:
    requests = ["0+10", "0+11", "1+11", "1+11!", "0+11!", "1+11", "2+11", "2+11!", "1+11!", "2+11", "3+11", "2+11"]
    assert walk(serve_singles(range(3), None)) == (requests, [0, 1, 2])


def test_a_single_row_that_became_a_page_is_not_repeated() -> None:
    def serve(number: int, offset: int, limit: int) -> tuple[Sequence[int], int | None]:
        return cut(range(5), offset, 1 if number < 4 else limit), 5

    assert walk(serve) == (["0+10", "0+11", "1+11!", "0+11!"], [0, 1, 2, 3, 4])
    pair = walk(lambda number, offset, _: (cut(range(2), offset, 1 if number < 4 else 2), 3), most=5)
    assert pair == (["0+10", "0+11", "1+11!", "0+11!", "1+11"], [0, 1])


def test_a_single_row_is_followed_only_if_the_total_stays() -> None:
    requests = ["0+10", "0+11", "1+11!", "0+11!", "0+11", "1+11!", "0+11!", "1+11", "2+11!", "1+11!"]
    assert walk(lambda number, offset, _: (cut(range(3), offset, 1), 4 if number == 4 else 3)) == (requests, [0, 1, 2])


def test_a_repeated_id_is_confirmed_once() -> None:
    requests = ["0+10", "0+11", "1+11!", "0+11!", "1+11!", "0+11!", "2+11"]
    assert walk(serve_singles([1, 1, 1, 2, 3], 5), most=7) == (requests, [1])


def test_equal_rows_without_a_total_are_confirmed_four_times() -> None:
    requests = [
        "0+10",
        "0+11",
        "1+11",
        *["1+11!", "0+11!"] * 5,
        "1+11",
        "2+11",
        "2+11!",
        "1+11!",
        "2+11",
        "3+11",
        "2+11",
    ]
    assert walk(serve_singles([1, 1, 2], None), identity=BY_CONTENT) == (requests, [1, 1, 2])


# --- lists that change -----------------------------------------------------------------------------------------------


SEARCHES = {
    "rows are added at the head": (
        serve_changed(2, range(100, 200), range(85, 200)),
        "0+10 9+11 19+11 34+11 44+11",
        range(100, 200),
    ),
    "many rows are added at the head": (
        serve_changed(2, range(100, 200), range(55, 200)),
        "0+10 9+11 19+11 54+11 64+11",
        range(100, 200),
    ),
    "rows are deleted at the head": (
        serve_changed(6, range(100, 200), range(115, 200)),
        "0+10 9+11 19+11 29+11 39+11 49+11 59+11 39+11 49+11 59+11 69+11 79+11",
        range(100, 200),
    ),
    "many rows are deleted at the head": (
        serve_changed(6, range(100, 200), range(145, 200)),
        "0+10 9+11 19+11 29+11 39+11 49+11 59+11 9+11 19+11 29+11 39+11 49+11",
        range(100, 200),
    ),
    "rows are deleted at the head of a list without a total": (
        serve_changed(6, range(100, 200), range(115, 200), is_counted=False),
        "0+10 9+11 19+11 29+11 39+11 49+11 59+11 49+11 69+11 39+11 49+11 59+11 69+11 79+11 84+11 85+11",
        range(100, 200),
    ),
    "many rows are deleted at the head of a list without a total": (
        serve_changed(6, range(100, 200), range(145, 200), is_counted=False),
        "0+10 9+11 19+11 29+11 39+11 49+11 59+11 49+11 69+11 39+11 79+11 19+11 99+11 0+11 0+11 14+11",
        range(100, 200),
    ),
    "rows move from the end to the head": (
        serve_changed(2, range(100, 200), [*range(85, 100), *range(100, 185)]),
        "0+10 9+11 19+11 34+11 44+11",
        range(100, 185),
    ),
}


@pytest.mark.parametrize(("serve", "expected", "rows"), SEARCHES.values(), ids=SEARCHES)
def test_the_next_page_of_a_changed_list_is_searched(serve: Serve, expected: str, rows: range) -> None:
    requests, found = walk(serve)
    assert " ".join(requests).startswith(expected)
    assert found == [*rows]


def test_a_list_without_the_read_rows_starts_again() -> None:
    requests, rows = walk(serve_changed(2, range(100), range(500, 600)), most=8)
    assert requests == ["0+10", "9+11", "19+11", "9+11", "29+11", "0+11", "0+11", "10+11"]
    assert rows == [*range(20), *range(500, 511)]


def test_a_page_in_another_order_is_requested_again() -> None:
    other = [*range(18), 20, 19, 18, *range(21, 40)]
    requests, _ = walk(serve_changed(2, range(40), other))
    assert requests == ["0+10", "9+11", "19+11", "19+11", "29+11"]
