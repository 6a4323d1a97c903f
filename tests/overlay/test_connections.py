"""The connections of each kind of client after an interrupt, a pause, a failure behind a proxy, and a fork."""

from __future__ import annotations

import os
import subprocess
import sys

import httpx
import pytest
from gcore_iam import APIConnectionError, APITimeoutError, AsyncIAMClient, ConfigurationError, DecodeError
from gcore_iam.aio import transport as aio_transport
from gcore_iam.sync import transport as sync_transport
from gcore_iam.testing import FakeIAM

from .conftest import AnyKindTransport, ClientKind, EitherClient, resolve
from .page_transport import run
from .raw_server import message, send, serve, serve_users


class LibraryTransport(AnyKindTransport):
    """Sends requests through the transport that a client of each kind has by default."""

    def __init__(self, client_kind: ClientKind) -> None:
        self._is_async = client_kind.is_async
        self._sync = sync_transport.ShardedTransport(httpx.create_ssl_context)
        self._async = aio_transport.AsyncShardedTransport(httpx.create_ssl_context)

    @property
    def pools(self) -> list[httpx.HTTPTransport] | list[httpx.AsyncHTTPTransport]:
        return self._async.pools if self._is_async else self._sync.pools

    def count_requests(self) -> list[int]:
        """Count the requests in flight of each pool."""
        return self._async.count_requests() if self._is_async else self._sync.count_requests()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._sync.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._async.handle_async_request(request)

    def close(self) -> None:
        self._sync.close()

    async def aclose(self) -> None:
        await self._async.aclose()


@pytest.fixture
def transport(client_kind: ClientKind) -> LibraryTransport:
    return LibraryTransport(client_kind)


def get_http(iam: EitherClient) -> httpx.Client | httpx.AsyncClient:
    """Get the httpx client of a client."""
    return iam.api.get_async_httpx_client() if isinstance(iam, AsyncIAMClient) else iam.api.get_httpx_client()


def test_an_interrupted_call_gives_up_only_its_pool(client_kind: ClientKind, transport: LibraryTransport) -> None:
    def interrupt(_: httpx.Response) -> None:
        raise KeyboardInterrupt

    async def interrupt_async(_: httpx.Response) -> None:
        raise KeyboardInterrupt

    async def use(iam: EitherClient) -> None:
        http = get_http(iam)
        with pytest.raises(httpx.ConnectError):
            await resolve(http.get("https://127.0.0.1:9/"))
        other_pools = transport.pools
        http.event_hooks = {"response": [interrupt_async if client_kind.is_async else interrupt]}
        with pytest.raises(KeyboardInterrupt):
            await resolve(iam.users.get(1))
        assert connections.wait_for_open(0)
        assert transport.pools == other_pools
        http.event_hooks = {}
        assert (await resolve(iam.users.get(2))).id == 2

    with serve_users() as (url, connections):
        run(client_kind, use, "42_k", base_url=url, transport=transport)


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_a_body_that_is_not_read_frees_its_connection(
    client_kind: ClientKind, transport: LibraryTransport, coding: str
) -> None:
    async def use(iam: EitherClient) -> None:
        with pytest.raises(DecodeError):
            await resolve(iam.users.get(1))
        assert transport.count_requests() == [0]

    with serve(send(message(b"?", f"Content-Encoding: {coding}"))) as (url, _):
        run(client_kind, use, "42_k", base_url=url, transport=transport)


def test_closing_a_view_leaves_its_client_open(client_kind: ClientKind, transport: LibraryTransport) -> None:
    async def use(iam: EitherClient) -> None:
        view = iam.with_options(timeout=5)
        assert (await resolve(view.users.get(1))).id == 1
        if isinstance(view, AsyncIAMClient):
            await view.aclose()
        else:
            view.close()
        with pytest.raises(ConfigurationError, match="closed"):
            await resolve(view.users.get(2))
        assert (await resolve(iam.users.get(2))).id == 2

    with serve_users() as (url, connections):
        run(client_kind, use, "42_k", base_url=url, transport=transport)
    assert connections.accepted == 1


class Clock:
    """Replaces the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the transports of both kinds of client."""
    clock = Clock()
    for module in (aio_transport, sync_transport):
        monkeypatch.setattr(module, "time", clock)
    return clock


def test_a_call_closes_pools_that_are_not_used(
    client_kind: ClientKind, transport: LibraryTransport, clock: Clock
) -> None:
    async def use(iam: EitherClient) -> None:
        http = get_http(iam)
        responses = [await resolve(http.send(http.build_request("GET", "/iam/users/1"), stream=True)) for _ in range(3)]
        for response in responses[1:]:
            await resolve(response.aread() if isinstance(http, httpx.AsyncClient) else response.read())
        assert connections.open == len(transport.pools) == 3
        clock.now += 6
        await resolve(iam.users.get(1))
        assert len(transport.pools) == 2, "one is used by the call, and the body of another one is not read yet"
        assert connections.wait_for_open(2)
        if isinstance(http, httpx.AsyncClient):
            await responses[0].aclose()
        else:
            responses[0].close()

    with serve_users() as (url, connections):
        run(client_kind, use, "42_k", base_url=url, transport=transport)


