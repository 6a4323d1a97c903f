"""Options, requests and responses of an iteration over pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast, get_args

import attrs

from .._validation import check_choice, check_int
from ..errors import ConfigurationError

T = TypeVar("T")

Key: TypeAlias = int | str
"""Identifies an item."""

Consistency = Literal["strict", "fast"]

MAX_PAGE_SIZE = 1000
"""Items; the API allows no more in one request."""

MAX_PREFETCH = 64
"""Pages; a client has at most 100 connections."""

DEFAULT_PREFETCH_BYTES = 16 * 2**20
"""Bytes of responses: 16 MiB."""


CONTENT_PREFIX = "content:"
"""Prefix of the key of an item that has no key of its own. An id with this prefix is treated as such a key."""


@attrs.frozen
class Identity(Generic[T]):
    """Computes the keys by which a pager recognizes the items of a list.

    An item whose key is neither an int nor a str, such as a null item, is recognized by its content. Such items may be
    equal, as entries of a log may be.

    Args:
        key: Returns the key of an item; None if it has no key. It may fail for an item that is null.
        is_unique: Whether no two items of the list have the same key. Entries of a log may be equal.
        content: Returns a text that is the same for items with the same content.
    """

    key: Callable[[T], object]
    is_unique: bool
    content: Callable[[T], Key] = repr

    def get_key(self, item: T) -> Key:
        """Return the key of an item.

        Raises:
            ConfigurationError: The key function failed, and the item is not null.
        """
        key = self._call_key(item)
        is_key = isinstance(key, int | str) and not isinstance(key, bool)
        return cast("Key", key) if is_key else f"{CONTENT_PREFIX}{self.content(item)}"

    def get_keys(self, items: Sequence[T]) -> list[Key]:
        """Return the keys of several items.

        Raises:
            ConfigurationError: The key function failed for an item that is not null.
        """
        with suppress(Exception):  # `get_key` finds the item for which the key function fails
            keys: list[Any] = list(map(self.key, items))
            if set(map(type, keys)) <= _KEY_TYPES:
                return keys
        return [self.get_key(item) for item in items]

    def can_repeat(self, key: Key) -> bool:
        """Return whether several items of the list may have this key."""
        return can_repeat(key, is_unique=self.is_unique)

    def _call_key(self, item: T) -> object:
        try:
            return self.key(item)
        except Exception as error:
            if item is None:
                return None
            name = getattr(self.key, "__qualname__", type(self.key).__name__)
            raise ConfigurationError(
                f"the key function {name} raised {type(error).__name__} for an item of type {type(item).__name__}; "
                "it must return an int or a str, or None for an item that has no key"
            ) from error


_KEY_TYPES = {int, str}


def can_repeat(key: Key, *, is_unique: bool) -> bool:
    """Return whether several items of the list may have a key.

    Args:
        key: The key.
        is_unique: Whether keys are ids. The key of an item without an id is made from its content, which may repeat.
    """
    return not is_unique or (isinstance(key, str) and key.startswith(CONTENT_PREFIX))


@attrs.define
class PageResponse(Generic[T]):
    """The response to one request for a page."""

    items: Sequence[T] = attrs.field(repr=False)
    total: int | None
    """Items in the list, according to the server; None if it sent no count."""
    is_whole: bool = False
    """Whether this is the whole list, regardless of offset and limit."""
    size: int = 0
    """Bytes of the body."""


@attrs.frozen
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: The items that no earlier page of the iteration had, in the server's order; at least one.
        offset: Position of the first item in the list at the time of the response, from 0.
        total: Items in the list at that time, according to the server; None if it sent no count.
        number: Number of the page in this iteration, from 1.
    """

    items: Sequence[T]
    offset: int
    total: int | None
    number: int


@attrs.define
class PageRequest:
    """A page to request from the server."""

    offset: int
    limit: int
    is_fresh: bool = False
    """Whether to ignore a page that was requested ahead, because it may be too old."""


@attrs.frozen
class PageOptions:
    """Which part of a list to read, and how.

    Args:
        page_size: Items per request, 1 to 1000.
        start: Items to skip, 0 or more.
        max_items: Items to stop after, 0 or more; None for all.
        prefetch: Pages to request ahead of the caller, 1 to 64; 1 requests a page only when it is needed.
        consistency: "strict" overlaps neighboring pages by one item, "fast" does not.
        prefetch_bytes: Bytes of responses to hold ahead of the caller, 1 or more; one page is always allowed.

    Raises:
        ConfigurationError: An argument is out of its range.
    """

    page_size: int = 100
    start: int = 0
    max_items: int | None = None
    prefetch: int = 4
    consistency: Consistency = "strict"
    prefetch_bytes: int = DEFAULT_PREFETCH_BYTES

    def __attrs_post_init__(self) -> None:
        check_int("page_size", self.page_size, 1, MAX_PAGE_SIZE)
        check_int("start", self.start, 0)
        if self.max_items is not None:
            check_int("max_items", self.max_items, 0)
        check_int("prefetch", self.prefetch, 1, MAX_PREFETCH)
        check_int("prefetch_bytes", self.prefetch_bytes, 1)
        check_choice("consistency", self.consistency, get_args(Consistency))

    @property
    def overlap(self) -> int:
        """Items that two neighboring pages share if the list does not change."""
        return 1 if self.consistency == "strict" else 0

    @property
    def step(self) -> int:
        """Items of a full page beyond the overlap; with it, no request exceeds 1000 items."""
        return min(self.page_size, MAX_PAGE_SIZE - self.overlap)

    def with_limit(self, limit: int | None) -> PageOptions:
        """Return the same options with at most `limit` items; None changes nothing.

        Raises:
            ConfigurationError: The limit is not a whole number of 0 or more.
        """
        if limit is None:
            return self
        check_int("limit", limit, 0)
        return attrs.evolve(self, max_items=limit if self.max_items is None else min(limit, self.max_items))
