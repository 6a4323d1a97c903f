"""Pagers: which pages they request, which items they return, where they end; with servers of all kinds."""

from __future__ import annotations

import gc
import itertools
import json
import random
from collections.abc import Callable, Sequence
from operator import length_hint
from typing import Any

import httpx
import pytest
from gcore_iam import (
    ConfigurationError,
    DecodeError,
    IAMClient,
    Pager,
    PaginationError,
    RateLimitError,
    models,
    paginate,
)
from gcore_iam.pagination.options import Identity, PageOptions, PageResponse
from gcore_iam.testing import FakeIAM
from gcore_iam_client.api.account import iam_get_last_login_time
from gcore_iam_client.api.users import iam_get_user, iam_get_users

from .conftest import ClientKind

IDS = Identity[int](lambda item: item, is_unique=True)
BY_CONTENT = Identity[str](lambda item: item, is_unique=False)


def pager(fetch: Callable[[int, int], PageResponse[int]], identity: Identity[int] = IDS, **window: Any) -> Pager[int]:
    return Pager(fetch, PageOptions(**{"prefetch": 1, **window}), identity, operation="numbers")


class Numbers:
    """A list behind offset and limit that records the requests."""

    def __init__(
        self, items: Sequence[int], *, clamp: int = 1001, counted: bool = True, is_whole: bool = False
    ) -> None:
        self.items = list(items)
        self.clamp = clamp
        self.counted = counted
        self.is_whole = is_whole
        self.requests: list[tuple[int, int]] = []

    def __call__(self, offset: int, limit: int) -> PageResponse[int]:
        self.requests.append((offset, limit))
        if self.is_whole:
            return PageResponse(list(self.items), len(self.items), is_whole=True)
        total = len(self.items) if self.counted else None
        return PageResponse(self.items[offset : offset + min(limit, self.clamp)], total)


# --- requests and items ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 9, 10, 11, 100])
@pytest.mark.parametrize("page_size", [1, 2, 10, 1000])
@pytest.mark.parametrize("clamp", [2, 7, 1000])
@pytest.mark.parametrize("start", [0, 1, 5, 200])
@pytest.mark.parametrize("max_items", [None, 0, 1, 10, 1000])
@pytest.mark.parametrize("consistency", ["strict", "fast"])
def test_every_requested_item_comes_once_in_order(
    size: int, page_size: int, clamp: int, start: int, max_items: int | None, consistency: str
) -> None:
    stop = None if max_items is None else start + max_items
    window: dict[str, Any] = {
        "page_size": page_size,
        "start": start,
        "max_items": max_items,
        "consistency": consistency,
    }
    for counted, prefetch in itertools.product((True, False), (1, 3)):
        numbers = Numbers(range(size), clamp=clamp, counted=counted)
        assert list(pager(numbers, prefetch=prefetch, **window)) == list(range(size))[start:stop]


def test_a_pager_sends_nothing_before_it_is_iterated() -> None:
    numbers = Numbers(range(3))
    items = pager(numbers)
    pages, one = items.pages(), iter(items)
    assert numbers.requests == []
    assert list(items) == list(items) == [0, 1, 2]
    assert len(numbers.requests) == 2
    assert [list(page.items) for page in pages] == [list(one)] == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("window", "requests"),
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
def test_strict_pages_request_at_most_one_more_item(window: dict[str, Any], requests: list[tuple[int, int]]) -> None:
    numbers = Numbers(range(250))
    list(pager(numbers, **window))
    assert numbers.requests == requests


def test_no_request_exceeds_a_thousand_items() -> None:
    numbers = Numbers(range(3500))
    assert list(pager(numbers, page_size=1000)) == list(range(3500))
    assert numbers.requests == [(0, 999), (998, 1000), (1997, 1000), (2996, 1000)]


def test_pages_have_number_offset_and_total() -> None:
    pages = list(pager(Numbers(range(5)), page_size=2, start=1).pages())
    assert [(page.number, page.offset, page.total, list(page.items)) for page in pages] == [
        (1, 1, 5, [1, 2]),
        (2, 3, 5, [3, 4]),
    ]


