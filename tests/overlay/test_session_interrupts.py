"""An interrupted caller loses no refresh token: what the server issued is stored before the interrupt is raised."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import anyio
import httpx
import pytest
from gcore_iam import (
    AsyncIAMClient,
    ConfigurationError,
    FileTokenStore,
    IAMClient,
    IAMError,
    MemoryTokenStore,
    Session,
)
from gcore_iam._concurrency import shield as shield_module
from gcore_iam._concurrency.shield import complete, shield, shield_async
from gcore_iam.auth import TokenStore
from gcore_iam.testing import Delay, FakeIAM

from .raw_server import serve_users
from .session_server import EMAIL, PASSWORD, REFRESH, issue_pair

pytestmark = pytest.mark.serial
"""Signals and tracing would interrupt what else runs in the process, such as what reports to another one."""

SLOW = 0.4
"""Seconds that the server takes for a refresh."""


@pytest.fixture(autouse=True)
def _ctrl_c_raises() -> Iterator[None]:
    """Also where the shell has started the tests in the background, which ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Expired:
    """A session whose access token has expired, at a server whose next refresh is slow.

    Attributes:
        fake: The server.
        pair: The access token and the refresh token that the session was made of.
        session: The session.
        task: A task that a test keeps from the garbage collector.
    """

    def __init__(self, store: TokenStore | None = None) -> None:
        self.fake = FakeIAM([{"email": EMAIL, "groups": [{"id": 1}]}])
        self.pair = issue_pair(self.fake)
        self.session = Session.from_tokens(*self.pair, store=store)
        self.fake.clock.advance(hours=1)
        self.fake.inject(Delay(SLOW), path=REFRESH)
        self.task: asyncio.Task[Any] | None = None

    @property
    def has_begun(self) -> bool:
        return self.fake.calls["iamRefreshToken"] > 0

    def wait_for_refresh(self) -> None:
        end = time.monotonic() + 20
        while not self.has_begun and time.monotonic() < end:
            time.sleep(0.005)
        assert self.has_begun

    async def wait_for_refresh_async(self) -> None:
        with anyio.fail_after(20):
            while not self.has_begun:  # noqa: ASYNC110 - a thread counts
                await anyio.sleep(0.005)

    def interrupt(self) -> None:
        """Press Ctrl-C during the refresh."""

        def press() -> None:
            self.wait_for_refresh()
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=press).start()

    def check(self, url: str) -> None:
        """Assert that the pair was stored, by going on with it from the store alone."""
        assert self.session.store.load() is not None
        with IAMClient(self.session, base_url=url) as iam:
            assert iam.users.get(1).id == 1
        assert self.fake.calls["iamRefreshToken"] == 1


class NeighbourError(Exception):
    """Raised by a task beside the one that refreshes."""


async def scope_inside(expired: Expired, url: str) -> None:
    async with AsyncIAMClient(expired.session, base_url=url) as iam, anyio.create_task_group() as group:
        group.start_soon(iam.users.get, 1)
        await expired.wait_for_refresh_async()
        group.cancel_scope.cancel()


async def scope_around(expired: Expired, url: str) -> None:
    async def use() -> None:
        async with AsyncIAMClient(expired.session, base_url=url) as iam:
            await iam.users.get(1)

    async with anyio.create_task_group() as group:
        group.start_soon(use)
        await expired.wait_for_refresh_async()
        group.cancel_scope.cancel()


async def timeout_around(expired: Expired, url: str) -> None:
    with anyio.move_on_after(SLOW / 2):
        async with AsyncIAMClient(expired.session, base_url=url) as iam:
            await iam.users.get(1)
    await expired.wait_for_refresh_async()


async def failure_beside(expired: Expired, url: str) -> None:
    async def fail() -> None:
        await expired.wait_for_refresh_async()
        raise NeighbourError

    async def use() -> None:
        async with AsyncIAMClient(expired.session, base_url=url) as iam, anyio.create_task_group() as group:
            group.start_soon(iam.users.get, 1)
            group.start_soon(fail)

    with pytest.raises(ExceptionGroup):
        await use()


