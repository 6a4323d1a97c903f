"""A spec does not differ from itself, and one difference is one entry, on files at hand and on random specs."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegen.drift import baseline, wire
from codegen.drift.load import parse_input
from codegen.drift.report import LAYERS, Acceptance, Change
from tests.codegen.drift.pairs import TODAY, Document, changes, document, on_wire
from tests.codegen.drift.test_wire_properties import SCHEMAS

ROOT = Path(__file__).parents[3]
LIMITS = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FOLDERS = ("spec", "tests", "examples", "docs", "benchmarks", "overlay")


def is_spec(path: Path) -> bool:
    """Whether a file is an OpenAPI spec, by its beginning; those of the pairs are tested beside them."""
    return "/pairs/" not in path.as_posix() and "openapi:" in path.read_text("utf-8", errors="replace")[:2000]


FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.y*ml")) if is_spec(path)]


def test_there_are_specs_at_hand() -> None:
    assert {path.name for path in FILES} >= {"iam_api.yaml", "kitchen_sink.yaml"}


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_a_spec_at_hand_does_not_differ_from_itself(path: Path) -> None:
    one, other = (parse_input(path.read_bytes(), path.name, generating=False).spec for _ in range(2))

    assert wire.find_changes(one, other, TODAY) == []


# --- random specs ------------------------------------------------------------------------------------------------

PATHS = ["/things", "/things/{id}", "/things/{name}", "/things/{id}/parts", "/things/{id}/parts/{part}", "/v1/things"]
MEDIA_TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    "application/json;version=1",
    "text/csv",
    "application/problem+json",
]
SMALL_SCHEMAS: list[Document] = [
    {"type": "string"},
    {"type": ["integer", "null"], "minimum": 1},
    {"type": "array", "items": {"enum": [1, "1", None]}},
    {"type": "object", "required": ["id"], "properties": {"id": {"format": "uuid"}, "kind": {"const": "a"}}},
    {"oneOf": [{"type": "string", "maxLength": 3}, {"type": "object", "additionalProperties": False}]},
]
STATUSES = ["200", "201", "204", "2XX", "400", "404", "4XX", "default"]


def choose_some(chance: random.Random, values: list[Any], most: int) -> list[Any]:
    """Return some of the values, each once."""
    return chance.sample(values, chance.randint(0, min(most, len(values))))


def random_content(chance: random.Random) -> Document:
    """Return the content of a body."""
    return {
        name: {"schema": copy.deepcopy(chance.choice(SMALL_SCHEMAS))} for name in choose_some(chance, MEDIA_TYPES, 3)
    }


def random_operation(chance: random.Random, *, with_callbacks: bool) -> Document:
    """Return an operation with parameters, bodies, responses, security, servers and callbacks."""
    headers = [
        {name: {"schema": {"type": "string"}} for name in choose_some(chance, ["X-A", "x-b"], 2)} for _ in STATUSES
    ]
    found: Document = {
        "responses": {
            status: {"description": "", "content": random_content(chance), "headers": headers[index]}
            for index, status in enumerate(choose_some(chance, STATUSES, 4))
        },
        "parameters": [
            {"name": name, "in": chance.choice(["query", "header", "path"]), "required": True, "schema": {}}
            for name in choose_some(chance, ["limit", "offset", "id", "X-Trace"], 4)
        ],
    }
    if chance.random() < 0.5:
        found["requestBody"] = {"content": random_content(chance)}
    if chance.random() < 0.5:
        found["security"] = [
            {name: [] for name in choose_some(chance, ["a", "b"], 2)} for _ in range(chance.randint(0, 2))
        ]
    if chance.random() < 0.5:
        found["servers"] = [{"url": chance.choice(["/", "https://a.example/v1", "https://{x}.example"])}]
    if with_callbacks:
        found["callbacks"] = {
            name: {
                chance.choice(["{$request.body#/a}", "{$request.body#/b}"]): {
                    "post": random_operation(chance, with_callbacks=False)
                }
            }
            for name in choose_some(chance, ["made", "gone"], 2)
        }
    return found


def random_spec(chance: random.Random) -> Document:
    """Return a spec whose paths may share a template."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Random", "version": "1"},
        "paths": {
            path: {
                method: random_operation(chance, with_callbacks=True)
                for method in choose_some(chance, ["get", "put", "delete"], 2)
            }
            for path in choose_some(chance, PATHS, 4)
        },
        "webhooks": {
            name: {"post": random_operation(chance, with_callbacks=False)}
            for name in choose_some(chance, ["sent", "lost"], 2)
        },
        "components": {"securitySchemes": {"a": {"type": "http", "scheme": "basic"}}},
    }


