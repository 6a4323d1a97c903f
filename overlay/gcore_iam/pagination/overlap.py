"""Remembers the items that were read last, and aligns each page with them.

A page is requested by its offset. Offsets shift when others add or delete items, but the order of the items stays the
same. Therefore, an item on a page that has been read before is an anchor: the page continues from there. Every item
before the anchor has been read as well, unless it was added during the iteration. The items after the anchor follow it
without a gap.

If no two items have the same key and the server keeps the order of its items, two invariants hold:

- No item is lost. If an item exists during the whole iteration and precedes an item that has been read, it has been
  read as well. This stays true after each page that contains an anchor, in any order of the requests.
- No item is returned twice. Every item that has been read and may occur after an anchor is remembered. `keys` holds
  those whose position in the order is known. `missing` holds those that a page should have contained and did not. Each
  page is compared with both.

Items without ids are recognized by their content, and equal items cannot be distinguished. They are counted: if `keys`
holds an item n times from the anchor on, its first n occurrences on a page have been read, and the others are new. An
item that equals another remembered one is no anchor. A page that begins with such an item is aligned by its offset
instead: first as if the list had shifted by the change of its total, then as if the list had not changed. An alignment
is accepted if all items that the page shares with the remembered ones are equal. If the list does not change, every
item is returned as often as the server has it. If the list changes, equal items may be left out or repeated.

An id that the server sends several times is one item, which is returned once.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

import attrs

from .options import Key, can_repeat

MIN_REMEMBERED_KEYS = 4096
"""Minimum number of keys to remember: those of several pages of the maximum size, a few hundred KB."""


@attrs.define
class Alignment:
    """How a page fits the items that have been read."""

    new: Sequence[int]
    """Indexes on the page of the items that have not been read."""
    start: int = 0
    """Index of the anchor on the page. From there on, the page replaces remembered keys."""
    kept: int = 0
    """How many of the remembered keys precede the page."""
    following: Sequence[Key] = ()
    """Remembered keys that follow the page."""
    missing: Sequence[Key] = ()
    """Remembered keys that the page should have contained and did not: deleted, or further down the list."""
    found: Counter[Key] = attrs.field(factory=Counter[Key])
    """Keys of the page that were missing, and how often the page contains each."""
    repeats: Sequence[int] = ()
    """Indexes on the page of the items that also occur before the anchor, or earlier on the page."""
    is_sound: bool = True
    """Whether the page begins with the anchor. If it does not, an anchor that was moved may cause lost items."""
    is_ordered: bool = True
    """Whether the page has the items that have been read in the same order."""


@attrs.define
class OverlapMatcher:
    """Holds the keys of the items that were read last, in the list's order.

    Args:
        is_unique: Whether no two items have the same key.
        is_complete: Whether all keys that have been read are remembered, from the beginning of the list.
        keys: The initial keys.
        missing: Keys that have been read and may occur further down the list.
    """

    is_unique: bool
    is_complete: bool
    keys: list[Key] = attrs.field(factory=list, repr=False)
    missing: Counter[Key] = attrs.field(factory=Counter[Key], repr=False)
    _counts: Counter[Key] = attrs.field(init=False, repr=False)
    """How often each key occurs in `keys`."""

    def __attrs_post_init__(self) -> None:
        self._counts = Counter(self.keys)

    def align(
        self, offset: int, keys: Sequence[Key], expected: Sequence[int] = (), *, is_last_resort: bool = False
    ) -> Alignment | None:
        """Align a page with the items that have been read; return None if it contains none of them.

        Args:
            offset: The page's offset in the list.
            keys: The keys of its items.
            expected: Indexes in `self.keys` at which the page may begin, the likeliest first; used if the page begins
                with an item that equals others. An index of -n means that the page begins n items before `self.keys`.
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
        """Return whether these items are new, judged by their keys."""
        if self.missing and not self.missing.keys().isdisjoint(keys):
            return False
        if not self.is_unique:
            return True
        different = set(keys)
        return len(different) == len(keys) and self._counts.keys().isdisjoint(different)

    def get_newest_missing(self, max_keys: int) -> list[Key]:
        """Return at most `max_keys` missing keys, the latest ones."""
        newest: list[Key] = []
        for key in reversed(self.missing):
            newest += [key] * min(self.missing[key], max_keys - len(newest))
            if len(newest) == max_keys:
                break
        return newest[::-1]

    def _find_start(self, keys: Sequence[Key], expected: Sequence[int]) -> int | None:
        """Find the index in `self.keys` at which a page begins, although its first key occurs there several times.

        At a possible index, the page and `self.keys` have the same keys wherever they overlap. Return the first
        expected index that is possible, else the only possible index; None if there is none or several.
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
        """For each remembered key, its indexes in `self.keys` that no item of the page has matched yet."""
        for remembered in range(kept, len(self.keys)):
            remaining.setdefault(self.keys[remembered], deque()).append(remembered)
        end = len(self.keys)
        last, is_ordered, is_last_known = kept - 1, True, True
        found: Counter[Key] = Counter()
        seen: set[Key] = set()
        new: list[int] = []
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
                known = -1  # it was read before the items that precede it on this page
            elif found[key] < self.missing[key]:
                found[key] += 1
                known = end
            else:
                new.append(index)
            seen.add(key)
            is_last_known = known is not None
            if known is not None:
                is_ordered = is_ordered and known >= last
                last = max(last, known)
        after = last + 1 if is_last_known else end
        unseen = sorted(remembered for rest in remaining.values() for remembered in rest if remembered < after)
        return Alignment(
            new=new,
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
        """Remember the items of a page, instead of the keys that it replaces."""
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
            for key in list(self.missing)[: -2 * MIN_REMEMBERED_KEYS]:  # all of `keys` may go missing at once
                del self.missing[key]
                self.is_complete = False
        if len(self.keys) > 2 * MIN_REMEMBERED_KEYS:
            self.keys = self.keys[-MIN_REMEMBERED_KEYS:]
            self._counts = Counter(self.keys)
            self.is_complete = False
