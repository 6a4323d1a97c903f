"""The wire and docs layers: what two descriptions say differently, each difference once with all that it reaches."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence

import attrs

from ..errors import CodegenError
from ..graph import connected_components
from ..limits import MAX_PAIRS, MAX_REACHED, LimitError
from ..spec import Json, Spec, iterate_mappings
from .finding import Finding
from .match import operations
from .operation_diff import OperationDiff
from .report import LEVELS, Change, Place, fingerprint, with_unique_fingerprints
from .rules import SHARED, level
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
    sides = _sides(old, new)
    merged = _Merge(*sides)
    for finding, reached in _compared(*sides, today).items():
        merged.add(finding, reached)
    found = merged.changes([operation.name for side in sides for operation in operations(side)])
    return with_unique_fingerprints([*found, *_versions(old, new, found)])


def findings(old: Spec, new: Spec, today: datetime.date) -> dict[Finding, list[str]]:
    """The differences place by place, each with the operations that it reaches; see `changes`."""
    return _compared(*_sides(old, new), today)


def _sides(old: Spec, new: Spec) -> tuple[Side, Side]:
    signatures: dict[tuple[Json, ...], int] = {}
    return Side(old, signatures), Side(new, signatures)


def _compared(old: Side, new: Side, today: datetime.date) -> dict[Finding, list[str]]:
    names = _parameter_names(old.spec), _parameter_names(new.spec)
    graph = _Graph(SchemaDiff(old, new, names))
    reached: dict[Finding, dict[str, None]] = {}
    count = 0
    outcomes = list(OperationDiff(old, new, names, today).compare())
    for outcome in outcomes:
        graph.add(outcome.pairs)
    graph.spread()
    for outcome in outcomes:
        inside = graph.reachable(outcome.pairs)
        count += len(outcome.findings) + len(inside)
        if count > MAX_REACHED:
            text = f"{new.spec.name}: its changes reach operations more than {MAX_REACHED:,} times"
            raise LimitError(text, "MAX_REACHED")
        for finding in (*outcome.findings, *inside):
            if outcome.guards and "stability" not in finding.rule:
                finding = attrs.evolve(finding, guards=finding.guards | outcome.guards)
            reached.setdefault(finding, {})
            if outcome.operation:
                reached[finding][outcome.operation] = None
    return {finding: list(operations) for finding, operations in reached.items()}


@attrs.define
class _Graph:
    """Pairs of schemas and the pairs inside them, each compared once however often it is reached.

    What a pair leads to is a set of findings, as the bits of a number: hundreds of operations lead to the same
    schemas, and walking to them from each would take longer than comparing them.
    """

    diff: SchemaDiff
    numbers: dict[Pair, int] = attrs.field(factory=dict)
    inside: list[list[int]] = attrs.field(factory=list)
    """For each pair, the numbers of the pairs right inside."""
    leads_to: list[int] = attrs.field(factory=list)
    findings: list[Finding] = attrs.field(factory=list)
    _listed: dict[int, list[Finding]] = attrs.field(factory=dict, init=False)
    """The findings that some bits stand for: many operations refer to the same schemas."""

    def add(self, roots: Iterable[Pair]) -> None:
        """Compare pairs and what is inside them."""
        todo = [pair for pair in roots if self._is_new(pair)]
        for pair in todo:
            found, inside = self.diff.compare(pair)
            number = self.numbers[pair]
            for finding in found:
                self.leads_to[number] |= 1 << len(self.findings)
                self.findings.append(finding)
            todo += [inner for inner in inside if self._is_new(inner)]
            self.inside[number] = [self.numbers[inner] for inner in inside]

    def _is_new(self, pair: Pair) -> bool:
        if pair in self.numbers:
            return False
        if len(self.inside) >= MAX_PAIRS:
            text = f"{self.diff.new.spec.name}: makes more than {MAX_PAIRS:,} pairs of schemas to compare"
            raise LimitError(text, "MAX_PAIRS")
        self.numbers[pair] = len(self.inside)
        self.inside.append([])
        self.leads_to.append(0)
        return True

    def reachable(self, roots: Iterable[Pair]) -> Sequence[Finding]:
        """The findings of pairs and of all that is inside them, once `spread` has been called."""
        bits = 0
        for pair in roots:
            bits |= self.leads_to[self.numbers[pair]]
        if bits not in self._listed:
            self._listed[bits] = [self.findings[index] for index in _set_bits(bits)]
        return self._listed[bits]

    def spread(self) -> None:
        """Add what the pairs inside lead to; pairs that lead to each other lead to the same."""
        for circle in connected_components(self.inside):
            bits = 0
            for number in circle:
                bits |= self.leads_to[number]
                for inner in self.inside[number]:
                    bits |= self.leads_to[inner]
            for number in circle:
                self.leads_to[number] = bits


def _set_bits(bits: int) -> Iterator[int]:
    """The indexes of the bits of a number that are set."""
    text = f"{bits:b}"[::-1]
    index = text.find("1")
    while index >= 0:
        yield index
        index = text.find("1", index + 1)


@attrs.define
class _Merge:
    """Puts findings together that are one change: at the same place, or at copies of one schema."""

    old: Side
    new: Side
    entries: dict[Json, Change] = attrs.field(factory=dict)
    reached: dict[Json, set[str]] = attrs.field(factory=dict)
    """The operations that each entry reaches."""

    def add(self, finding: Finding, reached: Iterable[str]) -> None:
        """Add a finding with the operations that it reaches."""
        arguments = [finding.before, finding.after]
        roots = self._root(self.old, finding.old), self._root(self.new, finding.new)
        key: Json = (finding.rule, finding.said, *roots)
        if finding.rule in SHARED:
            key = (finding.rule, finding.said, finding.guards)
        known = self.entries.get(key)
        grade = level(finding.rule, finding.guards)
        self.reached.setdefault(key, set()).update(reached)
        if known is None:
            self.entries[key] = Change(
                id=finding.rule,
                layer="docs" if finding.rule.startswith("docs-") else "wire",
                level=grade,
                message=finding.message,
                pointer=finding.pointer,
                old=place(self.old.spec, finding.old),
                new=place(self.new.spec, finding.new),
                before=finding.before,
                after=finding.after,
                fingerprint=fingerprint(finding.rule, finding.pointer, arguments),
            )
        elif LEVELS.index(grade) < LEVELS.index(known.level):
            self.entries[key] = attrs.evolve(known, level=grade)

    def _root(self, side: Side, pointer: str | None) -> Json:
        """What two places must share to be one: themselves, or what the schema around them says and the way from it."""
        schema = _WRITTEN_OUT.match(pointer or "")
        if pointer is None or schema is None:
            return pointer
        whole, inside = schema[1], schema[2]
        around, _, rest = inside.rpartition("/properties/")
        if not around and "/properties/" not in inside:
            around, rest = "", inside
        try:
            return _holder_name(side, whole), side.signature((whole + around,)), rest
        except (LookupError, CodegenError):
            return pointer

    def changes(self, order: Sequence[str]) -> list[Change]:
        """The entries, their operations in an order."""
        place_of = {name: index for index, name in enumerate(order)}
        return [
            attrs.evolve(change, operations=tuple(sorted(self.reached[key], key=lambda name: (place_of[name], name))))
            for key, change in self.entries.items()
        ]


def _holder_name(side: Side, schema: str) -> Json:
    """The name of the parameter or header that a schema belongs to: equal schemas of two of them are two things."""
    holder = re.match(r".*/(parameters/\d+|headers/[^/]+)(?=/)", schema)
    if holder is None:
        return None
    if holder[1].startswith("headers/"):
        return holder[1].lower()
    parameter = side.mapping(holder[0])
    return parameter.get("in"), parameter.get("name")


_WRITTEN_OUT = re.compile(
    r"(/(?:paths|webhooks)/.+?/(?:requestBody|responses/[^/]+|headers/[^/]+|parameters/\d+)(?:/content/[^/]+)?/schema)(/.*|$)"
)
"""A schema that stands in place, and a place in it."""


def place(spec: Spec, pointer: str | None) -> Place | None:
    """Where a JSON pointer leads, None if it is none."""
    return None if pointer is None else Place(*spec.file.span(pointer), pointer)


def _parameter_names(spec: Spec) -> dict[str, str]:
    """The names of the parameters by JSON pointer."""
    return {
        pointer: str(value["name"])
        for pointer, value in iterate_mappings(spec.document)
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
    found = re.fullmatch(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?", version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
