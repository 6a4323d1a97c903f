"""The connections of a client: spread over pools, given back, and left to httpx where the environment names proxies."""

from __future__ import annotations

import contextlib
import gc
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import httpx
import pytest
from gcore_iam import APIConnectionError, AsyncIAMClient, IAMClient, RetryPolicy
from gcore_iam.aio.transport import MAX_SHARDS, SHARD_LIMITS, AsyncShardedTransport
from gcore_iam.sync import transport as sync_transport
from gcore_iam.sync.transport import ShardedTransport
from gcore_iam.testing import Delay, FakeIAM, Hang

from .conftest import ClientKind, connections_of

MANY = 40


@pytest.fixture
def fake() -> FakeIAM:
    return FakeIAM(100)


@pytest.fixture
def url(fake: FakeIAM) -> Iterator[str]:
    with fake.serve() as url:
        yield url


def pools_of(iam: Any) -> Any:
    return connections_of(iam).client._transport


def busy(transport: Any) -> list[int]:
    """Requests by pool."""
    counts: list[int] = transport.count_requests()
    return counts


def test_calls_one_after_the_other_have_one_connection(fake: FakeIAM, url: str, client_kind: ClientKind) -> None:
    async def slowly(iam: AsyncIAMClient) -> Any:
        for _ in range(20):
            await iam.users.get(1)
        return busy(pools_of(iam))

    def quickly(iam: IAMClient) -> Any:
        for _ in range(20):
            iam.users.get(1)
        return busy(pools_of(iam))

    opened = fake.connections_opened
    assert client_kind.run(slowly if client_kind.is_async else quickly, fake.api_key, base_url=url) == [0]
    assert fake.connections_opened == opened + 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_spread_evenly(fake: FakeIAM, url: str, backend: str) -> None:
    fake.inject(Delay(0.1), times=None)

    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url=url) as iam, anyio.create_task_group() as tasks:
            for _ in range(MANY):
                tasks.start_soon(iam.users.get, 1)
            await anyio.sleep(0.05)
            assert sorted(busy(pools_of(iam))) == [MANY // MAX_SHARDS] * MAX_SHARDS
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.05)
                assert busy(pools_of(iam)) == [0] * MAX_SHARDS

    anyio.run(main, backend=backend)


def test_threads_spread_evenly(fake: FakeIAM, url: str) -> None:
    fake.inject(Delay(0.3), times=None)
    with IAMClient(fake.api_key, base_url=url) as iam:
        threads = [threading.Thread(target=iam.users.get, args=[1]) for _ in range(MANY)]
        for thread in threads:
            thread.start()
        busiest = 0
        while any(thread.is_alive() for thread in threads):
            busiest = max(busiest, *busy(pools_of(iam)))
            threads[0].join(0.01)
        assert busiest <= MANY // MAX_SHARDS
        assert busy(pools_of(iam)) == [0] * len(pools_of(iam).pools)


def test_a_body_that_is_not_read_yet_holds_its_connection(fake: FakeIAM, url: str) -> None:
    headers = {"Authorization": f"APIKey {fake.api_key}"}
    with httpx.Client(transport=ShardedTransport(httpx.create_ssl_context), base_url=url, headers=headers) as client:
        transport: Any = client._transport
        with client.stream("GET", "/iam/users?limit=100") as first:
            assert busy(transport) == [1]
            with client.stream("GET", "/iam/users?limit=100") as second:
                assert busy(transport) == [1, 1]
                second.read()
                assert busy(transport) == [1, 0]
            first.read()
            first.close()
        assert busy(transport) == [0, 0]


def test_what_fails_gives_its_place_back(fake: FakeIAM, url: str, client_kind: ClientKind) -> None:
    async def fail(iam: AsyncIAMClient) -> list[int]:
        with pytest.raises(APIConnectionError):
            await iam.users.get(1)
        return busy(pools_of(iam))

    def fail_in_sync_code(iam: IAMClient) -> list[int]:
        with pytest.raises(APIConnectionError):
            iam.users.get(1)
        return busy(pools_of(iam))

    fake.inject(Hang(), times=None)
    for base_url in (url, "http://127.0.0.1:9"):
        call = fail if client_kind.is_async else fail_in_sync_code
        assert client_kind.run(call, fake.api_key, base_url=base_url, retries=0, timeout=0.1) == [0]


def test_no_more_connections_than_a_pool_has_room_for() -> None:
    assert SHARD_LIMITS.max_connections is not None
    assert SHARD_LIMITS.max_connections * MAX_SHARDS == 100


