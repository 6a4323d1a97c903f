"""What a change of the API's authentication breaks, on the wire, in Python and in the hand-written package."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen import corrections
from codegen.drift.load import read
from codegen.drift.report import Change
from codegen.drift.review import Project, review
from tests.codegen.drift.pairs import TODAY, Document, changes, document, given, on_wire

ROOT = Path(__file__).parents[3]
OVERLAY = ROOT / "overlay" / "gcore_iam"
SPEC = ROOT / "spec" / "iam_api.yaml"

KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
BEARER = {"type": "http", "scheme": "bearer"}
OAUTH = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {"read": "", "write": ""}}}}


def api(security: list[Any] | None, **schemes: Document) -> Document:
    """A spec whose one operation has a security requirement; None leaves it out."""
    content = document()
    if security is not None:
        content["paths"]["/things"]["post"]["security"] = security
    content["components"]["securitySchemes"] = {"key": KEY, "jwt": BEARER, "oauth": OAUTH, **schemes}
    return content


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([], [{"key": []}], {("api-security-added", "error")}),
        ([{"key": []}, {}], [{"key": []}], {("api-security-removed", "error")}),
        ([{"key": []}, {"jwt": []}], [{"jwt": []}], {("api-security-removed", "error")}),
        ([{"key": []}], [{"jwt": []}], {("api-security-removed", "error"), ("api-security-added", "info")}),
        ([{"key": []}], [{"key": [], "jwt": []}], {("api-security-removed", "error"), ("api-security-added", "info")}),
        ([{"oauth": ["read"]}], [{"oauth": ["read", "write"]}], {("api-security-scope-added", "error")}),
        ([{"oauth": ["read", "write"]}], [{"oauth": ["read"]}], {("api-security-scope-removed", "info")}),
        ([{"key": []}], [{"key": []}, {"jwt": []}], {("api-security-added", "info")}),
        ([{"key": []}], [], {("api-security-removed", "info")}),
        ([{"key": []}], [{"key": []}, {}], {("api-security-added", "info")}),
        ([{"key": []}, {"jwt": []}], [{"jwt": []}, {"key": []}], set()),
        ([{"key": [], "jwt": []}], [{"key": []}], {("api-security-removed", "info"), ("api-security-added", "info")}),
        ([{"nobody": []}], [{"key": []}], {("api-security-removed", "warning"), ("api-security-added", "info")}),
        ([], [{"nobody": []}], {("api-security-added", "warning")}),
    ],
)
def test_alternatives_are_compared_as_sets(old: list[Any], new: list[Any], expected: set[tuple[str, str]]) -> None:
    assert on_wire(api(old), api(new)) == expected


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ({**KEY, "name": "X-Token"}, {("api-security-component-place-changed", "error")}),
        ({**KEY, "in": "query"}, {("api-security-component-place-changed", "error")}),
        ({**KEY, "name": "x-key"}, set()),
        (BEARER, {("api-security-component-type-changed", "error")}),
        ({"type": "http", "scheme": "Secret"}, {("api-security-component-type-changed", "warning")}),
    ],
)
def test_another_type_or_place_of_a_scheme_breaks(scheme: Document, expected: set[tuple[str, str]]) -> None:
    assert on_wire(api([{"key": []}]), api([{"key": []}], key=scheme)) == expected


def test_a_scheme_that_no_operation_uses_breaks_nothing() -> None:
    assert on_wire(api([{"jwt": []}]), api([{"jwt": []}], key=BEARER)) == {
        ("api-security-component-type-changed", "info")
    }


def test_another_name_of_the_same_scheme_breaks_nothing() -> None:
    new = api([{"token": []}], token=KEY)
    del new["components"]["securitySchemes"]["key"]

    assert {level for _, level in on_wire(api([{"key": []}]), new)} == {"info"}


def test_a_requirement_of_the_document_is_reported_once() -> None:
    old, new = ({**api(None), "security": [{name: []}]} for name in ("key", "jwt"))
    for content in (old, new):
        content["paths"]["/others"] = copy.deepcopy(content["paths"]["/things"])
        content["paths"]["/others"]["post"]["operationId"] = "other"
    broken = [change for change in changes(old, new) if change.level == "error"]

    assert [change.id for change in broken] == ["api-global-security-removed"]


def other_scheme(content: Document) -> None:
    """Replace the API key by a scheme of another header."""
    content["security"] = [{"Token": []}]
    schemes = content["components"]["securitySchemes"]
    del schemes["APIKey"]
    schemes["Token"] = {"type": "apiKey", "in": "header", "name": "X-Token"}


def bearer(content: Document) -> None:
    """Make the API key a bearer token."""
    content["components"]["securitySchemes"]["APIKey"] = dict(BEARER)


@pytest.mark.parametrize("change", [pytest.param(other_scheme, marks=pytest.mark.slow), bearer])
def test_another_authentication_of_this_api_breaks_every_layer(change: Callable[[Document], None]) -> None:
    content = yaml.safe_load(SPEC.read_text("utf-8"))
    change(content)
    project = Project(corrections.load(ROOT / "spec" / "corrections.yaml"), ROOT / "generator-config.yml", OVERLAY)
    found = review(read(str(SPEC), generating=True), given(content, generating=True), project, today=TODAY)
    wire, python, overlay = (only(found.changes, layer) for layer in ("wire", "python", "overlay"))

    assert (found.verdict.wire, found.verdict.python, found.verdict.overlay) == ("breaking", "breaking", "broken")
    assert found.suggested_bump == "major"
    assert [entry.id for entry in python] == ["py-authentication-changed"]
    assert set(python[0].causes) <= {entry.fingerprint for entry in wire if entry.level == "error"}
    assert "api_key.py" in {entry.files[0].rpartition("/")[2].partition(":")[0] for entry in overlay}
    assert all(python[0].fingerprint in entry.causes for entry in overlay)


def only(found: tuple[Change, ...], layer: str) -> list[Change]:
    """The changes of one layer."""
    return [change for change in found if change.layer == layer]
