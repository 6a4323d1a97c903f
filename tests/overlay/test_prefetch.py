"""Pages that are requested ahead: how many, in which order, and that none is left in flight."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import operator
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest
from gcore_iam import (
    APIKey,
    AsyncIAMClient,
    AsyncPager,
    ConfigurationError,
    IAMClient,
    Pager,
    RateLimitError,
    RetryPolicy,
    Session,
    models,
    paginate,
)
from gcore_iam.pagination.options import Identity, PageOptions, PageRequest, PageResponse
from gcore_iam.pagination.prefetch_plan import PrefetchPlan
from gcore_iam.pagination.walker import PageWalker
from gcore_iam.sync.prefetch import Prefetch
from gcore_iam.testing import Delay, FakeIAM, Hang, Reset, Status
from gcore_iam_client.api.users import iam_get_users
from rich.console import Console
from rich.progress import track
from tqdm import tqdm
from tqdm.asyncio import tqdm as async_tqdm

from .conftest import ClientKind

USERS = 95
PAGE = 10
LIST = "/iam/users"


@pytest.fixture
def fake() -> FakeIAM:
    return FakeIAM(USERS)


@pytest.fixture
def url(fake: FakeIAM) -> Iterator[str]:
    with fake.serve() as url:
        yield url


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("gcore-iam-prefetch")]


def read_ids(client_kind: ClientKind, use_list: Callable[[Any], Any], *client: Any, **options: Any) -> list[int]:
    """Read the ids of all users that a pager returns."""

    def use(iam: Any) -> Any:
        pager = use_list(iam)
        if not client_kind.is_async:
            return [user.id for user in pager]

        async def main() -> list[int]:
            return [user.id async for user in pager]

        return main()

    result: list[int] = client_kind.run(use, *client, **options)
    return result


# --- how many ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefetch", [1, 2, 4])
def test_prefetch_pages_are_in_flight_and_come_in_order(
    client_kind: ClientKind, fake: FakeIAM, url: str, prefetch: int
) -> None:
    fake.inject(Delay(0.03), path=LIST, times=None)
    got = read_ids(
        client_kind,
        lambda iam: iam.users.list(page_size=PAGE, prefetch=prefetch),
        fake.api_key,
        base_url=url,
        timeout=20,
    )
    assert got == list(range(1, USERS + 1))
    assert fake.peak_concurrency == prefetch
    assert fake.calls["iamGetUsers"] == 10


@pytest.mark.parametrize(("prefetch", "requests"), [(1, 1), (2, 3), (4, 5), (8, 9)])
def test_a_slow_reader_accumulates_no_pages(fake: FakeIAM, url: str, prefetch: int, requests: int) -> None:
    with IAMClient(fake.api_key, base_url=url) as iam:
        users = iter(iam.users.list(page_size=PAGE, prefetch=prefetch))
        for number in range(2 * PAGE):
            next(users)
            if number == PAGE - 1:
                time.sleep(0.3)
                assert fake.calls["iamGetUsers"] == requests
        time.sleep(0.3)
        assert fake.calls["iamGetUsers"] == requests + 1
        assert len(list(users)) == USERS - 2 * PAGE


def test_prefetch_bytes_bounds_the_pages_in_flight(fake: FakeIAM, url: str) -> None:
    fake.inject(Delay(0.02), path=LIST, times=None)
    with IAMClient(fake.api_key, base_url=url) as iam:
        size = len(iam_get_users.sync_detailed(client=iam.api, limit=PAGE).content)
        for prefetch_bytes, peak in ((1, 1), (int(2.5 * size), 2), (int(9.9 * size), 4)):
            options: dict[str, Any] = {"page_size": PAGE, "prefetch": 4, "prefetch_bytes": prefetch_bytes}
            assert len(paginate(iam_get_users.sync_detailed, client=iam.api, **options).collect()) == USERS
            assert fake.peak_concurrency == peak


def test_max_items_bounds_what_is_requested(fake: FakeIAM, url: str) -> None:
    with IAMClient(fake.api_key, base_url=url) as iam:
        assert len(iam.users.list(page_size=PAGE, max_items=25, prefetch=8).collect()) == 25
        assert fake.calls["iamGetUsers"] == 3
        assert [request.query["limit"] for request in fake.requests] == ["10", "11", "6"]


def build_walker_at(position: int, **window: Any) -> PageWalker[int]:
    walker = PageWalker(PageOptions(PAGE, **window), Identity[int](lambda item: item, is_unique=True))
    steps = walker.steps()
    request = next(steps)
    while walker.next_offset < position:
        assert isinstance(request, PageRequest)
        steps.send(PageResponse(range(request.offset, request.offset + request.limit), 1000))
        request = next(steps)
    return walker


def test_a_429_reduces_the_plan_to_one_page_until_recovery() -> None:
    walker = build_walker_at(9)
    plan: PrefetchPlan[str] = PrefetchPlan(4, 2**24)
    requests, cancelled = plan.update(walker)
    assert (requests, cancelled) == ([PageRequest(offset, 11) for offset in (9, 19, 29, 39)], [])
    plan.in_flight = {one.offset: (one, str(one.offset)) for one in requests}
    assert plan.slow_down() == ["19", "29", "39"]
    plan.in_flight = {}
    assert plan.update(walker) == ([], [])
    for window in (2, 3, 4, 4):
        plan.record_response(PageRequest(0, 11), PageResponse(range(11), 1000), 1)
        assert len(plan.update(walker)[0]) == window


def test_the_plan_cancels_requests_that_do_not_fit() -> None:
    walker = build_walker_at(9)
    plan: PrefetchPlan[str] = PrefetchPlan(4, 2**24)
    plan.in_flight = {offset: (PageRequest(offset, 11), str(offset)) for offset in (4, 19, 29, 500)}
    requests, cancelled = plan.update(walker)
    assert (requests, cancelled) == ([PageRequest(9, 11), PageRequest(39, 11)], ["4", "500"])
    plan.in_flight = {offset: (PageRequest(offset, 11), str(offset)) for offset in (12, 22)}
    assert plan.update(walker)[0] == [PageRequest(9, 4), PageRequest(32, 11)]
    assert plan.shorten(PageRequest(9, 11), 1) == PageRequest(9, 4)


@pytest.mark.parametrize("is_fresh", [True, False])
def test_only_a_fresh_request_is_sent_again(is_fresh: bool) -> None:
    """A page that was requested ahead cannot show what has changed since."""
    sent_by_reader: list[int] = []

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        if threading.current_thread() is threading.main_thread():
            sent_by_reader.append(offset)
        return PageResponse(range(offset, offset + limit), 1000)

    prefetch = Prefetch(lambda _: fetch, PageOptions(PAGE, prefetch=2))
    prefetch.request_ahead(build_walker_at(9))
    response = prefetch.read(PageRequest(9, 11, is_fresh))
    prefetch.close()
    assert list(response.items) == list(range(9, 20))
    assert sent_by_reader == ([9] if is_fresh else [])


def test_prefetch_adapts_to_a_clamped_limit(fake: FakeIAM) -> None:
    clamping = FakeIAM(USERS, max_page_size=5)
    with IAMClient(clamping.api_key, base_url="http://localhost", transport=clamping.transport()) as iam:
        assert len(iam.users.list(page_size=PAGE, prefetch=4).collect()) == USERS
    offsets = [int(request.query["offset"]) for request in clamping.requests]
    assert sorted(offsets) == [0, *range(4, USERS - 1, 4)]


# --- 429 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retries", [0, 3])
def test_too_many_requests_lose_nothing(client_kind: ClientKind, fake: FakeIAM, retries: int) -> None:
    """A page that was requested ahead is requested again when the reader needs it, even without retries."""
    fake.inject(Status(429, retry_after=2), path=LIST, times=2 if retries else 1, after=2)
    got = read_ids(
        client_kind,
        lambda iam: iam.users.list(page_size=PAGE, prefetch=4),
        fake.api_key,
        base_url="http://localhost",
        transport=fake.transport(),
        retries=RetryPolicy(retries, sleep=fake.clock.sleep),
    )
    assert got == list(range(1, USERS + 1))
    assert not fake.faults


def test_too_many_requests_slow_an_iteration_down(fake: FakeIAM, url: str) -> None:
    """One of four requests gets a 429: all others but the next are cancelled, and repeated one by one."""
    fake.inject(Status(429, retry_after=0), Delay(0.2), path=LIST, after=1)
    fake.inject(Delay(1), path=LIST, after=2, times=3)
    seen: list[int] = []
    with IAMClient(fake.api_key, base_url=url) as iam:
        seen.extend(user.id for user in iam.users.list(page_size=PAGE, prefetch=4))
    assert seen == list(range(1, USERS + 1))
    assert fake.calls["iamGetUsers"] > 11
    assert not threads()


def test_a_lasting_429_raises_after_the_items_before_it(client_kind: ClientKind, fake: FakeIAM) -> None:
    fake.inject(Status(429), path=LIST, after=3, times=None)
    seen: list[int] = []

    def use(iam: Any) -> Any:
        users = iam.users.list(page_size=PAGE, prefetch=2)
        if not client_kind.is_async:
            for user in users:
                seen.append(user.id)  # noqa: PERF401 - as far as it comes
            return None

        async def main() -> None:
            async for user in users:
                seen.append(user.id)  # noqa: PERF401

        return main()

    with pytest.raises(RateLimitError) as caught:
        client_kind.run(
            use, fake.api_key, base_url="http://localhost", transport=fake.transport(), retries=RetryPolicy(0)
        )
    assert seen == list(range(1, 3 * PAGE + 1))
    assert caught.value.checkpoint is not None
    assert caught.value.checkpoint["offset"] == 3 * PAGE - 1


# --- leaving early -------------------------------------------------------------------------------------------------


def in_use(iam: IAMClient | AsyncIAMClient) -> int:
    """Requests that still hold a connection, or wait for one."""
    api: Any = iam.api
    transport: Any = api._connections.client._transport
    return sum(transport.count_requests())


class StopError(Exception):
    pass


def leave(iteration: Iterator[Any], how: str) -> None:
    if how == "break":
        for _ in iteration:
            break
    elif how == "close":
        next(iteration)
        iteration.close()  # type: ignore[attr-defined]
    elif how == "error":
        with contextlib.suppress(StopError):
            for _ in iteration:
                raise StopError
    elif how == "interrupt":
        with contextlib.suppress(KeyboardInterrupt):
            for _ in iteration:
                raise KeyboardInterrupt


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize("how", ["break", "close", "error", "interrupt"])
@pytest.mark.parametrize("fault", [Hang(), Delay(30), Status(429, retry_after=30), Reset()])
def test_leaving_a_loop_early_drops_what_is_in_flight(fake: FakeIAM, url: str, how: str, fault: Any) -> None:
    fake.inject(fault, path=LIST, after=1, times=None)
    with IAMClient(fake.api_key, base_url=url, retries=RetryPolicy(base=30, cap=30)) as iam:
        pager = iam.users.list(page_size=PAGE, prefetch=4)
        began = time.monotonic()
        leave(iter(pager), how)
        assert time.monotonic() - began < 10
        if not isinstance(fault, Hang | Delay):
            assert wait_until(lambda: threads() == []), "a thread that waits for a retry ends at once"
            assert in_use(iam) == 0
        checkpoint = pager.checkpoint()
        fake.clear_faults()
        assert iam.users.get(1).id == 1
        assert len(iam.users.list(resume=checkpoint).collect()) == USERS - 1
    assert wait_until(lambda: threads() == []), "a closed client has no request in flight"


def test_leaving_a_loop_early_sends_nothing_new(fake: FakeIAM, url: str) -> None:
    fake.inject(Delay(0.3), path=LIST, after=1, times=None)
    with IAMClient(fake.api_key, base_url=url) as iam:
        for _ in iam.users.list(page_size=PAGE, prefetch=4):
            break
        assert wait_until(lambda: fake.calls["iamGetUsers"] == 5)
        assert wait_until(lambda: threads() == [])
        assert fake.calls["iamGetUsers"] == 5


def test_leaving_loops_early_disturbs_no_other_thread(fake: FakeIAM, url: str) -> None:
    """While iterations are left early, other threads use the same client."""
    fake.inject(Delay(0.02), path=LIST, times=None)
    stop = time.monotonic() + 3
    done = 0
    failures: list[BaseException] = []
    with IAMClient(fake.api_key, base_url=url, retries=0) as iam:

        def others() -> None:
            nonlocal done
            try:
                while time.monotonic() < stop:
                    iam.users.get(1)
                    done += 1
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

        workers = [threading.Thread(target=others) for _ in range(4)]
        for worker in workers:
            worker.start()
        left = 0
        while time.monotonic() < stop:
            for _ in iam.users.list(page_size=PAGE, prefetch=4):
                break
            left += 1
        for worker in workers:
            worker.join()
        assert failures == []
        assert done > 50
        assert left > 5
        assert wait_until(lambda: in_use(iam) == 0)


def test_threads_end_with_the_request_they_are_in(fake: FakeIAM) -> None:
    inner = fake.transport()

    class Slow(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            time.sleep(0.5)
            return inner.handle_request(request)

    with IAMClient(fake.api_key, base_url="http://localhost", transport=Slow()) as iam:
        for _ in iam.users.list(page_size=PAGE, prefetch=4):
            break
        assert threads(), "leaving the loop waits for none of them"
        assert wait_until(lambda: threads() == [])
        assert fake.calls["iamGetUsers"] == 5


def test_an_iterator_that_is_deleted_sends_nothing_new(fake: FakeIAM, url: str) -> None:
    fake.inject(Delay(0.3), path=LIST, after=1, times=None)
    with IAMClient(fake.api_key, base_url=url) as iam:
        iteration = iter(iam.users.list(page_size=PAGE, prefetch=4))
        next(iteration)
        assert threads()
        del iteration
        gc.collect()
        assert wait_until(lambda: threads() == [])
        assert fake.calls["iamGetUsers"] == 5
        pages = iam.users.list(page_size=PAGE, prefetch=4).pages()
        with contextlib.closing(pages):
            assert threads() == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("how", ["break", "aclosing", "error", "timeout"])
def test_leaving_an_async_loop_early_leaves_nothing_behind(fake: FakeIAM, url: str, how: str, backend: str) -> None:
    fake.inject(Hang(), path=LIST, after=1, times=None)

    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url=url) as iam:
            pager = iam.users.list(page_size=PAGE, prefetch=4)
            if how == "break":
                async for _ in pager:
                    break
            elif how == "aclosing":
                async with contextlib.aclosing(pager.pages()) as pages:
                    async for _ in pages:
                        await anyio.sleep(0.05)
                        assert in_use(iam) == 4
                        break
                assert in_use(iam) == 0
            elif how == "error":
                with contextlib.suppress(StopError):
                    async for _ in pager:
                        raise StopError
            else:
                with anyio.move_on_after(0.3):
                    async for _ in pager:
                        pass
            await anyio.sleep(0.05)
            assert in_use(iam) == 0
            if backend == "asyncio":
                assert len(asyncio.all_tasks()) == 1
            fake.clear_faults()
            assert (await iam.users.get(1)).id == 1
            assert len(await iam.users.list(resume=pager.checkpoint()).collect()) == USERS - len_read(how)

    anyio.run(main, backend=backend)


def len_read(how: str) -> int:
    """How many users have been read: one, or the whole first page."""
    return PAGE if how in ("timeout", "aclosing") else 1


def test_an_iteration_goes_on_after_a_timeout(fake: FakeIAM, url: str) -> None:
    fake.inject(Delay(0.5), path=LIST, after=1)

    async def main() -> list[int]:
        got: list[int] = []
        async with AsyncIAMClient(fake.api_key, base_url=url) as iam:
            users = aiter(iam.users.list(page_size=PAGE, prefetch=4))
            while len(got) < USERS:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        got.extend([(await anext(users)).id])
            with pytest.raises(StopAsyncIteration):
                await anext(users)
        return got

    assert asyncio.run(main()) == list(range(1, USERS + 1))


def test_one_iteration_is_not_shared_by_tasks_or_threads(fake: FakeIAM, url: str) -> None:
    fake.inject(Delay(0.3), path=LIST, times=None)

    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url=url) as iam:
            users = aiter(iam.users.list(page_size=PAGE))
            first, second = await asyncio.gather(anext(users), anext(users), return_exceptions=True)
            assert isinstance(first, models.User)
            assert isinstance(second, ConfigurationError)
            assert len([user async for user in users]) == USERS - 1

    asyncio.run(main())


def abandon_iteration(iam: IAMClient) -> None:
    """Start an iteration that only the garbage collector ends, in any thread."""
    users = iter(iam.users.list(page_size=PAGE, prefetch=4))
    next(users)
    circle: list[Any] = [users]
    circle.append(circle)


def test_garbage_collection_ends_an_iteration_in_any_thread(fake: FakeIAM) -> None:
    """Even in a thread of the iteration itself, where waiting for all threads would never end."""
    inner = fake.transport()

    class Collecting(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if threading.current_thread() is not threading.main_thread():
                time.sleep(0.05)
                gc.collect()
            return inner.handle_request(request)

    gc.disable()
    try:
        with IAMClient(fake.api_key, base_url="http://localhost", transport=Collecting()) as iam:
            abandon_iteration(iam)
            for _ in range(100):
                if not threads():
                    break
                time.sleep(0.05)
            assert threads() == []
    finally:
        gc.enable()


def test_leaving_a_loop_does_not_cancel_a_refresh(fake: FakeIAM, url: str) -> None:
    """A refresh token works once: its new tokens must be stored even if the page is no longer needed."""
    with IAMClient(Session(fake.users[0]["email"], "correct-horse-battery"), base_url=url) as iam:
        iam.account.get()
        fake.inject(Status(401), path=LIST, after=1)
        fake.inject(Delay(0.3), path="/iam/auth/jwt/refresh")
        for _ in iam.users.list(page_size=PAGE, prefetch=2):
            time.sleep(0.1)
            break
        iam.account.get()
    assert fake.calls["iamRefreshToken"] == 1
    assert fake.calls["iamLoginUser"] == 1


def test_python_exits_while_pages_hang(fake: FakeIAM, url: str) -> None:
    fake.inject(Hang(), path=LIST, after=1, times=None)
    program = f"""
