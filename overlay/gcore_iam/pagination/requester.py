"""Requests pages, finds the end of a list without a total, and raises if responses contradict each other."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from ..errors import PaginationError
from .options import Identity, Key, PageRequest, PageResponse

T = TypeVar("T")
R = TypeVar("R")

MAX_UNPRODUCTIVE_REQUESTS = 64
"""Maximum number of requests in a row without a new item; the next request raises.

If a list changes at each request, a server that sends single items may never send two pages that fit together. This
bound ends such an iteration; the checkpoint of the error continues it later.
"""

MAX_CONTRADICTIONS = 3
"""Maximum number of empty responses in a row at an offset below the total; the last of them raises."""

REPETITION_DISTANCES = (1, 3, 7, 0)
"""If a page equals the page before it, the requester requests the pages at these distances, in items.

If all of these pages are the same, the server ignores offset. The distances are uneven, because a list that grows while
it is read may have the same page at evenly spaced offsets.
"""

Requests: TypeAlias = Generator[PageRequest, Any, R]
"""Yields each `PageRequest` and is sent its `PageResponse`."""


class PageRequester(Generic[T]):
    """Requests pages, and raises PaginationError if the server contradicts itself.

    Args:
        identity: Computes the keys of items.
        is_strict: Whether neighboring pages overlap.
    """

    def __init__(self, identity: Identity[T], *, is_strict: bool) -> None:
        self._identity = identity
        self._is_strict = is_strict
        self._has_seen_total = False
        self._unproductive_requests = 0
        self._previous: tuple[int, Sequence[Key], int | None] | None = None
        """Offset, keys and total of the last accepted page."""
        self._is_short = False
        """Whether the last response had fewer items than requested."""
        self._was_short = False
        """Whether the last accepted page was short."""
        self._were_both_short = False
        """Whether the last two accepted pages were short: both say that the list has ended."""
        self._has_short_pages = False
        """Whether the server has sent a short page before the end of the list."""

    def record_page(self, offset: int, keys: Sequence[Key], total: int | None, *, has_new_items: bool) -> None:
        """Remember a page that was accepted."""
        self._previous = offset, keys, total
        self._has_short_pages = self._has_short_pages or (self._was_short and has_new_items)
        self._were_both_short = self._was_short and self._is_short
        self._was_short = self._is_short

    def record_progress(self) -> None:
        """Start counting unproductive requests from zero, since there are new items."""
        self._unproductive_requests = 0

    def request(self, offset: int, limit: int, *, is_fresh: bool = False) -> Requests[PageResponse[T]]:
        """Request a page; repeat the request if the page is empty although the total says that items follow.

        Raises:
            PaginationError: The page stays empty, or too many requests in a row have brought nothing new.
        """
        empty = 0
        while True:
            self._unproductive_requests += 1
            if self._unproductive_requests > MAX_UNPRODUCTIVE_REQUESTS:
                raise PaginationError(
                    f"{MAX_UNPRODUCTIVE_REQUESTS} requests around offset {offset} brought nothing new: the list "
                    "changes faster than it can be read, or the server does not heed offset",
                    offset=offset,
                )
            response: PageResponse[T] = yield PageRequest(offset, limit, is_fresh)
            self._is_short = len(response.items) < limit
            self._has_seen_total = self._has_seen_total or response.total is not None
            if response.is_whole or response.items or response.total is None or offset >= response.total:
                return response
            empty += 1
            if empty == MAX_CONTRADICTIONS:
                raise PaginationError(
                    f"the server counts {response.total} items, but sends none from offset {offset} on, in "
                    f"{MAX_CONTRADICTIONS} responses",
                    offset=offset,
                )

    def check_end(
        self, offset: int, keys: Sequence[Key], limit: int, *, has_overlap: bool
    ) -> Requests[tuple[bool, PageResponse[T] | None]]:
        """Check whether the list ends with a page of at most one item whose response had no total.

        Args:
            offset: Offset of the page.
            keys: The keys of its items.
            limit: Items to request.
            has_overlap: Whether the item of the page has been read before, so that more may follow it.

        Returns:
            Whether the list has ended, and the page at `offset` if it has changed since.

        Raises:
            PaginationError: The server has sent a total at any time, and counts more items now.
        """
        end = offset
        if has_overlap:
            end += 1
            beyond = yield from self.request(end, limit)
            if beyond.items:
                self._has_short_pages = True
                return False, None
            # The page may have been a short one in the middle of a list that has shrunk since then.
            if self._has_short_pages or not self._were_both_short:
                repeated = yield from self.request(offset, limit)
                if self._identity.get_keys(repeated.items) != keys:
                    return False, repeated
        if self._has_seen_total:
            total = (yield from self.request(0, 1)).total
            if total is not None and total > end:
                raise PaginationError(
                    f"the server counts {total} items, but sends none from offset {end} on", offset=end
                )
        return True, None

    def check_repetition(self, offset: int, response: PageResponse[T], limit: int) -> Requests[None]:
        """Check that a page which equals the page before it does not come at every offset.

        Raises:
            PaginationError: The server ignores offset.
        """
        if self._previous is None or offset <= self._previous[0]:
            return
        previous_offset, previous_keys, previous_total = self._previous
        common = min(len(previous_keys), len(response.items))
        if common == 0 or self._identity.get_key(response.items[0]) != previous_keys[0]:
            return
        if self._identity.can_repeat(previous_keys[0]) and len(set(previous_keys[:common])) == 1:
            return  # a log may repeat the same entry on several pages
        for distance in REPETITION_DISTANCES:
            if self._is_strict and response.total != previous_total:
                return  # the list grows, and its items shift
            if self._identity.get_keys(response.items[:common]) != previous_keys[:common]:
                return
            response = yield from self.request(offset + distance, limit)
        raise PaginationError(
            f"the server sends the same page for offset {offset} and offset {previous_offset}: it does not heed offset",
            offset=offset,
        )
