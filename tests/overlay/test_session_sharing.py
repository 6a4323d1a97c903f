"""Sessions that threads, tasks, clients and event loops share: one of them renews, the others wait."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.to_thread
import httpx
import pytest
from gcore_iam import (
    APITimeoutError,
    AsyncIAMClient,
    ConfigurationError,
    IAMClient,
    MemoryTokenStore,
    RetryPolicy,
    Session,
)
from gcore_iam.testing import Delay, FakeIAM

from .conftest import ClientKind
from .session_server import (
    ACCOUNT,
    BASE,
    EMAIL,
    LOGIN,
    PASSWORD,
    REFRESH,
    USERS,
    count_exchanges,
    encode_token,
    from_tokens,
)

pytestmark = pytest.mark.fake_iam(USERS)


def wait_for_request(fake: FakeIAM, operation: str) -> None:
    """Wait until the server has a request of an operation, for at most 20 seconds."""
    for _ in range(4000):
        if fake.calls[operation]:
            return
        time.sleep(0.005)
    raise AssertionError(f"no request of {operation}")


async def wait_for_request_async(fake: FakeIAM, operation: str) -> None:
    """Wait until the server has a request of an operation, for at most 20 seconds."""
    with anyio.fail_after(20):
        while not fake.calls[operation]:  # noqa: ASYNC110 - the server is in another thread
            await anyio.sleep(0.005)


def test_50_threads_share_one_renewal(fake: FakeIAM, url: str) -> None:
    session = Session(EMAIL, PASSWORD)
    with IAMClient(session, base_url=url) as iam, ThreadPoolExecutor(50) as pool:
        start = threading.Barrier(50)

        def one(_: int) -> int:
            start.wait()
            return iam.users.get(1).id

        assert list(pool.map(one, range(50))) == [1] * 50
        assert count_exchanges(fake) == (1, 0, 0)
        fake.clock.advance(hours=1)
        assert list(pool.map(one, range(50))) == [1] * 50
        assert count_exchanges(fake) == (1, 1, 0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_100_tasks_share_one_renewal(fake: FakeIAM, url: str, backend: str) -> None:
    session = Session(EMAIL, PASSWORD)
    got: list[int] = []

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam:

            async def one() -> None:
                got.append((await iam.users.get(1)).id)

            for _ in range(2):
                async with anyio.create_task_group() as group:
                    for _ in range(100):
                        group.start_soon(one)
                fake.clock.advance(hours=1)

    anyio.run(main, url, backend=backend)
    assert got == [1] * 200
    assert count_exchanges(fake) == (1, 1, 0)


def test_threads_and_tasks_share_one_renewal(fake: FakeIAM, url: str) -> None:
    session = Session(EMAIL, PASSWORD)
    got: list[int] = []

    def in_threads(url: str) -> None:
        with IAMClient(session, base_url=url) as iam, ThreadPoolExecutor(20) as pool:
            got.extend(pool.map(lambda _: iam.users.get(1).id, range(20)))

    def in_tasks(url: str) -> None:
        async def main() -> None:
            async with AsyncIAMClient(session, base_url=url) as iam:
                got.extend(user.id for user in await asyncio.gather(*(iam.users.get(1) for _ in range(20))))

        asyncio.run(main())

    for expected in (0, 1, 2):
        runs = [threading.Thread(target=kind, args=(url,)) for kind in (in_threads, in_tasks) * 2]
        for thread in runs:
            thread.start()
        for thread in runs:
            thread.join()
        assert count_exchanges(fake) == (1, expected, 0)
        fake.clock.advance(hours=1)
    assert got == [1] * 240


def test_a_late_401_leaves_the_newer_token_alone(fake: FakeIAM) -> None:
    """The first request is refused with the old token only after a second one has renewed it."""
    session = Session(EMAIL, PASSWORD)
    onward = fake.transport()
    refused, go_on = threading.Event(), threading.Event()

    def handle(request: httpx.Request) -> httpx.Response:
        response = onward.handle_request(request)
        if response.status_code == 401 and threading.current_thread().name == "late":
            refused.set()
            assert go_on.wait(10)
        return response

    with IAMClient(session, base_url=BASE, transport=httpx.MockTransport(handle)) as iam:
        iam.users.get(1)
        fake.clock.advance(hours=1)
        got: list[int] = []
        late = threading.Thread(target=lambda: got.append(iam.users.get(1).id), name="late")
        late.start()
        assert refused.wait(10)
        iam.users.get(1)
        go_on.set()
        late.join()
    assert got == [1]
    assert count_exchanges(fake) == (1, 1, 0)


def test_a_short_lived_token_is_not_renewed_by_each_call() -> None:
    paths: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        if request.url.path.endswith("login"):
            now = time.time()
            return httpx.Response(200, json={"access": encode_token({"iat": now, "exp": now + 60}), "refresh": "r"})
        return httpx.Response(200, json=[])

    iam = IAMClient(Session(EMAIL, PASSWORD), transport=httpx.MockTransport(handle))
    with iam, ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: iam.users.list().collect(), range(50)))
    assert paths.count("/iam/auth/jwt/login") == 1


def test_calls_during_a_password_change_wait_for_its_pair(fake: FakeIAM, url: str) -> None:
    session = Session(EMAIL, PASSWORD)
    failures: list[Exception] = []
    with IAMClient(session, base_url=url) as iam:
        iam.users.get(1)
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                try:
                    iam.users.get(1)
                except Exception as error:  # noqa: BLE001 - any is one too many
                    failures.append(error)
                    return

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        old = PASSWORD
        for new in ("a", "b", "c", "d"):
            fake.inject(Delay(0.02), path="/iam/users/{userId}/password")
            iam.users.change_password(1, old, new)
            old = new
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert count_exchanges(fake) == (1, 0, 0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:a sync client of gcore_iam blocks:RuntimeWarning")
def test_a_sync_client_does_not_block_a_renewal(fake: FakeIAM, url: str) -> None:
    session = Session(EMAIL, PASSWORD)

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam:
            fake.inject(Delay(1.0), path=LOGIN)
            task = asyncio.create_task(iam.users.get(1))
            await wait_for_request_async(fake, "iamLoginUser")
            with pytest.raises(ConfigurationError, match="would block"):
                sync_iam.users.get(1)
            await task
            assert sync_iam.users.get(1).id == 1

    with IAMClient(session, base_url=url) as sync_iam:
        asyncio.run(main(url))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:a sync client of gcore_iam blocks:RuntimeWarning")
def test_a_sync_client_does_not_block_another_session(fake: FakeIAM, url: str) -> None:
    store = MemoryTokenStore()

    async def main(url: str) -> None:
        async with AsyncIAMClient(Session(EMAIL, PASSWORD, store=store), base_url=url) as iam:
            fake.inject(Delay(1.0), path=LOGIN)
            task = asyncio.create_task(iam.users.get(1))
            await wait_for_request_async(fake, "iamLoginUser")
            with pytest.raises(ConfigurationError, match="would block"):
                sync_iam.users.get(1)
            await task

    with IAMClient(Session(EMAIL, PASSWORD, store=store), base_url=url) as sync_iam:
        asyncio.run(main(url))


def test_many_sessions_leave_worker_threads_free(fake: FakeIAM, url: str) -> None:
    store = MemoryTokenStore()

    async def main(url: str) -> None:
        clients = [AsyncIAMClient(Session(EMAIL, PASSWORD, store=store), base_url=url) for _ in range(45)]
        await asyncio.wait_for(asyncio.gather(*(iam.users.get(1) for iam in clients)), 20)
        for iam in clients:
            await iam.aclose()

    asyncio.run(main(url))
    assert count_exchanges(fake) == (1, 0, 0)


@pytest.mark.slow
def test_waiting_threads_leave_one_to_the_renewal(fake: FakeIAM, url: str) -> None:
    session = Session(EMAIL, PASSWORD)

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam, anyio.create_task_group() as group:
            fake.inject(Delay(0.2), path=LOGIN)
            group.start_soon(iam.users.get, 1)
            await wait_for_request_async(fake, "iamLoginUser")
            with anyio.fail_after(20):
                async with anyio.create_task_group() as threads:
                    for _ in range(45):
                        threads.start_soon(anyio.to_thread.run_sync, sync_iam.users.get, 1)

    with IAMClient(session, base_url=url) as sync_iam:
        anyio.run(main, url)
    assert count_exchanges(fake) == (1, 0, 0)


def test_tasks_started_by_a_renewal_wait_for_others(fake: FakeIAM) -> None:
    async def main() -> None:
        tasks: list[asyncio.Task[None]] = []

        async def later() -> None:
            await asyncio.sleep(0.05)
            await iam.users.get(1)

        async def code() -> str:
            tasks.extend(asyncio.create_task(later()) for _ in range(5))
            return "123456"

        session = Session(EMAIL, PASSWORD, one_time_password=code)
        async with AsyncIAMClient(session, base_url=BASE, transport=fake.transport()) as iam:
            await iam.users.get(1)
            fake.clock.advance(hours=1)
            await asyncio.gather(*tasks)

    asyncio.run(main())
    assert count_exchanges(fake) == (1, 1, 0)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_caller_loses_no_refresh_token(fake: FakeIAM, url: str, backend: str) -> None:
    session = from_tokens(fake)

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam:
            await iam.users.get(1)
            fake.clock.advance(hours=1)
            fake.inject(Delay(0.3), path=REFRESH)
            with anyio.move_on_after(0.1) as scope:
                await iam.users.get(1)
            assert scope.cancelled_caught
            assert (await iam.users.get(1)).id == 1

    anyio.run(main, url, backend=backend)
    assert count_exchanges(fake) == (1, 1, 0)


@pytest.mark.slow
def test_a_caller_that_asyncio_cancels_loses_no_refresh_token(fake: FakeIAM, url: str) -> None:
    session = from_tokens(fake)

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam:
            fake.clock.advance(hours=1)
            fake.inject(Delay(0.3), path=REFRESH)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(iam.users.get(1), 0.1)
            assert (await iam.users.get(1)).id == 1

    asyncio.run(main(url))
    assert count_exchanges(fake) == (1, 1, 0)


@pytest.mark.slow
def test_a_deadline_does_not_cut_a_refresh(client_kind: ClientKind, fake: FakeIAM, url: str) -> None:
    session = from_tokens(fake)
    fake.clock.advance(hours=1)
    fake.inject(Delay(1.2), path=REFRESH)
    with pytest.raises(APITimeoutError) as caught:
        client_kind.run(
            lambda iam: iam.tokens.create(ACCOUNT, "ci", 2),
            session,
            base_url=url,
            retries=RetryPolicy(deadline=0.8, base=0),
        )
    assert not caught.value.sent  # nothing is sent when the time is over
    assert len(fake.tokens) == 1
    assert client_kind.run(lambda iam: iam.users.get(1), session, base_url=url).id == 1
    assert count_exchanges(fake) == (1, 1, 0)


@pytest.mark.slow
def test_closing_an_async_client_waits_for_a_renewal(fake: FakeIAM, url: str) -> None:
    session = from_tokens(fake)

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam:
            fake.clock.advance(hours=1)
            fake.inject(Delay(0.3), path=REFRESH)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(iam.users.get(1), 0.1)
        async with AsyncIAMClient(session, base_url=url) as iam:
            assert (await iam.users.get(1)).id == 1

    asyncio.run(main(url))
    assert count_exchanges(fake) == (1, 1, 0)


@pytest.mark.slow
def test_closing_a_sync_client_waits_for_a_renewal(fake: FakeIAM, url: str) -> None:
    session = from_tokens(fake)
    iam = IAMClient(session, base_url=url)
    iam.users.get(1)
    fake.clock.advance(hours=1)
    fake.inject(Delay(0.3), path=REFRESH)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(iam.users.get, 1)
        wait_for_request(fake, "iamRefreshToken")
        iam.close()
        assert isinstance(call.exception(), ConfigurationError | None)
    with IAMClient(session, base_url=url) as again:
        assert again.users.get(1).id == 1
    assert count_exchanges(fake) == (1, 1, 0)


@pytest.mark.slow
def test_closing_on_trio_waits_for_a_renewal(fake: FakeIAM, url: str) -> None:
    session = from_tokens(fake)

    async def main(url: str) -> None:
        iam = AsyncIAMClient(session, base_url=url)
        fake.clock.advance(hours=1)
        fake.inject(Delay(0.3), path=REFRESH)

        async def call() -> None:
            with contextlib.suppress(ConfigurationError):
                await iam.users.get(1)

        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await wait_for_request_async(fake, "iamRefreshToken")
            await iam.aclose()
        async with AsyncIAMClient(session, base_url=url) as again:
            assert (await again.users.get(1)).id == 1

    anyio.run(main, url, backend="trio")
    assert count_exchanges(fake) == (1, 1, 0)


@pytest.mark.slow
def test_closing_waits_for_another_event_loop(fake: FakeIAM, url: str) -> None:
    session = from_tokens(fake)

    async def use(iam: AsyncIAMClient) -> None:
        with contextlib.suppress(ConfigurationError):  # closed when the call goes on
            await iam.users.get(1)

    iam = AsyncIAMClient(session, base_url=url)
    fake.clock.advance(hours=1)
    fake.inject(Delay(0.5), path=REFRESH)
    thread = threading.Thread(target=lambda: asyncio.run(use(iam)))
    thread.start()
    wait_for_request(fake, "iamRefreshToken")
    assert session.store.load() is None
    asyncio.run(asyncio.wait_for(iam.aclose(), 20))
    assert session.store.load() is not None
    thread.join()
    assert count_exchanges(fake) == (1, 1, 0)


FORK = """
import os, sys, threading
from gcore_iam import IAMClient, Session

session = Session("ada@example.com", "correct-horse-battery")
with IAMClient(session, base_url=sys.argv[1]) as iam:
    iam.users.get(1)
    held = threading.Event(); over = threading.Event()
    def hold():
        with session.mutex, session.store.lock():
            held.set(); over.wait()
    holder = threading.Thread(target=hold); holder.start(); held.wait()
    child = os.fork()
    if child == 0:
        again = Session("ada@example.com", "correct-horse-battery", store=session.store)  # has to look into the store
        print("child", iam.with_options(auth=again).users.get(1).id, flush=True)
        os._exit(0)
    over.set(); holder.join()
    assert os.waitpid(child, 0)[1] == 0
    print("parent", iam.users.get(1).id, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_has_its_own_connections_and_locks(fake: FakeIAM, url: str) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-X",
            "dev",
            "-W",
            "error",
            "-W",
            "ignore:.*multi-threaded:DeprecationWarning",
            "-c",
            FORK,
            url,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "child 1\nparent 1\n"
    assert run.stderr == ""
    assert fake.connections_opened == 2
