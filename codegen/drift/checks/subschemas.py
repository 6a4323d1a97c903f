"""Schemas inside of a schema that are no properties: items, other properties, conditions, members of `allOf`."""

from __future__ import annotations

from collections.abc import Iterator

from ..document import Document
from ..finding import Finding
from ..normalized_schema import CONDITIONS, Pointers
from .base import InnerPair, SchemaPair, register_schema_check


@register_schema_check
def check_conditions(pair: SchemaPair) -> Iterator[Finding | InnerPair]:
    """Compare conditions such as `not` and `contains`."""
    for keyword, name in CONDITIONS.items() if pair.has_common_kind else ():
        old, new = pair.old.parts.get(keyword), pair.new.parts.get(keyword)
        had, has = (part is not None or keyword in schema.closed for part, schema in ((old, pair.old), (new, pair.new)))
        if old and new:
            yield InnerPair(old, new)
        elif has != had:
            yield pair.find(f"{name}-{'added' if has else 'removed'}", keyword)


@register_schema_check
def check_named_schemas(pair: SchemaPair) -> Iterator[Finding | InnerPair]:
    """Compare the schemas of properties by pattern, and of conditions by property."""
    kinds = (("patternProperties", "pattern-property"), ("dependentSchemas", "dependent-schema"))
    for keyword, name in kinds if pair.has_common_kind else ():
        old, new = pair.old.named.get(keyword, {}), pair.new.named.get(keyword, {})
        for key in dict.fromkeys([*old, *new]):
            if key not in old:
                yield pair.find(f"{name}-added", keyword, None, key, pointers=(None, new[key][0]))
            elif key not in new:
                yield pair.find(f"{name}-removed", keyword, key, None, pointers=(old[key][0], None))
            else:
                yield InnerPair(old[key], new[key])


@register_schema_check
def check_prefix_items(pair: SchemaPair) -> Iterator[Finding | InnerPair]:
    """Compare the leading items of an array."""
    old, new = pair.old.prefix, pair.new.prefix
    for index in range(max(len(old), len(new)) if pair.has_common_kind else 0):
        if index >= len(old):
            yield pair.find("prefix-items-added", "prefixItems")
        elif index >= len(new):
            yield pair.find("prefix-items-removed", "prefixItems")
        else:
            yield InnerPair(old[index], new[index])


@register_schema_check
def check_items(pair: SchemaPair) -> Iterator[Finding | InnerPair]:
    """Compare the items of an array, which are any value unless it says otherwise."""
    yield from _compare_open_part(pair, "items", "items")


@register_schema_check
def check_additional_properties(pair: SchemaPair) -> Iterator[Finding | InnerPair]:
    """Compare the other properties of an object, and whether it takes any."""
    key = "additionalProperties"
    yield from _compare_open_part(pair, key, "additional-properties-schema")
    if pair.has_common_kind and (key in pair.old.closed) != (key in pair.new.closed):
        yield pair.find(f"additional-properties-{'closed' if key in pair.new.closed else 'opened'}", key)


def _compare_open_part(pair: SchemaPair, keyword: str, name: str) -> Iterator[Finding | InnerPair]:
    if not pair.has_common_kind:
        return
    old, new = pair.old.parts.get(keyword), pair.new.parts.get(keyword)
    was_closed, is_closed = keyword in pair.old.closed, keyword in pair.new.closed
    if old and new:
        yield InnerPair(old, new)
    elif new and not was_closed and _has_constraints(pair.comparison.new, new):
        yield pair.find(f"{name}-added", keyword)
    elif old and not is_closed and _has_constraints(pair.comparison.old, old):
        yield pair.find(f"{name}-removed", keyword)
    elif keyword == "items" and was_closed != is_closed:
        yield pair.find(f"{name}-{'added' if is_closed else 'removed'}", keyword)


def _has_constraints(document: Document, pointers: Pointers) -> bool:
    """Return whether a schema is more than any value."""
    schema = document.get_schema(pointers)
    return bool(schema.kinds or schema.union or schema.keywords or schema.parts or schema.enum is not None)


@register_schema_check
def check_dependent_required(pair: SchemaPair) -> Iterator[Finding]:
    """Compare which properties need which others."""
    before, after = (value or {} for value in pair.get_values("dependentRequired"))
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            action = "added" if name not in before else "removed" if name not in after else "changed"
            values = before.get(name), after.get(name)
            yield pair.find(f"dependent-required-{action}", "dependentRequired", *values)


@register_schema_check
def check_all_of(pair: SchemaPair) -> Iterator[Finding]:
    """Find members of `allOf` that were added or removed; what they say is compared as part of the whole."""
    counts = len(pair.old.all_of), len(pair.new.all_of)
    for pointer in pair.new.all_of[counts[0] :]:
        schema = pair.comparison.new.get_schema((pointer,))
        says_something = _has_constraints(pair.comparison.new, (pointer,)) or schema.required
        kind = "all-of-added" if says_something else "all-of-added-annotation-only"
        yield pair.find(kind, "allOf", None, schema.name or "another schema", pointers=(pair.old.pointer, pointer))
    for pointer in pair.old.all_of[counts[1] :]:
        name = pair.comparison.old.get_schema((pointer,)).name
        yield pair.find("all-of-removed", "allOf", name or "a schema", None, pointers=(pointer, pair.new.pointer))
