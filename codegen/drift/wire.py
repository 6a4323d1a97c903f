"""The wire and docs layers: compares two specs and lists each difference once, with the operations it affects."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence

import attrs

from ..limits import MAX_REACHED, LimitError
from ..spec import Json, Spec, iterate_mappings
from .checks import DOCUMENT_CHECKS, OPERATION_CHECKS
from .checks.base import Comparison, OperationPair, Pair
from .checks.lifecycle import UNSTABLE
from .checks.operations import find_added, find_removed
from .document import Document
from .finding import Finding
from .matching import Operation, match_operations
from .merge import make_change, merge
from .pair_graph import PairGraph
from .report import Change, make_fingerprints_unique
from .settings import Settings


@attrs.define
class _Result:
    """The findings of one operation, or of the spec as a whole."""

    operation: Operation | None
    findings: list[Finding] = attrs.field(factory=list)
    pairs: list[Pair] = attrs.field(factory=list)
    """Schemas that are still to be compared."""
    is_unstable: bool = False


def find_changes(old: Spec, new: Spec, today: datetime.date, settings: Settings = Settings()) -> list[Change]:  # noqa: B008
    """Compare two specs.

    Args:
        old: The spec that the client was made from.
        new: The spec that it shall be made from.
        today: The day that the sunset of a deprecated operation is compared with.
        settings: The reader's settings.

    Returns:
        One entry for each difference of the layers `wire` and `docs`, in no order. A difference in a component is one
        entry, whatever refers to it, and so is one that the same schema has wherever it is written out.

    Raises:
        CodegenError: A spec is not valid OpenAPI. Names file, line and column.
    """
    comparison = _compare(old, new, today, settings.sunset_days)
    findings = _find_reached_operations(comparison, settings)
    order = [operation.name for operation in (*comparison.matched.old, *comparison.matched.new)]
    found = merge(findings, comparison.old, comparison.new, settings.view, order)
    return make_fingerprints_unique([*found, *_check_version(old, new, found, settings)])


def find_differences(old: Spec, new: Spec, today: datetime.date) -> dict[Finding, tuple[str, ...]]:
    """Compare two specs place by place, before equal differences are merged into one entry.

    Args:
        old: The spec that the client was made from.
        new: The spec to compare it with.
        today: The day that the sunset of a deprecated operation is compared with.

    Returns:
        The affected operations of each difference, such as `GET /iam/users`.
    """
    return _find_reached_operations(_compare(old, new, today, None), Settings())


def _compare(old: Spec, new: Spec, today: datetime.date, sunset_days: int | None) -> Comparison:
    signatures: dict[tuple[Json, ...], int] = {}
    documents = Document(old, signatures), Document(new, signatures)
    names = _find_parameter_names(old), _find_parameter_names(new)
    return Comparison(*documents, today, sunset_days, names, match_operations(*documents))


def _find_reached_operations(comparison: Comparison, settings: Settings) -> dict[Finding, tuple[str, ...]]:
    graph = PairGraph(comparison)
    results = [
        result
        for result in _compare_operations(comparison)
        if result.operation is None or result.operation.is_incoming or settings.is_reviewed(result.operation.path)
    ]
    for result in results:
        graph.add(result.pairs)
    graph.connect()
    operations: dict[Finding, list[tuple[str, ...]]] = {}
    groups: dict[tuple[int, bool], list[str]] = {}
    count = 0
    for result in results:
        names: tuple[str, ...] = (result.operation.name,) if result.operation else ()
        bits = graph.reach(result.pairs)
        groups.setdefault((bits, result.is_unstable), []).extend(names)
        count += len(result.findings) + len(graph.list_findings(bits))
        if count > MAX_REACHED:
            text = f"{comparison.new.spec.name}: its changes reach operations more than {MAX_REACHED:,} times"
            raise LimitError(text, "MAX_REACHED")
        for finding in result.findings:
            operations.setdefault(_add_guard(finding, is_unstable=result.is_unstable), []).append(names)
    for (bits, is_unstable), group in groups.items():  # operations that reach the same share one tuple
        names = tuple(group)
        for finding in graph.list_findings(bits):
            operations.setdefault(_add_guard(finding, is_unstable=is_unstable), []).append(names)
    return {finding: _join_names(parts) for finding, parts in operations.items()}


def _add_guard(finding: Finding, *, is_unstable: bool) -> Finding:
    if is_unstable and "stability" not in finding.rule:
        return attrs.evolve(finding, guards=finding.guards | {"unstable"})
    return finding


def _join_names(parts: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return parts[0] if len(parts) == 1 else tuple(dict.fromkeys(name for part in parts for name in part))


def _compare_operations(comparison: Comparison) -> Iterator[_Result]:
    """Compare the specs as a whole, then the operations in the order of the old spec, then those that were added."""
    yield _Result(None, [finding for check in DOCUMENT_CHECKS for finding in check(comparison)])
    new_of = dict(comparison.matched.pairs)
    for operation in comparison.matched.old:
        if operation in new_of:
            yield _compare_operation(comparison, operation, new_of[operation])
        elif operation.owner is None or operation.owner in new_of:
            yield _Result(operation, [find_removed(comparison, operation)])
    matched = set(new_of.values())
    for operation in comparison.matched.new:
        if operation not in matched and (operation.owner is None or operation.owner in matched):
            yield _Result(operation, [find_added(operation)])


def _compare_operation(comparison: Comparison, before: Operation, after: Operation) -> _Result:
    pointers = before.pointer, after.pointer
    pair = OperationPair(comparison, pointers, after.name, before.is_incoming, before=before, after=after)
    result = _Result(before)
    result.is_unstable = pair.new.get("x-stability-level", pair.old.get("x-stability-level")) in UNSTABLE
    for check in OPERATION_CHECKS:
        for found in check(pair):
            if isinstance(found, Finding):
                result.findings.append(found)
            else:
                result.pairs.append(found)
    return result


def _find_parameter_names(spec: Spec) -> dict[str, str]:
    """Return the names of the parameters by JSON pointer."""
    return {
        pointer: str(value["name"])
        for pointer, value in iterate_mappings(spec.document)
        if "name" in value and "in" in value and "parameters" in pointer
    }


def _check_version(old: Spec, new: Spec, changes: Sequence[Change], settings: Settings) -> Iterator[Change]:
    """Find an `info.version` that was not raised as semver.org asks, if it is a semantic version."""
    before, after = _parse_version(old.version), _parse_version(new.version)
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
    level = settings.view.get_level(rule) if rule else "none"
    if level != "none":
        what = "the API" if rule == "api-version-decreased" else "the change"
        finding = Finding(rule, what, "/info/version", "/info/version", old.version, new.version)
        yield make_change(finding, old, new, level)


def _parse_version(version: str) -> tuple[int, int, int] | None:
    found = re.fullmatch(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?", version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
