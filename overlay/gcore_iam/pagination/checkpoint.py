"""How far an iteration has come, as a small value that JSON has a form for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from ..errors import ConfigurationError
from .pages import MAX_PAGE_SIZE, Key

Checkpoint: TypeAlias = dict[str, Any]
"""What `Pager.checkpoint` gives and `resume` takes: texts, numbers and lists of them; some kilobytes, at most 20."""

VERSION = 1

REMEMBERED = 64
"""Keys in a checkpoint, at most, of items read last."""

REMEMBERED_MISSING = MAX_PAGE_SIZE
"""Keys in a checkpoint, at most, of missing items: one insertion can push a whole page out of sight."""


@attrs.define
class Place:
    """Where in a list a page stands."""

    offset: int
    """Where the first of its items stands."""
    keys: Sequence[Key]
    """Those of its items, in the list's order."""
    fresh: Sequence[int]
    """Which of them had not been read before, by their index."""
    before: Sequence[Key]
    """Keys of items in front of them."""
    following: Sequence[Key]
    """Keys of items behind them that have been read."""
    missing: Sequence[Key]
    """Keys that have been read and may stand further down the list."""
    is_complete: bool
    """Whether this is all that has been read, from the beginning of the list on."""
    total: int | None

    def after(self, handed_out: int) -> Progress:
        """How far one has come after so many of the new items.

        What is new in front of something that has been read has come since: it is not waited for.
        """
        end = self.fresh[handed_out - 1] + 1 if handed_out else 0
        left = set(self.fresh[handed_out:])
        last = next((index for index in reversed(range(end, len(self.keys))) if index not in left), end - 1)
        end = len(self.keys) if self.following else last + 1
        begin = max(0, end - REMEMBERED)
        read = [*(self.before if begin == 0 else ()), *self.keys[begin:end], *self.following]
        return Progress(
            offset=max(0, self.offset + end + len(self.following) - 1) if read else self.offset,
            recent=read[-REMEMBERED:],
            missing=self.missing,
            is_complete=self.is_complete and begin == 0 and len(read) <= REMEMBERED,
            total=self.total,
        )


@attrs.frozen
class Progress:
    """Where in a list to go on."""

    offset: int
    """Where the item that was read last stood; where to begin, when none was."""
    recent: Sequence[Key] = ()
    """Keys of the items read last, in the list's order."""
    missing: Sequence[Key] = ()
    """Keys that have been read and may stand further down the list."""
    is_complete: bool = False
    """Whether this is all that has been read, from the beginning of the list on."""
    total: int | None = None
    """How many items the list had."""


def encoded(progress: Progress, operation: str) -> Checkpoint:
    """A checkpoint of an operation."""
    fields = attrs.asdict(progress)
    for name in ("recent", "missing"):
        fields[name] = list(fields[name])
    return {"gcore_iam_checkpoint": VERSION, "operation": operation, **fields}


def decoded(value: object, operation: str) -> Progress:
    """What a checkpoint holds.

    Raises:
        ConfigurationError: It is none, or one of another operation or version.
    """
    if not isinstance(value, Mapping) or "gcore_iam_checkpoint" not in value:
        raise ConfigurationError("resume must be what checkpoint() of a pager has given")
    version = value["gcore_iam_checkpoint"]
    if isinstance(version, bool) or version != VERSION:
        raise ConfigurationError(
            f"resume is a checkpoint of version {version!r}, which this version of the library does not know"
        )
    if value.get("operation") != operation:
        raise ConfigurationError(f"resume is a checkpoint of {value.get('operation')!r}, not of {operation!r}")
    try:
        progress = Progress(**{name: value[name] for name in _FIELDS})
    except KeyError:
        progress = None
    if progress is None or len(value) != len(_FIELDS) + 2 or not _is_sound(progress):
        raise ConfigurationError("resume is a checkpoint that somebody has changed; use one as checkpoint() gives it")
    return progress


_FIELDS = tuple(field.name for field in attrs.fields(Progress))


def _is_sound(progress: Progress) -> bool:
    return (
        _is_number(progress.offset)
        and (progress.total is None or _is_number(progress.total))
        and isinstance(progress.is_complete, bool)
        and _are_keys(progress.recent, REMEMBERED)
        and _are_keys(progress.missing, REMEMBERED_MISSING)
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_keys(value: object, most: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= most
        and all(isinstance(key, int | str) and not isinstance(key, bool) for key in value)
    )
