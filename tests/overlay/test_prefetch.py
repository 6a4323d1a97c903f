"""Pages that are requested ahead: how many, in which order, and that none is left in flight."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import itertools
import operator
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, cast

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
from gcore_iam._concurrency.workers import RequestControl
from gcore_iam.pagination.options import Identity, PageOptions, PageRequest, PageResponse
from gcore_iam.pagination.walker import PageWalker
from gcore_iam.sync.prefetch import Prefetch
from gcore_iam.testing import Delay, FakeIAM, Hang, Reset, Status
from gcore_iam.testing.faults import Fault
from gcore_iam_client.api.users import iam_get_users
from rich.console import Console
from rich.progress import track
from tqdm import tqdm
from tqdm.asyncio import tqdm as async_tqdm

from .conftest import ClientKind, EitherClient, resolve
from .page_transport import (
    REFRESH,
    SECONDS,
    PageTransport,
    extend,
    iterate,
    read_next,
    read_rest,
    run,
    take,
    wait_for,
    wait_until,
    wait_until_async,
)

USERS = 95
PAGE = 10
LIST = "/iam/users"

pytestmark = pytest.mark.fake_iam(USERS)


def list_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("gcore-iam-prefetch")]


def hold_ahead(fake: FakeIAM) -> PageTransport:
    """Hold all pages but the first one."""
    return PageTransport(fake, is_held=lambda offset: offset > 0)


# --- how many ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefetch", [1, 2, 4, 8])
def test_prefetch_pages_are_in_flight_and_come_in_order(client_kind: ClientKind, fake: FakeIAM, prefetch: int) -> None:
    """A reader that is slow accumulates no more than these."""
    transport = hold_ahead(fake)
    ahead = prefetch if prefetch > 1 else 0

    async def use(iam: EitherClient) -> list[int]:
        users = iam.users.list(page_size=PAGE, prefetch=prefetch)
        items = iterate(users)
        got = [await read_next(items)]
        await wait_for(transport, client_kind, lambda: len(transport.running) == ahead)
        transport.release()
        got += await read_rest(items)
        return [user.id for user in got]

    got = run(client_kind, use, fake.api_key, base_url="http://localhost", transport=transport)
    assert got == list(range(1, USERS + 1))
    assert transport.most_running == max(1, ahead)
    assert transport.offsets == Counter([0, *range(PAGE - 1, USERS, PAGE)])


def test_prefetch_works_over_http(client_kind: ClientKind, fake: FakeIAM, url: str) -> None:
    users = run(client_kind, lambda iam: take(iam.users.list(page_size=PAGE)), fake.api_key, base_url=url)
    assert [user.id for user in users] == list(range(1, USERS + 1))
    assert fake.calls["iamGetUsers"] == 10
    assert fake.peak_concurrency <= 4


@pytest.mark.parametrize(("pages", "ahead"), [(0.1, 0), (2.5, 2), (9.9, 4)])
def test_prefetch_bytes_bounds_the_pages_in_flight(fake: FakeIAM, pages: float, ahead: int) -> None:
    transport = hold_ahead(fake)
    with IAMClient(fake.api_key, base_url="http://localhost", transport=transport) as iam:
        size = len(iam_get_users.sync_detailed(client=iam.api, limit=PAGE).content)
        users = paginate(
            iam_get_users.sync_detailed, client=iam.api, page_size=PAGE, prefetch=4, prefetch_bytes=int(pages * size)
        )
        items = iter(users)
        next(items)
        transport.wait_for(lambda: len(transport.running) == ahead)
        transport.release()
        assert len(list(items)) == USERS - 1
    assert transport.most_running == max(1, ahead)


def test_max_items_bounds_what_is_requested(fake: FakeIAM) -> None:
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        assert len(iam.users.list(page_size=PAGE, max_items=25, prefetch=8).collect()) == 25
    assert sorted(request.query["limit"] for request in fake.requests) == ["10", "11", "6"]


def test_prefetch_adapts_to_a_clamped_limit(client_kind: ClientKind) -> None:
    fake = FakeIAM(USERS, max_page_size=5)
    transport = PageTransport(fake)
    users = run(
        client_kind,
        lambda iam: take(iam.users.list(page_size=PAGE, prefetch=4)),
        fake.api_key,
        base_url="http://localhost",
        transport=transport,
    )
    assert len(users) == USERS
    assert transport.offsets == Counter([0, *range(4, USERS - 1, 4)])


def build_walker() -> PageWalker[int]:
    """Build a walker that has read the first page of a thousand items."""
    walker = PageWalker(PageOptions(PAGE), Identity[int](lambda item: item, is_unique=True))
    steps = walker.steps()
    next(steps)
    steps.send(PageResponse(range(PAGE), 1000))
    return walker


@pytest.mark.parametrize("is_fresh", [True, False])
def test_only_a_fresh_request_is_sent_again(is_fresh: bool) -> None:
    """A page that was requested ahead cannot show what has changed since."""
    sent_by_reader: list[int] = []

    def fetch(offset: int, limit: int) -> PageResponse[int]:
        if threading.current_thread() is threading.main_thread():
            sent_by_reader.append(offset)
        return PageResponse(range(offset, offset + limit), 1000)

    prefetch = Prefetch(lambda _: fetch, PageOptions(PAGE, prefetch=2))
    prefetch.request_ahead(build_walker())
    response = prefetch.read(PageRequest(9, 11, is_fresh))
    prefetch.close()
    assert list(response.items) == list(range(9, 20))
    assert sent_by_reader == ([9] if is_fresh else [])


def test_a_page_ahead_is_decoded_when_its_reader_comes() -> None:
    """When the first page is read, the other ones have arrived, and none of them is decoded."""
    log: list[str] = []
    arrived: list[int] = []

    def bind(control: RequestControl) -> Callable[[int, int], PageResponse[int]]:
        def fetch(offset: int, limit: int) -> PageResponse[int]:
            if offset:
                arrived.append(offset)
                control.wait_until_needed()
            log.append(f"decode {offset}")
            return PageResponse(range(offset, offset + limit), 41)

        return fetch

    options = PageOptions(PAGE, prefetch=4, consistency="fast")
    identity = Identity[int](lambda item: item, is_unique=True)
    pager = Pager(bind(RequestControl(lambda _: None)), options, identity, operation="numbers", bind=bind)
    pages = pager.pages()
    for page in itertools.islice(pages, 4):
        log.append(f"read {page.offset}")
        if page.offset == 0:
            assert wait_until(lambda: len(arrived) == 4)
    pages.close()
    assert log == [f"{what} {offset}" for offset in (0, 10, 20, 30) for what in ("decode", "read")]


def test_threads_are_used_again_for_later_pages(fake: FakeIAM) -> None:
    inner = fake.transport()
    used: list[threading.Thread] = []

    class NamingTransport(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            used.append(threading.current_thread())
            return inner.handle_request(request)

    with IAMClient(fake.api_key, base_url="http://localhost", transport=NamingTransport()) as iam:
        assert len(iam.users.list(page_size=PAGE, prefetch=2).collect()) == USERS
    ahead = [thread for thread in used if thread is not threading.current_thread()]
    assert len(ahead) == 9
    assert len(set(ahead)) <= 2


# --- fork ----------------------------------------------------------------------------------------------------------

FORK = """
import os, signal, sys, warnings
import gcore_iam
warnings.simplefilter("ignore", DeprecationWarning)
url, key = sys.argv[1:]
iam = gcore_iam.IAMClient(key, base_url=url)
pages = iam.users.list(page_size=10, prefetch=4).pages()
ids = [user.id for user in next(pages).items]
read, write = os.pipe()
child = os.fork()
if child == 0:
    signal.alarm(50)  # ends a child that hangs
    try:
        ids += [user.id for page in pages for user in page.items]
        print("child", *ids, flush=True)
    finally:
        os._exit(0)
