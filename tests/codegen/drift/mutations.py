"""Changes of a spec whose verdict on the wire is known by construction: each changes a document in place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from codegen.spec import METHODS, iterate_references, resolve
from tests.codegen.support import Document

Mutation = Callable[[Document, Random], bool]
"""Changes a document; False if there is nothing in it to change."""

JSON = "application/json"
UNIONS = ("allOf", "oneOf", "anyOf", "not", "$ref")


def follow(document: Document, value: Any) -> Any:
    """What a value refers to."""
    while isinstance(value, dict) and isinstance(value.get("$ref"), str):
        value = resolve(document, value["$ref"])
    return value


def operations(document: Document) -> list[tuple[str, str, Document]]:
    """Every operation, with its path and method."""
    return [
        (path, method, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if path.startswith("/") and method in item
    ]


def choose(random: Random, found: list[Any]) -> Any:
    """One of some things, None if there is none."""
    return random.choice(found) if found else None


def responses(document: Document) -> Iterator[Document]:
    """The objects that successful responses hold, as they are written."""
    for _, _, operation in operations(document):
        for code, response in operation.get("responses", {}).items():
            media = (follow(document, response).get("content") or {}).get(JSON) if code.startswith("2") else None
            schema = follow(document, media.get("schema")) if isinstance(media, dict) else None
            if isinstance(schema, dict) and schema.get("properties") and not any(key in schema for key in UNIONS):
                yield schema


def in_requests(document: Document) -> set[str]:
    """Every reference that requests lead to."""
    todo: list[Any] = []
    for item in [item for path, item in document["paths"].items() if path.startswith("/")]:
        for holder in (item, *(item[method] for method in METHODS if method in item)):
            todo += [holder.get("parameters"), holder.get("requestBody")]
    found: set[str] = set()
    for value in todo:
        for _, ref in iterate_references(value):
            if ref not in found:
                found.add(ref)
                todo.append(resolve(document, ref))
    return found


def is_only_returned(document: Document, schema: Document) -> bool:
    """Whether no request leads to a schema."""
    return not any(resolve(document, ref) is schema for ref in in_requests(document))


def scalars(document: Document, schema: Document, kind: str = "") -> list[tuple[str, Document]]:
    """The properties of an object that are written in place and plain."""
    return [
        (name, value)
        for name, value in schema["properties"].items()
        if isinstance(value, dict)
        and isinstance(value.get("type"), str)
        and value["type"] in ({kind} if kind else {"string", "integer", "number", "boolean"})
        and not any(key in value for key in (*UNIONS, "writeOnly", "readOnly", "deprecated", "nullable", "const"))
    ]


def fresh(random: Random, word: str) -> str:
    """A name that is in no spec."""
    return f"{word}_{random.randrange(10**9)}"


# --- nothing on the wire ------------------------------------------------------------------------------------------


def describe_operation(document: Document, random: Random) -> bool:
    """Other words about an operation."""
    choose(random, operations(document))[2]["description"] = fresh(random, "words")
    return True


def reorder(document: Document, random: Random) -> bool:
    """The paths, schemas and properties in another order."""
    schema = choose(random, list(responses(document)))
    for mapping in (document["paths"], document.get("components", {}).get("schemas"), schema and schema["properties"]):
        if mapping:
            items = list(mapping.items())
            random.shuffle(items)
            mapping.clear()
            mapping.update(items)
    return True


def rename_component(document: Document, random: Random) -> bool:
    """A schema of the components under another name, and what refers to it."""
    schemas = document.get("components", {}).get("schemas") or {}
    old = choose(random, sorted(schemas))
    if old is None or f'"{old}"' in json.dumps([*iter_discriminators(document)]):
        return False
    new = fresh(random, "Component")
    before, after = f'"#/components/schemas/{old}"', f'"#/components/schemas/{new}"'
    content = json.loads(json.dumps(document).replace(before, after))
    content["components"]["schemas"][new] = content["components"]["schemas"].pop(old)
    document.clear()
    document.update(content)
    return True


def iter_discriminators(value: Any) -> Iterator[Any]:
    """Every discriminator, whose mapping may name components."""
    if isinstance(value, dict):
        yield from (inner for key, inner in value.items() if key == "discriminator")
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from iter_discriminators(inner)


def make_component(document: Document, random: Random) -> bool:
    """A property as a component of its own."""
    for schema in random.sample(found := list(responses(document)), len(found)):
        names = scalars(document, schema)
        if names:
            name, value = random.choice(names)
            component = fresh(random, "Part")
            document.setdefault("components", {}).setdefault("schemas", {})[component] = value
            schema["properties"][name] = {"$ref": f"#/components/schemas/{component}"}
            return True
    return False


# --- compatible ---------------------------------------------------------------------------------------------------


def add_operation(document: Document, random: Random) -> bool:
    """An operation more."""
    document["paths"][f"/{fresh(random, 'path')}"] = {"get": {"responses": {"204": {"description": "Nothing."}}}}
    return True


def add_optional_parameter(document: Document, random: Random) -> bool:
    """An optional query parameter more."""
    return add_parameter(document, random, required=False)


def add_parameter(document: Document, random: Random, *, required: bool) -> bool:
    """A query parameter more."""
    parameter = {"name": fresh(random, "q"), "in": "query", "required": required, "schema": {"type": "string"}}
    choose(random, operations(document))[2].setdefault("parameters", []).append(parameter)
    return True


def add_property(document: Document, random: Random) -> bool:
    """A property more in a response."""
    schema = choose(random, list(responses(document)))
    if schema is None:
        return False
    schema["properties"][fresh(random, "property")] = {"type": "array", "items": {"type": "boolean"}}
    return True


def change_operation_id(document: Document, random: Random) -> bool:
    """Another operation id."""
    choose(random, operations(document))[2]["operationId"] = fresh(random, "operation")
    return True


def add_status(document: Document, random: Random) -> bool:
    """A successful response more."""
    operation = choose(random, operations(document))[2]
    code = choose(random, [code for code in ("201", "202", "203", "206") if code not in operation["responses"]])
    has_range = any(code[1:].upper() == "XX" for code in operation["responses"])
    if code is None or has_range or "default" in operation["responses"]:
        return False
    operation["responses"][code] = {"description": "Another one."}
    return True


# --- warning ------------------------------------------------------------------------------------------------------


def parameters(document: Document, *, required: bool) -> list[tuple[Document, Document]]:
    """(operation, parameter) of every query parameter that is written at its operation."""
    return [
        (operation, parameter)
        for _, _, operation in operations(document)
        for parameter in operation.get("parameters", ())
        if parameter.get("in") == "query" and parameter.get("required", False) is required
        if not parameter.get("deprecated")
    ]


def remove_parameter(document: Document, random: Random) -> bool:
    """An optional query parameter less."""
    found = choose(random, parameters(document, required=False))
    if found:
        found[0]["parameters"].remove(found[1])
    return bool(found)


def remove_optional_property(document: Document, random: Random) -> bool:
    """An optional property of a response less."""
    return remove_property(document, random, is_required=False)


def remove_property(document: Document, random: Random, *, is_required: bool) -> bool:
    """A property of a response less."""
    for schema in random.sample(found := list(responses(document)), len(found)):
        names = [name for name, _ in scalars(document, schema) if (name in schema.get("required", ())) is is_required]
        if names and is_only_returned(document, schema):
            name = random.choice(names)
            del schema["properties"][name]
            schema["required"] = [other for other in schema.get("required", ()) if other != name]
            return True
    return False


def add_value(document: Document, random: Random) -> bool:
    """A value more in an enum of a response."""
    for schema in random.sample(found := list(responses(document)), len(found)):
        enums = [value for _, value in scalars(document, schema, "string") if value.get("enum")]
        if enums:
            random.choice(enums)["enum"].append(fresh(random, "value"))
            return True
    return False


# --- breaking -----------------------------------------------------------------------------------------------------


def remove_operation(document: Document, random: Random) -> bool:
    """An operation less."""
    known = operations(document)
    found = choose(random, [found for found in known if not found[2].get("deprecated")])
    if found is None or len(known) < 4:
        return False
    del document["paths"][found[0]][found[1]]
    return True


def add_required_parameter(document: Document, random: Random) -> bool:
    """A required query parameter more."""
    return add_parameter(document, random, required=True)


def require_parameter(document: Document, random: Random) -> bool:
    """A query parameter that became required."""
    found = choose(random, parameters(document, required=False))
    if found:
        found[1]["required"] = True
    return bool(found)


def remove_required_property(document: Document, random: Random) -> bool:
    """A required property of a response less."""
    return remove_property(document, random, is_required=True)


def change_type(document: Document, random: Random) -> bool:
    """A property of a response of another type."""
    for schema in random.sample(found := list(responses(document)), len(found)):
        names = scalars(document, schema)
        if names:
            name, value = random.choice(names)
            schema["properties"][name] = {"type": "boolean" if value["type"] != "boolean" else "integer"}
            return True
    return False


def remove_status(document: Document, random: Random) -> bool:
    """A successful response less."""
    found = []
    for _, _, operation in operations(document):
        codes = [code for code in operation["responses"] if code.startswith("2")]
        if len(codes) > 1 and not any("X" in code.upper() for code in operation["responses"]):
            found.append((operation, codes))
    one = choose(random, found)
    if one:
        del one[0]["responses"][random.choice(one[1])]
    return bool(one)


MUTATIONS: dict[str, tuple[Mutation, ...]] = {
    "none": (describe_operation, reorder, rename_component, make_component),
    "compatible": (add_operation, add_optional_parameter, add_property, change_operation_id, add_status),
    "warning": (remove_parameter, remove_optional_property, add_value),
    "breaking": (
        remove_operation,
        add_required_parameter,
        require_parameter,
        remove_required_property,
        change_type,
        remove_status,
    ),
}
"""By the verdict of the wire layer."""
