"""How a page is aligned with what has been read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs
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


# --- alignments, field by field --------------------------------------------------------------------------------------


def align_from(matcher: OverlapMatcher, keys: str, start: int, kept: int) -> dict[str, object]:
    """The fields of an alignment, without those that are empty."""
    alignment = attrs.asdict(matcher.align_from(keys, start, kept))
    return {name: value for name, value in alignment.items() if value or name.startswith("is_")}


@pytest.mark.parametrize(
    ("page", "start", "kept", "expected"),
    [
        pytest.param("bcxd", 0, 1, {"new": [2], "kept": 1}, id="a new row between known ones"),
        pytest.param("bc", 0, 1, {"kept": 1, "following": ["d"]}, id="rows follow the page"),
        pytest.param("bx", 0, 1, {"new": [1], "kept": 1, "missing": ["c", "d"]}, id="rows are missing at the end"),
        pytest.param("bd", 0, 1, {"kept": 1, "missing": ["c"]}, id="a row is missing in between"),
        pytest.param("", 0, 0, {"following": [*"abcd"]}, id="an empty page at the beginning"),
        pytest.param("xyb", 2, 1, {"start": 2, "kept": 1, "following": [*"cd"], "is_sound": False}, id="a late anchor"),
        pytest.param("cb", 0, 1, {"kept": 1, "following": ["d"], "is_ordered": False}, id="rows in another order"),
        pytest.param(
            "cbx", 0, 1, {"new": [2], "kept": 1, "missing": ["d"], "is_ordered": False}, id="another order, new"
        ),
        pytest.param("cc", 0, 2, {"kept": 2, "following": ["d"], "repeats": [1]}, id="a row comes twice"),
        pytest.param("xx", 0, 4, {"new": [0], "kept": 4, "repeats": [1]}, id="a new row comes twice"),
        pytest.param(
            "ca", 0, 2, {"kept": 2, "following": ["d"], "repeats": [1], "is_ordered": False}, id="an earlier row again"
        ),
        pytest.param("dm", 0, 3, {"kept": 3, "found": {"m": 1}}, id="a missing row is found"),
        pytest.param("dmm", 0, 3, {"kept": 3, "found": {"m": 1}, "repeats": [2]}, id="a missing row comes twice"),
        pytest.param("md", 0, 3, {"kept": 3, "found": {"m": 1}, "is_ordered": False}, id="a missing row comes early"),
    ],
)
def test_an_alignment_of_ids(page: str, start: int, kept: int, expected: dict[str, object]) -> None:
    flags = {"is_sound": True, "is_ordered": True}
    assert align_from(build_matcher("abcd", missing="m"), page, start, kept) == {**flags, **expected}


@pytest.mark.parametrize(
    ("page", "start", "kept", "expected"),
    [
        pytest.param("aba", 0, 0, {"following": ["c"]}, id="equal rows count"),
        pytest.param("aaba", 0, 0, {"new": [3]}, id="one more of equal rows is new"),
        pytest.param("cmm", 0, 3, {"kept": 3, "found": {"m": 1}, "new": [2]}, id="missing rows count"),
        pytest.param("ca", 0, 3, {"kept": 3, "new": [1]}, id="a row that equals an earlier one is new"),
        pytest.param("cba", 0, 0, {}, id="the order says nothing"),
    ],
)
def test_an_alignment_of_equal_rows(page: str, start: int, kept: int, expected: dict[str, object]) -> None:
    flags = {"is_sound": True, "is_ordered": True}
    matcher = build_matcher("abac", is_unique=False, missing="m")
    found = align_from(matcher, page, start, kept)
    assert {name: value for name, value in found.items() if name != "missing"} == {**flags, **expected}


def test_rows_recognised_by_content_may_repeat_among_ids() -> None:
    matcher = build_matcher([1, "content:a", 2])
    alignment = matcher.align_from([2, "content:a", "content:a", 1], 0, 2)
    assert (alignment.new, alignment.repeats) == ([1, 2], [3])


def align(matcher: OverlapMatcher, offset: int, page: str, *expected: int) -> tuple[int, int, list[int]] | None:
    """Where a page of equal rows begins, on the page and in the keys, and its new rows."""
    alignment = matcher.align(offset, page, expected)
    return None if alignment is None else (alignment.start, alignment.kept, list(alignment.new))


def test_equal_rows_align_at_the_only_possible_index() -> None:
    assert align(build_matcher("abab", is_unique=False), 9, "abx") == (0, 2, [2])
    assert align(build_matcher("abab", is_unique=False), 9, "ab") is None
    assert align(build_matcher("abab", is_unique=False), 9, "baa") == (0, 3, [1, 2])


def test_equal_rows_align_at_the_first_possible_index() -> None:
    matcher = build_matcher("aaab", is_unique=False)
    assert align(matcher, 9, "aa", 1, 0) == (0, 1, [])
    assert align(matcher, 9, "aa", 2, 0, 1) == (0, 0, [])
    assert align(matcher, 9, "aa", 4, 1) == (0, 1, [])  # nothing is known from 4 on
    assert align(matcher, 9, "xaa", -1) == (1, 0, [])
    assert align(matcher, 9, "xya", -2) == (2, 0, [])
    assert align(matcher, 9, "aax", -3) is None


def test_the_beginning_is_a_last_resort_for_equal_rows() -> None:
    matcher = build_matcher("aab", is_unique=False)
    assert matcher.align(0, "xyz") is None
    alignment = matcher.align(0, "xyz", is_last_resort=True)
    assert alignment is not None
    assert (alignment.start, alignment.kept, alignment.new) == (0, 0, [0, 1, 2])
    assert matcher.align(1, "xyz", is_last_resort=True) is None
    incomplete = OverlapMatcher(is_unique=False, is_complete=False, keys=[*"aab"])
    assert incomplete.align(0, "xyz", is_last_resort=True) is None


def test_a_beginning_that_was_not_read_needs_an_anchor() -> None:
    matcher = OverlapMatcher(is_unique=True, is_complete=False, keys=[*"abc"])
    assert matcher.align(0, "xyz") is None
    assert align(matcher, 0, "xb") == (1, 1, [])
    assert align(matcher, 0, "") == (0, 0, [])


def test_keys_are_new_if_they_have_not_been_read() -> None:
    ids = build_matcher("abc", missing="m")
    assert ids.are_new("xy")
    assert ids.are_new("")
    assert not ids.are_new("xx")
    assert not ids.are_new("xa")
    assert not ids.are_new("xm")
    equal = build_matcher("abc", is_unique=False, missing="m")
    assert equal.are_new("xxa")
    assert not equal.are_new("xm")


def test_keys_are_unknown_before_an_index() -> None:
    matcher = build_matcher("abc")
    assert matcher.are_unknown("xy", 3)
    assert matcher.are_unknown("xc", 2)
    assert not matcher.are_unknown("xc", 3)
    assert not matcher.are_unknown("bx", 2)


@pytest.mark.parametrize(
    ("offset", "page", "keys", "missing"),
    [
        pytest.param(3, "dxy", "abcdxy", "m", id="a page that continues"),
        pytest.param(3, "dm", "abcdm", "", id="a missing row is found"),
        pytest.param(1, "bxd", "abxd", "mc", id="a row is missing"),
        pytest.param(1, "xbc", "abcd", "m", id="a page before the end"),
        pytest.param(2, "ca", "bcad", "m", id="a row has moved"),
        pytest.param(3, "dxx", "abcdxx", "m", id="a row comes twice"),
    ],
)
def test_a_matcher_remembers_what_a_page_says(offset: int, page: str, keys: str, missing: str) -> None:
    matcher = build_matcher("abcd", missing="m")
    accept(matcher, offset, page)
    assert matcher == build_matcher(keys, missing=missing)
