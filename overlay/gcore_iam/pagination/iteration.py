"""The state of an iteration over items."""

from __future__ import annotations

from collections.abc import Iterator
from operator import length_hint
from typing import Generic, TypeVar

from .checkpoint import Checkpoint, Position, encode_checkpoint
from .walker import PageWalker, ReadyPage

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class IterationState(Generic[T]):
    """Counts the items that an iteration has returned, for its checkpoints.

    Args:
        walker: Decides which pages the iteration reads.
        operation: The `operationId` that checkpoints name, and what identifies the filters.
    """

    def __init__(self, walker: PageWalker[T], operation: str) -> None:
        self.walker = walker
        self._operation = operation
        self._position: Position | None = None
        self._progress = walker.progress
        self._page_length = 0
        self._remaining: Iterator[T] = iter(())
        """The items of the page that have not been returned."""

    @property
    def operation(self) -> str:
        """The `operationId`."""
        return self._operation.partition(" ")[0]

    def start_page(self, ready: ReadyPage[T]) -> Iterator[T]:
        """Start a page, and return an iterator over its items. `build_checkpoint` reads how many items it has left."""
        items = ready.page.items
        self._position = ready.position
        self._page_length = len(items)
        self._remaining = iter(items)
        return self._remaining

    def finish_page(self) -> None:
        """Count all items of the page as returned."""
        self._remaining = iter(())

    def build_checkpoint(self) -> Checkpoint:
        """Build the checkpoint that continues after the last item that was returned."""
        position, returned = self._position, self._page_length - length_hint(self._remaining)
        progress = self._progress if position is None else position.compute_progress(returned)
        return encode_checkpoint(progress, self._operation)
