"""Connections by aiohttp, with the extra `gcore-iam[aiohttp]`: the same answers, errors and retries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from gcore_iam import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APITimeoutError,
    AsyncIAMClient,
    DecodeError,
    IAMClient,
    NotFoundError,
    RetryPolicy,
)
from gcore_iam.testing import FakeIAM, Fault, Hang, Reset, Status, Truncate
from httpx_aiohttp import AiohttpTransport


@pytest.fixture
def fake() -> FakeIAM:
    return FakeIAM(300)


@pytest.fixture
def url(fake: FakeIAM) -> Iterator[str]:
    with fake.serve() as url:
        yield url


def run(call: Callable[[AsyncIAMClient], Awaitable[Any]], key: str, url: str, **options: Any) -> Any:
    async def main() -> Any:
        async with AsyncIAMClient(key, base_url=url, transport=AiohttpTransport(), **options) as iam:
            return await call(iam)

    return asyncio.run(main())


def test_the_same_answers_come(fake: FakeIAM, url: str) -> None:
    with IAMClient(fake.api_key, base_url=url) as iam:
        users, user = iam.users.list(page_size=50).collect(), iam.users.get(7)

    async def both(iam: AsyncIAMClient) -> Any:
        return [each async for each in iam.users.list(page_size=50)], await iam.users.get(7)

    assert run(both, fake.api_key, url) == (users, user)


def test_many_calls_at_a_time(fake: FakeIAM, url: str) -> None:
    async def many(iam: AsyncIAMClient) -> Any:
        return await asyncio.gather(*(iam.users.get(number) for number in range(1, 51)))

    assert [user.id for user in run(many, fake.api_key, url)] == list(range(1, 51))


def test_errors_are_this_librarys(fake: FakeIAM, url: str) -> None:
    with pytest.raises(NotFoundError):
        run(lambda iam: iam.users.get(999), fake.api_key, url)
    with pytest.raises(APIConnectionError) as caught:
        run(lambda iam: iam.users.get(1), fake.api_key, "http://127.0.0.1:9", retries=0)
    assert not caught.value.sent
    fake.inject(Hang())
    with pytest.raises(APITimeoutError):
        run(lambda iam: iam.users.get(1), fake.api_key, url, retries=0, timeout=0.1)


def test_what_may_be_repeated_is(fake: FakeIAM, url: str) -> None:
    fake.inject(Status(503), times=2)
    policy = RetryPolicy(base=0, sleep=lambda seconds: None)
    assert run(lambda iam: iam.users.get(1), fake.api_key, url, retries=policy).id == 1


@pytest.mark.parametrize("fault", [Reset(), Reset(after_work=True), Truncate(10), Hang()])
def test_a_write_that_may_have_happened_is_not_repeated(fake: FakeIAM, url: str, fault: Fault) -> None:
    """httpx-aiohttp calls a connection that breaks a timeout of connecting, after which one might send again."""
    before = len(fake.requests)

    async def invite(iam: AsyncIAMClient) -> None:
        await iam.users.get(1)  # so that the connection is there
        await iam.users.invite(1001, "new@example.com", 2)

    fake.inject(fault, method="POST")
    with pytest.raises((AmbiguousOutcomeError, DecodeError)):
        run(invite, fake.api_key, url, retries=RetryPolicy(base=0, sleep=lambda seconds: None), timeout=0.3)
    assert [seen.method for seen in list(fake.requests)[before:]] == ["GET", "POST"]
