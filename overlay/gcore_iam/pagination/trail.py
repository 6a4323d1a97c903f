"""What has been read last, and how a page joins it.

Pages are found by position, and positions shift when somebody adds or deletes items before them. What does not shift is
the order. So a page joins what has been read where it holds an item that has been read: whatever stood before that
item then, and still exists, has been read as well, and what follows it on the page follows without a gap.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

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
    missing: dict[Key, None] = attrs.field(factory=dict, repr=False)
    _counts: Counter[Key] = attrs.field(init=False, repr=False)
    """How often each key is on the trail."""

    def __attrs_post_init__(self) -> None:
        self._counts = Counter(self.keys)

    def join(self, offset: int, keys: Sequence[Key], growth: int | None) -> Join | None:
        """How a page joins; None when nothing on it has been read before.

        Args:
            offset: Where it stands in the list.
            keys: The keys of its items.
            growth: How many items the list has more than when the page before was read; None when nobody says.
        """
        end = len(self.keys)
        if keys and end and keys[0] == self.keys[-1] and self._counts[keys[0]] == 1:
            if self._are_new(keys[1:]):  # as it is when nothing has changed
                return Join(range(1, len(keys)), kept=end - 1)
            return self._aligned(keys, 0, end - 1)
        if offset == 0 and (self.is_complete or not keys):
            return self._aligned(keys, -1, -1)
        if not self.is_unique and growth is not None and 0 <= growth < end:
            # Where items look the same, the total tells them apart: a log grows at its head.
            repeated = self.keys[end - 1 - growth :]
            if list(keys[: len(repeated)]) == repeated:
                return self._aligned(keys, 0, end - 1 - growth)
        for index, key in enumerate(keys):
            if self._counts[key] == 1:  # of two that look the same, nobody knows which it is
                return self._aligned(keys, index, self.keys.index(key))
        return None

    def _are_new(self, keys: Sequence[Key]) -> bool:
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
        here: set[Key] = set()
        fresh: list[int] = []
        for number in range(index + 1, len(keys)):
            key = keys[number]
            found: int | None = None
            if places.get(key):
                found = places[key].popleft()
            elif self.is_unique and self._counts[key]:
                found = -1  # it was read before what stands in front of it here
            elif self.is_unique and key in self.missing:
                found = end
            elif not self.is_unique or key not in here:
                fresh.append(number)
            here.add(key)
            is_last_known = found is not None
            if found is not None:
                is_ordered = is_ordered and found >= last
                last = max(last, found)
        after = last + 1 if is_last_known else end
        shown = set(keys[begin:]) if place + 1 < end else ()
        return Join(
            fresh=fresh,
            start=begin,
            kept=place if index >= 0 else 0,
            following=self.keys[after:],
            missing=[key for key in self.keys[place + 1 : after] if key not in shown],
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
            if self.is_unique:
                missing = [key for key in (*self.missing, *join.missing) if key not in moved]
                self.missing = dict.fromkeys(missing[-WINDOW:])
        if len(self.keys) > 2 * WINDOW:
            self.keys = self.keys[-WINDOW:]
            self._counts = Counter(self.keys)
            self.is_complete = False
