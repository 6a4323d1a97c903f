"""A transport that holds or fails requests by the page that they ask for, and code that reads pagers of all kinds."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar, Unpack

import anyio
import anyio.lowlevel
import httpx
from gcore_iam import AsyncPager, Pager
from gcore_iam.testing import FakeIAM

from .conftest import AnyKindTransport, Auth, ClientKind, ClientOptions, EitherClient

T = TypeVar("T")

SECONDS = 20.0
"""How long to wait for something that happens soon, even on a loaded machine."""


REFRESH = -2
"""Stands for the offset of a request for new tokens."""

OTHER = -1
"""Stands for the offset of any other request."""


class PageTransport(AnyKindTransport):
    """Sends requests to a fake; some are held until `release`, some get another response.

    Which ones does not depend on the order in which they arrive.

    Args:
        fake: Responds to the others.
        is_held: Whether to hold the request for the page at an offset.
        faults: By offset, the statuses of the first responses.

    Attributes:
        offsets: How often each page was requested.
        running: Offsets of the requests in flight.
        most_running: The most requests that were in flight.
    """

    def __init__(
        self,
        fake: FakeIAM,
        is_held: Callable[[int], bool] = lambda _: False,
        faults: dict[int, list[int]] | None = None,
    ) -> None:
        self._inner = fake.transport()
        self._is_held = is_held
        self.faults = faults or {}
        self.offsets: Counter[int] = Counter()
        self.running: list[int] = []
        self.most_running = 0
        self._changed = threading.Condition()
        self._is_released = False
        self._released: set[int] = set()

    def release(self, *offsets: int) -> None:
        """Let the requests for these pages go on, those to come too; all if there are none."""
        with self._changed:
            self._released.update(offsets)
            self._is_released = self._is_released or not offsets
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something has changed in other threads."""
        with self._changed:
            assert self._changed.wait_for(condition, SECONDS)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        offset = self._start(request)
        try:
            self.wait_for(lambda: self._may_go_on(offset))
            return self._fail(offset) or self._inner.handle_request(request)
        finally:
            self._finish(offset)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        offset = self._start(request)
        try:
            await anyio.lowlevel.checkpoint()
            await wait_until_async(lambda: self._may_go_on(offset))
            return self._fail(offset) or await self._inner.handle_async_request(request)
        finally:
            self._finish(offset)

    def _start(self, request: httpx.Request) -> int:
        default = REFRESH if request.url.path.endswith("/jwt/refresh") else OTHER
        offset = int(request.url.params.get("offset", default))
        with self._changed:
            self.offsets[offset] += 1
            self.running.append(offset)
            self.most_running = max(self.most_running, len(self.running))
            self._changed.notify_all()
        return offset

    def _may_go_on(self, offset: int) -> bool:
        return self._is_released or offset in self._released or not self._is_held(offset)

    def _fail(self, offset: int) -> httpx.Response | None:
        with self._changed:
            statuses = self.faults.get(offset)
            return httpx.Response(statuses.pop(0), headers={"Retry-After": "0"}, json={}) if statuses else None

    def _finish(self, offset: int) -> None:
        with self._changed:
            self.running.remove(offset)
            self._changed.notify_all()


def run(
    kind: ClientKind,
    use: Callable[[EitherClient], Coroutine[Any, Any, T]],
    auth: Auth,
    **options: Unpack[ClientOptions],
) -> T:
    """Run code that reads pagers with the functions below, with a client of any kind."""
    return kind.run_either(lambda iam: _run_without_loop(use(iam)), use, auth, **options)


def _run_without_loop(coroutine: Coroutine[None, None, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError("code for a sync client waits for an event loop")


async def extend(items: list[T], pager: Pager[T] | AsyncPager[T]) -> None:
    """Add all items of a pager to a list; those before an error too."""
    if isinstance(pager, AsyncPager):
        async for item in pager:
            items.append(item)  # noqa: PERF401 - as far as they come
    else:
        items.extend(pager)


async def take(pager: Pager[T] | AsyncPager[T], count: int | None = None) -> list[T]:
    """Return the first items of a pager; None for all."""
    if not isinstance(pager, AsyncPager):
        return list(itertools.islice(pager, count))
    items: list[T] = []
    if count != 0:
        async for item in pager:
            items.append(item)
            if len(items) == count:
                break
    return items


def iterate(pager: Pager[T] | AsyncPager[T]) -> Iterator[T] | AsyncIterator[T]:
    """Start an iteration over the items of a pager."""
    return aiter(pager) if isinstance(pager, AsyncPager) else iter(pager)


async def read_next(items: Iterator[T] | AsyncIterator[T]) -> T:
    """Return the next item of an iteration."""
    return await anext(items) if isinstance(items, AsyncIterator) else next(items)


async def read_rest(items: Iterator[T] | AsyncIterator[T]) -> list[T]:
    """Return the other items of an iteration."""
    return [item async for item in items] if isinstance(items, AsyncIterator) else list(items)


async def wait_for(transport: PageTransport, kind: ClientKind, condition: Callable[[], bool]) -> None:
    """Wait until something has changed in other threads or tasks."""
    if kind.is_async:
        await wait_until_async(condition)
    else:
        transport.wait_for(condition)


def wait_until(condition: Callable[[], bool]) -> bool:
    """Return whether a condition that nothing reports becomes true in time."""
    end = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


async def wait_until_async(condition: Callable[[], bool]) -> None:
    """Wait until a condition that nothing reports is true; other tasks run meanwhile."""
    with anyio.fail_after(SECONDS):
        while not condition():  # noqa: ASYNC110 - other threads and both backends change it
            await anyio.sleep(0.001)
