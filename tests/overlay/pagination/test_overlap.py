"""How a page is aligned with what has been read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from gcore_iam.pagination.options import Key
from gcore_iam.pagination.overlap import MIN_REMEMBERED_KEYS, OverlapMatcher


def build_matcher(keys: Sequence[Key], *, is_unique: bool = True, missing: Sequence[Key] = ()) -> OverlapMatcher:
    return OverlapMatcher(is_unique, is_complete=True, keys=list(keys), missing=Counter(missing))


def accept(matcher: OverlapMatcher, offset: int, keys: Sequence[Key], expected: Sequence[int] = ()) -> list[Key]:
    """Accept a page; return the keys of its new items."""
    keys = list(keys)
    alignment = matcher.align(offset, keys, expected)
    assert alignment is not None
    matcher.accept(alignment, keys)
    return [keys[index] for index in alignment.new]


@pytest.mark.parametrize("size", [2, 100, 1000])
def test_a_matcher_remembers_some_thousand_keys(size: int) -> None:
    matcher = build_matcher(())
    offset = most = 0
    for offset in range(0, 30_000, size - 1):
        accept(matcher, offset, range(offset, offset + size))
        most = max(most, len(matcher.keys))
    assert MIN_REMEMBERED_KEYS < most <= 2 * MIN_REMEMBERED_KEYS
    assert not matcher.is_complete
    last = offset + size
    assert matcher.keys[-MIN_REMEMBERED_KEYS:] == list(range(last - MIN_REMEMBERED_KEYS, last))


def test_missing_keys_are_bounded_too() -> None:
    matcher = build_matcher(range(3), missing=range(100, 100 + 3 * MIN_REMEMBERED_KEYS))
    accept(matcher, 0, [0, 3])  # 1 and 2 are missing as well
    assert matcher.missing.total() == 2 * MIN_REMEMBERED_KEYS
    assert matcher.missing[1] == matcher.missing[2] == 1
    assert not matcher.is_complete


def test_a_page_that_continues_brings_all_but_its_first() -> None:
    assert accept(build_matcher("abc"), 2, "cde") == ["d", "e"]


def test_a_page_is_aligned_at_any_row_that_has_been_read() -> None:
    matcher = build_matcher("abcd")
    assert accept(matcher, 3, "xcde") == ["e"]
    assert matcher.keys == list("abcde")


def test_a_page_without_a_known_row_is_not_aligned() -> None:
    assert build_matcher("abc").align(5, "xyz") is None
    assert build_matcher("abc").align(5, "") is None


def test_the_beginning_of_a_list_read_from_its_start_aligns() -> None:
    """What has been read may have been deleted, all of it."""
    matcher = build_matcher("abc")
    assert accept(matcher, 0, "xyz") == ["x", "y", "z"]
    assert matcher.missing == Counter("abc")


def test_a_missing_row_that_comes_again_is_not_new() -> None:
    matcher = build_matcher("abcd")
    assert accept(matcher, 1, "bdx") == ["x"]
    assert matcher.missing == Counter("c")
    assert accept(matcher, 3, "xcy") == ["y"]
    assert matcher.missing == Counter()


def test_one_of_two_equal_missing_rows_may_come_again() -> None:
    matcher = build_matcher("xy", is_unique=False, missing="bb")
    assert accept(matcher, 1, "ybc") == ["c"]
    assert matcher.missing == Counter("b")


def test_rows_in_another_order_are_reported() -> None:
    in_order, swapped = build_matcher("abcd").align(1, "bcde"), build_matcher("abcd").align(1, "bdce")
    assert in_order is not None
    assert swapped is not None
    assert in_order.is_ordered
    assert not swapped.is_ordered


def test_a_page_that_begins_before_its_anchor_may_have_a_gap() -> None:
    sound, moved = build_matcher("abc").align(2, "cd"), build_matcher("abc").align(2, "xcd")
    assert sound is not None
    assert moved is not None
    assert sound.is_sound
    assert not moved.is_sound


def test_equal_rows_are_no_anchors() -> None:
    assert build_matcher("aab", is_unique=False).align(7, "xa") is None
    alignment = build_matcher("aab", is_unique=False).align(7, "xb")
    assert alignment is not None
    assert alignment.start == 1


def test_equal_rows_align_where_the_total_says() -> None:
    matcher = build_matcher("aaaa", is_unique=False)
    assert matcher.align(2, "aaa") is None
    assert accept(matcher, 2, "aaa", expected=[2]) == ["a"]
    assert matcher.keys == list("aaaaa")


def test_the_newest_missing_keys_come_last() -> None:
    matcher = build_matcher("", missing=["a", "b", "b", "c"])
    assert matcher.get_newest_missing(10) == ["a", "b", "b", "c"]
    assert matcher.get_newest_missing(2) == ["b", "c"]
    assert matcher.get_newest_missing(0) == []