def test_a_pool_is_unused_from_its_last_response_on(
    client_kind: ClientKind, transport: LibraryTransport, clock: Clock
) -> None:
    async def use(iam: EitherClient) -> None:
        http = get_http(iam)
        responses = [await resolve(http.send(http.build_request("GET", "/iam/users/1"), stream=True)) for _ in range(2)]
        clock.now += 6
        for response in responses:
            if isinstance(http, httpx.AsyncClient):
                await response.aclose()
            else:
                response.close()
        await resolve(iam.users.get(1))
        assert len(transport.pools) == 2

    with serve_users() as (url, _):
        run(client_kind, use, "42_k", base_url=url, transport=transport)


def test_a_body_that_fails_to_close_frees_its_place(
    client_kind: ClientKind, transport: LibraryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(httpx.ByteStream):
        def close(self) -> None:
            raise httpx.CloseError("reset")

        async def aclose(self) -> None:
            raise httpx.CloseError("reset")

    def send(*_: object) -> httpx.Response:
        response = httpx.Response(200)
        response.stream = Broken(b"[]")
        return response

    async def send_async(*_: object) -> httpx.Response:
        return send()

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", send)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", send_async)
    request = httpx.Request("GET", "http://localhost/")

    async def close(stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> None:
        if isinstance(stream, httpx.AsyncByteStream):
            await stream.aclose()
        else:
            stream.close()

    async def use(_: EitherClient) -> None:
        if client_kind.is_async:
            stream = (await transport.handle_async_request(request)).stream
        else:
            stream = transport.handle_request(request).stream
        assert transport.count_requests() == [1]
        with pytest.raises(httpx.CloseError):
            await close(stream)
        assert transport.count_requests() == [0]

    run(client_kind, use, "42_k", base_url="http://localhost", transport=transport)


def test_a_handshake_that_fails_behind_a_proxy_frees_its_pool(
    client_kind: ClientKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (aio_transport, sync_transport):
        monkeypatch.setattr(module, "MAX_SHARDS", 1)
        monkeypatch.setattr(module, "SHARD_LIMITS", httpx.Limits(max_connections=1))

    async def use(iam: EitherClient) -> None:
        for _ in range(2):
            with pytest.raises(APIConnectionError) as caught:
                await resolve(iam.users.get(1))
            assert not isinstance(caught.value, APITimeoutError), "no request waits for a connection"

    with serve(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nno TLS")) as (url, _):
        monkeypatch.setenv("HTTPS_PROXY", url)
        run(client_kind, use, "42_k", base_url="https://iam.invalid", retries=0, timeout=5)


# --- fork ------------------------------------------------------------------------------------------------------------

IN_CHILD = """
import asyncio, os, sys, warnings
import gcore_iam, httpx
warnings.simplefilter("ignore", DeprecationWarning)
url, key = sys.argv[1:]

def print_in_child(work):
    child = os.fork()
    if child == 0:
        try:
            print("child", *work(), flush=True)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    print("parent", *work())
"""

OWN_CONNECTIONS = """
iam, iam_async = gcore_iam.IAMClient(key, base_url=url), gcore_iam.AsyncIAMClient(key, base_url=url)

async def use_async():
    http = iam_async.api.get_async_httpx_client()
    return (await iam_async.users.get(1)).id, (await http.get("/iam/users/1")).status_code

def use():
    return iam.users.get(1).id, iam.api.get_httpx_client().get("/iam/users/1").status_code, *asyncio.run(use_async())

use()
print_in_child(use)
"""

USERS_CONNECTIONS = """
own, own_async = httpx.Client(), httpx.AsyncClient()
iam = gcore_iam.IAMClient(key, base_url=url, http_client=own)
iam_async = gcore_iam.AsyncIAMClient(key, base_url=url, http_client=own_async)
print_in_child(lambda: (iam.api.get_httpx_client() is own, iam_async.api.get_async_httpx_client() is own_async))
"""

INHERITED_CONNECTIONS = """
import gc, weakref
iam, iam_async = gcore_iam.IAMClient(key, base_url=url), gcore_iam.AsyncIAMClient(key, base_url=url)
clients = [weakref.ref(iam.api.get_httpx_client()), weakref.ref(iam_async.api.get_async_httpx_client())]

def use():
    iam.users.get(1)
    asyncio.run(iam_async.users.get(1))
    gc.collect()
    return [client() is not None and not client().is_closed for client in clients]

print_in_child(use)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    ("program", "output"),
    [
        (OWN_CONNECTIONS, "1 200 1 200"),
        (USERS_CONNECTIONS, "True True"),
        (INHERITED_CONNECTIONS, "True True"),
    ],
    ids=["connections of the library", "http_client of the user", "connections of the parent"],
)
def test_both_clients_work_in_a_forked_child(fake: FakeIAM, url: str, program: str, output: str) -> None:
    """With new connections and the same credentials, or with the httpx client that the user has given.

    The child keeps the parent's connections open: collecting them would close them for the parent, too.
    """
    arguments = [sys.executable, "-c", IN_CHILD + program, url, fake.api_key]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == [f"child {output}", f"parent {output}"]
    assert done.stderr == ""
