"""Decides which pages to ask for before their turn."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Generic, TypeVar

from .pages import Received, Wanted
from .walk import Walk

H = TypeVar("H")


class Ahead(Generic[H]):
    """The pages that are asked for ahead of the reader, by their offset.

    Args:
        most: Pages, 1 or more; 1 for none ahead.
        most_bytes: Bytes of answers; counted by the largest one so far, since nobody knows before how large one is.

    Attributes:
        asked: What has been begun, and not yet been read.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = self._window = most
        self._most_bytes = most_bytes
        self._largest = 1
        self._reach: int | None = None
        self.asked: dict[int, tuple[Wanted, H]] = {}

    def slow_down(self) -> list[H]:
        """Ask for one page at a time, since the server says that it is too much; may be called by any thread.

        Returns:
            What to give up: all that was asked for, but for the page whose turn is next.
        """
        self._window = 1
        return [handle for _, (_, handle) in sorted(self.asked.items(), key=itemgetter(0))[1:]]

    def note(self, wanted: Wanted, received: Received[Any], overlap: int) -> None:
        """Learn from a page that was read: how large they are, and how many items come, whatever was asked for."""
        self._window = min(self._most, self._window + 1)
        self._largest = max(self._largest, received.size)
        brought = len(received.items) - overlap
        if received.items:
            self._reach = max(1, brought) if len(received.items) < wanted.limit else None

    def limit(self, wanted: Wanted, overlap: int) -> Wanted:
        """A page that is needed now, as far as what has been asked for does not reach."""
        if not self.asked:
            return wanted
        following = [offset for offset in self.asked if offset > wanted.offset]
        gap = min(following) - wanted.offset + overlap if following else wanted.limit
        return Wanted(wanted.offset, min(wanted.limit, gap))

    def plan(self, walk: Walk[Any]) -> tuple[list[Wanted], list[H]]:
        """What to ask for now, and what to give up, now that a page has been handed out."""
        if self._most == 1:
            return [], []
        overlap, step = walk.window.overlap, walk.window.step
        room = min(self._window, max(1, self._most_bytes // self._largest))
        room = 0 if room == 1 or walk.total is None else room
        reach = min(step, self._reach or step)
        offset, left, end = walk.position, walk.left, (walk.total or 0) - overlap
        wanted: list[Wanted] = []
        kept: dict[int, tuple[Wanted, H]] = {}
        while offset < end and (left is None or left > 0) and len(wanted) + len(kept) < max(room, len(self.asked)):
            following = min((other for other in self.asked if other > offset), default=end)
            if offset in self.asked:
                kept[offset] = self.asked[offset]
            else:
                span = min(step, following - offset) if following < end else step
                wanted.append(Wanted(offset, (span if left is None else min(span, left)) + overlap))
            advance = min(reach, max(1, following - offset))
            offset += advance
            left = None if left is None else left - advance
        given_up = [handle for other, (_, handle) in self.asked.items() if other not in kept]
        self.asked = kept
        return wanted[: max(0, room - len(kept))], given_up

    def make_room(self) -> Sequence[H]:
        """What to give up so that one more page may be asked for: the one whose turn is last, when all are taken."""
        return [self.asked.pop(max(self.asked))[1]] if len(self.asked) >= self._most else []
