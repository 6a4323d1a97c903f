"""Checkpoints: an iteration continues where another one stopped, after any row and after any failure."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from gcore_iam import ConfigurationError, PaginationError
from gcore_iam.pagination.checkpoint import Position, Progress, decode_checkpoint, encode_checkpoint
from gcore_iam.pagination.options import Consistency, Identity, PageOptions, PageResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from .list_server import CHANGES, COUNTED, LENGTHS, ListServer, PageFailureError
from .simulated_reader import BY_CONTENT, BY_ID, SimulatedReader

IDENTITIES = pytest.mark.parametrize("identity", [BY_CONTENT, BY_ID], ids=["by content", "by id"])


@IDENTITIES
@settings(max_examples=100)
@given(
    size=st.integers(0, 16),
    page_size=st.integers(1, 9),
    prefetch=st.integers(1, 4),
    changes=CHANGES,
    lengths=LENGTHS,
    is_counted=st.booleans(),
)
def test_a_changing_list_resumes_from_every_checkpoint(
    identity: Identity[int],
    size: int,
    page_size: int,
    prefetch: int,
    changes: bytes,
    lengths: bytes,
    is_counted: bool,
) -> None:
    """The list goes on changing after the checkpoint; each row that stays comes once, before or after it."""
    server = ListServer(range(size), changes, lengths=lengths, is_counted=is_counted)
    options = PageOptions(page_size, prefetch=prefetch)
    reader = SimulatedReader(server, options, identity)
    got: list[int] = []
    for row in reader:
        got.append(row)
        later = server.copy()
        rest = SimulatedReader(later, options, identity, resume=reader.checkpoint())
        later.check([*got, *rest])


@pytest.mark.parametrize("consistency", ["strict", "fast"])
@settings(max_examples=100)
@given(
    size=st.integers(0, 30),
    start=st.integers(0, 8),
    page_size=st.integers(1, 12),
    later_page_size=st.integers(1, 12),
    is_counted=st.booleans(),
)
def test_an_unchanged_list_resumes_from_every_checkpoint(
    consistency: Consistency, size: int, start: int, page_size: int, later_page_size: int, is_counted: bool
) -> None:
    server = ListServer(range(size), is_counted=is_counted)
    reader = SimulatedReader(server, PageOptions(page_size, start=start, consistency=consistency), BY_ID)
    later_options = PageOptions(later_page_size, consistency=consistency)
    expected = list(range(start, size))
    checkpoints = [reader.checkpoint(), *(reader.checkpoint() for _ in reader)]
    assert len(checkpoints) == len(expected) + 1
    for read, checkpoint in enumerate(checkpoints):
        rest = SimulatedReader(server, later_options, BY_ID, resume=checkpoint)
        assert rest.checkpoint() == checkpoint
        assert list(rest) == expected[read:]


@settings(max_examples=100)
@given(
    rows=st.lists(st.integers(0, 2), max_size=20),
    page_size=st.integers(1, 6),
    later_page_size=st.integers(1, 6),
    max_length=st.sampled_from([1, 2, 1000]),
    counted=COUNTED,
)
def test_equal_rows_resume_from_every_checkpoint(
    rows: list[int], page_size: int, later_page_size: int, max_length: int, counted: bytes
) -> None:
    """A list that does not change, whether or not the server sends totals."""
    server = ListServer(rows, max_length=max_length, counted=counted)
    reader = SimulatedReader(server, PageOptions(page_size, prefetch=1), BY_CONTENT)
    for read, checkpoint in enumerate([reader.checkpoint(), *(reader.checkpoint() for _ in reader)]):
        later = ListServer(rows, max_length=max_length, counted=counted)  # the bound on requests counts for one reader
        rest = SimulatedReader(later, PageOptions(later_page_size, prefetch=1), BY_CONTENT, resume=checkpoint)
        assert list(rest) == rows[read:]


@pytest.mark.parametrize("page_size", [1, 2, 3, 100])
def test_repeated_ids_resume_from_every_checkpoint(page_size: int) -> None:
    """Each comes once, before or after the checkpoint."""
    server = ListServer([0, 1, 1, 2, 0, 3, 3, 3, 4, 1])
    reader = SimulatedReader(server, PageOptions(page_size), BY_ID)
    for read, checkpoint in enumerate([reader.checkpoint(), *(reader.checkpoint() for _ in reader)]):
        rest = SimulatedReader(server, PageOptions(page_size), BY_ID, resume=checkpoint)
        assert list(rest) == list(range(read, 5))


def test_a_list_of_equal_rows_resumes_from_every_checkpoint() -> None:
    """More rows than a checkpoint has keys, and the server sends all of them in each response."""
    rows = [row % 3 // 2 for row in range(100)]

    def fetch(_: int, __: int) -> PageResponse[int]:
        return PageResponse(rows, len(rows), is_whole=True)

    reader = SimulatedReader(fetch, PageOptions(), BY_CONTENT)
    for read, _ in enumerate(reader, 1):
        rest = SimulatedReader(fetch, PageOptions(), BY_CONTENT, resume=reader.checkpoint())
        assert list(rest) == rows[read:]


@IDENTITIES
@settings(max_examples=300)
@given(
    size=st.integers(0, 30),
    page_size=st.integers(1, 12),
    prefetch=st.integers(1, 4),
    changes=CHANGES,
    failures=st.frozensets(st.integers(0, 12), max_size=6),
    delays=st.binary(max_size=8),
)
def test_an_iteration_resumes_after_every_failed_page(
    identity: Identity[int],
    size: int,
    page_size: int,
    prefetch: int,
    changes: bytes,
    failures: frozenset[int],
    delays: bytes,
) -> None:
    """All rows before a failure have been returned; the checkpoint at that time continues after them."""
    server = ListServer(range(size), changes, failures=failures)
    got: list[int] = []
    checkpoint = None
    for _ in range(len(failures) + 1):
        reader = SimulatedReader(
            server, PageOptions(page_size, prefetch=prefetch), identity, resume=checkpoint, delays=delays
        )
        try:
            got.extend(reader)
        except PageFailureError:
            checkpoint = reader.checkpoint()
        else:
            break
    server.check(got)


def test_an_iteration_by_pages_has_checkpoints() -> None:
    server = ListServer(range(50))
    reader = SimulatedReader(server, PageOptions(10), BY_ID)
    pages = reader.pages()
    assert [*next(pages).items, *next(pages).items] == list(range(20))
    assert list(SimulatedReader(server, PageOptions(), BY_ID, resume=reader.checkpoint())) == list(range(20, 50))


def test_a_checkpoint_at_the_end_continues_with_new_rows() -> None:
    server = ListServer(range(25))
    reader = SimulatedReader(server, PageOptions(10), BY_ID)
    assert list(reader) == list(range(25))
    server.rows += [100, 101]
    assert list(SimulatedReader(server, PageOptions(), BY_ID, resume=reader.checkpoint())) == [100, 101]


def test_an_insertion_before_read_rows_repeats_nothing() -> None:
    """Two rows are deleted and one is added before ninety that have been read; the iteration stops at that one."""
    server = ListServer(range(300))

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        if len(server.requests) == 1:
            del server.rows[:2]
            server.rows.insert(10, 1000)
        return server(offset, limit)

    reader = SimulatedReader(fetch, PageOptions(100, prefetch=1), BY_ID)
    got = []
    for row in reader:
        got.append(row)
        if row == 1000 or len(got) == 101:
            break
    got += SimulatedReader(server, PageOptions(100), BY_ID, resume=reader.checkpoint())
    assert [row for row in got if row != 1000] == list(range(300))


@IDENTITIES
def test_a_checkpoint_keeps_all_that_one_insertion_hides(identity: Identity[int]) -> None:
    """A hundred rows are hidden behind new ones while the checkpoint is taken."""
    server = ListServer(range(400))

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        if len(server.requests) == 1:
            server.rows[100:100] = range(1000, 1150)
        return server(offset, limit)

    reader = SimulatedReader(fetch, PageOptions(200, prefetch=1), identity)
    got = list(itertools.islice(reader, 205))
    assert got[200:] == list(range(1000, 1005))
    got += SimulatedReader(server, PageOptions(200, prefetch=1), identity, resume=reader.checkpoint())
    assert sorted(got) == [*range(400), *range(1000, 1150)]


@pytest.mark.parametrize("read", [30, 64])
def test_a_short_iteration_resumes_though_all_rows_are_gone(read: int) -> None:
    """A checkpoint holds all rows that have been read, if they are few, so that none of the others is one of them."""
    server = ListServer(range(150))
    reader = SimulatedReader(server, PageOptions(100, prefetch=1), BY_ID)
    assert list(itertools.islice(reader, read)) == list(range(read))
    del server.rows[:read]
    rest = SimulatedReader(server, PageOptions(100, prefetch=1), BY_ID, resume=reader.checkpoint())
    assert list(rest) == list(range(read, 150))


@pytest.mark.parametrize("read", [65, 100])
def test_a_long_iteration_raises_if_all_known_rows_are_gone(read: int) -> None:
    """A checkpoint holds 64 rows: the rows that are left may have been read before them."""
    server = ListServer(range(150))
    reader = SimulatedReader(server, PageOptions(100, prefetch=1), BY_ID)
    assert list(itertools.islice(reader, read)) == list(range(read))
    del server.rows[read - 64 : read]
    with pytest.raises(PaginationError, match="none of the last 64"):
        list(SimulatedReader(server, PageOptions(100, prefetch=1), BY_ID, resume=reader.checkpoint()))


# --- size and form -------------------------------------------------------------------------------------------------


def test_a_checkpoint_of_a_long_list_is_small() -> None:
    reader = SimulatedReader(ListServer(range(20_000)), PageOptions(1000), BY_ID)
    assert sum(1 for _ in reader) == 20_000
    assert len(json.dumps(reader.checkpoint())) < 2000


def test_a_checkpoint_has_at_most_20_kilobytes() -> None:
    """Although all rows of a whole page, with long ids, are hidden behind new ones."""
    first, newer = 10**12, 10**13
    server = ListServer(range(first, first + 3000))

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        if len(server.requests) == 1:
            server.rows[100:100] = range(newer, newer + 1500)
        return server(offset, limit)

    reader = SimulatedReader(fetch, PageOptions(1000, prefetch=1), BY_ID)
    got, longest = [], 0
    for row in reader:
        got.append(row)
        if len(got) % 50 == 0:
            longest = max(longest, len(json.dumps(reader.checkpoint())))
    assert 10_000 < longest <= 20_000
    assert sorted(got) == [*range(first, first + 3000), *range(newer, newer + 1500)]


@settings(max_examples=100)
@given(
    offset=st.integers(0, 10**9),
    recent=st.lists(st.integers() | st.text(max_size=5), max_size=64),
    missing=st.lists(st.integers() | st.text(max_size=5), max_size=70),
    is_complete=st.booleans(),
    total=st.none() | st.integers(0, 10**9),
)
def test_a_checkpoint_survives_json(
    offset: int, recent: list[int | str], missing: list[int | str], is_complete: bool, total: int | None
) -> None:
    progress = Progress(offset, recent, missing, is_complete, total)
    checkpoint = encode_checkpoint(progress, "numbers")
    assert decode_checkpoint(checkpoint, "numbers") == progress
    assert decode_checkpoint(json.loads(json.dumps(checkpoint)), "numbers") == progress


GOOD = encode_checkpoint(Progress(29, [28, 29], [], is_complete=True, total=30), "iamGetUsers")

NOT_CHECKPOINTS: list[Any] = [{}, [], "x", 5, True, None, {"offset": 3}]

CHANGED_VALUE = r"is a checkpoint that was changed; pass it as checkpoint\(\) returned it$"

CHANGED_FIELDS: list[dict[str, object]] = [
    {"offset": -1},
    {"offset": True},
    {"offset": "3"},
    {"total": 2.5},
    {"total": -1},
    {"recent": "abc"},
    {"recent": [None]},
    {"recent": [True]},
    {"recent": [1] * 65},
    {"missing": {}},
    {"missing": [1] * 1001},
    {"is_complete": 1},
    {"more": 1},
]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        *((value, r"must be a value that checkpoint\(\) of a pager returned") for value in NOT_CHECKPOINTS),
        ({"gcore_iam_checkpoint": 2}, "version 2"),
        ({"gcore_iam_checkpoint": True}, "version True"),
        ({"gcore_iam_checkpoint": 1, "operation": "iamGetLastLoginTime"}, "of 'iamGetLastLoginTime', not of"),
        ({"gcore_iam_checkpoint": 1, "operation": "iamGetUsers"}, CHANGED_VALUE),
        *(({**GOOD, **changes}, CHANGED_VALUE) for changes in CHANGED_FIELDS),
    ],
)
def test_a_value_that_is_no_checkpoint_raises(value: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^resume .*{message}"):
        decode_checkpoint(value, "iamGetUsers")


@pytest.mark.parametrize("changes", [{"recent": [1] * 64}, {"missing": [1] * 1000}, {"total": None}, {"total": 0}])
def test_a_checkpoint_at_its_bounds_is_accepted(changes: dict[str, Any]) -> None:
    assert decode_checkpoint({**GOOD, **changes}, "iamGetUsers").offset == 29


# --- the progress on a page ------------------------------------------------------------------------------------------


def build_position(**changes: Any) -> Position:
    """A page of six rows at offset 10, of which three are new."""
    fields: dict[str, Any] = {
        "offset": 10,
        "keys": [*"abcdef"],
        "new": [2, 3, 5],
        "repeats": [4],
        "before": [*"xy"],
        "following": [],
        "missing": ["m"],
        "is_complete": True,
        "total": 99,
    }
    return Position(**{**fields, **changes})


@pytest.mark.parametrize(
    ("returned", "changes", "offset", "recent"),
    [
        pytest.param(0, {}, 11, "xyab", id="no new row"),
        pytest.param(1, {}, 12, "xyabc", id="one new row"),
        pytest.param(2, {}, 13, "xyabcd", id="two new rows"),
        pytest.param(3, {}, 15, "xyabcdef", id="all new rows"),
        pytest.param(0, {"new": [0, 2], "repeats": []}, 15, "xyabcdef", id="new rows before read ones are skipped"),
        pytest.param(1, {"following": [*"gh"]}, 17, "xyabcdefgh", id="rows that follow have been read"),
        pytest.param(0, {"new": range(6), "before": []}, 10, "", id="nothing has been read"),
        pytest.param(0, {"offset": 0, "new": range(6), "before": [*"xy"]}, 0, "xy", id="rows before the list"),
    ],
)
def test_a_checkpoint_continues_after_the_last_row(
    returned: int, changes: dict[str, Any], offset: int, recent: str
) -> None:
    progress = build_position(**changes).compute_progress(returned)
    assert progress == Progress(offset, [*recent], ["m"], is_complete=True, total=99)


@pytest.mark.parametrize(
    ("before", "length", "is_complete"), [(0, 64, True), (0, 65, False), (1, 63, True), (1, 64, False)]
)
def test_a_checkpoint_is_complete_if_it_holds_all_rows(before: int, length: int, is_complete: bool) -> None:
    keys = range(length)
    position = build_position(keys=keys, new=keys, repeats=[], before=[-1] * before)
    progress = position.compute_progress(length)
    assert progress.recent == [*[-1] * before, *keys][-64:]
    assert (progress.offset, progress.is_complete) == (10 + length - 1, is_complete)
    assert not build_position(is_complete=False).compute_progress(3).is_complete
