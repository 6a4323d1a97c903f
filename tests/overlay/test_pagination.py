"""Pagers of all client kinds: the drivers do what `tests/overlay/pagination` says of the code without I/O."""

from __future__ import annotations

import gc
import itertools
import json
import threading
from collections.abc import Callable, Sequence
from itertools import islice
from operator import length_hint
from typing import Any, Unpack

import anyio
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
from gcore_iam.pagination.checkpoint import Checkpoint
from gcore_iam.pagination.options import Consistency, Identity, PageOptions, PageResponse
from gcore_iam.testing import DeleteUser, FakeIAM, InsertUser
from gcore_iam.testing.faults import Fault
from gcore_iam_client.api.account import iam_get_last_login_time
from gcore_iam_client.api.users import iam_get_user, iam_get_users
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import AnyKindTransport, ClientKind, ClientOptions, EitherClient, resolve
from .page_transport import extend, read_rest, run, take
from .pagination.list_server import CHANGES, LENGTHS, ListServer
from .pagination.out_of_range import OUT_OF_RANGE
from .pagination.simulated_reader import BY_ID, PageSettings

LIST = "/iam/users"

pytestmark = pytest.mark.fake_iam(57)

RUNS = 40
"""For each kind of client."""

END_TO_END = settings(max_examples=RUNS, suppress_health_check=[HealthCheck.function_scoped_fixture])


def build_pager(
    fetch: Callable[[int, int], PageResponse[int]],
    identity: Identity[int] = BY_ID,
    resume: Checkpoint | None = None,
    **options: Unpack[PageSettings],
) -> Pager[int]:
    page_settings: PageSettings = {"prefetch": 1, **options}
    return Pager(fetch, PageOptions(**page_settings), identity, operation="numbers", resume=resume)


# --- lists that change while they are read -------------------------------------------------------------------------


class ChangingUsers(AnyKindTransport):
    """Sends requests to a fake whose list of users changes before every request but the first.

    Args:
        fake: The server.
        changes: For each request how often users are added or deleted, and where, as a fraction of the list.
    """

    def __init__(self, fake: FakeIAM, changes: Sequence[Sequence[tuple[bool, float]]]) -> None:
        self._fake = fake
        self._inner = fake.transport()
        self._changes = iter(changes)
        self._lock = threading.Lock()
        self.first_ids: list[int] | None = None
        """The users who existed at the first request."""

    def read_ids(self) -> list[int]:
        return [user["id"] for user in self._fake.users]

    def _build_faults(self) -> list[Fault]:
        faults: list[Fault] = []
        if self.first_ids is None:
            self.first_ids = self.read_ids()
            return faults
        size = len(self._fake.users)
        for is_deletion, where in next(self._changes, []):
            if is_deletion and size:
                faults.append(DeleteUser(int(where * size)))
                size -= 1
            elif not is_deletion:
                faults.append(InsertUser(int(where * (size + 1))))
                size += 1
        return faults

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            faults = self._build_faults()
            if faults:
                self._fake.inject(*faults, path=LIST)
            return self._inner.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        return self.handle_request(request)


@END_TO_END
@given(
    size=st.integers(1, 40),
    page_size=st.integers(1, 20),
    prefetch=st.integers(1, 8),
    changes=st.lists(st.lists(st.tuples(st.booleans(), st.floats(0, 0.999)), max_size=3), max_size=20),
    stop=st.none() | st.integers(1, 30),
)
def test_a_user_that_stays_comes_exactly_once(
    client_kind: ClientKind,
    size: int,
    page_size: int,
    prefetch: int,
    changes: list[list[tuple[bool, float]]],
    stop: int | None,
) -> None:
    """An iteration that stops is continued from its checkpoint."""
    fake = FakeIAM(size, logins=0)
    transport = ChangingUsers(fake, changes)

    async def use(iam: EitherClient) -> list[models.User]:
        pager = iam.users.list(page_size=page_size, prefetch=prefetch)
        users = await take(pager, stop)
        if stop is not None:
            resume = json.loads(json.dumps(pager.checkpoint()))
            users += await take(iam.users.list(page_size=page_size, prefetch=prefetch, resume=resume))
        return users

    got = [user.id for user in run(client_kind, use, fake.api_key, base_url="http://localhost", transport=transport)]
    assert transport.first_ids is not None
    stable = set(transport.first_ids) & set(transport.read_ids())
    assert len(got) == len(set(got))
    assert [user for user in got if user in stable] == [user for user in transport.first_ids if user in stable]


