"""Reads a normalized schema from its places in a spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import attrs

from ..errors import CodegenError
from ..limits import MAX_COMBINED_SCHEMAS, LimitError
from ..spec import Json, Spec, build_value_key, escape
from .normalized_schema import BINARY, BOUNDS, CONDITIONS, NAMED_SUBSCHEMAS, PROSE, Pointers, Schema

_UNIONS = ("oneOf", "anyOf")

_KEYWORDS = frozenset(
    {"properties", "patternProperties", "dependentSchemas", "required", "prefixItems", "items", "enum", "const"}
    | {"additionalProperties", "format", "pattern", "default", "readOnly", "writeOnly", "deprecated", "uniqueItems"}
    | {"discriminator", "dependentRequired", "contentMediaType", "contentEncoding", "multipleOf", "oneOf", "anyOf"}
    | {"dependencies", "additionalItems", "$dynamicRef", "$recursiveRef", "$vocabulary"}
    | {"x-extensible-enum", "x-sunset", "x-stability-level", *CONDITIONS, *BOUNDS}
)
"""Keywords that say something about a value. Any other one says nothing (JSON Schema 2020-12, 4.3.1)."""

_NAMES = frozenset({"$ref", "allOf", "type", "nullable", "$defs", "$id", "$anchor", "$schema", "$dynamicAnchor"})
"""Keywords that name and combine, or that have functions of their own."""

_FORMAT_KEYWORDS: Mapping[Json, tuple[str, str]] = {
    "binary": ("contentMediaType", BINARY),
    "byte": ("contentEncoding", "base64"),
}
"""Formats of OpenAPI 3.0 that are keywords in 3.1 (OpenAPI 3.1, "Considerations for File Uploads")."""

_FLAGS = ("readOnly", "writeOnly", "deprecated", "uniqueItems")
_KINDS: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    dict: "object",
    list: "array",
}
_NUMBERS = frozenset({"integer", "number"})
_OF_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_APPLIES_TO: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(_OF_NUMBERS, _NUMBERS),
    **dict.fromkeys(
        ("minLength", "maxLength", "pattern", "contentMediaType", "contentEncoding"), frozenset({"string"})
    ),
    **dict.fromkeys(("minItems", "maxItems", "uniqueItems", "minContains", "maxContains"), frozenset({"array"})),
    **dict.fromkeys(("minProperties", "maxProperties", "dependentRequired"), frozenset({"object"})),
}
"""The types that a keyword is about: it says nothing about other values (JSON Schema 2020-12, validation, 6 and 8)."""

_COMBINED_BOUNDS = {keyword: min if "ax" in keyword else max for keyword in (*BOUNDS, "multipleOf")}
"""The function that makes one bound of two."""


class _Document(Protocol):
    spec: Spec

    def get_value(self, pointer: str) -> Json: ...
    def follow(self, pointer: str) -> str: ...
    def skip_aliases(self, pointer: str) -> str: ...


def read_schema(document: _Document, pointers: Pointers) -> Schema:
    """Read what the schemas at some places say together."""
    return _Reader(document, Schema(pointers)).read()


@attrs.define
class _Reader:
    document: _Document
    schema: Schema
    seen: set[str] = attrs.field(factory=set)
    types: list[tuple[frozenset[str], bool]] = attrs.field(factory=list)
    """For each place that names types, the types and whether null is one of them."""
    unions: list[tuple[str, list[str]]] = attrs.field(factory=list)

    def read(self) -> Schema:
        schema = self.schema
        first = schema.pointers[0]
        is_single = len(schema.pointers) == 1
        if is_single:
            target = self.document.follow(first)
            if target == first or not _has_siblings(self.document.get_value(first)):
                schema.pointers = (target,)
                self._name(target)
        for pointer in schema.pointers:
            self._add(pointer, is_outermost=is_single)
        if first != schema.pointers[0]:
            for key, value in self.document.get_value(first).items():
                if key in PROSE and value is not None:  # prose beside a `$ref` is about this place
                    schema.prose[key], schema.where[key] = value, f"{first}/{key}"
        while self.unions:
            self._choose(*self.unions.pop(0))
        self._normalize()
        return schema

    def _name(self, pointer: str) -> None:
        if pointer.startswith("/components/schemas/") and pointer.count("/") == 3:
            self.schema.name = pointer.rpartition("/")[2]

    def _add(self, pointer: str, *, is_outermost: bool = False) -> None:
        """Add what one schema says, wherever its references lead."""
        pointer = self.document.skip_aliases(pointer)
        if pointer in self.seen:
            return
        self.seen.add(pointer)
        if len(self.seen) > MAX_COMBINED_SCHEMAS:
            place = self.document.spec.format_place(self.schema.pointer)
            text = f"allOf and $ref put more than {MAX_COMBINED_SCHEMAS} schemas together here"
            raise LimitError(f"{place}: {text}", "MAX_COMBINED_SCHEMAS")
        value = self.document.get_value(pointer)
        if value is True:
            return
        if value is False:
            self.schema.parts["not"] = (pointer,)
            return
        if not isinstance(value, dict):
            raise CodegenError(
                f"{self.document.spec.format_place(pointer)}: a schema is expected here, which is a mapping"
            )
        if isinstance(value.get("$ref"), str):
            self._add(value["$ref"][1:])
        members = [f"{pointer}/allOf/{index}" for index in range(len(value.get("allOf") or ()))]
        if is_outermost:
            self.schema.all_of = tuple(members)
        for member in members:
            self._add(member)
        self._add_types(value, pointer, is_outermost=is_outermost)
        for key, item in value.items():
            if (item is not None or key == "default") and key not in _NAMES:
                self._add_keyword(key, item, pointer, value)

    def _add_types(self, value: dict[str, Json], pointer: str, *, is_outermost: bool) -> None:
        kinds = _get_types(value)
        is_null = "const" in value and value["const"] is None
        is_nullable = value.get("nullable") is True or "null" in kinds or is_null
        if "type" in value:
            self.schema.where["type"] = f"{pointer}/type"
            self.types.append((kinds - {"null"}, is_nullable))
        elif is_null:
            self.types.append((frozenset(), True))
        if is_nullable:
            if is_outermost or "type" not in value:
                self.schema.is_nullable = True
            self.schema.where["nullable"] = f"{pointer}/{'nullable' if 'nullable' in value else 'type'}"

    def _add_keyword(self, key: str, value: Json, pointer: str, holder: dict[str, Json]) -> None:
        schema, place = self.schema, f"{pointer}/{escape(key)}"
        if key == "pattern" and value == "":
            return  # it matches every text
        if key == "format" and value in _FORMAT_KEYWORDS and holder.get("type", "string") in ("string", ["string"]):
            key, value = _FORMAT_KEYWORDS[value]
        if key in PROSE or key not in _KEYWORDS:
            schema.prose[key] = value
        elif key in _UNIONS:
            self.unions.append((key, [f"{place}/{index}" for index in range(len(value))]))
        elif key in NAMED_SUBSCHEMAS:
            self.document.get_value(place)  # so that those inside are found from there
            by_name = schema.named.setdefault(key, {})
            for name in value:
                by_name[name] = (*by_name.get(name, ()), f"{place}/{escape(name)}")
        elif key == "required":
            schema.required |= {name for name in value if isinstance(name, str)}
        elif key == "prefixItems":
            schema.prefix = tuple((f"{place}/{index}",) for index in range(len(value)))
        elif key in ("items", "additionalProperties", *CONDITIONS):
            if value is False:
                schema.closed |= {key}
            elif isinstance(value, dict) and (value or key == "items"):
                schema.parts[key] = (*schema.parts.get(key, ()), place)
        elif key == "enum":
            allowed = None if schema.enum is None else set(map(build_value_key, schema.enum))
            schema.enum = tuple(item for item in value if allowed is None or build_value_key(item) in allowed)
        elif key in _COMBINED_BOUNDS and key in schema.keywords and _has_only_numbers(value, schema.keywords[key]):
            schema.keywords[key] = _COMBINED_BOUNDS[key](value, schema.keywords[key])
        elif key == "pattern" and schema.keywords.get(key, value) != value:
            schema.keywords[key] = " and ".join(sorted({*schema.keywords[key].split(" and "), value}))
        elif not (key in _FLAGS and schema.has(key)):
            schema.keywords[key] = value
        schema.where[key] = place

    # --- unions ----------------------------------------------------------------------------------------------------

    def _choose(self, keyword: str, members: list[str]) -> None:
        """Add what a union says: null out of it, a lone member as what holds, bare types as types."""
        schema = self.schema
        members = self._flatten(members)
        rest = [member for member in members if not self._is_null(member)]
        if len(rest) < len(members) or any(self._can_be_null(member) for member in rest):
            schema.is_nullable = True
            schema.where.setdefault("nullable", members[0].rpartition("/")[0])
        if not rest and members:
            self.types.append((frozenset(), True))
        elif len(rest) == 1:
            if self._is_only_union():
                schema.alternatives = ((rest[0],),)
            was_nullable = schema.is_nullable
            self._add(rest[0], is_outermost=True)
            schema.is_nullable = schema.is_nullable or was_nullable
            if len(schema.pointers) == 1 and not schema.properties and not schema.name:
                self._name(self.document.follow(rest[0]))
        elif rest and all(self._is_bare_type(member) for member in rest):
            kinds = frozenset(self.document.get_value(self.document.follow(member))["type"] for member in rest)
            self.types.append((kinds, False))
            if self._is_only_union():
                schema.alternatives = tuple((member,) for member in rest)
            schema.where["type"] = schema.where[keyword]
        elif rest and not schema.union:
            schema.union = tuple((member,) for member in rest)
            schema.union_keyword = keyword
        elif rest:
            schema.more_unions = (*schema.more_unions, tuple((member,) for member in rest))

    def _flatten(self, members: list[str]) -> list[str]:
        """Return the members of a union, those of a union inside in its place, each union once."""
        flat: list[str] = []
        opened: set[str] = set()
        todo = members[::-1]
        while todo:
            pointer = todo.pop()
            place = self.document.follow(pointer)
            keys = _get_keywords(self.document.get_value(place))
            if len(keys) == 1 and keys <= {*_UNIONS}:
                if place not in opened:
                    opened.add(place)
                    key = keys.pop()
                    count = len(self.document.get_value(place)[key] or ())
                    todo += [f"{place}/{key}/{index}" for index in reversed(range(count))]
            else:
                flat.append(pointer)
        return flat

    def _can_be_null(self, pointer: str) -> bool:
        value = self.document.get_value(self.document.follow(pointer))
        return isinstance(value, dict) and (value.get("nullable") is True or "null" in _get_types(value))

    def _is_null(self, pointer: str) -> bool:
        value = self.document.get_value(self.document.follow(pointer))
        return isinstance(value, dict) and (
            _get_types(value) == {"null"} or value.get("enum") == [None] or value.get("const", 0) is None
        )

    def _is_bare_type(self, pointer: str) -> bool:
        value = self.document.get_value(pointer)
        is_reference = self.document.follow(pointer) != pointer
        return not is_reference and _get_keywords(value) == {"type"} and isinstance(value["type"], str)

    def _is_only_union(self) -> bool:
        """Return whether the schema is a union and nothing else, so that it can be compared with another union."""
        keys = {key for pointer in self.seen for key in _get_keywords(self.document.get_value(pointer))}
        return keys <= {"oneOf", "anyOf", "discriminator", "nullable", "$ref"} and not self.unions

    # --- normalization ---------------------------------------------------------------------------------------------

    def _normalize(self) -> None:
        """Normalize types, null, enums and bounds."""
        schema = self.schema
        for kinds, _ in self.types:
            if kinds:
                schema.kinds = _intersect_kinds(schema.kinds, kinds) if schema.kinds else kinds
        if self.types and all(is_nullable for _, is_nullable in self.types):
            schema.is_nullable = True
        if schema.enum is not None:
            schema.is_nullable = schema.is_nullable or None in schema.enum
            schema.enum = tuple(value for value in schema.enum if value is not None)
        only_null = any(not kinds and is_nullable for kinds, is_nullable in self.types) or schema.enum == ()
        if schema.is_nullable and only_null and not schema.kinds and not schema.union:
            schema.kinds, schema.enum = frozenset({"null"}), None
        if schema.kinds == _NUMBERS:
            schema.kinds = frozenset({"number"})
        if not schema.kinds and (schema.enum or "const" in schema.keywords):
            values = schema.enum or (schema.keywords["const"],)
            schema.kinds = frozenset(_get_kind(value) for value in values if type(value) in _KINDS)
        if not schema.kinds and not schema.union:
            implied = {"object"} if schema.properties else {"array"} if "items" in schema.parts else ()
            schema.kinds = frozenset(implied)
        if schema.kinds:
            for key in [key for key in schema.keywords if not _APPLIES_TO.get(key, schema.kinds) & schema.kinds]:
                del schema.keywords[key]
        for flag in [flag for flag in _FLAGS if schema.keywords.get(flag) is False]:
            del schema.keywords[flag]
        for exclusive, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(schema.keywords.get(exclusive), bool):  # 3.0's `true` beside a bound, as 3.1 writes it
                is_exclusive = schema.keywords.pop(exclusive)
                if is_exclusive and plain in schema.keywords:
                    schema.keywords[exclusive] = schema.keywords.pop(plain)


def _get_types(value: dict[str, Json]) -> frozenset[str]:
    """Return the types that a schema names."""
    kinds = value.get("type")
    return frozenset(kinds if isinstance(kinds, list) else [kinds] if isinstance(kinds, str) else [])


def _get_keywords(value: Json) -> set[str]:
    """Return the keys of a schema that are not prose."""
    return {key for key in value if key not in PROSE} if isinstance(value, dict) else set()


def _has_siblings(value: Json) -> bool:
    """Return whether a keyword beside `$ref` constrains the value."""
    return any(key != "$ref" and key not in PROSE and not key.startswith("x-") for key in value)


def _get_kind(value: Json) -> str:
    """Return the type of a value in JSON Schema, where 1.0 is an integer."""
    return "integer" if isinstance(value, float) and value.is_integer() else _KINDS[type(value)]


def _intersect_kinds(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    both = one & other
    if "integer" in one | other and "number" in one | other:
        both |= {"integer"}
    return both or other


def _has_only_numbers(*values: Json) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
