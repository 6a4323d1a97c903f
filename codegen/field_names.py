"""Renames properties whose fields would have one name in Python: the generator would drop their schema."""

from __future__ import annotations

from collections import Counter

from openapi_python_client.config import Config
from openapi_python_client.parser.openapi import GeneratorData
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonIdentifier

from .escaping import unwrap_text
from .schemas import Document, walk


def rename_colliding_properties(document: Document, config: Config) -> dict[str, str]:
    """Give properties whose fields would have the name of another one a name with a number.

    Args:
        document: What the generator reads; changed in place.
        config: The generator's configuration, for the names that it gives.

    Returns:
        The name in the spec of each property that has been renamed, by its new name, which no other property has.
    """
    used: set[str] = {name for _, _, schema in walk(document) for name in schema.get("properties", ())}
    renamed: dict[str, str] = {}
    for _, _, schema in walk(document):
        properties = schema.get("properties")
        if not isinstance(properties, dict):
            continue
        names: list[str] = list(properties)
        index = _find_collision(names, config)
        while index is not None:
            name = names[index]
            original = renamed.get(name, name)
            base = str(PythonIdentifier(original, config.field_prefix))
            number = 2
            while f"{base}_{number}" in used:
                number += 1
            names[index] = f"{base}_{number}"
            used.add(names[index])
            renamed[names[index]] = original
            index = _find_collision(names, config)
        if names != list(properties):
            new_names = dict(zip(properties, names, strict=True))
            schema["properties"] = {new_names[name]: inner for name, inner in properties.items()}
            if "required" in schema:
                schema["required"] = [new_names.get(name, name) for name in schema["required"]]
    return renamed


def restore_properties(data: GeneratorData, renamed: dict[str, str]) -> None:
    """Give properties that have been renamed the names back that they have on the wire."""
    for model in data.models if renamed else ():
        declared = model.data.properties or {}
        for prop in (*(model.required_properties or ()), *(model.optional_properties or ())):
            name = unwrap_text(prop.name)
            if name in renamed:
                prop.name = UntrustedString(renamed[name])
                for key in [key for key in declared if unwrap_text(key) == name]:
                    declared[prop.name] = declared.pop(key)


def _find_collision(names: list[str], config: Config) -> int | None:
    """Find the index of the first property that would get an earlier one's field name, None if there is none."""
    identifiers = [PythonIdentifier(name, config.field_prefix) for name in names]
    counts = Counter(identifiers)
    fields: dict[str, str] = {}
    for index, (name, identifier) in enumerate(zip(names, identifiers, strict=True)):
        # Of names that differ in their spelling only, the generator takes each as it is spelled.
        alone = counts[identifier] == 1
        field = identifier if alone else PythonIdentifier(name, config.field_prefix, skip_snake_case=True)
        if fields.setdefault(str(field), name) != name:
            return index
    return None
