"""Parameters of operations and of their paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import attrs

from ...media_types import get_essence
from ...schemas import is_ignored_header
from ...spec import Json, escape
from ..document import Document, ensure_mapping
from ..finding import Finding
from ..matching import Operation
from .base import (
    PARAMETER_CHECKS,
    Context,
    Joining,
    ObjectPair,
    OperationPair,
    Pair,
    get_requirement,
    register_operation_check,
    register_parameter_check,
)
from .lifecycle import classify_removal, compare_deprecation

_SUNSET_KINDS = {"deprecated-sunset-invalid": "sunset-parse", "sunset-invalid": "sunset-parse"}
"""Kinds of deprecation whose rule for parameters has another name."""


ParameterKey: TypeAlias = tuple[str, str]
"""The location of a parameter and its name, by which it is recognized."""


@attrs.frozen
class Serialization:
    """How a parameter is serialized, with OpenAPI's defaults."""

    content: str
    """Its media types; "" where `style` says how."""
    style: str
    explode: bool
    allow_reserved: bool
    allow_empty_value: bool

    @property
    def joining(self) -> Joining:
        """How the values of a list are written."""
        if self.content or self.style not in ("form", "simple"):
            return "none"
        return "repeated" if self.explode and self.style == "form" else "text"


@register_operation_check
def check_parameters(pair: OperationPair) -> Iterator[Finding | Pair]:
    """Compare which parameters there are, and each that both sides have."""
    old = dict(_read_parameters(pair.comparison.old, pair.before))
    new = dict(_read_parameters(pair.comparison.new, pair.after))
    # Path parameters are needed, declared or not: the templates are the same, or `endpoint-moved` reports both paths.
    for key in [key for key in old if key not in new and key[0] != "path"]:
        yield _find_removed(pair, old[key][0])
    for key in [key for key in new if key not in old and key[0] != "path"]:
        pointer, is_common = new[key]
        value = pair.comparison.new.get_mapping(pointer)
        place = "default-parameter-to-existing-path" if is_common else "parameter"
        yield pair.find_inside(f"new-{get_requirement(value)}-request-{place}", _format_name(value), (None, pointer))
    for key in [key for key in old if key in new]:
        both = pair.enter(old[key][0], new[key][0], _format_name(pair.comparison.new.get_mapping(new[key][0])))
        for check in PARAMETER_CHECKS:
            yield from check(both)


def _find_removed(pair: OperationPair, pointer: str) -> Finding:
    value = pair.comparison.old.get_mapping(pointer)
    what, pointers = _format_name(value), (pointer, None)
    if pair.is_incoming:
        return pair.find_inside(f"webhook-{get_requirement(value)}-parameter-removed", what, pointers)
    action, sunset = classify_removal(value, pair.comparison.today), value.get("x-sunset")
    values = (None, sunset) if action == "sunset-parse" else (sunset, None)
    return pair.find_inside(f"request-parameter-{action}", what, pointers, *values)


def _format_name(value: Mapping[str, Json]) -> str:
    return f"parameter {value.get('name')}"


@register_parameter_check
def check_required(pair: ObjectPair) -> Iterator[Finding]:
    """Compare whether the parameter must be sent."""
    yield from pair.compare_required("request-parameter")


@register_parameter_check
def check_serialization(pair: ObjectPair) -> Iterator[Finding]:
    """Compare how the parameter is written, and whether reserved characters and no value at all are allowed."""
    before, after = _read_serialization(pair.old), _read_serialization(pair.new)
    if before.content != after.content:
        yield pair.find("request-parameter-content-changed", "content", before.content, after.content)
    elif before.style != after.style:
        yield pair.find("request-parameter-style-changed", "style", before.style, after.style)
    elif before.explode != after.explode and any(map(_can_be_list, pair.documents, _find_schemas(pair))):
        yield pair.find("request-parameter-explode-changed", "explode", before.explode, after.explode)
    if before.allow_reserved != after.allow_reserved:
        action = "allow-reserved" if after.allow_reserved else "not-allow-reserved"
        yield pair.find(f"request-parameter-became-{action}", "allowReserved")
    if before.allow_empty_value != after.allow_empty_value:
        action = "allow-empty-value" if after.allow_empty_value else "not-allow-empty-value"
        yield pair.find(f"request-parameter-became-{action}", "allowEmptyValue")