os.waitpid(child, 0)
ids += [user.id for page in pages for user in page.items]
print("parent", *ids)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("delay", [0, 0.5])
def test_an_iteration_continues_in_a_forked_child(fake: FakeIAM, url: str, delay: float) -> None:
    """Although the threads of the pages ahead run in the parent only; the child requests these pages again."""
    if delay:
        fake.inject(Delay(delay), path=LIST, after=1, times=4)
    arguments = [sys.executable, "-c", FORK, url, fake.api_key]
    run = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
    ids = " ".join(map(str, range(1, USERS + 1)))
    assert run.stdout.splitlines() == [f"child {ids}", f"parent {ids}"]
    assert run.stderr == ""


# --- 429 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retries", [0, 3])
def test_too_many_requests_lose_nothing(client_kind: ClientKind, fake: FakeIAM, retries: int) -> None:
    """A page that was requested ahead is requested again when the reader needs it, even without retries."""
    transport = PageTransport(fake, faults={19: [429, 429] if retries else [429]})
    users = run(
        client_kind,
        lambda iam: take(iam.users.list(page_size=PAGE, prefetch=4)),
        fake.api_key,
        base_url="http://localhost",
        transport=transport,
        retries=RetryPolicy(retries, sleep=fake.clock.sleep),
    )
    assert [user.id for user in users] == list(range(1, USERS + 1))
    assert transport.faults == {19: []}


