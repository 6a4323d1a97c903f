"""Reads parts of a spec that may be missing: lists, mappings, the pointers of keys."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ..errors import CodegenError
from ..spec import Json
from .shapes import Side


def list_at(side: Side, pointer: str) -> Sequence[dict[str, Json]]:
    """Return the list at a JSON pointer, empty if there is none.

    Raises:
        CodegenError: Something else stands there.
    """
    holder = side.mapping(pointer.rpartition("/")[0])
    value = holder.get(pointer.rpartition("/")[2])
    if value is None:
        return []
    if not isinstance(value, list):
        raise CodegenError(f"{side.spec.place(pointer)}: a list is expected here")
    side.count(len(value))
    return value


def as_mapping(value: Json) -> dict[str, Json]:
    """Return a value if it is a mapping, else an empty mapping."""
    return value if isinstance(value, dict) else {}


def keys_at(side: Side, pointer: str) -> list[str]:
    """Return the keys of the mapping at a JSON pointer, none if there is no mapping."""
    try:
        names = list(side.mapping(pointer))
    except LookupError:
        return []
    side.count(len(names))
    return names


def key_pointer(pointer: str, value: Mapping[str, Json], key: str) -> str:
    """Return the JSON pointer of a key, or that of its mapping if the key is missing."""
    return f"{pointer}/{key}" if key in value else pointer


def end_pointers(pointer: str, before: Json, after: Json) -> tuple[str | None, str | None]:
    """Return a JSON pointer for each side that has a value there."""
    return (None if before is None else pointer), (None if after is None else pointer)


def servers_at(side: Side, *holders: str) -> dict[str, str]:
    """Return the servers of the first of some places that has any, with their JSON pointers."""
    for holder in holders:
        servers = list_at(side, f"{holder}/servers")
        if servers:
            return {
                json.dumps([server.get("url"), server.get("variables")], sort_keys=True): f"{holder}/servers/{index}"
                for index, server in enumerate(servers)
            }
    return {json.dumps(["/", None]): ""}  # the default of OpenAPI