@register_parameter_check
def check_prose(pair: ObjectPair) -> Iterator[Finding]:
    """Compare the description and the examples."""
    yield from pair.compare_prose("description", "example", "examples")


@register_parameter_check
def check_lifecycle(pair: ObjectPair) -> Iterator[Finding]:
    """Compare the deprecation of the parameter."""
    for kind, key, before, after in compare_deprecation(pair.comparison, pair.old, pair.new):
        yield pair.find(f"request-parameter-{_SUNSET_KINDS.get(kind, kind)}", key, before, after)


@register_parameter_check
def check_schema(pair: ObjectPair) -> Iterator[Finding | Pair]:
    """Compare whether there is a schema, and let the schemas be compared."""
    old, new = _find_schemas(pair)
    if old and new:
        before, after = _read_serialization(pair.old), _read_serialization(pair.new)
        joining = before.joining if before == after else "none"
        location, direction = str(pair.new.get("in", "")), pair.directions[0]
        yield (old,), (new,), Context(direction, "parameter", is_text=True, location=location, joining=joining)
    elif old or new:
        yield pair.find(f"request-parameter-schema-{'added' if new else 'removed'}", "schema")


# --- reading -----------------------------------------------------------------------------------------------------


def _read_parameters(document: Document, operation: Operation) -> Iterator[tuple[ParameterKey, tuple[str, bool]]]:
    """Yield the JSON pointers of an operation's parameters, and whether they are those of its path."""
    names = re.findall(r"\{([^{}]*)\}", operation.path)
    order = {name: index for index, name in reversed([*enumerate(names)])}
    for place, is_common in ((operation.holder, True), (operation.pointer, False)):
        for index in range(len(document.get_items(f"{place}/parameters"))):
            pointer = document.follow(f"{place}/parameters/{index}")
            value = document.get_mapping(pointer)
            if is_ignored_header(value):
                continue
            name, location = str(value.get("name", "")), str(value.get("in", ""))
            if location == "path" and name in order:
                name = f"#{order[name]}"
            elif location == "header":
                name = name.lower()
            yield (location, name), (pointer, is_common)


def _read_serialization(parameter: dict[str, Json]) -> Serialization:
    content = " or ".join(sorted(map(get_essence, ensure_mapping(parameter.get("content")))))
    in_query = parameter.get("in") == "query"
    style = parameter.get("style") or ("form" if in_query or parameter.get("in") == "cookie" else "simple")
    return Serialization(
        content,
        style,
        explode=style == "deepObject" or parameter.get("explode", style == "form"),  # it has but one form
        allow_reserved=in_query and parameter.get("allowReserved") is True,
        allow_empty_value=in_query and parameter.get("allowEmptyValue") is True,
    )


def find_schema(pointer: str, value: dict[str, Json]) -> str:
    """Return where the schema of a parameter or header stands, "" if it has none."""
    if "schema" in value:
        return f"{pointer}/schema"
    for media_type, media in ensure_mapping(value.get("content")).items():
        if isinstance(media, dict) and "schema" in media:
            return f"{pointer}/content/{escape(media_type)}/schema"
    return ""


def _find_schemas(pair: ObjectPair) -> tuple[str, str]:
    return find_schema(pair.pointers[0], pair.old), find_schema(pair.pointers[1], pair.new)


def _can_be_list(document: Document, pointer: str) -> bool:
    """Return whether a parameter may hold several values, so that it matters how they are put together."""
    if not pointer:
        return False
    schema = document.get_schema((pointer,))
    return not schema.kinds or bool(schema.kinds & {"array", "object"}) or bool(schema.union)
