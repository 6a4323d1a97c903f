"""The control paths of a served fake: programs in any language inject faults, and read and reset the state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gcore_iam.testing import Clock, FakeIAM, Status
from gcore_iam.testing.faults import FAULTS

from .support import NOW, authorize

pytestmark = pytest.mark.fake_iam(3, clock=Clock(NOW))


@pytest.fixture
def control(fake: FakeIAM) -> Iterator[httpx.Client]:
    """A client of the control paths, without any credentials."""
    with fake.serve(control=True) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def get_user(control: httpx.Client, fake: FakeIAM) -> httpx.Response:
    return control.get("/iam/users/1", headers=authorize(fake))


def message(response: httpx.Response) -> str:
    assert response.status_code == 400, response.text
    return str(response.json()["message"])


@pytest.mark.parametrize("path", ["/_fake/", "/_fake/state", "/_fake/faults", "/_fake"])
def test_without_control_the_paths_do_not_exist(fake: FakeIAM, url: str, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert httpx.request(method, url + path, headers=authorize(fake), trust_env=False).status_code == 404
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:
        assert client.get(path).status_code == 404


def test_control_must_be_a_bool(fake: FakeIAM) -> None:
    with pytest.raises(TypeError, match="control must be a bool, not str"):
        fake.serve(control="yes")  # type: ignore[arg-type]


def test_the_index_lists_every_path(control: httpx.Client) -> None:
    for line in control.get("/_fake/").json()["paths"]:
        method, path = line.split()
        response = control.request(method, path.replace("{id}", "1"), content=b"" if method == "GET" else b"{}")
        assert response.status_code not in (404, 405), line


def test_the_index_lists_every_fault_with_its_arguments(control: httpx.Client) -> None:
    faults = control.get("/_fake/").json()["faults"]
    assert sorted(faults) == sorted(FAULTS)
    assert sorted(faults["Status"]) == ["after_work", "retry_after", "status"]
    assert faults["HTML"] == []


def test_an_unknown_control_path_is_a_404(control: httpx.Client) -> None:
    response = control.get("/_fake/nothing")
    assert response.status_code == 404
    assert response.json()["message"] == "There is no such control path; GET /_fake/ lists them."
    wrong_method = control.post("/_fake/state")
    assert (wrong_method.status_code, wrong_method.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "headers", [{"Host": "attacker.example"}, {"Host": "fake:80"}, {"Origin": "https://attacker.example"}, {"Host": ""}]
)
def test_a_request_of_a_web_page_is_rejected(control: httpx.Client, headers: dict[str, str]) -> None:
    response = control.post("/_fake/reset", headers=headers)
    assert response.status_code in (400, 403)
    assert control.get("/_fake/state", headers=headers).status_code in (400, 403)


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1", "[::1]:80"])
def test_a_loopback_name_is_accepted(control: httpx.Client, host: str) -> None:
    assert control.get("/_fake/calls", headers={"Host": host}).status_code == 200


# --- faults --------------------------------------------------------------------------------------------------------


def test_an_injected_fault_happens_and_is_gone(control: httpx.Client, fake: FakeIAM) -> None:
    fault = {
        "faults": [{"fault": "Status", "status": 429, "retry_after": 2}],
        "times": 2,
        "path": "/iam/users/{userId}",
    }
    added = control.post("/_fake/faults", json=fault)
    assert added.status_code == 201
    waiting = {"method": None, "after": 0, **fault, "faults": [{**fault["faults"][0], "after_work": False}]}  # type: ignore[index]
    assert added.json() == {"waiting": [waiting], "errors": []}
    responses = [get_user(control, fake) for _ in range(3)]
    assert [response.status_code for response in responses] == [429, 429, 200]
    assert responses[0].headers["Retry-After"] == "2"
    assert control.get("/_fake/faults").json() == {"waiting": [], "errors": []}


def test_every_fault_can_be_injected_and_listed(control: httpx.Client, fake: FakeIAM) -> None:
    faults: list[dict[str, Any]] = [
        {"fault": "Status", "status": 503, "retry_after": "2026-03-01T12:01:00Z", "after_work": True},
        {"fault": "Reset"},
        {"fault": "Hang"},
        {"fault": "Delay", "seconds": 0.5},
        {"fault": "Truncate", "keep": 3, "announced": True},
        {"fault": "HTML"},
        {"fault": "EmptyBody"},
        {"fault": "NotUTF8"},
        {"fault": "ContentType", "value": "text/plain"},
        {"fault": "UnknownEnum", "field": "lang", "value": "fr"},
        {"fault": "Null", "field": "lang"},
        {"fault": "Missing", "field": "lang"},
        {"fault": "ExtraField", "field": "new", "value": {"any": [1]}},
        {"fault": "DeleteUser", "position": 0},
        {"fault": "InsertUser", "position": 0},
    ]
    replaced = control.put("/_fake/faults", json=[{"faults": [fault]} for fault in faults])
    assert replaced.status_code == 200
    listed = [queued["faults"][0] for queued in replaced.json()["waiting"]]
    assert [one["fault"] for one in listed] == [fault["fault"] for fault in faults]
    again = control.put("/_fake/faults", json=replaced.json()["waiting"])
    assert again.json() == replaced.json()
    assert len(fake.faults) == len(faults)
    assert control.delete("/_fake/faults").status_code == 204
    assert fake.faults == ()


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (None, "the body must be an object with a list `faults`, not NoneType"),
        ([], "the body must be an object with a list `faults`, not list"),
        ({}, "name at least one fault"),
        ({"faults": {}}, "the body: faults must be a list, not dict"),
        ({"faults": ["Reset"]}, "faults[0] must be an object with the key `fault`, not str"),
        ({"faults": [{}]}, "faults[0].fault must be one of ContentType, Delay, "),
        ({"faults": [{"fault": "Boom"}]}, "not 'Boom'"),
        ({"faults": [{"fault": ["Reset"]}]}, "faults[0].fault must be one of"),
        ({"faults": [{"fault": "Status"}]}, "faults[0]: Status needs 'status'"),
        ({"faults": [{"fault": "Status", "code": 5}]}, "Status has no argument 'code'; it has after_work, status"),
        ({"faults": [{"fault": "HTML", "x": 1}]}, "HTML has no argument 'x'; it has none"),
        ({"faults": [{"fault": "Status", "status": 99}]}, "faults[0]: status must be 200 or more, not 99"),
        (
            {"faults": [{"fault": "Status", "status": 503, "retry_after": "soon"}]},
            "faults[0]: retry_after must be seconds",
        ),
        ({"faults": [{"fault": "Reset"}], "times": 0}, "times must be 1 or more"),
        ({"faults": [{"fault": "Reset"}], "path": "/nowhere"}, "leads to no operation"),
        ({"faults": [{"fault": "Reset"}], "method": 7}, "method must be one of"),
        (
            {"faults": [{"fault": "Reset"}], "time": 1},
            "unknown key 'time'; known are faults, method, path, times, after",
        ),
        ({"faults": [{"fault": "Reset"}, {"fault": "HTML"}]}, "leaves nothing of what HTML() does"),
    ],
)
def test_a_wrong_fault_is_a_400_that_says_why(control: httpx.Client, fake: FakeIAM, body: Any, hint: str) -> None:
    assert hint in message(control.post("/_fake/faults", json=body))
    assert fake.faults == ()


def test_a_wrong_list_of_faults_replaces_nothing(control: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(Status(503))
    assert "the body[1]" in message(control.put("/_fake/faults", json=[{"faults": [{"fault": "Reset"}]}, 7]))
    assert "a list of faults to inject" in message(control.put("/_fake/faults", json={}))
    nowhere = {"faults": [{"fault": "Reset"}], "path": "/nowhere"}
    assert "leads to no operation" in message(control.put("/_fake/faults", json=[nowhere]))
    assert [queued.faults for queued in fake.faults] == [(Status(503),)]


def test_a_body_that_is_not_json_is_a_400(control: httpx.Client) -> None:
    for content in (b"{", b"\xff", b"[" * 100_000):
        assert message(control.post("/_fake/faults", content=content)) == "The body is not JSON."


def test_a_fault_that_did_not_fit_is_listed_until_reset(fake: FakeIAM) -> None:
    with fake.serve(control=True) as url, httpx.Client(base_url=url, trust_env=False) as control:
        control.post("/_fake/faults", json={"faults": [{"fault": "Null", "field": "nothing"}]})
        assert get_user(control, fake).status_code == 500
        expected = ["Null finds no 'nothing' in the response 200"]
        assert control.get("/_fake/faults").json()["errors"] == expected
        assert control.post("/_fake/reset").status_code == 204
        assert control.get("/_fake/faults").json()["errors"] == []


# --- state ---------------------------------------------------------------------------------------------------------


def test_calls_and_requests_are_listed_without_secrets(control: httpx.Client, fake: FakeIAM) -> None:
    get_user(control, fake)
    control.get("/iam/users?limit=2", headers=authorize(fake))
    assert control.get("/_fake/calls").json() == {"iamGetUser": 1, "iamGetUsers": 1}
    response = control.get("/_fake/requests")
    assert [(seen["operation"], seen["status"]) for seen in response.json()] == [
        ("iamGetUser", 200),
        ("iamGetUsers", 200),
    ]
    assert response.json()[1]["query"] == {"limit": "2"}
    assert fake.api_key not in response.text
    assert len(fake.requests) == 2
    assert fake.peak_concurrency == 1


def test_the_state_is_what_the_properties_give(control: httpx.Client, fake: FakeIAM) -> None:
    control.post("/iam/auth/password/forgot", json={"email": fake.users[0]["email"]}, headers=authorize(fake))
    response = control.get("/_fake/state")
    state = response.json()
    assert state["users"] == list(fake.users)
    assert state["tokens"] == list(fake.tokens)
    assert state["logins"] == list(fake.logins)
    assert (state["account_id"], state["now"]) == (1001, NOW.isoformat())
    assert state["accounts"]["1001"] == fake.accounts[1001]
    assert [(email["kind"], email["user_id"]) for email in state["emails"]] == [("password recovery", 1)]
    assert str(fake.outbox[0].link) not in response.text
    assert fake.api_key not in response.text


def test_reset_starts_again(control: httpx.Client, fake: FakeIAM) -> None:
    before = fake.users
    control.patch("/iam/users/1", json={"name": "Renamed"}, headers=authorize(fake))
    control.post("/_fake/faults", json={"faults": [{"fault": "Status", "status": 503}]})
    assert fake.users != before
    assert control.post("/_fake/reset").status_code == 204
    assert (fake.users, fake.faults, fake.requests, fake.calls) == (before, (), (), {})
    assert get_user(control, fake).status_code == 200


def test_the_clock_advances(control: httpx.Client, fake: FakeIAM) -> None:
    assert control.post("/_fake/clock", json={"seconds": 3600}).json() == {"now": "2026-03-01T13:00:00+00:00"}
    assert "0 or more" in message(control.post("/_fake/clock", json={"seconds": -1}))
    assert "the body needs 'seconds'" in message(control.post("/_fake/clock", json={}))
    assert "the body must be an object" in message(control.post("/_fake/clock"))
    assert fake.clock.now().hour == 13


def test_an_email_link_and_a_one_time_code(control: httpx.Client, fake: FakeIAM) -> None:
    address = fake.users[0]["email"]
    control.post("/iam/auth/password/forgot", json={"email": address}, headers=authorize(fake))
    assert "there is no email 1; 1 were sent" in message(
        control.post("/_fake/follow", json={"email": 1, "password": "new password"})
    )
    assert control.post("/_fake/follow", json={"email": 0, "password": "new password"}).status_code == 204
    login = control.post("/iam/auth/jwt/login", json={"username": address, "password": "new password"})
    assert login.status_code == 200
    code = control.get("/_fake/users/1/one_time_password").json()["one_time_password"]
    assert code == fake.one_time_password(1)
    assert "there is no user 77" in message(control.get("/_fake/users/77/one_time_password"))


def test_reset_in_process_keeps_clients_working(fake: FakeIAM) -> None:
    with httpx.Client(base_url="http://fake", transport=fake.transport(), headers=authorize(fake)) as client:
        client.patch("/iam/users/1", json={"name": "Renamed"})
        fake.reset()
        assert client.get("/iam/users/1").json()["name"] == fake.users[0]["name"] != "Renamed"
        assert fake.calls == {"iamGetUser": 1}
