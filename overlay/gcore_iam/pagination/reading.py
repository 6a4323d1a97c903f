"""How far an iteration has come, item by item."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from operator import length_hint
from typing import Generic, Protocol, Self, TypeVar

from .checkpoint import Checkpoint, Place, encoded
from .walk import Ready, Walk

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Reading(Generic[T]):
    """How far an iteration has come.

    Args:
        walk: Where it goes.
        operation: The `operationId`, for checkpoints.
    """

    def __init__(self, walk: Walk[T], operation: str) -> None:
        self.walk = walk
        self._operation = operation
        self._place: Place | None = None
        self._progress = walk.progress
        self._length = 0
        """Items of the page."""
        self._items: Iterator[T] = iter(())
        """Those that are left."""

    def begin(self, ready: Ready[T]) -> Iterator[T]:
        """Begin a page, and give its items: those that are taken count as handed out."""
        page = ready.page.items
        self._place = ready.place
        self._length = len(page)
        self._items = iter(page)
        return self._items

    def end(self) -> None:
        """All items of the page are handed out."""
        self._items = iter(())

    def checkpoint(self) -> Checkpoint:
        """What an iteration goes on from behind the item that was handed out last."""
        place, handed_out = self._place, self._length - length_hint(self._items)
        return encoded(self._progress if place is None else place.after(handed_out), self._operation)


class _Pages(Protocol[T_co]):
    def advance(self) -> Iterator[T_co] | None: ...

    def close(self) -> None: ...


class _AsyncPages(Protocol[T_co]):
    async def advance(self) -> Iterator[T_co] | None: ...

    async def aclose(self) -> None: ...


def items(pages: _Pages[T]) -> Generator[T, None, None]:
    """The items of an iteration over pages, which ends with it."""
    try:
        while (page := pages.advance()) is not None:
            yield from page
    finally:
        pages.close()


def items_async(pages: _AsyncPages[T]) -> AsyncItems[T]:
    """The same in async code."""
    return AsyncItems(pages)


class AsyncItems(AsyncIterator[T]):
    """The items of an iteration over pages.

    No generator: one that is left early would leave it to the event loop to end it, which trio complains of.
    """

    def __init__(self, pages: _AsyncPages[T]) -> None:
        self._pages = pages
        self._items: Iterator[T] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        for item in self._items:
            return item
        page = await self._pages.advance()
        if page is None:
            raise StopAsyncIteration
        self._items = page
        return next(page)

    async def aclose(self) -> None:
        """End the iteration: cancel what has been asked for."""
        await self._pages.aclose()