class LoginTransport(AnyKindTransport):
    """Serves the rows of a list as logins, which differ in their time only; their id is that of the account."""

    def __init__(self, server: ListServer) -> None:
        self._server = server
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            params = request.url.params
            page = self._server(int(params["offset"]), int(params["limit"]))
        logins = [
            {
                "id": 1,
                "login_at": f"2026-01-01T00:{row // 60:02}:{row % 60:02}Z",
                "ip_address": "192.0.2.1",
                "user_agent": "test",
                "auth_type": "PASSWORD",
                "is_successful": True,
                "user": 1,
            }
            for row in page.items
        ]
        return httpx.Response(200, json={"count": page.total, "result": logins, "results": logins})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        return self.handle_request(request)


@END_TO_END
@given(
    size=st.integers(1, 40),
    page_size=st.integers(1, 20),
    prefetch=st.integers(1, 8),
    changes=CHANGES,
    lengths=LENGTHS,
    stop=st.none() | st.integers(1, 30),
)
def test_a_login_that_stays_comes_exactly_once(
    client_kind: ClientKind, size: int, page_size: int, prefetch: int, changes: bytes, lengths: bytes, stop: int | None
) -> None:
    """Logins have no ids of their own."""
    server = ListServer(range(size), changes, lengths=lengths)

    async def use(iam: EitherClient) -> list[models.LastLoginTimeItem]:
        pager = iam.account.logins(page_size=page_size, prefetch=prefetch)
        logins = await take(pager, stop)
        if stop is not None:
            resume = json.loads(json.dumps(pager.checkpoint()))
            logins += await take(iam.account.logins(page_size=page_size, prefetch=prefetch, resume=resume))
        return logins

    logins = run(client_kind, use, "42_k3y-mark", base_url="http://localhost", transport=LoginTransport(server))
    server.check([login.login_at.minute * 60 + login.login_at.second for login in logins])


# --- what a pager offers -------------------------------------------------------------------------------------------


def test_a_pager_sends_nothing_before_it_is_iterated() -> None:
    server = ListServer(range(3))
    pager = build_pager(server)
    pages, items = pager.pages(), iter(pager)
    assert server.requests == []
    assert list(pager) == list(pager) == [0, 1, 2]
    assert len(server.requests) == 2
    assert [list(page.items) for page in pages] == [list(items)] == [[0, 1, 2]]


def test_first_collect_and_total() -> None:
    server = ListServer(range(30))
    pager = build_pager(server, page_size=10, start=5)
    assert pager.first() == 5
    assert server.requests == [(5, 1)]
    assert pager.collect(limit=3) == [5, 6, 7]
    assert pager.collect() == list(range(5, 30))
    assert build_pager(server, max_items=4).collect(limit=9) == [0, 1, 2, 3]
    assert pager.total() == 30
    assert build_pager(ListServer([])).first() is None
    assert build_pager(server, max_items=0).first() is None
    assert build_pager(lambda *_: PageResponse(range(7), 7, is_whole=True)).total() == 7
    with pytest.raises(PaginationError, match="does not say"):
        build_pager(ListServer(range(7), is_counted=False)).total()


