"""FakeIAM after an update of the spec: new operations and new required properties.

The vendored spec changes, and these tests hold for its versions. If one no longer has what a test needs, `get_json` and
`find_component` say what to do.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from gcore_iam.testing import FakeIAM, Status
from gcore_iam.testing.contract import get_own_contract
from gcore_iam.testing.gaps import find_gaps
from gcore_iam_client.description import DESCRIPTION

from .support import OpenClient, authorize

Grow = Callable[[Callable[[dict[str, Any]], None]], None]

ROLE = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": {"type": "integer", "minimum": 1}, "name": {"enum": ["Users"]}},
}
ROLES = {"type": "array", "items": ROLE}


def describe_json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def get_json(client: httpx.Client, path: str) -> Any:
    """The body of a response of an operation that the vendored spec has."""
    response = client.get(path)
    advice = "send here what the spec requires now, or adapt the handler in overlay/gcore_iam/testing/operations"
    assert response.status_code == 200, f"GET {path} fails: {response.text}; {advice}"
    return response.json()


def find_component(document: dict[str, Any], name: str) -> dict[str, Any]:
    """A component that has properties."""
    found: dict[str, Any] = document["components"]["schemas"].get(name, {})
    assert "properties" in found, f"the spec has no object {name} any more; name its successor in {__file__}"
    return found


def require_less(document: dict[str, Any]) -> None:
    """Make parameters of the vendored spec optional, except those of paths, so that requests need none."""
    operations = [found for item in document["paths"].values() for found in item.values() if isinstance(found, dict)]
    listed = [parameter for found in operations for parameter in found.get("parameters", ())]
    for parameter in [*listed, *document["components"].get("parameters", {}).values()]:
        if parameter.get("in") != "path":
            parameter.pop("required", None)


@pytest.fixture
def grow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Grow]:
    """Changes the spec of the fake for one test."""

    def grow(change: Callable[[dict[str, Any]], None]) -> None:
        document = copy.deepcopy(DESCRIPTION)
        require_less(document)
        change(document)
        for key, value in document.items():
            monkeypatch.setitem(DESCRIPTION, key, value)
        get_own_contract.cache_clear()

    yield grow
    monkeypatch.undo()
    get_own_contract.cache_clear()


def add_operation(
    path: str, responses: dict[str, Any], method: str = "get", **spec: Any
) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        document["paths"].setdefault(path, {})[method] = {"operationId": "iamNew", "responses": responses, **spec}

    return change


def require_property(component: str, name: str, schema: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        found = find_component(document, component)
        found["properties"][name] = schema
        found["required"] = [*found.get("required", ()), name]

    return change


def test_a_new_operation_responds_with_an_example(grow: Grow, open_client: OpenClient) -> None:
    grow(add_operation("/iam/new-roles", {"200": describe_json(ROLES)}))
    client = open_client(FakeIAM(1))
    response = client.get("/iam/new-roles")
    assert (response.status_code, response.json()) == (200, [{"id": 1, "name": "Users"}])
    assert client.get("/iam/new-roles", headers={"Authorization": "APIKey wrong"}).status_code == 401
    assert client.post("/iam/new-roles").status_code == 405


def test_a_new_operation_without_an_example_is_a_501(grow: Grow, open_client: OpenClient) -> None:
    grow(add_operation("/iam/report", {"200": {"content": {"text/csv": {}}}}))
    response = open_client(FakeIAM(1)).get("/iam/report")
    assert response.status_code == 501
    assert response.json() == {
        "message": "FakeIAM has no handler for iamNew, and the spec gives no example of a response."
    }


def test_a_new_operation_checks_its_request(grow: Grow, open_client: OpenClient) -> None:
    body = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    parameters = [
        {"name": "size", "in": "query", "required": True, "schema": {"type": "integer"}},
        {"name": "slug", "in": "path", "required": True, "schema": {"type": "string"}},
    ]
    request_body = {**describe_json(body), "required": True}
    grow(add_operation("/iam/groups/{slug}", {"204": {}}, "post", requestBody=request_body, parameters=parameters))
    client = open_client(FakeIAM(1))
    assert client.post("/iam/groups/a-name?size=1", json={"name": "n"}).status_code == 204
    assert client.post("/iam/groups/a-name", json={}).json() == {
        "errors": {"size": ["Value is missing."], "name": ["Value is missing."]}
    }
    assert client.post("/iam/groups/a-name?size=1", content=b"x").status_code == 415


def test_an_optional_body_and_a_list_as_body(grow: Grow, open_client: OpenClient) -> None:
    grow(add_operation("/iam/ids", {"204": {}}, "post", requestBody=describe_json({"type": "array", "minItems": 1})))
    client = open_client(FakeIAM(1))
    assert client.post("/iam/ids").status_code == 204
    assert client.post("/iam/ids", json=[1]).status_code == 204
    assert client.post("/iam/ids", json=[]).status_code == 400


def test_a_fixed_path_wins_over_a_template(grow: Grow, open_client: OpenClient) -> None:
    grow(add_operation("/iam/users/me", {"200": describe_json({"const": "me"})}))
    client = open_client(FakeIAM(1))
    assert client.get("/iam/users/me").json() == "me"
    assert get_json(client, "/iam/users/1") != "me"


def test_parameters_and_prose_of_a_path_are_no_operations(grow: Grow, open_client: OpenClient) -> None:
    def change(document: dict[str, Any]) -> None:
        add_operation("/iam/things/{thing}.json", {"204": {}})(document)
        shared = [{"name": "thing", "in": "path", "required": True, "schema": {"type": "integer"}}]
        document["paths"]["/iam/things/{thing}.json"] |= {"parameters": shared, "servers": [], "summary": "s"}

    grow(change)
    client = open_client(FakeIAM(1))
    assert client.get("/iam/things/7.json").status_code == 204
    assert client.get("/iam/things/x.json").status_code == 404


def test_an_open_operation_needs_no_key(grow: Grow, open_client: OpenClient) -> None:
    grow(add_operation("/iam/open", {"204": {}}, security=[{"APIKey": []}, {}]))
    assert open_client(FakeIAM(1)).get("/iam/open", headers={"Authorization": ""}).status_code == 204


def test_faults_apply_to_a_new_operation(grow: Grow, open_client: OpenClient) -> None:
    grow(add_operation("/iam/groups/{slug}", {"204": {}}))
    fake = FakeIAM(1)
    fake.inject(Status(503), path="/iam/groups/{slug}")
    fake.inject(Status(502), path="/iam/groups/a-name")
    client = open_client(fake)
    assert [client.get("/iam/groups/a-name").status_code for _ in range(3)] == [503, 502, 204]
    assert fake.calls["iamNew"] == 3


def test_a_new_required_property_has_an_example(grow: Grow, open_client: OpenClient) -> None:
    grow(require_property("User", "created_at", {"type": "string", "format": "date-time"}))
    fake = FakeIAM(2)
    client = open_client(fake)
    assert [user["created_at"] for user in get_json(client, "/iam/users")] == ["2026-01-01T00:00:00Z"] * 2
    assert json.dumps(get_json(client, "/iam/users?limit=1")).count('"created_at": "2026-01-01T00:00:00Z"') == 1
    assert get_json(client, "/iam/users") == list(fake.users)


def test_a_seeded_value_of_a_new_property_is_kept(grow: Grow, open_client: OpenClient) -> None:
    grow(require_property("User", "rank", {"type": "integer"}))
    fake = FakeIAM([{"rank": 42}, {}])
    assert [user["rank"] for user in get_json(open_client(fake), "/iam/users")] == [42, 1]
    assert "rank" not in get_json(open_client(fake), "/iam/users/1")
    assert FakeIAM([{"rank": user["rank"]} for user in fake.users]).users == fake.users


def test_a_new_property_deep_in_a_response_is_added(grow: Grow, open_client: OpenClient) -> None:
    grow(require_property("LastLoginTimeItem", "kind", {"const": "token"}))
    assert '"kind": "token"' in json.dumps(get_json(open_client(FakeIAM(1)), "/iam/activity_log/logins"))


def test_gaps_name_the_operation_and_the_place(grow: Grow) -> None:
    before = find_gaps()

    def change(document: dict[str, Any]) -> None:
        add_operation("/iam/new-roles", {"200": describe_json(ROLES)})(document)
        require_property("LastLoginTimeItem", "country", {"type": "string"})(document)
        document["paths"] = {path: item for path, item in document["paths"].items() if path != "/iam/clients/me"}

    grow(change)
    folder = "overlay/gcore_iam/testing"
    property_gap, operation_gap, removed = [gap for gap in find_gaps() if gap not in before]
    assert property_gap.startswith("FakeIAM: iamGetLastLoginTime answers ")
    advice = f"add it to get_last_login_time in {folder}/operations/account.py, or to serializers.py"
    assert property_gap.endswith(f".country from its schema only; {advice}")
    assert operation_gap == f"FakeIAM: iamNew answers from its schema only; add a handler in {folder}/operations/"
    assert removed == (
        "FakeIAM: iamGetAccountDetails has a handler, but the spec has no such operation; "
        f"remove it from {folder}/operations/"
    )


def test_an_operation_without_an_example_is_a_gap(grow: Grow) -> None:
    grow(add_operation("/iam/report", {"200": {"content": {"text/csv": {}}}}))
    (gap,) = [gap for gap in find_gaps() if "iamNew" in gap]
    assert "iamNew responds with 501, since the spec gives no example response; add a handler in" in gap


def test_a_request_that_a_newer_spec_rejects_is_completed(grow: Grow) -> None:
    grow(require_property("LoginRequest", "captcha", {"type": "string"}))
    assert [gap for gap in find_gaps() if "iamLoginUser" in gap] == []


def test_a_handler_that_contradicts_a_newer_spec_is_a_gap(grow: Grow) -> None:
    def change(document: dict[str, Any]) -> None:
        find_component(document, "UserPublic")["properties"]["name"] = {"type": "integer"}

    grow(change)
    assert any("contradicts the spec at /name; see get_user in" in gap for gap in find_gaps() if "iamGetUser " in gap)


def test_the_fixture_restores_the_spec(fake: FakeIAM) -> None:
    with httpx.Client(base_url="http://fake", transport=fake.transport(), headers=authorize(fake)) as client:
        assert client.get("/iam/new-roles").status_code == 404
