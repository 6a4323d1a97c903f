"""Which requests ahead of the caller a prefetch sends, cancels and keeps, task by task."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from gcore_iam import RateLimitError
from gcore_iam._concurrency.workers import AsyncRequestControl
from gcore_iam.aio.prefetch import AsyncPrefetch
from gcore_iam.pagination.options import PageOptions, PageRequest, PageResponse

from .page_transport import wait_until_async
from .retry_table import status_error

pytestmark = pytest.mark.anyio


class Server:
    """A list of 1000 numbers, whose responses a test holds back.

    Attributes:
        limits: The limit of each request, by its offset.
        cancelled: The offsets of cancelled requests.
        controls: The control of each request, by its offset.
        failures: Offsets whose next response is a 429.
        is_open: Whether responses come.
    """

    def __init__(self) -> None:
        self.limits: dict[int, int] = {}
        self.cancelled: list[int] = []
        self.controls: dict[int, AsyncRequestControl] = {}
        self.failures: set[int] = set()
        self.is_open = anyio.Event()

    def bind(self, control: AsyncRequestControl) -> Callable[[int, int], Awaitable[PageResponse[int]]]:
        async def fetch(offset: int, limit: int) -> PageResponse[int]:
            self.limits[offset], self.controls[offset] = limit, control
            try:
                await self.is_open.wait()
            except anyio.get_cancelled_exc_class():
                self.cancelled.append(offset)
                raise
            if offset in self.failures:
                self.failures.remove(offset)
                raise status_error(429)
            return PageResponse(range(offset, offset + limit), 1000)

        return fetch


def at(offset: int, options: PageOptions) -> Any:
    """A walker whose next page is at an offset."""
    return SimpleNamespace(options=options, total=1000, next_offset=offset, remaining=None)


async def test_a_page_in_between_takes_the_place_of_the_last() -> None:
    server, options = Server(), PageOptions(page_size=10, prefetch=2)
    prefetch = AsyncPrefetch(server.bind, options)
    prefetch.request_ahead(at(10, options))
    await wait_until_async(lambda: server.limits.keys() == {10, 20})
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(prefetch.read, PageRequest(0, 11))
        await wait_until_async(lambda: 0 in server.limits)
        await wait_until_async(lambda: server.cancelled == [20])
        server.is_open.set()
    await prefetch.aclose()


async def test_the_request_that_got_a_429_goes_on() -> None:
    server, options = Server(), PageOptions(page_size=10, prefetch=3)
    prefetch = AsyncPrefetch(server.bind, options)
    prefetch.request_ahead(at(10, options))
    await wait_until_async(lambda: server.limits.keys() == {10, 20, 30})
    server.controls[20].report_rate_limit()
    await wait_until_async(lambda: server.cancelled == [30])
    server.is_open.set()
    assert (await prefetch.read(PageRequest(20, 11))).items == range(20, 31)
    assert server.cancelled == [30]
    await prefetch.aclose()


async def test_a_429_that_nobody_has_reported_slows_down() -> None:
    """As of a function for `paginate` that sends its requests with another client."""
    server, options = Server(), PageOptions(page_size=10, prefetch=4)
    server.failures.add(10)
    prefetch = AsyncPrefetch(server.bind, options)
    prefetch.request_ahead(at(10, options))
    await wait_until_async(lambda: server.limits.keys() == {10, 20, 30, 40})
    server.is_open.set()
    assert (await prefetch.read(PageRequest(10, 11))).items == range(10, 21)
    prefetch.request_ahead(at(20, options))
    await anyio.wait_all_tasks_blocked()
    assert server.limits.keys() == {10, 20, 30, 40}
    await prefetch.aclose()


async def test_a_page_is_short_by_the_limit_that_was_sent() -> None:
    server, options = Server(), PageOptions(page_size=10, prefetch=3)
    server.is_open.set()
    prefetch = AsyncPrefetch(server.bind, options)
    prefetch.request_ahead(at(10, options))
    prefetch.request_ahead(at(15, options))
    await wait_until_async(lambda: server.limits.keys() >= {15, 20, 30})
    assert server.limits[15] == 6
    await prefetch.read(PageRequest(15, 11))
    prefetch.request_ahead(at(20, options))
    await wait_until_async(lambda: 40 in server.limits)
    assert 25 not in server.limits
    await prefetch.aclose()


async def test_a_request_of_the_caller_raises_its_429() -> None:
    server, options = Server(), PageOptions(page_size=10, prefetch=2)
    prefetch = AsyncPrefetch(server.bind, options)
    prefetch.request_ahead(at(10, options))
    server.failures.add(0)
    server.is_open.set()
    with pytest.raises(RateLimitError):
        await prefetch.read(PageRequest(0, 11))
    await prefetch.aclose()