def test_too_many_requests_slow_an_iteration_down(client_kind: ClientKind, fake: FakeIAM) -> None:
    """The first of four requests gets a 429: the others are cancelled, and repeated one by one."""
    four = [PAGE - 1 + number * PAGE for number in range(4)]
    transport = PageTransport(fake, is_held=lambda offset: offset in four, faults={four[0]: [429]})

    async def use(iam: EitherClient) -> list[int]:
        users = iam.users.list(page_size=PAGE, prefetch=4)
        items = iterate(users)
        got = [await read_next(items)]
        await wait_for(transport, client_kind, lambda: sorted(transport.running) == four)
        transport.release(four[0])
        await wait_for(transport, client_kind, lambda: transport.offsets[four[0]] == 2)
        if client_kind.is_async:  # tasks are cancelled at once, threads end with their request
            await wait_until_async(lambda: not {*four[1:]}.intersection(transport.running))
        transport.release()
        got += await read_rest(items)
        return [user.id for user in got]

    got = run(
        client_kind,
        use,
        fake.api_key,
        base_url="http://localhost",
        transport=transport,
        retries=RetryPolicy(3, sleep=fake.clock.sleep),
    )
    assert got == list(range(1, USERS + 1))
    assert [transport.offsets[offset] for offset in four] == [2] * 4
    assert transport.offsets.total() == 10 + 4
    assert transport.most_running == 4
    assert not list_threads()


def test_a_lasting_429_raises_after_the_items_before_it(client_kind: ClientKind, fake: FakeIAM) -> None:
    transport = PageTransport(fake, faults={29: [429] * 9})
    seen: list[models.User] = []
    with pytest.raises(RateLimitError) as caught:
        run(
            client_kind,
            lambda iam: extend(seen, iam.users.list(page_size=PAGE, prefetch=2)),
            fake.api_key,
            base_url="http://localhost",
            transport=transport,
            retries=RetryPolicy(0),
        )
    assert [user.id for user in seen] == list(range(1, 3 * PAGE + 1))
    assert caught.value.checkpoint is not None
    assert caught.value.checkpoint["offset"] == 3 * PAGE - 1


# --- leaving early -------------------------------------------------------------------------------------------------


class StopError(Exception):
    pass


def leave(iteration: Generator[object, None, None], how: str, wait: Callable[[], object]) -> None:
    """Leave an iteration after its first item, and after `wait`."""
    if how == "close":
        next(iteration)
        wait()
        iteration.close()
        return
    with contextlib.suppress(StopError, KeyboardInterrupt):
        for _ in iteration:
            wait()
            if how == "error":
                raise StopError
            if how == "interrupt":
                raise KeyboardInterrupt
            break