import gcore_iam
iam = gcore_iam.IAMClient("{fake.api_key}", base_url="{url}")
users = iter(iam.users.list(page_size=10))
next(users)
"""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", program], check=True, timeout=25)
    assert time.monotonic() - began < 15


def test_a_failed_page_that_is_never_reached_raises_nothing(fake: FakeIAM) -> None:
    inner = fake.transport()

    class Failing(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            is_reached = int(request.url.params["offset"]) <= PAGE
            return inner.handle_request(request) if is_reached else httpx.Response(500)

    with IAMClient(fake.api_key, base_url="http://localhost", transport=Failing()) as iam:
        assert len([user for _, user in zip(range(15), iam.users.list(page_size=PAGE, prefetch=4), strict=False)]) == 15


def test_two_iterations_of_one_pager_are_independent(fake: FakeIAM, url: str) -> None:
    with IAMClient(fake.api_key, base_url=url) as iam:
        pager = iam.users.list(page_size=PAGE, prefetch=2)
        pairs = list(zip(pager, pager, strict=True))
    assert [(one.id, other.id) for one, other in pairs] == [(number, number) for number in range(1, USERS + 1)]


def test_a_session_refreshes_during_prefetch(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(fake.users[0]["email"], "correct-horse-battery")
    fake.inject(Status(401), path=LIST, after=3)
    got = read_ids(
        client_kind,
        lambda iam: iam.users.list(page_size=PAGE, prefetch=4),
        session,
        base_url="http://localhost",
        transport=fake.transport(),
    )
    assert got == list(range(1, USERS + 1))


def test_closing_the_client_ends_an_iteration(fake: FakeIAM, url: str) -> None:
    with IAMClient(fake.api_key, base_url=url) as iam:
        users = iter(iam.users.list(page_size=PAGE, prefetch=1))
        next(users)
    with pytest.raises(ConfigurationError, match="closed"):
        list(users)


# --- the wrong kind of loop ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_for_over_a_sync_pager_raises(fake: FakeIAM, backend: str) -> None:
    async def main() -> None:
        with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
            wrong: Any = iam.users.list()
            with pytest.raises(ConfigurationError, match="AsyncIAMClient"):
                async for _ in wrong:
                    pass
            assert fake.requests == ()
            assert len(await anyio.to_thread.run_sync(list, wrong)) == USERS

    anyio.run(main, backend=backend)


def test_for_over_an_async_pager_raises() -> None:
    identity = Identity[int](lambda item: item, is_unique=True)

    async def fetch_async(offset: int, limit: int) -> PageResponse[int]:
        raise AssertionError

    wrong: Any = AsyncPager(fetch_async, PageOptions(), identity, operation="x")
    with pytest.raises(ConfigurationError, match="IAMClient in sync code"):
        list(wrong)
    right: Any = Pager(lambda *_: PageResponse([], 0), PageOptions(), identity, operation="x")
    with pytest.raises(ConfigurationError, match="AsyncIAMClient"):
        aiter(right)


# --- progress bars -------------------------------------------------------------------------------------------------


def test_progress_bars_know_the_number_of_items(fake: FakeIAM) -> None:
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        users = iam.users.list(page_size=PAGE)
        assert operator.length_hint(users) == 0
        assert users.total() == USERS
        assert operator.length_hint(users) == USERS
        console = Console(file=io.StringIO(), force_terminal=True, width=80)
        with console.capture() as shown:
            assert sum(1 for _ in track(users, console=console)) == USERS
        assert "100%" in shown.get()
        with tqdm(users, total=users.total(), file=io.StringIO()) as bar:
            assert bar.total == USERS
            assert sum(1 for _ in bar) == USERS

    async def main() -> int:
        async with AsyncIAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
            users = iam.users.list(page_size=PAGE)
            return len([user async for user in async_tqdm(aiter(users), total=await users.total(), disable=True)])

    assert asyncio.run(main()) == USERS


# --- taking turns --------------------------------------------------------------------------------------------------


def test_the_reader_runs_between_simultaneous_responses(fake: FakeIAM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise no new request would be sent until all of them are decoded."""
    log: list[str] = []
    inner, waiting, arrived = fake.transport(), 0, asyncio.Event()

    class AtOnce(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal waiting
            response = await inner.handle_async_request(request)
            if request.url.params["offset"] != "0":
                waiting += 1
                if waiting == 4:
                    asyncio.get_running_loop().call_soon(arrived.set)
                await arrived.wait()
            return response

    real = vars(iam_get_users)["decode_json"]

    def read(response: httpx.Response, operation: str) -> Any:
        log.append("read")
        return real(response, operation)

    monkeypatch.setattr(iam_get_users, "decode_json", read)

    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url="http://localhost", transport=AtOnce()) as iam:
            pages = iam.users.list(page_size=PAGE, prefetch=5, max_items=5 * PAGE).pages()
            while (page := await anext(pages, None)) is not None:
                log.append(f"page of {len(page.items)}")

    asyncio.run(main())
    assert log == ["read", f"page of {PAGE}"] * 5


