"""Walks the mappings of an OpenAPI document whose keys OpenAPI defines, and the references in them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from .json_pointer import escape, resolve
from .yaml_tree import Json

_LITERAL_KEYS = frozenset({"example", "examples", "default", "enum", "const"})
_NAME_MAPS = frozenset(
    {
        "properties",
        "patternProperties",
        "dependentSchemas",
        "$defs",
        "definitions",
        "schemas",
        "parameters",
        "responses",
    }
    | {"headers", "requestBodies", "securitySchemes", "links", "callbacks", "pathItems"}
)


def iterate_mappings(node: Json, pointer: str = "", *, by_name: bool = False) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield every mapping under a node of an OpenAPI document whose keys OpenAPI defines, as (JSON pointer, mapping).

    Args:
        node: Where to look. What examples, defaults, enums and extensions hold is data and is left out, and so are
            mappings whose keys are names that the spec's author chose, such as those of properties.
        pointer: The node's own JSON pointer.
        by_name: The node itself is a mapping of the latter kind.
    """
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from iterate_mappings(item, f"{pointer}/{index}")
    if not isinstance(node, dict):
        return
    if not by_name:
        yield pointer, node
    for key, value in node.items():
        if by_name or not (key in _LITERAL_KEYS or key.startswith("x-")):
            yield from iterate_mappings(value, f"{pointer}/{escape(key)}", by_name=key in _NAME_MAPS and not by_name)


def iterate_references(node: Json) -> Iterator[tuple[str, str]]:
    """Yield every `$ref` under a node of an OpenAPI document, as (JSON pointer of its mapping, `$ref`)."""
    for pointer, mapping in iterate_mappings(node):
        if isinstance(mapping.get("$ref"), str):
            yield pointer, mapping["$ref"]


def decode_references(document: Json) -> None:
    """Write each `$ref` without percent-encoding, which the fragment of a URI may have (RFC 6901, section 6).

    A reference that can be resolved with its percent signs is not changed.
    """
    for _, mapping in iterate_mappings(document):
        ref = mapping.get("$ref")
        if isinstance(ref, str) and ref.startswith("#/") and "%" in ref:
            decoded = unquote(ref)
            if not _is_resolvable(document, ref) and _is_resolvable(document, decoded):
                mapping["$ref"] = decoded


def _is_resolvable(document: Json, ref: str) -> bool:
    try:
        resolve(document, ref)
    except LookupError:
        return False
    return True
