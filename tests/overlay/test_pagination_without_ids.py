"""Lists without ids that change while they are read: an item that stays comes exactly once if no other equals it."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import attrs
import httpx
import pytest
from gcore_iam import AsyncIAMClient, IAMClient, Pager, PaginationError
from gcore_iam.pagination.checkpoint import decode_checkpoint, encode_checkpoint
from gcore_iam.pagination.options import Identity, PageOptions, PageRequest, PageResponse
from gcore_iam.pagination.prefetch_plan import PrefetchPlan
from gcore_iam.pagination.walker import PageWalker
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import ClientKind

RUNS = 750
"""Over HTTP, for each kind of client: 2,250 in all."""

PURE_RUNS = 2000
"""Without any I/O, for lists without ids and for lists with ids."""

POSITIONS = st.one_of(st.just(0.0), st.floats(0, 0.999), st.just(0.999))

CHANGES = st.lists(st.lists(st.tuples(st.booleans(), POSITIONS), max_size=3), max_size=40)
"""The changes before each request: whether each is a deletion, and where in the list, as a fraction of it."""

BY_CONTENT = Identity[int](lambda item: item, is_unique=False)

BY_ID = Identity[int](lambda item: item, is_unique=True)


class ChangingList:
    """A list that changes before every request but the first, behind a server that may send fewer items than asked.

    Args:
        size: Items at first.
        changes: What happens before each request.
        longest: Items on a page at most.
        seed: Makes pages shorter at random, but not shorter than two items; None for full pages.
        is_counted: Whether the server sends a total.
    """

    def __init__(
        self,
        size: int,
        changes: Sequence[Sequence[tuple[bool, float]]],
        *,
        longest: int = 1000,
        seed: int | None = None,
        is_counted: bool = True,
    ) -> None:
        self.items = list(range(size))
        self.first: list[int] | None = None
        """The items at the first request."""
        self._changes = iter(changes)
        self._new = itertools.count(1000)
        self._longest = longest
        self._random = None if seed is None else random.Random(seed)  # noqa: S311 - not for secrets
        self._is_counted = is_counted
        self._kept: set[int] = set()

    def __call__(self, offset: int, limit: int) -> PageResponse[int]:
        if self.first is None:
            self.first, self._kept = list(self.items), set(self.items)
        else:
            for is_deletion, where in next(self._changes, []):
                if is_deletion and self.items:
                    self._kept.discard(self.items.pop(int(where * len(self.items))))
                elif not is_deletion:
                    self.items.insert(int(where * (len(self.items) + 1)), next(self._new))
        count = min(limit, self._longest)
        if self._random is not None:
            count = self._random.randint(min(2, count), count)
        total = len(self.items) if self._is_counted else None
        return PageResponse(self.items[offset : offset + count], total)

    def check(self, got: Sequence[int]) -> None:
        """Fail unless nothing came twice, and all that was there from start to end came, in order."""
        assert [item for item, count in Counter(got).items() if count > 1] == []
        assert [item for item in got if item in self._kept] == [item for item in self.first or () if item in self._kept]


# --- without I/O ---------------------------------------------------------------------------------------------------


def read_list(
    fetch: Callable[[int, int], PageResponse[int]],
    options: PageOptions,
    identity: Identity[int],
    *,
    stop: int | None = None,
    delays: random.Random,
) -> list[int]:
    """Read a list as a pager does, pages requested ahead included; after `stop` items, go on from a checkpoint.

    A page that is requested ahead is read from the list at once, or not before its turn, by chance.
    """
    walker = PageWalker(options, identity)
    got: list[int] = []
    while True:
        plan: PrefetchPlan[list[PageResponse[int]]] = PrefetchPlan(options.prefetch, options.prefetch_bytes)
        steps = walker.steps()
        step = next(steps, None)
        while step is not None:
            if not isinstance(step, PageRequest):
                items = list(step.page.items)
                if stop is not None and len(got) + len(items) >= stop:
                    handed_out = stop - len(got)
                    got += items[:handed_out]
                    checkpoint = encode_checkpoint(step.position.compute_progress(handed_out), "numbers")
                    walker = PageWalker(
                        options, identity, decode_checkpoint(json.loads(json.dumps(checkpoint)), "numbers")
                    )
                    break
                got += items
                for request in plan.update(walker)[0]:
                    is_early = delays.random() < 0.6
                    plan.in_flight[request.offset] = request, [fetch(request.offset, request.limit)] if is_early else []
                step = next(steps, None)
                continue
            if step.offset in plan.in_flight and not step.is_fresh:
                request, pages = plan.in_flight.pop(step.offset)
                response = pages[0] if pages else fetch(request.offset, request.limit)
            else:
                request = plan.shorten(step, options.overlap)
                plan.make_room()
                response = fetch(request.offset, request.limit)
            plan.record_response(request, response, options.overlap)
            try:
                step = steps.send(response)
            except StopIteration:
                step = None
        if step is None:
            return got
        stop = None


@pytest.mark.parametrize("identity", [BY_CONTENT, BY_ID], ids=["by content", "by id"])
@settings(max_examples=PURE_RUNS, deadline=None)
@given(
    size=st.integers(0, 70),
    page_size=st.one_of(st.integers(1, 6), st.integers(1, 50)),
    prefetch=st.integers(1, 8),
    changes=CHANGES,
    longest=st.sampled_from([1000, 2, 3, 7]),
    seed=st.one_of(st.none(), st.integers(0, 10**6)),
    is_counted=st.booleans(),
    stop=st.one_of(st.none(), st.integers(1, 60)),
    delays=st.integers(0, 10**6),
)
def test_an_item_that_stays_comes_exactly_once(
    identity: Identity[int],
    size: int,
    page_size: int,
    prefetch: int,
    changes: list[list[tuple[bool, float]]],
    longest: int,
    seed: int | None,
    is_counted: bool,
    stop: int | None,
    delays: int,
) -> None:
    numbers = ChangingList(size, changes, longest=longest, seed=seed, is_counted=is_counted)
    options = PageOptions(page_size, prefetch=prefetch)
    numbers.check(read_list(numbers, options, identity, stop=stop, delays=random.Random(delays)))  # noqa: S311


@pytest.mark.parametrize("identity", [BY_CONTENT, BY_ID], ids=["by content", "by id"])
@settings(max_examples=300, deadline=None)
@given(
    size=st.integers(0, 30),
    page_size=st.integers(1, 10),
    prefetch=st.integers(1, 4),
    changes=st.lists(st.lists(st.tuples(st.booleans(), POSITIONS), max_size=1), max_size=40),
)
def test_a_server_of_single_items_loses_and_repeats_none(
    identity: Identity[int], size: int, page_size: int, prefetch: int, changes: list[list[tuple[bool, float]]]
) -> None:
    """Whatever the page size; with one change at most between two requests."""
    numbers = ChangingList(size, changes, longest=1)
    options = PageOptions(page_size, prefetch=prefetch)
    numbers.check(read_list(numbers, options, identity, delays=random.Random(0)))  # noqa: S311


# --- by the clients ------------------------------------------------------------------------------------------------


def build_login(number: int) -> dict[str, Any]:
    """A login that differs from others in its time only; its id is that of the account."""
    minutes, seconds = divmod(number, 60)
    return {
        "id": 1,
        "login_at": f"2026-01-01T00:{minutes % 60:02}:{seconds:02}Z",
        "ip_address": "192.0.2.1",
        "user_agent": "test",
        "auth_type": "PASSWORD",
        "is_successful": True,
        "user": 1,
    }


class LoginTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Serves a changing list as logins."""

    def __init__(self, numbers: ChangingList) -> None:
        self._numbers = numbers
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            params = request.url.params
            page = self._numbers(int(params["offset"]), int(params["limit"]))
            logins = [build_login(number) for number in page.items]
            return httpx.Response(200, json={"count": page.total, "result": logins, "results": logins})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        return self.handle_request(request)


