"""Walks the mappings of an OpenAPI document whose keys OpenAPI defines, and the references in them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from .json_pointer import escape, is_resolvable
from .yaml_tree import Json

LITERAL_KEYS = frozenset({"example", "examples", "default", "enum", "const"})
"""Keywords whose values are data."""

NAME_MAPS = frozenset(
    {"properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "schemas", "parameters"}
    | {"responses", "headers", "requestBodies", "securitySchemes", "links", "callbacks", "pathItems", "webhooks"}
    | {"content", "mediaTypes", "encoding", "mapping"}
)
"""Keywords whose keys are names that the spec's author chose, and may be spelled as keywords and extensions are.

`paths` is none of them: its names begin with `/`, and its extensions with `x-`.
"""


def iterate_mappings(node: Json, pointer: str = "", *, by_name: bool = False) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield every mapping under a node of an OpenAPI document whose keys OpenAPI defines, as (JSON pointer, mapping).

    Args:
        node: Where to look. The values of `LITERAL_KEYS` and of extensions are data and are left out. The mappings in
            `NAME_MAPS` are left out themselves, but not what they hold.
        pointer: The node's own JSON pointer.
        by_name: The node itself is one of `NAME_MAPS`.
    """
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from iterate_mappings(item, f"{pointer}/{index}")
    if not isinstance(node, dict):
        return
    if not by_name:
        yield pointer, node
    for key, value in node.items():
        if by_name or not (key in LITERAL_KEYS or key.startswith("x-")):
            yield from iterate_mappings(value, f"{pointer}/{escape(key)}", by_name=key in NAME_MAPS and not by_name)


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
            if not is_resolvable(document, ref) and is_resolvable(document, decoded):
                mapping["$ref"] = decoded
