"""A deadline ends an attempt, whatever the server keeps sending."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
import pytest
from gcore_iam import AmbiguousOutcomeError, APITimeoutError, AsyncIAMClient, IAMClient, RetryPolicy, ServerError
from gcore_iam.testing import Delay, FakeIAM, Status

from .conftest import ClientKind
from .raw_server import HEAD, SECONDS, Respond, drip, message, send, serve, stay_silent

pytestmark = pytest.mark.slow

DEADLINE = 0.4
POLICY = RetryPolicy(0, deadline=DEADLINE)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
SLOW = {
    "nothing": stay_silent,
    "a body": drip(HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "a header": drip(HEAD + b"X-A: ", b"a"),
    "headers": drip(HEAD, b"X-A: a\r\n"),
    "interim responses": drip(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "a chunk extension": drip(CHUNKED + b"\r\n5;", b"a"),
    "trailers": drip(CHUNKED + b"\r\n2\r\n{}\r\n0\r\n", b"X-T: a\r\n"),
    "gzip without output": drip(
        CHUNKED + b"Content-Encoding: gzip\r\n\r\na\r\n\x1f\x8b\x08\x08\0\0\0\0\0\0\r\n", b"1\r\na\r\n"
    ),
    "an error body": drip(b"HTTP/1.1 500 Oops\r\nContent-Length: 100000\r\n\r\n", b" "),
    "an error header": drip(b"HTTP/1.1 404 Not Found\r\nX-A: ", b"a"),
}


class Stopwatch:
    """Fails when a `with` block takes nearly as long as a slow server goes on."""

    def __enter__(self) -> None:
        self._start = time.monotonic()

    def __exit__(self, *_: object) -> None:
        assert time.monotonic() - self._start < SECONDS - 2


def check_client_kinds(check: Callable[[ClientKind], None]) -> None:
    """Check each client kind, all at once: a test takes as long as its deadline."""

    def check_one(name: str) -> None:
        try:
            check(ClientKind(name))
        except BaseException as error:
            error.add_note(f"client kind: {name}")
            raise

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(check_one, ("sync", "asyncio", "trio")))


@pytest.mark.parametrize("kind", SLOW)
def test_a_deadline_ends_a_response_that_drips(kind: str) -> None:
    def check(client_kind: ClientKind) -> None:
        with (
            serve(SLOW[kind]) as (url, connections),
            Stopwatch(),
            pytest.raises(APITimeoutError, match=r"deadline of 0\.4 s has passed"),
        ):
            client_kind.run(lambda iam: iam.users.get(1), "42_k", base_url=url, retries=POLICY)
        assert connections.accepted == 1

    check_client_kinds(check)


@pytest.mark.parametrize("kind", ["a header", "a body", "trailers"])
def test_a_timed_out_connection_is_not_used_again(kind: str) -> None:
    def twice(iam: IAMClient) -> None:
        with pytest.raises(APITimeoutError):
            iam.users.get(1)
        iam.users.get(1)

    async def twice_async(iam: AsyncIAMClient) -> None:
        with pytest.raises(APITimeoutError):
            await iam.users.get(1)
        await iam.users.get(1)

    def check(client_kind: ClientKind) -> None:
        with serve(SLOW[kind]) as (url, connections), pytest.raises(APITimeoutError):
            client_kind.run_either(twice, twice_async, "42_k", base_url=url, retries=POLICY)
        assert connections.accepted == 2

    check_client_kinds(check)


def test_a_write_that_a_deadline_ends_is_ambiguous() -> None:
    def check(client_kind: ClientKind) -> None:
        with serve(SLOW["a header"]) as (url, connections), Stopwatch(), pytest.raises(AmbiguousOutcomeError):
            client_kind.run(
                lambda iam: iam.tokens.create(1, "ci", "Users"),
                "42_k",
                base_url=url,
                retries=RetryPolicy(deadline=DEADLINE),
            )
        assert connections.accepted == 1

    check_client_kinds(check)


@pytest.mark.parametrize("respond", [stay_silent, drip(b"\x16\x03\x03\x40\x00", b"a")], ids=["silent", "dripping"])
def test_a_deadline_ends_a_tls_handshake(respond: Respond) -> None:
    def check(client_kind: ClientKind) -> None:
        with serve(respond) as (url, connections), Stopwatch(), pytest.raises(APITimeoutError) as caught:
            client_kind.run(
                lambda iam: iam.users.get(1),
                "42_k",
                base_url=url.replace("http:", "https:"),
                retries=POLICY,
                timeout=60,
            )
        assert caught.value.sent is False
        assert connections.accepted == 1

    check_client_kinds(check)


# httpx leaves its generator of the request's body unfinished, of which trio warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_deadline_ends_a_request_that_is_not_read(client_kind: ClientKind) -> None:
    def read_slowly(connection: socket.socket) -> None:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            connection.recv(4096)
            time.sleep(0.02)

    name = "x" * 20_000_000
    with serve(read_slowly) as (url, _), Stopwatch(), pytest.raises(APITimeoutError):
        client_kind.run(lambda iam: iam.users.update(1, name=name), "42_k", base_url=url, retries=POLICY)


def test_a_deadline_ends_a_response_in_the_users_async_client() -> None:
    async def main(url: str) -> None:
        async with httpx.AsyncClient() as client:
            iam = AsyncIAMClient("42_k", base_url=url, http_client=client, retries=POLICY)
            await iam.users.get(1)

    for backend in ("asyncio", "trio"):
        with serve(SLOW["a header"]) as (url, _), Stopwatch(), pytest.raises(APITimeoutError):
            anyio.run(main, url, backend=backend)


def test_a_deadline_ends_a_body_in_the_users_sync_client() -> None:
    with serve(SLOW["a body"]) as (url, _), httpx.Client() as client, Stopwatch(), pytest.raises(APITimeoutError):
        IAMClient("42_k", base_url=url, http_client=client, retries=POLICY).users.get(1)


def test_a_cancelled_scope_of_the_caller_is_no_timeout_of_ours() -> None:
    async def main(url: str) -> bool:
        async with AsyncIAMClient("42_k", base_url=url, retries=RetryPolicy(deadline=30)) as iam:
            with anyio.move_on_after(0.2) as scope:
                await iam.users.get(1)
        return scope.cancelled_caught

    for backend in ("asyncio", "trio"):
        with serve(stay_silent) as (url, _), Stopwatch():
            assert anyio.run(main, url, backend=backend)


def test_the_time_of_an_attempt_counts_for_later_waits(fake: FakeIAM, url: str) -> None:
    """A first attempt of 1.2 s and a wait of 2 s do not fit into 3 s."""
    fake.inject(Delay(1.2), Status(503, retry_after=2), times=None)

    def check(client_kind: ClientKind) -> None:
        waits: list[float] = []
        policy = RetryPolicy(deadline=3, sleep=waits.append)
        with pytest.raises(ServerError) as caught:
            client_kind.run(lambda iam: iam.users.get(1), fake.api_key, base_url=url, retries=policy)
        assert (waits, caught.value.attempts) == ([], 1)

    check_client_kinds(check)


def test_an_earlier_deadline_does_not_bound_a_later_call(client_kind: ClientKind) -> None:
    body = b'{"message": "no"}'
    with serve(send(message(body, "Connection: close", status="404 Not Found"))) as (url, _):

        def both(iam: IAMClient) -> None:
            with pytest.raises(LookupError):
                iam.with_options(retries=RetryPolicy(deadline=0.05)).users.get(1)
            time.sleep(0.1)
            iam.users.get(1)

        async def both_async(iam: AsyncIAMClient) -> None:
            with pytest.raises(LookupError):
                await iam.with_options(retries=RetryPolicy(deadline=0.05)).users.get(1)
            await anyio.sleep(0.1)
            await iam.users.get(1)

        with pytest.raises(LookupError):
            client_kind.run_either(both, both_async, "42_k", base_url=url)
