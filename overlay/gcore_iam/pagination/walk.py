"""Decides, page by page, what to ask for, what to hand out, and where the list ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from ..errors import PaginationError
from .checkpoint import REMEMBERED, REMEMBERED_MISSING, Place, Progress
from .overlap import Alignment, OverlapMatcher
from .pages import Identity, Key, Page, Received, Wanted, Window

T = TypeVar("T")
R = TypeVar("R")

FRUITLESS = 64
"""Requests in a row that may bring nothing new, before the walk gives up."""

CONTRADICTIONS = 3
"""Answers in a row that may deny what the server's own total says."""

MISSING = 3
"""Items of those read last that may be gone between two pages of the same total, before that is doubted."""

DOUBTS = 6
"""How often pages may contradict one another before it is said that the order is not stable."""

REPETITIONS = (1, 3, 7, 0)
"""How many items further on the same page has to come again, before it is said that the server does not heed offset.

Uneven, so that a list that grows while it is read does not look like that.
"""

SEARCH = 24
"""Steps back, and forward, in search of a page that joins."""

_FAST = 'consistency="fast" takes pages as they come'


@attrs.define
class Ready(Generic[T]):
    """A page to hand out."""

    page: Page[T]
    place: Place


@attrs.define
class _Slice(Generic[T]):
    """A page as it came, and how it continues what has been read."""

    offset: int
    received: Received[T]
    keys: Sequence[Key]
    alignment: Alignment


Steps: TypeAlias = "Generator[Wanted | Ready[T], Any, R]"
"""Yields a `Wanted` and is sent what was `Received`; yields each page that is `Ready` and is sent nothing."""


