"""Finds the Python names of a place in a spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs
from openapi_python_client.parser.properties import Class as ClassName

from ..spec import unescape
from .python_surface import GeneratedClient, Surface
from .report import Change, Location


def add_symbols(changes: Iterable[Change], old: GeneratedClient, new: GeneratedClient) -> list[Change]:
    """Return wire changes with the Python names that they touch."""
    found = []
    for change in changes:
        symbols = _find_names(new, change.new.pointer) if change.new else ()
        if change.old and (not symbols or change.id.endswith("-renamed")):
            symbols = (*_find_names(old, change.old.pointer), *symbols)
        if not symbols and "/parameters/" in change.pointer:
            functions = [
                new.surface.find_function(name) or old.surface.find_function(name) for name in change.operations
            ]
            symbols = tuple(function.symbol for function in functions if function)
        if not symbols and change.operations:
            sides = ((old, change.old), (new, change.new))
            symbols = tuple(
                name for side, place in sides if place for name in _find_fields(side, place, change.operations)
            )
        found.append(attrs.evolve(change, symbols=symbols))
    return found


def _find_names(client: GeneratedClient, pointer: str) -> tuple[str, ...]:
    """Find the dotted names of a JSON pointer, at least the operation's function."""
    surface = client.surface
    tokens = [unescape(token) for token in pointer.split("/")[1:]]
    if tokens[:2] == ["components", "schemas"]:
        classes = _find_component_classes(client, tokens)
        return tuple(_find_inside(surface, " | ".join(classes), tokens[3:]))
    if tokens[:1] != ["paths"] or len(tokens) < 3:
        return ()
    function = surface.find_function(f"{tokens[2].upper()} {tokens[1]}")
    if function is None:
        return ()
    if tokens[3:4] == ["requestBody"]:
        types = " | ".join(field.type for field in function.parameters if field.name == "*body")
        return tuple(_find_inside(surface, types, tokens[4:])) or (function.symbol,)
    if tokens[3:4] == ["responses"] and tokens[4:5] and tokens[4].startswith("2"):
        return tuple(_find_inside(surface, function.returns, tokens[5:])) or (function.symbol,)
    return (function.symbol,) if tokens[3:4] != ["responses"] else ()


def _find_component_classes(client: GeneratedClient, tokens: Sequence[str]) -> list[str]:
    """Find the classes of the component that a path into a spec begins with."""
    if tokens[:2] != ["components", "schemas"]:
        return []
    name = str(ClassName.from_string(string=tokens[2], config=client.package.config).name)
    return [found for found in (name, f"{name}Input") if found in client.surface.classes]


def _find_fields(client: GeneratedClient, place: Location, operations: Sequence[str]) -> tuple[str, ...]:
    """Find the fields with a key in the classes of operations; none if the class of its component has no such field."""
    surface = client.surface
    holder, separator, rest = place.pointer.rpartition("/properties/")
    tokens = [unescape(token) for token in place.pointer.split("/")[1:]]
    if not separator or ("/properties/" not in holder and _find_component_classes(client, tokens)):
        return ()
    key = unescape(rest.partition("/")[0])
    return tuple(
        f"{found.symbol}.{field.name}"
        for found in surface.classes.values()
        for field in found.fields
        if field.key == key and set(operations) & set(surface.find_operations(found.name))
    )


def _find_inside(surface: Surface, types: str, tokens: Sequence[str]) -> Iterator[str]:
    """Find the field at the end of a path into a type, or the classes that the type names."""
    found = [surface.classes[name].symbol for name in surface.find_class_names(types)]
    index = 0
    while index < len(tokens):
        if tokens[index] == "properties" and index + 1 < len(tokens):
            index += 1
            fields = [
                (surface.classes[name], field)
                for name in surface.find_class_names(types)
                for field in surface.classes[name].fields
                if field.key == tokens[index]
            ]
            found = [f"{owner.symbol}.{field.name}" for owner, field in fields]
            types = " | ".join(field.type for _, field in fields)
        elif tokens[index] == "enum":
            found += [surface.classes[name].symbol for name in surface.find_class_names(types)]
        index += 1
    yield from dict.fromkeys(found)
