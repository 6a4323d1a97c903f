"""Pairs of schemas and the pairs inside them, each compared once however often operations refer to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from ..graph import find_connected_components
from ..limits import MAX_PAIRS, LimitError
from .checks import SCHEMA_CHECKS
from .checks.base import Comparison, InnerPair, Pair, SchemaPair
from .checks.prose import check_schema_prose
from .checks.subschemas import check_all_of
from .checks.unions import compare_unions
from .finding import Finding


@attrs.define
class PairGraph:
    """Compares pairs of schemas.

    The findings that a pair leads to are the bits of a number: hundreds of operations lead to the same
    schemas, and walking to them from each would take longer than comparing them.
    """

    comparison: Comparison
    numbers: dict[Pair, int] = attrs.field(factory=dict)
    inside: list[list[int]] = attrs.field(factory=list)
    """For each pair, the numbers of the pairs right inside."""
    leads_to: list[int] = attrs.field(factory=list)
    findings: list[Finding] = attrs.field(factory=list)
    _indexes: dict[Finding, int] = attrs.field(factory=dict, init=False)
    _reachable: dict[int, list[Finding]] = attrs.field(factory=dict, init=False)
    """The findings of a set of bits: many operations refer to the same schemas."""
    _unchanged: dict[tuple[object, ...], list[InnerPair]] = attrs.field(factory=dict, init=False)
    """Pairs that do not differ by themselves, which they do at no other place either, with those inside."""

    def add(self, roots: Iterable[Pair]) -> None:
        """Compare pairs and what is inside them."""
        todo = [pair for pair in roots if self._is_new(pair)]
        for pair in todo:
            found, inside = self._compare(pair)
            number = self.numbers[pair]
            for finding in found:
                index = self._indexes.setdefault(finding, len(self.findings))
                if index == len(self.findings):
                    self.findings.append(finding)
                self.leads_to[number] |= 1 << index
            todo += [inner for inner in inside if self._is_new(inner)]
            self.inside[number] = [self.numbers[inner] for inner in inside]

    def _compare(self, pair: Pair) -> tuple[list[Finding], list[Pair]]:
        """Compare two schemas without what is inside them, which is returned."""
        old, new, context = pair
        key = (old, new, context.direction)
        inside = self._unchanged.get(key)
        findings: list[Finding] = []
        if inside is None and self.comparison.is_untouched(old, new):
            inside = self._unchanged[key] = []
        if inside is None:
            schemas = self.comparison.old.get_schema(old), self.comparison.new.get_schema(new)
            inside = []
            for found in _compare_schemas(SchemaPair(self.comparison, *schemas, context)):
                (findings if isinstance(found, Finding) else inside).append(found)  # type: ignore[arg-type]
            if not findings and not context.is_member and context.scope != "parameter":  # which say less than others
                self._unchanged[key] = inside
        pairs = [(one.old, one.new, context.enter(*one.guards, is_member=one.is_member)) for one in inside]
        return findings, pairs

    def _is_new(self, pair: Pair) -> bool:
        if pair in self.numbers:
            return False
        if len(self.inside) >= MAX_PAIRS:
            text = f"{self.comparison.new.spec.name}: makes more than {MAX_PAIRS:,} pairs of schemas to compare"
            raise LimitError(text, "MAX_PAIRS")
        self.numbers[pair] = len(self.inside)
        self.inside.append([])
        self.leads_to.append(0)
        return True

    def connect(self) -> None:
        """Add the findings of the pairs inside; pairs that lead to each other share their findings."""
        for circle in find_connected_components(self.inside):
            bits = 0
            for number in circle:
                bits |= self.leads_to[number]
                for inner in self.inside[number]:
                    bits |= self.leads_to[inner]
            for number in circle:
                self.leads_to[number] = bits

    def reach(self, roots: Iterable[Pair]) -> int:
        """Return the set of findings of pairs and of all that is inside them, once `connect` has been called."""
        bits = 0
        for pair in roots:
            bits |= self.leads_to[self.numbers[pair]]
        return bits

    def list_findings(self, bits: int) -> Sequence[Finding]:
        """Return the findings of a set."""
        if bits not in self._reachable:
            self._reachable[bits] = [self.findings[index] for index in _iterate_set_bits(bits)]
        return self._reachable[bits]


def _compare_schemas(pair: SchemaPair) -> Iterator[Finding | InnerPair]:
    found, is_complete = compare_unions(pair)
    yield from found
    for check in SCHEMA_CHECKS if not is_complete else (check_schema_prose, check_all_of):
        yield from check(pair)


def _iterate_set_bits(bits: int) -> Iterator[int]:
    """Yield the indexes of the bits of a number that are set."""
    text = f"{bits:b}"[::-1]
    index = text.find("1")
    while index >= 0:
        yield index
        index = text.find("1", index + 1)
