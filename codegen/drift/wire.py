"""The wire and docs layers: what two descriptions say differently, each difference once with all that it reaches."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable

import attrs

from ..spec import Json, Spec, mappings
from .finding import Finding
from .operation_diff import OperationDiff
from .report import LEVELS, Change, Place, fingerprint
from .rules import level
from .schema_diff import Pair, SchemaDiff
from .shapes import Side


def changes(old: Spec, new: Spec, today: datetime.date) -> list[Change]:
    """Compare what two documents say.

    Args:
        old: The document that the client was made from.
        new: The document that it shall be made from.
        today: What the sunset of a deprecated operation is held against.

    Returns:
        One entry for each difference of the layers `wire` and `docs`, in no order. A difference in a component is one
        entry, whatever refers to it, and so is one that the same schema has wherever it is written out.

    Raises:
        CodegenError: A document is not what OpenAPI asks for. Names file, line and column.
    """
    merged = _Merge(old, new)
    for finding, reached in findings(old, new, today).items():
        merged.add(finding, reached)
    found = merged.changes()
    return [*found, *_versions(old, new, found)]


def findings(old: Spec, new: Spec, today: datetime.date) -> dict[Finding, list[str]]:
    """The differences place by place, each with the operations that it reaches; see `changes`."""
    signatures: dict[tuple[Json, ...], int] = {}
    sides = Side(old, signatures), Side(new, signatures)
    names = _parameter_names(old), _parameter_names(new)
    graph = _Graph(SchemaDiff(*sides, names))
    reached: dict[Finding, dict[str, None]] = {}
    for outcome in OperationDiff(*sides, names, today).compare():
        for finding in (*outcome.findings, *graph.reachable(outcome.pairs)):
            if outcome.guards and "stability" not in finding.rule:
                finding = attrs.evolve(finding, guards=finding.guards | outcome.guards)
            reached.setdefault(finding, {})
            if outcome.operation:
                reached[finding][outcome.operation] = None
    return {finding: list(operations) for finding, operations in reached.items()}


@attrs.define
class _Graph:
    """Pairs of schemas and the pairs inside them, each compared once however often it is reached."""

    diff: SchemaDiff
    numbers: dict[Pair, int] = attrs.field(factory=dict)
    pairs: list[Pair] = attrs.field(factory=list)
    found: list[tuple[list[Finding], list[int]] | None] = attrs.field(factory=list)
    """For each pair its findings and the numbers of the pairs inside; None as long as it has not been compared."""

    def reachable(self, roots: Iterable[Pair]) -> Iterable[Finding]:
        todo = list(dict.fromkeys(map(self._number, roots)))
        seen = set(todo)
        for number in todo:
            findings, inside = self.found[number] or self._compared(number)
            yield from findings
            for inner in inside:  # numbers, since hashing pairs for each of hundreds of operations takes seconds
                if inner not in seen:
                    seen.add(inner)
                    todo.append(inner)

    def _number(self, pair: Pair) -> int:
        number = self.numbers.setdefault(pair, len(self.pairs))
        if number == len(self.pairs):
            self.pairs.append(pair)
            self.found.append(None)
        return number

    def _compared(self, number: int) -> tuple[list[Finding], list[int]]:
        findings, inside = self.diff.compare(self.pairs[number])
        self.found[number] = result = (findings, [self._number(pair) for pair in inside])
        return result


@attrs.define
class _Merge:
    """Puts findings together that are one change: at the same place, or at copies of one schema."""

    old: Spec
    new: Spec
    entries: dict[Json, Change] = attrs.field(factory=dict)
    texts: dict[tuple[int, str], str] = attrs.field(factory=dict)

    def add(self, finding: Finding, operations: Iterable[str]) -> None:
        arguments = [finding.before, finding.after]
        key = json.dumps(
            [
                finding.rule,
                finding.what,
                *arguments,
                self._root(0, self.old, finding.old),
                self._root(1, self.new, finding.new),
            ],
            sort_keys=True,
            default=str,
        )
        known = self.entries.get(key)
        grade = level(finding.rule, finding.guards)
        if known is None:
            self.entries[key] = Change(
                id=finding.rule,
                layer="docs" if finding.rule.startswith("docs-") else "wire",
                level=grade,
                message=finding.message,
                operations=tuple(operations),
                pointer=finding.pointer,
                old=place(self.old, finding.old),
                new=place(self.new, finding.new),
                before=finding.before,
                after=finding.after,
                fingerprint=fingerprint(finding.rule, finding.pointer, arguments),
            )
        else:
            self.entries[key] = attrs.evolve(
                known,
                operations=tuple(dict.fromkeys([*known.operations, *operations])),
                level=min(known.level, grade, key=LEVELS.index),
            )

    def _root(self, side: int, spec: Spec, pointer: str | None) -> str | None:
        """What two places must share to be one: the component, or the whole body that is written out."""
        if pointer is None:
            return None
        whole = re.match(
            r"(/(?:paths|webhooks)/[^/]+/[^/]+/(?:requestBody|responses/[^/]+)/content/[^/]+/schema)(/.*|$)", pointer
        )
        if whole is None:
            return pointer
        key = (side, whole[1])
        if key not in self.texts:
            self.texts[key] = json.dumps(spec.value(whole[1]), sort_keys=True, default=str)
        return self.texts[key] + whole[2]

    def changes(self) -> list[Change]:
        return list(self.entries.values())


def place(spec: Spec, pointer: str | None) -> Place | None:
    """Where a JSON pointer leads, None if it is none."""
    return None if pointer is None else Place(*spec.file.span(pointer), pointer)


def _parameter_names(spec: Spec) -> dict[str, str]:
    """The names of the parameters by JSON pointer."""
    return {
        pointer: str(value["name"])
        for pointer, value in mappings(spec.document)
        if "name" in value and "in" in value and "parameters" in pointer
    }


def _versions(old: Spec, new: Spec, changes: list[Change]) -> Iterable[Change]:
    """What `info.version` should have said, if it is a semantic one (semver.org)."""
    before, after = (_semantic(spec.version) for spec in (old, new))
    if before is None or after is None:
        return
    breaks = any(change.level == "error" and change.layer == "wire" for change in changes)
    rule = ""
    if after < before:
        rule = "api-version-decreased"
    elif breaks and after == before:
        rule = "api-version-not-bumped"
    elif breaks and after[0] == before[0]:
        rule = "api-major-version-not-bumped"
    if rule:
        pointer = "/info/version"
        finding = Finding(rule, "the API" if rule == "api-version-decreased" else "the change", pointer, pointer)
        finding = attrs.evolve(finding, before=old.version, after=new.version)
        yield Change(
            id=rule,
            layer="wire",
            level=level(rule, frozenset()),
            message=finding.message,
            pointer=pointer,
            old=place(old, pointer),
            new=place(new, pointer),
            before=old.version,
            after=new.version,
            fingerprint=fingerprint(rule, pointer, [old.version, new.version]),
        )


def _semantic(version: str) -> tuple[int, int, int] | None:
    found = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?", version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