async def scope_around_unclosed_client(expired: Expired, url: str) -> None:
    iam = AsyncIAMClient(expired.session, base_url=url)
    async with anyio.create_task_group() as group:
        group.start_soon(iam.users.get, 1)
        await expired.wait_for_refresh_async()
        group.cancel_scope.cancel()
    assert expired.session.store.load() is not None
    await iam.aclose()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    "interrupt", [scope_inside, scope_around, timeout_around, failure_beside, scope_around_unclosed_client]
)
def test_a_cancelled_scope_loses_no_pair(backend: str, interrupt: Callable[[Expired, str], Awaitable[None]]) -> None:
    expired = Expired()
    with expired.fake.serve() as url:
        anyio.run(interrupt, expired, url, backend=backend)
        expired.check(url)


async def native_timeout(expired: Expired, url: str) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(SLOW / 2), AsyncIAMClient(expired.session, base_url=url) as iam:
            await iam.users.get(1)
    await expired.wait_for_refresh_async()


async def native_timeout_without_close(expired: Expired, url: str) -> None:
    iam = AsyncIAMClient(expired.session, base_url=url)
    with suppress(TimeoutError):
        await asyncio.wait_for(iam.users.get(1), SLOW / 2)


async def two_cancellations(expired: Expired, url: str) -> None:
    async def use() -> None:
        async with AsyncIAMClient(expired.session, base_url=url) as iam:
            await iam.users.get(1)

    task = asyncio.create_task(use())
    await expired.wait_for_refresh_async()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.02)
    with pytest.raises(asyncio.CancelledError):
        await task


async def task_left_behind(expired: Expired, url: str) -> None:
    expired.task = asyncio.create_task(AsyncIAMClient(expired.session, base_url=url).users.get(1))
    await expired.wait_for_refresh_async()


async def everything_cancelled(expired: Expired, url: str) -> None:
    iam = AsyncIAMClient(expired.session, base_url=url)
    task = asyncio.create_task(iam.users.get(1))
    await expired.wait_for_refresh_async()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert task in others
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    assert expired.session.store.load() is not None
    await iam.aclose()


async def closed_by_another_task(expired: Expired, url: str) -> None:
    iam = AsyncIAMClient(expired.session, base_url=url)
    task = asyncio.create_task(iam.users.get(1))
    await expired.wait_for_refresh_async()
    closing = asyncio.create_task(iam.aclose())
    await asyncio.sleep(0.02)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    with pytest.raises(ConfigurationError, match="closed"):
        await iam.users.get(1)
    with suppress(IAMError):
        await task


@pytest.mark.slow
@pytest.mark.parametrize(
    "interrupt",
    [
        native_timeout,
        native_timeout_without_close,
        two_cancellations,
        task_left_behind,
        everything_cancelled,
        closed_by_another_task,
    ],
)
@pytest.mark.parametrize("kind", ["memory", "file"])
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cancelled_asyncio_task_loses_no_pair(
    tmp_path: Path, kind: str, interrupt: Callable[[Expired, str], Coroutine[Any, Any, None]]
) -> None:
    expired = Expired(FileTokenStore(tmp_path / "tokens.json") if kind == "file" else None)
    with expired.fake.serve() as url:
        asyncio.run(interrupt(expired, url))
        expired.check(url)
    expired.task = None
    gc.collect()  # some of these clients are never closed, and their connections are reported here


@pytest.mark.slow
def test_a_cancelled_task_does_not_wait_for_the_lock() -> None:
    """Only the task that refreshes has to wait for the server."""
    expired = Expired()

    async def main(url: str) -> None:
        async with AsyncIAMClient(expired.session, base_url=url) as iam, anyio.create_task_group() as group:
            group.start_soon(iam.users.get, 1)
            await expired.wait_for_refresh_async()
            with anyio.move_on_after(0.01) as scope:
                await iam.users.get(1)
            assert scope.cancelled_caught
            assert expired.session.store.load() is None

    with expired.fake.serve() as url:
        anyio.run(main, url)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_closing_in_a_cancelled_scope_closes(backend: str) -> None:
    async def main(url: str) -> None:
        iam = AsyncIAMClient("42_k", base_url=url)
        with anyio.CancelScope() as scope:
            async with iam:
                await iam.users.get(1)
                scope.cancel()
        assert connections.wait_for_open(0)
        with pytest.raises(ConfigurationError, match="closed"):
            await iam.users.get(1)

    with serve_users() as (url, connections):
        anyio.run(main, url, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_closing_in_a_cancelled_scope_hides_no_error(backend: str) -> None:
    fake = FakeIAM(1)

    async def main() -> None:
        with anyio.CancelScope() as scope:
            async with AsyncIAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()):
                scope.cancel()
                raise NeighbourError

    with pytest.raises(NeighbourError):
        anyio.run(main, backend=backend)


