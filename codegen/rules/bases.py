"""Splits a base schema into its own properties and a union of its extensions."""

from __future__ import annotations

from collections.abc import Iterator

from ..schemas import ALTERNATIVES, SCHEMA_REF, Document, get_component_name, is_annotation
from ..spec import escape


def separate_bases(document: Document) -> None:
    """Make a union of each schema that others extend through `allOf`, if it lists them or has a discriminator.

    `Pet` with a discriminator, which `Cat` extends, is used where a cat may come. Its own properties move into the
    component `PetBase`, which extensions refer to from now on, and `Pet` becomes `oneOf` of `PetBase` and `Cat`.
    """
    schemas = document["components"]["schemas"]
    children: dict[str, list[str]] = {}
    for name, schema in schemas.items():
        for member in schema.get("allOf", ()):
            if target := _get_target(member):
                children.setdefault(target, []).append(name)
    for name in [name for name in schemas if name in children and _is_base(schemas[name], children[name])]:
        _separate(schemas, name, children)


def _is_base(schema: Document, children: list[str]) -> bool:
    """Return whether a schema is used for its extensions, too."""
    members = [member for key in sorted(ALTERNATIVES) for member in schema.get(key, ())]
    if members:
        return any(_get_target(member) in children for member in members)
    return isinstance(schema.get("discriminator"), dict)


def _separate(schemas: Document, name: str, children: dict[str, list[str]]) -> None:
    schema = schemas[name]
    base = f"{name}Base"
    while base in schemas:
        base += "_"
    beside = {"discriminator", *ALTERNATIVES}
    schemas[base] = {key: value for key, value in schema.items() if key not in beside}
    for child in children[name]:
        for member in schemas[child]["allOf"]:
            if _get_target(member) == name:
                member["$ref"] = SCHEMA_REF + escape(base)
    union = {key: value for key, value in schema.items() if is_annotation(key)}
    discriminator = schema.get("discriminator")
    if isinstance(discriminator, dict):
        mapping = {
            value: base if get_component_name(target) == name else target
            for value, target in {name: name, **(discriminator.get("mapping") or {})}.items()
        }
        union["discriminator"] = {**discriminator, "mapping": mapping}
    key = next((key for key in ("oneOf", "anyOf") if schema.get(key)), "")
    descendants = list(_iterate_descendants(name, children))
    if key:
        shared = {"$ref": SCHEMA_REF + escape(base)}
        union[key] = [m if _get_target(m) in descendants else {"allOf": [shared, m]} for m in schema[key]]
    else:
        union["oneOf"] = [{"$ref": SCHEMA_REF + escape(member)} for member in [base, *descendants]]
    schemas[name] = union


def _iterate_descendants(name: str, children: dict[str, list[str]]) -> Iterator[str]:
    """Yield what extends a schema, directly or not, each once."""
    found = {name}
    todo = [name]
    for parent in todo:
        for child in children.get(parent, ()):
            if child not in found:
                found.add(child)
                todo.append(child)
                yield child


def _get_target(schema: Document) -> str:
    """Return the component that a schema refers to; "" if it is no reference."""
    ref = schema.get("$ref", "")
    return get_component_name(ref) if ref.startswith(SCHEMA_REF) and ref.count("/") == 3 else ""