def test_first_collect_and_total_in_every_client_kind(
    client_kind: ClientKind, fake: FakeIAM, connection: ClientOptions
) -> None:
    ids = [user["id"] for user in fake.users]

    async def use(iam: EitherClient) -> None:
        users = iam.users.list(page_size=10, start=3)
        first = await resolve(users.first())
        assert first is not None
        assert first.id == ids[3]
        assert [user.id for user in await resolve(users.collect(limit=12))] == ids[3:15]
        assert await resolve(users.total()) == len(ids)
        assert [page.offset for page in await read_rest(users.pages())] == [3, 13, 23, 33, 43, 53]

    run(client_kind, use, fake.api_key, **connection)


def test_users_and_logins_resume_in_every_client_kind(
    client_kind: ClientKind, fake: FakeIAM, connection: ClientOptions
) -> None:
    async def use(iam: EitherClient) -> None:
        users, logins = iam.users.list(page_size=10), iam.account.logins(page_size=10)
        assert len(await take(users, 13)) == len(await take(logins, 13)) == 13
        rest = await resolve(iam.users.list(resume=users.checkpoint()).collect())
        assert [user.id for user in rest] == [user["id"] for user in fake.users][13:]
        assert len(await resolve(iam.account.logins(resume=logins.checkpoint()).collect())) == 40 - 13

    run(client_kind, use, fake.api_key, **connection)


def test_logins_with_the_same_id_all_come(client_kind: ClientKind, fake: FakeIAM, connection: ClientOptions) -> None:
    """Their id is that of the account, the same for all."""
    logins = run(client_kind, lambda iam: take(iam.account.logins(page_size=7)), fake.api_key, **connection)
    assert len(logins) == len(fake.logins) == 40
    assert len({login.id for login in logins}) == 1


def test_the_first_page_sets_the_length_hint() -> None:
    server = ListServer(range(50))
    pager = build_pager(server, page_size=10, start=5, max_items=30)
    assert length_hint(pager, -1) == -1
    assert server.requests == []
    next(iter(pager))
    assert length_hint(pager, -1) == 30
    counted = build_pager(server, start=5)
    assert counted.total() == 50
    assert length_hint(counted, -1) == 45


def test_an_error_keeps_the_checkpoint_of_an_inner_pager() -> None:
    error = PaginationError("of a list inside", offset=0)
    error.checkpoint = {"inner": 1}

    def fetch(*_: int) -> Any:
        raise error

    with pytest.raises(PaginationError) as caught:
        list(build_pager(fetch))
    assert caught.value.checkpoint == {"inner": 1}


def test_the_first_item_of_a_resumed_pager_is_the_next_one() -> None:
    server = ListServer(range(50))
    pager = build_pager(server, page_size=10)
    assert list(islice(pager, 4)) == [0, 1, 2, 3]
    del server.rows[0]
    assert build_pager(server, resume=pager.checkpoint()).first() == 4


def test_a_resumed_pager_hints_at_the_rest() -> None:
    server = ListServer(range(50))
    pager = build_pager(server, page_size=10)
    first_items = list(islice(pager, 4))
    resumed = build_pager(server, resume=pager.checkpoint())
    assert resumed.total() == 50
    assert length_hint(resumed, -1) == 50 - len(first_items) == len(list(resumed))


def test_a_huge_total_is_no_length_hint() -> None:
    """`list` would try to allocate memory for that many."""
    responses = iter([PageResponse([1, 2], 10**12), *[PageResponse([2], 10**12)] * 99])
    pager = build_pager(lambda *_: next(responses))
    with pytest.raises(PaginationError):
        list(pager)
    assert length_hint(pager, -1) == -1


@pytest.mark.parametrize(("name", "value"), OUT_OF_RANGE)
def test_an_argument_out_of_range_raises_before_sending(name: str, value: Any) -> None:
    fake = FakeIAM(3)
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        with pytest.raises(ConfigurationError, match=f"{name} must be"):
            paginate(iam_get_users.sync_detailed, client=iam.api, **{name: value})
        if name != "prefetch_bytes":
            for make in (iam.users.list, iam.account.logins):
                with pytest.raises(ConfigurationError, match=f"{name} must be"):
                    make(**{name: value})
    assert fake.requests == ()


