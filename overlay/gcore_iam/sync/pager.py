# Derived from aio/pager.py by `make generate`. Do not edit: change that file.

"""Iterators over all items of a list operation, for sync code.

`gcore_iam.pagination` decides what to request and where the list ends; this module sends the requests.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Generic, Self, TypeVar, cast

import attrs

from .._concurrency.iteration import LoopGuard, iterate_items
from .._concurrency.workers import RequestControl
from ..errors import ConfigurationError, IAMError, PaginationError
from ..pagination.checkpoint import Checkpoint, decode_checkpoint
from ..pagination.iteration import IterationState
from ..pagination.options import Identity, Page, PageOptions, PageRequest, PageResponse
from ..pagination.walker import PageWalker, ReadyPage
from .prefetch import Bind, Fetch, Prefetch

T = TypeVar("T")

_MAX_LENGTH_HINT = 10_000_000
"""The largest length hint: `list` allocates memory for as many items as the hint says."""


class Pager(LoopGuard, Generic[T]):
    """Iterates over all items of a list operation, and fetches them page by page.

    The pager sends nothing before it is iterated, and each iteration starts from the beginning. If a loop ends early,
    its requests are cancelled when the iterator is closed or deleted. `contextlib.closing` closes it at the end of a
    block.

    If the server keeps a stable order, an iteration returns each item that exists from its start to its end exactly
    once, even if others add and delete items meanwhile. Items that are added or deleted meanwhile may or may not be
    returned. An id that the server repeats is returned once. Items without an id are recognized by their content. If
    the list does not change, equal ones are returned as often as the server has them. If it changes, some of them may
    be left out or repeated.

    For this, neighboring pages overlap by one item. If a page does not begin with the item that was read last, the
    list has shifted, and the iteration requests earlier pages until one contains an item that has been read. It
    remembers several thousand items. It raises PaginationError if it finds none of them again, if their order keeps
    changing, or if 64 requests in a row return no new item. If a server sends a single item per page, pages cannot
    overlap. Then items may be missed while the list changes, and if it changes at each request, the iteration may reach
    the 64 requests. `consistency="fast"` does none of this.

    An error is raised after all items before it have been returned. Its `checkpoint` continues after them.
    """

    def __init__(
        self,
        fetch: Fetch[T],
        window: PageOptions,
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
        self._options = window
        self._identity = identity
        self._operation = operation
        self._progress = None if resume is None else decode_checkpoint(resume, operation)
        self._state = self._build_state(window)
        self._total: int | None = None

    def _build_state(self, options: PageOptions) -> IterationState[T]:
        return IterationState(PageWalker(options, self._identity, self._progress), self._operation)

    def __iter__(self) -> Iterator[T]:
        """Iterate item by item.

        Raises:
            PaginationError: While iterating: the server's pages contradict each other.
            IAMError: While iterating: any other failure; see `gcore_iam.errors`.
        """
        return iterate_items(self.pages())

    def pages(self) -> Pages[T]:
        """Iterate page by page.

        Returns:
            The pages, each with at least one item that no earlier page had.

        Raises:
            PaginationError: While iterating: the server's pages contradict each other.
            IAMError: While iterating: any other failure; see `gcore_iam.errors`.
        """
        return self._start(self._options)

    def first(self) -> T | None:
        """Return the first item; None if there is none. Requests that item only.

        Raises:
            IAMError: The request failed; see `gcore_iam.errors`.
        """
        options = self._options.with_limit(1)
        if self._progress is None:  # nothing has been read, so there is nothing to overlap with
            options = attrs.evolve(options, consistency="fast")
        items = self._collect(options)
        return items[0] if items else None

    def collect(self, limit: int | None = None) -> list[T]:
        """Return all items as a list.

        Args:
            limit: Items to stop after, 0 or more; None for all.

        Raises:
            ConfigurationError: The limit is not a whole number of 0 or more.
            PaginationError: The server's pages contradict each other.
            IAMError: Any other failure; see `gcore_iam.errors`.
        """
        return self._collect(self._options.with_limit(limit))

    def _collect(self, options: PageOptions) -> list[T]:
        items: list[T] = []
        with contextlib.closing(self._start(options)) as pages:
            for page in pages:
                items += page.items
        return items

    def total(self) -> int:
        """Return how many items the list has, without regard to `start` and `max_items`. Sends one request.

        Raises:
            PaginationError: The server sends no count.
            IAMError: Any other failure; see `gcore_iam.errors`.
        """
        total = self._total = (self._fetch(0, 1)).total
        if total is None:
            raise PaginationError("the server does not say how many items there are", offset=0)
        return total

    def _start(self, options: PageOptions) -> Pages[T]:
        self._state = self._build_state(options)
        return Pages(self._bind_recording, self._state, self._on_page)

    def _bind_recording(self, control: RequestControl) -> Fetch[T]:
        """Build a fetch that records the total of each response, for `__length_hint__`."""
        fetch = self._bind(control)

        def fetch_and_record(offset: int, limit: int) -> PageResponse[T]:
            response = fetch(offset, limit)
            self._total = response.total
            return response

        return fetch_and_record

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._operation.partition(' ')[0]}>"

    def __length_hint__(self) -> int:
        """Return how many items an iteration returns, if the first page or `total()` has been read."""
        if self._total is None or self._total > _MAX_LENGTH_HINT:
            return cast(int, NotImplemented)  # `operator.length_hint` takes this for "unknown"
        start = self._options.start if self._progress is None else self._progress.offset + bool(self._progress.recent)
        rest = max(0, self._total - start)
        return rest if self._options.max_items is None else min(rest, self._options.max_items)

    def checkpoint(self) -> Checkpoint:
        """Return the progress of the latest iteration.

        Returns:
            A value for the argument `resume` of the method that returned this pager, in this process or another one:
            the new pager continues after the last item that was returned. It is a JSON object of ids and numbers,
            usually of a few KB, at most 20.
        """
        return self._state.build_checkpoint()


class Pages(Iterator[Page[T]]):
    """Iterates over the pages of a list, for `Pager.pages`."""

    def __init__(
        self, bind: Bind[T], state: IterationState[T], on_page: Callable[[Page[T]], object] | None = None
    ) -> None:
        self._is_finished = True  # `__del__` has nothing to cancel if this constructor raises
        self._state = state
        self._walker = state.walker
        self._steps = state.walker.steps()
        self._request: PageRequest | None = None
        self._page: Page[T] | None = None
        self._is_busy = False
        self._on_page = on_page
        self._prefetch = Prefetch(bind, state.walker.options)
        self._is_finished = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Page[T]:
        if self.advance() is None:
            raise StopIteration
        assert self._page is not None  # noqa: S101 - advance() has set it
        self._state.finish_page()
        return self._page

    def advance(self) -> Iterator[T] | None:
        """Go to the next page, and return its items; None if there is none."""
        if self._is_finished:
            return None
        if self._is_busy:
            raise ConfigurationError("this iteration is in use elsewhere; each task and thread needs one of its own")
        self._page = None  # so that the next page can use its memory
        self._is_busy = True
        try:
            ready = self._read_next()
        except Exception as error:
            if isinstance(error, IAMError) and error.checkpoint is None:
                error.checkpoint = self._state.build_checkpoint()
            self.close()
            raise
        finally:
            self._is_busy = False
        if ready is None:
            self.close()
            return None
        self._prefetch.request_ahead(self._walker)
        self._page = ready.page
        if self._on_page is not None:
            self._on_page(ready.page)
        return self._state.start_page(ready)

    def close(self) -> None:
        """End the iteration, and cancel its requests."""
        self._is_finished = True
        self._prefetch.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._state.operation}>"

    def __del__(self) -> None:
        if not self._is_finished:
            self._prefetch.cancel()

    def _read_next(self) -> ReadyPage[T] | None:
        step: PageRequest | ReadyPage[T] | None = self._request or next(self._steps, None)
        while isinstance(step, PageRequest):
            self._request = step  # sent again by the next call if this one is cancelled
            response = self._prefetch.read(step)
            self._request = None
            try:
                step = self._steps.send(response)
            except StopIteration:
                step = None
        return step