def test_first_collect_and_total() -> None:
    numbers = Numbers(range(30))
    items = pager(numbers, page_size=10, start=5)
    assert items.first() == 5
    assert numbers.requests == [(5, 1)]
    assert items.collect(limit=3) == [5, 6, 7]
    assert items.collect() == list(range(5, 30))
    assert pager(numbers, max_items=4).collect(limit=9) == [0, 1, 2, 3]
    assert items.total() == 30
    assert pager(Numbers([])).first() is None
    assert pager(numbers, max_items=0).first() is None
    assert pager(Numbers(range(7), is_whole=True)).total() == 7
    with pytest.raises(PaginationError, match="does not say"):
        pager(Numbers(range(7), counted=False)).total()


def test_first_collect_and_total_in_every_client_kind(
    client_kind: ClientKind, fake: FakeIAM, connection: dict[str, Any]
) -> None:
    ids = [user["id"] for user in fake.users]

    def use(iam: Any) -> Any:
        users = iam.users.list(page_size=10, start=3)
        if not client_kind.is_async:
            first, some, total = users.first(), users.collect(limit=12), users.total()
            return first.id, [user.id for user in some], total, [page.offset for page in users.pages()]

        async def main() -> Any:
            first, some, total = await users.first(), await users.collect(limit=12), await users.total()
            offsets = [page.offset async for page in users.pages()]
            return first.id, [user.id for user in some], total, offsets

        return main()

    got = client_kind.run(use, fake.api_key, **connection)
    assert got == (ids[3], ids[3:15], len(ids), [3, 13, 23, 33, 43, 53])


def test_the_first_page_sets_the_length_hint() -> None:
    numbers = Numbers(range(50))
    items = pager(numbers, page_size=10, start=5, max_items=30)
    assert length_hint(items, -1) == -1
    assert numbers.requests == []
    iteration = iter(items)
    next(iteration)
    assert length_hint(items, -1) == 30
    counted = pager(numbers, start=5)
    assert counted.total() == 50
    assert length_hint(counted, -1) == 45


def test_a_huge_total_is_no_length_hint() -> None:
    """`list` would try to allocate memory for that many."""
    responses = iter([PageResponse([1, 2], 10**12), *[PageResponse([2], 10**12)] * 99])
    items = pager(lambda *_: next(responses))
    with pytest.raises(PaginationError):
        list(items)
    assert length_hint(items, -1) == -1


@pytest.mark.parametrize(
    "arguments",
    [
        *({"page_size": value} for value in (0, -1, 1001, 10**9, True, 10.0, "10", None)),
        *({"start": value} for value in (-1, False, None, 1.5)),
        *({"max_items": value} for value in (-1, True, "5")),
        *({"prefetch": value} for value in (0, -1, 65, True, 2.0, None)),
        *({"consistency": value} for value in ("Strict", "", None, True)),
        *({"prefetch_bytes": value} for value in (0, -1, True)),
    ],
)
def test_an_argument_out_of_range_raises_before_sending(arguments: dict[str, Any]) -> None:
    fake = FakeIAM(3)
    name = next(iter(arguments))
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        with pytest.raises(ConfigurationError, match=f"{name} must be"):
            paginate(iam_get_users.sync_detailed, client=iam.api, **arguments)
        if name != "prefetch_bytes":
            for make in (iam.users.list, iam.account.logins):
                with pytest.raises(ConfigurationError, match=f"{name} must be"):
                    make(**arguments)
    assert fake.requests == ()


def test_a_limit_out_of_range_raises() -> None:
    numbers = Numbers(range(3))
    with pytest.raises(ConfigurationError, match="limit"):
        pager(numbers).collect(limit=-1)
    assert numbers.requests == []


# --- odd servers ---------------------------------------------------------------------------------------------------

TOTAL = 25
PAGE = 10


def people(ids: Sequence[int]) -> list[dict[str, Any]]:
    [template] = FakeIAM(1).users
    return [{**template, "id": number} for number in ids]


class Odd:
    """A server of users that does something odd; it is read with the real client."""

    def __init__(self, respond: Callable[[int, int, int], object], total: int = TOTAL) -> None:
        self.respond = respond
        self.total = total
        self.requests = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path in ("/iam/users", "/iam/activity_log/logins")
        self.requests += 1
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        return httpx.Response(200, json=self.respond(self.requests, offset, limit))


def part(offset: int, limit: int, total: int = TOTAL) -> list[dict[str, Any]]:
    return people(range(offset, min(offset + limit, total)))