def test_a_limit_out_of_range_raises() -> None:
    server = ListServer(range(3))
    with pytest.raises(ConfigurationError, match="limit"):
        build_pager(server).collect(limit=-1)
    assert server.requests == []


# --- resume --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [0, 1, 9, 10, 11, 43, 50])
def test_a_pager_resumes_where_another_one_stopped(read: int) -> None:
    """A resumed pager resumes at each iteration."""
    server = ListServer(range(50))
    first = build_pager(server, page_size=10)
    got = list(itertools.islice(first, read))
    checkpoint = first.checkpoint()
    second = build_pager(server, page_size=7, resume=json.loads(json.dumps(checkpoint)))
    assert second.checkpoint() == checkpoint
    rest = list(second)
    assert got + rest == list(range(50))
    assert list(second) == rest
    assert second.collect(limit=3) == rest[:3]
    assert second.first() == (rest[0] if rest else None)
    assert got + list(build_pager(server, resume=checkpoint)) == list(range(50)), "without JSON in between"


def test_an_iteration_by_pages_has_checkpoints() -> None:
    server = ListServer(range(50))
    first = build_pager(server, page_size=10)
    pages = first.pages()
    assert [*next(pages).items, *next(pages).items] == list(range(20))
    assert list(build_pager(server, resume=first.checkpoint())) == list(range(20, 50))


@pytest.mark.parametrize("resume", [{}, "x", {"gcore_iam_checkpoint": 2}])
def test_a_wrong_checkpoint_raises_before_sending(resume: Any) -> None:
    fake = FakeIAM(3)
    with (
        IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam,
        pytest.raises(ConfigurationError, match="resume"),
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


# --- what servers send ---------------------------------------------------------------------------------------------

TOTAL = 25


def build_users(ids: Sequence[int]) -> list[dict[str, Any]]:
    [template] = FakeIAM(1).users
    return [{**template, "id": number} for number in ids]


def serve_users(
    respond: Callable[[list[dict[str, Any]]], object], rows: list[Any] | None = None
) -> httpx.MockTransport:
    """Build a server of users.

    Args:
        respond: Builds the body from the users of the page.
        rows: All users.
    """
    users = build_users(range(TOTAL)) if rows is None else rows

    def handle(request: httpx.Request) -> httpx.Response:
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        return httpx.Response(200, json=respond(users[offset : offset + limit]))

    return httpx.MockTransport(handle)


BODIES: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "as in the spec": lambda users: {"count": TOTAL, "results": users},
    "next is null": lambda users: {"count": TOTAL, "results": users, "next": None, "previous": None},
    "next is wrong": lambda users: {"count": TOTAL, "results": users, "next": "http://example.com/users?offset=0"},
    "a bare array": lambda _: build_users(range(TOTAL)),
    "count is a float": lambda users: {"count": float(TOTAL), "results": users},
    "count is missing": lambda users: {"results": users},
    "count is null": lambda users: {"count": None, "results": users},
    "count is a text": lambda users: {"count": str(TOTAL), "results": users},
    "count is negative": lambda users: {"count": -1, "results": users},
}


@pytest.mark.parametrize("consistency", ["strict", "fast"])
@pytest.mark.parametrize("name", BODIES)
def test_every_user_comes_once_whatever_the_body(name: str, consistency: Consistency) -> None:
    with IAMClient("42_k3y-mark", transport=serve_users(BODIES[name])) as iam:
        for prefetch in (1, 4):
            users = iam.users.list(page_size=10, prefetch=prefetch, consistency=consistency)
            assert [user.id for user in users] == list(range(TOTAL))


def test_a_null_item_loses_no_page() -> None:
    rows: list[Any] = build_users(range(TOTAL))
    rows[12] = None
    with IAMClient("42_k3y-mark", transport=serve_users(BODIES["as in the spec"], rows)) as iam:
        got = iam.users.list(page_size=4).collect()
    assert got.pop(12) is None
    assert [user.id for user in got] == [*range(12), *range(13, TOTAL)]


