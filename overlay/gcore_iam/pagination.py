"""Iterators over every page of a list operation.

`plan` decides which page to ask for next and when to stop; it sees pages, never requests. `Pager` and `AsyncPager`
are its two shells: they fetch what it asks for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from .errors import ConfigurationError, PaginationError

T = TypeVar("T")

MAX_PAGE_SIZE = 1000
"""Items: the most that one request may ask for."""


@attrs.frozen
class Received(Generic[T]):
    """What one request for a page brought."""

    items: Sequence[T]
    total: int | None
    """How many items the server says there are; None when it does not say."""
    whole: bool = False
    """Whether this is the whole list, whatever was asked for."""


@attrs.frozen
class Page(Generic[T]):
    """One page of a list."""

    items: Sequence[T]
    offset: int
    """Where its first item stands in the list, from 0."""
    total: int | None
    """How many items the list has, as the server said with this page; None when it did not say."""
    number: int
    """Which page of this iteration it is, from 1."""


@attrs.frozen
class Wanted:
    """A page to ask the server for."""

    offset: int
    limit: int


@attrs.frozen
class Window:
    """Which part of a list to walk, and in what steps.

    Args:
        page_size: Items to ask for at once, 1 to 1000.
        start: Items to skip, 0 or more.
        max_items: Items to stop after; None for all.

    Raises:
        ConfigurationError: An argument is out of its range.
    """

    page_size: int = 100
    start: int = 0
    max_items: int | None = None

    def __attrs_post_init__(self) -> None:
        _check("page_size", self.page_size, 1, MAX_PAGE_SIZE)
        _check("start", self.start, 0, None)
        if self.max_items is not None:
            _check("max_items", self.max_items, 0, None)


def _check(name: str, value: int, low: int, high: int | None) -> None:
    allowed = f"from {low} to {high}" if high is not None else f"of {low} or more"
    if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
        raise ConfigurationError(f"{name} must be a whole number {allowed}, not {value!r}")


Plan: TypeAlias = Generator["Wanted | Page[T]", Any, None]
"""Yields a `Wanted` and is sent what was `Received`; yields each `Page` that is ready and is sent nothing."""


def plan(window: Window) -> Plan[T]:
    """Decide, page by page, what to ask for and what to hand out.

    Pages are found by offset, and the offset advances by the number of items received: a server may send fewer
    than asked for. The end is where the total is reached; without a total, where a page is empty.

    Args:
        window: Which part of the list.

    Raises:
        PaginationError: The server says that there is more, but sends nothing.
    """
    offset, number, left = window.start, 0, window.max_items
    before: Sequence[T] = ()
    while left is None or left > 0:
        wanted = Wanted(offset, window.page_size if left is None else min(window.page_size, left))
        received: Received[T] = yield wanted
        if _contradicts(received, offset):
            received = yield wanted
            if _contradicts(received, offset):
                raise PaginationError(
                    f"the server counts {received.total} items, but twice sent none from offset {offset} on",
                    offset=offset,
                )
        items = received.items[offset:] if received.whole else received.items
        if items and received.total is None and items == before:
            raise PaginationError(
                f"the server repeats the page before offset {offset} and counts nothing", offset=offset
            )
        before = items
        items = items[:left]
        if items:
            number += 1
            yield Page(items, offset, received.total, number)
        offset += len(items)
        left = None if left is None else left - len(items)
        if not items or received.whole or (received.total is not None and offset >= received.total):
            return


def _contradicts(received: Received[T], offset: int) -> bool:
    """Whether a page is empty although the server counts items from its offset on."""
    return not received.whole and not received.items and received.total is not None and offset < received.total


class Pager(Generic[T]):
    """All items of a list operation, fetched page by page while it is iterated.

    Nothing is sent before that, and each iteration starts anew.

    Args:
        fetch: Asks for the items from an offset on, at most so many.
        window: Which part of the list, and in what steps.
    """

    def __init__(self, fetch: Callable[[int, int], Received[T]], window: Window) -> None:
        self._fetch = fetch
        self._window = window

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[T]]:
        """Iterate page by page."""
        steps: Plan[T] = plan(self._window)
        step = next(steps, None)
        while step is not None:
            if isinstance(step, Page):
                yield step
                step = next(steps, None)
            else:
                received = self._fetch(step.offset, step.limit)
                step = _send(steps, received)

    def first(self) -> T | None:
        """The first item; None when there is none. Asks for no more than one."""
        return next(iter(Pager(self._fetch, attrs.evolve(self._window, page_size=1))), None)

    def collect(self, limit: int | None = None) -> list[T]:
        """All items in a list.

        Args:
            limit: Items to stop after, 0 or more; None for all.
        """
        return list(Pager(self._fetch, _limited(self._window, limit)))

    def total(self) -> int:
        """How many items the server counts, wherever this pager starts and stops. Sends one small request.

        Raises:
            PaginationError: The server does not say.
        """
        return _total(self._fetch(0, 1))


class AsyncPager(Generic[T]):
    """All items of a list operation, fetched page by page while it is iterated.

    Nothing is sent before that, and each iteration starts anew.

    Args:
        fetch: Asks for the items from an offset on, at most so many.
        window: Which part of the list, and in what steps.
    """

    def __init__(self, fetch: Callable[[int, int], Awaitable[Received[T]]], window: Window) -> None:
        self._fetch = fetch
        self._window = window

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate page by page."""
        steps: Plan[T] = plan(self._window)
        step = next(steps, None)
        while step is not None:
            if isinstance(step, Page):
                yield step
                step = next(steps, None)
            else:
                received = await self._fetch(step.offset, step.limit)
                step = _send(steps, received)

    async def first(self) -> T | None:
        """The first item; None when there is none. Asks for no more than one."""
        items = await AsyncPager(self._fetch, attrs.evolve(self._window, page_size=1)).collect(limit=1)
        return items[0] if items else None

    async def collect(self, limit: int | None = None) -> list[T]:
        """All items in a list.

        Args:
            limit: Items to stop after, 0 or more; None for all.
        """
        return [item async for item in AsyncPager(self._fetch, _limited(self._window, limit))]

    async def total(self) -> int:
        """How many items the server counts, wherever this pager starts and stops. Sends one small request.

        Raises:
            PaginationError: The server does not say.
        """
        return _total(await self._fetch(0, 1))


def _total(received: Received[T]) -> int:
    if received.total is None:
        raise PaginationError("the server does not say how many items there are", offset=0)
    return received.total


def _send(steps: Plan[T], received: Received[T]) -> Wanted | Page[T] | None:
    try:
        return steps.send(received)
    except StopIteration:
        return None


def _limited(window: Window, limit: int | None) -> Window:
    if limit is None:
        return window
    _check("limit", limit, 0, None)
    return attrs.evolve(window, max_items=limit if window.max_items is None else min(limit, window.max_items))
