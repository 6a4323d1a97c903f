"""Passes the discriminators of unions to the templates in a keyword that the generator keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator

from openapi_python_client.config import Config
from openapi_python_client.parser.properties import Class

from .rules.discriminators import find_reference
from .schemas import ALTERNATIVES, DISCRIMINATOR, Document, get_component_name, walk
from .spec import resolve

_DISCRIMINATORS = "discriminators: "
"""The prefix of a union's `example`: the only keyword beside its members that the generator keeps unchanged."""

_FORMAT = "format"
"""The `example` of a union's member that is a text with a format."""

_FREE_FORMATS = ("password",)
"""Formats that any text has."""


def mark_discriminators(document: Document, config: Config) -> None:
    """Write the discriminators of each union where `read_discriminators` finds them after the generator has read it."""
    for _, _, schema in walk(document):
        if schema.keys() & ALTERNATIVES:
            schema.pop("example", None)
            for key in ALTERNATIVES & schema.keys():
                schema[key] = [_mark_format(member) for member in schema[key]]
            if found := list(_iterate_discriminators(document, schema, config, set())):
                schema["example"] = _DISCRIMINATORS + json.dumps(found)


def _mark_format(member: Document) -> Document:
    """Write the format of a text where `has_format` finds it."""
    if member.get("type") != "string" or member.get("format") in (None, *_FREE_FORMATS):
        return member
    return {**member, "example": _FORMAT}


def has_format(example: str) -> bool:
    """Return whether a text that is a member of a union has a format that Python has no type for."""
    return example == _FORMAT


def _iterate_discriminators(
    document: Document, schema: Document, config: Config, seen: set[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the discriminators of a union and of its members that are unions; the generator joins them."""
    members = [member for key in sorted(ALTERNATIVES) for member in schema.get(key, ())]
    if discriminator := schema.get(DISCRIMINATOR):
        names = [get_component_name(find_reference(member)) for member in members]
        yield (
            discriminator["propertyName"],
            {
                value: str(Class.from_string(string=names[index], config=config).name)
                for value, index in discriminator["mapping"].items()
            },
        )
    for member in members:
        ref = find_reference(member)
        while ref and ref not in seen:
            seen.add(ref)
            member = resolve(document, ref)
            ref = find_reference(member)
        yield from _iterate_discriminators(document, member, config, seen)


def read_discriminators(example: str) -> list[tuple[str, dict[str, str]]]:
    """Read the discriminators of a union from its `example`: the property, and the class of each of its values."""
    if not example.startswith(_DISCRIMINATORS):
        return []
    found: list[tuple[str, dict[str, str]]] = json.loads(example.removeprefix(_DISCRIMINATORS))
    return found