def shuffle_keys(value: Any, chance: random.Random) -> Any:
    """A copy whose mappings have their keys in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffle_keys(value[key], chance) for key in keys}
    return [shuffle_keys(item, chance) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(30))
def test_a_random_spec_does_not_differ_from_itself(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test, repeatable
    content = random_spec(chance)

    assert changes(content, copy.deepcopy(content)) == []
    assert on_wire(content, shuffle_keys(content, chance)) == set()


@pytest.mark.parametrize("seed", range(30))
def test_every_entry_has_a_fingerprint_of_its_own(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test, repeatable
    old, new = random_spec(chance), random_spec(chance)
    first, second = changes(old, new), changes(old, new)
    prints = [change.fingerprint for change in first]

    assert len(set(prints)) == len(prints)
    assert prints == [change.fingerprint for change in second]


UNKNOWN_LEVEL = {"x-stability-level": "soon"}
ENDED = {"deprecated": True, "x-sunset": "soon"}


@pytest.mark.parametrize(
    "content",
    [
        document(extra=UNKNOWN_LEVEL),
        document(extra=ENDED),
        document(response={"type": "object", "properties": {"a": {**UNKNOWN_LEVEL, **ENDED}}}),
        document(parameters=[{"name": "q", "in": "query", "schema": {"type": "string"}, **ENDED}]),
    ],
)
def test_what_is_invalid_on_both_sides_is_no_change(content: Document) -> None:
    assert changes(content, copy.deepcopy(content)) == []


# --- one difference, one entry -----------------------------------------------------------------------------------

OLD_STATE, NEW_STATE = ({"type": "string", "enum": values} for values in (["on", "off"], ["on"]))


def with_parameters(schema: Document, location: str) -> Document:
    """Two parameters, or two headers of a response, that have equal schemas."""
    if location == "response":
        headers = {name: {"schema": schema} for name in ("X-State", "X-Other")}
        return document(responses={"200": {"description": "", "headers": headers}})
    return document(parameters=[{"name": name, "in": location, "schema": schema} for name in ("state", "other")])


@pytest.mark.parametrize("location", ["query", "header", "cookie", "response"])
def test_equal_schemas_of_two_names_are_two_entries(location: str) -> None:
    old, new = (with_parameters(schema, location) for schema in (OLD_STATE, NEW_STATE))
    found = changes(old, new)

    assert len(found) == 2
    assert len({change.message for change in found}) == 2
    assert len({change.fingerprint for change in found}) == 2


def test_accepting_one_entry_accepts_one() -> None:
    old, new = (with_parameters(schema, "query") for schema in (OLD_STATE, NEW_STATE))
    found = changes(old, new)
    acceptance = Acceptance("Not used.", "ada", "2026-12-31")
    entry = baseline.BaselineEntry(found[0].fingerprint, "", "", acceptance, "accepted.yaml:1:1")
    marked, _ = baseline.apply([entry], found, LAYERS[:1], TODAY)

    assert [change.accepted for change in marked] == [acceptance, None]


def shared_schema(*names: str) -> Document:
    """One component in the requests of operations whose names differ on the two sides."""
    content = document()
    for name in names:
        content["paths"][f"/{name}"] = {
            "post": {
                "operationId": name,
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/State"}}}},
                "responses": {"204": {"description": ""}},
            }
        }
    return content


def test_one_schema_that_becomes_two_is_two_entries() -> None:
    old, new = shared_schema("a", "b"), shared_schema("a", "b")
    old["components"]["schemas"] = {"State": OLD_STATE}
    new["components"]["schemas"] = {"State": NEW_STATE, "Other": NEW_STATE}
    body = new["paths"]["/b"]["post"]["requestBody"]["content"]["application/json"]
    body["schema"] = {"$ref": "#/components/schemas/Other"}
    found: list[Change] = [change for change in changes(old, new) if change.id.endswith("enum-value-removed")]

    assert sorted(change.operations for change in found) == [("POST /a",), ("POST /b",)]
    assert len({change.fingerprint for change in found}) == 2


# --- direction ---------------------------------------------------------------------------------------------------


def as_request(schema: Document) -> Document:
    """A spec whose client sends a schema."""
    return document(body=schema)


def as_response(schema: Document) -> Document:
    """A spec whose client reads a schema."""
    return document(response=schema)


def in_webhook(schema: Document, *, is_sent_by_client: bool) -> Document:
    """A spec whose API calls the client."""
    operation = (document(response=schema) if is_sent_by_client else document(body=schema))["paths"]["/things"]["post"]
    return {**document(), "webhooks": {"made": {"post": operation}}}


def in_callback(schema: Document, *, is_sent_by_client: bool) -> Document:
    """The same in a callback."""
    operation = (document(response=schema) if is_sent_by_client else document(body=schema))["paths"]["/things"]["post"]
    return document(callbacks={"made": {"{$request.body#/url}": {"post": operation}}})


@LIMITS
@given(SCHEMAS, SCHEMAS, st.sampled_from([in_webhook, in_callback]))
def test_webhooks_and_callbacks_are_judged_by_the_client(
    before: Document, after: Document, place: Callable[..., Document]
) -> None:
    assert on_wire(place(before, is_sent_by_client=False), place(after, is_sent_by_client=False)) == on_wire(
        as_response(before), as_response(after)
    )
    assert on_wire(place(before, is_sent_by_client=True), place(after, is_sent_by_client=True)) == on_wire(
        as_request(before), as_request(after)
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"parameters": []}, {"parameters": ["X-New"]}, {("webhook-parameter-added", "info")}),
        ({"parameters": ["X-Old"]}, {"parameters": []}, {("webhook-required-parameter-removed", "error")}),
        ({}, {"requestBody": {"required": True, "content": {}}}, {("webhook-body-added", "info")}),
        ({"requestBody": {"content": {}}}, {}, {("webhook-body-removed", "error")}),
        (
            {"requestBody": {"required": True, "content": {}}},
            {"requestBody": {"content": {}}},
            {("webhook-body-became-optional", "error")},
        ),
    ],
)
def test_parts_of_a_webhook_are_judged_as_the_client_sees_them(
    before: Document, after: Document, expected: set[tuple[str, str]]
) -> None:
    def api(parts: Document) -> Document:
        operation = {"responses": {"200": {"description": ""}}, **parts}
        operation["parameters"] = [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            for name in parts.get("parameters", ())
        ]
        return {**document(), "webhooks": {"made": {"post": operation}}}

    assert on_wire(json.loads(json.dumps(api(before))), api(after)) == expected
