"""Examples of schemas: values that the schema accepts, and completed responses."""

from __future__ import annotations

from typing import Any

import pytest
from gcore_iam.testing.contract import get_own_contract
from gcore_iam.testing.examples import NoExampleError, build_example, complete
from gcore_iam.testing.messages import NO_BODY, Response
from gcore_iam.testing.operation import Operation
from gcore_iam_client.description import DESCRIPTION

OWN = get_own_contract().schemas
TEXT = {"type": "string"}
PAIR = {"access": "example", "refresh": "example"}

SCHEMAS: list[dict[str, Any]] = [
    {},
    {"type": "boolean"},
    {"type": "null"},
    {"type": ["null", "string"]},
    {"type": "integer", "minimum": 5, "maximum": 6},
    {"type": "integer", "exclusiveMinimum": 5},
    {"type": "integer", "maximum": -3},
    {"type": "integer", "exclusiveMaximum": 0},
    {"type": "integer", "multipleOf": 7, "minimum": 15},
    {"type": "number", "multipleOf": 0.5, "minimum": 0.25},
    {"type": "number", "minimum": -0.5, "maximum": 0.5},
    {"type": "string", "minLength": 20},
    {"type": "string", "maxLength": 3},
    {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    *({"type": "string", "format": name} for name in ("date", "date-time", "email", "uuid", "uri", "ipv4", "time")),
    {"enum": ["b", "a"]},
    {"const": {"a": 1}},
    {"type": "string", "default": "d"},
    {"type": "array", "items": TEXT, "minItems": 3},
    {"type": "array", "items": TEXT, "maxItems": 0},
    {"type": "array"},
    {"type": "object", "required": ["a"], "properties": {"a": TEXT, "b": {"type": "integer"}}},
    {"properties": {"a": TEXT}, "additionalProperties": False},
    {"type": "object", "required": ["unlisted"]},
    {"type": "object", "additionalProperties": TEXT},
    {"allOf": [{"type": "object", "required": ["a"], "properties": {"a": TEXT}}, {"required": ["b"]}]},
    {"allOf": [{"type": "string"}, {"minLength": 12}]},
    {"oneOf": [{"type": "string", "pattern": "^(impossible){9}$"}, {"type": "integer"}]},
    {"anyOf": [{"type": "object", "required": ["a"], "properties": {"a": TEXT}}, {"type": "null"}]},
    {"type": "object", "properties": {"k": TEXT}, "oneOf": [{"required": ["k"], "properties": {"k": {"const": "x"}}}]},
    *({"$ref": f"#/components/schemas/{name}"} for name in DESCRIPTION["components"]["schemas"]),
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_a_schema_accepts_its_example(schema: dict[str, Any]) -> None:
    example = build_example(OWN, schema)
    assert OWN.build_validator(schema).is_valid(example), example


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^(impossible){9}$"},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"not": {}},
        {"oneOf": [{"type": "string", "enum": []}]},
    ],
    ids=str,
)
def test_a_schema_without_an_example_is_an_error(schema: dict[str, Any]) -> None:
    with pytest.raises(NoExampleError):
        build_example(OWN, schema)


def test_an_example_shows_optional_properties() -> None:
    assert build_example(OWN, OWN.get_schema("Group")) == {"id": 1, "name": "Users"}


# --- completion ----------------------------------------------------------------------------------------------------

ITEM = {
    "type": "object",
    "required": ["id", "new"],
    "properties": {"id": {"type": "integer"}, "new": {"type": "boolean"}},
}


@pytest.mark.parametrize(
    ("schema", "value", "completed", "added"),
    [
        (ITEM, {"id": 7}, {"id": 7, "new": False}, ("new",)),
        (ITEM, {"id": 7, "new": True}, {"id": 7, "new": True}, ()),
        ({"type": "array", "items": ITEM}, [{"id": 7}], [{"id": 7, "new": False}], ("*.new",)),
        ({"type": "object", "properties": {"a": ITEM}}, {"a": {"id": 7}}, {"a": {"id": 7, "new": False}}, ("a.new",)),
        ({"type": "object", "properties": {"a": ITEM}}, {"a": None, "b": 1}, {"a": None, "b": 1}, ()),
        ({"additionalProperties": ITEM}, {"x": {"id": 7}}, {"x": {"id": 7, "new": False}}, ("x.new",)),
        ({"allOf": [ITEM, {"required": ["b"]}]}, {"id": 7}, {"id": 7, "new": False, "b": None}, ("b", "new")),
        ({"oneOf": [{"type": "null"}, ITEM]}, {"id": 7}, {"id": 7, "new": False}, ("new",)),
        ({"anyOf": [ITEM, {"required": ["id"]}]}, {"id": 7}, {"id": 7}, ()),
        (ITEM, "wrong", "wrong", ()),
    ],
)  # fmt: skip
def test_missing_required_properties_are_added(
    schema: dict[str, Any], value: Any, completed: Any, added: tuple[str, ...]
) -> None:
    assert complete(OWN, schema, value) == (completed, added)


def test_a_completed_value_is_a_copy() -> None:
    value = {"id": 7}
    complete(OWN, ITEM, value)
    assert value == {"id": 7}


# --- operations ----------------------------------------------------------------------------------------------------


def make_operation(responses: dict[str, Any], **spec: Any) -> Operation:
    return Operation("iamNew", "GET", "/iam/new", {"responses": responses, **spec}, OWN)


def describe_json(schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    return {"content": {media_type: {"schema": schema}}}


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        ({"200": describe_json(TEXT)}, Response(200, "example")),
        ({"404": {}, "202": describe_json(TEXT)}, Response(202, "example")),
        ({"200": describe_json(TEXT, "application/json; charset=utf-8")}, Response(200, "example")),
        ({"200": describe_json(TEXT, "application/vnd.api+json")}, Response(200, "example")),
        ({"204": {}}, Response(204, NO_BODY)),
        ({"200": {"$ref": "#/components/responses/LoginSuccess"}}, Response(200, PAIR)),
        ({"2XX": describe_json(TEXT)}, Response(200, "example")),
        ({"default": describe_json(TEXT)}, Response(200, "example")),
        ({"200": {"content": {"application/json": {}}}}, None),
        ({"200": {"content": {"text/csv": {"schema": TEXT}}}}, None),
        ({"200": describe_json({"type": "string", "pattern": "^(impossible){9}$"})}, None),
        ({"404": {}}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_an_operation_has_an_example_response_or_none(responses: dict[str, Any], expected: Response | None) -> None:
    assert make_operation(responses).build_example_response() == expected


def test_a_response_is_completed_where_the_spec_is_newer() -> None:
    operation = make_operation({"200": describe_json({"type": "array", "items": ITEM})})
    completed, added = operation.complete_response(Response(200, [{"id": 7}]))
    assert completed.payload == [{"id": 7, "new": False}]
    assert added == ("*.new",)
    valid = Response(200, completed.payload)
    assert operation.complete_response(valid) == (valid, ())


def test_a_response_without_an_example_stays_as_it_is() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"not": {}}}}
    wrong = Response(200, {})
    assert make_operation({"200": describe_json(schema)}).complete_response(wrong) == (wrong, ())


def test_the_vendored_operations_need_no_completion_of_bodies() -> None:
    assert all(operation.build_example_query() == {} for operation in get_own_contract().operations.values())
