"""Pages, and which part of a list to walk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, Literal, TypeAlias, TypeVar, get_args

import attrs

from ..errors import ConfigurationError

T = TypeVar("T")

Key: TypeAlias = int | str
"""What an item is recognised by."""

Consistency = Literal["strict", "fast"]

MAX_PAGE_SIZE = 1000
"""Items: the most that one request may ask for."""

MAX_PREFETCH = 64
"""Pages; a client has 100 connections."""

PREFETCH_BYTES = 16 * 2**20
"""Bytes of answers: 16 MiB."""


@attrs.frozen
class Identity(Generic[T]):
    """How the items of a list are recognised.

    Args:
        key: Gives the key of an item.
        is_unique: Whether no two items of the list have the same key. What a log writes down may look the same twice.
        content: Gives a key for an item whose own is neither a number nor a text.
    """

    key: Callable[[T], object]
    is_unique: bool
    content: Callable[[T], Key] = repr

    def of(self, item: T) -> Key:
        """The key of an item."""
        if item is None:  # where the server has sent null
            return self.content(item)
        key = self.key(item)
        return key if isinstance(key, int | str) else self.content(item)

    def keys(self, items: Sequence[T]) -> list[Key]:
        """The keys of some items."""
        with suppress(AttributeError):
            keys: list[Any] = list(map(self.key, items))
            if set(map(type, keys)) <= _KEYS:
                return keys
        return [self.of(item) for item in items]


_KEYS = {int, str}


@attrs.define
class Received(Generic[T]):
    """What one request for a page brought."""

    items: Sequence[T] = attrs.field(repr=False)
    total: int | None
    """How many items the server says there are; None when it does not say."""
    whole: bool = False
    """Whether this is the whole list, whatever was asked for."""
    size: int = 0
    """Bytes of the answer."""


@attrs.frozen
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: What it brings that earlier pages did not, in the server's order; one or more.
        offset: Where the first of them stood in the list when it was read, from 0.
        total: How many items the list had then, as the server said; None when it did not say.
        number: Which page of this iteration it is, from 1.
    """

    items: Sequence[T]
    offset: int
    total: int | None
    number: int


@attrs.define
class Wanted:
    """A page to ask the server for."""

    offset: int
    limit: int
    is_fresh: bool = False
    """Whether it has to be requested now: a page that was requested ahead will not do."""


@attrs.frozen
class Window:
    """Which part of a list to walk, and how.

    Args:
        page_size: Items to ask for at once, 1 to 1000.
        start: Items to skip, 0 or more.
        max_items: Items to stop after, 0 or more; None for all.
        prefetch: Pages to ask for ahead of the reader, 1 to 64; 1 asks for a page when it is needed, and not before.
        consistency: "strict" overlaps neighbouring pages by one item, "fast" does not.
        prefetch_bytes: Bytes of answers to hold ahead of the reader, 1 or more; one page is always allowed.

    Raises:
        ConfigurationError: An argument is out of its range.
    """

    page_size: int = 100
    start: int = 0
    max_items: int | None = None
    prefetch: int = 4
    consistency: Consistency = "strict"
    prefetch_bytes: int = PREFETCH_BYTES

    def __attrs_post_init__(self) -> None:
        check_number("page_size", self.page_size, 1, MAX_PAGE_SIZE)
        check_number("start", self.start, 0)
        if self.max_items is not None:
            check_number("max_items", self.max_items, 0)
        check_number("prefetch", self.prefetch, 1, MAX_PREFETCH)
        check_number("prefetch_bytes", self.prefetch_bytes, 1)
        if self.consistency not in get_args(Consistency):
            raise ConfigurationError(f'consistency must be "strict" or "fast", not {self.consistency!r}')

    @property
    def overlap(self) -> int:
        """Items that two neighbouring pages have in common when nothing changes."""
        return 1 if self.consistency == "strict" else 0

    @property
    def step(self) -> int:
        """Items that a full page brings beyond the overlap, so that no request asks for more than 1000."""
        return min(self.page_size, MAX_PAGE_SIZE - self.overlap)

    def limited(self, limit: int | None) -> Window:
        """The same window, with no more than so many items.

        Raises:
            ConfigurationError: The limit is no whole number of 0 or more.
        """
        if limit is None:
            return self
        check_number("limit", limit, 0)
        return attrs.evolve(self, max_items=limit if self.max_items is None else min(limit, self.max_items))


def check_number(name: str, value: object, low: int, high: int | None = None) -> None:
    """Raise ConfigurationError unless an argument is a whole number within its range."""
    allowed = f"from {low} to {high}" if high is not None else f"of {low} or more"
    if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
        raise ConfigurationError(f"{name} must be a whole number {allowed}, not {value!r}")
