"""What has been read last, and how a page joins it.

Pages are found by position, and positions shift when somebody adds or deletes items before them. What does not shift is
the order. So a page joins what has been read where it holds an item that has been read: whatever stood before that
item then, and still exists, has been read as well, and what follows it on the page follows without a gap.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence

import attrs

from .pages import Key

WINDOW = 4096
"""Keys that are remembered, at least: several of the largest pages, some hundred kilobytes."""


@attrs.define
class Join:
    """How a page joins what has been read."""

    fresh: Sequence[int]
    """Which of its items have not been read, by their index on the page."""
    start: int = 0
    """The index on the page from which on it has a place behind what has been read."""
    kept: int = 0
    """How many keys of the trail stay in front of it."""
    following: Sequence[Key] = ()
    """Keys of the trail that follow after the page."""
    missing: Sequence[Key] = ()
    """Keys of the trail that the page might have shown: gone, or further down the list."""
    passed: Mapping[Key, int] = attrs.field(factory=dict)
    """Keys that were missing before, and still are; how often each."""
    is_sound: bool = True
    """Whether the page begins with the item that joins it. One that does not might hide a gap, were an item moved."""
    is_ordered: bool = True
    """Whether what the page repeats stands in the order in which it was read."""


@attrs.define
class Trail:
    """The keys of the items read last, in the list's order.

    Args:
        is_unique: Whether no two items have the same key.
        is_complete: Whether nothing stands in front of it in the list, but what has come since.
        keys: The keys to begin with.
        missing: Keys that have been read and may stand further down the list.
    """

    is_unique: bool
    is_complete: bool
    keys: list[Key] = attrs.field(factory=list, repr=False)
    missing: Counter[Key] = attrs.field(factory=Counter[Key], repr=False)
    _counts: Counter[Key] = attrs.field(init=False, repr=False)
    """How often each key is on the trail."""

    def __attrs_post_init__(self) -> None:
        self._counts = Counter(self.keys)

    def join(
        self, offset: int, keys: Sequence[Key], expected: int | None, *, is_last_resort: bool = False
    ) -> Join | None:
        """How a page joins; None when nothing on it has been read before.

        Args:
            offset: Where it stands in the list.
            keys: The keys of its items.
            expected: Where on the trail it begins if the list has but grown at its head; None when nobody can say.
            is_last_resort: Whether the beginning of the list will do, though nothing there has been read.
        """
        end = len(self.keys)
        if keys and end and keys[0] == self.keys[-1] and self._counts[keys[0]] == 1:
            if self.are_new(keys[1:]):  # as it is when nothing has changed
                return Join(range(1, len(keys)), kept=end - 1, passed=self.missing)
            return self._aligned(keys, 0, end - 1)
        if not keys:
            return self._aligned(keys, -1, -1) if offset == 0 else None
        if offset == 0 and self.is_complete and (self.is_unique or is_last_resort):
            return self._aligned(keys, -1, -1)
        if not self.is_unique:
            place = self._place(keys, expected)
            if place is not None:
                return self._aligned(keys, 0, place)
        for index, key in enumerate(keys):
            if self._counts[key] == 1:  # of two that look the same, nobody knows which it is
                return self._aligned(keys, index, self.keys.index(key))
        return None

    def _place(self, keys: Sequence[Key], expected: int | None) -> int | None:
        """Where on the trail a page begins whose items may look the same as others: where all that overlaps fits."""

        def fits(place: int) -> bool:
            common = min(len(keys), len(self.keys) - place)
            return self.keys[place : place + common] == list(keys[:common])

        if expected is not None and 0 <= expected < len(self.keys) and fits(expected):
            return expected
        fitting = [place for place, key in enumerate(self.keys) if key == keys[0] and fits(place)]
        return fitting[0] if len(fitting) == 1 else None

    def are_new(self, keys: Sequence[Key]) -> bool:
        """Whether nothing of this has been read before, as far as that can be told."""
        if not self.is_unique:
            return True
        different = set(keys)
        known = self._counts.keys()
        return len(different) == len(keys) and known.isdisjoint(different) and self.missing.keys().isdisjoint(different)

    def _aligned(self, keys: Sequence[Key], index: int, place: int) -> Join:
        """The join of a page whose item at `index` is the one at `place` on the trail; -1 for what precedes both."""
        begin, end = max(0, index), len(self.keys)
        places: dict[Key, deque[int]] = {}
        for position in range(place + 1, end):
            places.setdefault(self.keys[position], deque()).append(position)
        last, is_ordered, is_last_known = place, True, True
        passed = dict(self.missing)
        here: set[Key] = set()
        fresh: list[int] = []
        for number in range(index + 1, len(keys)):
            key = keys[number]
            found: int | None = None
            if places.get(key):
                found = places[key].popleft()
            elif self.is_unique and self._counts[key]:
                found = -1  # it was read before what stands in front of it here
            elif passed.get(key):
                passed[key] -= 1
                found = end
            elif not self.is_unique or key not in here:
                fresh.append(number)
            here.add(key)
            is_last_known = found is not None
            if found is not None:
                is_ordered = is_ordered and found >= last
                last = max(last, found)
        after = last + 1 if is_last_known else end
        gone = [self.keys[position] for rest in places.values() for position in rest if position < after]
        return Join(
            fresh=fresh,
            start=begin,
            kept=place if index >= 0 else 0,
            following=self.keys[after:],
            missing=gone,
            passed={key: count for key, count in passed.items() if count > 0},
            is_sound=index <= 0,
            is_ordered=is_ordered or not self.is_unique,
        )

    def accept(self, join: Join, keys: Sequence[Key]) -> None:
        """Go on behind a page."""
        placed = keys[join.start :]
        if join.kept == len(self.keys) - 1 and placed[:1] == self.keys[-1:] and join.is_ordered and not self.missing:
            self.keys += placed[1:]  # as it is when nothing has changed
            self._counts.update(placed[1:])
        else:
            moved = set(placed) if self.is_unique else set[Key]()
            before = [key for key in self.keys[: join.kept] if key not in moved]
            self.keys = [*before, *placed, *join.following]
            self._counts = Counter(self.keys)
            self.missing = Counter(join.passed)
            self.missing.update(key for key in join.missing if key not in moved)
            for key in list(self.missing)[:-WINDOW]:
                del self.missing[key]
        if len(self.keys) > 2 * WINDOW:
            self.keys = self.keys[-WINDOW:]
            self._counts = Counter(self.keys)
            self.is_complete = False
