"""The parts of pagers that differ between sync and async code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, NoReturn, Protocol, Self, TypeVar

from ..errors import ConfigurationError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


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
        for page in iter(pages.advance, None):
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
        self._items = iter(())
        await self._pages.aclose()


iterate_items_async = AsyncItems