@pytest.mark.parametrize("how", ["break", "close", "error", "interrupt"])
@pytest.mark.parametrize("fault", [Hang(), Delay(30), Status(429, retry_after=30), Reset()])
def test_leaving_a_loop_early_drops_what_is_in_flight(fake: FakeIAM, url: str, how: str, fault: Fault) -> None:
    fake.inject(fault, path=LIST, after=1, times=None)
    with IAMClient(fake.api_key, base_url=url, retries=RetryPolicy(base=30, cap=30)) as iam:
        pager = iam.users.list(page_size=PAGE, prefetch=4)
        requests = 2 if isinstance(fault, Status) else 5  # a 429 cancels the others
        began = time.monotonic()
        wait = partial(wait_until, lambda: fake.calls["iamGetUsers"] >= requests)
        leave(cast("Generator[models.User, None, None]", iter(pager)), how, wait)
        assert time.monotonic() - began < SECONDS
        if not isinstance(fault, Hang | Delay):
            assert wait_until(lambda: list_threads() == []), "a thread that waits for a retry ends at once"
        checkpoint = pager.checkpoint()
        fake.clear_faults()
        assert iam.users.get(1).id == 1
        assert len(iam.users.list(resume=checkpoint).collect()) == USERS - 1
    assert wait_until(lambda: list_threads() == []), "a closed client has no request in flight"


@pytest.mark.parametrize("how", ["break", "delete"])
def test_leaving_a_loop_early_sends_nothing_new(fake: FakeIAM, how: str) -> None:
    """Each thread ends with the request that it is in; leaving the loop waits for none of them."""
    transport = hold_ahead(fake)
    with IAMClient(fake.api_key, base_url="http://localhost", transport=transport) as iam:
        items = iter(iam.users.list(page_size=PAGE, prefetch=4))
        next(items)
        transport.wait_for(lambda: len(transport.running) == 4)
        if how == "break":
            for _ in items:
                break
        del items
        gc.collect()
        assert len(list_threads()) == 4
        transport.release()
        assert wait_until(lambda: list_threads() == [])
        assert transport.offsets.total() == 5


def test_pages_that_are_not_iterated_start_no_thread(fake: FakeIAM) -> None:
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        pages = iam.users.list(page_size=PAGE, prefetch=4).pages()
        with contextlib.closing(pages):
            assert list_threads() == []
    assert fake.requests == ()


def test_leaving_loops_early_disturbs_no_other_thread(fake: FakeIAM, url: str) -> None:
    """While iterations are left early, other threads use the same client."""
    is_finished = threading.Event()
    calls = [0] * 4
    failures: list[BaseException] = []
    with IAMClient(fake.api_key, base_url=url, retries=0) as iam:

        def call_repeatedly(number: int) -> None:
            try:
                while not is_finished.is_set() or not calls[number]:
                    iam.users.get(1)
                    calls[number] += 1
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

        workers = [threading.Thread(target=call_repeatedly, args=[number]) for number in range(4)]
        for worker in workers:
            worker.start()
        for _ in range(40):
            for _ in iam.users.list(page_size=PAGE, prefetch=4):
                break
        is_finished.set()
        for worker in workers:
            worker.join()
        assert failures == []
        assert wait_until(lambda: list_threads() == [])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("how", ["break", "aclosing", "error", "cancel"])
