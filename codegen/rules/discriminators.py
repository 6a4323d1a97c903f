"""Resolves discriminators before other rules rename or replace what they refer to."""

from __future__ import annotations

from openapi_python_client.strings import pascal_case

from ..schemas import (
    ALTERNATIVES,
    DISCRIMINATOR,
    SCHEMA_REF,
    Document,
    find_free_name,
    get_component_name,
    resolve_component,
    walk,
)
from ..spec import escape


def number_discriminators(document: Document) -> None:
    """Replace each discriminator's references by the positions of the members that they mean.

    Each member that is a component can also be meant by the component's name, whether `mapping` lists it or not.
    """
    for _, _, schema in walk(document):
        discriminator = schema.pop("discriminator", None)
        members = [member for key in sorted(ALTERNATIVES) for member in schema.get(key, ())]
        if not isinstance(discriminator, dict) or not members:
            continue
        positions: dict[str, int] = {}
        resolved: dict[str, int] = {}
        for index, member in enumerate(members):
            if name := get_component_name(find_reference(member)):
                positions.setdefault(name, index)
                resolved.setdefault(resolve_component(document, {"$ref": find_reference(member)})[0], index)
        mapping = dict(positions)
        for value, target in (discriminator.get("mapping") or {}).items():
            name = get_component_name(target)
            if name not in positions and name in document["components"]["schemas"]:
                name = resolve_component(document, {"$ref": SCHEMA_REF + name})[0]
            found = positions.get(name, resolved.get(name))
            if found is not None:
                mapping[value] = found
        schema[DISCRIMINATOR] = {"propertyName": discriminator["propertyName"], "mapping": mapping}


def move_alternatives_to_components(document: Document) -> None:
    """Make components of the objects in a union with a discriminator, so that it has classes to refer to.

    The component of the value `circle` in the union `Shape` is named `ShapeCircle`.
    """
    schemas = document["components"]["schemas"]
    for holder, key, schema in walk(document):
        if DISCRIMINATOR not in schema:
            continue
        values = {index: value for value, index in schema[DISCRIMINATOR]["mapping"].items()}
        members = [(schema[kind], index) for kind in sorted(ALTERNATIVES) for index in range(len(schema.get(kind, ())))]
        for position, (listed, index) in enumerate(members):
            if position in values and not find_reference(listed[index]):
                owner = key if holder is schemas or key not in ("schema", "items", "additionalProperties") else ""
                name = find_free_name(pascal_case(f"{owner}_{values[position]}"), schemas.__contains__)
                schemas[name] = listed[index]
                listed[index] = {"$ref": SCHEMA_REF + escape(name)}


def find_reference(member: Document) -> str:
    """Find the `$ref` of a union's member, also as the only member of `allOf`; "" if there is none."""
    if len(member.get("allOf", ())) == 1:
        member = member["allOf"][0]
    ref = member.get("$ref", "")
    return ref if ref.startswith(SCHEMA_REF) else ""
