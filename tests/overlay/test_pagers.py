"""What a pager of each kind of client offers beside its items, and how an iteration ends."""

from __future__ import annotations

import contextlib
import gc
import threading
import weakref
from collections.abc import AsyncIterator
from operator import length_hint

import anyio
import httpx
import pytest
from gcore_iam import AsyncIAMClient, ConfigurationError, IAMClient, PaginationError
from gcore_iam._concurrency.iteration import AsyncItems
from gcore_iam.testing import FakeIAM

from .conftest import ClientKind, ClientOptions, EitherClient, resolve
from .page_transport import PageTransport, run, take, wait_until_async

USERS = 25

pytestmark = pytest.mark.fake_iam(USERS)


@pytest.fixture
def connection(fake: FakeIAM) -> ClientOptions:
    """The arguments that lead a client to the server, in process."""
    return {"base_url": "http://localhost", "transport": fake.transport()}


def test_the_first_item_after_a_checkpoint(client_kind: ClientKind, fake: FakeIAM, connection: ClientOptions) -> None:
    async def use(iam: EitherClient) -> None:
        users = iam.users.list(page_size=10)
        *_, last = await take(users, 13)
        rest = iam.users.list(resume=users.checkpoint())
        first = await resolve(rest.first())
        assert first is not None
        assert first.id == last.id + 1

    run(client_kind, use, fake.api_key, **connection)


def test_the_first_page_sets_the_length_hint(client_kind: ClientKind, fake: FakeIAM, connection: ClientOptions) -> None:
    async def use(iam: EitherClient) -> None:
        users = iam.users.list(page_size=10, start=3)
        assert length_hint(users, -1) == -1
        await take(users, 13)
        assert length_hint(users, -1) == USERS - 3
        assert length_hint(iam.users.list(resume=users.checkpoint()), -1) == -1
        some = iam.users.list(max_items=4)
        await resolve(some.total())
        assert length_hint(some, -1) == 4

    run(client_kind, use, fake.api_key, **connection)


def test_a_page_is_freed_before_the_next_one_comes(client_kind: ClientKind, fake: FakeIAM) -> None:
    read: list[weakref.ref[object]] = []
    kept: list[int] = []
    server = fake.transport()

    def respond(request: httpx.Request) -> httpx.Response:
        gc.collect()
        kept.append(sum(page() is not None for page in read))
        return server.handle_request(request)

    async def use(iam: EitherClient) -> None:
        pages = iam.users.list(page_size=10).pages()
        for _ in range(3):
            page = await anext(pages) if isinstance(pages, AsyncIterator) else next(pages)
            read.append(weakref.ref(page))
            del page

    run(client_kind, use, fake.api_key, base_url="http://localhost", transport=httpx.MockTransport(respond))
    assert kept == [0, 0, 0]


def test_a_server_may_send_no_total(client_kind: ClientKind) -> None:
    async def use(iam: EitherClient) -> None:
        with pytest.raises(PaginationError, match="does not say how many"):
            await resolve(iam.users.list().total())

    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"results": []}))
    run(client_kind, use, "42_k", base_url="http://localhost", transport=transport)


def test_an_error_of_other_code_ends_an_iteration(client_kind: ClientKind) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise LookupError("of the user's transport")

    async def use(iam: EitherClient) -> None:
        pages = iam.users.list().pages()
        with pytest.raises(LookupError, match="of the user's transport"):
            await resolve(pages.advance())
        assert await resolve(pages.advance()) is None

    run(client_kind, use, "42_k", base_url="http://localhost", transport=httpx.MockTransport(fail))


def test_one_iteration_is_not_shared_by_threads(fake: FakeIAM) -> None:
    transport = PageTransport(fake, is_held=lambda offset: offset == 0)
    with IAMClient(fake.api_key, base_url="http://localhost", transport=transport) as iam:
        pages = iam.users.list(page_size=10).pages()
        sizes: list[int] = []
        thread = threading.Thread(target=lambda: sizes.append(len(next(pages).items)))
        thread.start()
        transport.wait_for(lambda: transport.running == [0])
        with pytest.raises(ConfigurationError, match="in use elsewhere"):
            next(pages)
        transport.release()
        thread.join()
        sizes += [len(page.items) for page in pages]
    assert sizes == [10, 10, 5]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_closing_an_async_iteration_cancels_its_requests(fake: FakeIAM, backend: str) -> None:
    transport = PageTransport(fake, is_held=lambda offset: offset > 0)

    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url="http://localhost", transport=transport) as iam:
            users = aiter(iam.users.list(page_size=10, prefetch=3))
            assert isinstance(users, AsyncItems)
            async with contextlib.aclosing(users):
                await anext(users)
                await wait_until_async(lambda: len(transport.running) == 2)
            assert transport.running == []
            assert [user async for user in users] == []

    anyio.run(main, backend=backend)