# --- Ctrl-C ----------------------------------------------------------------------------------------------------------


def call(session: Session, url: str) -> None:
    with IAMClient(session, base_url=url) as iam:
        iam.users.get(1)


async def call_async(session: Session, url: str) -> None:
    async with AsyncIAMClient(session, base_url=url) as iam:
        await iam.users.get(1)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_ctrl_c_during_a_refresh_loses_no_pair(kind: str, tmp_path: Path) -> None:
    expired = Expired(FileTokenStore(tmp_path / "tokens.json"))
    with expired.fake.serve() as url:
        expired.interrupt()
        runs: dict[str, Callable[[], None]] = {
            "sync": lambda: call(expired.session, url),
            "asyncio": lambda: asyncio.run(call_async(expired.session, url)),
            "trio": lambda: anyio.run(call_async, expired.session, url, backend="trio"),
        }
        with pytest.raises(KeyboardInterrupt):
            runs[kind]()
        expired.check(url)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends SIGUSR1")
def test_a_signal_handler_that_raises_loses_no_pair() -> None:
    class AlarmError(Exception):
        pass

    def handle(number: int, frame: FrameType | None) -> None:
        raise AlarmError

    expired = Expired()
    before = signal.signal(signal.SIGUSR1, handle)
    try:
        with expired.fake.serve() as url:

            def ring_once() -> None:
                expired.wait_for_refresh()
                os.kill(os.getpid(), signal.SIGUSR1)

            ring = threading.Thread(target=ring_once)
            ring.start()
            with pytest.raises(AlarmError):
                call(expired.session, url)
            ring.join()
            expired.check(url)
    finally:
        signal.signal(signal.SIGUSR1, before)


class Server:
    """Issues pairs in process; each refresh token serves once."""

    def __init__(self) -> None:
        self.count = 0
        self.refresh = "r0"

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("refresh"):
            if self.refresh.encode() not in request.content:
                return httpx.Response(401, json={"errors": "Token is invalid"})
            self.count += 1
            self.refresh = f"r{self.count}"
            return httpx.Response(200, json={"access": f"a{self.count}", "refresh": self.refresh})
        if request.headers["authorization"] != f"Bearer a{self.count}":
            return httpx.Response(401, json={"errors": "expired"})
        return httpx.Response(200, json=[])


