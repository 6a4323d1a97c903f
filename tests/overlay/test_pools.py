"""The connections of a client: spread over pools, given back, and left to httpx where the environment names proxies."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ssl
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio
import httpx
import pytest
from gcore_iam import APIConnectionError, AsyncIAMClient, IAMClient, RetryPolicy
from gcore_iam._concurrency.event_loops import LoopLocal
from gcore_iam.aio.transport import MAX_SHARDS, SHARD_LIMITS, AsyncShardedTransport
from gcore_iam.sync import transport as sync_transport
from gcore_iam.sync.transport import ShardedTransport
from gcore_iam.testing import FakeIAM, Hang

from .conftest import AnyKindTransport, ClientKind
from .page_transport import wait_until, wait_until_async
from .raw_server import serve_users

MANY = 40

pytestmark = pytest.mark.fake_iam(100)


class PoolWatcher:
    """Counts the requests in flight of each pool of a client: each is a transport of httpx.

    Attributes:
        in_flight: Requests by pool.
        is_held: Whether requests wait.
    """

    def __init__(self) -> None:
        self.in_flight: Counter[int] = Counter()
        self.is_held = threading.Event()
        self.is_held.set()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def count(self, pool: object) -> Iterator[None]:
        """Count a request."""
        with self._lock:
            self.in_flight[id(pool)] += 1
        try:
            yield
        finally:
            with self._lock:
                self.in_flight[id(pool)] -= 1


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> PoolWatcher:
    """Watches httpx's transports and holds their requests, as tools for tests and tracing do."""
    watcher = PoolWatcher()
    send, send_async = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def handle(pool: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        with watcher.count(pool):
            assert wait_until(lambda: not watcher.is_held.is_set())
            return send(pool, request)

    async def handle_async(pool: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        with watcher.count(pool):
            await wait_until_async(lambda: not watcher.is_held.is_set())
            return await send_async(pool, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle_async)
    return watcher


def test_calls_one_after_the_other_have_one_connection(fake: FakeIAM, url: str, client_kind: ClientKind) -> None:
    def use(iam: IAMClient) -> None:
        for _ in range(20):
            iam.users.get(1)

    async def use_async(iam: AsyncIAMClient) -> None:
        for _ in range(20):
            await iam.users.get(1)

    client_kind.run_either(use, use_async, fake.api_key, base_url=url)
    assert fake.connections_opened == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_spread_evenly(fake: FakeIAM, url: str, backend: str, watcher: PoolWatcher) -> None:
    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url=url) as iam, anyio.create_task_group() as tasks:
            for _ in range(MANY):
                tasks.start_soon(iam.users.get, 1)
            await wait_until_async(lambda: watcher.in_flight.total() == MANY)
            assert list(watcher.in_flight.values()) == [MANY // MAX_SHARDS] * MAX_SHARDS
            watcher.is_held.clear()

    anyio.run(main, backend=backend)


@pytest.mark.slow
def test_threads_that_open_the_first_pool_together_share_it() -> None:
    built: list[Recorder] = []

    def build() -> Recorder:
        time.sleep(0.02)  # the other thread calls `open` during this time
        built.append(Recorder())
        return built[-1]

    values = LoopLocal(build)
    with ThreadPoolExecutor(2) as executor:
        opened = list(executor.map(lambda _: values.open(), range(2)))
    assert opened[0] is opened[1] is built[0]
    assert len(built) == 1


def test_threads_spread_evenly(fake: FakeIAM, url: str, watcher: PoolWatcher) -> None:
    with IAMClient(fake.api_key, base_url=url) as iam:
        threads = [threading.Thread(target=iam.users.get, args=[1]) for _ in range(MANY)]
        for thread in threads:
            thread.start()
        assert wait_until(lambda: watcher.in_flight.total() == MANY)
        assert list(watcher.in_flight.values()) == [MANY // MAX_SHARDS] * MAX_SHARDS
        watcher.is_held.clear()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_tasks_give_their_place_back(fake: FakeIAM, url: str, backend: str) -> None:
    fake.inject(Hang(), times=None)
    transport = AsyncShardedTransport(httpx.create_ssl_context)

    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url=url, transport=transport) as iam:
            async with anyio.create_task_group() as tasks:
                for _ in range(MANY):
                    tasks.start_soon(iam.users.get, 1)
                await wait_until_async(lambda: fake.peak_concurrency == MANY)
                tasks.cancel_scope.cancel()
            assert transport.count_requests() == [0] * MAX_SHARDS

    anyio.run(main, backend=backend)


def test_a_body_that_is_not_read_yet_holds_its_connection(fake: FakeIAM, url: str) -> None:
    headers = {"Authorization": f"APIKey {fake.api_key}"}
    transport = ShardedTransport(httpx.create_ssl_context)
    with httpx.Client(transport=transport, base_url=url, headers=headers) as client:
        with client.stream("GET", "/iam/users?limit=100") as first:
            assert transport.count_requests() == [1]
            with client.stream("GET", "/iam/users?limit=100") as second:
                assert transport.count_requests() == [1, 1]
                second.read()
                assert transport.count_requests() == [1, 0]
            first.read()
            first.close()
        assert transport.count_requests() == [0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("is_rejected", [True, False])
def test_what_fails_gives_its_place_back(fake: FakeIAM, url: str, client_kind: ClientKind, is_rejected: bool) -> None:
    fake.inject(Hang(), times=None)
    transport = ShardedTransport(httpx.create_ssl_context)
    transport_async = AsyncShardedTransport(httpx.create_ssl_context)

    class BothTransport(AnyKindTransport):
        """One transport for each kind of client."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return transport.handle_request(request)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await transport_async.handle_async_request(request)

        def close(self) -> None:
            transport.close()

        async def aclose(self) -> None:
            await transport_async.aclose()

    def fail(iam: IAMClient) -> list[int]:
        with pytest.raises(APIConnectionError):
            iam.users.get(1)
        return transport.count_requests()

    async def fail_async(iam: AsyncIAMClient) -> list[int]:
        with pytest.raises(APIConnectionError):
            await iam.users.get(1)
        return transport_async.count_requests()

    base_url = "http://127.0.0.1:9" if is_rejected else url
    counts = client_kind.run_either(
        fail, fail_async, "42_k", base_url=base_url, retries=0, timeout=0.1, transport=BothTransport()
    )
    assert counts == [0]


def test_no_more_connections_than_a_pool_has_room_for() -> None:
    assert SHARD_LIMITS.max_connections is not None
    assert SHARD_LIMITS.max_connections * MAX_SHARDS == 100


def test_closing_closes_every_connection(watcher: PoolWatcher) -> None:
    async def main(url: str) -> None:
        async with AsyncIAMClient("42_k", base_url=url) as iam:
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(iam.users.get, 1)
                await wait_until_async(lambda: watcher.in_flight.total() == 3)
                watcher.is_held.clear()
            assert connections.open == 3
        assert connections.wait_for_open(0), "before the event loop ends"

    with serve_users() as (url, connections):
        asyncio.run(main(url))


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, client_kind: ClientKind) -> None:
    urls: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            urls.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, format: str, *words: object) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("NO_PROXY", "direct.invalid")
        given = client_kind.run(
            lambda iam: iam.tokens.list(1), "42_k", base_url="http://iam.invalid", allow_http=True, retries=0
        )
        with pytest.raises(APIConnectionError):
            client_kind.run(
                lambda iam: iam.tokens.list(1), "42_k", base_url="http://direct.invalid", allow_http=True, retries=0
            )
        server.shutdown()
    assert given == []
    assert urls == ["http://iam.invalid/iam/v2/clients/1/tokens"]


def test_a_response_is_freed_without_the_collector(fake: FakeIAM, url: str, client_kind: ClientKind) -> None:
    """A walk through many pages must not hold their bytes until a collection."""
    responses: list[weakref.ref[httpx.Response]] = []

    def remember(response: httpx.Response) -> None:
        responses.append(weakref.ref(response))

    async def remember_async(response: httpx.Response) -> None:
        remember(response)

    def use(iam: IAMClient) -> None:
        iam.api.get_httpx_client().event_hooks = {"response": [remember]}
        for _ in range(5):
            iam.users.get(1)

    async def use_async(iam: AsyncIAMClient) -> None:
        iam.api.get_async_httpx_client().event_hooks = {"response": [remember_async]}
        for _ in range(5):
            await iam.users.get(1)

    gc.collect()
    gc.disable()
    try:
        client_kind.run_either(use, use_async, fake.api_key, base_url=url)
        assert [response() for response in responses] == [None] * 5
    finally:
        gc.enable()


def test_unused_pools_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """httpcore looks after idle connections of a pool when it gets a request, and after a burst most get none."""
    now = 1000.0

    class Clock:
        def monotonic(self) -> float:
            return now

    monkeypatch.setattr(sync_transport, "time", Clock())
    transport = ShardedTransport(httpx.create_ssl_context)
    with serve_users() as (url, connections), httpx.Client(transport=transport, base_url=url) as client:
        streams = [client.stream("GET", "/iam/users/1") for _ in range(4)]
        for stream in streams:
            stream.__enter__()
        burst = transport.pools
        assert len(burst) == connections.open == 4
        now += 100
        for stream in streams[1:]:
            stream.__exit__(None, None, None)
        client.get("/iam/users/1")
        assert transport.pools == burst, "just used"
        now += 6
        client.get("/iam/users/1")
        assert len(transport.pools) == 2
        assert transport.pools[0] is burst[0], "its body is not read yet"
        assert connections.wait_for_open(2)
        streams[0].__exit__(None, None, None)


def test_plain_http_and_https_have_pools_of_their_own() -> None:
    contexts: list[ssl.SSLContext] = []

    def get_tls() -> ssl.SSLContext:
        contexts.append(httpx.create_ssl_context())
        return contexts[-1]

    transport = ShardedTransport(get_tls)
    with httpx.Client(transport=transport) as client:
        with contextlib.suppress(httpx.ConnectError):
            client.get("http://127.0.0.1:9/")
        assert (len(transport.pools), len(contexts)) == (1, 0)
        for _ in range(2):
            with contextlib.suppress(httpx.ConnectError):
                client.get("https://127.0.0.1:9/")
        assert (len(transport.pools), len(contexts)) == (2, 1)


class Recorder(httpx.BaseTransport, list[str]):
    """A transport that is empty at first, and so as good as False."""

    closed = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.append(request.url.path)
        return httpx.Response(200, json=[])

    def close(self) -> None:
        self.closed += 1


def test_a_transport_of_the_users_is_used_and_closed_once() -> None:
    recorder = Recorder()
    with IAMClient("42_k", base_url="http://127.0.0.1:9", transport=recorder) as iam:
        assert iam.tokens.list(1) == []
        iam.close()
    assert recorder == ["/iam/v2/clients/1/tokens"]
    assert recorder.closed == 1


def test_a_response_has_its_elapsed_time(fake: FakeIAM, url: str) -> None:
    for policy in (RetryPolicy(), RetryPolicy(deadline=10)):
        with IAMClient(fake.api_key, base_url=url, retries=policy) as iam:
            http = iam.api.get_httpx_client()
            assert http.get("/iam/users/1").elapsed.total_seconds() > 0
            with http.stream("GET", "/iam/users/1") as response:
                response.read()
            assert response.elapsed.total_seconds() > 0


def test_a_request_built_elsewhere_has_the_clients_timeouts() -> None:
    seen: list[float] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, json=[])

    transport = httpx.MockTransport(handle)
    with IAMClient("42_k", base_url="http://localhost", timeout=7, transport=transport) as iam:
        iam.api.get_httpx_client().send(httpx.Request("GET", "http://localhost/iam/users"))
    assert seen == [7]
