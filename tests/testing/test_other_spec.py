"""FakeIAM that serves another version of the API's spec."""

from __future__ import annotations

import copy
import datetime
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gcore_iam.testing import FakeIAM, Status
from gcore_iam.testing.contract import get_own_contract
from gcore_iam.testing.examples import NoExampleError
from gcore_iam.testing.fitting import fit
from gcore_iam_client.description import DESCRIPTION

from .support import PASSWORD, OpenClient

Document = dict[str, Any]
Change = Callable[[Document], object]

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
JSON = "application/json"
ONE_USER, USERS = "/iam/users/{userId}", "/iam/users"


def build_spec(*changes: Change) -> Document:
    """The fake's own spec with some changes."""
    document = copy.deepcopy(DESCRIPTION)
    for change in changes:
        change(document)
    return document


def change_schema(component: str, **changes: Any) -> Change:
    def change(document: Document) -> None:
        schema = document["components"]["schemas"][component]
        properties = {**schema.get("properties", {}), **changes.pop("properties", {})}
        schema |= {**({"properties": properties} if properties else {}), **changes}

    return change


def drop_property(component: str, name: str) -> Change:
    def change(document: Document) -> None:
        schema = document["components"]["schemas"][component]
        del schema["properties"][name]
        schema["required"] = [key for key in schema["required"] if key != name]

    return change


def change_operation(path: str, method: str, **changes: Any) -> Change:
    return lambda document: document["paths"][path][method].update(changes)


def drop_path(path: str) -> Change:
    return lambda document: document["paths"].pop(path)


# --- the argument ----------------------------------------------------------------------------------------------------


def test_a_path_and_a_mapping_serve_the_same(tmp_path: Path, open_client: OpenClient) -> None:
    document = build_spec(drop_property("UserPublic", "lang"))
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(document), "utf-8")
    for spec in (document, path, str(path)):
        assert "lang" not in open_client(FakeIAM(1, spec=spec)).get("/iam/users/1").json()


def test_a_later_edit_of_the_mapping_changes_nothing(open_client: OpenClient) -> None:
    document = build_spec()
    fake = FakeIAM(1, spec=document)
    document["paths"].clear()
    assert open_client(fake).get("/iam/users/1").status_code == 200


def test_a_decoded_yaml_file_is_a_spec(open_client: OpenClient) -> None:
    group = {"type": "object", "example": {"since": datetime.date(2026, 1, 1)}}
    responses = {200: {"content": {JSON: {"schema": group}}}}
    document = build_spec(change_operation("/iam/clients/me", "get", responses=responses))
    assert open_client(FakeIAM(1, spec=document)).get("/iam/clients/me").status_code == 200


def test_a_fake_without_a_spec_serves_its_own() -> None:
    assert FakeIAM(1, spec=build_spec()).users == FakeIAM(1).users


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        (7, TypeError, "spec must be a path or a mapping, not int"),
        ({}, ValueError, "spec is not an OpenAPI spec: it has no `paths`"),
        ({"paths": {"/a": {"$ref": "#/components/pathItems/A"}}}, ValueError, "'#/components/pathItems/A' leads to no"),
        ({"paths": {"/a": {"$ref": "other.yaml"}}}, ValueError, "the reference 'other.yaml' leads to no component"),
        ("nowhere.json", OSError, "nowhere.json"),
    ],
)  # fmt: skip
def test_what_is_no_spec_is_an_error(spec: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        FakeIAM(1, spec=spec)


def test_a_yaml_file_is_a_spec(tmp_path: Path, open_client: OpenClient) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("paths: {/iam/new: {get: {responses: {200: {description: '', x-since: 2026-01-01}}}}}", "utf-8")
    assert open_client(FakeIAM(1, spec=path)).get("/iam/new").status_code == 200


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: b: c", "spec.yaml' is neither JSON nor YAML: mapping values are not allowed here"),
        (b"\xff\xfe\xff", "spec.yaml' is neither JSON nor YAML"),
        (b"[]", "spec is not an OpenAPI spec: it has no `paths`"),
        (b"paths:", "spec is not an OpenAPI spec: it has no `paths`"),
    ],
)
def test_a_file_that_holds_no_spec_is_an_error(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        FakeIAM(1, spec=path)


def test_yaml_without_pyyaml_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("paths: {}", "utf-8")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ValueError, match=r"spec.yaml' is not JSON; to read YAML, install PyYAML"):
        FakeIAM(1, spec=path)


