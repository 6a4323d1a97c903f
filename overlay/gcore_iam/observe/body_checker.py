"""Compares the bodies of responses with a schema of the API's spec."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import jsonschema_rs
from gcore_iam_client.types import decode_date, decode_datetime

from .facts import Fact, PersonalWords, is_harmless_name, is_harmless_value
from .observation import MAX_TEXT
from .observation import ObservationKind as Kind
from .response_schema import Schema, SchemaBuilder

_DECODERS = {"date-time": decode_datetime, "date": decode_date}
_MAX_SHOWN = 32
"""How many undocumented fields or enum values are shown at one place. If there are more, they are data."""
_MAX_ERRORS = 1000
"""Errors of a value, and invalid items of a list, that are read at most; later ones rarely show new facts."""
_ITEMS_AT_ONCE = 50
_INVALID_ITEMS_AT_ONCE = 5
_NODES_AT_ONCE = 500
"""How many items of a list are checked, or values in a body are read, before other threads may run: about 0.2 ms."""
_Kinds = jsonschema_rs.ValidationErrorKind
_CONTAINERS = (dict, list)


class BodyChecker:
    """Compares bodies with a schema of the spec.

    The objects of a list are checked one by one, so that other threads can run between them. The error of `anyOf` for a
    whole page would hold the interpreter for 10 ms, as jsonschema-rs describes each value in it.

    Args:
        builder: Builds schemas from the spec.
        schema: The schema in the spec.
        path: The path of the values in the body of the response.
    """

    def __init__(self, builder: SchemaBuilder, schema: Schema, path: tuple[str, ...] = ()) -> None:
        values, self._fields = builder.build(schema)
        self._builder = builder
        self._schema = schema
        self._path = path
        self._parts = [values, self._fields]
        self._shown: dict[tuple[str, ...], set[str]] = {}
        self._maps: set[tuple[str, ...]] = set()

    @cached_property
    def _validator(self) -> jsonschema_rs.Draft202012Validator:
        return self._compile({"allOf": self._parts})

    @cached_property
    def _list_validator(self) -> jsonschema_rs.Draft202012Validator:
        return self._compile({"items": {"allOf": self._parts}})

    def _compile(self, schema: Schema) -> jsonschema_rs.Draft202012Validator:
        document = {**schema, "$defs": self._builder.definitions}
        return jsonschema_rs.Draft202012Validator(document, validate_formats=True, offline=True)

    @cached_property
    def _item_checkers(self) -> Mapping[str | None, BodyChecker]:
        """What checks the items of each list of objects in the body, by its field; None stands for the body itself."""
        return {
            field: BodyChecker(self._builder, items, ("*",) if field is None else (field, "*"))
            for field, items in self._builder.find_items(self._schema).items()
        }

    def find_facts(self, body: Any) -> set[Fact]:
        """Find the facts that a decoded body shows."""
        fields = {None: body} if not isinstance(body, dict) else body
        lists = {
            field: value for field, value in fields.items() if field in self._item_checkers and isinstance(value, list)
        }
        rest = [] if None in lists else {**body, **{field: [] for field in lists}} if lists else body
        facts = self._find_value_facts(rest, body)
        for field, items in lists.items():
            facts |= self._item_checkers[field]._find_item_facts(items)
        return facts

    def _find_item_facts(self, items: Sequence[Any]) -> set[Fact]:
        """Find the facts that the items of a list show. Many items are checked together first, which is faster."""
        facts: set[Fact] = set()
        invalid_items = 0
        for start in range(0, len(items), _ITEMS_AT_ONCE):
            group = items[start : start + _ITEMS_AT_ONCE]
            for item in () if self._list_validator.is_valid(group) else group:
                found = self._find_value_facts(item, item)
                if found:
                    facts |= found
                    invalid_items += 1
                    if invalid_items == _MAX_ERRORS:
                        return facts
                    if invalid_items % _INVALID_ITEMS_AT_ONCE == 0:
                        time.sleep(0)
            time.sleep(0)
        return facts

    def _find_value_facts(self, value: Any, context: Any) -> set[Fact]:
        """Find the facts that a value shows; `context` holds what may be personal."""
        if self._validator.is_valid(value):
            return set()
        errors = [error for part in self._split(value) for error in self._find_errors(part)][:_MAX_ERRORS]
        personal = PersonalWords(lambda: self._iterate_texts(context, errors))
        facts = (fact for error in errors for fact in self._build_facts(error, personal))
        return {fact for fact in facts if len(fact.pointer) <= MAX_TEXT}

    def _find_errors(self, value: Any) -> list[jsonschema_rs.ValidationError]:
        """Find the errors of a value; of one with another type, only that one."""
        errors = list(_choose_alternatives(self._validator.iter_errors(value)))
        mistyped = {tuple(error.instance_path) for error in errors if isinstance(error.kind, _Kinds.Type)}
        return [
            error
            for error in errors
            if isinstance(error.kind, _Kinds.Type) or tuple(error.instance_path) not in mistyped
        ]

    def _split(self, value: Any) -> Iterator[Any]:
        """Split a value with long lists or maps into values with short ones.

        jsonschema-rs finds all errors of a value at once, and describes the list or the map that each one is in. For
        50,000 errors that would hold the interpreter for half a second.
        """
        length = _find_longest(value)
        if length <= _ITEMS_AT_ONCE:
            yield value
            return
        for start in range(0, min(length, _MAX_ERRORS), _ITEMS_AT_ONCE):
            yield self._slice(value, start)
            time.sleep(0)

    def _slice(self, value: Any, start: int) -> Any:
        """Copy a value with some items of each long list and some entries of each long map."""
        end = start + _ITEMS_AT_ONCE
        if isinstance(value, list):
            items = value if len(value) <= _ITEMS_AT_ONCE else value[start:end]
            return [self._slice(item, start) for item in items]
        if isinstance(value, dict):
            known = self._builder.field_names
            keys = set(value)
            if len(keys) > _ITEMS_AT_ONCE:
                keys = keys & known | set([key for key in value if key not in known][start:end])
            return {key: self._slice(item, start) for key, item in value.items() if key in keys}
        return value

    def _build_facts(self, error: jsonschema_rs.ValidationError, personal: PersonalWords) -> Iterator[Fact]:
        kind, value, path = error.kind, error.instance, (*self._path, *self._mask_path(error.instance_path))
        if isinstance(kind, _Kinds.AdditionalProperties):
            names = kind.unexpected
            if len(names) > _MAX_SHOWN:
                self._maps.add(path)
            for name in names:
                is_harmless = path not in self._maps and is_harmless_name(name)
                is_shown = is_harmless and self._reserve_shown(path, name, personal)
                field = name if is_shown else "*"
                yield Fact(_build_pointer((*path, field)), Kind.UNDOCUMENTED_FIELD)
        elif isinstance(kind, _Kinds.Required):
            yield Fact(_build_pointer((*path, kind.property)), Kind.MISSING_REQUIRED_KEY)
        elif isinstance(kind, _Kinds.Format):
            if _DECODERS[kind.format](value) is value:
                yield Fact(_build_pointer(path), Kind.UNREADABLE_TIMESTAMP)
        elif value is None:
            yield Fact(_build_pointer(path), Kind.UNANNOUNCED_NULL)
        elif isinstance(kind, _Kinds.Type):
            yield Fact(_build_pointer(path), Kind.OTHER_TYPE, _get_type_name(value))
        else:
            listed = kind.options if isinstance(kind, _Kinds.Enum) else ()
            is_shown = is_harmless_value(value, listed) and self._reserve_shown(path, value, personal)
            yield Fact(_build_pointer(path), Kind.UNDOCUMENTED_ENUM_VALUE, str(value) if is_shown else "")

    def _reserve_shown(self, path: tuple[str, ...], text: str, personal: PersonalWords) -> bool:
        """Return whether a fact may show the name of a field or an enum value; remember those that are shown."""
        shown = self._shown.setdefault(path, set())
        if text not in shown and len(shown) < _MAX_SHOWN and text not in personal:
            shown.add(text)
        return text in shown

    def _mask_path(self, path: Iterable[str | int]) -> tuple[str, ...]:
        """Replace indexes of arrays and keys of maps in a path by `*`."""
        masked: list[str] = []
        schema: Any = self._fields
        for key in path:
            schema = self._resolve(schema)
            if isinstance(key, int):
                masked.append("*")
                schema = schema.get("items")
            elif key in schema.get("properties", {}):
                masked.append(key)
                schema = schema["properties"][key]
            else:
                masked.append("*")
                schema = schema.get("additionalProperties")
        return tuple(masked)

    def _resolve(self, schema: Any) -> Mapping[str, Any]:
        if not isinstance(schema, dict):
            return {}
        return self._builder.definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def _iterate_texts(self, context: Any, errors: Iterable[jsonschema_rs.ValidationError]) -> Iterator[str]:
        """Iterate over the texts of a value, without rejected enum values."""
        enums = _Kinds.Enum, _Kinds.Constant
        excluded = {self._mask_path(error.instance_path) for error in errors if isinstance(error.kind, enums)}
        for number, (path, node) in enumerate(_iterate_nodes(context), 1):
            if isinstance(node, str) and self._mask_path(path) not in excluded:
                yield node
            if number % _NODES_AT_ONCE == 0:
                time.sleep(0)


def _iterate_nodes(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Iterate over a value and all values in it, each with its path."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _iterate_nodes(item, (*path, key))


def _find_longest(value: Any) -> int:
    """Return the length of the longest list or object in a value."""
    longest, nodes = 0, [value]
    while nodes:
        node = nodes.pop()
        if isinstance(node, _CONTAINERS):
            longest = max(longest, len(node))
            inner = node.values() if isinstance(node, dict) else node
            nodes += [item for item in inner if isinstance(item, _CONTAINERS)]
    return longest


def _choose_alternatives(errors: Iterable[jsonschema_rs.ValidationError]) -> Iterator[jsonschema_rs.ValidationError]:
    """Replace the error of `anyOf` by those of the alternative that is closest to the value."""
    for error in errors:
        if isinstance(error.kind, _Kinds.AnyOf):
            path = error.instance_path
            branches = [list(_choose_alternatives(branch)) for branch in error.kind.context]
            yield from min(branches, key=lambda branch: (_is_other_type(branch, path), len(branch)))
        else:
            yield error


def _is_other_type(errors: Iterable[jsonschema_rs.ValidationError], path: Sequence[str | int]) -> bool:
    """Return whether errors say that the value at a path has another type."""
    return any(isinstance(error.kind, _Kinds.Type) and error.instance_path == path for error in errors)


def _build_pointer(path: Iterable[str]) -> str:
    """Build a JSON pointer (RFC 6901)."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


def _get_type_name(value: Any) -> str:
    """Return the JSON type of a value that is not null."""
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"
