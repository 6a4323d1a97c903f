"""An observer sees what the drift review expects, and nothing else, whatever version of the spec the server has."""

from __future__ import annotations

import re
from typing import Any

import pytest
from gcore_iam.observe import ObservationKind as Kind
from gcore_iam.testing.fitting import fit
from gcore_iam.testing.schemas import Schemas

from .calls import CALLS, observe_own_data
from .comparison import Step, list_steps
from .expected import INVISIBLE, KINDS
from .variants import list_variants
from .versions import FUTURE, HISTORY, build_versions, read_history

STEPS = list_steps()
FAST = [f"to {name}" for name in ("001, 2025-06-11", "030, 2026-01-28", "this client's", *FUTURE)]
KINDS_IN_RESPONSES = {*KINDS.values(), Kind.UNREADABLE_TIMESTAMP}


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in STEPS]
)
def test_observed_and_expected_facts_are_the_same(name: str) -> None:
    assert STEPS[name].find_observed() == STEPS[name].find_expected()


def test_the_facts_of_versions_to_come_are_known() -> None:
    french = STEPS["to with French and null"].find_observed()
    assert ("iamGetUser", "200", "/lang", Kind.UNDOCUMENTED_ENUM_VALUE, "fr") in french
    assert ("iamGetUsers", "200", "/results/*/company", Kind.UNANNOUNCED_NULL, "") in french
    assert STEPS["to with other users"].find_observed() == {
        ("iamGetUser", "200", "/email", Kind.MISSING_REQUIRED_KEY, ""),
        ("iamGetUser", "200", "/id", Kind.OTHER_TYPE, "string"),
        ("iamGetUser", "200", "/rank", Kind.UNDOCUMENTED_FIELD, ""),
        ("iamInviteUser", "202", "", Kind.UNDOCUMENTED_STATUS, ""),
    }


@pytest.mark.slow
def test_the_steps_show_every_kind_of_fact() -> None:
    facts = [fact for step in STEPS.values() for fact in step.find_expected()]
    assert {kind for *_, kind, _ in facts} == KINDS_IN_RESPONSES
    assert len(facts) > 3000


def test_every_operation_is_called() -> None:
    document = STEPS["to this client's"].client
    assert set(CALLS) == {spec["operationId"] for item in document["paths"].values() for spec in item.values()}


def test_the_history_has_every_step() -> None:
    assert len(read_history()) == 30
    assert len(STEPS) == 30 + 1 + len(FUTURE) + 29


def test_the_history_has_no_prose() -> None:
    assert not re.findall(r'"(?:description|summary|title|examples?|x-[a-z-]+)":"', HISTORY.read_text("utf-8"))


def test_no_rule_is_both_visible_and_invisible() -> None:
    assert not INVISIBLE & KINDS.keys()


def test_a_removed_path_shows_where_404_is_not_documented() -> None:
    responses: dict[str, Any] = {"/a": {"200": {}}, "/b": {"200": {}, "404": {}}, "/c": {"204": {}}}
    paths = {path: {"get": {"operationId": path, "responses": spec}} for path, spec in responses.items()}
    expected = Step({"paths": paths}, {"paths": {"/c": paths["/c"]}}).find_expected()
    assert expected == {("/a", "404", "", Kind.UNDOCUMENTED_STATUS, "")}


@pytest.mark.slow
def test_the_data_of_the_fake_itself_shows_nothing_unexpected() -> None:
    for step in (STEPS[f"to {name}"] for name in build_versions()):
        observed = observe_own_data(step.server)
        assert {(one.operation, one.status, one.pointer, one.kind, one.detail) for one in observed} <= {
            *step.find_expected(),
            *((name, status, "", Kind.DEPRECATED_OPERATION, "") for name in CALLS for status in ("200", "204", "404")),
        }


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "variants"),
    [
        (TEXT, ["example"]),
        ({"type": ["number", "null"]}, [1, 0.5, None]),
        ({"enum": ["a", "b"]}, ["a", "b"]),
        ({"oneOf": [TEXT, {"type": "boolean"}]}, ["example", False]),
        ({"items": {"enum": [1, 2]}}, [[1, 2]]),
        ({"type": "object", "required": ["a"]}, [{"a": "example"}]),
        ({"type": "object", "additionalProperties": TEXT}, [{"any-key": "example"}]),
        ({"properties": {"a": {"enum": [1, 2]}, "b": TEXT, "c": {"writeOnly": True}}, "required": ["a"]},
         [{"a": 1, "b": "example"}, {"a": 2}]),
    ],
)  # fmt: skip
def test_variants_show_what_a_schema_allows(schema: dict[str, Any], variants: list[Any]) -> None:
    schemas = Schemas({})
    assert list_variants(schemas, schema) == variants
    assert [fit(schemas, schema, value) for value in variants] == variants
