"""Resolves discriminators before other rules rename or replace what they refer to."""

from __future__ import annotations

from ..schemas import (
    ALTERNATIVES,
    DISCRIMINATOR,
    SCHEMA_REF,
    Document,
    get_component_name,
    resolve_component,
    walk,
)


def number_discriminators(document: Document) -> None:
    """Replace each discriminator's references by the positions of the members that they mean.

    A value that no mapping lists is the name of the member's component (OpenAPI 3.1, Discriminator Object).
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


def find_reference(member: Document) -> str:
    """Find the `$ref` of a union's member, also as the only member of `allOf`; "" if there is none."""
    if len(member.get("allOf", ())) == 1:
        member = member["allOf"][0]
    ref = member.get("$ref", "")
    return ref if ref.startswith(SCHEMA_REF) else ""
