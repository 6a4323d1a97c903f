"""Users that a test seeds, the clock, and the other arguments of FakeIAM."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from gcore_iam.testing import Clock, FakeIAM

from .support import NOW


def get(fake: FakeIAM, path: str, **headers: str) -> httpx.Response:
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:
        return client.get(path, headers={"Authorization": f"APIKey {fake.api_key}", **headers})


def test_names_and_addresses_that_are_left_out_are_generated() -> None:
    generated = FakeIAM(3, seed=4).users
    given = FakeIAM([{"name": "Ada"}, {}, {"email": "c@example.com", "lang": "az"}], seed=4).users
    assert [user["name"] for user in given] == ["Ada", generated[1]["name"], generated[2]["name"]]
    assert [user["email"] for user in given] == [generated[0]["email"], generated[1]["email"], "c@example.com"]
    assert [user["lang"] for user in given] == [generated[0]["lang"], generated[1]["lang"], "az"]


@pytest.mark.parametrize("seed", range(4))
def test_a_user_without_settings_can_sign_in(seed: int) -> None:
    fake = FakeIAM([{} for _ in range(30)], seed=seed)
    for user in fake.users:
        assert (user["activated"], user["two_fa"], user["is_active"], user["user_type"]) == (
            True,
            False,
            True,
            "common",
        )
        assert (user["auth_types"], len(user["client_and_roles"])) == (["password"], 1)
        assert user["groups"][0]["id"] == (1 if user["id"] == 1 else 2)
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:
        for user in fake.users:
            body = {"username": user["email"], "password": "correct-horse-battery"}
            assert client.post("/iam/auth/jwt/login", json=body).status_code == 200


@pytest.mark.parametrize("change", [{"auth_types": ["sso"]}, {"activated": False}, {"is_active": False}])
def test_a_password_alone_opens_nothing(change: dict[str, Any]) -> None:
    fake = FakeIAM([{"email": "a@example.com", "password": "own", **change}])
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:
        body = {"username": "a@example.com", "password": "own"}
        assert client.post("/iam/auth/jwt/login", json=body).status_code == 400


@pytest.mark.parametrize("seed", [0, 5])
def test_the_users_of_one_fake_seed_another(seed: int) -> None:
    users = FakeIAM(60, seed=seed).users
    assert FakeIAM(json.loads(json.dumps(users))).users == users
    assert FakeIAM(iter(users)).users == users


def test_the_key_belongs_to_the_first_user() -> None:
    fake = FakeIAM([{"id": 70, "groups": [{"name": "Users"}]}, {"id": 3}])
    assert get(fake, "/iam/clients/me").json()["currentUser"] == 70
    assert get(fake, "/iam/activity_log/logins").status_code == 403
    (token,) = fake.tokens
    assert (token["client_user"]["user_id"], token["client_user"]["role"]["name"]) == (70, "Users")


def test_ids_and_order_are_as_given() -> None:
    fake = FakeIAM([{"id": 9}, {"id": 4}, {}])
    assert [user["id"] for user in fake.users] == [9, 4, 1]
    assert get(fake, "/iam/users/4").json()["id"] == 4
    assert [user["id"] for user in FakeIAM([{"id": 2}, {}, {}, {"id": 1}]).users] == [2, 3, 4, 1]


def test_passwords() -> None:
    signs_in = {"activated": True, "is_active": True, "two_fa": False, "auth_types": ["password"]}
    fake = FakeIAM(
        [
            {**signs_in, "email": "a@example.com"},
            {**signs_in, "email": "b@example.com", "password": "own"},
            {**signs_in, "email": "c@example.com", "password": None},
        ],
        password="common",
    )
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:

        def status(name: str, password: str) -> int:
            body = {"username": f"{name}@example.com", "password": password}
            return client.post("/iam/auth/jwt/login", json=body).status_code

        assert [status(*pair) for pair in (("a", "common"), ("b", "own"), ("b", "common"))] == [200, 200, 400]
        assert status("c", "common") == 400
    assert "password" not in fake.users[1]
    assert "own" not in repr(fake)


def test_other_accounts_come_with_their_users() -> None:
    entries = [
        {"client_id": 1001, "client_company_name": "Example Widgets Ltd", "user_id": 1, "user_roles": ["1"]},
        {"client_id": 31, "client_company_name": "Third", "user_id": 1, "user_roles": ["5"]},
    ]
    fake = FakeIAM([{"client_and_roles": entries}])
    assert fake.accounts[31] == "Third"
    assert [entry["client_company_name"] for entry in fake.users[0]["client_and_roles"]] == [
        "Example Widgets Ltd",
        "Third",
    ]


ENTRY = {"client_id": 1001, "client_company_name": "Example Widgets Ltd", "user_id": 1, "user_roles": ["1"]}


@pytest.mark.parametrize(
    ("users", "error", "hint"),
    [
        (["ada"], TypeError, r"users\[0\] must be a mapping, not str"),
        ([{}, 7], TypeError, r"users\[1\] must be a mapping, not int"),
        ([{"name": NOW}], TypeError, r"users\[0\]\['name'\] is a datetime, for which JSON has no form"),
        ([{"groups": [{"id": {1}}]}], TypeError, r"users\[0\]\['groups'\]\[0\]\['id'\] is a set"),
        ([{"name": b"x"}], TypeError, "bytes"),
        ([{("a",): 1}], TypeError, r"a key of users\[0\] is a tuple"),
        ([{"id": float("nan")}], ValueError, r"users\[0\] cannot be written as JSON"),
        ([{"name": "\ud800"}], ValueError, r"users\[0\] cannot be written as JSON"),
        ([{"nmae": "Ada"}], ValueError, r"users\[0\] has an unknown key 'nmae'; known are activated, "),
        ([{}, {"lang": "fr"}], ValueError, r"users\[1\].lang: Must be one of de, en, ru, zh, az."),
        ([{"id": "7"}], ValueError, r"users\[0\].id: Must be a whole number."),
        ([{"email": "nobody"}], ValueError, r"users\[0\].email: Must be an email address."),
        ([{"name": 7}], ValueError, r"users\[0\].name: Must be a text or null."),
        ([{"password": 7}], ValueError, r"users\[0\].password must be a text that is not empty, or null"),
        ([{"password": ""}], ValueError, "not empty"),
        ([{"id": 0}], ValueError, r"users\[0\].id must be 1 or more"),
        ([{"id": 10**18}], ValueError, "or less"),
        ([{"id": 7.0}], TypeError, r"users\[0\].id must be an integer, not float"),
        ([{"company": "Other"}], ValueError, r"users\[0\].company is 'Example Widgets Ltd' for all users"),
        ([{"client": 5}], ValueError, "leave it out"),
        ([{"sso_auth": True, "auth_types": ["password"]}], ValueError, "sso_auth follows from auth_types"),
        ([{"groups": []}], ValueError, r"users\[0\].groups must hold one role"),
        ([{"groups": [{"id": 77}]}], ValueError, r"users\[0\].groups must hold one role"),
        ([{"client_and_roles": []}], ValueError, "must begin with the fake's account, 1001"),
        ([{"client_and_roles": [{**ENTRY, "user_roles": ["x"]}]}], ValueError, "must hold one role"),
        ([{"client_and_roles": [{**ENTRY, "user_roles": ["1", "2"]}]}], ValueError, "must hold one role"),
        (
            [{"client_and_roles": [{**ENTRY, "client_company_name": "C"}]}],
            ValueError,
            "1001 is called 'Example Widgets",
        ),
        ([{"client_and_roles": [ENTRY, {**ENTRY, "client_id": 5, "client_company_name": ""}]}], ValueError, "empty"),
        ([{"client_and_roles": [ENTRY, {**ENTRY, "client_id": -5}]}], ValueError, "client_id must be 1 or more"),
        ([{"client_and_roles": [ENTRY], "groups": [{"id": 2}]}], ValueError, "different things"),
        ([{"id": 1_000_000_001}], ValueError, "the other account's administrator"),
        ([{"email": "Outsider@example.net"}], ValueError, "the other account's administrator"),
        ([{"client_and_roles": [{**ENTRY, "user_id": 77}]}], ValueError, "user_id must be the user's own id, 1"),
        ([{"client_and_roles": [ENTRY, ENTRY]}], ValueError, "names account 1001 twice"),
        ([{"zz": 1, "aa": 2}], ValueError, "unknown key 'aa'"),
        ([{"id": 5}, {"id": 5}], ValueError, r"users\[1\] has the same id as users\[0\]: 5"),
        ([{"email": "a@example.com"}, {"email": "A@example.com"}], ValueError, "same email"),
        ({"name": "Ada"}, TypeError, "users must be an integer, or mappings in a list, not dict"),
    ],
)
def test_users_that_contradict_the_spec_are_rejected(users: Any, error: type[Exception], hint: str) -> None:
    with pytest.raises(error, match=hint):
        FakeIAM(users)


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        ({"logins": -1}, ValueError, "logins must be 0 or more"),
        ({"logins": 1.5}, TypeError, "logins must be an integer"),
        ({"password": ""}, ValueError, "password must not be empty"),
        ({"password": b"secret"}, TypeError, "password must be a string"),
        ({"clock": NOW}, TypeError, "clock must be a Clock, not datetime"),
    ],
)
def test_other_bad_arguments(arguments: dict[str, Any], error: type[Exception], hint: str) -> None:
    with pytest.raises(error, match=hint) as caught:
        FakeIAM(**arguments)
    assert "secret" not in str(caught.value)


def test_bad_arguments_of_methods() -> None:
    fake = FakeIAM(1)
    with pytest.raises(LookupError, match="no user 7"):
        fake.one_time_password(7)
    with pytest.raises(TypeError, match="user_id must be an integer"):
        fake.one_time_password("1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"email must be an Email, such as fake.outbox\[-1\], not str"):
        fake.follow("ada@example.com", "p")  # type: ignore[arg-type]


# --- the past ------------------------------------------------------------------------------------------------------


def test_logins_of_the_past() -> None:
    fake = FakeIAM(20, logins=200)
    logins = fake.logins
    assert len(logins) == 200
    assert [login["login_at"] for login in logins] == sorted((login["login_at"] for login in logins), reverse=True)
    assert {login["user"] for login in logins} <= {user["id"] for user in fake.users}
    assert {login["is_successful"] for login in logins} == {True, False}
    assert {login["auth_type"] for login in logins} == {"PASSWORD", "OAUTH", "SSO"}
    assert FakeIAM(20, logins=200).logins == logins
    assert FakeIAM(20, logins=200, seed=1).logins != logins
    assert FakeIAM(20, logins=50).logins == logins[:50]
    assert FakeIAM(0).logins == ()


# --- the clock -----------------------------------------------------------------------------------------------------


def test_a_clock_that_stands_until_it_is_advanced() -> None:
    clock = Clock(NOW.astimezone(timezone(timedelta(hours=5))))
    assert clock.now() == NOW
    assert clock.now().tzinfo is UTC
    clock.advance(hours=2)
    clock.advance(timedelta(hours=12), days=0.5, minutes=1, seconds=0.5)
    assert clock.now() == NOW + timedelta(days=1, hours=2, minutes=1, seconds=0.5)


def test_a_copy_of_a_clock_goes_on_from_its_time() -> None:
    clock = Clock(NOW)
    clock.advance(hours=2)
    copied = copy.deepcopy(clock)
    clock.advance(hours=1)
    assert copied.now() == NOW + timedelta(hours=2)


def test_a_clock_shows_what_time_it_is() -> None:
    assert repr(Clock(NOW)) == "Clock(stands at 2026-03-01T12:00:00+00:00)"
    assert repr(Clock()).startswith("Clock(goes at 20")


@pytest.mark.parametrize("arguments", [(5,), (NOW,), (None,)])
def test_a_step_has_a_unit(arguments: Any) -> None:
    with pytest.raises(TypeError, match="advance"):
        Clock(NOW).advance(*arguments)
    with pytest.raises(TypeError, match="hours must be a number, not str"):
        Clock(NOW).advance(hours="1")  # type: ignore[arg-type]


def test_a_clock_that_goes_with_the_systems() -> None:
    clock = FakeIAM(1).clock
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    clock.advance(hours=2)
    assert abs(clock.now() - datetime.now(UTC) - timedelta(hours=2)) < timedelta(seconds=5)


def test_one_clock_for_several_fakes() -> None:
    clock = Clock(NOW)
    assert FakeIAM(1, clock=clock).clock is FakeIAM(2, clock=clock).clock is clock


@pytest.mark.parametrize(
    "step", [{"seconds": -1}, {"hours": 1, "minutes": -61}, {"hours": float("nan")}, {"hours": 1e30}, {"days": 4e6}]
)
def test_a_clock_goes_forward_only(step: dict[str, float]) -> None:
    clock = Clock(NOW)
    with pytest.raises(ValueError, match="clock"):
        clock.advance(**step)  # type: ignore[arg-type]
    assert clock.now() == NOW


def test_a_start_without_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Clock(datetime(2026, 1, 1))
    with pytest.raises(TypeError, match="datetime"):
        Clock("2026-01-01")  # type: ignore[arg-type]