def test_the_vendored_file_is_a_spec(open_client: OpenClient) -> None:
    fake = FakeIAM(2, spec=Path(__file__).parents[2] / "spec" / "iam_api.yaml")
    assert open_client(fake).get("/iam/users?limit=1").json()["results"] == list(fake.users[:1])


# --- operations ------------------------------------------------------------------------------------------------------


def test_a_removed_operation_is_a_404(open_client: OpenClient) -> None:
    fake = FakeIAM(1, spec=build_spec(drop_path("/iam/clients/{clientId}/tokens")))
    client = open_client(fake)
    assert client.get(f"/iam/clients/{fake.account_id}/tokens").status_code == 404
    assert client.get(f"/iam/v2/clients/{fake.account_id}/tokens").status_code == 200


def test_a_new_operation_answers_an_example(open_client: OpenClient) -> None:
    def add(document: Document) -> None:
        content = {JSON: {"schema": {"$ref": "#/components/schemas/Group"}}}
        document["paths"]["/iam/new"] = {"get": {"operationId": "iamNew", "responses": {"200": {"content": content}}}}

    fake = FakeIAM(1, spec=build_spec(add))
    assert open_client(fake).get("/iam/new").json() == {"id": 1, "name": "Users"}
    assert fake.calls["iamNew"] == 1


def test_an_operation_keeps_its_id_where_the_spec_has_none(open_client: OpenClient) -> None:
    def rename(document: Document) -> None:
        del document["paths"][ONE_USER]["get"]["operationId"]
        document["paths"]["/iam/other/{userId}"] = {"get": {"operationId": "iamGetUser", "responses": {"204": {}}}}
        document["paths"]["/iam/nameless"] = {"get": {"responses": {"204": {}}}, "parameters": []}

    fake = FakeIAM(1, spec=build_spec(rename))
    client = open_client(fake)
    paths = ("/iam/users/1", "/iam/other/1", "/iam/nameless")
    assert [client.get(path).status_code for path in paths] == [200, 204, 204]
    assert dict(fake.calls) == {"iamGetUser": 1, "GET /iam/other/{userId}": 1, "GET /iam/nameless": 1}


def test_the_template_with_the_fewest_variables_counts(open_client: OpenClient) -> None:
    def add(document: Document) -> None:
        document["paths"]["/iam/{kind}/{name}"] = {"get": {"responses": {"204": {}}}}

    client = open_client(FakeIAM(1, spec=build_spec(add)))
    assert [client.get(path).status_code for path in ("/iam/users/1", "/iam/other/1")] == [200, 204]


def test_faults_wait_for_paths_of_the_served_spec() -> None:
    fake = FakeIAM(1, spec=build_spec(drop_path("/iam/clients/me")))
    with pytest.raises(ValueError, match="leads to no operation"):
        fake.inject(Status(503), path="/iam/clients/me")
    fake.inject(Status(503), path=ONE_USER)
    assert len(fake.faults) == 1


def test_credentials_are_needed_whatever_the_spec_says(open_client: OpenClient) -> None:
    document = build_spec(change_operation(ONE_USER, "get", security=[]))
    client = open_client(FakeIAM(1, spec=document))
    assert client.get("/iam/users/1", headers={"Authorization": ""}).status_code == 401
    assert client.get("/iam/users/1").status_code == 200


def test_a_request_that_no_handler_understands_gets_an_example(open_client: OpenClient) -> None:
    body = {"content": {JSON: {"schema": {"type": "object"}}}}
    limit = [{"name": "limit", "in": "query", "schema": TEXT}]
    document = build_spec(
        change_operation("/iam/auth/password/forgot", "post", requestBody=body),
        change_operation(USERS, "get", parameters=limit),
    )
    client = open_client(FakeIAM(3, spec=document))
    assert client.post("/iam/auth/password/forgot", json={}).json() == {"status": "example"}
    assert client.post("/iam/auth/password/forgot", json={"email": "a@example.com"}).json() == {"status": "sent"}
    assert client.get("/iam/users?limit=all").json()["count"] == 1
    assert client.get("/iam/users").status_code == 200


# --- responses -------------------------------------------------------------------------------------------------------


