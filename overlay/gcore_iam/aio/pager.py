"""Iterators over every page of a list operation, for async code.

What to ask for and where it ends is decided in `gcore_iam.pagination`; here it is asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Generic, Self, TypeVar, cast

import attrs

from .._concurrency import AsyncRequestControl
from ..errors import ConfigurationError, IAMError, PaginationError
from ..pagination.checkpoint import Checkpoint, decoded
from ..pagination.guard import AsyncGuard
from ..pagination.pages import Identity, Page, Received, Wanted, Window
from ..pagination.reading import Reading, items_async
from ..pagination.walk import Ready, Walk
from .prefetch import AsyncPrefetch, Bind, Fetch

T = TypeVar("T")

_LARGEST_HINT = 10_000_000
"""Items; `list` reserves room for as many as it is told to expect, and a server may say anything."""


class AsyncPager(AsyncGuard, Generic[T]):
    """All items of a list operation, fetched page by page while it is iterated.

    Nothing is sent before that, and each iteration starts anew. An iteration that is left early cancels what it has
    asked for; `contextlib.aclosing` around the iterator makes it wait for that as well.

    Every item that exists from the start to the end of an iteration is handed out exactly once, also when others add
    and delete items meanwhile, provided that the server keeps a stable order. Items that come or go meanwhile may or
    may not appear. Items without an id are recognised by their content: of those that equal one another, some may be
    left out or repeated while the list changes.

    For that, neighbouring pages overlap by one item: where they do not meet, the list has shifted, and the iteration
    steps back until they do. It remembers some thousand items; when none of them can be found again, or they come in
    another order again and again, it raises PaginationError. From a server that sends a single item per page, which
    overlaps with nothing, it may miss items while the list changes. `consistency="fast"` does without all this.

    What goes wrong is raised when all that came before has been handed out, and carries a `checkpoint`.
    """

    def __init__(
        self,
        fetch: Fetch[T],
        window: Window,
        identity: Identity[T],
        *,
        operation: str,
        resume: Checkpoint | None = None,
        bind: Bind[T] | None = None,
        on_page: Callable[[Page[T]], object] | None = None,
    ) -> None:
        self._fetch = fetch
        self._bind: Bind[T] = (lambda _: fetch) if bind is None else bind
        self._on_page = on_page
        self._window = window
        self._identity = identity
        self._operation = operation
        self._progress = None if resume is None else decoded(resume, operation)
        self._reading = self._read()
        self._total: int | None = None

    def _read(self, window: Window | None = None) -> Reading[T]:
        walk = Walk(self._window if window is None else window, self._identity, self._progress)
        return Reading(walk, self._operation)

    def __aiter__(self) -> AsyncIterator[T]:
        """Iterate item by item.

        Raises:
            PaginationError: While iterating: the server's pages contradict each other.
            IAMError: While iterating: any other failure; see `gcore_iam.errors`.
        """
        return items_async(self.pages())

    def pages(self) -> AsyncPages[T]:
        """Iterate page by page.

        Returns:
            The pages, each with one item or more that no earlier one has had.

        Raises:
            PaginationError: While iterating: the server's pages contradict each other.
            IAMError: While iterating: any other failure; see `gcore_iam.errors`.
        """
        self._reading = self._read()
        return self._iterate()

    async def first(self) -> T | None:
        """The first item; None when there is none. Asks for no more than one.

        Raises:
            IAMError: Any other failure; see `gcore_iam.errors`.
        """
        window = self._window.limited(1)
        if self._progress is None:  # then there is nothing to join
            window = attrs.evolve(window, consistency="fast")
        items = await self._collect(window)
        return items[0] if items else None

    async def collect(self, limit: int | None = None) -> list[T]:
        """All items in a list.

        Args:
            limit: Items to stop after, 0 or more; None for all.

        Raises:
            ConfigurationError: The limit is not a whole number of 0 or more.
            PaginationError: The server's pages contradict each other.
            IAMError: Any other failure; see `gcore_iam.errors`.
        """
        return await self._collect(self._window.limited(limit))

    async def _collect(self, window: Window) -> list[T]:
        self._reading = self._read(window)
        found: list[T] = []
        async with contextlib.aclosing(self._iterate()) as pages:
            async for page in pages:
                found += page.items
        return found

    async def total(self) -> int:
        """How many items the server counts, wherever this pager starts and stops. Sends one small request.

        Raises:
            PaginationError: The server does not say.
            IAMError: Any other failure; see `gcore_iam.errors`.
        """
        total = self._total = (await self._fetch(0, 1)).total
        if total is None:
            raise PaginationError("the server does not say how many items there are", offset=0)
        return total

    def _iterate(self) -> AsyncPages[T]:
        return AsyncPages(self._observe_total, self._reading, self._on_page)

    def _observe_total(self, control: AsyncRequestControl) -> Fetch[T]:
        fetch = self._bind(control)

        async def observed(offset: int, limit: int) -> Received[T]:
            received = await fetch(offset, limit)
            self._total = received.total
            return received

        return observed

    def __length_hint__(self) -> int:
        """How many items an iteration will bring, as far as is known: not before the first page, or `total()`."""
        if self._total is None or self._total > _LARGEST_HINT:
            return cast(int, NotImplemented)  # what `operator.length_hint` understands
        start = self._window.start if self._progress is None else self._progress.offset + bool(self._progress.recent)
        rest = max(0, self._total - start)
        return rest if self._window.max_items is None else min(rest, self._window.max_items)

    def checkpoint(self) -> Checkpoint:
        """How far the iteration that was begun last has come.

        Returns:
            What the same method takes as `resume` to go on after the item that was handed out last, in this process or
            in another one: a dict that JSON has a form for, of some kilobytes, at most 20. It holds ids and numbers.
        """
        return self._reading.checkpoint()


class AsyncPages(AsyncIterator[Page[T]]):
    """An iteration over the pages of a list; made by a pager."""

    def __init__(self, bind: Bind[T], reading: Reading[T], on_page: Callable[[Page[T]], object] | None = None) -> None:
        self.reading = reading
        self._walk = reading.walk
        self._steps = reading.walk.steps()
        self._wanted: Wanted | None = None
        self._page: Page[T] | None = None
        self._is_over = self._is_busy = False
        self._on_page = on_page
        self._prefetch = AsyncPrefetch(bind, reading.walk.window)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Page[T]:
        if await self.advance() is None:
            raise StopAsyncIteration
        assert self._page is not None  # noqa: S101 - there has been one
        self.reading.end()
        return self._page

    async def advance(self) -> Iterator[T] | None:
        """Go to the next page, and give its items; None when there is none."""
        if self._is_over:
            return None
        if self._is_busy:
            raise ConfigurationError("this iteration goes on elsewhere; each task and thread needs one of its own")
        self._page = None  # let go before the next one comes: memory that is in use already is the fastest
        self._is_busy = True
        try:
            ready = await self._next()
        except Exception as error:
            if isinstance(error, IAMError) and error.checkpoint is None:
                error.checkpoint = self.reading.checkpoint()
            await self.aclose()
            raise
        finally:
            self._is_busy = False
        if ready is None:
            await self.aclose()
            return None
        self._prefetch.request_ahead(self._walk)
        self._page = ready.page
        if self._on_page is not None:
            self._on_page(ready.page)
        return self.reading.begin(ready)

    async def aclose(self) -> None:
        """End the iteration, and cancel what is in flight."""
        self._is_over = True
        await self._prefetch.aclose()

    def __del__(self) -> None:
        if not self._is_over:
            self._prefetch.cancel()

    async def _next(self) -> Ready[T] | None:
        step: Wanted | Ready[T] | None = self._wanted or next(self._steps, None)
        while isinstance(step, Wanted):
            self._wanted = step  # so that one who is cancelled here may go on
            received = await self._prefetch.read(step)
            self._wanted = None
            try:
                step = self._steps.send(received)
            except StopIteration:
                step = None
        return step