def read_logins(client_kind: ClientKind, numbers: ChangingList, stop: int | None = None, **options: Any) -> list[int]:
    """The numbers of the logins that one iteration gives; after `stop` of them, it goes on from a checkpoint."""

    def get_number(login: Any) -> int:
        return int(login.login_at.minute * 60 + login.login_at.second)

    def read(iam: IAMClient) -> list[int]:
        logins = iam.account.logins(**options)
        got = [get_number(login) for login in itertools.islice(logins, stop)]
        if stop is not None:
            resume = json.loads(json.dumps(logins.checkpoint()))
            got += [get_number(login) for login in iam.account.logins(resume=resume, **options)]
        return got

    async def read_async(iam: AsyncIAMClient) -> list[int]:
        logins = iam.account.logins(**options)
        got: list[int] = []
        async for login in logins:
            got.append(get_number(login))
            if len(got) == stop:
                break
        if stop is not None:
            resume = json.loads(json.dumps(logins.checkpoint()))
            got += [get_number(login) async for login in iam.account.logins(resume=resume, **options)]
        return got

    result: list[int] = client_kind.run(
        read_async if client_kind.is_async else read,
        "42_k3y-mark",
        base_url="http://localhost",
        transport=LoginTransport(numbers),
    )
    return result


KINDS_OF_CLIENT = pytest.mark.parametrize("client_kind", ["sync", "asyncio", "trio"], indirect=True)


@KINDS_OF_CLIENT
def test_a_login_that_stays_comes_exactly_once(client_kind: ClientKind) -> None:
    @settings(max_examples=RUNS, deadline=None)
    @given(
        size=st.integers(1, 70),
        page_size=st.one_of(st.integers(1, 6), st.integers(1, 50)),
        prefetch=st.integers(1, 8),
        changes=CHANGES,
        longest=st.sampled_from([1000, 2, 3, 7]),
        seed=st.one_of(st.none(), st.integers(0, 10**6)),
        stop=st.one_of(st.none(), st.integers(1, 60)),
    )
    def check(size: int, page_size: int, prefetch: int, changes: Any, longest: int, seed: Any, stop: Any) -> None:
        numbers = ChangingList(size, changes, longest=longest, seed=seed)
        numbers.check(read_logins(client_kind, numbers, stop, page_size=page_size, prefetch=prefetch))

    check()


