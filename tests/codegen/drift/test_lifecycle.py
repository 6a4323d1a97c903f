"""Deprecation, sunset and stability, of operations, parameters and properties; what is removed after them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.codegen.drift.pairs import Document, changes, document, on_wire

PAST, FUTURE = "2026-05-01", "2026-12-01"


def with_parameter(**keys: Any) -> Document:
    """A spec whose operation takes one query parameter."""
    extra = {name.replace("_", "-"): value for name, value in keys.items()}
    return document(parameters=[{"name": "q", "in": "query", "schema": {"type": "string"}, **extra}])


def with_property(**keys: Any) -> Document:
    """A spec that returns an object with one property."""
    extra = {name.replace("_", "-"): value for name, value in keys.items()}
    return document(response={"type": "object", "properties": {"v": {"type": "string", **extra}}})


NOTHING = document(response={"type": "object", "properties": {}})
NO_PARAMETER = document(parameters=[])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (with_parameter(deprecated=True), NO_PARAMETER, ("request-parameter-removed-with-deprecation", "warning")),
        (
            with_parameter(deprecated=True, x_sunset=PAST),
            NO_PARAMETER,
            ("request-parameter-removed-with-deprecation", "warning"),
        ),
        (
            with_parameter(deprecated=True, x_sunset=FUTURE),
            NO_PARAMETER,
            ("request-parameter-removed-before-sunset", "error"),
        ),
        (with_property(deprecated=True), NOTHING, ("response-property-removed-with-deprecation", "warning")),
        (
            with_property(deprecated=True, x_sunset=FUTURE),
            NOTHING,
            ("response-property-removed-before-sunset", "error"),
        ),
    ],
)
def test_a_removal_is_never_silent(old: Document, new: Document, expected: tuple[str, str]) -> None:
    assert on_wire(old, new) == {expected}


@pytest.mark.parametrize(("sunset", "level"), [(None, "warning"), (PAST, "warning"), (FUTURE, "error")])
def test_an_operation_may_go_once_its_sunset_has_come(sunset: str | None, level: str) -> None:
    old = document(deprecated=True, extra={"x-sunset": sunset} if sunset else {})
    new = {**document(), "paths": {}}
    action = "before-sunset" if level == "error" else "with-deprecation"

    assert on_wire(old, new) == {(f"api-path-removed-{action}", level)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            with_parameter(),
            with_parameter(deprecated=True, x_sunset=FUTURE),
            "request-parameter-deprecated-with-sunset",
        ),
        (with_property(), with_property(deprecated=True, x_sunset=FUTURE), "response-property-deprecated-with-sunset"),
        (
            document(extra={"x-stability-level": "beta"}),
            document(extra={"x-stability-level": "stable"}),
            "api-stability-increased",
        ),
        (
            document(extra={"x-stability-level": "beta"}),
            document(extra={"x-stability-level": "alpha"}),
            "api-stability-decreased",
        ),
    ],
)
def test_deprecation_and_stability_have_rules(old: Document, new: Document, expected: str) -> None:
    assert {rule for rule, _ in on_wire(old, new)} == {expected}


def test_another_description_of_a_scope_is_a_change() -> None:
    specs = []
    for text in ("Read.", "Read all."):
        flows = {"clientCredentials": {"tokenUrl": "https://a.example", "scopes": {"read": text}}}
        content = document(security=[{"auth": ["read"]}])
        content["components"]["securitySchemes"] = {"auth": {"type": "oauth2", "flows": flows}}
        specs.append(content)

    assert on_wire(specs[0], specs[1]) == {("api-security-component-oauth-scope-changed", "info")}


def test_a_value_that_no_response_has_any_more_is_a_change() -> None:
    old, new = (document(response={"type": "string", "enum": values}) for values in (["a", "b"], ["a"]))

    assert on_wire(old, new) == {("response-mediatype-enum-value-removed", "info")}


def test_a_media_type_with_other_parameters_is_another_name() -> None:
    specs = []
    for version in ("1", "2"):
        content = document(response={"type": "string"})
        body = content["paths"]["/things"]["post"]["responses"]["200"]["content"]
        body[f"application/json; version={version}"] = body.pop("application/json")
        specs.append(content)

    (change,) = [change for change in changes(specs[0], specs[1]) if change.layer == "wire"]
    assert (change.id, change.level) == ("response-media-type-name-changed", "error")
    assert change.message.endswith("is `application/json; version=2` instead of `application/json; version=1`")
