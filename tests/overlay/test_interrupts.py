"""Calls that are interrupted or cancelled in the middle leave a client behind that works."""

from __future__ import annotations

import dis
import inspect
import linecache
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import anyio
import anyio.lowlevel
import gcore_iam
import httpx
import pytest
from gcore_iam import AmbiguousOutcomeError, APIConnectionError, AsyncIAMClient, ConfigurationError, IAMClient
from gcore_iam.aio import transport as aio_transport
from gcore_iam.sync import transport as sync_transport
from gcore_iam.testing import Delay, FakeIAM

from .conftest import AnyKindTransport, ClientKind
from .raw_server import serve_users

pytestmark = pytest.mark.serial
"""Signals and tracing would interrupt what else runs in the process, such as what reports to another one."""

MODULES = ("/httpcore/_sync/", "/httpcore/_trace", "/h11/", "/httpx/_transports/", "/gcore_iam/sync/", "/gcore_iam/_")


class Interrupt:
    """Raises KeyboardInterrupt at the n-th line of the code that carries a request."""

    def __init__(self, line: int) -> None:
        self._left = line
        self.place = ""

    def __enter__(self) -> None:
        self._before = sys.gettrace()
        sys.settrace(self._enter)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _enter(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._count if any(module in frame.f_code.co_filename for module in MODULES) else None

    def _count(self, frame: FrameType, event: str, argument: object) -> Any:
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        # No signal is handled between the end of a `with` block and its exit, where tracing would interrupt, too.
        if event == "line" and not line.lstrip().startswith("with "):
            self._left -= 1
            if self._left == 0:
                self.place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                sys.settrace(self._before)
                raise KeyboardInterrupt
        return self._count


@pytest.fixture
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client has one connection: if a call loses it, the next one times out."""
    for module in (aio_transport, sync_transport):
        monkeypatch.setattr(module, "MAX_SHARDS", 1)
        monkeypatch.setattr(module, "SHARD_LIMITS", httpx.Limits(max_connections=1))


@pytest.mark.usefixtures("_one_connection")
@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_client_works_after_an_interrupt_at_any_line(first: int) -> None:
    """Of about 2,000 lines, every 21st in three rounds; then the next call works, and no connection is lost."""
    interrupted = 0
    with serve_users() as (url, connections):
        for line in range(first * 7, 5000, 21):
            with IAMClient("42_k", base_url=url, retries=0, timeout=10) as iam:
                iam.users.get(1)
                interrupt = Interrupt(line)
                try:
                    with interrupt:
                        iam.users.get(2)
                except KeyboardInterrupt:
                    interrupted += 1
                if not interrupt.place:
                    break
                assert iam.users.get(3).id == 3, interrupt.place
                assert connections.wait_for_open(1), interrupt.place
    assert interrupted > 50


@pytest.mark.usefixtures("_one_connection")
def test_an_interrupt_leaves_other_requests_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that an interrupted request has used is closed when its last request has ended."""
    for module in (aio_transport, sync_transport):
        monkeypatch.setattr(module, "SHARD_LIMITS", httpx.Limits(max_connections=2))

    def interrupt(response: httpx.Response) -> None:
        raise KeyboardInterrupt

    with serve_users() as (url, connections), IAMClient("42_k", base_url=url, retries=0) as iam:
        http = iam.api.get_httpx_client()
        with http.stream("GET", "/iam/users/1") as response:
            http.event_hooks = {"response": [interrupt]}
            with pytest.raises(KeyboardInterrupt):
                iam.users.get(2)
            http.event_hooks = {}
            assert iam.users.get(3).id == 3
            assert connections.accepted == 3, "the pool of the interrupted request is not used again"
            assert response.read(), "the first request goes on"
        assert connections.wait_for_open(1)
        assert iam.users.get(3).id == 3
        assert connections.accepted == 3


@pytest.mark.usefixtures("_one_connection")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_client_works_after_a_cancellation_at_any_step(backend: str) -> None:
    async def main() -> None:
        transport = aio_transport.AsyncShardedTransport(httpx.create_ssl_context)
        with serve_users() as (url, connections):
            async with AsyncIAMClient("42_k", base_url=url, retries=0, timeout=10, transport=transport) as iam:
                for steps in range(60):
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(iam.users.get, 2)
                        for _ in range(steps):
                            await anyio.lowlevel.checkpoint()
                            time.sleep(0.0001)  # noqa: ASYNC251 - the response comes meanwhile
                        tasks.cancel_scope.cancel()
                    assert (await iam.users.get(3)).id == 3
                    assert connections.wait_for_open(1)
                    if steps % 2:
                        await transport.aclose()  # the next one starts with connecting

    anyio.run(main, backend=backend)


class SlowToClose(httpx.AsyncHTTPTransport):
    """A transport that takes its time to close."""

    is_closed = False

    async def aclose(self) -> None:
        await anyio.sleep(0.01)
        await super().aclose()
        self.is_closed = True


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("is_slow", [False, True])
def test_a_client_is_closed_within_a_cancelled_scope(backend: str, is_slow: bool) -> None:
    transport = SlowToClose() if is_slow else None

    async def main(url: str) -> None:
        iam = AsyncIAMClient("42_k", base_url=url, transport=transport)
        with anyio.CancelScope() as scope:
            async with iam:
                await iam.users.get(1)
                scope.cancel()
                await anyio.sleep(5)
        with pytest.raises(ConfigurationError, match="closed"):
            await iam.users.get(1)
        assert connections.wait_for_open(0), "before the event loop ends"

    with serve_users() as (url, connections):
        anyio.run(main, url, backend=backend)
    assert transport is None or transport.is_closed


class Broken(AnyKindTransport):
    """A transport that fails with an exception that httpx does not know."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise self._error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise self._error


def build_foreign_errors() -> list[Exception]:
    import h11
    import httpcore

    return [
        h11.LocalProtocolError("Authorization: APIKey 42_k3y"),
        h11.RemoteProtocolError("Authorization: APIKey 42_k3y"),
        httpcore.ConnectionNotAvailable("42_k3y"),
        anyio.ClosedResourceError("42_k3y"),
        httpx.StreamConsumed(),
        BrokenPipeError("42_k3y"),
        EOFError("42_k3y"),
    ]


@pytest.mark.parametrize("error", build_foreign_errors(), ids=lambda error: type(error).__name__)
def test_foreign_errors_of_a_transport_become_ours(error: Exception, client_kind: ClientKind) -> None:
    calls: list[tuple[Callable[[Any], Any], type[Exception]]] = [
        (lambda iam: iam.users.get(1), APIConnectionError),
        (lambda iam: iam.tokens.create(1, "ci", "Users"), AmbiguousOutcomeError),
    ]
    for call, expected in calls:
        with pytest.raises(expected) as caught:
            client_kind.run(call, "42_k3y", transport=Broken(error), retries=0)
        assert "42_k3y" not in f"{caught.value!r} {caught.value}"


def test_errors_of_other_code_are_left_alone(client_kind: ClientKind) -> None:
    for error in (AssertionError("of a test"), TypeError("of a hook"), RuntimeError("of the user")):
        with pytest.raises(type(error), match=str(error)):
            client_kind.run(lambda iam: iam.users.get(1), "42_k", transport=Broken(error), retries=0)


@pytest.mark.slow
def test_an_interrupt_while_the_server_works_is_raised_at_once(fake: FakeIAM, url: str) -> None:
    import signal

    fake.inject(Delay(5))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with IAMClient(fake.api_key, base_url=url, retries=0) as iam:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(KeyboardInterrupt):
                iam.users.get(1)
            assert iam.users.get(2).id == 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _list_code(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _list_code(constant)


def _find_unprotected_jumps(code: CodeType) -> Iterator[int]:
    """Find the lines of loops whose `except`, `finally` or `with` is skipped if Ctrl-C comes between two turns."""
    bytecode: Any = dis.Bytecode(code)  # its `exception_entries` are missing in typeshed
    names = {instruction.offset: instruction.opname for instruction in bytecode}
    table: list[Any] = vars(bytecode)["exception_entries"]  # typeshed does not have it

    def find_handlers(offset: int) -> set[int]:
        entries = [entry for entry in table if entry.start <= offset < entry.end]
        return {entry.target for entry in entries if names[entry.target] == "PUSH_EXC_INFO"}

    for condition, jump in pairwise(item for item in bytecode if item.opname != "EXTENDED_ARG"):
        is_loop = condition.opname.startswith("POP_JUMP") and jump.opname == "JUMP_BACKWARD"
        if is_loop and find_handlers(condition.offset) - find_handlers(jump.offset):
            yield code.co_firstlineno


@pytest.mark.parametrize("folder", ["sync", "_concurrency", "auth", "pagination"])
def test_no_loop_leaves_the_try_around_it(folder: str) -> None:
    """CPython 3.12 and 3.13 compile some jumps so that an exception in them passes by `except` and `finally`."""
    found: list[str] = []
    for path in (Path(gcore_iam.__file__).parent / folder).rglob("*.py"):
        for code in _list_code(compile(path.read_text("utf-8"), str(path), "exec")):
            if not code.co_flags & (
                inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
            ):  # there, Ctrl-C cancels the task
                found += [f"{path.name}:{line} {code.co_name}" for line in _find_unprotected_jumps(code)]
    assert found == []
