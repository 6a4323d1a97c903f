"""Lists the classes that templates import."""

from __future__ import annotations

from collections.abc import Iterable

from openapi_python_client.parser.properties import EnumProperty, ModelProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol

from .expressions import list_class_names


def list_imports(properties: Iterable[PropertyProtocol]) -> list[tuple[str, str]]:
    return sorted({name for prop in properties for name in list_class_names(prop)})


def list_model_imports(properties: Iterable[PropertyProtocol], but: str) -> list[tuple[str, str]]:
    names = {name for prop in properties for name in list_class_names(prop, ModelProperty)}
    return sorted(name for name in names if name[1] != but)


def contains_itself(properties: Iterable[PropertyProtocol], name: str) -> bool:
    return any(name == other for prop in properties for _, other in list_class_names(prop, ModelProperty))


def list_enum_imports(properties: Iterable[PropertyProtocol]) -> list[tuple[str, str]]:
    return sorted({name for prop in properties for name in list_class_names(prop, EnumProperty)})
