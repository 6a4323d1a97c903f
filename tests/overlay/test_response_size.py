"""`max_response_bytes` bounds the body of every response, before and after decompression."""

from __future__ import annotations

import gc
import gzip
import pickle
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from typing import Any, Self

import anyio
import httpx
import pytest
from gcore_iam import (
    APITimeoutError,
    AsyncIAMClient,
    BadRequestError,
    ConfigurationError,
    DecodeError,
    IAMClient,
    RateLimitError,
    ResponseTooLargeError,
    RetryPolicy,
    models,
)
from gcore_iam.testing import FakeIAM

from .conftest import ClientKind, ClientOptions, EitherClient, resolve
from .page_transport import run
from .raw_server import HEAD, drip, message, send, serve

LIMIT = 100_000
USER = {"id": 5, "email": "ada@example.com"}


def bomb(size: int, wbits: int = 31) -> bytes:
    """Compress a JSON text of blanks."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, wbits)
    step = min(size, 2**20)
    return b"".join([compressor.compress(b" " * step) for _ in range(size // step)]) + compressor.flush()


@cache
def build_huge() -> bytes:
    """Build 100 MB of blanks, compressed by gzip."""
    return bomb(100 * 2**20)


BOMBS: dict[str, Callable[[], tuple[bytes, str]]] = {
    "gzip": lambda: (build_huge(), "gzip"),
    "gzip of gzip": lambda: (gzip.compress(build_huge()), "gzip, gzip"),
    "deflate": lambda: (bomb(50 * 2**20, 15), "deflate"),
    "raw deflate": lambda: (bomb(50 * 2**20, -15), "deflate"),
    "gzip of blanks that a broken gzip hides": lambda: (
        gzip.compress(gzip.compress(b"{}") + b" " * 50 * 2**20),
        "gzip, gzip",
    ),
    "not compressed": lambda: (b" " * (LIMIT + 1), "identity"),
    "bytes after gzip": lambda: (gzip.compress(b"{}") + b" " * LIMIT, "gzip"),
}
"""By what hides the size: builds the body and its Content-Encoding."""


@pytest.mark.parametrize("kind", BOMBS)
def test_a_body_that_is_too_large_is_not_read_to_its_end(kind: str, client_kind: ClientKind) -> None:
    body, coding = BOMBS[kind]()
    with serve(send(message(body, f"Content-Encoding: {coding}"))) as (url, connections):
        tracemalloc.start()
        try:
            with pytest.raises(ResponseTooLargeError) as caught:
                client_kind.run(lambda iam: iam.users.get(1), "42_k", base_url=url, max_response_bytes=LIMIT)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 10_000_000
    assert connections.accepted == 1, "not retried"
    assert caught.value.max_response_bytes == LIMIT
    assert isinstance(caught.value, DecodeError)
    assert str(caught.value) == "iamGetUser: the body is larger than max_response_bytes (100000 bytes)"
    assert pickle.loads(pickle.dumps(caught.value)).max_response_bytes == LIMIT


def test_a_body_without_end_is_too_large_at_last(client_kind: ClientKind) -> None:
    endless = drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"100000\r\n" + b" " * 2**20 + b"\r\n", pause=0)
    with serve(endless) as (url, _), pytest.raises(ResponseTooLargeError):
        client_kind.run(lambda iam: iam.users.get(1), "42_k", base_url=url)


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
def test_an_error_response_that_is_too_large_keeps_its_status(coding: str, client_kind: ClientKind) -> None:
    body = build_huge() if coding == "gzip" else gzip.compress(build_huge())
    with (
        serve(send(message(body, f"Content-Encoding: {coding}", status="400 Bad"))) as (url, _),
        pytest.raises(BadRequestError) as caught,
    ):
        client_kind.run(lambda iam: iam.users.get(1), "42_k", base_url=url, max_response_bytes=LIMIT)
    assert caught.value.__notes__ == ["The body of this response is larger than max_response_bytes, and was dropped."]
    assert caught.value.body == ""


def test_a_too_large_error_response_is_retried_by_its_status(client_kind: ClientKind) -> None:
    responses = message(build_huge(), "Content-Encoding: gzip", "Retry-After: 7", status="429 Too Many Requests")
    waits: list[float] = []
    policy = RetryPolicy(2, sleep=waits.append)
    with serve(send(responses)) as (url, connections), pytest.raises(RateLimitError):
        client_kind.run(lambda iam: iam.users.get(1), "42_k", base_url=url, retries=policy, max_response_bytes=LIMIT)
    assert waits == [7, 7]
    assert connections.accepted == 3, "a connection whose body was not read is not used again"


def test_an_error_response_of_a_broken_coding_keeps_its_status(client_kind: ClientKind) -> None:
    with (
        serve(send(message(b"not gzip", "Content-Encoding: gzip", status="422 No"))) as (url, _),
        pytest.raises(BadRequestError) as caught,
    ):
        client_kind.run(lambda iam: iam.users.get(1), "42_k", base_url=url)
    assert caught.value.__notes__ == ["The body of this response cannot be decompressed, and was dropped."]


def test_a_write_with_a_too_large_response_says_it_is_done(client_kind: ClientKind) -> None:
    with (
        serve(send(message(build_huge(), "Content-Encoding: gzip"))) as (url, connections),
        pytest.raises(ResponseTooLargeError, match="the work is done"),
    ):
        client_kind.run(lambda iam: iam.tokens.create(1, "ci", "Users"), "42_k", base_url=url, max_response_bytes=LIMIT)
    assert connections.accepted == 1


@pytest.mark.parametrize("wbits", [15, -15, 31])
def test_a_compressed_body_is_read_as_before(wbits: int, client_kind: ClientKind) -> None:
    fake = FakeIAM([{"email": "ada@example.com", "name": "é" * 3000}])
    with fake.serve() as url:
        plain = httpx.get(f"{url}/iam/users/1", headers={"Authorization": f"APIKey {fake.api_key}"}).content
    compressor = zlib.compressobj(9, zlib.DEFLATED, wbits)
    body = compressor.compress(plain) + compressor.flush()
    coding = "gzip" if wbits == 31 else "deflate"
    with serve(send(message(body, f"Content-Encoding: {coding}"))) as (url, _):
        answer = client_kind.run(lambda iam: iam.with_raw_response.users.get(1), "42_k", base_url=url)
    assert answer.model.name == "é" * 3000
    assert answer.headers["content-encoding"] == coding, "what the server sent"


@pytest.mark.parametrize("size", [2**16 - 1, 2**16, 2**16 + 1, 2**17, 300_000])
@pytest.mark.parametrize("step", [1000, 10**6])
def test_a_body_comes_out_whole_however_it_is_cut(size: int, step: int) -> None:
    plain = bytes(range(256)) * (size // 256 + 1)
    plain = plain[:size]
    data = gzip.compress(gzip.compress(plain))

    class Parts(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return (data[start : start + step] for start in range(0, len(data), step))

    headers = {"content-encoding": "gzip", "Content-Type": "text/plain"}
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, stream=Parts(), headers=[*headers.items(), ("content-encoding", "gzip")])
    )
    with IAMClient("42_k", transport=transport, max_response_bytes=size) as iam:
        assert iam.api.get_httpx_client().get("/iam/users").content == plain


def test_the_last_bytes_of_a_large_body_are_decoded() -> None:
    """zlib may hold some back when it has read all of the input."""
    bodies: list[bytes] = []
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, stream=httpx.ByteStream(bodies[-1]), headers={"content-encoding": "deflate"})
    )
    with IAMClient("42_k", transport=transport) as iam:
        for size in range(2**16 - 5, 2**16 + 20):
            compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
            bodies.append(compressor.compress(b"[" + b" " * size + b"]") + compressor.flush())
            assert iam.tokens.list(1) == []


class EndlessBody(httpx.AsyncByteStream):
    """A body of a user's transport that never ends, not even when it is closed, and that nothing can cancel.

    Attributes:
        is_closed: Whether it was closed.
    """

    def __init__(self) -> None:
        self.is_closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        time.sleep(0.01)  # noqa: ASYNC251
        return b" "

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    ("max_bytes", "deadline", "error"), [(5, None, ResponseTooLargeError), (100, 0.05, APITimeoutError)]
)
def test_a_body_without_end_is_closed(
    max_bytes: int, deadline: float | None, error: type[Exception], backend: str
) -> None:
    """Its async generator is closed too, or trio would warn."""
    body = EndlessBody()

    async def main() -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=body))
        retries = RetryPolicy(0, deadline=deadline)
        async with AsyncIAMClient("42_k", transport=transport, retries=retries, max_response_bytes=max_bytes) as iam:
            with pytest.raises(error):
                await iam.users.get(1)
            gc.collect()
            assert body.is_closed

    anyio.run(main, backend=backend)


def test_a_checksum_that_is_wrong_is_not_taken_for_raw_deflate(client_kind: ClientKind) -> None:
    compressor = zlib.compressobj()
    first = compressor.compress(b"[") + compressor.flush(zlib.Z_SYNC_FLUSH)
    last = compressor.compress(b"]") + compressor.flush()
    parts = first, last[:-1] + bytes([last[-1] ^ 1])

    class Parts(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return iter(parts)

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for part in parts:
                yield part

    headers = {"content-encoding": "deflate"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Parts(), headers=headers))
    with pytest.raises(DecodeError, match="cannot be decompressed"):
        client_kind.run(lambda iam: iam.tokens.list(1), "42_k", transport=transport)


def test_codings_are_undone_from_the_last_to_the_first(client_kind: ClientKind) -> None:
    body = gzip.compress(zlib.compress(b"[]"))
    with serve(send(message(body, "Content-Encoding: deflate, gzip"))) as (url, _):
        assert client_kind.run(lambda iam: iam.tokens.list(1), "42_k", base_url=url) == []


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip, gzip", "gzip, br"])
def test_a_coding_that_was_not_asked_for_is_refused(coding: str, client_kind: ClientKind) -> None:
    with (
        serve(send(message(b"?", f"Content-Encoding: {coding}"))) as (url, _),
        pytest.raises(DecodeError, match="none of gzip, deflate"),
    ):
        client_kind.run(lambda iam: iam.users.get(1), "42_k", base_url=url)


def test_only_codings_that_can_be_bounded_are_asked_for(client_kind: ClientKind) -> None:
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["accept-encoding"])
        return httpx.Response(200, json=[])

    client_kind.run(lambda iam: iam.tokens.list(1), "42_k", transport=httpx.MockTransport(handle))
    assert seen == ["gzip, deflate"]


def test_a_body_of_exactly_the_bound_is_read(client_kind: ClientKind) -> None:
    body = b"[" + b" " * 998 + b"]"
    bounds: list[ClientOptions] = [{"max_response_bytes": 1000}, {"max_response_bytes": None}, {}]
    for bound in bounds:
        with serve(send(message(body))) as (url, _):
            options: ClientOptions = {**bound, "base_url": url}
            assert client_kind.run(lambda iam: iam.tokens.list(1), "42_k", **options) == []
    with serve(send(message(body))) as (url, _), pytest.raises(ResponseTooLargeError):
        client_kind.run(lambda iam: iam.tokens.list(1), "42_k", base_url=url, max_response_bytes=999)


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "1e3", "²"])
def test_a_length_that_cannot_be_read_is_none(length: str, client_kind: ClientKind) -> None:
    headers = [(b"content-length", length.encode())]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=httpx.ByteStream(b"[]"), headers=headers))
    assert client_kind.run(lambda iam: iam.tokens.list(1), "42_k", transport=transport) == []


def test_a_view_has_the_bound_of_its_client_or_its_own(client_kind: ClientKind) -> None:
    body = b"[" + b" " * 998 + b"]"
    views: list[tuple[Callable[[EitherClient], EitherClient], bool]] = [
        (lambda iam: iam.with_options(timeout=5), False),
        (lambda iam: iam.with_options(max_response_bytes=1000), True),
        (lambda iam: iam.with_options(max_response_bytes=None), True),
        (lambda iam: iam.with_options(max_response_bytes=1000).with_options(retries=0), True),
    ]
    for view, is_enough in views:
        with serve(send(message(body))) as (url, _):

            async def list_tokens(
                iam: EitherClient, view: Callable[[EitherClient], EitherClient] = view
            ) -> list[models.TokenResponse]:
                return await resolve(view(iam).tokens.list(1))

            if is_enough:
                assert run(client_kind, list_tokens, "42_k", base_url=url, max_response_bytes=10) == []
            else:
                with pytest.raises(ResponseTooLargeError):
                    run(client_kind, list_tokens, "42_k", base_url=url, max_response_bytes=10)


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "64", float("inf")])
def test_a_bound_that_is_no_number_of_bytes_is_refused(value: Any) -> None:
    for make in (IAMClient, AsyncIAMClient):
        with pytest.raises(ConfigurationError, match="max_response_bytes must be a whole number of bytes above 0"):
            make("42_k", max_response_bytes=value)
        with pytest.raises(ConfigurationError, match="max_response_bytes"):
            make("42_k").with_options(max_response_bytes=value)


def test_a_client_of_the_users_is_bounded_too() -> None:
    async def main(url: str) -> None:
        async with httpx.AsyncClient() as client:
            iam = AsyncIAMClient("42_k", base_url=url, http_client=client, max_response_bytes=LIMIT)
            await iam.users.get(1)

    for body, coding in (BOMBS["gzip"](), BOMBS["gzip of gzip"]()):
        with serve(send(message(body, f"Content-Encoding: {coding}"))) as (url, _):
            with httpx.Client() as client, pytest.raises(ResponseTooLargeError):
                IAMClient("42_k", base_url=url, http_client=client, max_response_bytes=LIMIT).users.get(1)
            for backend in ("asyncio", "trio"):
                with pytest.raises(ResponseTooLargeError):
                    anyio.run(main, url, backend=backend)


def test_a_response_that_a_transport_has_read_is_measured(client_kind: ClientKind) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b" " * 11))
    with pytest.raises(ResponseTooLargeError):
        client_kind.run(lambda iam: iam.users.get(1), "42_k", transport=transport, max_response_bytes=10)
