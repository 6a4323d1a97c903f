"""Tells properties and parameters apart that would have one name in Python: the generator would drop what has them."""

from __future__ import annotations

import re
from collections import Counter

from openapi_python_client.config import Config
from openapi_python_client.parser.openapi import Endpoint, GeneratorData
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonIdentifier

from .escaping import unwrap_text
from .schemas import Document, find_free_name, walk
from .spec import METHODS, iterate_operations
from .wire_format import iterate_endpoints


def rename_colliding_names(document: Document, config: Config) -> dict[str, str]:
    """Give properties and parameters that would have the Python name of another one a name with a number.

    Args:
        document: What the generator reads; changed in place.
        config: The generator's configuration, for the names that it gives.

    Returns:
        The name in the spec of each that has been renamed, by its new name, which nothing else has.
    """
    used: set[str] = {name for _, _, schema in walk(document) for name in schema.get("properties", ())}
    listed = [operation.get("parameters", []) for _, _, operation in iterate_operations(document)]
    used |= {parameter["name"] for parameters in listed for parameter in parameters}
    renamed: dict[str, str] = {}
    for _, _, schema in walk(document):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            new_names = _separate_names(list(properties), used, renamed, config)
            if new_names:
                schema["properties"] = {new_names.get(name, name): inner for name, inner in properties.items()}
                if "required" in schema:
                    schema["required"] = [new_names.get(name, name) for name in schema["required"]]
    for parameters in listed:
        for location in ("query", "header", "cookie"):
            here = [parameter for parameter in parameters if parameter["in"] == location]
            new_names = _separate_names([parameter["name"] for parameter in here], used, renamed, config)
            for parameter in here:
                parameter["name"] = new_names.get(parameter["name"], parameter["name"])
    _rename_path_parameters(document, used, renamed)
    return renamed


_PATH_NAME = re.compile(r"[a-zA-Z_-][a-zA-Z0-9_-]*")
"""The names of path parameters that the generator finds in a path."""


def _rename_path_parameters(document: Document, used: set[str], renamed: dict[str, str]) -> None:
    """Give path parameters with other characters names that the generator finds."""
    paths: Document = {}
    for path, item in document["paths"].items():
        parts = re.split(r"{([^{}]+)}", path)  # literal text and names of parameters, in turns
        new_names = {name: _make_path_name(name, used) for name in parts[1::2] if not _PATH_NAME.fullmatch(name)}
        renamed |= {new: name for name, new in new_names.items()}
        parts[1::2] = [f"{{{new_names.get(name, name)}}}" for name in parts[1::2]]
        new_path = "".join(parts)
        paths[new_path] = item
        if new_names:
            renamed[new_path] = path
            for parameter in (p for method in METHODS if method in item for p in item[method].get("parameters", ())):
                if parameter["in"] == "path":
                    parameter["name"] = new_names.get(parameter["name"], parameter["name"])
    document["paths"] = paths


def _make_path_name(name: str, used: set[str]) -> str:
    base = re.sub(r"[^a-zA-Z0-9_-]+", "_", name).strip("_") or "value"
    base = base if _PATH_NAME.fullmatch(base) else f"value_{base}"
    free = find_free_name(base, used.__contains__, "_")
    used.add(free)
    return free


def _separate_names(names: list[str], used: set[str], renamed: dict[str, str], config: Config) -> dict[str, str]:
    """Find new names for those that would have the Python name of an earlier one, by the old names."""
    given = list(names)
    index = _find_collision(names, config)
    while index is not None:
        name = names[index]
        original = renamed.get(name, name)
        base = str(PythonIdentifier(original, config.field_prefix))
        names[index] = find_free_name(base, {base, *used}.__contains__, "_")
        used.add(names[index])
        renamed[names[index]] = original
        index = _find_collision(names, config)
    return {old: new for old, new in zip(given, names, strict=True) if old != new}


def restore_names(data: GeneratorData, renamed: dict[str, str], config: Config) -> None:
    """Give what has been renamed the names back that it has on the wire."""
    for model in data.models if renamed else ():
        declared = model.data.properties or {}
        for prop in (*(model.required_properties or ()), *(model.optional_properties or ())):
            name = unwrap_text(prop.name)
            if name in renamed:
                prop.name = UntrustedString(renamed[name])
                for key in [key for key in declared if unwrap_text(key) == name]:
                    declared[prop.name] = declared.pop(key)
    for endpoint in iterate_endpoints(data) if renamed else ():
        for _, parameter in endpoint.iter_all_parameters():
            name = unwrap_text(parameter.name)
            parameter.name = UntrustedString(renamed.get(name, name))
        _restore_path_names(endpoint, config)
    paths = {new: old for new, old in renamed.items() if new.startswith("/")}
    for collection in data.endpoint_collections_by_tag.values() if paths else ():
        for error in collection.parse_errors:
            for new, old in paths.items():
                error.header = error.header.replace(f" {new} ", f" {old} ")


def _restore_path_names(endpoint: Endpoint, config: Config) -> None:
    """Name the arguments for path parameters after them and not after their new names, where that is free."""
    taken = {str(parameter.python_name) for _, parameter in endpoint.iter_all_parameters()}
    for parameter in endpoint.path_parameters:
        name = unwrap_text(parameter.name)
        identifier = PythonIdentifier(name, config.field_prefix)
        if not _PATH_NAME.fullmatch(name) and identifier not in taken:
            parameter.python_name = identifier
            taken.add(str(identifier))


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