def test_an_item_without_a_key_is_recognised_by_content() -> None:
    """The models accept null for any value."""
    rows = [
        {**user, "id": None if index % 2 else index, "email": f"{index}@example.com"}
        for index, user in enumerate(build_users(range(TOTAL)))
    ]
    with IAMClient("42_k3y-mark", transport=serve_users(BODIES["as in the spec"], rows)) as iam:
        got = [user.email for user in iam.users.list(page_size=4)]
    assert got == [row["email"] for row in rows]


@pytest.mark.parametrize("prefetch", [1, 4])
def test_a_key_function_may_fail_for_null_items(prefetch: int) -> None:
    rows: list[Any] = build_users(range(TOTAL))
    rows[12] = rows[13] = rows[20] = None

    def get_id(user: models.User) -> int:
        number: int = user.to_dict()["id"]
        return number

    with IAMClient("42_k3y-mark", transport=serve_users(BODIES["as in the spec"], rows)) as iam:
        users = paginate(iam_get_users.sync_detailed, client=iam.api, key=get_id, page_size=4, prefetch=prefetch)
        got = users.collect()
    assert [getattr(user, "id", None) for user in got] == [row and row["id"] for row in rows]


def test_a_failing_key_function_is_named_after_its_items() -> None:
    def get_nickname(user: Any) -> Any:
        return user.id if user.id < 7 else user.nickname

    got: list[models.User] = []
    with IAMClient("42_k3y-mark", transport=serve_users(BODIES["as in the spec"])) as iam:
        users = paginate(iam_get_users.sync_detailed, client=iam.api, key=get_nickname, page_size=4)
        with pytest.raises(ConfigurationError, match="get_nickname raised AttributeError for an item of type User"):
            got.extend(users)
    assert [user.id for user in got] == [0, 1, 2, 3]


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


@pytest.mark.parametrize("client", [None, "iam", 5])
def test_paginate_says_which_client_it_takes(client: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"client=iam\.api"):
        paginate(iam_get_users.sync_detailed, client=client)


# --- failures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefetch", [1, 4])
def test_items_before_a_failure_come_first(client_kind: ClientKind, prefetch: int) -> None:
    total = 95
    rows = build_users(range(total))
    is_broken = True

    def handle(request: httpx.Request) -> httpx.Response:
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        results = None if is_broken and offset >= 50 else rows[offset : offset + limit]
        return httpx.Response(200, json={"count": total, "results": results})

    async def use(iam: EitherClient) -> list[int]:
        nonlocal is_broken
        pager = iam.users.list(page_size=10, prefetch=prefetch)
        got: list[models.User] = []
        with pytest.raises(DecodeError) as caught:
            await extend(got, pager)
        assert [user.id for user in got] == list(range(60))
        is_broken = False
        assert caught.value.checkpoint is not None
        rest = await take(iam.users.list(resume=caught.value.checkpoint))
        return [user.id for user in [*got, *rest]]

    got = run(client_kind, use, "42_k3y-mark", base_url="http://localhost", transport=httpx.MockTransport(handle))
    assert got == list(range(total))


def test_a_pagination_error_carries_a_checkpoint() -> None:
    with pytest.raises(PaginationError, match="does not heed offset") as caught:
        list(build_pager(lambda _, limit: PageResponse(range(limit), 1000), page_size=10))
    assert caught.value.checkpoint is not None
    assert caught.value.checkpoint["offset"] == 9


def test_a_failed_iteration_has_ended() -> None:
    def fetch(offset: int, limit: int) -> PageResponse[int]:
        raise RateLimitError(
            429, errors={}, message="", request_id=None, retry_after=None, body=None, method="GET", url=""
        )

    for iteration in (iter(build_pager(fetch)), build_pager(fetch).pages()):
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
