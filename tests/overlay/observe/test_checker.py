"""What the checker finds in a response, for schemas of all forms."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pytest
from gcore_iam.observe.body_checker import BodyChecker
from gcore_iam.observe.checker import Checker, ObservedResponse
from jsonschema_rs import ValidationError

STRING = {"type": "string"}
PERSON = {"type": "object", "required": ["name"], "properties": {"name": STRING, "age": {"type": "integer"}}}
COMPONENTS = {
    "Person": PERSON,
    "Node": {
        "type": "object",
        "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/components/schemas/Node"}},
    },
    "a/b": {"type": "object", "properties": {"x": STRING}},
}
REFERENCE = {"$ref": "#/components/schemas/Person"}


def build_checker(schema: object, **responses: object) -> Checker:
    content = {"application/json": {"schema": schema}}
    operation = {"operationId": "getThing", "responses": {"200": {"content": content}, **responses}}
    return Checker({"paths": {"/thing": {"get": operation, "parameters": []}}, "components": {"schemas": COMPONENTS}})


def check(schema: object, body: object) -> set[tuple[str, str, str]]:
    """Return pointer, kind and detail of each fact about a body."""
    response = ObservedResponse("getThing", 200, json.dumps(body).encode(), "application/json")
    facts = build_checker(schema).find_response_facts(response)
    return {(fact.pointer, fact.kind.value, fact.detail) for fact in facts}


CASES: dict[str, tuple[object, object, set[tuple[str, str, str]]]] = {
    "no schema": (True, {"a": 1}, set()),
    "an empty schema": ({}, {"a": 1}, set()),
    "a reference": (REFERENCE, {"name": "n", "size": 1}, {("/size", "undocumented_field", "")}),
    "a reference to nothing": ({"$ref": "#/components/schemas/None"}, {"a": 1}, set()),
    "an escaped reference": (
        {"$ref": "#/components/schemas/a~1b"},
        {"x": 1},
        {("/x", "other_type", "integer")},
    ),
    "both parts of allOf know a field": (
        {
            "allOf": [
                {"properties": {"user": {"properties": {"role": STRING}}}},
                {"properties": {"user": {"properties": {"id": {"type": "integer"}}}}},
            ]
        },
        {"user": {"role": "r", "id": 1, "extra": 2}},
        {("/user/extra", "undocumented_field", "")},
    ),
    "an empty part of allOf": ({"allOf": [REFERENCE, {}]}, {"name": "n", "b": 1}, {("/b", "undocumented_field", "")}),
    "either part of anyOf": (
        {"anyOf": [REFERENCE, {"type": "object", "properties": {"b": STRING}}]},
        {"b": "x"},
        set(),
    ),
    "an alternative that is any object": ({"anyOf": [REFERENCE, {"type": "object"}]}, {"b": 1}, set()),
    "the alternative of the same type": (
        {"oneOf": [REFERENCE, {"type": "array", "items": REFERENCE}]},
        [{"name": None}],
        {("/*/name", "unannounced_null", "")},
    ),
    "the closest alternative": (
        {"anyOf": [{"required": ["a", "b"]}, REFERENCE]},
        {"age": 1},
        {("/name", "missing_required_key", "")},
    ),
    "no alternative of the type": (
        {"anyOf": [STRING, {"type": "integer"}]},
        [True],
        {("", "other_type", "array")},
    ),
    "two groups of alternatives": (
        {"anyOf": [STRING, {"type": "integer"}], "oneOf": [{"enum": ["a"]}, {"enum": ["b"]}]},
        "c",
        {("", "undocumented_enum_value", "c")},
    ),
    "two parts of oneOf that both fit": ({"oneOf": [STRING, STRING]}, "a", set()),
    "a map": (
        {"type": "object", "additionalProperties": {"type": "array", "items": REFERENCE}},
        {"ada@example.com": [{"name": 1}]},
        {("/*/*/name", "other_type", "integer")},
    ),
    "a map of anything": ({"properties": {"a": STRING}, "additionalProperties": True}, {"b": 1}, set()),
    "a map in allOf": ({"allOf": [REFERENCE, {"additionalProperties": STRING}]}, {"name": "n", "b": "x"}, set()),
    "patterns of names": ({"properties": {"a": STRING}, "patternProperties": {"^b": STRING}}, {"b": 1}, set()),
    "no other fields": (
        {"type": "object", "additionalProperties": False},
        {"b": 1},
        {("/b", "undocumented_field", "")},
    ),
    "an object without fields": ({"type": "object"}, {"b": 1}, set()),
    "a schema that refers to itself": (
        {"$ref": "#/components/schemas/Node"},
        {"next": {"next": {"value": "x", "b": 1}}},
        {("/next/next/value", "other_type", "string"), ("/next/next/b", "undocumented_field", "")},
    ),
    "a list of lists": (
        {"type": "array", "items": {"type": "array", "items": REFERENCE}},
        [[{"name": "n"}, {"name": "n", "b": 1}]],
        {("/*/*/b", "undocumented_field", "")},
    ),
    "any item": ({"type": "array", "items": True}, [1, "a"], set()),
    "types": (
        {"type": "array", "items": STRING},
        [True, 1, 1.5, {}, []],
        {("/*", "other_type", name) for name in ("boolean", "integer", "number", "object", "array")},
    ),
    "an integer with a decimal point": ({"type": "integer"}, 2.0, set()),
    "a constant": ({"const": "a"}, "b", {("", "undocumented_enum_value", "b")}),
    "an enum value that is no text": ({"enum": ["a"]}, 1, {("", "undocumented_enum_value", "")}),
    "a date": ({"type": "string", "format": "date"}, "soon", {("", "unreadable_timestamp", "")}),
    "other formats and limits": ({"type": "string", "format": "email", "maxLength": 1}, "abc", set()),
    "a name with a slash": (
        {"properties": {"a/b~c": {"type": "integer"}}},
        {"a/b~c": "x"},
        {("/a~1b~0c", "other_type", "string")},
    ),
    "a body that is an item too often": (
        {"type": "array", "items": STRING},
        [1] * 1500 + [None],
        {("/*", "other_type", "integer")},
    ),
    "a list that is wrong too often": (
        {"type": "array", "items": REFERENCE},
        [{"name": 1}] * 1500 + [{}],
        {("/*/name", "other_type", "integer")},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_schema_and_a_body(name: str) -> None:
    schema, body, expected = CASES[name]
    assert check(schema, body) == expected


def test_a_response_that_refers_to_itself_is_not_compared() -> None:
    document = {
        "paths": {"/": {"get": {"operationId": "get", "responses": {"200": {"$ref": "#/loop"}}}}},
        "loop": {"$ref": "#/loop"},
    }
    assert Checker(document).find_response_facts(ObservedResponse("get", 200, b"{}", "application/json")) == set()


def test_a_schema_nested_beyond_the_bound_is_not_compared() -> None:
    schema: dict[str, Any] = {"properties": {"a": STRING}}
    body: dict[str, Any] = {"b": 1}
    for _ in range(60):
        schema, body = {"allOf": [{"properties": {"a": schema}}]}, {"a": body}
    assert check(schema, body) == set()


@pytest.mark.parametrize(
    ("status", "responses", "is_documented"),
    [
        (200, {}, True),
        (404, {}, False),
        (404, {"4XX": {}}, True),
        (404, {"4xx": {}}, True),
        (404, {"default": {}}, True),
        (500, {"4XX": {}}, False),
    ],
)
def test_a_status_may_be_listed_as_a_range(status: int, responses: dict[str, object], is_documented: bool) -> None:
    facts = build_checker({}, **responses).find_status_facts("getThing", status)
    assert [fact.kind.value for fact in facts] == ([] if is_documented else ["undocumented_status"])


@pytest.mark.parametrize(
    ("media_types", "content_type", "expected"),
    [
        (["application/json"], "", set()),
        (["application/json; charset=utf-8"], "Application/JSON", set()),
        (["application/*"], "application/json", set()),
        (["*/*"], "text/plain", set()),
        (["text/plain"], "text/plain", set()),
        (["application/json"], "text/plain; charset=utf-8", {"text/plain"}),
        (["application/json"], "text/ada.lovelace", {""}),
        ([], "text/plain", set()),
    ],
)
def test_media_types(media_types: list[str], content_type: str, expected: set[str]) -> None:
    content = {name: {"schema": {"type": "array"}} for name in media_types}
    checker = build_checker({}, **{"201": {"content": content} if content else {}})
    facts = checker.find_response_facts(ObservedResponse("getThing", 201, b"[]", content_type))
    assert {fact.detail for fact in facts} == expected


@pytest.mark.parametrize(
    ("media_range", "content_type"),
    [
        ("application/*", "application/json"),
        ("*/*", "application/json"),
        ("application/problem+json", "application/problem+json"),
    ],
)
def test_json_of_any_media_range_is_compared(media_range: str, content_type: str) -> None:
    checker = build_checker({}, **{"201": {"content": {media_range: {"schema": {"type": "array"}}}}})
    facts = checker.find_response_facts(ObservedResponse("getThing", 201, b"{}", content_type))
    assert [(fact.kind.value, fact.detail) for fact in facts] == [("other_type", "object")]


def test_an_empty_body_has_no_media_type() -> None:
    response = ObservedResponse("getThing", 200, b"", "text/html")
    assert build_checker(PERSON).find_response_facts(response) == set()


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_not_json_shows_nothing(body: bytes) -> None:
    response = ObservedResponse("getThing", 200, body, "application/json")
    assert build_checker(PERSON).find_response_facts(response) == set()


def test_an_operation_that_the_spec_does_not_have_shows_nothing() -> None:
    checker = build_checker({})
    assert checker.find_status_facts("getOther", 200) == set()
    assert checker.find_response_facts(ObservedResponse("getOther", 200, b"{}")) == set()


def test_other_threads_may_run_between_items(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    checker = build_checker({"type": "array", "items": REFERENCE})

    def count_pauses(body: object) -> int:
        pauses.clear()
        checker.find_response_facts(ObservedResponse("getThing", 200, json.dumps(body).encode(), "application/json"))
        return len(pauses)

    assert count_pauses([]) > 0  # the schema is built
    assert count_pauses([{"name": "n"}] * 1000) == 20
    assert count_pauses([{}] * 50) == 11


def test_at_most_32_undocumented_names_are_shown_at_one_place() -> None:
    checker = build_checker(PERSON)
    names = [f"{first}{second}_name" for first in "abcdef" for second in "abcdef"]
    bodies = (json.dumps({"name": "n", name: 1}).encode() for name in names)
    responses = [ObservedResponse("getThing", 200, body, "application/json") for body in bodies]
    pointers = {fact.pointer for response in responses for fact in checker.find_response_facts(response)}
    assert pointers == {"/*", *(f"/{name}" for name in names[:32])}


def test_an_object_with_more_than_32_unknown_names_is_a_map() -> None:
    names = [f"{first}{second}_name" for first in "abcdef" for second in "abcdef"]
    assert check(PERSON, {"name": "n", **dict.fromkeys(names, 1)}) == {("/*", "undocumented_field", "")}


RAW_BODIES = {
    "a lone surrogate as a text": (rb'{"name": "\ud800", "size": 1}', {("/size", "undocumented_field", "")}),
    "a lone surrogate as a name": (rb'{"name": "n", "\ud800": 1}', {("/*", "undocumented_field", "")}),
    "a deep value": (
        b'{"name": "n", "size": ' + b"[" * 500 + b'{"a": 1}' + b"]" * 500 + b"}",
        {("/size", "undocumented_field", "")},
    ),
    "NaN": (b'{"name": "n", "age": NaN}', {("/age", "other_type", "number")}),
    "-Infinity": (b'{"name": -Infinity}', {("/name", "other_type", "number")}),
    "a large number": (b'{"name": "n", "age": 1' + b"0" * 40 + b"}", set()),
    "a name that comes twice": (b'{"name": "n", "name": null}', {("/name", "unannounced_null", "")}),
}
"""A body, and pointer, kind and detail of each fact that it shows."""


@pytest.mark.parametrize("has_orjson", [True, False])
@pytest.mark.parametrize("name", RAW_BODIES)
def test_unusual_json_is_checked(name: str, has_orjson: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_orjson:
        monkeypatch.setitem(sys.modules, "orjson", None)
    body, expected = RAW_BODIES[name]
    facts = build_checker(PERSON).find_response_facts(ObservedResponse("getThing", 200, body, "application/json"))
    assert {(fact.pointer, fact.kind.value, fact.detail) for fact in facts} == expected


def test_a_pointer_that_a_file_cannot_hold_is_left_out() -> None:
    node: dict[str, object] = {"value": "x"}
    for _ in range(200):
        node = {"next": node}
    assert check({"$ref": "#/components/schemas/Node"}, {**node, "value": "x"}) == {("/value", "other_type", "string")}


def test_long_lists_and_maps_are_checked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    find_errors = BodyChecker._find_errors

    def record_lengths(checker: BodyChecker, value: dict[str, Any]) -> list[ValidationError]:
        lengths.extend(map(len, (value, *(item for item in value.values() if isinstance(item, list)))))
        return find_errors(checker, value)

    monkeypatch.setattr(BodyChecker, "_find_errors", record_lengths)
    tags = {"type": "array", "items": {"type": "string", "enum": ["a"]}}
    properties: Any = PERSON["properties"]
    schema = {**PERSON, "properties": {**properties, "tags": tags}}
    extra = {f"{first}{second}_name": 1 for first in "abcdefgh" for second in "abcdefgh"}
    body = {**extra, "tags": ["a"] * 300 + ["b"], "age": ["x"] * 300, "name": "n"}
    assert check(schema, body) == {
        ("/*", "undocumented_field", ""),
        ("/tags/*", "undocumented_enum_value", "b"),
        ("/age", "other_type", "array"),
    }
    assert check(schema, {"tags": ["a"] * 300 + ["b"], "name": "n"}) == {("/tags/*", "undocumented_enum_value", "b")}
    assert max(lengths) <= 53