class Walk(Generic[T]):
    """The way through a list.

    Neighbouring pages overlap by one item. Where a page does not begin with the item that was read last, the list has
    shifted: the walk steps back until a page joins (see `overlap`), and drops what it repeats.

    Args:
        window: Which part of the list.
        identity: How its items are recognised.
        progress: Where to go on; None to begin.

    Attributes:
        position: Where the next page begins, if the list does not shift.
        left: How many items may still be handed out; None for any number.
        total: How many items the list has, by the server's last word; None when that did not say.
        progress: Where it begins.
    """

    def __init__(self, window: Window, identity: Identity[T], progress: Progress | None = None) -> None:
        if progress is None:
            progress = Progress(window.start, is_complete=window.start <= 1)
        self.window = window
        self.left = window.max_items
        self.total: int | None = None
        self.progress = progress
        self._identity = identity
        self._is_strict = window.consistency == "strict"
        self._matcher = OverlapMatcher(identity.is_unique, is_complete=False)
        if self._is_strict:
            self._matcher = OverlapMatcher(
                identity.is_unique, progress.is_complete, list(progress.recent), Counter(progress.missing)
            )
        self._skipped = 0
        self.position = progress.offset
        if progress.recent:
            self.position += 1 - window.overlap
        elif self._is_strict and progress.offset:
            # Without an item to begin from, the one in front serves: it may outlive all of the first page.
            self.position -= 1
            self._skipped = 1
        self._counted = progress.total
        """The total that `position` belongs to."""
        self._was_counted = False
        self._number = 0
        self._fruitless = self._searches = self._stuck = 0
        self._reach = window.step
        """How many items the last page brought, beyond the overlap: the server may send fewer than asked for."""
        self._is_short = self._was_short = False
        """Whether the last page had fewer items than it might have had; whether the one before it had."""
        self._are_both_short = False
        """Whether the two pages that were read last were short: then both say that the list has ended."""
        self._has_short_pages = False
        """Whether the server has sent a short page where the list went on."""
        self._is_over = False
        self._previous: tuple[int, Sequence[Key], int | None] | None = None
        self._kept: tuple[int, Received[T]] | None = None
        """A page that did not join, and may do so once what is in front of it has been read."""

    @property
    def limit(self) -> int:
        """How many items to ask for."""
        step = self.window.step if self.left is None else min(self.window.step, self.left)
        is_beginning = not self._matcher.keys and not self._skipped
        return step if is_beginning else step + self.window.overlap

    def steps(self) -> Steps[T, None]:
        """Walk.

        Raises:
            PaginationError: The server's pages contradict each other.
        """
        self._stuck = 0
        while not self._is_over and (self.left is None or self.left > 0):
            found = yield from self._next()
            if found is None:
                return
            ready, offset, keys = self._advance(found), found.offset, found.keys
            behind = len(self._matcher.keys) - len(found.alignment.following)
            found = None
            is_stuck = not keys or (len(keys) == 1 and self.position == offset)
            if ready is None and not self._is_over and is_stuck:
                if self.total is None:
                    self._is_over = yield from self._ends_here(offset, keys)
                elif keys:
                    ready = yield from self._follow_single_item(keys, behind)
            if ready is not None:
                self._fruitless = self._searches = self._stuck = 0
                yield ready
                ready = None  # so that whoever has it can let it go before the next one comes

    def _follow_single_item(self, single: Sequence[Key], behind: int) -> Steps[T, Ready[T] | None]:
        """Read on where a page ends with its first item, so that no page overlaps with the next one.

        The page behind that item is taken for the next one if the item stands where it stood, and the total is the
        same, before and after. Of a list that changes there and back meanwhile, this may miss items.

        Args:
            single: The key of that item.
            behind: Where in the matcher's keys its followers stand.

        Returns:
            A page; None when it is uncertain what follows, and everything has to be requested once more.

        Raises:
            PaginationError: What follows has been read before, again and again.
        """
        place, total, is_certain = self.position, self.total, False
        while True:
            received = yield from self._ask(place + 1, is_fresh=True)
            again = yield from self._ask(place, is_fresh=True)
            if len(again.items) > 1:
                self._kept = place, again  # this one overlaps, so that nothing has to be assumed
                return None
            keys = self._identity.keys(received.items)
            if not keys or {received.total, again.total} != {total} or self._identity.keys(again.items) != single:
                return None
            if is_certain or self._matcher.are_unknown(keys, behind):
                break
            if self._identity.is_unique:
                self._stuck += 1
                if self._stuck < CONTRADICTIONS:
                    return None
                raise PaginationError(
                    f"the server counts {total} items, but {self._stuck} times nothing follows the one at offset "
                    f"{place}; {_FAST}",
                    offset=place,
                )
            is_certain = True  # if it comes again: an item that equals another one, or one that was read before
        return self._advance(_Slice(place + 1, received, keys, self._matcher.align_behind(keys, behind)))

    def _advance(self, found: _Slice[T]) -> Ready[T] | None:
        """Go on behind a page; gives what is new on it, None when nothing is."""
        received, alignment, matcher = found.received, found.alignment, self._matcher
        count, total = len(found.keys), received.total
        end = found.offset + count
        if count and total is not None and end > total:
            total = None  # it counts fewer than it sends
        self._is_over = received.whole or (total is not None and end >= total)
        self.total = self._counted = total
        place = Place(
            offset=found.offset + alignment.start,
            keys=found.keys[alignment.start :] if alignment.start else found.keys,
            fresh=[index - alignment.start for index in alignment.fresh] if alignment.start else alignment.fresh,
            before=matcher.keys[max(0, alignment.kept - REMEMBERED) : alignment.kept],
            following=alignment.following,
            missing=(),
            is_complete=matcher.is_complete and alignment.kept <= REMEMBERED,
            total=total,
        )
        if self._is_strict:
            matcher.accept(alignment, found.keys)
            place.missing = matcher.newest_missing(REMEMBERED_MISSING)
            place.is_complete = place.is_complete and len(place.missing) == matcher.missing.total()
            # Some of what follows may be gone: after a leap that missed, the next one is shorter.
            self.position = max(0, end - 1) + (len(alignment.following) >> max(0, self._searches - 1))
        else:
            self.position = end
        self._skipped = 0
        self._reach = max(1, min(self.window.step, count - self.window.overlap))
        self._previous = found.offset, found.keys, received.total
        self._has_short_pages = self._has_short_pages or (self._was_short and bool(alignment.fresh))
        self._are_both_short = self._was_short and self._is_short
        self._was_short = self._is_short
        fresh = alignment.fresh if self.left is None else alignment.fresh[: self.left]
        if not fresh:
            return None
        self._number += 1
        self.left = None if self.left is None else self.left - len(fresh)
        first, new = fresh[0], len(fresh)
        if new == count:
            items = received.items
        elif new == fresh[-1] - first + 1:
            items = received.items[first : first + new]
        else:
            items = [received.items[index] for index in fresh]
        return Ready(Page(items, found.offset + first, received.total, self._number), place)

    # --- the next page -----------------------------------------------------------------------------------------------

    def _next(self) -> Steps[T, _Slice[T] | None]:
        """The page that joins what has been read; None where the list has ended."""
        doubts = 0
        while True:
            found = yield from self._joining()
            if found is None or found.received.whole or not self._is_doubtful(found):
                return found
            # Is the list as odd as that, or its order another one at each time of asking?
            received = yield from self._ask(found.offset)
            again = self._joined(found.offset, received, is_last_resort=True)
            is_same = again is not None and again.alignment.is_sound == found.alignment.is_sound
            if again is not None and is_same and _agree(found.keys, again.keys):
                return again
            doubts += 1
            if doubts == DOUBTS:
                raise PaginationError(
                    f"the server's order is not stable: around offset {found.offset}, what it sends contradicts what "
                    f"it sent before, {DOUBTS} times; {_FAST}",
                    offset=found.offset,
                )

    def _is_doubtful(self, found: _Slice[T]) -> bool:
        """Whether it is more likely that the server's order is not stable than that the list has changed like this."""
        is_changing = found.received.total is not None and found.received.total != self._counted
        return not found.alignment.is_ordered or (len(found.alignment.missing) >= MISSING and not is_changing)

    def _joining(self) -> Steps[T, _Slice[T] | None]:
        while True:
            offset, kept = self.position, self._kept
            self._kept = None
            is_kept = kept is not None and kept[0] == offset
            received = kept[1] if kept is not None and is_kept else (yield from self._ask(offset))
            if received.items or received.whole or (self._matcher.keys and offset > 0):
                break
            if received.total is not None or (yield from self._ends_here(offset, [])):
                return None
        found = self._joined(offset, received)
        if not received.whole:
            yield from self._refuse_repetition(offset, received)
        if found is not None and found.alignment.is_sound:
            return found
        if not is_kept:
            self._kept = (offset, received)
        if found is None:
            found = yield from self._search(offset, received)
        if not found.alignment.is_sound and found.offset > 0:
            before = max(0, found.offset - self._reach)
            closer = self._joined(before, (yield from self._ask(before)))
            if closer is not None and closer.alignment.is_sound and len(closer.alignment.fresh) < len(closer.keys):
                return closer  # otherwise that is from before all that is remembered
        return found

    def _search(self, origin: int, received: Received[T]) -> Steps[T, _Slice[T]]:
        """A page that joins: from further back, or from where the total says that the list has shifted to."""
        self._searches += 1
        step, is_counted = self._reach, received.total is not None
        change = 0 if self._counted is None or received.total is None else received.total - self._counted
        base = origin + max(0, change)
        back = max(step, -(change // step) * step)  # whole pages: the following ones are asked for already
        end = received.total if is_counted or received.items else origin
        is_at_start = False
        for _ in range(SEARCH):
            for offset in (max(0, base - back), base + back):
                if offset == 0 and is_at_start:
                    continue
                if end is not None and offset >= max(end, 1):
                    if offset > base:
                        continue
                    offset = max(0, end - 1)
                is_at_start = is_at_start or offset == 0
                received = yield from self._ask(offset)
                found = self._joined(offset, received)
                if found is not None:
                    return found
                end = received.total if is_counted or received.items else offset
            if base - back <= 0 and end is not None and base + back >= end:
                break
            # No further than what is remembered is long, or the search would leap over it.
            back += min(back, max(step, len(self._matcher.keys)))
        if self._matcher.is_complete:
            found = self._joined(0, (yield from self._ask(0)), is_last_resort=True)
            if found is not None:
                return found
        raise PaginationError(
            f"none of the last {len(self._matcher.keys)} items stands anywhere around offset {origin} any more: they "
            f"are gone, or the server's order is not stable; {_FAST}",
            offset=origin,
        )

    def _joined(self, offset: int, received: Received[T], *, is_last_resort: bool = False) -> _Slice[T] | None:
        """A page with how it joins; None when it does not."""
        keys = self._identity.keys(received.items)
        if not self._is_strict or not self._matcher.keys:
            skipped = self.position + self._skipped if received.whole else self._skipped
            fresh = range(min(skipped, len(keys)), len(keys))
            return _Slice(0 if received.whole else offset, received, keys, Alignment(fresh))
        expected = None
        if self._counted is not None and received.total is not None:
            growth = received.total - self._counted
            expected = len(self._matcher.keys) - 1 - growth - (self.position - offset)
        place = 0 if received.whole else offset
        alignment = self._matcher.align(place, keys, expected, is_last_resort=is_last_resort)
        if alignment is None:
            return None
        if received.whole:
            return _Slice(0, received, keys, attrs.evolve(alignment, is_sound=True))
        return _Slice(offset, received, keys, alignment)

    def _ask(self, offset: int, limit: int | None = None, *, is_fresh: bool = False) -> Steps[T, Received[T]]:
        """Ask for a page, again when it is empty although the server counts items from there on."""
        empty = 0
        while True:
            self._fruitless += 1
            if self._fruitless > FRUITLESS:
                raise PaginationError(
                    f"{FRUITLESS} requests around offset {offset} brought nothing new: the list changes faster than it "
                    "can be read, or the server does not heed offset",
                    offset=offset,
                )
            wanted = Wanted(offset, self.limit if limit is None else limit, is_fresh)
            received: Received[T] = yield wanted
            self._is_short = len(received.items) < wanted.limit
            self._was_counted = self._was_counted or received.total is not None
            if received.whole or received.items or received.total is None or offset >= received.total:
                return received
            empty += 1
            if empty == CONTRADICTIONS:
                raise PaginationError(
                    f"the server counts {received.total} items, but sends none from offset {offset} on, "
                    f"asked {CONTRADICTIONS} times",
                    offset=offset,
                )

    # --- servers that do not say what they mean ----------------------------------------------------------------------

    def _ends_here(self, offset: int, keys: Sequence[Key]) -> Steps[T, bool]:
        """Whether a list ends with a page of one item at most that says nothing of a total."""
        end = offset
        if self._is_strict and self._matcher.keys:
            end += 1
            beyond = yield from self._ask(end)
            if beyond.items:
                self._has_short_pages = True
                return False
            # That page may have been a short one of a list that went on, and that has shifted since.
            if self._has_short_pages or not self._are_both_short:
                again = yield from self._ask(offset)
                if self._identity.keys(again.items) != keys:
                    self._kept = offset, again
                    return False
        if self._was_counted:
            counted = yield from self._ask(0, 1)
            if counted.total is not None and counted.total > end:
                raise PaginationError(
                    f"the server counts {counted.total} items, but sends none from offset {end} on", offset=end
                )
        return True

    def _refuse_repetition(self, offset: int, received: Received[T]) -> Steps[T, None]:
        """Find out whether a page that looks like the one before it does so at every offset."""
        if self._previous is None or offset <= self._previous[0]:
            return
        before, shown, total = self._previous
        common = min(len(shown), len(received.items))
        if common == 0 or self._identity.of(received.items[0]) != shown[0]:
            return
        if not self._identity.is_unique and len(set(shown)) == 1:
            return  # a log may well say the same again and again
        for further in REPETITIONS:
            is_other = received.total != total if self._is_strict else False  # a list that grows shifts
            if is_other or self._identity.keys(received.items[:common]) != shown[:common]:
                return
            received = yield from self._ask(offset + further)
        raise PaginationError(
            f"the server answers offset {offset} as it answers offset {before}: it does not heed offset",
            offset=offset,
        )


def _agree(one: Sequence[Key], other: Sequence[Key]) -> bool:
    """Whether two answers to one question show a list in the same order, give or take what has changed meanwhile."""
    places = {key: place for place, key in enumerate(other)}
    common = [places[key] for key in one if key in places]
    return common == sorted(common) and 2 * len(common) >= min(len(one), len(other))
