"""Remembers the items that were read last, and aligns each page with them.

A page is requested by its offset. Offsets shift when somebody adds or deletes items before them; the order of the items
stays the same. So an item on a page that has been read before is an anchor: the page continues what has been read from
there. Every item before the anchor has been read as well, unless it was added during the iteration. The items after the
anchor follow it without a gap.

If no two items have the same key and the server keeps the order of its items, two invariants hold:

- No item is lost. Take an item that exists from the start to the end of the iteration. If it stands before an item that
  has been read, it has been read as well. This stays true after each page that contains an anchor. It does not matter
  in which order the pages were requested.
- No item comes twice. Every item that has been read and may stand after an anchor is remembered. `keys` holds those
  whose place in the order is known. `missing` holds those that a page should have shown and did not. Each page is
  compared with both.

Items without ids are recognised by their content, and equal items cannot be distinguished. They are counted: a page may
show an equal item as often as it is remembered from the anchor on; beyond that it is a new one. An item that equals
another remembered one is no anchor. A page that begins with such an item is placed by its offset instead: first where
the totals say that the list has shifted to, then where the page stands if the list has not changed. The page is
accepted there if all items that it shares with the remembered ones are the same. So if the list does not change, every
item comes, as often as the server has it. If it changes, an item can be mistaken for an equal one: one of them may be
left out or repeated.

An id that the server sends several times is one item. It comes once.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

import attrs

from .options import Key, can_repeat

MIN_REMEMBERED_KEYS = 4096
"""Keys that are remembered at least: several of the largest pages, a few hundred KB."""


@attrs.define
class Alignment:
    """How a page continues what has been read."""

    fresh: Sequence[int]
    """Indexes on the page of the items that have not been read."""
    start: int = 0
    """Index on the page of the anchor. From there on, the page replaces remembered keys."""
    kept: int = 0
    """How many of the remembered keys stay in front of the page."""
    following: Sequence[Key] = ()
    """Remembered keys that follow after the page."""
    missing: Sequence[Key] = ()
    """Remembered keys that the page should have shown and did not: deleted, or further down the list."""
    found: Counter[Key] = attrs.field(factory=Counter[Key])
    """Keys that were missing and that the page shows, with how often each."""
    repeats: Sequence[int] = ()
    """Indexes on the page of the items that stand in front of the anchor as well, or earlier on the page."""
    is_sound: bool = True
    """Whether the page begins with the anchor. If it does not, and the anchor was moved, items may be lost."""
    is_ordered: bool = True
    """Whether the items that have been read stand on the page in the order in which they were read."""


@attrs.define
class OverlapMatcher:
    """Holds the keys of the items that were read last, in the list's order.

    Args:
        is_unique: Whether no two items have the same key.
        is_complete: Whether all keys that have been read are remembered, from the beginning of the list.
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
        self, offset: int, keys: Sequence[Key], expected: Sequence[int] = (), *, is_last_resort: bool = False
    ) -> Alignment | None:
        """Align a page with what has been read; return None if it shows nothing that has been read.

        Args:
            offset: The page's offset in the list.
            keys: The keys of its items.
            expected: Indexes in `self.keys` at which the page may begin, the likeliest first. They place a page that
                begins with an item that equals other ones. An index below zero says that the page begins so many items
                before the remembered ones.
            is_last_resort: Whether to accept the beginning of the list even if nothing on the page has been read.
        """
        end = len(self.keys)
        if keys and end and keys[0] == self.keys[-1] and self._counts[keys[0]] == 1:
            if self.are_new(keys[1:]):  # the usual case: nothing has changed
                return Alignment(range(1, len(keys)), kept=end - 1)
            return self.align_from(keys, 0, end - 1)
        if not keys:
            return self.align_from(keys, 0, 0) if offset == 0 else None
        if offset == 0 and self.is_complete and self.is_unique:
            return self.align_from(keys, 0, 0)
        if not self.is_unique or self._counts[keys[0]] > 1:
            index = self._find_start(keys, expected)
            if index is not None:
                return self.align_from(keys, max(0, -index), max(0, index))
        for index, key in enumerate(keys):
            if self._counts[key] == 1:  # equal items cannot be distinguished, so they are no anchors
                return self.align_from(keys, index, self.keys.index(key))
        return self.align_from(keys, 0, 0) if offset == 0 and self.is_complete and is_last_resort else None

    def are_unknown(self, keys: Sequence[Key], index: int) -> bool:
        """Return whether none of these keys is in `self.keys[:index]`."""
        return self._counts.keys().isdisjoint(keys) or set(keys).isdisjoint(self.keys[:index])

    def are_new(self, keys: Sequence[Key]) -> bool:
        """Return whether none of these items has been read, as far as their keys tell."""
        if self.missing and not self.missing.keys().isdisjoint(keys):
            return False
        if not self.is_unique:
            return True
        different = set(keys)
        return len(different) == len(keys) and self._counts.keys().isdisjoint(different)

    def get_newest_missing(self, max_keys: int) -> list[Key]:
        """Return at most `max_keys` missing keys: those that went missing last."""
        newest: list[Key] = []
        for key in reversed(self.missing):
            newest += [key] * min(self.missing[key], max_keys - len(newest))
            if len(newest) == max_keys:
                break
        return newest[::-1]

    def _find_start(self, keys: Sequence[Key], expected: Sequence[int]) -> int | None:
        """Find the index in `self.keys` at which a page begins, although its first key stands there several times.

        The page and `self.keys` have the same keys wherever they overlap. Return the first of the expected indexes for
        which this holds, else the only index for which it does; None if there is no such index or several.
        """

        def is_match(index: int) -> bool:
            shared = self.keys[max(0, index) : max(0, index + len(keys))]
            start = max(0, -index)
            return bool(shared) and shared == list(keys[start : start + len(shared)])

        found = next(filter(is_match, expected), None)
        if found is not None:
            return found
        matches = [index for index, key in enumerate(self.keys) if key == keys[0] and is_match(index)]
        return matches[0] if len(matches) == 1 else None

    def align_from(self, keys: Sequence[Key], start: int, kept: int) -> Alignment:
        """Align a page whose items from index `start` on replace `self.keys[kept:]`."""
        remaining: dict[Key, deque[int]] = {}
        """Indexes in `self.keys` that the page has not shown yet."""
        for remembered in range(kept, len(self.keys)):
            remaining.setdefault(self.keys[remembered], deque()).append(remembered)
        end = len(self.keys)
        last, is_ordered, is_last_known = kept - 1, True, True
        found: Counter[Key] = Counter()
        seen: set[Key] = set()
        fresh: list[int] = []
        repeats: list[int] = []
        for index in range(start, len(keys)):
            key = keys[index]
            known: int | None = None
            if remaining.get(key):
                known = remaining[key].popleft()
            elif key in seen and not can_repeat(key, is_unique=self.is_unique):
                repeats.append(index)
                continue
            elif self._counts[key] and not can_repeat(key, is_unique=self.is_unique):
                repeats.append(index)
                known = -1  # it was read before the items that stand in front of it on this page
            elif found[key] < self.missing[key]:
                found[key] += 1
                known = end
            else:
                fresh.append(index)
            seen.add(key)
            is_last_known = known is not None
            if known is not None:
                is_ordered = is_ordered and known >= last
                last = max(last, known)
        after = last + 1 if is_last_known else end
        unseen = sorted(remembered for rest in remaining.values() for remembered in rest if remembered < after)
        return Alignment(
            fresh=fresh,
            start=start,
            kept=kept,
            following=self.keys[after:],
            missing=[self.keys[remembered] for remembered in unseen],
            found=+found,
            repeats=repeats,
            is_sound=start == 0,
            is_ordered=is_ordered or not self.is_unique,
        )

    def accept(self, alignment: Alignment, keys: Sequence[Key]) -> None:
        """Remember the items of a page, in place of the keys that it replaces."""
        placed = keys[alignment.start :]
        for key, count in alignment.found.items():
            self.missing[key] -= count
            if self.missing[key] <= 0:
                del self.missing[key]
        is_append = alignment.kept == len(self.keys) - 1 and placed[:1] == self.keys[-1:]
        if is_append and alignment.is_ordered and not alignment.missing:
            self.keys += placed[1:]  # the usual case: nothing has changed
            self._counts.update(placed[1:])
        else:
            moved = {key for key in placed if not can_repeat(key, is_unique=self.is_unique)}
            before = [key for key in self.keys[: alignment.kept] if key not in moved]
            self.keys = [*before, *placed, *alignment.following]
            self._counts = Counter(self.keys)
            self.missing.update(alignment.missing)
            for key in list(self.missing)[: -2 * MIN_REMEMBERED_KEYS]:  # room for all of `keys`, missing at once
                del self.missing[key]
                self.is_complete = False
        if len(self.keys) > 2 * MIN_REMEMBERED_KEYS:
            self.keys = self.keys[-MIN_REMEMBERED_KEYS:]
            self._counts = Counter(self.keys)
            self.is_complete = False