def test_leaving_an_async_loop_early_leaves_nothing_behind(fake: FakeIAM, how: str, backend: str) -> None:
    transport = hold_ahead(fake)

    async def wait_until_held() -> None:
        await wait_until_async(lambda: len(transport.running) == 4)

    async def cancel_when_held(scope: anyio.CancelScope) -> None:
        await wait_until_held()
        scope.cancel()

    async def leave_loop(pager: AsyncPager[models.User]) -> None:
        if how == "break":
            async for _ in pager:
                await wait_until_held()
                break
        elif how == "error":
            with contextlib.suppress(StopError):
                async for _ in pager:
                    await wait_until_held()
                    raise StopError
        elif how == "aclosing":
            async with contextlib.aclosing(pager.pages()) as pages:
                async for _ in pages:
                    await wait_until_held()
                    break
            assert transport.running == [], "closing waits for the end of all requests"
        else:
            async with anyio.create_task_group() as tasks:
                with anyio.CancelScope() as scope:
                    tasks.start_soon(cancel_when_held, scope)
                    async for _ in pager:
                        pass

    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url="http://localhost", transport=transport) as iam:
            pager = iam.users.list(page_size=PAGE, prefetch=4)
            await leave_loop(pager)
            await wait_until_async(lambda: transport.running == [])
            assert transport.offsets.total() == 5, "nothing new is sent"
            if backend == "asyncio":
                await wait_until_async(lambda: len(asyncio.all_tasks()) == 1)
            transport.release()
            read = PAGE if how in ("cancel", "aclosing") else 1
            assert len(await iam.users.list(resume=pager.checkpoint()).collect()) == USERS - read

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_loops_that_are_left_free_their_connections(fake: FakeIAM, url: str, backend: str) -> None:
    """A client has 100 connections: those of 120 requests that are cancelled are used again."""

    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url=url) as iam:
            for _ in range(30):
                fake.inject(Hang(), path=LIST, after=1, times=4)
                async with contextlib.aclosing(iam.users.list(page_size=PAGE, prefetch=4).pages()) as pages:
                    await anext(pages)
                    await wait_until_async(lambda: not fake.faults)
            assert (await iam.users.get(1)).id == 1
            assert len(await iam.users.list(page_size=PAGE).collect()) == USERS

    anyio.run(main, backend=backend)


def test_an_iteration_goes_on_after_a_timeout(fake: FakeIAM) -> None:
    transport = PageTransport(fake, is_held=lambda offset: offset == PAGE - 1)

    async def main() -> list[int]:
        async with AsyncIAMClient(fake.api_key, base_url="http://localhost", transport=transport) as iam:
            users = aiter(iam.users.list(page_size=PAGE, prefetch=4))
            got = [(await anext(users)).id for _ in range(PAGE)]
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await anext(users)
            transport.release()
            got += [user.id async for user in users]
            with pytest.raises(StopAsyncIteration):
                await anext(users)
        return got

    assert asyncio.run(main()) == list(range(1, USERS + 1))


