"""Decides which pages to request before the caller needs them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Generic, TypeVar

from .options import PageRequest, PageResponse
from .walker import PageWalker

H = TypeVar("H")


class PrefetchPlan(Generic[H]):
    """Decides which pages to request ahead of the caller, and holds those that are in flight.

    Args:
        max_pages: Pages in flight, 1 or more; 1 requests none ahead.
        max_bytes: Bytes of responses in flight. The size of a response is unknown before it arrives, so each counts as
            large as the largest response so far.

    Attributes:
        in_flight: Each request that has been sent and whose response has not been read, with its handle, by offset.
    """

    def __init__(self, max_pages: int, max_bytes: int) -> None:
        self._max_pages = self._current_max = max_pages
        self._max_bytes = max_bytes
        self._largest_size = 1
        self._short_page_step: int | None = None
        self.in_flight: dict[int, tuple[PageRequest, H]] = {}

    def slow_down(self) -> list[H]:
        """Reduce the plan to one page at a time after a 429; each response adds one again. Any thread may call this.

        Returns:
            The handles of the requests to cancel: all but the one that the caller needs next.
        """
        self._current_max = 1
        return [handle for _, (_, handle) in sorted(self.in_flight.items(), key=itemgetter(0))[1:]]

    def record_response(self, request: PageRequest, response: PageResponse[Any], overlap: int) -> None:
        """Record the size of a response, and its number of items if that is smaller than the limit."""
        self._current_max = min(self._max_pages, self._current_max + 1)
        self._largest_size = max(self._largest_size, response.size)
        if response.items:
            is_short = len(response.items) < request.limit
            self._short_page_step = max(1, len(response.items) - overlap) if is_short else None

    def shorten(self, request: PageRequest, overlap: int) -> PageRequest:
        """Shorten a request so that it ends where a page in flight begins."""
        if not self.in_flight:
            return request
        following = [offset for offset in self.in_flight if offset > request.offset]
        gap = min(following) - request.offset + overlap if following else request.limit
        return PageRequest(request.offset, min(request.limit, gap))

    def update(self, walker: PageWalker[Any]) -> tuple[list[PageRequest], list[H]]:
        """Choose what to request and what to cancel, after a page has been returned.

        Returns:
            The requests to send now, and the handles of those to cancel.
        """
        if self._max_pages == 1:
            return [], []
        overlap, step = walker.options.overlap, walker.options.step
        capacity = min(self._current_max, max(1, self._max_bytes // self._largest_size))
        capacity = 0 if capacity == 1 or walker.total is None else capacity
        expected_step = min(step, self._short_page_step or step)
        offset, remaining, end = walker.next_offset, walker.remaining, (walker.total or 0) - overlap
        requests: list[PageRequest] = []
        kept: dict[int, tuple[PageRequest, H]] = {}
        max_considered = max(capacity, len(self.in_flight))
        while offset < end and (remaining is None or remaining > 0) and len(requests) + len(kept) < max_considered:
            following = min((other for other in self.in_flight if other > offset), default=end)
            if offset in self.in_flight:
                kept[offset] = self.in_flight[offset]
            else:
                span = min(step, following - offset) if following < end else step
                requests.append(PageRequest(offset, (span if remaining is None else min(span, remaining)) + overlap))
            advance = min(expected_step, max(1, following - offset))
            offset += advance
            remaining = None if remaining is None else remaining - advance
        cancelled = [handle for other, (_, handle) in self.in_flight.items() if other not in kept]
        self.in_flight = kept
        return requests[: max(0, capacity - len(kept))], cancelled

    def free_slot(self) -> Sequence[H]:
        """Drop the last page in flight if the maximum is reached, so that the caller can request another one.

        Returns:
            The handle of the request to cancel, if any.
        """
        return [self.in_flight.pop(max(self.in_flight))[1]] if len(self.in_flight) >= self._max_pages else []
