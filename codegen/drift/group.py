"""Reports one refactor as one entry: many schemas that became closed, many operations that moved under a prefix."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import attrs

from .report import Change, fingerprint

_CLOSED = "-additional-properties-closed"
_MOVED = "endpoint-moved"


def group_refactors(changes: Sequence[Change]) -> list[Change]:
    """Join the entries of the wire layer that are one refactor; causes name the joint entry.

    The fingerprint of a joint entry is that of exactly these entries: when one more comes, it has to be accepted again.
    """
    groups: dict[Hashable, list[Change]] = {}
    for change in changes:
        groups.setdefault(_key(change), []).append(change)
    joint = {key: _join(group) for key, group in groups.items() if key is not None and len(group) > 1}
    renamed = {change.fingerprint: joint[key].fingerprint for key in joint for change in groups[key]}
    found = []
    for change in changes:
        entry = joint.get(_key(change), change)
        if entry is change or change is groups[_key(change)][0]:
            found.append(attrs.evolve(entry, causes=_causes(entry, renamed)))
    return found


def _key(change: Change) -> Hashable:
    """What the entries of one refactor have in common; None for an entry that stands alone."""
    if change.id.endswith(_CLOSED):
        return _CLOSED, change.id.partition("-")[0], change.level
    if change.id == _MOVED and (prefix := _moved_prefix(change)):
        return _MOVED, prefix, change.level
    return None


def _moved_prefix(change: Change) -> tuple[str, str] | None:
    """The beginnings of the old and the new path, up to what both end with."""
    old, new = str(change.before).split("/"), str(change.after).split("/")
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return ("/".join(old), "/".join(new)) if len(old) < len(str(change.before).split("/")) else None


def _join(group: Sequence[Change]) -> Change:
    first = group[0]
    if first.id == _MOVED:
        old, new = _moved_prefix(first) or ("", "")
        message = f"{len(group)} operations moved from `{old or '/'}` to `{new or '/'}`"
        before, after = [change.before for change in group], [change.after for change in group]
    else:
        message = f"{len(group)} schemas take no other properties any more"
        before, after = [], [change.message.partition(" takes no other")[0] for change in group]
    prints = sorted(change.fingerprint for change in group)
    return attrs.evolve(
        first,
        message=message,
        operations=tuple(dict.fromkeys(operation for change in group for operation in change.operations)),
        symbols=tuple(dict.fromkeys(symbol for change in group for symbol in change.symbols)),
        before=before or None,
        after=after,
        fingerprint=fingerprint(first.id, first.pointer, prints),
    )


def _causes(change: Change, renamed: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(renamed.get(cause, cause) for cause in change.causes))
