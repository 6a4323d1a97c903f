"""Compares prose: titles, descriptions, examples, links, extensions."""

from __future__ import annotations

from collections.abc import Iterator

from ...spec import escape
from ..document import ensure_mapping
from ..finding import Finding
from ..normalized_schema import PROSE
from .base import (
    PROSE_RULES,
    Comparison,
    OperationPair,
    SchemaPair,
    compare_values,
    register_document_check,
    register_operation_check,
    register_schema_check,
)


@register_schema_check
def check_schema_prose(pair: SchemaPair) -> Iterator[Finding]:
    """Compare the prose of schemas."""
    for key in sorted(pair.old.prose.keys() | pair.new.prose.keys()):
        before, after = pair.old.prose.get(key), pair.new.prose.get(key)
        if before != after:
            rule = PROSE_RULES.get(key, "docs-example-changed") if key in PROSE else "docs-extension-changed"
            yield pair.find(rule, key, before, after)


@register_operation_check
def check_operation_prose(pair: OperationPair) -> Iterator[Finding]:
    """Compare the prose and the extensions of operations."""
    for key in sorted(pair.old.keys() | pair.new.keys()):
        before, after = pair.old.get(key), pair.new.get(key)
        if key in ("summary", "description", "externalDocs"):
            yield from pair.compare_prose(key)
        elif key.startswith("x-") and key not in ("x-sunset", "x-stability-level") and before != after:
            rule = "docs-code-sample-changed" if "code" in key.lower() else "docs-extension-changed"
            yield pair.find(rule, key, before, after)


@register_document_check
def check_info(comparison: Comparison) -> Iterator[Finding]:
    """Compare `info` without its version, and the links and extensions of the document."""
    old, new = comparison.old.get_mapping("/info"), comparison.new.get_mapping("/info")
    for key in sorted((old.keys() | new.keys()) - {"version"}):
        if old.get(key) != new.get(key):
            before, after = (f"/info/{escape(key)}" if key in info else None for info in (old, new))
            yield Finding("docs-info-changed", f"`info.{key}`", before, after, old.get(key), new.get(key))
    old, new = comparison.old.root, comparison.new.root
    for key in ["externalDocs", *sorted(key for key in old.keys() | new.keys() if key.startswith("x-"))]:
        rule = PROSE_RULES.get(key, "docs-extension-changed")
        yield from compare_values(rule, "the API", f"/{escape(key)}", old.get(key), new.get(key))


@register_document_check
def check_tags(comparison: Comparison) -> Iterator[Finding]:
    """Compare the tags that the document describes."""
    old, new = (
        {str(item.get("name")): (f"/tags/{index}", item) for index, item in enumerate(document.get_items("/tags"))}
        for document in (comparison.old, comparison.new)
    )
    for name in sorted(old.keys() | new.keys()):
        (before, old_tag), (after, new_tag) = old.get(name, (None, None)), new.get(name, (None, None))
        if old_tag != new_tag:
            yield Finding("docs-tag-changed", f"the tag {name}", before, after, old_tag, new_tag)


@register_document_check
def check_paths(comparison: Comparison) -> Iterator[Finding]:
    """Compare the prose of paths as a whole."""
    old, new = (ensure_mapping(document.root.get("paths")) for document in (comparison.old, comparison.new))
    for path in [path for path in old if path in new and not path.startswith("x-")]:
        pointer = f"/paths/{escape(path)}"
        before, after = comparison.old.get_mapping(pointer), comparison.new.get_mapping(pointer)
        for key in ("summary", "description"):
            yield from compare_values(PROSE_RULES[key], path, f"{pointer}/{key}", before.get(key), after.get(key))
