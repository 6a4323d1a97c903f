"""Finds out whether a document is small enough for the generator, before it is started."""

from __future__ import annotations

from collections.abc import Iterator

from .limits import (
    MAX_ALL_ENUM_VALUES,
    MAX_ALL_PROPERTIES,
    MAX_CLASS_CHAIN,
    MAX_ENUM_VALUES,
    MAX_NAME_LENGTH,
    MAX_OPERATION_PARAMETERS,
    MAX_OPERATIONS,
    MAX_PARAMETERS,
    MAX_PROPERTIES,
    MAX_PROSE,
    MAX_TYPE_LEVELS,
    MAX_TYPE_MEMBERS,
    LimitError,
    clip_text,
)
from .schemas import ALTERNATIVES, SCHEMA_REF, Document, get_component_name
from .spec import Spec, escape, iterate_mappings, iterate_operations, iterate_references, resolve

_PROSE = ("title", "summary", "description")


def check_counts(spec: Spec) -> None:
    """Count what takes the generator time.

    Args:
        spec: A document in which every `$ref` resolves.

    Raises:
        LimitError: There is too much of something. Names file, line and column.
    """
    _check_operations(spec)
    properties = values = prose = 0
    targets: dict[str, int] = {}
    for pointer, mapping in iterate_mappings(spec.document):
        if isinstance(mapping.get("properties"), dict):
            count = len(mapping["properties"])
            properties += count
            _check(spec, pointer, count, "properties of one object", MAX_PROPERTIES, "MAX_PROPERTIES")
        if isinstance(mapping.get("enum"), list):
            count = len(mapping["enum"])
            values += count
            _check(spec, pointer, count, "values of one enum", MAX_ENUM_VALUES, "MAX_ENUM_VALUES")
        prose += _count_prose(mapping)
        ref = mapping.get("$ref")
        if isinstance(ref, str):
            if ref not in targets:
                targets[ref] = _count_prose(resolve(spec.document, ref))
            prose += targets[ref]
    _check(spec, "", properties, "properties", MAX_ALL_PROPERTIES, "MAX_ALL_PROPERTIES")
    _check(spec, "", values, "enum values", MAX_ALL_ENUM_VALUES, "MAX_ALL_ENUM_VALUES")
    _check(spec, "", prose, "characters of prose", MAX_PROSE, "MAX_PROSE")


def _check_operations(spec: Spec) -> None:
    paths = spec.document.get("paths") or {}
    count = parameters = 0
    for path, method, operation in iterate_operations(spec.document):
        count += 1
        listed = [holder.get("parameters") for holder in (paths[path], operation)]
        own = sum(len(found) for found in listed if isinstance(found, list))
        parameters += own
        pointer = f"/paths/{escape(path)}/{method}"
        _check(spec, pointer, own, "parameters", MAX_OPERATION_PARAMETERS, "MAX_OPERATION_PARAMETERS")
        tags = operation.get("tags")
        names = [operation.get("operationId"), *(tags[:1] if isinstance(tags, list) else [])]
        for name in names:
            _check_name(spec, pointer, name)
    _check(spec, "/paths", count, "operations", MAX_OPERATIONS, "MAX_OPERATIONS")
    _check(spec, "/paths", parameters, "parameters of operations", MAX_PARAMETERS, "MAX_PARAMETERS")
    components = spec.document.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    for name in schemas if isinstance(schemas, dict) else ():
        _check_name(spec, f"/components/schemas/{escape(name)}", name)


def _check_name(spec: Spec, pointer: str, name: object) -> None:
    if isinstance(name, str) and len(name.encode("utf-8", "replace")) > MAX_NAME_LENGTH:
        text = f"the name {clip_text(name, 40)!r} has more than {MAX_NAME_LENGTH} bytes, too many for a file"
        raise LimitError(f"{spec.format_place(pointer)}: {text}", "MAX_NAME_LENGTH")


def _check(spec: Spec, pointer: str, count: int, what: str, most: int, bound: str) -> None:
    if count > most:
        raise LimitError(
            f"{spec.format_place(pointer)}: {count:,} {what} are too many for a client: more than {most:,}", bound
        )


def _count_prose(mapping: object) -> int:
    """Count the characters in the prose of a mapping."""
    if not isinstance(mapping, dict):
        return 0
    return sum(len(text) for key in _PROSE if isinstance(text := mapping.get(key), str))


def check_structure(document: Document, name: str) -> None:
    """Find out whether the types and classes of a document are not nested or multiplied too much.

    Args:
        document: The generator's input.
        name: Its name in messages.

    Raises:
        LimitError: A union stands for too many types, types are nested too deeply, or classes refer to one another in
            too long a row.
    """
    _check_types(document, name)
    _check_classes(document, name)


def _check_types(document: Document, name: str) -> None:
    """Compute how many types each schema stands for, and how deep they are, those inside first."""
    sizes: dict[int, tuple[int, int]] = {}
    entered: set[int] = set()
    for pointer, root in iterate_mappings(document):
        todo = [(root, False)] if id(root) not in entered else []
        while todo:
            schema, is_done = todo.pop()
            if is_done:
                parts = [sizes.get(id(part), (1, 1)) for part in _iterate_type_parts(document, schema)]
                members = sum(size for size, _ in parts) or 1
                levels = max((level for _, level in parts), default=0) + ("$ref" not in schema)
                sizes[id(schema)] = members, levels
                for count, what, most, bound in (
                    (members, "types in one union", MAX_TYPE_MEMBERS, "MAX_TYPE_MEMBERS"),
                    (levels, "levels of unions and arrays", MAX_TYPE_LEVELS, "MAX_TYPE_LEVELS"),
                ):
                    if count > most:
                        text = f"{name}: {clip_text(pointer or '/')} has more than {most:,} {what}, references followed"
                        raise LimitError(text, bound)
            elif id(schema) not in entered:
                entered.add(id(schema))
                todo.append((schema, True))
                todo += [(part, False) for part in _iterate_type_parts(document, schema)]


def _iterate_type_parts(document: Document, schema: Document) -> Iterator[Document]:
    """Yield the schemas that the type of a schema consists of: union members, items, the targets of references."""
    ref = schema.get("$ref")
    if isinstance(ref, str) and ref.startswith(SCHEMA_REF):
        yield resolve(document, ref)
        return
    for key in ("allOf", *sorted(ALTERNATIVES), "prefixItems"):
        members = schema.get(key)
        if isinstance(members, list):
            yield from (member for member in members if isinstance(member, dict))
    if isinstance(schema.get("items"), dict):
        yield schema["items"]


def _check_classes(document: Document, name: str) -> None:
    """Enter classes as Python imports their modules: each inside the one that refers to it first."""
    schemas = document["components"]["schemas"]
    inside = {
        here: [get_component_name(ref) for _, ref in iterate_references(schema) if ref.startswith(SCHEMA_REF)]
        for here, schema in schemas.items()
    }
    entered: set[str] = set()
    for root in sorted(inside):
        if root in entered:
            continue
        entered.add(root)
        todo = [iter(inside[root])]
        while todo:
            if len(todo) > MAX_CLASS_CHAIN:
                text = f"more than {MAX_CLASS_CHAIN} schemas refer to one another in a row"
                raise LimitError(f"{name}: from schema {clip_text(root)} on, {text}", "MAX_CLASS_CHAIN")
            following = next((inner for inner in todo[-1] if inner in inside and inner not in entered), None)
            if following is None:
                todo.pop()
            else:
                entered.add(following)
                todo.append(iter(inside[following]))