@pytest.mark.parametrize("client_id", [None, 1001])
def test_a_login_during_prefetch_holds_no_turn(fake: FakeIAM, client_id: int | None) -> None:
    """A page that is cancelled during its login would keep the turn, and all others would wait for ever."""
    users = [dict(user) for user in fake.users][:50]
    odd = {"401": True, "429": True}
    logins = 0

    class Odd(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal logins
            path = request.url.path
            if path.endswith("/jwt/login"):
                logins += 1
                return httpx.Response(200, json={"access": f"a{logins}", "refresh": f"r{logins}"})
            if path.endswith("/jwt/refresh"):
                return httpx.Response(400, json={"message": "no"})
            if "/jwt/clients/" in path:
                await asyncio.sleep(0.08 if logins > 1 else 0)
                return httpx.Response(200, json={"access": f"s{logins}", "refresh": f"q{logins}"})
            offset, limit = (int(request.url.params[name]) for name in ("offset", "limit"))
            if 15 < offset < 25 and odd.pop("401", False):
                return httpx.Response(401, json={"message": "expired"})
            if 5 < offset < 15 and odd.pop("429", False):
                await asyncio.sleep(0.04)
                return httpx.Response(429, headers={"retry-after": "0"}, json={})
            page = users[offset : offset + limit]
            return httpx.Response(200, json={"count": 50, "next": None, "previous": None, "results": page})

    async def main() -> int:
        session = Session("a@example.com", "pw", client_id=client_id)
        async with AsyncIAMClient(session, base_url="http://localhost", transport=Odd()) as iam:
            return len([user async for user in iam.users.list(page_size=10, prefetch=4, consistency="fast")])

    assert asyncio.run(asyncio.wait_for(main(), 10)) == 50
    assert logins == 2


def test_another_call_during_prefetch_holds_no_turn(fake: FakeIAM) -> None:
    """For instance, if a key is requested by another client."""
    log: list[str] = []

    async def key() -> str:
        async with AsyncIAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as other:
            await other.users.get(1)
            log.append("key")
        return fake.api_key

    async def main() -> int:
        async with AsyncIAMClient(APIKey(key), base_url="http://localhost", transport=fake.transport()) as iam:
            return len([user async for user in iam.users.list(page_size=PAGE, prefetch=4)])

    assert asyncio.run(asyncio.wait_for(main(), 10)) == len(fake.users)
    assert len(log) >= len(fake.users) // PAGE
