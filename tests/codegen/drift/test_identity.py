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

from codegen.drift import accept, wire
from codegen.drift.report import Acceptance, Change
from codegen.drift.sources import parsed
from tests.codegen.drift.pairs import TODAY, Document, changes, document, on_wire
from tests.codegen.drift.test_wire_properties import SCHEMAS

ROOT = Path(__file__).parents[3]
LIMITS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FOLDERS = ("spec", "tests", "examples", "docs", "benchmarks", "overlay")


def is_spec(path: Path) -> bool:
    """Whether a file is an OpenAPI spec, by its beginning; those of the pairs are tested beside them."""
    return "/pairs/" not in path.as_posix() and "openapi:" in path.read_text("utf-8", errors="replace")[:2000]


FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.y*ml")) if is_spec(path)]


def test_there_are_specs_at_hand() -> None:
    assert {path.name for path in FILES} >= {"iam_api.yaml", "kitchen_sink.yaml"}


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_a_spec_at_hand_does_not_differ_from_itself(path: Path) -> None:
    one, other = (parsed(path.read_bytes(), path.name, generating=False).spec for _ in range(2))

    assert wire.changes(one, other, TODAY) == []


# --- random specs ------------------------------------------------------------------------------------------------

PATHS = ["/things", "/things/{id}", "/things/{name}", "/things/{id}/parts", "/things/{id}/parts/{part}", "/v1/things"]
MEDIA_TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    "application/json;version=1",
    "text/csv",
    "application/problem+json",
]
STATUSES = ["200", "201", "204", "2XX", "400", "404", "4XX", "default"]


@st.composite
def operations(draw: st.DrawFn, *, with_callbacks: bool = True) -> Document:
    """An operation with parameters, bodies, responses, security, servers and callbacks."""
    schema = SCHEMAS.map(copy.deepcopy)
    content = st.dictionaries(st.sampled_from(MEDIA_TYPES), schema.map(lambda it: {"schema": it}), max_size=3)
    response = st.builds(
        lambda content, names: {
            "description": "",
            "content": content,
            "headers": {name: {"schema": {"type": "string"}} for name in names},
        },
        content,
        st.lists(st.sampled_from(["X-A", "x-b"]), unique=True),
    )
    found: Document = {"responses": draw(st.dictionaries(st.sampled_from(STATUSES), response, min_size=1, max_size=4))}
    names = draw(st.lists(st.sampled_from(["limit", "offset", "id", "X-Trace"]), unique=True, max_size=4))
    found["parameters"] = [
        {"name": name, "in": draw(st.sampled_from(["query", "header", "path"])), "required": True, "schema": {}}
        for name in names
    ]
    if draw(st.booleans()):
        found["requestBody"] = {"content": draw(content)}
    if draw(st.booleans()):
        found["security"] = draw(
            st.lists(st.dictionaries(st.sampled_from(["a", "b"]), st.just([]), max_size=2), max_size=3)
        )
    if draw(st.booleans()):
        found["servers"] = [{"url": draw(st.sampled_from(["/", "https://a.example/v1", "https://{x}.example"]))}]
    if with_callbacks:
        found["callbacks"] = {
            name: {expression: {"post": draw(operations(with_callbacks=False))}}
            for name in draw(st.lists(st.sampled_from(["made", "gone"]), unique=True, max_size=2))
            for expression in [draw(st.sampled_from(["{$request.body#/a}", "{$request.body#/b}"]))]
        }
    return found


@st.composite
def specs(draw: st.DrawFn) -> Document:
    """A spec whose paths may share a template."""
    paths = draw(st.lists(st.sampled_from(PATHS), unique=True, min_size=1, max_size=4))
    methods = st.lists(st.sampled_from(["get", "put", "delete"]), unique=True, min_size=1, max_size=2)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Random", "version": "1"},
        "paths": {path: {method: draw(operations()) for method in draw(methods)} for path in paths},
        "webhooks": {
            name: {"post": draw(operations(with_callbacks=False))}
            for name in draw(st.lists(st.sampled_from(["sent", "lost"]), unique=True, max_size=2))
        },
        "components": {"securitySchemes": {"a": {"type": "http", "scheme": "basic"}}},
    }


def shuffled(value: Any, chance: random.Random) -> Any:
    """A copy whose mappings have their keys in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@LIMITS
@given(specs(), st.randoms(use_true_random=False))
def test_a_random_spec_does_not_differ_from_itself(content: Document, chance: random.Random) -> None:
    assert changes(content, copy.deepcopy(content)) == []
    assert on_wire(content, shuffled(content, chance)) == set()


@LIMITS
@given(specs(), specs())
def test_every_entry_has_a_fingerprint_of_its_own(old: Document, new: Document) -> None:
    first, second = changes(old, new), changes(old, new)
    prints = [change.fingerprint for change in first]

    assert len(set(prints)) == len(prints)
    assert prints == [change.fingerprint for change in second]


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
    entry = accept.Accepted(found[0].fingerprint, "", "", acceptance, "accepted.yaml:1:1")
    marked, _ = accept.apply([entry], found, ("wire",), TODAY)

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
    return document(answer=schema)


def in_webhook(schema: Document, *, is_sent_by_client: bool) -> Document:
    """A spec whose API calls the client."""
    operation = (document(answer=schema) if is_sent_by_client else document(body=schema))["paths"]["/things"]["post"]
    return {**document(), "webhooks": {"made": {"post": operation}}}


def in_callback(schema: Document, *, is_sent_by_client: bool) -> Document:
    """The same in a callback."""
    operation = (document(answer=schema) if is_sent_by_client else document(body=schema))["paths"]["/things"]["post"]
    return document(callbacks={"made": {"{$request.body#/url}": {"post": operation}}})


@settings(LIMITS, max_examples=20)
@given(SCHEMAS, SCHEMAS, st.sampled_from([in_webhook, in_callback]))
def test_webhooks_and_callbacks_are_judged_as_the_client_sees_them(
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
