"""Gives every schema that becomes a class a name of its own, before the generator names classes after places.

The generator names the class of an object or enum without a name of its own after its position: the property `b`
of the schema `A` becomes `AB`, which may be the name of another schema. Such a schema moves into a component whose name
has a suffix from its position, `ABProperty`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
from openapi_python_client.config import Config
from openapi_python_client.parser.properties import Class
from openapi_python_client.strings import PythonIdentifier, pascal_case

from .names import get_function_name
from .rules.discriminators import find_reference
from .schemas import (
    SCHEMA_REF,
    SECRET,
    Document,
    find_free_name,
    follow_refs,
    get_component_name,
    is_annotation,
    list_types,
)
from .spec import escape, iterate_mappings, iterate_operations

_BODY_TYPES = {"application/x-www-form-urlencoded": "data", "multipart/form-data": "files"}
"""Media types that the generator calls otherwise than `json` where an operation takes several, with its words."""


def separate_class_names(document: Document, config: Config) -> None:
    """Rename components and move schemas into components where two would become one class, or one module.

    Args:
        document: The generator's input; changed in place.
        config: The generator's configuration, which may rename classes.
    """
    _follow_aliases(document)
    namer = _Namer(document, config)
    namer.rename_components()
    for position in [*_iterate_component_positions(document), *_iterate_operation_positions(document, config)]:
        namer.visit(position)
    # First, because the generator passes over all components again for each one that refers to a later one.
    document["components"]["schemas"] = {**namer.moved, **document["components"]["schemas"]}


def _follow_aliases(document: Document) -> None:
    """Refer to what an alias stands for, a component that is `allOf` of one reference, and remove the alias.

    The generator makes no class of its own for an alias, but reads what it stands for once more, and then takes the
    classes inside of that for duplicates.
    """
    schemas = document["components"]["schemas"]
    aliases = {
        SCHEMA_REF + escape(name): find_reference(schema)
        for name, schema in schemas.items()
        if _is_all_of_alias(schema)
    }
    ends = {ref: end for ref in aliases if (end := _find_alias_end(ref, aliases)) not in aliases}
    for _, mapping in iterate_mappings(document):
        if mapping.get("$ref") in ends:
            mapping["$ref"] = ends[mapping["$ref"]]
    document["components"]["schemas"] = {n: s for n, s in schemas.items() if SCHEMA_REF + escape(n) not in ends}


def _find_alias_end(ref: str, aliases: dict[str, str]) -> str:
    """Find the end of a chain of aliases; one of them if they form a circle."""
    for _ in aliases:
        ref = aliases.get(ref, ref)
    return ref


def _is_all_of_alias(schema: Document) -> bool:
    return "allOf" in schema and SECRET not in schema and bool(find_reference(schema))


@attrs.frozen
class _Position:
    """A schema and the words from which the generator makes the name of its class."""

    holder: Any
    key: Any
    name: str
    parent: str
    suffix: str
    """What distinguishes its class from another one of the same name."""

    @property
    def schema(self) -> Any:
        """The schema at this position."""
        return self.holder[self.key]


def _iterate_component_positions(document: Document) -> Iterator[_Position]:
    schemas = document["components"]["schemas"]
    for name in list(schemas):
        yield _Position(schemas, name, name, "", "")


def _iterate_operation_positions(document: Document, config: Config) -> Iterator[_Position]:
    for path, _, operation in iterate_operations(document):
        parent = str(PythonIdentifier(get_function_name(operation), config.field_prefix))
        for holder in (document["paths"][path], operation):
            for parameter in holder.get("parameters", ()):
                target = follow_refs(document, parameter)
                if isinstance(target.get("schema"), dict):
                    yield _Position(target, "schema", target["name"], parent, "Parameter")
        content = follow_refs(document, operation.get("requestBody", {})).get("content", {})
        for media_type, media in content.items():
            if isinstance(media.get("schema"), dict):
                kind = _BODY_TYPES.get(media_type.partition(";")[0].strip(), "json")
                yield _Position(media, "schema", "body", f"{parent}_{kind}" if len(content) > 1 else parent, "Body")
        for code, response in operation["responses"].items():
            for media in follow_refs(document, response).get("content", {}).values():
                if isinstance(media.get("schema"), dict):
                    yield _Position(media, "schema", f"response_{code}", parent, "Response")


@attrs.define
class _Namer:
    document: Document
    config: Config
    _taken: dict[str, Any] = attrs.field(factory=dict, init=False)
    """The schema of each module."""
    _visited: set[int] = attrs.field(factory=set, init=False)
    moved: Document = attrs.field(factory=dict, init=False)
    """The components that have been made of schemas inside others."""

    def rename_components(self) -> None:
        """Give components that would become one class names with a number, and take the names of all others."""
        schemas = self.document["components"]["schemas"]
        renamed: dict[str, str] = {}
        for name, schema in schemas.items():
            if not _is_class(schema):
                continue
            free = find_free_name(name, lambda new: self._is_taken(new) or (new != name and new in schemas))  # noqa: B023 - called at once
            self._taken[self._get_module(free)] = schema
            if free != name:
                renamed[name] = free
        if not renamed:
            return
        self.document["components"]["schemas"] = {renamed.get(name, name): schema for name, schema in schemas.items()}
        for _, mapping in iterate_mappings(self.document):
            ref = mapping.get("$ref")
            if isinstance(ref, str) and ref.startswith(SCHEMA_REF):
                name = get_component_name(ref)
                mapping["$ref"] = SCHEMA_REF + escape(renamed.get(name, name))

    def visit(self, position: _Position) -> None:
        """Name the classes in a schema as the generator would, and move those whose names are taken."""
        schema = position.schema
        if not isinstance(schema, dict) or "$ref" in schema or id(schema) in self._visited:
            return
        if position.suffix and not position.parent and _is_all_of_alias(schema):
            position.holder[position.key] = schema["allOf"][0]
            return
        self._visited.add(id(schema))
        name, parent = position.name, position.parent
        if _is_class(schema):
            class_string = f"{pascal_case(parent)}{pascal_case(name)}" if parent else name
            if parent:
                class_string = self._take(position, class_string)
            elif position.suffix and "enum" not in schema:
                class_string = self._take(position, class_string, is_moved=True)
            if "enum" in schema:
                return
            class_name = str(Class.from_string(string=class_string, config=self.config).name)
            for key in schema.get("properties", {}):
                self.visit(_Position(schema["properties"], key, key, class_name, "Property"))
            if isinstance(schema.get("additionalProperties"), dict):
                self.visit(_Position(schema, "additionalProperties", "AdditionalProperty", class_name, "Value"))
            return
        members = [(schema[key], index) for key in ("anyOf", "oneOf") for index in range(len(schema.get(key, ())))]
        for index, (holder, key) in enumerate(members):
            self.visit(_Position(holder, key, f"{name}_type_{index}", parent, "Option"))
        if "array" in list_types(schema):
            items: list[tuple[Any, Any]] = [
                (schema["prefixItems"], index) for index in range(len(schema.get("prefixItems", ())))
            ]
            items += [(schema, "items")] if isinstance(schema.get("items"), dict) else []
            for index, (holder, key) in enumerate(items):
                item = f"{name}_item" if len(items) == 1 else f"{name}_item_type_{index}"
                self.visit(_Position(holder, key, item, parent, "Item"))

    def _take(self, position: _Position, class_string: str, *, is_moved: bool = False) -> str:
        """Take the name of a class; where it is taken, move the schema into a component of another name.

        Objects in a component that is a union or an array always move: if such a component refers to a later one, the
        generator parses it again and reports their classes as duplicates.
        """
        schema = position.schema
        other = self._taken.setdefault(self._get_module(class_string), schema)
        if not is_moved and (other is schema or ("enum" in schema and other.get("enum") == schema["enum"])):
            return class_string
        schemas = self.document["components"]["schemas"]
        if other is schema and class_string not in schemas:
            free = class_string
        else:
            base = f"{class_string}{position.suffix}"
            free = find_free_name(base, lambda name: self._is_taken(name) or name in schemas)
        self._taken[self._get_module(free)] = schema
        self.moved[free] = schemas[free] = schema
        outside = {} if is_moved else {key: v for key, v in schema.items() if is_annotation(key) or key == SECRET}
        reference = {"$ref": SCHEMA_REF + escape(free)}
        position.holder[position.key] = {**outside, "allOf": [reference]} if outside else reference
        schema.pop("default", None)
        return free

    def _is_taken(self, class_string: str) -> bool:
        return self._get_module(class_string) in self._taken

    def _get_module(self, class_string: str) -> str:
        return str(Class.from_string(string=class_string, config=self.config).module_name)


def _is_class(schema: Any) -> bool:
    """Return whether the generator makes a class of a schema: an object, or an enum of texts or integers."""
    if not isinstance(schema, dict) or "$ref" in schema or schema.get("type") == "boolean":
        return False
    if schema.get("enum"):
        return any(value is not None for value in schema["enum"])
    if schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return False
    return schema.get("type") == "object" or ("type" not in schema and "properties" in schema)
