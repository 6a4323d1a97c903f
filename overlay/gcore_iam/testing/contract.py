"""The contract that a fake keeps: the operations of a spec, and which of them a request calls."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from gcore_iam_client.description import DESCRIPTION

from .operation import Operation
from .schemas import Schemas, iterate_schemas, normalize_schemas
from .spec_file import read_spec_file

METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
"""The methods that a path of an OpenAPI spec can have."""

_REFERENCE = re.compile(r"#/components/([^/]+)/([^/]+)")


class Contract:
    """The operations and schemas of one spec.

    Args:
        document: The spec, in the form of OpenAPI 3.1.
        own: The contract that the fake's handlers are written for; None if it is this one.
    """

    def __init__(self, document: Mapping[str, Any], own: Contract | None = None) -> None:
        self._own = own
        self._components: Mapping[str, Any] = document.get("components", {})
        self.schemas: Schemas = Schemas(self._components)
        self.operations: Mapping[str, Operation] = {
            operation.id: operation for operation in self._iterate_operations(document)
        }
        """Every operation by its id: the one that the fake's own spec has for its method and path, if there is one."""

    @property
    def own(self) -> Contract:
        """The contract that the fake's handlers are written for."""
        return self._own or self

    @property
    def is_own(self) -> bool:
        """Whether the fake's handlers are written for this contract."""
        return self._own is None

    def find_schemas(self, component: str) -> Schemas:
        """Return the schemas of this spec, those of the fake's own spec if this one has no such component."""
        return self.schemas if component in self.schemas else self.own.schemas

    def find_operations(self, path: str) -> dict[str, tuple[Operation, dict[str, str]]]:
        """Find the operations at a percent-encoded path: by method, with the values of the template's variables.

        Of templates that match, the one with the fewest variables counts, as OpenAPI has it.
        """
        found: dict[str, tuple[Operation, dict[str, str]]] = {}
        for operation in self.operations.values():
            values = match_path(operation.path, path)
            if values is None:
                continue
            other = found.get(operation.method)
            if other is None or len(values) < len(other[1]):
                found[operation.method] = (operation, values)
        return found

    def _iterate_operations(self, document: Mapping[str, Any]) -> Iterator[Operation]:
        own_ids = {} if self._own is None else {_place(one): one.id for one in self._own.operations.values()}
        for path, item in document["paths"].items():
            for method, spec in item.items():
                if method.upper() not in METHODS:
                    continue
                place = method.upper(), path
                operation_id = own_ids.get(place) or spec.get("operationId") or " ".join(place)
                if own_ids.get(place) != operation_id and operation_id in own_ids.values():
                    operation_id = " ".join(place)  # it means another operation here
                parameters = [*item.get("parameters", ()), *spec.get("parameters", ())]
                security = spec.get("security", document.get("security"))
                whole = {**spec, "parameters": parameters, "security": security}
                yield Operation(operation_id, *place, whole, self.schemas)


def _place(operation: Operation) -> tuple[str, str]:
    return operation.method, operation.path


@cache
def get_own_contract() -> Contract:
    """Return the contract of the spec that the client is generated from."""
    return Contract(DESCRIPTION)


def load_contract(spec: Mapping[str, Any] | str | os.PathLike[str] | None) -> Contract:
    """Return the contract of a spec.

    Args:
        spec: A decoded OpenAPI spec, the path of one in JSON or YAML, or None for the spec that the client is generated
            from.

    Raises:
        TypeError: It is something else.
        ValueError: It is not an OpenAPI spec, or refers to what it does not have; or it is YAML, and PyYAML is missing.
        OSError: The file cannot be read.
    """
    if spec is None:
        return get_own_contract()
    document = normalize_schemas(_parse_spec(spec))
    for schema in iterate_schemas(document):
        if isinstance(ref := schema.get("$ref"), str):
            found = _REFERENCE.fullmatch(ref)
            if found is None or found[2] not in document.get("components", {}).get(found[1], {}):
                raise ValueError(f"spec: the reference {ref!r} leads to no component of the spec")
    return Contract(document, get_own_contract())


def _parse_spec(spec: Mapping[str, Any] | str | os.PathLike[str]) -> Mapping[str, Any]:
    """Read a spec, and return it as plain dicts and lists."""
    if isinstance(spec, str | os.PathLike):
        decoded = read_spec_file(Path(spec))
    elif isinstance(spec, Mapping):
        decoded = spec
    else:
        raise TypeError(f"spec must be a path or a mapping, not {type(spec).__name__}")
    document = json.loads(json.dumps(decoded, default=str))  # YAML also has dates, which stand in examples only
    paths = document.get("paths") if isinstance(document, dict) else None
    if not paths or not isinstance(paths, dict):
        raise ValueError("spec is not an OpenAPI spec: it has no `paths`")
    return cast("Mapping[str, Any]", document)


def match_path(template: str, path: str) -> dict[str, str] | None:
    """Return the values of a template's variables in a percent-encoded path; None if the path does not match."""
    segments, parts = _split_template(template), path.split("/")
    if len(segments) != len(parts):
        return None
    values: dict[str, str] = {}
    for segment, part in zip(segments, map(unquote, parts), strict=True):
        if isinstance(segment, str):
            if segment != part:
                return None
        else:
            names, pattern = segment
            match = pattern.fullmatch(part)
            if match is None:
                return None
            values.update(zip(names, match.groups(), strict=True))
    return values


@cache
def _split_template(template: str) -> tuple[str | tuple[tuple[str, ...], re.Pattern[str]], ...]:
    """Split a template into segments: a text, or the names of variables and what matches them."""
    segments: list[str | tuple[tuple[str, ...], re.Pattern[str]]] = []
    for segment in template.split("/"):
        pieces = re.split(r"\{([^}]*)\}", segment)
        pattern = "(.+)".join(map(re.escape, pieces[::2]))
        segments.append((tuple(pieces[1::2]), re.compile(pattern, re.DOTALL)) if len(pieces) > 1 else segment)
    return tuple(segments)
