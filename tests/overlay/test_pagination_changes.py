"""Others add and delete users while they are read: a user that exists from start to end comes exactly once."""

from __future__ import annotations

import itertools
import json
import threading
from typing import Any

import anyio
import httpx
import pytest
from gcore_iam import Pager, PaginationError
from gcore_iam.pagination.options import Identity, PageOptions, PageRequest, PageResponse
from gcore_iam.pagination.overlap import MIN_REMEMBERED_KEYS
from gcore_iam.pagination.walker import PageWalker
from gcore_iam.testing import DeleteUser, FakeIAM, InsertUser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import ClientKind

RUNS = 750
"""For each kind of client: 2,250 in all."""


class ChangingTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends requests to a fake whose list of users changes before every request but the first."""

    def __init__(self, fake: FakeIAM, changes: list[list[tuple[bool, float]]]) -> None:
        self.fake = fake
        self._inner = fake.transport()
        self._changes = iter(changes)
        self._lock = threading.Lock()
        self.at_first: list[int] | None = None
        """The users who existed at the first request."""

    def ids(self) -> list[int]:
        return [user["id"] for user in self.fake.users]

    def _change(self) -> None:
        if self.at_first is None:
            self.at_first = self.ids()
            return
        for is_deletion, where in next(self._changes, []):
            size = len(self.fake.users)
            if is_deletion and size:
                DeleteUser(int(where * size)).prepare(self.fake._state)
            elif not is_deletion:
                InsertUser(int(where * (size + 1))).prepare(self.fake._state)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self._change()
            return self._inner.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        return self.handle_request(request)


POSITIONS = st.one_of(st.just(0.0), st.floats(0, 0.999), st.just(0.999))

CHANGES = st.lists(st.lists(st.tuples(st.booleans(), POSITIONS), max_size=3), max_size=40)
"""The changes before each request: whether each is a deletion, and where in the list, as a fraction of it."""


def read_ids(
    client_kind: ClientKind, transport: ChangingTransport, options: dict[str, Any], stop: int | None
) -> list[int]:
    """Read the ids of all users; an iteration that stops is continued from its checkpoint."""

    def use(iam: Any) -> Any:
        if client_kind.is_async:
            return use_async(iam)
        first = iam.users.list(**options)
        got = [user.id for user in itertools.islice(first, stop)]
        if stop is not None:
            resume = json.loads(json.dumps(first.checkpoint()))
            got += [user.id for user in iam.users.list(resume=resume, **options)]
        return got

    async def use_async(iam: Any) -> list[int]:
        first = iam.users.list(**options)
        got: list[int] = []
        async for user in first:
            got.append(user.id)
            if len(got) == stop:
                break
        if stop is not None:
            resume = json.loads(json.dumps(first.checkpoint()))
            got += [user.id async for user in iam.users.list(resume=resume, **options)]
        return got

    result: list[int] = client_kind.run(use, transport.fake.api_key, base_url="http://localhost", transport=transport)
    return result


@settings(max_examples=RUNS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.integers(1, 70),
    page_size=st.integers(1, 50),
    prefetch=st.integers(1, 8),
    changes=CHANGES,
    stop=st.one_of(st.none(), st.integers(1, 60)),
)
def test_a_user_that_stays_comes_exactly_once(
    client_kind: ClientKind,
    size: int,
    page_size: int,
    prefetch: int,
    changes: list[list[tuple[bool, float]]],
    stop: int | None,
) -> None:
    transport = ChangingTransport(FakeIAM(size, logins=0), changes)
    got = read_ids(client_kind, transport, {"page_size": page_size, "prefetch": prefetch}, stop)
    assert transport.at_first is not None
    there = set(transport.at_first) & set(transport.ids())
    assert len(got) == len(set(got))
    assert [user for user in got if user in there] == [user for user in transport.at_first if user in there]


@pytest.mark.parametrize("consistency", ["strict", "fast"])
@pytest.mark.parametrize("is_deletion", [True, False])
def test_fast_pages_lose_or_repeat_users(client_kind: ClientKind, is_deletion: bool, consistency: str) -> None:
    """Strict pages do not: two users are deleted, or added, before those that have been read."""
    transport = ChangingTransport(FakeIAM(30, logins=0), [[(is_deletion, 0.0)] * 2])
    got = read_ids(client_kind, transport, {"page_size": 10, "prefetch": 1, "consistency": consistency}, None)
    expected = list(range(1, 31))
    if consistency == "strict":
        assert got == expected
    elif is_deletion:
        assert got == [*expected[:10], *expected[12:]]
    else:
        assert got == [*expected[:10], *expected[8:]]


class Shifting:
    """A list that changes by a script: (deleted, added) in front of it, before each request but the first."""

    def __init__(self, size: int, *script: tuple[int, int]) -> None:
        self.items = list(range(size))
        self.script = iter(script)
        self.requests: list[tuple[int, int]] = []
        self.new = itertools.count(10_000)

    def __call__(self, offset: int, limit: int) -> PageResponse[int]:
        if self.requests:
            deleted, added = next(self.script, (0, 0))
            del self.items[:deleted]
            self.items[:0] = itertools.islice(self.new, added)
        self.requests.append((offset, limit))
        return PageResponse(self.items[offset : offset + limit], len(self.items))


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
    """A thousand numbers, in pages of a hundred."""
    shifting = Shifting(1000, *([(0, 0)] * 6), *script)
    identity = Identity[int](lambda item: item, is_unique=True)
    got = list(Pager(shifting, PageOptions(100, prefetch=1), identity, operation="numbers"))
    assert [item for item in got if item < 10_000] == list(range(1000))
    assert len(got) == len(set(got))
    assert len(shifting.requests) == requests


def test_the_number_of_remembered_keys_is_bounded() -> None:
    walker = PageWalker(PageOptions(1000), Identity[int](lambda item: item, is_unique=True))
    steps = walker.steps()
    step = next(steps, None)
    most = 0
    while step is not None:
        if isinstance(step, PageRequest):
            items = range(step.offset, min(step.offset + step.limit, 100_000))
            try:
                step = steps.send(PageResponse(items, 100_000))
            except StopIteration:
                break
        else:
            step = next(steps, None)
        most = max(most, len(walker._matcher.keys))
    assert MIN_REMEMBERED_KEYS <= most <= 2 * MIN_REMEMBERED_KEYS + 1000


def test_deleting_all_remembered_items_raises() -> None:
    """Then it is unknown where to continue: the remaining items may have been read long ago."""
    items = list(range(20_000))
    requests = 0

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        nonlocal requests
        requests += 1
        if requests == 16:
            del items[1000:16_000]
        return PageResponse(items[offset : offset + limit], None)

    identity = Identity[int](lambda item: item, is_unique=True)
    pager = Pager(fetch, PageOptions(1000, prefetch=1), identity, operation="numbers")
    with pytest.raises(PaginationError, match="none of the last") as caught:
        list(pager)
    assert caught.value.offset > 10_000
    assert requests < 80
