"""Checkpoints: the progress of an iteration as a small JSON value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from ..errors import ConfigurationError
from .options import MAX_PAGE_SIZE, Key

Checkpoint: TypeAlias = dict[str, Any]
"""Returned by `Pager.checkpoint` and accepted as `resume`: a JSON object, usually a few KB, at most 20."""

VERSION = 1

MAX_RECENT_KEYS = 64
"""Maximum number of keys in a checkpoint: those of the items that were read last."""

MAX_MISSING_KEYS = MAX_PAGE_SIZE
"""Maximum number of missing keys in a checkpoint. One insertion can hide all items of a page."""


@attrs.define
class Position:
    """The position of a page in the list, and which items around it have been read."""

    offset: int
    """Offset of the page's first item."""
    keys: Sequence[Key]
    """Keys of the page's items, in the list's order."""
    new: Sequence[int]
    """Indexes of the items that no earlier page had."""
    repeats: Sequence[int]
    """Indexes of the items whose id also occurs earlier in the list."""
    before: Sequence[Key]
    """Keys of items before the page."""
    following: Sequence[Key]
    """Keys of items after the page that have been read."""
    missing: Sequence[Key]
    """Keys that have been read and may occur further down the list."""
    is_complete: bool
    """Whether the keys are all that have been read, from the beginning of the list."""
    total: int | None

    def compute_progress(self, returned: int) -> Progress:
        """Return the progress after the first `returned` of the new items.

        The progress skips new items before an item that has been read: they were inserted during the iteration.
        """
        end = self.new[returned - 1] + 1 if returned else 0
        unread = {*self.new[returned:], *self.repeats}
        last = next((index for index in reversed(range(end, len(self.keys))) if index not in unread), end - 1)
        end = len(self.keys) if self.following else last + 1
        start = max(0, end - MAX_RECENT_KEYS)
        read = [*(self.before if start == 0 else ()), *self.keys[start:end], *self.following]
        return Progress(
            offset=max(0, self.offset + end + len(self.following) - 1) if read else self.offset,
            recent=read[-MAX_RECENT_KEYS:],
            missing=self.missing,
            is_complete=self.is_complete and start == 0 and len(read) <= MAX_RECENT_KEYS,
            total=self.total,
        )


@attrs.frozen
class Progress:
    """Where an iteration continues."""

    offset: int
    """Offset of the item that was read last; the offset to start from if none was read."""
    recent: Sequence[Key] = attrs.field(factory=list)
    """Keys of the items read last, in the list's order."""
    missing: Sequence[Key] = attrs.field(factory=list)
    """Keys that have been read and may occur further down the list."""
    is_complete: bool = False
    """Whether the keys are all that have been read, from the beginning of the list."""
    total: int | None = None
    """Items in the list; None if the server sent no count."""


def encode_checkpoint(progress: Progress, operation: str) -> Checkpoint:
    """Build the checkpoint of an operation."""
    return {"gcore_iam_checkpoint": VERSION, "operation": operation, **attrs.asdict(progress)}


def decode_checkpoint(value: object, operation: str) -> Progress:
    """Read the progress from a checkpoint.

    Raises:
        ConfigurationError: The value is not a checkpoint, or is one of another operation or version.
    """
    if not isinstance(value, Mapping) or "gcore_iam_checkpoint" not in value:
        raise ConfigurationError("resume must be a value that checkpoint() of a pager returned")
    version = value["gcore_iam_checkpoint"]
    if isinstance(version, bool) or version != VERSION:
        raise ConfigurationError(
            f"resume is a checkpoint of version {version!r}, which this version of the library cannot read"
        )
    if value.get("operation") != operation:
        raise ConfigurationError(f"resume is a checkpoint of {value.get('operation')!r}, not of {operation!r}")
    fields = {name: field for name, field in value.items() if name not in ("gcore_iam_checkpoint", "operation")}
    progress = Progress(**fields) if fields.keys() == attrs.fields_dict(Progress).keys() else None
    if progress is None or not _is_valid(progress):
        raise ConfigurationError("resume is a checkpoint that was changed; pass it as checkpoint() returned it")
    return progress


def _is_valid(progress: Progress) -> bool:
    return (
        _is_natural(progress.offset)
        and (progress.total is None or _is_natural(progress.total))
        and isinstance(progress.is_complete, bool)
        and _is_key_list(progress.recent, MAX_RECENT_KEYS)
        and _is_key_list(progress.missing, MAX_MISSING_KEYS)
    )


def _is_natural(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_key_list(value: object, max_length: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= max_length
        and all(isinstance(key, int | str) and not isinstance(key, bool) for key in value)
    )
