"""Reads a list as a pager does, pages requested ahead included, without threads, tasks or I/O."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Generic, TypedDict, TypeVar, Unpack

import attrs
from gcore_iam.pagination.checkpoint import Checkpoint, decode_checkpoint
from gcore_iam.pagination.iteration import IterationState
from gcore_iam.pagination.options import Consistency, Identity, Page, PageOptions, PageRequest, PageResponse
from gcore_iam.pagination.prefetch_plan import PrefetchPlan
from gcore_iam.pagination.walker import PageWalker, ReadyPage

from .list_server import cycle_bytes

T = TypeVar("T")

OPERATION = "numbers"

BY_ID = Identity[int](lambda row: row, is_unique=True)
BY_CONTENT = Identity[int](lambda row: row, is_unique=False)
BY_ID_OR_CONTENT = Identity[int](lambda row: None if row < 3 else row, is_unique=True)
"""The rows 0, 1 and 2 have no id."""

EARLY, LATE, LIMITED = 0, 1, 2
"""What happens to a page that is requested ahead: the server reads its rows now, or when the reader needs them, or it
sends a 429."""


class PageSettings(TypedDict, total=False):
    """Arguments of `PageOptions`."""

    page_size: int
    start: int
    max_items: int | None
    prefetch: int
    consistency: Consistency
    prefetch_bytes: int


@attrs.define(eq=False)
class PageAhead(Generic[T]):
    """A page that is requested ahead: its response if the server has read its rows, and whether it is cancelled."""

    response: PageResponse[T] | None
    is_cancelled: bool = False


class SimulatedReader(Generic[T]):
    """Iterates over a list once.

    Args:
        fetch: The server.
        options: Which part of the list to read, and how.
        identity: Computes the keys of rows.
        resume: A checkpoint to continue from.
        delays: When the server reads the pages that are requested ahead: each byte modulo 3 is EARLY, LATE or LIMITED.

    Attributes:
        walker: Decides what to request.
        plan: Decides what to request ahead; the handle of a request is a `PageAhead`.
        most_in_flight: The most requests that were in flight, the one that the reader waits for included.
        ahead: Offset and limit of each request that was sent ahead.
    """

    def __init__(
        self,
        fetch: Callable[[int, int], PageResponse[T]],
        options: PageOptions,
        identity: Identity[T],
        *,
        resume: Checkpoint | None = None,
        delays: bytes = b"",
    ) -> None:
        self._fetch = fetch
        self._options = options
        self._delays = cycle_bytes(delays)
        progress = None if resume is None else decode_checkpoint(resume, OPERATION)
        self.walker = PageWalker(options, identity, progress)
        self._state = IterationState(self.walker, OPERATION)
        self.plan: PrefetchPlan[PageAhead[T]] = PrefetchPlan(options.prefetch, options.prefetch_bytes)
        self.most_in_flight = 0
        self.ahead: list[tuple[int, int]] = []

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint after the row that was returned last, as JSON gives it back."""
        checkpoint: Checkpoint = json.loads(json.dumps(self._state.build_checkpoint()))
        return checkpoint

    def __iter__(self) -> Iterator[T]:
        for ready in self._read_pages():
            yield from self._state.start_page(ready)

    def pages(self) -> Iterator[Page[T]]:
        """Iterate page by page."""
        for ready in self._read_pages():
            self._state.start_page(ready)
            self._state.finish_page()
            yield ready.page

    def _read_pages(self) -> Iterator[ReadyPage[T]]:
        steps = self.walker.steps()
        step = next(steps, None)
        while step is not None:
            if isinstance(step, PageRequest):
                try:
                    step = steps.send(self._read(step))
                except StopIteration:
                    return
            else:
                self._request_ahead()
                yield step
                step = next(steps, None)

    def _read(self, request: PageRequest) -> PageResponse[T]:
        plan = self.plan
        if request.offset in plan.in_flight and not request.is_fresh:
            sent, page = plan.in_flight.pop(request.offset)
            if not page.is_cancelled:
                response = page.response or self._fetch(sent.offset, sent.limit)
                plan.record_response(sent, response, self._options.overlap)
                return response
        sent = plan.shorten(request, self._options.overlap)
        plan.free_slot()
        self.most_in_flight = max(self.most_in_flight, self._count_running() + 1)
        response = self._fetch(sent.offset, sent.limit)
        plan.record_response(sent, response, self._options.overlap)
        return response

    def _request_ahead(self) -> None:
        for request in self.plan.update(self.walker)[0]:
            timing = next(self._delays) % 3
            self.ahead.append((request.offset, request.limit))
            page: PageAhead[T] = PageAhead(self._fetch(request.offset, request.limit) if timing == EARLY else None)
            self.plan.in_flight[request.offset] = request, page
            self.most_in_flight = max(self.most_in_flight, self._count_running())
            if timing == LIMITED:
                for cancelled in self.plan.slow_down():
                    cancelled.is_cancelled = cancelled is not page

    def _count_running(self) -> int:
        return sum(not page.is_cancelled for _, page in self.plan.in_flight.values())


def read(
    fetch: Callable[[int, int], PageResponse[T]],
    identity: Identity[T],
    *,
    delays: bytes = b"",
    **options: Unpack[PageSettings],
) -> list[T]:
    """Read all rows of a list; by default a page is requested only when it is needed."""
    settings: PageSettings = {"prefetch": 1, **options}
    return list(SimulatedReader(fetch, PageOptions(**settings), identity, delays=delays))
