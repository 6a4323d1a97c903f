"""Decides, page by page, what to request, what to return, and where the list ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from typing import Any, Generic, TypeVar

import attrs

from ..errors import PaginationError
from .checkpoint import MAX_MISSING_KEYS, MAX_RECENT_KEYS, Position, Progress
from .options import Identity, Key, Page, PageOptions, PageRequest, PageResponse
from .overlap import Alignment, OverlapMatcher
from .requester import PageRequester, Requests

T = TypeVar("T")

SUSPICIOUS_MISSING_ITEMS = 3
"""If a page lacks this many items that have been read, and the total is the same, the order may not be stable."""

MAX_ORDER_CONFLICTS = 6
"""If this many pages in a row contradict each other, the order of the server is not stable, and the walker raises."""

MAX_SEARCH_STEPS = 24
"""Maximum number of steps in each direction, in the search for a page with an item that has been read."""

CONFIRMATIONS_WITHOUT_TOTAL = 4
"""How often a page of a single item that has been read is requested again before it counts as the next page.

This is for lists without ids and without a total. For others, once is enough: the same total before and after shows
that the list has not changed, and items with ids cannot be mistaken for others.
"""

_FAST_HINT = 'consistency="fast" takes pages as they come'


@attrs.define
class ReadyPage(Generic[T]):
    """A page to return."""

    page: Page[T]
    position: Position


@attrs.define
class _AlignedPage(Generic[T]):
    """A response, and how it fits the items that have been read."""

    offset: int
    response: PageResponse[T]
    keys: Sequence[Key]
    alignment: Alignment


class PageWalker(Generic[T]):
    """Walks through a list page by page, without I/O.

    Each request begins with the item that was read last, so neighboring pages overlap by one item. There are four
    cases:

    - The page begins with that item: the list has not shifted, and the other items of the page are new.
    - It begins with another item: the list has shifted. The walker requests earlier or later pages until one shows an
      item that has been read, continues from there, and drops the items that have been read.
    - It begins with an item that equals others, such as an entry of a log: the item does not show whether the list has
      shifted. The module `overlap` describes how the page is aligned then, and how equal items are counted.
    - It holds only that item: either the list ends here, or the server sends single items. The walker requests the
      offset after it, and then the item once more, which shows whether the list has changed in between.

    With `consistency="fast"`, pages do not overlap, and the walker returns them as the server sends them.

    Args:
        options: Which part of the list to read.
        identity: Computes the keys of its items.
        progress: Where to continue; None to begin.

    Attributes:
        next_offset: Offset of the next page if the list does not shift.
        remaining: How many items may still be returned; None for any number.
        total: Items in the list, according to the last page; None if that had no count.
        progress: Where the walk begins.
    """

    def __init__(self, options: PageOptions, identity: Identity[T], progress: Progress | None = None) -> None:
        if progress is None:
            progress = Progress(options.start, is_complete=options.start <= 1)
        self.options = options
        self.remaining = options.max_items
        self.total: int | None = None
        self.progress = progress
        self._identity = identity
        self._is_strict = options.consistency == "strict"
        self._requester = PageRequester(identity, is_strict=self._is_strict)
        remembered = progress if self._is_strict else Progress(0)
        self._matcher = OverlapMatcher(
            identity.is_unique, remembered.is_complete, list(remembered.recent), Counter(remembered.missing)
        )
        self._items_to_skip = 0
        self.next_offset: int = progress.offset
        if progress.recent:
            self.next_offset += 1 - options.overlap
        elif self._is_strict and progress.offset:
            # No item has been read, so the overlap of the first page is the item before it.
            self.next_offset -= 1
            self._items_to_skip = 1
        self._known_total = progress.total
        """The total when `next_offset` was computed."""
        self._page_number = 0
        self._searches = 0
        self._last_step = options.step
        """Number of items of the last page beyond the overlap; the server may send fewer than requested."""
        self._is_finished = False
        self._pending: tuple[int, PageResponse[T]] | None = None
        """A response, and its offset: used instead of another request if the next request is for this offset."""

    @property
    def limit(self) -> int:
        """How many items to request."""
        step = self.options.step if self.remaining is None else min(self.options.step, self.remaining)
        is_beginning = not self._matcher.keys and not self._items_to_skip
        return step if is_beginning else step + self.options.overlap

    def steps(self) -> Generator[PageRequest | ReadyPage[T], Any, None]:
        """Yield each page to request and each page to return.

        The caller sends a `PageResponse` for each `PageRequest`, and nothing for a `ReadyPage`.

        Raises:
            PaginationError: The server's pages contradict each other.
        """
        while not self._is_finished and (self.remaining is None or self.remaining > 0):
            aligned = yield from self._find_next()
            if aligned is None:
                return
            ready, offset, keys = self._accept(aligned), aligned.offset, aligned.keys
            after = len(self._matcher.keys) - len(aligned.alignment.following)
            aligned = None
            is_stalled = not keys or (len(keys) == 1 and self.next_offset == offset)
            if ready is None and not self._is_finished and is_stalled:
                ready = yield from self._continue_after_stall(offset, keys, after)
            if ready is not None:
                self._searches = 0
                self._requester.record_progress()
                yield ready
                ready = None  # so that the next page can use its memory

    def _request(self, offset: int, *, is_fresh: bool = False) -> Requests[PageResponse[T]]:
        return self._requester.request(offset, self.limit, is_fresh=is_fresh)

    # --- accept a page -----------------------------------------------------------------------------------------------

    def _accept(self, aligned: _AlignedPage[T]) -> ReadyPage[T] | None:
        """Accept a page as the next one; return its new items, or None if it has none."""
        response, alignment, matcher = aligned.response, aligned.alignment, self._matcher
        count, total = len(aligned.keys), response.total
        end = aligned.offset + count
        if count and total is not None and end > total:
            total = None  # the server counts fewer items than it sends
        self._is_finished = response.is_whole or (total is not None and end >= total)
        self.total = self._known_total = total
        position = _build_position(aligned, matcher, total)
        if self._is_strict:
            matcher.accept(alignment, aligned.keys)
            position.missing = matcher.get_newest_missing(MAX_MISSING_KEYS)
            position.is_complete = position.is_complete and len(position.missing) == matcher.missing.total()
            # The following items have been read, so the walker skips them. If some are deleted meanwhile, the page
            # after them may not align; therefore the walker skips half as many after each search.
            self.next_offset = max(0, end - 1) + (len(alignment.following) >> max(0, self._searches - 1))
        else:
            self.next_offset = end
        self._items_to_skip = 0
        self._last_step = max(1, min(self.options.step, count - self.options.overlap))
        self._requester.record_page(aligned.offset, aligned.keys, response.total, has_new_items=bool(alignment.new))
        new = alignment.new if self.remaining is None else alignment.new[: self.remaining]
        if not new:
            return None
        self._page_number += 1
        self.remaining = None if self.remaining is None else self.remaining - len(new)
        items = _select_items(response.items, new)
        return ReadyPage(Page(items, aligned.offset + new[0], response.total, self._page_number), position)

    def _continue_after_stall(self, offset: int, keys: Sequence[Key], after: int) -> Requests[ReadyPage[T] | None]:
        """Return the page after a page of at most one item, which has been read.

        Return None if the list has ended, or if the page has to be requested once more. `after` is the index in the
        matcher's keys of the item that follows.
        """
        if self.total is None:
            self._is_finished, repeated = yield from self._check_end(offset, keys)
            if repeated is not None:
                self._pending = offset, repeated
                return None
        if self._is_finished or not keys:
            return None
        return (yield from self._follow_single_item(keys, after))

    def _follow_single_item(self, single: Sequence[Key], after: int) -> Requests[ReadyPage[T] | None]:
        """Return the page after a page that holds a single item, although the two do not overlap.

        The page is accepted if, before and after its request, the item has the same offset and the total, if there is
        one, is the same. If the page contains an item that has been read, the list may have shifted, so the page is
        requested again. If the list changes back and forth in between, items may be missed. Return None if the page
        has no new item, or if the list has changed and the item has to be requested once more.
        """
        offset, total = self.next_offset, self.total
        is_certain = total is not None or self._identity.is_unique  # a page of ids that have been read loses no item
        confirmations = 1 if is_certain else CONFIRMATIONS_WITHOUT_TOTAL
        while True:
            response = yield from self._request(offset + 1, is_fresh=True)
            repeated = yield from self._request(offset, is_fresh=True)
            if len(repeated.items) > 1:
                self._pending = offset, repeated  # this page overlaps with the next one
                return None
            keys = self._identity.get_keys(response.items)
            if not keys or len({total, response.total, repeated.total} - {None}) > 1:
                return None
            if self._identity.get_keys(repeated.items) != single:
                return None
            if not confirmations or self._matcher.are_unknown(keys, after):
                break
            confirmations -= 1  # the same page again: the server repeats an id, or has equal items
        yield from self._requester.check_repetition(offset + 1, response, self.limit)
        return self._accept(_AlignedPage(offset + 1, response, keys, self._matcher.align_from(keys, 0, after)))

    def _check_end(self, offset: int, keys: Sequence[Key]) -> Requests[tuple[bool, PageResponse[T] | None]]:
        """Check whether the list has ended; return also the page at `offset` if that has changed since."""
        has_overlap = self._is_strict and bool(self._matcher.keys)
        return (yield from self._requester.check_end(offset, keys, self.limit, has_overlap=has_overlap))

    # --- find the next page ------------------------------------------------------------------------------------------

    def _find_next(self) -> Requests[_AlignedPage[T] | None]:
        """Find the next page, and check that the order is stable; return None if the list has ended."""
        conflicts = 0
        while True:
            aligned = yield from self._find_candidate()
            if aligned is None or aligned.response.is_whole or not self._is_suspicious(aligned):
                return aligned
            # The second response shows whether the list has changed, or the order differs from request to request.
            response = yield from self._request(aligned.offset)
            repeated = self._align(aligned.offset, response, is_last_resort=True)
            is_same = repeated is not None and repeated.alignment.is_sound == aligned.alignment.is_sound
            if repeated is not None and is_same and _have_same_order(aligned.keys, repeated.keys):
                is_shorter = list(aligned.keys[: len(repeated.keys)]) == list(repeated.keys)
                return aligned if is_shorter else repeated
            conflicts += 1
            if conflicts == MAX_ORDER_CONFLICTS:
                raise PaginationError(
                    f"the server's order is not stable: around offset {aligned.offset}, its responses contradict "
                    f"earlier ones, {MAX_ORDER_CONFLICTS} times; {_FAST_HINT}",
                    offset=aligned.offset,
                )

    def _is_suspicious(self, aligned: _AlignedPage[T]) -> bool:
        """Return whether an unstable order explains a page better than a change of the list."""
        is_changing = aligned.response.total is not None and aligned.response.total != self._known_total
        missing = len(aligned.alignment.missing)
        return not aligned.alignment.is_ordered or (missing >= SUSPICIOUS_MISSING_ITEMS and not is_changing)

    def _find_candidate(self) -> Requests[_AlignedPage[T] | None]:
        """Find a page that aligns with the items that have been read; return None if the list has ended."""
        while True:
            offset, pending = self.next_offset, self._pending
            self._pending = None
            is_pending = pending is not None and pending[0] == offset
            response = pending[1] if pending is not None and is_pending else (yield from self._request(offset))
            if response.items or response.is_whole or (self._matcher.keys and offset > 0):
                break
            if response.total is not None:
                return None
            has_ended, repeated = yield from self._check_end(offset, [])
            if has_ended:
                return None
            self._pending = None if repeated is None else (offset, repeated)
        aligned = self._align(offset, response)
        if not response.is_whole:
            yield from self._requester.check_repetition(offset, response, self.limit)
        if aligned is not None and aligned.alignment.is_sound:
            return aligned
        if not is_pending:
            self._pending = (offset, response)
        if aligned is None:
            aligned = yield from self._search(offset, response)
        if not aligned.alignment.is_sound and aligned.offset > 0:
            before = max(0, aligned.offset - self._last_step)
            closer = self._align(before, (yield from self._request(before)))
            if closer is not None and closer.alignment.is_sound and len(closer.alignment.new) < len(closer.keys):
                return closer  # it contains an item that has been read; otherwise it may precede all of them
        return aligned

    def _search(self, origin: int, response: PageResponse[T]) -> Requests[_AlignedPage[T]]:
        """Find a page that aligns: around `origin`, plus the growth of the total.

        Raises:
            PaginationError: No page around `origin` contains an item that has been read.
        """
        self._searches += 1
        step, is_counted = self._last_step, response.total is not None
        change = 0 if self._known_total is None or response.total is None else response.total - self._known_total
        base = origin + max(0, change)
        back = max(step, -(change // step) * step)  # whole steps, so that prefetched pages can be used
        end = response.total if is_counted or response.items else origin
        is_at_start = False
        for _ in range(MAX_SEARCH_STEPS):
            for offset in (max(0, base - back), base + back):
                if offset == 0 and is_at_start:
                    continue
                if end is not None and offset >= max(end, 1):
                    if offset > base:
                        continue
                    offset = max(0, end - 1)
                is_at_start = is_at_start or offset == 0
                response = yield from self._request(offset)
                aligned = self._align(offset, response)
                if aligned is not None:
                    return aligned
                end = response.total if is_counted or response.items else offset
            if base - back <= 0 and end is not None and base + back >= end:
                break
            # A larger step than the number of remembered keys could leap over all of them.
            back += min(back, max(step, len(self._matcher.keys)))
        aligned = None
        if self._matcher.is_complete:
            aligned = self._align(0, (yield from self._request(0)), is_last_resort=True)
        if aligned is None:
            raise PaginationError(
                f"none of the last {len(self._matcher.keys)} items is found around offset {origin}: they were deleted, "
                f"or the server's order is not stable; {_FAST_HINT}",
                offset=origin,
            )
        return aligned

    def _align(self, offset: int, response: PageResponse[T], *, is_last_resort: bool = False) -> _AlignedPage[T] | None:
        """Align a page with the items that have been read; return None if that is impossible."""
        keys = self._identity.get_keys(response.items)
        start = 0 if response.is_whole else offset
        if not self._is_strict or not self._matcher.keys:
            skipped = self.next_offset + self._items_to_skip if response.is_whole else self._items_to_skip
            first_page = Alignment(range(min(skipped, len(keys)), len(keys)))
            if self._is_strict and len(set(keys)) < len(keys):  # the server repeats an id, or has equal items
                first_page = self._matcher.align_from(keys, 0, 0)
                first_page.new = [index for index in first_page.new if index >= skipped]
            return _AlignedPage(start, response, keys, first_page)
        # The page begins at the first index if the list has grown at its head, at the second if it has not changed.
        unchanged = len(self._matcher.keys) - 1 - (self.next_offset - start)
        growth = 0 if self._known_total is None or response.total is None else response.total - self._known_total
        expected = (unchanged - growth, unchanged)
        alignment = self._matcher.align(start, keys, expected, is_last_resort=is_last_resort)
        if alignment is None:
            return None
        alignment.is_sound = alignment.is_sound or response.is_whole
        return _AlignedPage(start, response, keys, alignment)


def _build_position(aligned: _AlignedPage[T], matcher: OverlapMatcher, total: int | None) -> Position:
    """Build the position of a page that the matcher has not accepted yet; its missing keys are set afterwards."""
    alignment = aligned.alignment
    start, kept = alignment.start, alignment.kept
    return Position(
        offset=aligned.offset + start,
        keys=aligned.keys[start:] if start else aligned.keys,
        new=[index - start for index in alignment.new] if start else alignment.new,
        repeats=[index - start for index in alignment.repeats],
        before=matcher.keys[max(0, kept - MAX_RECENT_KEYS) : kept],
        following=alignment.following,
        missing=[],
        is_complete=matcher.is_complete and kept <= MAX_RECENT_KEYS,
        total=total,
    )


def _select_items(items: Sequence[T], indexes: Sequence[int]) -> Sequence[T]:
    """Select items by ascending indexes, without a copy if all are selected."""
    first, count = indexes[0], len(indexes)
    if count == len(items):
        return items
    if count == indexes[-1] - first + 1:
        return items[first : first + count]
    return [items[index] for index in indexes]


def _have_same_order(one: Sequence[Key], other: Sequence[Key]) -> bool:
    """Return whether two responses have the same order, and share at least half of the items of the shorter one."""
    indexes = {key: index for index, key in enumerate(_number_equal(other))}
    common = [indexes[key] for key in _number_equal(one) if key in indexes]
    return common == sorted(common) and 2 * len(common) >= min(len(one), len(other))


def _number_equal(keys: Sequence[Key]) -> Iterator[tuple[Key, int]]:
    """Yield each key with the number of equal keys before it."""
    counts: Counter[Key] = Counter()
    for key in keys:
        yield key, counts[key]
        counts[key] += 1