@pytest.mark.skipif(os.name != "posix", reason="sets a timer")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # within a callback of the collector
def test_ctrl_c_at_any_moment_loses_no_pair() -> None:
    """A real signal comes a little later in each run, from before the refresh until after it."""

    def press(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def run(seconds: float) -> None:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            iam.tokens.list(1)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    outcomes: list[tuple[bool, int]] = []
    before = signal.signal(signal.SIGALRM, press)
    try:
        for step in range(1, 400):
            server, store = Server(), MemoryTokenStore()
            session = Session.from_tokens("old", "r0", store=store)
            iam = IAMClient(session, base_url="http://localhost", transport=httpx.MockTransport(server.handle))
            was_interrupted = False
            try:
                run(step * 2e-5)
            except KeyboardInterrupt:
                was_interrupted = True
            for thread in threading.enumerate():
                if thread.name == "gcore-iam-exchange":
                    with suppress(RuntimeError):  # interrupted before it started
                        thread.join(10)
            stored = store.load()
            assert (stored.refresh if stored else "r0") == server.refresh, f"lost at step {step}"
            outcomes.append((was_interrupted, server.count))
            iam.tokens.list(1)  # no lock is left behind, and the refresh token is good
            assert server.count == 1
            iam.close()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert (True, 0) in outcomes


def test_python_does_not_exit_during_a_refresh() -> None:
    """The thread of the exchange is no daemon, so Python waits for it."""
    names: list[tuple[str, bool]] = []
    shield(lambda: names.append((threading.current_thread().name, threading.current_thread().daemon)))
    assert names == [("gcore-iam-exchange", False)]


EXIT = """
import sys, threading
from gcore_iam import FileTokenStore, IAMClient, Session

url, path, access, refresh = sys.argv[1:]
session = Session.from_tokens(access, refresh, store=FileTokenStore(path))
iam = IAMClient(session, base_url=url)
threading.Thread(target=iam.users.get, args=[1], daemon=True).start()
sys.stdin.readline()
"""


@pytest.mark.slow
def test_python_stores_the_pair_of_a_daemon_thread(tmp_path: Path) -> None:
    expired = Expired(FileTokenStore(tmp_path / "tokens.json"))
    with expired.fake.serve() as url:
        arguments = [sys.executable, "-c", EXIT, url, str(tmp_path / "tokens.json"), *expired.pair]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, text=True) as process:
            expired.wait_for_refresh()
            process.communicate("exit\n", timeout=60)
        assert process.returncode == 0
        expired.check(url)


def test_shielded_work_runs_where_no_thread_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert shield(lambda: 5) == 5


def test_shielded_work_raises_its_own_errors() -> None:
    def fail() -> None:
        raise RuntimeError("its own")

    with pytest.raises(RuntimeError, match="its own"):
        shield(fail)


def test_work_that_is_broken_off_is_done_again() -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        complete(work)
    assert len(calls) == 2


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_interrupted_caller_waits_a_bounded_time(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shield_module, "SHIELD_TIMEOUT", 0.05)
    ended: list[str] = []

    async def hang() -> None:
        try:
            await anyio.sleep(60)
        finally:
            ended.append("work")

    async def main() -> None:
        with anyio.move_on_after(0.01):
            await shield_async(hang)
        ended.append("caller")
        await anyio.sleep(0.05)

    began = time.monotonic()
    anyio.run(main, backend=backend)
    assert time.monotonic() - began < 30
    assert sorted(ended) == ["caller", "work"]


@pytest.mark.slow
def test_a_client_closed_by_another_thread_stores_the_pair() -> None:
    expired = Expired()
    with expired.fake.serve() as url, ThreadPoolExecutor(1) as pool:
        iam = IAMClient(expired.session, base_url=url)
        running = pool.submit(iam.users.get, 1)
        expired.wait_for_refresh()
        iam.close()
        assert expired.session.store.load() is not None
        assert isinstance(running.exception(20), IAMError | None)
        expired.check(url)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_a_password_change_that_is_interrupted_is_adopted(kind: str) -> None:
    fake = FakeIAM([{"email": EMAIL, "groups": [{"id": 1}]}])
    session = Session(EMAIL, PASSWORD)

    def interrupt() -> None:
        end = time.monotonic() + 20
        while not fake.calls["iamChangePassword"] and time.monotonic() < end:
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGINT)

    def change(url: str) -> None:
        with IAMClient(session, base_url=url) as iam:
            iam.users.change_password(1, PASSWORD, "n3w")

    async def change_async(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam:
            await iam.users.change_password(1, PASSWORD, "n3w")

    fake.inject(Delay(SLOW), path="/iam/users/{userId}/password")
    with fake.serve() as url:
        presser = threading.Thread(target=interrupt)
        presser.start()
        runs: dict[str, Callable[[], None]] = {
            "sync": lambda: change(url),
            "asyncio": lambda: anyio.run(change_async, url),
            "trio": lambda: anyio.run(change_async, url, backend="trio"),
        }
        with pytest.raises(KeyboardInterrupt):
            runs[kind]()
        presser.join()
        call(session, url)
        fake.clock.advance(hours=25)
        call(session, url)  # logs in with the new password
    assert fake.calls["iamLoginUser"] == 2
