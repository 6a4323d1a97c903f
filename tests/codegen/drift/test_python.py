"""The Python layer: what two generated clients offer differently."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen import corrections
from codegen.drift.report import Review
from codegen.drift.review import GenerationError, Project, review
from tests.codegen.drift.pairs import TODAY, Document, document, given

ROOT = Path(__file__).parents[3]
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
PLAIN = Project(corrections=(), config=ROOT / "generator-config.yml", overlay=ROOT / "overlay" / "gcore_iam")


def reference(name: str) -> Document:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def api() -> Document:
    """A spec with a list, a request and an enum."""
    content = document(
        body=reference("NewUser"),
        response=reference("User"),
        tags=["Users"],
        schemas={
            "User": {
                "type": "object",
                "properties": {"id": NUMBER, "name": TEXT, "lang": reference("Lang"), "note": TEXT},
                "required": ["id", "name", "lang"],
            },
            "NewUser": {
                "type": "object",
                "properties": {"name": TEXT, "lang": reference("Lang")},
                "required": ["name"],
            },
            "Lang": {"type": "string", "enum": ["de", "en"]},
        },
    )
    content["paths"]["/users"] = {
        "get": {
            "operationId": "listUsers",
            "tags": ["Users"],
            "parameters": [{"name": "limit", "in": "query", "schema": NUMBER}],
            "responses": {
                "200": {
                    "description": "",
                    "content": {"application/json": {"schema": {"type": "array", "items": reference("User")}}},
                }
            },
        }
    }
    return content


def review_change(change: Callable[[Document], Any], project: Project = PLAIN) -> Review:
    """What a change of the spec means for Python."""
    old, new = api(), copy.deepcopy(api())
    change(new)
    sides = given(old, "old.yaml", generating=True), given(new, "new.yaml", generating=True)
    return review(*sides, project, layers=("wire", "python", "docs"), today=TODAY)


def schemas(content: Document) -> Document:
    """The components."""
    found: Document = content["components"]["schemas"]
    return found


def rename(content: Document, old: str, new: str) -> None:
    """Rename a component and what refers to it."""

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: renamed(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [renamed(inner) for inner in value]
        return f"#/components/schemas/{new}" if value == f"#/components/schemas/{old}" else value

    changed = renamed(content)
    changed["components"]["schemas"][new] = changed["components"]["schemas"].pop(old)
    content.clear()
    content.update(changed)


def retag(content: Document) -> None:
    """Rename the tag."""
    for item in content["paths"].values():
        for operation in item.values():
            operation["tags"] = ["People"]


def add_operation(content: Document) -> None:
    """One operation more."""
    content["paths"]["/users/{id}"] = {
        "get": {
            "operationId": "getUser",
            "tags": ["Users"],
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": NUMBER}],
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": reference("User")}}}},
        }
    }


MODELS = "gcore_iam_client.models"
CASES: dict[str, tuple[Callable[[Document], Any], str, str, set[tuple[str, str, str]]]] = {
    "a tag is renamed": (
        retag,
        "compatible",
        "breaking",
        {
            ("py-module-removed", "error", "gcore_iam_client.api.users"),
            ("py-module-added", "info", "gcore_iam_client.api.people"),
        },
    ),
    "an operation id is renamed": (
        lambda new: new["paths"]["/users"]["get"].update(operationId="findUsers"),
        "compatible",
        "breaking",
        {
            ("py-module-removed", "error", "gcore_iam_client.api.users.list_users"),
            ("py-module-added", "info", "gcore_iam_client.api.users.find_users"),
        },
    ),
    "a component is renamed": (
        lambda new: rename(new, "User", "Member"),
        "none",
        "breaking",
        {("py-class-renamed", "error", f"{MODELS}.user.User")},
    ),
    "an operation is new": (
        add_operation,
        "compatible",
        "additive",
        {("py-module-added", "info", "gcore_iam_client.api.users.get_user")},
    ),
    "an operation is gone": (
        lambda new: new["paths"].pop("/users"),
        "breaking",
        "breaking",
        {
            ("py-module-removed", "error", "gcore_iam_client.api.users.list_users"),
        },
    ),
    "a property of a response is gone": (
        lambda new: schemas(new)["User"]["properties"].pop("note"),
        "warning",
        "breaking",
        {("py-field-removed", "error", f"{MODELS}.user.User.note")},
    ),
    "a property of a response is new": (
        lambda new: schemas(new)["User"]["properties"].update(phone=TEXT),
        "compatible",
        "additive",
        {("py-field-added", "info", f"{MODELS}.user.User.phone")},
    ),
    "a property of a request becomes required": (
        lambda new: schemas(new)["NewUser"].update(required=["name", "lang"]),
        "breaking",
        "breaking",
        {("py-field-became-required", "error", f"{MODELS}.new_user.NewUser.lang")},
    ),
    "a property of a response becomes required": (
        lambda new: schemas(new)["User"].update(required=["id", "name", "lang", "note"]),
        "compatible",
        "additive",
        {("py-field-became-required", "info", f"{MODELS}.user.User.note")},
    ),
    "a type changes": (
        lambda new: schemas(new)["User"]["properties"].update(id=TEXT),
        "breaking",
        "breaking",
        {("py-field-type-changed", "error", f"{MODELS}.user.User.id")},
    ),
    "other properties are of another type": (
        lambda new: schemas(new)["User"].update(additionalProperties=NUMBER),
        "compatible",
        "breaking",
        {("py-field-type-changed", "error", f"{MODELS}.user.User.additional_properties")},
    ),
    "a request takes more types": (
        lambda new: schemas(new)["NewUser"]["properties"].update(name={"type": ["string", "integer"]}),
        "compatible",
        "additive",
        {("py-field-type-changed", "info", f"{MODELS}.new_user.NewUser.name")},
    ),
    "a response may be null": (
        lambda new: schemas(new)["User"]["properties"].update(name={"type": ["string", "null"]}),
        "warning",
        "breaking",
        {("py-field-type-changed", "error", f"{MODELS}.user.User.name")},
    ),
    "an enum has a new value": (
        lambda new: schemas(new)["Lang"].update(enum=["de", "en", "fr"]),
        "warning",
        "additive",
        {("py-enum-member-added", "info", f"{MODELS}.lang.Lang.FR")},
    ),
    "an enum lost a value": (
        lambda new: schemas(new)["Lang"].update(enum=["de"]),
        "breaking",
        "breaking",
        {("py-enum-member-removed", "error", f"{MODELS}.lang.Lang.EN")},
    ),
    "the order of a request's properties": (
        lambda new: schemas(new)["NewUser"].update(
            required=["name", "lang"], properties={"lang": reference("Lang"), "name": TEXT}
        ),
        "breaking",
        "breaking",
        {
            ("py-field-became-required", "error", f"{MODELS}.new_user.NewUser.lang"),
            ("py-field-position-changed", "error", f"{MODELS}.new_user.NewUser"),
        },
    ),
    "a property comes between those of a request": (
        lambda new: schemas(new)["NewUser"].update(properties={"name": TEXT, "age": NUMBER, "lang": reference("Lang")}),
        "compatible",
        "additive",
        {
            ("py-field-added", "info", f"{MODELS}.new_user.NewUser.age"),
            ("py-field-position-changed", "warning", f"{MODELS}.new_user.NewUser"),
        },
    ),
    "a parameter is gone": (
        lambda new: new["paths"]["/users"]["get"].pop("parameters"),
        "warning",
        "breaking",
        {("py-function-param-changed", "error", "gcore_iam_client.api.users.list_users.sync_detailed")},
    ),
    "a parameter is new": (
        lambda new: new["paths"]["/users"]["get"]["parameters"].append({"name": "q", "in": "query", "schema": TEXT}),
        "compatible",
        "additive",
        {("py-function-param-changed", "info", "gcore_iam_client.api.users.list_users.sync_detailed")},
    ),
    "a response of another class": (
        lambda new: new["paths"]["/things"]["post"]["responses"]["200"].update(
            content={"application/json": {"schema": reference("NewUser")}}
        ),
        "breaking",
        "breaking",
        {("py-function-return-changed", "error", "gcore_iam_client.api.users.make_thing.sync_detailed")},
    ),
    "prose": (
        lambda new: schemas(new)["User"].update(description="People.", title="user"),
        "none",
        "none",
        set(),
    ),
    "inline schemas are moved into components": (
        lambda new: (
            schemas(new).update(Users={"type": "array", "items": reference("User")})
            or new["paths"]["/users"]["get"]["responses"]["200"]["content"].update(
                {"application/json": {"schema": reference("Users")}}
            )
        ),
        "none",
        "none",
        set(),
    ),
}


@functools.cache
def review_case(name: str) -> Review:
    """The review of one of `CASES`."""
    return review_change(CASES[name][0])


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_reported_in_terms_of_python(name: str) -> None:
    found = review_case(name)
    _, wire, python, expected = CASES[name]

    assert (found.verdict.wire, found.verdict.python) == (wire, python)
    entries = [entry for entry in found.changes if entry.layer == "python"]
    assert {(entry.id, entry.level, entry.symbols[0]) for entry in entries} == expected
    assert len(entries) == len(expected)


@pytest.mark.parametrize("name", [name for name, (_, wire, python, _) in CASES.items() if "none" not in (wire, python)])
def test_a_change_in_python_knows_the_wire_change_behind_it(name: str) -> None:
    found = review_case(name)
    on_wire = {entry.fingerprint for entry in found.changes if entry.layer == "wire"}

    for entry in [entry for entry in found.changes if entry.layer == "python"]:
        assert set(entry.causes) & on_wire
        assert entry.operations
        assert entry.old or entry.new


def test_a_wire_change_names_what_stands_for_it_in_python() -> None:
    found = review_change(lambda new: schemas(new)["User"]["properties"].update(id=TEXT))
    symbols = {entry.id: entry.symbols for entry in found.changes if entry.layer == "wire"}

    assert symbols == {"response-property-type-changed": (f"{MODELS}.user.User.id",)}


def test_a_parameter_is_named_by_its_function() -> None:
    found = review_change(lambda new: new["paths"]["/users"]["get"].pop("parameters"))
    removed = next(entry for entry in found.changes if entry.id == "request-parameter-removed")

    assert removed.symbols == ("gcore_iam_client.api.users.list_users.sync_detailed",)


def test_what_the_generator_drops_is_reported_by_operation() -> None:
    def lose(new: Document) -> None:
        new["paths"]["/users"]["get"]["parameters"][0].update(style="matrix")

    found = review_change(lose)
    dropped = [entry for entry in found.changes if entry.layer == "generator"]

    assert [(entry.id, entry.level, entry.operations) for entry in dropped] == [
        ("gen-response-dropped", "error", ("GET /users",))
    ]
    assert "limit" in dropped[0].message
    assert found.verdict.python == "breaking"


def test_a_correction_that_no_longer_fits_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "corrections.yaml"
    file.write_text(
        "- {id: users-have-phones, rule: merge, where: $.components.schemas.User, matches: 1, why: So.,"
        " what: {properties: {phone: {type: string}}}}\n"
    )
    project = Project(corrections.load(file), PLAIN.config, PLAIN.overlay)

    kept = review_change(lambda new: schemas(new)["User"].update(description="People."), project)
    unfit = review_change(lambda new: rename(new, "User", "Member"), project)

    assert [entry.id for entry in kept.changes if entry.layer == "generator"] == []
    assert [(entry.id, entry.level) for entry in unfit.changes if entry.layer == "generator"] == [
        ("gen-correction-unfit", "warning")
    ]


def test_a_client_that_cannot_be_generated_names_the_operation() -> None:
    with pytest.raises(GenerationError, match=r"^new\.yaml:\d+:\d+: the name 'list.+ too many for") as caught:
        review_change(lambda new: new["paths"]["/users"]["get"].update(operationId="list" * 100))
    assert caught.value.status == 4


def test_a_description_beside_a_reference_is_no_obstacle() -> None:
    def describe(new: Document) -> None:
        schemas(new)["User"]["properties"]["lang"] = {**reference("Lang"), "description": "What they read."}

    assert review_change(describe).verdict.python == "none"


def test_a_response_of_an_unknown_status_is_reported() -> None:
    def change_response(new: Document) -> None:
        responses = new["paths"]["/users"]["get"]["responses"]
        responses["2xx"] = responses["200"]

    found = review_change(change_response)
    [dropped] = [entry for entry in found.changes if entry.layer == "generator"]

    assert dropped.operations == ("GET /users",)
    assert "2xx" in dropped.message


def test_a_response_of_any_media_type_is_generated() -> None:
    def change_response(new: Document) -> None:
        content = {"application/xml": {"schema": TEXT}}
        new["paths"]["/users"]["get"]["responses"]["200"]["content"] = content

    assert [entry for entry in review_change(change_response).changes if entry.layer == "generator"] == []


def test_schemas_that_nest_too_deeply_for_a_client_are_an_error() -> None:
    def nest(new: Document) -> None:
        chain = {f"S{number}": {"allOf": [reference(f"S{number + 1}")]} for number in range(400)}
        schemas(new).update({**chain, "S400": {"type": "object", "properties": {"a": TEXT}}})
        schemas(new)["User"]["properties"]["deep"] = reference("S0")

    with pytest.raises(GenerationError, match=r"^new\.yaml: .*raise MAX_TYPE_LEVELS") as caught:
        review_change(nest)
    assert caught.value.status == 4


def test_a_field_that_is_not_sent_has_no_names_of_others() -> None:
    def add(content: Document, name: str) -> None:
        schemas(content)["NewUser"]["properties"][name] = {"type": "boolean", "description": "Own.", "readOnly": True}
        schemas(content)["User"]["properties"]["two_fa"] = {"type": "boolean"}

    old, new = api(), api()
    add(old, "two_fa")
    add(new, "strong_login")
    sides = given(old, "old.yaml", generating=True), given(new, "new.yaml", generating=True)
    (change,) = review(*sides, PLAIN, layers=("wire", "python"), today=TODAY).changes

    assert (change.id, change.pointer) == ("request-property-renamed", "/components/schemas/NewUser/properties/two_fa")
    assert change.symbols == ()


def test_a_new_parameter_replaces_nothing() -> None:
    def add(new: Document) -> None:
        new["paths"]["/users"]["get"]["parameters"].append({"name": "page", "in": "query", "schema": TEXT})

    def remove(new: Document) -> None:
        new["paths"]["/users"]["get"]["parameters"] = []

    def change(new: Document) -> None:
        new["paths"]["/users"]["get"]["parameters"][0]["schema"] = TEXT

    messages = [entry.message for edit in (add, remove, change) for entry in review_change(edit).changes]
    assert [message for message in messages if "list_users" in message] == [
        "list_users also takes `page: Unset | str = UNSET`",
        "list_users no longer takes `limit: Unset | int = UNSET`",
        "list_users takes `limit: Unset | str = UNSET` instead of `limit: Unset | int = UNSET`",
    ]
