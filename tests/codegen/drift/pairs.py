"""Small descriptions in pairs, and what changes between them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

from codegen.drift import wire
from codegen.drift.load import Input, parse_input
from codegen.drift.report import Change

Document = dict[str, Any]
Schema = Mapping[str, Any]

TODAY = datetime.date(2026, 6, 1)


def document(
    *,
    response: Schema | None = None,
    body: Schema | None = None,
    parameters: list[Any] | None = None,
    schemas: Mapping[str, Any] | None = None,
    version: str = "1",
    openapi: str = "3.1.0",
    extra: Schema | None = None,
    **operation: Any,
) -> Document:
    """A spec with the one operation `POST /things`, which takes a schema and returns one.

    Args:
        response: The schema of its 200 response.
        body: The schema of its request body; None for no body.
        parameters: Its parameters.
        schemas: The components that the schemas refer to.
        version: `info.version`.
        openapi: The version of OpenAPI.
        extra: More keys of the operation that are no Python names.
        operation: More keys of the operation, or in the place of those above.
    """
    content = {"application/json": {"schema": response}} if response is not None else {}
    things: Document = {
        "operationId": "makeThing",
        "responses": {"200": {"description": "Made.", **({"content": content} if content else {})}},
    }
    if body is not None:
        things["requestBody"] = {"content": {"application/json": {"schema": body}}}
    if parameters is not None:
        things["parameters"] = parameters
    return {
        "openapi": openapi,
        "info": {"title": "Things", "version": version},
        "paths": {"/things": {"post": {**things, **operation, **(extra or {})}}},
        "components": {"schemas": dict(schemas or {})},
    }


def given(content: Document, name: str = "api.yaml", *, generating: bool = False) -> Input:
    """A spec as the review takes it, one value a line."""
    return parse_input(json.dumps(content, indent=1).encode(), name, generating=generating)


def changes(old: Document, new: Document) -> list[Change]:
    """What the wire and docs layers say."""
    return wire.find_changes(given(old, "old.yaml").spec, given(new, "new.yaml").spec, TODAY)


def on_wire(old: Document, new: Document) -> set[tuple[str, str]]:
    """Rules and levels of the wire layer, those of the version aside."""
    return {
        (change.id, change.level)
        for change in changes(old, new)
        if change.layer == "wire" and not change.id.startswith("api-version")
    }
