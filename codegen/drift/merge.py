"""Merges findings that are one change: at the same place, or at copies of one schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..bundle import BundledFile
from ..errors import CodegenError
from ..spec import Json, Spec
from .checks.rules import READER_LEVELS, SHARED, ReaderLevel, View
from .document import Document
from .finding import Finding
from .report import Change, Level, Location, compute_fingerprint

_SCHEMA_IN_PLACE = re.compile(
    r"(/(?:paths|webhooks)/.+?/(?:requestBody|responses/[^/]+|headers/[^/]+|parameters/\d+)(?:/content/[^/]+)?/schema)(/.*|$)"
)
"""An inline schema, and a place in it."""


def merge(
    findings: Mapping[Finding, tuple[str, ...]], old: Document, new: Document, view: View, order: Sequence[str]
) -> list[Change]:
    """Make the entries of a review of findings.

    Args:
        findings: Each finding with the operations that it reaches.
        old: The old spec.
        new: The new spec.
        view: The view that gives each entry its level: the gravest of its findings and operations.
        order: The names of all operations, in the order in which entries list them.
    """
    groups: dict[Json, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_build_key(finding, old, new), []).append(finding)
    index_of = {name: index for index, name in enumerate(order)}
    ordered: dict[tuple[str, ...], tuple[str, ...]] = {}
    changes = []
    for group in groups.values():
        names = findings[group[0]]
        if len(group) > 1:
            names = tuple(dict.fromkeys(name for finding in group for name in findings[finding]))
        if names not in ordered:
            ordered[names] = tuple(sorted(set(names), key=lambda name: (index_of[name], name)))
        operations = ordered[names]
        levels = [level for finding in group for level in _compute_levels(finding, findings[finding], view)]
        level = READER_LEVELS[min(map(READER_LEVELS.index, levels))]
        if level != "none":
            changes.append(make_change(group[0], old.spec, new.spec, level, operations=operations))
    return changes


def make_change(finding: Finding, old: Spec, new: Spec, level: Level, *, operations: tuple[str, ...] = ()) -> Change:
    """Make the entry of one finding."""
    return Change(
        id=finding.rule,
        layer="docs" if finding.rule.startswith("docs-") else "wire",
        level=level,
        message=finding.message,
        operations=operations,
        pointer=finding.pointer,
        old=locate(old, finding.old),
        new=locate(new, finding.new),
        before=finding.before,
        after=finding.after,
        fingerprint=compute_fingerprint(finding.rule, finding.pointer, [finding.before, finding.after]),
    )


def locate(spec: Spec, pointer: str | None) -> Location | None:
    """Find the location of a JSON pointer; None for None."""
    if pointer is None:
        return None
    file = spec.file.find_file(pointer) if isinstance(spec.file, BundledFile) else ""
    return Location(*spec.file.find_span(pointer), pointer, file)


def _compute_levels(finding: Finding, operations: Iterable[str], view: View) -> set[ReaderLevel]:
    if not view.overrides:
        return {view.get_level(finding.rule, finding.guards)}
    paths = {name.partition(" ")[2] for name in operations} or {""}
    return {view.get_level(finding.rule, finding.guards, path) for path in paths}


def _build_key(finding: Finding, old: Document, new: Document) -> Json:
    """Build a key that findings of one change share."""
    if finding.rule in SHARED:
        return finding.rule, finding.values, finding.guards
    return finding.rule, finding.values, _build_root_key(old, finding.old), _build_root_key(new, finding.new)


def _build_root_key(document: Document, pointer: str | None) -> Json:
    """Build a key that two places of one change share: the place, or the content around it and the path inside."""
    schema = _SCHEMA_IN_PLACE.match(pointer or "")
    if pointer is None or schema is None:
        return pointer
    whole, inside = schema[1], schema[2]
    around, _, rest = inside.rpartition("/properties/")
    if not around and "/properties/" not in inside:
        around, rest = "", inside
    try:
        return _get_holder_name(document, whole), document.compute_signature((whole + around,)), rest
    except (LookupError, CodegenError):
        return pointer


def _get_holder_name(document: Document, schema: str) -> Json:
    """Return the name of the parameter or header of a schema: equal schemas of two of them are two things."""
    holder = re.match(r".*/(parameters/\d+|headers/[^/]+)(?=/)", schema)
    if holder is None:
        return None
    if holder[1].startswith("headers/"):
        return holder[1].lower()
    parameter = document.get_mapping(holder[0])
    return parameter.get("in"), parameter.get("name")
