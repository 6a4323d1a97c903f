"""Operations as a whole: added, removed, moved, their ids, tags and servers; removed schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ...spec import Json, escape, subtract_values
from ..finding import Finding
from ..matching import Operation
from .base import Comparison, OperationPair, register_document_check, register_operation_check
from .lifecycle import UNSTABLE, classify_removal


def find_removed(comparison: Comparison, operation: Operation) -> Finding:
    """Make the finding that an operation was removed."""
    if operation.is_incoming:
        return Finding(f"{operation.kind}-removed", operation.name, operation.pointer, None)
    value = comparison.old.get_mapping(operation.pointer)
    is_path_kept = operation.template in {other.template for other in comparison.matched.new}
    action = classify_removal(value, comparison.today)
    sunset = value.get("x-sunset") if action in ("removed-before-sunset", "sunset-parse") else None
    guards = frozenset({"unstable"} if value.get("x-stability-level") in UNSTABLE else ())
    if action == "sunset-parse":
        rule = "api-path-sunset-parse"
        return Finding(rule, operation.name, operation.pointer, None, None, sunset, guards)
    action = "removed-without-deprecation" if action == "removed" else action
    rule = f"api-{'' if is_path_kept else 'path-'}{action}"
    return Finding(rule, operation.name, operation.pointer, None, sunset, guards=guards)


def find_added(operation: Operation) -> Finding:
    """Make the finding that an operation was added."""
    return Finding(f"{operation.kind}-added", operation.name, None, operation.pointer)


@register_operation_check
def check_moved(pair: OperationPair) -> Iterator[Finding]:
    """Find that an operation has another path."""
    if pair.before in pair.comparison.matched.moved:
        name = pair.old.get("operationId") or pair.before.name
        pointers = pair.before.pointer, pair.after.pointer
        yield pair.find_inside("endpoint-moved", f"`{name}`", pointers, pair.before.path, pair.after.path)


@register_operation_check
def check_operation_id(pair: OperationPair) -> Iterator[Finding]:
    """Compare operation ids."""
    before, after = pair.old.get("operationId"), pair.new.get("operationId")
    if before != after:
        action = "added" if before is None else "removed"
        yield pair.find(f"api-operation-id-{action}", "operationId", before, after)


@register_operation_check
def check_operation_tags(pair: OperationPair) -> Iterator[Finding]:
    """Compare the tags of operations."""
    before, after = (value.get("tags") or [] for value in (pair.old, pair.new))
    for tag in subtract_values(before, after):
        yield pair.find("api-tag-removed", "tags", tag, None)
    for tag in subtract_values(after, before):
        yield pair.find("api-tag-added", "tags", None, tag)


@register_operation_check
def check_operation_servers(pair: OperationPair) -> Iterator[Finding]:
    """Compare servers of the operation or its path, which take the place of the document's."""
    if pair.before.addresses == pair.after.addresses:
        return
    holders = [(operation.pointer, operation.holder) for operation in (pair.before, pair.after)]
    sides = list(zip(pair.documents, holders, strict=True))
    if any(document.get_items(f"{holder}/servers") for document, places in sides for holder in places):
        old, new = (document.find_servers(*places, "") for document, places in sides)
        yield from _compare_servers(old, new)


@register_document_check
def check_servers(comparison: Comparison) -> Iterator[Finding]:
    """Compare the servers of the document, unless every operation keeps its addresses."""
    pairs = comparison.matched.pairs
    if not pairs or any(before.addresses != after.addresses for before, after in pairs):
        yield from _compare_servers(comparison.old.find_servers(""), comparison.new.find_servers(""))


def _compare_servers(old: dict[str, str], new: dict[str, str]) -> Iterator[Finding]:
    def show(key: str) -> Json:
        url, variables = json.loads(key)
        return url if variables is None else f"{url} with {json.dumps(variables, sort_keys=True)}"

    for key in [key for key in old if key not in new]:
        yield Finding("api-server-removed", show(key), old[key], None, show(key))
    for key in [key for key in new if key not in old]:
        yield Finding("api-server-added", show(key), None, new[key], None, show(key))


@register_document_check
def check_schemas(comparison: Comparison) -> Iterator[Finding]:
    """Find the schemas of the components that were removed."""
    names = [document.list_keys("/components/schemas") for document in (comparison.old, comparison.new)]
    for name in subtract_values(names[0], names[1]):
        yield Finding("api-schema-removed", name, f"/components/schemas/{escape(name)}", None)
