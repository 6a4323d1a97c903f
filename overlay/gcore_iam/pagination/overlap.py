"""Remembers the items that were read last, and aligns each page with them.

Pages are found by position, and positions shift when somebody adds or deletes items before them. The order of the items
does not shift. So a page continues what has been read from any item on it that has been read: the anchor. Whatever
stands before the anchor and has existed all the time has been read as well, and what follows the anchor on the page
follows it without a gap.

The invariant, if no two items have the same key and the server keeps the order of its items:

- Nothing is lost. Every item that exists from the start to the end of the iteration and stands before an item that has
  been read, has been read itself. A page that begins with an anchor, or contains one, keeps this true, also when the
  page was requested before other pages that were read earlier.
- Nothing comes twice. Every item that has been read, and may stand behind an anchor, is remembered: `keys` holds those
  whose place in the order is known, `missing` those that a page did not show where it might have shown them. Whoever
  reads a page must look into both.

Where items may have equal keys (lists without ids), equal items cannot be told apart, and keys are counted: a page may
show an equal item as often as it is remembered behind the anchor before it counts as a new one. In a list that does not
change, every item comes. In one that changes, an item can be taken for an equal one: then one of them may be left out,
or come once more.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

import attrs

from .pages import Key

WINDOW = 4096
"""Keys that are remembered, at least: several of the largest pages, some hundred kilobytes."""


@attrs.define
class Alignment:
    """How a page continues what has been read."""

    fresh: Sequence[int]
    """Which of its items have not been read, by their index on the page."""
    start: int = 0
    """The index on the page of the anchor, from which on the page replaces what is remembered."""
    kept: int = 0
    """How many of the remembered keys stay in front of the page."""
    following: Sequence[Key] = ()
    """Remembered keys that follow after the page."""
    missing: Sequence[Key] = ()
    """Remembered keys that the page might have shown and did not: deleted, or further down the list."""
    found: Counter[Key] = attrs.field(factory=Counter[Key])
    """Keys that were missing and that the page shows; how often each."""
    is_sound: bool = True
    """Whether the page begins with the anchor. One that does not might hide a gap, if the anchor was moved."""
    is_ordered: bool = True
    """Whether the items that have been read stand on the page in the order in which they were read."""


@attrs.define
class OverlapMatcher:
    """The keys of the items read last, in the list's order.

    Args:
        is_unique: Whether no two items have the same key.
        is_complete: Whether all that has been read is remembered, from the beginning of the list on.
        keys: The keys to begin with.
        missing: Keys that have been read and may stand further down the list.
    """

    is_unique: bool
    is_complete: bool
    keys: list[Key] = attrs.field(factory=list, repr=False)
    missing: Counter[Key] = attrs.field(factory=Counter[Key], repr=False)
    _counts: Counter[Key] = attrs.field(init=False, repr=False)
    """How often each key stands in `keys`."""

    def __attrs_post_init__(self) -> None:
        self._counts = Counter(self.keys)

    def align(
        self, offset: int, keys: Sequence[Key], expected: int | None, *, is_last_resort: bool = False
    ) -> Alignment | None:
        """Align a page; None when it shows nothing that has been read before.

        Args:
            offset: Where it stands in the list.
            keys: The keys of its items.
            expected: Where in `self.keys` it begins if the list has only grown at its head; None when that is unknown.
            is_last_resort: Whether the beginning of the list will do, though nothing there has been read.
        """
        end = len(self.keys)
        if keys and end and keys[0] == self.keys[-1] and self._counts[keys[0]] == 1:
            if self.are_new(keys[1:]):  # as it is when nothing has changed
                return Alignment(range(1, len(keys)), kept=end - 1)
            return self._align_from(keys, 0, end - 1)
        if not keys:
            return self._align_from(keys, 0, 0) if offset == 0 else None
        if offset == 0 and self.is_complete and self.is_unique:
            return self._align_from(keys, 0, 0)
        if not self.is_unique:
            place = self._find_place(keys, expected)
            if place is not None:
                return self._align_from(keys, 0, place)
        for index, key in enumerate(keys):
            if self._counts[key] == 1:  # of two equal items, nobody can tell which it is
                return self._align_from(keys, index, self.keys.index(key))
        return self._align_from(keys, 0, 0) if offset == 0 and self.is_complete and is_last_resort else None

    def align_behind(self, keys: Sequence[Key], place: int) -> Alignment:
        """Align a page without an overlap, whose items stand where those of `self.keys` from `place` on stood."""
        return self._align_from(keys, 0, place)

    def are_unknown(self, keys: Sequence[Key], place: int) -> bool:
        """Whether none of this stands in `self.keys` before a place."""
        return self._counts.keys().isdisjoint(keys) or set(keys).isdisjoint(self.keys[:place])

    def are_new(self, keys: Sequence[Key]) -> bool:
        """Whether nothing of this has been read before, as far as that can be told."""
        if self.missing and not self.missing.keys().isdisjoint(keys):
            return False
        if not self.is_unique:
            return True
        different = set(keys)
        return len(different) == len(keys) and self._counts.keys().isdisjoint(different)

    def newest_missing(self, most: int) -> list[Key]:
        """The missing keys, at most so many; those that have been missing for the shortest time."""
        newest: list[Key] = []
        for key in reversed(self.missing):
            newest += [key] * min(self.missing[key], most - len(newest))
            if len(newest) == most:
                break
        return newest[::-1]

    def _find_place(self, keys: Sequence[Key], expected: int | None) -> int | None:
        """Where in `self.keys` a page begins whose items may equal others: where all that overlaps is equal."""

        def fits(place: int) -> bool:
            common = min(len(keys), len(self.keys) - place)
            return self.keys[place : place + common] == list(keys[:common])

        if expected is not None and 0 <= expected < len(self.keys) and fits(expected):
            return expected
        fitting = [place for place, key in enumerate(self.keys) if key == keys[0] and fits(place)]
        return fitting[0] if len(fitting) == 1 else None

    def _align_from(self, keys: Sequence[Key], start: int, kept: int) -> Alignment:
        """Align a page whose items from `start` on stand where those of `self.keys` from `kept` on stood."""
        places: dict[Key, deque[int]] = {}
        for position in range(kept, len(self.keys)):
            places.setdefault(self.keys[position], deque()).append(position)
        end = len(self.keys)
        last, is_ordered, is_last_known = kept - 1, True, True
        found: Counter[Key] = Counter()
        here: set[Key] = set()
        fresh: list[int] = []
        for index in range(start, len(keys)):
            key = keys[index]
            place: int | None = None
            if places.get(key):
                place = places[key].popleft()
            elif self.is_unique and self._counts[key]:
                place = -1  # it was read before what stands in front of it here
            elif found[key] < self.missing[key]:
                found[key] += 1
                place = end
            elif not self.is_unique or key not in here:
                fresh.append(index)
            here.add(key)
            is_last_known = place is not None
            if place is not None:
                is_ordered = is_ordered and place >= last
                last = max(last, place)
        after = last + 1 if is_last_known else end
        unseen = sorted(position for rest in places.values() for position in rest if position < after)
        return Alignment(
            fresh=fresh,
            start=start,
            kept=kept,
            following=self.keys[after:],
            missing=[self.keys[position] for position in unseen],
            found=+found,
            is_sound=start == 0,
            is_ordered=is_ordered or not self.is_unique,
        )

    def accept(self, alignment: Alignment, keys: Sequence[Key]) -> None:
        """Remember the items of a page, in place of those that it replaces."""
        placed = keys[alignment.start :]
        for key, count in alignment.found.items():
            self.missing[key] -= count
            if self.missing[key] <= 0:
                del self.missing[key]
        is_append = alignment.kept == len(self.keys) - 1 and placed[:1] == self.keys[-1:]
        if is_append and alignment.is_ordered and not alignment.missing:
            self.keys += placed[1:]  # as it is when nothing has changed
            self._counts.update(placed[1:])
        else:
            moved = set(placed) if self.is_unique else set[Key]()
            before = [key for key in self.keys[: alignment.kept] if key not in moved]
            self.keys = [*before, *placed, *alignment.following]
            self._counts = Counter(self.keys)
            self.missing.update(alignment.missing)
            for key in list(self.missing)[: -2 * WINDOW]:  # as many as all of `keys`, which may be missing at once
                del self.missing[key]
                self.is_complete = False
        if len(self.keys) > 2 * WINDOW:
            self.keys = self.keys[-WINDOW:]
            self._counts = Counter(self.keys)
            self.is_complete = False
