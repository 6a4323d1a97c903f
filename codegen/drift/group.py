"""Reports one refactor as one entry: schemas that became closed, operations that moved, one change in many places."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import attrs

from ..spec import build_value_key
from .report import Change, compute_fingerprint

_CLOSED = "-additional-properties-closed"
_MOVED = "endpoint-moved"

_MANY = 10
"""The number of entries of one rule with the same values that it takes to join them."""


def group_refactors(changes: Sequence[Change]) -> list[Change]:
    """Join the entries of the wire layer that are one refactor; causes name the joint entry.

    The fingerprint of a joint entry is that of exactly these entries: when one more comes, it has to be accepted again.
    """
    keys = [_build_key(change) for change in changes]
    groups: dict[Hashable, list[Change]] = {}
    for key, change in zip(keys, changes, strict=True):
        groups.setdefault(key, []).append(change)
    joint = {
        key: _join(group) for key, group in groups.items() if key is not None and len(group) >= _get_minimum(group[0])
    }
    renamed = {change.fingerprint: joint[key].fingerprint for key in joint for change in groups[key]}
    found = []
    for key, change in zip(keys, changes, strict=True):
        entry = joint.get(key, change)
        if entry is change or change is groups[key][0]:
            found.append(attrs.evolve(entry, causes=_rename_causes(entry, renamed)))
    return found


def _build_key(change: Change) -> Hashable:
    """Return what the entries of one refactor have in common; None for an entry that stands alone."""
    if change.layer != "wire":
        return None
    if change.id.endswith(_CLOSED):
        return _CLOSED, change.id.partition("-")[0], change.level, change.accepted
    if change.id == _MOVED:
        prefix = _find_moved_prefix(change)
        return (_MOVED, prefix, change.level, change.accepted) if prefix else None
    values = build_value_key(change.before), build_value_key(change.after)
    return change.id, change.level, change.accepted, values


def _get_minimum(change: Change) -> int:
    """Return the number of entries that it takes to join them."""
    return 2 if change.id == _MOVED or change.id.endswith(_CLOSED) else _MANY


def _find_moved_prefix(change: Change) -> tuple[str, str] | None:
    """Return the beginnings of the old and the new path, up to what both end with."""
    old, new = str(change.before).split("/"), str(change.after).split("/")
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return ("/".join(old), "/".join(new)) if len(old) < len(str(change.before).split("/")) else None


def _join(group: Sequence[Change]) -> Change:
    first = group[0]
    before, after = first.before, first.after
    if first.id == _MOVED:
        old, new = _find_moved_prefix(first) or ("", "")
        message = f"{len(group)} operations moved from `{old or '/'}` to `{new or '/'}`"
        before, after = [change.before for change in group], [change.after for change in group]
    elif first.id.endswith(_CLOSED):
        message = f"{len(group)} schemas became closed: they take no other properties any more"
    else:
        message = f"{first.message}, and {len(group) - 1} more in the same way"
    return attrs.evolve(
        first,
        message=message,
        operations=tuple(dict.fromkeys(operation for change in group for operation in change.operations)),
        symbols=tuple(dict.fromkeys(symbol for change in group for symbol in change.symbols)),
        before=before,
        after=after,
        members=tuple(change.message for change in group),
        fingerprint=compute_fingerprint(first.id, first.pointer, sorted(change.fingerprint for change in group)),
    )


def _rename_causes(change: Change, renamed: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(renamed.get(cause, cause) for cause in change.causes))