def test_a_response_holds_what_the_spec_lists_and_no_more(open_client: OpenClient) -> None:
    document = build_spec(
        drop_property("UserPublic", "lang"),
        change_schema("UserPublic", properties={"rank": NUMBER, "id": TEXT}, required=["id", "rank"]),
    )
    user = open_client(FakeIAM(1, spec=document)).get("/iam/users/1").json()
    assert (user["rank"], user["id"], "lang" in user) == (1, "example", False)


def test_null_is_left_out_where_the_spec_does_not_allow_it(open_client: OpenClient) -> None:
    users = [{"name": None, "phone": None}]
    required = [key for key in DESCRIPTION["components"]["schemas"]["UserPublic"]["required"] if key != "phone"]
    document = build_spec(change_schema("UserPublic", properties={"name": TEXT, "phone": TEXT}, required=required))
    user = open_client(FakeIAM(users, spec=document)).get("/iam/users/1").json()
    assert (user["name"], "phone" in user) == ("example", False)


def test_a_success_gets_the_status_of_the_spec(open_client: OpenClient) -> None:
    content = {JSON: {"schema": {"type": "object", "required": ["ok"], "properties": {"ok": {"const": True}}}}}
    changes = [
        change_operation("/iam/auth/password/forgot", "post", responses={"202": {"content": content}}),
        change_operation(ONE_USER, "get", responses={"2XX": {"content": content}}),
        change_operation("/iam/clients/me", "get", responses={"404": {}}),
        change_operation("/iam/activity_log/logins", "get", responses={"default": {}}),
    ]
    client = open_client(FakeIAM(1, spec=build_spec(*changes)))
    responses = [
        client.post("/iam/auth/password/forgot", json={"email": "a@example.com"}),
        client.get("/iam/users/1"),
        client.get("/iam/users/2"),
    ]
    assert [response.status_code for response in responses] == [202, 200, 404]
    assert [response.json() for response in responses[:2]] == [{"ok": True}, {"ok": True}]
    assert client.get("/iam/clients/me").status_code == 200
    assert client.get("/iam/activity_log/logins").json()["count"] == 40


def test_a_response_that_cannot_be_built_is_a_501(open_client: OpenClient) -> None:
    document = build_spec(change_schema("UserPublic", required=["a"], properties={"a": {"not": {}}}))
    response = open_client(FakeIAM(1, spec=document)).get("/iam/users/1")
    assert response.status_code == 501
    assert "the spec gives no example of what it requires" in response.json()["message"]


def test_an_error_that_cannot_be_built_stays_as_it_is(open_client: OpenClient) -> None:
    overlapping = {JSON: {"schema": {"oneOf": [{"type": "object"}, {"type": "object"}]}}}
    document = build_spec(change_operation(ONE_USER, "get", responses={"200": {}, "404": {"content": overlapping}}))
    response = open_client(FakeIAM(1, spec=document)).get("/iam/users/7")
    assert (response.status_code, response.json()) == (404, {"message": "The account has no such user."})


def test_nullable_of_openapi_3_0_allows_null(open_client: OpenClient) -> None:
    language = {"type": "string", "enum": ["en"], "nullable": True}
    name = {"type": "string", "nullable": True}
    document = build_spec(change_schema("UserPublic", properties={"name": name, "lang": language}))
    user = open_client(FakeIAM([{"name": None}], spec=document)).get("/iam/users/1").json()
    assert (user["name"], user["lang"]) == (None, "en")


def test_a_schema_may_be_true(open_client: OpenClient) -> None:
    document = build_spec(change_schema("UserPublic", properties={"new": True, "id": False}, required=["new"]))
    user = open_client(FakeIAM(1, spec=document)).get("/iam/users/1").json()
    assert (user["new"], "id" in user) == (None, False)


def test_seeds_and_state_have_the_form_of_the_served_spec(open_client: OpenClient) -> None:
    languages = [*DESCRIPTION["components"]["schemas"]["Language"]["enum"], "fr"]
    document = build_spec(
        lambda spec: spec["components"]["schemas"]["Language"].update(enum=languages),
        change_schema("User", properties={"rank": NUMBER}),
    )
    fake = FakeIAM([{"lang": "fr", "rank": 42}], spec=document)
    assert (fake.users[0]["lang"], fake.users[0]["rank"]) == ("fr", 42)
    assert open_client(fake).get("/iam/users").json() == list(fake.users)
    with pytest.raises(ValueError, match="lang"):
        FakeIAM([{"lang": "xx"}], spec=document)