def page(results: object, count: object = TOTAL, **more: object) -> dict[str, object]:
    return {"count": count, "results": results, **more}


def without_count(results: object) -> dict[str, object]:
    return {"results": results}


def short(number: int, offset: int, limit: int) -> object:
    return page(part(offset, max(2, limit // 2) if number in (2, 3) else limit))


def changing(number: int, offset: int, limit: int) -> object:
    return page(part(offset, limit), count=TOTAL + number % 2)


def hiccup(number: int, offset: int, limit: int) -> object:
    return page([] if number == 2 else part(offset, limit))


def shrinking(number: int, offset: int, limit: int) -> object:
    return page(part(offset, limit, TOTAL if number == 1 else 4), count=TOTAL if number == 1 else 4)


def vanishing(number: int, offset: int, limit: int) -> object:
    return page(part(offset, limit) if number == 1 else [], count=TOTAL if number == 1 else 0)


ALL = list(range(TOTAL))

SHAPES = {
    "as in the spec": (lambda n, o, li: page(part(o, li)), 3, 3),
    "next is null": (lambda n, o, li: page(part(o, li), next=None, previous=None), 3, 3),
    "next is wrong": (lambda n, o, li: page(part(o, li), next="http://example.com/users?offset=0&limit=3"), 3, 3),
    "a bare array": (lambda n, o, li: people(range(TOTAL)), 1, 1),
    "count is a float": (lambda n, o, li: page(part(o, li), count=float(TOTAL)), 3, 3),
    "count is missing": (lambda n, o, li: without_count(part(o, li)), 5, 4),
    "count is null": (lambda n, o, li: page(part(o, li), count=None), 5, 4),
    "count is a text": (lambda n, o, li: page(part(o, li), count=str(TOTAL)), 5, 4),
    "count is negative": (lambda n, o, li: page(part(o, li), count=-1), 5, 4),
    "count comes once": (lambda n, o, li: page(part(o, li), count=TOTAL if n == 1 else None), 6, 5),
    "count is that of the page": (lambda n, o, li: page(part(o, li), count=min(li, TOTAL - o) if o else TOTAL), 6, 4),
    "count changes": (changing, 4, 4),
    "the limit is clamped": (lambda n, o, li: page(part(o, min(li, 5))), 6, 5),
    "short pages in the middle": (short, 4, 4),
    "an empty page once": (hiccup, 4, 4),
    "one item per page": (lambda n, o, li: page(part(o, 1)), 73, 25),
    "one item on a page in the middle": (lambda n, o, li: page(part(o, 1 if 9 <= o < 12 else li)), 11, 5),
}
"""Servers that send all users, each with the number of requests: strict and fast."""


@pytest.mark.parametrize("consistency", ["strict", "fast"])
@pytest.mark.parametrize("name", SHAPES)
def test_every_user_comes_once_from_odd_servers(name: str, consistency: Any) -> None:
    respond, strict, fast = SHAPES[name]
    server = Odd(respond)
    with IAMClient("42_k3y-mark", transport=httpx.MockTransport(server)) as iam:
        users = iam.users.list(page_size=PAGE, prefetch=1, consistency=consistency)
        assert [user.id for user in users] == ALL
        assert server.requests == (strict if consistency == "strict" else fast)
        ahead = iam.users.list(page_size=PAGE, prefetch=4, consistency=consistency)
        server.requests = 0
        assert [user.id for user in ahead] == ALL


BROKEN = {
    "ignores offset": (lambda n, o, li: page(part(0, li)), "does not heed offset", 6, 6),
    "ignores offset and limit": (lambda n, o, li: page(part(0, PAGE)), "does not heed offset", 6, 6),
    "ignores offset, counts nothing": (lambda n, o, li: without_count(part(0, li)), "does not heed offset", 6, 6),
    "repeats the second page for ever": (
        lambda n, o, li: page(part(0, li) if n == 1 else part(PAGE - 1, PAGE)),
        "does not heed offset",
        7,
        7,
    ),
    "counts 10**12, sends none": (
        lambda n, o, li: page(part(0, PAGE) if n == 1 else [], count=10**12),
        "counts 1000000000000 items, but sends none from offset",
        4,
        4,
    ),
    "counts 10**12, sends the same": (
        lambda n, o, li: page(part(o, li), count=10**12),
        r"counts 1000000000000 items, but",
        7,
        6,
    ),
}
"""Servers that contradict themselves: the error message, and the number of requests: strict and fast."""


@pytest.mark.parametrize("consistency", ["strict", "fast"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_server_raises_after_few_requests(name: str, consistency: Any) -> None:
    respond, message, strict, fast = BROKEN[name]
    server = Odd(respond)
    with IAMClient("42_k3y-mark", transport=httpx.MockTransport(server)) as iam:
        for prefetch in (1, 4):
            server.requests = 0
            got: list[int] = []
            users = iam.users.list(page_size=PAGE, consistency=consistency, prefetch=prefetch)
            with pytest.raises(PaginationError, match=message) as caught:
                got.extend(user.id for user in users)
            assert caught.value.offset >= 0
            assert caught.value.checkpoint is not None
            if consistency == "strict":
                assert got == sorted(set(got))
            if prefetch == 1:
                assert server.requests == (strict if consistency == "strict" else fast)
            assert server.requests <= 20


@pytest.mark.parametrize("consistency", ["strict", "fast"])
@pytest.mark.parametrize(("respond", "most"), [(shrinking, 3), (vanishing, 3)])
def test_a_list_that_shrinks_below_the_offset_ends(respond: Any, most: int, consistency: Any) -> None:
    server = Odd(respond)
    with IAMClient("42_k3y-mark", transport=httpx.MockTransport(server)) as iam:
        users = iam.users.list(page_size=PAGE, prefetch=1, consistency=consistency)
        assert [user.id for user in users] == ALL[:PAGE]
    assert server.requests <= most


def test_a_random_order_raises() -> None:
    """Not in every case: some random pages happen to fit. But hardly any goes undetected."""
    detected = 0
    for seed in range(60):
        rolls = random.Random(seed)  # noqa: S311 - not for secrets

        def shuffled(_: int, offset: int, limit: int, rolls: random.Random = rolls) -> object:
            ids = rolls.sample(range(60), 60)
            return page(people(ids[offset : offset + limit]), count=60)

        with IAMClient("42_k3y-mark", transport=httpx.MockTransport(Odd(shuffled))) as iam:
            try:
                ids = [user.id for user in iam.users.list(page_size=PAGE)]
            except PaginationError as error:
                detected += "order is not stable" in str(error)
            else:
                assert len(ids) == len(set(ids))
    assert detected >= 55


@pytest.mark.parametrize("name", ["moved to the end", "moved forward", "moved back"])
def test_a_moved_item_does_not_move_others(name: str) -> None:
    """As if a list is sorted by name, and one user is renamed; the others keep their order."""
    numbers = Numbers(range(40))
    target = {"moved to the end": 39, "moved forward": 14, "moved back": 0}[name]

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        if len(numbers.requests) == 1:
            numbers.items.remove(9)
            numbers.items.insert(target, 9)
        return numbers(offset, limit)

    got = list(pager(fetch, page_size=10))
    assert sorted(got) == list(range(40))
    assert [item for item in got if item != 9] == [item for item in range(40) if item != 9]


def test_items_that_move_to_the_end_when_read_come_once() -> None:
    """Each user that is read moves to the end, as in a list sorted by the time of the last change."""
    numbers = Numbers(range(40))
    got = []
    for item in pager(numbers, page_size=10):
        got.append(item)
        numbers.items.remove(item)
        numbers.items.append(item)
    assert got == list(range(40))


# --- logins have no unique key ------------------------------------------------------------------------------------


def test_logins_with_the_same_id_all_come(client_kind: ClientKind, fake: FakeIAM, connection: dict[str, Any]) -> None:
    """Their id is that of the account, the same for all."""

    def use(iam: Any) -> Any:
        return iam.account.logins(page_size=7).collect()

    logins = client_kind.run(use, fake.api_key, **connection)
    assert len(logins) == len(fake.logins) == 40
    assert len({login.id for login in logins}) == 1


class Log:
    """A log, the latest entry first; entries may be equal."""

    def __init__(self, entries: str) -> None:
        self.entries = list(entries)
        self.requests = 0

    def __call__(self, offset: int, limit: int) -> PageResponse[str]:
        self.requests += 1
        return PageResponse(self.entries[offset : offset + limit], len(self.entries))


@pytest.mark.parametrize("entries", ["aaaaaaaaaaaa", "abababababab", "aabbccaabbcc", "abcaaabcaaab", "aab"])
@pytest.mark.parametrize("page_size", [1, 2, 3, 5, 100])
def test_equal_entries_of_a_log_all_come(entries: str, page_size: int) -> None:
    log = Log(entries)
    assert list(Pager(log, PageOptions(page_size, prefetch=1), BY_CONTENT, operation="log")) == list(entries)


@pytest.mark.parametrize("number", [1, 2, 5, 11])
def test_new_log_entries_repeat_no_old_ones(number: int) -> None:
    log = Log("".join(chr(ord("A") + index) for index in range(50)))
    new = itertools.count(ord("a") + 1000)

    def fetch(offset: int, limit: int) -> PageResponse[str]:
        if log.requests:
            log.entries[:0] = [chr(next(new)) for _ in range(number)]
        return log(offset, limit)

    old = list(log.entries)
    pager = Pager(fetch, PageOptions(10, prefetch=1), BY_CONTENT, operation="log")
    if number < 10:
        assert [entry for entry in pager if entry in old] == old
    else:
        with pytest.raises(PaginationError, match="changes faster than it can be read"):
            list(pager)


# --- any list operation --------------------------------------------------------------------------------------------


def test_paginate_iterates_over_any_list_operation(fake: FakeIAM) -> None:
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        users: Pager[models.User] = paginate(iam_get_users.sync_detailed, client=iam.api, page_size=10)
        assert [user.id for user in users] == [user["id"] for user in fake.users]
        logins = paginate(iam_get_last_login_time.sync_detailed, client=iam.api, page_size=10)
        assert len(logins.collect()) == 40
        wrong: Any
        for wrong in (iam_get_user.sync_detailed, iam_get_users.sync, iam_get_users, len, None, "iamGetUsers"):
            with pytest.raises(ConfigurationError, match="must be sync_detailed or asyncio_detailed"):
                paginate(wrong, client=iam.api)
        for odd in ("limit", "offset", "nonsense"):
            with pytest.raises(ConfigurationError, match=f"iamGetUsers takes no {odd} here"):
                paginate(iam_get_users.sync_detailed, client=iam.api, **{odd: 5})  # type: ignore[call-overload]


def test_a_changed_copy_of_the_api_client_raises() -> None:
    fake = FakeIAM(3)
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        users = paginate(iam_get_users.sync_detailed, client=iam.api.with_headers({"X-Test": "1"}))
        with pytest.raises(ConfigurationError, match="made by with_headers"):
            list(users)
    assert fake.requests == ()


def test_a_null_item_loses_no_page() -> None:
    rows: list[Any] = people(range(30))
    rows[12] = None
    with IAMClient(
        "42_k3y-mark", transport=httpx.MockTransport(Odd(lambda n, o, li: page(rows[o : o + li], count=30)))
    ) as iam:
        got = iam.users.list(page_size=4).collect()
    assert got.pop(12) is None
    assert [user.id for user in got] == [*range(12), *range(13, 30)]


def test_an_item_without_a_key_is_recognised_by_content() -> None:
    """The models accept null for any value."""
    rows = [{**user, "id": None if index % 2 else index} for index, user in enumerate(people(range(30)))]
    for index, row in enumerate(rows):
        row["email"] = f"{index}@example.com"

    def respond(_: int, offset: int, limit: int) -> object:
        return page(rows[offset : offset + limit], count=30)

    with IAMClient("42_k3y-mark", transport=httpx.MockTransport(Odd(respond))) as iam:
        got = [user.email for user in iam.users.list(page_size=4)]
    assert got == [row["email"] for row in rows]


# --- resume --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("consistency", ["strict", "fast"])
@pytest.mark.parametrize("start", [0, 1, 7])
@pytest.mark.parametrize("read", [0, 1, 9, 10, 11, 43, 50])
def test_an_iteration_resumes_where_another_one_stopped(read: int, start: int, consistency: Any) -> None:
    numbers = Numbers(range(50 + start))
    first = pager(numbers, page_size=10, start=start, consistency=consistency)
    got = list(itertools.islice(first, read))
    checkpoint = json.loads(json.dumps(first.checkpoint()))
    assert len(json.dumps(checkpoint)) < 2000
    second = Pager(
        numbers, PageOptions(7, consistency=consistency, prefetch=1), IDS, operation="numbers", resume=checkpoint
    )
    assert second.checkpoint() == checkpoint
    rest = list(second)
    assert got + rest == list(range(start, 50 + start))
    assert list(second) == rest
    assert second.collect(limit=3) == rest[:3]
    assert second.first() == (rest[0] if rest else None)


def test_a_checkpoint_resumes_without_json() -> None:
    numbers = Numbers(range(30))
    for read in (0, 5):
        first = pager(numbers, page_size=10)
        got = list(itertools.islice(first, read))
        second = Pager(numbers, PageOptions(), IDS, operation="numbers", resume=first.checkpoint())
        assert got + list(second) == list(range(30))


def test_an_insertion_before_read_items_repeats_nothing() -> None:
    """Two items are deleted and one is added before ninety that have been read; the iteration stops at that one."""
    items = list(range(300))
    requests = 0

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        nonlocal requests
        requests += 1
        if requests == 2:
            del items[:2]
            items.insert(10, 1000)
        return PageResponse(items[offset : offset + limit], len(items))

    first = pager(fetch, page_size=100)
    got = []
    for item in first:
        got.append(item)
        if item == 1000 or len(got) == 101:
            break
    second = Pager(fetch, PageOptions(100), IDS, operation="numbers", resume=first.checkpoint())
    together = got + list(second)
    assert [item for item in together if item != 1000] == list(range(300))


def test_many_new_logins_are_skipped() -> None:
    """More than have been read: without unique keys, the total tells how far the list has shifted."""
    for number in (99, 100, 101, 150, 250, 999):
        log = [f"{index:04}" for index in range(250)]
        requests = 0

        def fetch(offset: int, limit: int, log: list[str] = log, number: int = number) -> PageResponse[str]:
            nonlocal requests
            requests += 1
            if requests == 2:
                log[:0] = [f"new {index}" for index in range(number)]
            return PageResponse(log[offset : offset + limit], len(log))

        old = list(log)
        got = list(Pager(fetch, PageOptions(100, prefetch=1), BY_CONTENT, operation="log"))
        assert [entry for entry in got if not entry.startswith("new")] == old
        assert len(got) == len(set(got))


def test_fast_pages_detect_a_server_that_ignores_offset() -> None:
    requests = 0

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        nonlocal requests
        requests += 1
        return PageResponse(range(limit), 1000 + requests)

    with pytest.raises(PaginationError, match="does not heed offset"):
        list(pager(fetch, consistency="fast"))
    assert requests < 10


def test_an_iteration_by_pages_has_checkpoints() -> None:
    numbers = Numbers(range(50))
    first = pager(numbers, page_size=10)
    pages = first.pages()
    assert list(next(pages).items) + list(next(pages).items) == list(range(20))
    second = Pager(numbers, PageOptions(), IDS, operation="numbers", resume=first.checkpoint())
    assert list(second) == list(range(20, 50))


def test_a_checkpoint_of_a_long_list_is_small() -> None:
    first = pager(Numbers(range(20_000)), page_size=1000)
    assert len(list(first)) == 20_000
    assert len(json.dumps(first.checkpoint())) < 2000


def test_a_checkpoint_at_the_end_continues_with_new_items() -> None:
    numbers = Numbers(range(25))
    first = pager(numbers, page_size=10)
    list(first)
    numbers.items += [100, 101]
    second = Pager(numbers, PageOptions(), IDS, operation="numbers", resume=first.checkpoint())
    assert list(second) == [100, 101]


def test_users_and_logins_resume_in_every_client_kind(
    client_kind: ClientKind, fake: FakeIAM, connection: dict[str, Any]
) -> None:
    def use(iam: Any) -> Any:
        users, logins = iam.users.list(page_size=10), iam.account.logins(page_size=10)
        if not client_kind.is_async:
            some = [len(list(itertools.islice(each, 13))) for each in (users, logins)]
            rest = [iam.users.list(resume=users.checkpoint()).collect()]
            return some, [*rest, iam.account.logins(resume=logins.checkpoint()).collect()]

        async def main() -> Any:
            some = []
            for each in (users, logins):
                count = 0
                async for _ in each:
                    count += 1
                    if count == 13:
                        break
                some.append(count)
            rest = [await iam.users.list(resume=users.checkpoint()).collect()]
            return some, [*rest, await iam.account.logins(resume=logins.checkpoint()).collect()]

        return main()

    some, (users, logins) = client_kind.run(use, fake.api_key, **connection)
    assert some == [13, 13]
    assert [user.id for user in users] == [user["id"] for user in fake.users][13:]
    assert len(logins) == 40 - 13


GOOD = {**pager(Numbers(range(30))).checkpoint(), "operation": "iamGetUsers"}

NO_CHECKPOINTS: list[Any] = [{}, [], "x", 5, True, {"offset": 3}]

CHANGES: list[dict[str, object]] = [
    {"offset": -1},
    {"offset": True},
    {"offset": "3"},
    {"total": 2.5},
    {"recent": "abc"},
    {"recent": [None]},
    {"recent": [1] * 65},
    {"missing": {}},
    {"is_complete": 1},
    {"more": 1},
]


@pytest.mark.parametrize(
    ("resume", "message"),
    [
        *((value, r"what checkpoint\(\) of a pager has given") for value in NO_CHECKPOINTS),
        ({"gcore_iam_checkpoint": 2}, "version 2"),
        ({"gcore_iam_checkpoint": 1, "operation": "iamGetLastLoginTime"}, "of 'iamGetLastLoginTime', not of"),
        ({"gcore_iam_checkpoint": 1, "operation": "iamGetUsers"}, "somebody has changed"),
        *(({**GOOD, **changes}, "somebody has changed") for changes in CHANGES),
    ],
)
def test_a_value_that_is_no_checkpoint_raises(resume: Any, message: str) -> None:
    fake = FakeIAM(3)
    with (
        IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam,
        pytest.raises(ConfigurationError, match=message),
    ):
        iam.users.list(resume=resume)
    assert fake.requests == ()


def test_a_checkpoint_belongs_to_its_operation_and_filters(fake: FakeIAM) -> None:
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        users = iam.users.list(page_size=10)
        next(iter(users))
        with pytest.raises(ConfigurationError, match="of 'iamGetUsers', not of 'iamGetLastLoginTime'"):
            iam.account.logins(resume=users.checkpoint())
        with pytest.raises(ConfigurationError, match="start or resume"):
            iam.users.list(resume=users.checkpoint(), start=5)


# --- failures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefetch", [1, 4])
def test_items_before_a_failure_come_first(prefetch: int) -> None:
    def respond(_: int, offset: int, limit: int) -> object:
        return page(part(offset, limit, 95) if offset < 50 else None, count=95)

    got: list[int] = []
    with (
        IAMClient("42_k3y-mark", transport=httpx.MockTransport(Odd(respond))) as iam,
        pytest.raises(DecodeError) as caught,
    ):
        got.extend(user.id for user in iam.users.list(page_size=PAGE, prefetch=prefetch))
    assert got == list(range(60))
    checkpoint = caught.value.checkpoint
    assert checkpoint is not None
    good = Odd(lambda _, offset, limit: page(part(offset, limit, 95), count=95))
    with IAMClient("42_k3y-mark", transport=httpx.MockTransport(good)) as iam:
        rest = [user.id for user in iam.users.list(resume=checkpoint)]
    assert got + rest == list(range(95))


def test_a_failed_iteration_has_ended() -> None:
    def fetch(offset: int, limit: int) -> PageResponse[int]:
        raise RateLimitError(
            429, errors={}, message="", request_id=None, retry_after=None, body=None, method="GET", url=""
        )

    for iteration in (iter(pager(fetch)), pager(fetch).pages()):
        with pytest.raises(RateLimitError):
            next(iteration)
        assert list(iteration) == []


@pytest.mark.filterwarnings("error")
def test_a_pager_of_a_closed_client_raises_once() -> None:
    iam = IAMClient("42_k", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[])))
    users = iam.users.list()
    iam.close()
    with pytest.raises(ConfigurationError, match="closed"):
        next(iter(users))
    gc.collect()


@pytest.mark.parametrize("client", [None, "iam", 5])
def test_paginate_says_which_client_it_takes(client: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"client=iam\.api"):
        paginate(iam_get_users.sync_detailed, client=client)
