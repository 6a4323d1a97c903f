"""Where the client's view and oasdiff's levels differ on purpose: the table in `docs/maintaining/oasdiff.md`."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.drift import wire
from codegen.drift.settings import parse_settings
from tests.codegen.drift.pairs import TODAY, Document, document, given

PAGE = Path(__file__).parents[3] / "docs" / "maintaining" / "oasdiff.md"
KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
TEXT, NAMES = {"type": "string"}, {"type": "object", "properties": {"name": {"type": "string"}}}


def build_security(*, everywhere: bool = False, operation: bool = False) -> Document:
    """A spec with a security scheme, which all operations, one or none of them need."""
    content = document(extra={"security": [{"key": []}]} if operation else {})
    content["components"]["securitySchemes"] = {"key": KEY}
    return {**content, **({"security": [{"key": []}]} if everywhere else {})}


def build_request(schema: Document) -> Document:
    """A spec whose request has a property."""
    return document(body={"type": "object", "properties": {"v": schema}})


def build_response(schema: Document) -> Document:
    """A spec whose response has a property."""
    return document(response={"type": "object", "properties": {"v": schema}})


def build_parameter(schema: Document) -> Document:
    """A spec with a parameter."""
    return document(parameters=[{"name": "v", "in": "query", "schema": schema}])


def build_shared_parameter(items: int) -> Document:
    """A spec with a parameter that stands beside the operations of its path."""
    content = document()
    schema = {"type": "array", "items": {"type": "array", "items": TEXT, "maxItems": items}}
    content["paths"]["/things"]["parameters"] = [{"name": "v", "in": "query", "schema": schema}]
    return content


def build_webhook(*, required: bool) -> Document:
    """A spec with a webhook."""
    body = {"required": required, "content": {"application/json": {"schema": NAMES}}}
    webhook = {"post": {"requestBody": body, "responses": {"204": {"description": ""}}}}
    return {**document(), "webhooks": {"made": webhook}}


def build_mapping(**mapping: str) -> Document:
    """A spec whose request is one of two schemas, chosen by a discriminator."""
    schemas = {name: {"type": "object", "properties": {"kind": TEXT, name: TEXT}} for name in ("A", "B")}
    members = [{"$ref": f"#/components/schemas/{name}"} for name in schemas]
    discriminator = {"propertyName": "kind", "mapping": mapping}
    return document(body={"oneOf": members, "discriminator": discriminator}, schemas=schemas)


CASES: dict[str, tuple[str, str, Document, Document]] = {
    "api-security-added": ("error", "info", build_security(), build_security(operation=True)),
    "api-global-security-added": ("error", "info", build_security(), build_security(everywhere=True)),
    "request-parameter-property-max-items-decreased": (
        "error",
        "error",
        build_shared_parameter(20),
        build_shared_parameter(10),
    ),
    "request-parameter-default-value-changed": (
        "warning",
        "error",
        build_parameter({**TEXT, "default": "a"}),
        build_parameter({**TEXT, "default": "b"}),
    ),
    "request-body-all-of-added": (
        "none",
        "error",
        document(body={"allOf": [NAMES]}),
        document(body={"allOf": [NAMES, {"type": "object", "properties": {"more": TEXT}}]}),
    ),
    "response-property-became-nullable": (
        "warning",
        "error",
        build_response(TEXT),
        build_response({"type": ["string", "null"]}),
    ),
    "webhook-body-became-required": ("info", "error", build_webhook(required=False), build_webhook(required=True)),
    "request-body-discriminator-mapping-deleted": ("error", "info", build_mapping(a="A", b="B"), build_mapping(b="B")),
    "request-property-pattern-added": (
        "info",
        "error",
        build_request({**TEXT, "readOnly": True}),
        build_request({**TEXT, "readOnly": True, "pattern": "^a"}),
    ),
}


def find_level(rule: str, view: str, old: Document, new: Document) -> str:
    """Return the level of the entry of a rule, "none" if there is no entry."""
    settings = parse_settings({"view": view}, "drift.toml")
    found = wire.find_changes(given(old, "old.yaml").spec, given(new, "new.yaml").spec, TODAY, settings)
    return next((change.level for change in found if change.id == rule), "none")


@pytest.mark.parametrize(("rule", "case"), CASES.items(), ids=CASES)
def test_a_rule_has_the_level_of_its_view(rule: str, case: tuple[str, str, Document, Document]) -> None:
    client, oasdiff, old, new = case

    assert (find_level(rule, "client", old, new), find_level(rule, "oasdiff", old, new)) == (client, oasdiff)


def test_the_page_lists_each_difference() -> None:
    table = PAGE.read_text("utf-8").partition("| rule | level here |")[2]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| `")]

    assert {row[0].strip("|` "): row[1] for row in rows} == {rule: case[0] for rule, case in CASES.items()}
