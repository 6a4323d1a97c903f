"""The state of an iteration over items, and the parts of pagers that differ between sync and async code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from operator import length_hint
from typing import TYPE_CHECKING, Generic, NoReturn, Protocol, Self, TypeVar

from ..errors import ConfigurationError
from .checkpoint import Checkpoint, Position, encode_checkpoint
from .walker import PageWalker, ReadyPage

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class IterationState(Generic[T]):
    """Counts the items that an iteration has handed out, for its checkpoints.

    Args:
        walker: Decides which pages the iteration reads.
        operation: The `operationId` that checkpoints name.
    """

    def __init__(self, walker: PageWalker[T], operation: str) -> None:
        self.walker = walker
        self._operation = operation
        self._position: Position | None = None
        self._progress = walker.progress
        self._page_length = 0
        self._remaining: Iterator[T] = iter(())
        """The items of the page that have not been handed out."""

    def start_page(self, ready: ReadyPage[T]) -> Iterator[T]:
        """Start a page, and return an iterator over its items. `build_checkpoint` reads how many items it has left."""
        items = ready.page.items
        self._position = ready.position
        self._page_length = len(items)
        self._remaining = iter(items)
        return self._remaining

    def finish_page(self) -> None:
        """Count all items of the page as handed out."""
        self._remaining = iter(())

    def build_checkpoint(self) -> Checkpoint:
        """Build the checkpoint that continues after the last item that was handed out."""
        position, handed_out = self._position, self._page_length - length_hint(self._remaining)
        progress = self._progress if position is None else position.compute_progress(handed_out)
        return encode_checkpoint(progress, self._operation)


class LoopGuard:
    """Rejects `async for` over a pager for sync code."""

    if not TYPE_CHECKING:  # so that type checkers report the missing method

        def __aiter__(self) -> NoReturn:
            raise ConfigurationError("this is a pager for sync code: use `for`, or AsyncIAMClient and `async for`")


class AsyncLoopGuard:
    """Rejects `for` over a pager for async code."""

    if not TYPE_CHECKING:

        def __iter__(self) -> NoReturn:
            raise ConfigurationError("this is a pager for async code: use `async for`, or IAMClient in sync code")


class _Pages(Protocol[T_co]):
    def advance(self) -> Iterator[T_co] | None: ...

    def close(self) -> None: ...


class _AsyncPages(Protocol[T_co]):
    async def advance(self) -> Iterator[T_co] | None: ...

    async def aclose(self) -> None: ...


def iterate_items(pages: _Pages[T]) -> Generator[T, None, None]:
    """Iterate over the items of all pages; closing the iterator closes the pages."""
    try:
        while (page := pages.advance()) is not None:
            yield from page
    finally:
        pages.close()


class AsyncItems(AsyncIterator[T]):
    """Iterates over the items of all pages; closing the iterator closes the pages.

    It is no async generator: if a loop over one ends early, the event loop has to close it, and trio warns about that.
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
        """End the iteration, and cancel its requests."""
        await self._pages.aclose()


iterate_items_async = AsyncItems