@pytest.fixture
def _ctrl_c() -> Generator[None, None, None]:
    """Let SIGINT raise KeyboardInterrupt; a shell starts background jobs with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c")
def test_an_iteration_goes_on_after_ctrl_c(fake: FakeIAM) -> None:
    main = threading.main_thread().ident
    assert main is not None
    transport = PageTransport(fake, is_held=lambda offset: offset > 0)
    with IAMClient(fake.api_key, base_url="http://localhost", transport=transport) as iam:
        pages = iam.users.list(page_size=PAGE, prefetch=2).pages()
        seen = [user.id for user in next(pages).items]
        press = threading.Timer(0.1, signal.pthread_kill, [main, signal.SIGINT])

        def read_until_ctrl_c() -> None:
            press.start()
            next(pages)

        with pytest.raises(KeyboardInterrupt):
            read_until_ctrl_c()
        transport.release()
        seen += [user.id for page in pages for user in page.items]
    assert seen == list(range(1, USERS + 1))


def test_one_iteration_is_not_shared_by_tasks(fake: FakeIAM) -> None:
    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
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
    circle: list[object] = [users]
    circle.append(circle)


def test_garbage_collection_ends_an_iteration_in_any_thread(fake: FakeIAM) -> None:
    """Even in a thread of the iteration itself, where waiting for all threads would never end."""
    inner = fake.transport()
    is_abandoned = threading.Event()

    class CollectingTransport(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if threading.current_thread() is not threading.main_thread():
                is_abandoned.wait(SECONDS)
                gc.collect()
            return inner.handle_request(request)

    gc.disable()
    try:
        with IAMClient(fake.api_key, base_url="http://localhost", transport=CollectingTransport()) as iam:
            abandon_iteration(iam)
            is_abandoned.set()
            assert wait_until(lambda: list_threads() == [])
    finally:
        gc.enable()


def test_leaving_a_loop_does_not_cancel_a_refresh(client_kind: ClientKind, fake: FakeIAM) -> None:
    """A refresh token works once: its new tokens must be stored even if the page is no longer needed."""
    transport = PageTransport(fake, is_held=lambda offset: offset == REFRESH, faults={PAGE - 1: [401]})

    async def use(iam: EitherClient) -> None:
        await resolve(iam.account.get())
        users = iam.users.list(page_size=PAGE, prefetch=2)
        items = iterate(users)
        await read_next(items)
        await wait_for(transport, client_kind, lambda: REFRESH in transport.running)
        del items
        transport.release()
        await resolve(iam.account.get())

    session = Session(fake.users[0]["email"], "correct-horse-battery")
    run(client_kind, use, session, base_url="http://localhost", transport=transport)
    assert fake.calls["iamRefreshToken"] == 1
    assert fake.calls["iamLoginUser"] == 1


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
    users = run(
        client_kind,
        lambda iam: take(iam.users.list(page_size=PAGE, prefetch=4)),
        Session(fake.users[0]["email"], "correct-horse-battery"),
        base_url="http://localhost",
        transport=PageTransport(fake, faults={29: [401]}),
    )
    assert [user.id for user in users] == list(range(1, USERS + 1))
    assert fake.calls["iamRefreshToken"] == 1


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

    def read(response: httpx.Response, operation: str) -> object:
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
    """A page that is cancelled during its login would keep the turn, and all others would wait without end."""
    users = [dict(user) for user in fake.users][:50]
    faults = {20: 401, 10: 429}
    logins = 0
    is_limited = asyncio.Event()
    is_renewing = asyncio.Event()

    async def finish_login() -> None:
        """Finish the first login at once, the second one after another page has received its 429."""
        if logins > 1:
            is_renewing.set()
            await is_limited.wait()
            for _ in range(50):  # turns of the event loop: the cancellation comes now
                await asyncio.sleep(0)

    class OddServer(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal logins
            path = request.url.path
            if path.endswith("/jwt/login"):
                logins += 1
                if client_id is None:
                    await finish_login()
                return httpx.Response(200, json={"access": f"a{logins}", "refresh": f"r{logins}"})
            if path.endswith("/jwt/refresh"):
                return httpx.Response(400, json={"message": "no"})
            if "/jwt/clients/" in path:
                await finish_login()
                return httpx.Response(200, json={"access": f"s{logins}", "refresh": f"q{logins}"})
            offset, limit = (int(request.url.params[name]) for name in ("offset", "limit"))
            fault = faults.pop(offset, None)
            if fault == 401:
                return httpx.Response(401, json={"message": "expired"})
            if fault == 429:
                await is_renewing.wait()
                is_limited.set()
                return httpx.Response(429, headers={"retry-after": "0"}, json={})
            page = users[offset : offset + limit]
            return httpx.Response(200, json={"count": 50, "next": None, "previous": None, "results": page})

    async def main() -> int:
        session = Session("a@example.com", "pw", client_id=client_id)
        async with AsyncIAMClient(session, base_url="http://localhost", transport=OddServer()) as iam:
            return len([user async for user in iam.users.list(page_size=10, prefetch=4, consistency="fast")])

    assert asyncio.run(asyncio.wait_for(main(), SECONDS)) == 50
    assert logins == 2
    assert faults == {}


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

    assert asyncio.run(asyncio.wait_for(main(), SECONDS)) == len(fake.users)
    assert len(log) >= len(fake.users) // PAGE
