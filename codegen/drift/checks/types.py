"""Types, formats and null."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding
from .base import SchemaPair, register_schema_check
from .kinds import UUIDS, classify_type_change, format_type, has_only_texts, is_wider_format


@register_schema_check
def check_type(pair: SchemaPair) -> Iterator[Finding]:
    """Compare the types, unless the values are compared as the texts that they are written as."""
    if pair.old.kinds != pair.new.kinds and not has_only_texts(pair):
        kind = classify_type_change(pair, pair.old.kinds, pair.new.kinds)
        yield pair.find(kind, "type", format_type(pair.old), format_type(pair.new))


@register_schema_check
def check_format(pair: SchemaPair) -> Iterator[Finding]:
    """Compare the formats of one type."""
    before, after = pair.get_values("format")
    if before == after or pair.old.kinds != pair.new.kinds or has_only_texts(pair):
        return
    is_wider = is_wider_format(after, before, pair.new.kinds)
    is_narrower = is_wider_format(before, after, pair.old.kinds)
    if (is_wider and is_narrower) or (not pair.is_request and {before, after} <= UUIDS):
        kind = "type-compatible"
    elif is_wider:
        kind = "type-generalized"
    else:
        kind = "type-specialized" if is_narrower and not pair.is_request else "type-changed"
    yield pair.find(kind, "format", format_type(pair.old), format_type(pair.new))


@register_schema_check
def check_null(pair: SchemaPair) -> Iterator[Finding]:
    """Compare whether null is one of the values, unless that is part of the types."""
    schemas = pair.old, pair.new
    takes_any = [not (schema.kinds or schema.union or schema.more_unions) for schema in schemas]
    if "null" in pair.old.kinds | pair.new.kinds or takes_any[0] != takes_any[1] or pair.context.is_member:
        return
    if pair.old.takes_null != pair.new.takes_null:
        is_new_value = pair.new.takes_null and not pair.is_request and pair.context.scope == "property"
        kind = "became-nullable" if pair.new.takes_null else "became-not-nullable"
        yield pair.find(kind, "nullable", guards=frozenset({"nullable-value"} if is_new_value else ()))
