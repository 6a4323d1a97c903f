"""Rewrites enums and defaults that the generator cannot take."""

from __future__ import annotations

import json
import re
import uuid
from datetime import date
from typing import Any

from dateutil.parser import isoparse
from openapi_python_client.strings import in_double_quote_literal, remove_string_escapes, snake_case

from ..schemas import ALTERNATIVES, NULL, Document, find_free_name, list_types, resolve_component, walk
from ..spec import build_value_key, iterate_mappings

_MEMBERS_IN_PROSE = 20
"""Values of an enum that a description lists."""

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def simplify_enums(document: Document) -> None:
    """Make each enum one of texts or of whole numbers, as its `type` says, and any other the type of its values.

    The generator makes classes of texts and of whole numbers only, and leaves line breaks and what cannot be seen out
    of their values. `1` in an enum of texts means `"1"`. What the enum of another type lists goes into its description.
    """
    for _, _, schema in walk(document):
        if _is_odd_constant(schema):
            schema["enum"] = [schema.pop("const")]
        values = schema.get("enum")
        if isinstance(values, list):
            _simplify(schema, values)


def write_constants(document: Document) -> None:
    """Write a constant that is an object or an array as an enum of one value: the generator reads only others."""
    for _, mapping in iterate_mappings(document):
        if isinstance(mapping.get("const"), list | dict):
            mapping["enum"] = [mapping.pop("const")]


def _is_odd_constant(schema: Document) -> bool:
    """Return whether the value of `const` is one that the generator does not write as a `Literal`."""
    const = schema.get("const")
    return isinstance(const, float | list | dict) or (isinstance(const, str) and remove_string_escapes(const) != const)


def _simplify(schema: Document, values: list[Any]) -> None:
    has_null = any(value is None for value in values)
    listed = [value for value in values if value is not None]
    kinds = {_TYPES[type(value)] for value in listed}
    declared = [kind for kind in list_types(schema) if kind != "null"]
    if declared == ["string"] and kinds - {"string", "array", "object"}:
        listed = [value if isinstance(value, str) else json.dumps(value) for value in listed]
        kinds = {_TYPES[type(value)] for value in listed}
    elif declared == ["integer"] and kinds != {"integer"}:
        listed = [value for value in map(_parse_integer, listed) if value is not None]
        kinds = {_TYPES[type(value)] for value in listed}
    if has_null and not listed:
        del schema["enum"]
        schema["type"] = "null"
        return
    if kinds in ({"string"}, {"integer"}) and not any(map(_has_lost_character, listed)):
        unique = {build_value_key(value): value for value in listed}
        schema["enum"] = [*unique.values(), *([None] if has_null else [])]
        return
    del schema["enum"]
    schema.pop("x-enum-varnames", None)
    if listed:
        names = ", ".join(map(_show, listed[:_MEMBERS_IN_PROSE]))
        names += ", …" if len(listed) > _MEMBERS_IN_PROSE else ""
        schema["description"] = f"{schema.get('description', '')}\n\nOne of: {names}".strip()
    if not declared and kinds:
        kinds = kinds - {"integer"} if "number" in kinds else kinds
        types = [*sorted(kinds), *(["null"] if has_null else [])]
        schema["type"] = types[0] if len(types) == 1 else types


def _has_lost_character(value: Any) -> bool:
    """Return whether the generator would leave a character out of a value, such as a line break."""
    return isinstance(value, str) and json.loads(f'"{in_double_quote_literal(value)}"') != value


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


def _parse_integer(value: Any) -> int | None:
    """Read a value of an enum of whole numbers, None if it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?[0-9]{1,18}", value) else None
    return value if isinstance(value, int) else None


def name_enum_members(document: Document) -> None:
    """Name the members of an enum whose own names would be the same or no Python names: `A`, `A_2`, `A_3`."""
    for _, _, schema in walk(document):
        values = [value for value in schema.get("enum", ()) if value is not None]
        if not values or schema.get("type") == "boolean":
            continue
        given = schema.pop("x-enum-varnames", None)
        if isinstance(given, list) and len(given) == len(values) and all(isinstance(name, str) for name in given):
            names = [snake_case(name).upper() for name in given]
            schema["x-enum-varnames"] = given
        else:
            names = [get_member_name(value, index) for index, value in enumerate(values)]
        if len(set(names)) == len(names) and all(name.isidentifier() for name in names):
            continue
        schema["x-enum-varnames"] = _make_unique(
            [name if name.isidentifier() else f"VALUE_{index}" for index, name in enumerate(names)]
        )


def get_member_name(value: str | int, index: int) -> str:
    """Return the name that the generator gives a member of an enum."""
    if isinstance(value, int):
        return f"VALUE_NEGATIVE_{-value}" if value < 0 else f"VALUE_{value}"
    return snake_case(value if value[:1].isalpha() else f"VALUE_{index}").upper()


def _make_unique(names: list[str]) -> list[str]:
    taken: set[str] = set()
    unique: list[str] = []
    for name in names:
        others = taken.union(names) if name in taken else taken
        unique.append(find_free_name(name, others.__contains__, "_"))
        taken.add(unique[-1])
    return unique


def drop_wrong_defaults(document: Document) -> None:
    """Remove defaults that are no values of their schemas: the generator drops the property with them.

    Of several types the generator takes the first one that a default can be converted to: `3` would become `"3"`. So
    the type of the default comes first, and among alternatives a default stays only if it is of the first one's type.
    """
    for _, _, schema in walk(document):
        value = schema.get("default")
        if value is None:
            continue
        kind = _TYPES[type(value)]
        if not _is_valid(schema, value) or not _is_of_first_member(document, schema, kind):
            del schema["default"]
        elif isinstance(schema.get("type"), list) and kind in schema["type"]:
            schema["type"] = [kind, *(other for other in schema["type"] if other != kind)]


def _is_of_first_member(document: Document, schema: Document, kind: str) -> bool:
    """Return whether a type is that of the first alternative beside null; true if there are no alternatives."""
    members = [member for key in sorted(ALTERNATIVES) for member in schema.get(key, ()) if member != NULL]
    kinds = list_types(resolve_component(document, members[0])[1]) if members else []
    return not members or [each for each in kinds if each != "null"] == [kind]


def _is_valid(schema: Document, value: Any) -> bool:
    if isinstance(schema.get("enum"), list):
        return build_value_key(value) in {build_value_key(item) for item in schema["enum"]}
    kinds = [kind for kind in list_types(schema) if kind != "null"]
    if len(kinds) != 1:
        return not kinds or _TYPES[type(value)] in kinds or (isinstance(value, int) and "number" in kinds)
    kind, form = kinds[0], schema.get("format")
    if kind == "string":
        return isinstance(value, str) and _is_of_format(value, form)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("integer", "number"):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and (kind == "number" or isinstance(value, int) or value.is_integer())
    return True


def _is_of_format(text: str, form: object) -> bool:
    try:
        if form == "date":
            date.fromisoformat(text)
        elif form == "date-time":
            isoparse(text)
        elif form == "uuid":
            uuid.UUID(text)
    except ValueError:
        return False
    return True