@KINDS_OF_CLIENT
def test_one_insertion_repeats_no_login(client_kind: ClientKind) -> None:
    numbers = ChangingList(3, [[], [(False, 0.3)]])
    assert read_logins(client_kind, numbers, page_size=1, prefetch=1) == [0, 1, 1000, 2]


# --- one case for each fault ---------------------------------------------------------------------------------------


@attrs.define
class ScriptedList:
    """A list with one state for each request; the last one stays."""

    states: list[list[int]]
    longest: int = 1000
    pages: list[int] = attrs.field(factory=list)
    """Items on each page at most; `longest` where there is no number left."""
    is_counted: bool = True
    requests: list[tuple[int, int]] = attrs.field(factory=list)

    def __call__(self, offset: int, limit: int) -> PageResponse[int]:
        number = len(self.requests)
        items = self.states[min(number, len(self.states) - 1)]
        longest = self.pages[number] if number < len(self.pages) else self.longest
        self.requests.append((offset, limit))
        return PageResponse(items[offset : offset + min(limit, longest)], len(items) if self.is_counted else None)


IDENTITIES = pytest.mark.parametrize("identity", [BY_CONTENT, BY_ID], ids=["by content", "by id"])


@IDENTITIES
def test_a_page_of_one_item_forgets_nothing(identity: Identity[int]) -> None:
    """Item 0 is pushed out of sight, and shown again by a page that overlaps with no other."""
    before, later = [0, 1, 2, 3, 4], [11, 12, 0, 14, 2, 13, 4]
    states = [before] * 2 + [[11, 0, 2, 4]] * 2 + [later] * 11 + [[15, 12, 16, 0]]
    got = list(Pager(ScriptedList(states, longest=1), PageOptions(7, prefetch=1), identity, operation="numbers"))
    assert got.count(0) == 1
    assert len(got) == len(set(got))


@IDENTITIES
def test_a_checkpoint_keeps_all_that_one_insertion_hides(identity: Identity[int]) -> None:
    """A hundred items are hidden behind new ones while the checkpoint is taken."""
    old, new = list(range(400)), list(range(1000, 1150))
    numbers = ScriptedList([old, [*old[:100], *new, *old[100:]]])
    first = Pager(numbers, PageOptions(200, prefetch=1), identity, operation="numbers")
    got = list(itertools.islice(first, 205))
    assert got[200:] == new[:5]
    checkpoint = json.loads(json.dumps(first.checkpoint()))
    got += Pager(numbers, PageOptions(200, prefetch=1), identity, operation="numbers", resume=checkpoint)
    assert sorted(got) == sorted([*old, *new])


@IDENTITIES
def test_an_uncounted_list_that_shrinks_does_not_end_early(identity: Identity[int]) -> None:
    """A page of one item, and an empty one after a deletion, look like the end."""
    all_items, rest = list(range(8)), list(range(2, 8))
    numbers = ScriptedList([all_items] * 3 + [rest], pages=[3, 4, 1], is_counted=False)
    assert list(Pager(numbers, PageOptions(3, prefetch=1), identity, operation="numbers")) == all_items


def test_a_search_requests_no_offset_twice() -> None:
    """All but the newest entries are replaced; no page is searched twice before the list is read from its start."""
    numbers = ScriptedList([list(range(40)), list(range(100, 140))])
    got = list(Pager(numbers, PageOptions(4, prefetch=1), BY_CONTENT, operation="numbers"))
    assert got == [*range(4), *range(100, 140)]
    searched = numbers.requests[1 : numbers.requests.index((0, 5), 3)]
    assert len(searched) == len(set(searched))


@pytest.mark.parametrize("longest", [2, 3, 1000])
@pytest.mark.parametrize("prefetch", [1, 4])
@pytest.mark.parametrize("entries", ["aaaaaaaaaaaa", "abababababab", "aabbccaabbcc", "abcaaabcaaab"])
def test_equal_items_come_as_often_as_they_exist(entries: str, prefetch: int, longest: int) -> None:
    def fetch(offset: int, limit: int) -> PageResponse[str]:
        return PageResponse(entries[offset : offset + min(limit, longest)], len(entries))

    identity = Identity[str](lambda item: item, is_unique=False)
    assert "".join(Pager(fetch, PageOptions(4, prefetch=prefetch), identity, operation="log")) == entries


@settings(max_examples=300, deadline=None)
@given(kinds=st.integers(1, 5), size=st.integers(0, 40), page_size=st.integers(1, 12), changes=CHANGES)
def test_a_changing_list_of_equal_items_ends(kinds: int, size: int, page_size: int, changes: Any) -> None:
    """Or raises: which of them are left out or repeated is undefined."""
    numbers = ChangingList(size, changes)
    requests = itertools.count()

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        assert next(requests) < 2000
        response = numbers(offset, limit)
        return PageResponse([item % kinds for item in response.items], response.total)

    with contextlib.suppress(PaginationError):
        list(Pager(fetch, PageOptions(page_size, prefetch=1), BY_CONTENT, operation="numbers"))
