"""Compares prose: titles, descriptions, examples, links, extensions."""

from __future__ import annotations

from collections.abc import Iterator

from ...spec import Json, escape
from ..document import build_end_pointers, ensure_mapping
from ..finding import Finding
from ..normalized_schema import PROSE
from .base import (
    Comparison,
    OperationPair,
    SchemaPair,
    register_document_check,
    register_operation_check,
    register_schema_check,
)

_SCHEMA_RULES = {
    "title": "docs-title-changed",
    "description": "docs-description-changed",
    "$comment": "docs-description-changed",
    "externalDocs": "docs-link-changed",
}
_OPERATION_RULES = {
    "summary": "docs-summary-changed",
    "description": "docs-description-changed",
    "externalDocs": "docs-link-changed",
}


@register_schema_check
def check_schema_prose(pair: SchemaPair) -> Iterator[Finding]:
    """Compare the prose of schemas."""
    for key in sorted(pair.old.prose.keys() | pair.new.prose.keys()):
        before, after = pair.old.prose.get(key), pair.new.prose.get(key)
        if before != after:
            rule = _SCHEMA_RULES.get(key) or ("docs-example-changed" if key in PROSE else "docs-extension-changed")
            yield pair.find_rule(rule, key, before, after)


@register_operation_check
def check_operation_prose(pair: OperationPair) -> Iterator[Finding]:
    """Compare the prose and the extensions of operations."""
    for key in sorted(pair.old.keys() | pair.new.keys()):
        before, after = pair.old.get(key), pair.new.get(key)
        if before == after:
            continue
        if key in _OPERATION_RULES:
            yield pair.find(_OPERATION_RULES[key], key, before, after)
        elif key.startswith("x-") and key not in ("x-sunset", "x-stability-level"):
            rule = "docs-code-sample-changed" if "code" in key.lower() else "docs-extension-changed"
            yield pair.find(rule, key, before, after)


@register_document_check
def check_info(comparison: Comparison) -> Iterator[Finding]:
    """Compare `info` without its version, and the links and extensions of the document."""
    old, new = comparison.old.get_mapping("/info"), comparison.new.get_mapping("/info")
    for key in sorted((old.keys() | new.keys()) - {"version"}):
        if old.get(key) != new.get(key):
            pointer = f"/info/{escape(key)}"
            pointers = pointer if key in old else None, pointer if key in new else None
            yield Finding("docs-info-changed", f"`info.{key}`", *pointers, old.get(key), new.get(key))
    roots = comparison.old.root, comparison.new.root
    extensions = {key for root in roots for key in root if key.startswith("x-")}
    for key in ["externalDocs", *sorted(extensions)]:
        before, after = (root.get(key) for root in roots)
        if before != after:
            rule = "docs-link-changed" if key == "externalDocs" else "docs-extension-changed"
            yield Finding(rule, "the API", *build_end_pointers(f"/{escape(key)}", before, after), before, after)


@register_document_check
def check_tags(comparison: Comparison) -> Iterator[Finding]:
    """Compare the tags that the document describes."""
    old, new = (
        {str(item.get("name")): (f"/tags/{index}", item) for index, item in enumerate(document.get_items("/tags"))}
        for document in (comparison.old, comparison.new)
    )
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        values = [None if found is None else found[1] for found in (before, after)]
        if values[0] != values[1]:
            pointers = [None if found is None else found[0] for found in (before, after)]
            yield Finding("docs-tag-changed", f"the tag {name}", pointers[0], pointers[1], values[0], values[1])


@register_document_check
def check_paths(comparison: Comparison) -> Iterator[Finding]:
    """Compare the prose of paths as a whole."""
    old, new = (ensure_mapping(document.root.get("paths")) for document in (comparison.old, comparison.new))
    for path in [path for path in old if path in new and not path.startswith("x-")]:
        pointer = f"/paths/{escape(path)}"
        values = comparison.old.get_mapping(pointer), comparison.new.get_mapping(pointer)
        for key in ("summary", "description"):
            ends: tuple[Json, Json] = values[0].get(key), values[1].get(key)
            if ends[0] != ends[1]:
                yield Finding(_OPERATION_RULES[key], path, *build_end_pointers(f"{pointer}/{key}", *ends), *ends)
