"""Enums, constants, defaults, and keywords that no other check knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...spec import Json, subtract_values
from ..finding import Finding
from ..normalized_schema import BOUNDS
from .base import SchemaPair, register_schema_check
from .kinds import format_text, has_only_texts, index_texts, is_same, serialize_value

_CHECKED = frozenset(
    {"readOnly", "writeOnly", "deprecated", "default", "pattern", "format", "const", "multipleOf", "uniqueItems"}
    | {"discriminator", "dependentRequired", "contentMediaType", "contentEncoding", "x-extensible-enum", "x-sunset"}
    | {"x-stability-level", *BOUNDS}
)
"""Keywords that other checks compare."""


@register_schema_check
def check_enum(pair: SchemaPair) -> Iterator[Finding]:
    """Compare the values of enums; where every value is text, their texts."""
    old, new = pair.old, pair.new
    texts = index_texts(pair, old), index_texts(pair, new)
    if texts[0] is not None and texts[1] is not None:
        yield from _compare_values(pair, texts[0], texts[1])
        return
    if _is_one_value(pair):
        return
    if old.enum is None and new.enum is not None:
        yield pair.find("became-enum", "enum", None, list(new.enum))
    elif old.enum is not None and new.enum is None:
        yield pair.find("became-not-enum", "enum", list(old.enum), None)
    elif old.enum is not None and new.enum is not None and _has_common_type(pair):
        before, after = ({serialize_value(value): value for value in values} for values in (old.enum, new.enum))
        yield from _compare_values(pair, before, after)


def _compare_values(pair: SchemaPair, before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[Finding]:
    """Find the values that one side has and the other has not, by their texts."""
    for value in [before[key] for key in before if key not in after]:
        yield pair.find("enum-value-removed", "enum", value, None)
    guards = frozenset({"open-enum"} if not pair.is_request else ())
    for value in [after[key] for key in after if key not in before]:
        yield pair.find("enum-value-added", "enum", None, value, guards=guards)


def _is_one_value(pair: SchemaPair) -> bool:
    """Return whether an enum of one value became a constant, or the other way round."""
    consts = pair.get_values("const")
    return bool(pair.new.enum and list(pair.new.enum) == [consts[0]]) or bool(
        pair.old.enum and list(pair.old.enum) == [consts[1]]
    )


def _has_common_type(pair: SchemaPair) -> bool:
    """Return whether a value can satisfy both sides; if not, the type is reported and the values are not."""
    return pair.has_common_kind or pair.old.kinds | pair.new.kinds <= {"integer", "number"}


@register_schema_check
def check_extensible_enum(pair: SchemaPair) -> Iterator[Finding]:
    """Find values that `x-extensible-enum` no longer lists."""
    before, after = pair.get_values("x-extensible-enum")
    if isinstance(before, list) and isinstance(after, list) and not has_only_texts(pair) and not _is_one_value(pair):
        for value in subtract_values(before, after):
            yield pair.find("x-extensible-enum-value-removed", "x-extensible-enum", value, None)


@register_schema_check
def check_const(pair: SchemaPair) -> Iterator[Finding]:
    """Compare constants, unless an enum of one value says the same."""
    if not has_only_texts(pair) and not _is_one_value(pair):
        yield from find_set_or_changed(pair, "const", "const", ("added", "removed", "changed"))


@register_schema_check
def check_default(pair: SchemaPair) -> Iterator[Finding]:
    """Compare defaults."""
    if not _is_one_value(pair) or has_only_texts(pair):
        yield from find_set_or_changed(pair, "default", "default-value", ("added", "removed", "changed"))


@register_schema_check
def check_content(pair: SchemaPair) -> Iterator[Finding]:
    """Compare the media type and the encoding of what a text holds."""
    for keyword, name in (("contentMediaType", "content-media-type"), ("contentEncoding", "content-encoding")):
        yield from find_set_or_changed(pair, keyword, name, ("changed", "changed", "changed"))


@register_schema_check
def check_other_keywords(pair: SchemaPair) -> Iterator[Finding]:
    """Compare the keywords that no other check knows."""
    for key in sorted((pair.old.keywords.keys() | pair.new.keywords.keys()) - _CHECKED):
        before, after = ({key: side.keywords[key]} if key in side.keywords else None for side in (pair.old, pair.new))
        if before != after:
            yield pair.find("keyword-changed", key, before, after)


def find_set_or_changed(pair: SchemaPair, keyword: str, name: str, actions: tuple[str, str, str]) -> Iterator[Finding]:
    """Find that a keyword was set, removed or changed; `actions` ends the id of each."""
    before, after = pair.get_values(keyword)
    is_set, was_set = keyword in pair.new.keywords, keyword in pair.old.keywords
    if is_set and not was_set:
        yield pair.find(f"{name}-{actions[0]}", keyword, None, after)
    elif was_set and not is_set:
        yield pair.find(f"{name}-{actions[1]}", keyword, before, None)
    elif not is_same(before, after) and not (pair.context.is_text and format_text(before) == format_text(after)):
        yield pair.find(f"{name}-{actions[2]}", keyword, before, after)