def test_closing_closes_every_connection(fake: FakeIAM, url: str) -> None:
    fake.inject(Delay(0.05), times=None)

    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url=url) as iam:
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(iam.users.get, 1)
            connections = [each for pool in pools_of(iam).pools for each in pool._pool.connections]
            assert len(connections) == 3
        assert all(each.is_closed() for each in connections)
        assert isinstance(pools_of(iam), AsyncShardedTransport)

    anyio.run(main)


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, client_kind: ClientKind) -> None:
    asked = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, format: str, *words: Any) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("NO_PROXY", "direct.invalid")
        options: dict[str, Any] = {"allow_http": True, "retries": 0}
        given = client_kind.run(lambda iam: iam.tokens.list(1), "42_k", base_url="http://iam.invalid", **options)
        with pytest.raises(APIConnectionError):
            client_kind.run(lambda iam: iam.tokens.list(1), "42_k", base_url="http://direct.invalid", **options)
        server.shutdown()
    assert given == []
    assert len(asked) == 1
    assert asked[0] == "http://iam.invalid/iam/v2/clients/1/tokens"


def test_a_response_is_freed_without_the_collector(fake: FakeIAM, url: str, client_kind: ClientKind) -> None:
    """A walk through many pages must not hold their bytes until a collection. No other test reads user 73."""

    def is_of_user_73(each: object) -> bool:
        # The property `request` raises for a response that has none yet, and other threads may be building one.
        request = vars(each).get("_request") if type(each) is httpx.Response else None
        return request is not None and request.url.path == "/iam/users/73"

    def bodies() -> int:
        return sum(is_of_user_73(each) for each in gc.get_objects())

    async def slowly(iam: AsyncIAMClient) -> int:
        for _ in range(5):
            await iam.users.get(73)
        return bodies()

    def quickly(iam: IAMClient) -> int:
        for _ in range(5):
            iam.users.get(73)
        return bodies()

    gc.collect()
    gc.disable()
    try:
        assert client_kind.run(slowly if client_kind.is_async else quickly, fake.api_key, base_url=url) == 0
    finally:
        gc.enable()


def test_pools_that_nobody_uses_any_more_are_closed(fake: FakeIAM, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """httpcore looks after idle connections of a pool when it gets a request, and after a burst most get none."""
    now = 1000.0

    class Clock:
        def monotonic(self) -> float:
            return now

    monkeypatch.setattr(sync_transport, "time", Clock())
    with httpx.Client(transport=ShardedTransport(httpx.create_ssl_context), base_url=url) as client:
        transport: Any = client._transport
        streams = [client.stream("GET", "/iam/users") for _ in range(4)]
        for stream in streams:
            stream.__enter__()
        burst = transport.pools
        assert len(burst) == 4
        now += 100
        for stream in streams[1:]:
            stream.__exit__(None, None, None)
        client.get("/iam/users")
        assert transport.pools == burst, "just used"
        now += 6
        client.get("/iam/users")
        assert len(transport.pools) == 2
        assert transport.pools[0] is burst[0], "its body is not read yet"
        assert [len(pool._pool.connections) for pool in burst[2:]] == [0, 0]
        streams[0].__exit__(None, None, None)


def test_plain_http_and_https_have_pools_of_their_own() -> None:
    asked = []

    def tls() -> ssl.SSLContext:
        asked.append(1)
        return httpx.create_ssl_context()

    with httpx.Client(transport=ShardedTransport(tls)) as client:
        transport: Any = client._transport
        with contextlib.suppress(httpx.ConnectError):
            client.get("http://127.0.0.1:9/")
        assert (len(transport.pools), asked) == (1, [])
        for _ in range(2):
            with contextlib.suppress(httpx.ConnectError):
                client.get("https://127.0.0.1:9/")
        assert (len(transport.pools), asked) == (2, [1])


class Recorder(httpx.BaseTransport, list[str]):
    """A transport that is empty at first, and so as good as False."""

    closed = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.append(request.url.path)
        return httpx.Response(200, json=[])

    def close(self) -> None:
        self.closed += 1


def test_a_transport_of_the_users_is_used_whatever_it_is_and_closed_once() -> None:
    recorder = Recorder()
    with IAMClient("42_k", base_url="http://127.0.0.1:9", transport=recorder) as iam:
        assert iam.tokens.list(1) == []
        iam.close()
    assert recorder == ["/iam/v2/clients/1/tokens"]
    assert recorder.closed == 1


def test_a_response_tells_how_long_it_took(fake: FakeIAM, url: str) -> None:
    for policy in (RetryPolicy(), RetryPolicy(deadline=10)):
        with IAMClient(fake.api_key, base_url=url, retries=policy) as iam:
            http = iam.api.get_httpx_client()
            assert http.get("/iam/users/1").elapsed.total_seconds() > 0
            with http.stream("GET", "/iam/users/1") as response:
                response.read()
            assert response.elapsed.total_seconds() > 0


def test_a_request_that_was_built_elsewhere_has_the_clients_timeouts(fake: FakeIAM) -> None:
    seen = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, json=[])

    transport = httpx.MockTransport(handle)
    with IAMClient("42_k", base_url="http://localhost", timeout=7, transport=transport) as iam:
        iam.api.get_httpx_client().send(httpx.Request("GET", "http://localhost/iam/users"))
    assert seen == [7]