def test_seeds_have_our_form_where_the_spec_has_no_component(open_client: OpenClient) -> None:
    def drop_components(document: Document) -> None:
        document["paths"] = {ONE_USER: {"get": {"responses": {"200": {"content": {JSON: {"schema": {}}}}}}}}
        document["components"] = {}

    fake = FakeIAM([{"name": "Ada"}], tokens=[{"name": "t"}], logins=[{"user": 1}], spec=build_spec(drop_components))
    assert open_client(fake).get("/iam/users/1").json()["name"] == "Ada"
    assert (fake.users[0]["name"], fake.tokens[1]["name"], len(fake.logins)) == ("Ada", "t", 1)


def test_a_reset_keeps_the_served_spec(open_client: OpenClient) -> None:
    fake = FakeIAM(1, spec=build_spec(drop_property("UserPublic", "lang")))
    client = open_client(fake)
    fake.reset()
    assert "lang" not in client.get("/iam/users/1").json()


def test_a_login_works_with_another_spec(open_client: OpenClient) -> None:
    fake = FakeIAM(1, spec=build_spec(change_schema("Token", properties={"kind": TEXT}, required=["kind"])))
    body = {"username": fake.users[0]["email"], "password": PASSWORD}
    assert open_client(fake).post("/iam/auth/jwt/login", json=body).json()["kind"] == "example"


# --- values ----------------------------------------------------------------------------------------------------------

PERSON = {"type": "object", "required": ["id"], "properties": {"id": NUMBER, "name": TEXT}}
TEAM = {"type": "object", "required": ["people"], "properties": {"people": {"type": "array", "items": PERSON}}}


@pytest.mark.parametrize(
    ("schema", "value", "fitted"),
    [
        (PERSON, {"id": 7, "name": "n"}, {"id": 7, "name": "n"}),
        (PERSON, {"id": 7, "extra": 1}, {"id": 7}),
        (PERSON, {"name": "n"}, {"name": "n", "id": 1}),
        (PERSON, {"id": "7", "name": 8}, {"id": 1, "name": "example"}),
        (PERSON, {"id": None, "name": None}, {"id": 1}),
        (PERSON, "wrong", {"id": 1, "name": "example"}),
        (TEAM, {"people": [{"id": 7, "x": 1}, {}]}, {"people": [{"id": 7}, {"id": 1}]}),
        ({"allOf": [PERSON, {"required": ["name"]}]}, {"id": 7}, {"id": 7, "name": "example"}),
        ({"type": "object"}, {"any": 1}, {"any": 1}),
        ({"type": "object", "additionalProperties": TEXT}, {"a": "b", "c": 1}, {"a": "b", "c": "example"}),
        ({"type": "object", "additionalProperties": False}, {"a": "b"}, {}),
        ({"properties": {"a": TEXT}, "additionalProperties": True}, {"a": "b", "c": 1}, {"a": "b", "c": 1}),
        ({"properties": {"a": True}}, {"a": 5, "c": 1}, {"a": 5}),
        ({"oneOf": [TEAM, PERSON]}, {"id": 7}, {"id": 7}),
        ({"oneOf": [{"type": "array", "items": PERSON}, PERSON]}, [{"id": 7, "x": 1}], [{"id": 7}]),
        ({"anyOf": [{"type": "object", "properties": {"a": TEXT}}, PERSON]}, {"id": 7}, {"id": 7}),
        ({"anyOf": [TEXT, NUMBER]}, 7, 7),
        ({"oneOf": [{"not": {}}, NUMBER]}, 7, 7),
        ({"oneOf": [{"required": ["k"]}, {"required": ["id"]}], **PERSON}, {"id": 7}, {"id": 7}),
        ({"type": ["string", "null"]}, None, None),
        ({"enum": ["a"]}, "b", "a"),
    ],
)  # fmt: skip
def test_a_value_is_fitted_to_a_schema(schema: Document, value: Any, fitted: Any) -> None:
    assert fit(get_own_contract().schemas, schema, value) == fitted


def test_a_value_that_cannot_be_fitted_is_an_error() -> None:
    with pytest.raises(NoExampleError):
        fit(get_own_contract().schemas, {"oneOf": [{"not": {}}]}, 7)
