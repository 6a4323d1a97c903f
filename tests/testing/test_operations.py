"""What each operation does, and what the next call sees of it, in process and over HTTP."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from gcore_iam.testing import Clock, FakeIAM
from gcore_iam.testing.contract import get_own_contract
from gcore_iam.testing.messages import Response
from gcore_iam.testing.operation import ContractError, Operation
from gcore_iam.testing.operations import HANDLERS, Call

from .support import NOW, PASSWORD, OpenClient

Json = dict[str, Any]

COMPANIES = {1001: "Example Widgets Ltd", 2002: "Example Gadgets GmbH"}
ADMINISTRATORS, USERS, ENGINEERS, PURGE_WEB, PURGE = 1, 2, 5, 3009, 3022

MAILBOXES = ("owner", "two", "engineer", "sso", "pending", "elsewhere")
OWNER, TWO_STEP, ENGINEER, SSO, PENDING, ELSEWHERE = range(1, 7)
"""Ids of the users below."""


PLAIN = {"two_fa": False, "activated": True, "is_active": True, "auth_types": ["password"], "user_type": "common"}


def describe_user(mailbox: str, roles: dict[int, int], **rest: Any) -> Json:
    entries = [
        {
            "client_id": account,
            "client_company_name": COMPANIES[account],
            "user_id": MAILBOXES.index(mailbox) + 1,
            "user_roles": [str(role)],
        }
        for account, role in roles.items()
    ]
    return {**PLAIN, "email": f"{mailbox}@example.com", "client_and_roles": entries, **rest}


pytestmark = pytest.mark.fake_iam(
    [
        describe_user("owner", {1001: ADMINISTRATORS}, name="Owner"),
        describe_user("two", {1001: USERS}, two_fa=True),
        describe_user("engineer", {1001: ENGINEERS}),
        describe_user("sso", {1001: PURGE}, auth_types=["sso"]),
        describe_user("pending", {1001: USERS}, activated=False),
        describe_user("elsewhere", {1001: USERS, 2002: ADMINISTRATORS}),
    ],
    clock=Clock(NOW),
    logins=3,
)


def login(client: httpx.Client, email: str, password: str = PASSWORD, **rest: str) -> Json:
    body = {"username": email, "password": password, **rest}
    pair: Json = client.post("/iam/auth/jwt/login", json=body).raise_for_status().json()
    return pair


def build_bearer_header(pair: Json) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair['access']}"}


def build_key_header(token: str) -> dict[str, str]:
    return {"Authorization": f"APIKey {token}"}


def decode_claims(token: str) -> Json:
    read: Json = jwt.decode(token, options={"verify_signature": False})
    return read


def refresh(client: httpx.Client, pair: Json) -> httpx.Response:
    return client.post("/iam/auth/jwt/refresh", json={"refresh": pair["refresh"]})


def create_token(client: httpx.Client, role: Json, **rest: Any) -> httpx.Response:
    version = rest.pop("version", "/v2")
    headers = rest.pop("headers", None)
    body = {"name": "t", "exp_date": None, "client_user": {"role": role}, **rest}
    return client.post(f"/iam{version}/clients/1001/tokens", json=body, headers=headers)


def get_errors(response: httpx.Response) -> Any:
    assert response.status_code == 400
    return response.json()["errors"]


def has_message(response: httpx.Response, status: int) -> bool:
    """Whether an error response has a status and one sentence why."""
    assert response.status_code == status, response.text
    return set(response.json()) == {"message"}


# --- signing in ----------------------------------------------------------------------------------------------------


def test_login(client: httpx.Client, fake: FakeIAM) -> None:
    before = len(fake.logins)
    pair = login(client, "OWNER@example.com")
    access, refresh = decode_claims(pair["access"]), decode_claims(pair["refresh"])
    assert (access["user_id"], access["client_id"]) == (OWNER, fake.account_id)
    assert access["iat"] == refresh["iat"] == NOW.timestamp()
    assert access["exp"] - access["iat"] == 3600
    assert refresh["exp"] - refresh["iat"] == 24 * 3600
    assert jwt.get_unverified_header(pair["access"])["alg"] == "HS256"
    assert client.get("/iam/users/3", headers=build_bearer_header(pair)).json()["email"] == "engineer@example.com"
    assert len(fake.logins) == before + 1


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("owner@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("sso@example.com", PASSWORD),
        ("pending@example.com", PASSWORD),
    ],
)
def test_login_without_success(client: httpx.Client, email: str, password: str) -> None:
    response = client.post("/iam/auth/jwt/login", json={"username": email, "password": password})
    assert get_errors(response) == {"errors": ["No active account found with the given credentials."]}


def test_login_of_somebody_inactive(open_client: OpenClient) -> None:
    fake = FakeIAM([{}, {"email": "gone@example.com", "is_active": False, "password": "p"}])
    body = {"username": "gone@example.com", "password": "p"}
    assert "errors" in get_errors(open_client(fake).post("/iam/auth/jwt/login", json=body))


def test_login_in_two_steps(client: httpx.Client, fake: FakeIAM) -> None:
    body = {"username": "two@example.com", "password": PASSWORD}
    before = len(fake.logins)
    assert set(get_errors(client.post("/iam/auth/jwt/login", json=body))) == {"one_time_password"}
    assert len(fake.logins) == before
    code = fake.one_time_password(TWO_STEP)
    assert len(code) == 6
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert set(get_errors(client.post("/iam/auth/jwt/login", json={**body, "one_time_password": wrong}))) == {
        "one_time_password"
    }
    assert (len(fake.logins), fake.logins[0]["is_successful"]) == (before + 1, False)
    assert decode_claims(login(client, "two@example.com", one_time_password=code)["access"])["user_id"] == TWO_STEP
    fake.clock.advance(seconds=30)  # a code of the step before, for clocks that differ
    assert login(client, "two@example.com", one_time_password=code)
    fake.clock.advance(seconds=30)
    assert get_errors(client.post("/iam/auth/jwt/login", json={**body, "one_time_password": code}))
    assert login(client, "two@example.com", one_time_password=fake.one_time_password(TWO_STEP))


def test_a_user_without_access_cannot_refresh_for_an_account(client: httpx.Client) -> None:
    pair = login(client, "elsewhere@example.com")
    client.delete(f"/iam/clients/1001/client-users/{ELSEWHERE}").raise_for_status()
    assert has_message(refresh(client, pair), 401)
    assert has_message(client.get("/iam/users", headers=build_bearer_header(pair)), 401)


def test_ways_of_signing_in_count_at_once(client: httpx.Client, fake: FakeIAM) -> None:
    client.patch(f"/iam/users/{ENGINEER}", json={"auth_types": ["sso"]}).raise_for_status()
    body = {"username": "engineer@example.com", "password": PASSWORD}
    assert "errors" in get_errors(client.post("/iam/auth/jwt/login", json=body))
    client.post("/iam/auth/password/forgot", json={"email": "engineer@example.com"}).raise_for_status()
    assert fake.outbox == ()


def test_an_access_token_lives_an_hour(client: httpx.Client, fake: FakeIAM) -> None:
    pair = login(client, "owner@example.com")
    fake.clock.advance(seconds=3599)
    assert client.get("/iam/users", headers=build_bearer_header(pair)).status_code == 200
    fake.clock.advance(seconds=1)
    assert has_message(client.get("/iam/users", headers=build_bearer_header(pair)), 401)


def test_refresh(client: httpx.Client, fake: FakeIAM) -> None:
    first = login(client, "owner@example.com")
    fake.clock.advance(hours=23, minutes=59)
    second = refresh(client, first).raise_for_status().json()
    assert set(second) == {"access", "refresh"}
    assert client.get("/iam/users", headers=build_bearer_header(second)).status_code == 200
    fake.clock.advance(hours=24)
    assert has_message(refresh(client, second), 401)


def test_a_refresh_token_used_twice_ends_its_session(client: httpx.Client) -> None:
    first, other = login(client, "owner@example.com"), login(client, "owner@example.com")
    second = refresh(client, first).json()
    third = refresh(client, second).json()
    assert has_message(refresh(client, first), 401)
    assert has_message(refresh(client, third), 401)
    assert refresh(client, other).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\u00e9"])
def test_a_refresh_token_that_is_none(client: httpx.Client, token: str) -> None:
    assert has_message(refresh(client, {"refresh": token}), 401)


def test_access_and_refresh_tokens_are_not_interchangeable(client: httpx.Client) -> None:
    pair = login(client, "owner@example.com")
    assert has_message(refresh(client, {"refresh": pair["access"]}), 401)
    assert has_message(client.get("/iam/users", headers=build_bearer_header({"access": pair["refresh"]})), 401)
    header, payload, signature = pair["access"].split(".")
    forged = f"{header}.{payload}.{signature[:-4]}AAAA"
    assert has_message(client.get("/iam/users", headers=build_bearer_header({"access": forged})), 401)


def test_tokens_of_another_fake_are_not_genuine(client: httpx.Client, open_client: OpenClient) -> None:
    stranger = open_client(FakeIAM(3, seed=99, clock=Clock(NOW)))
    email = stranger.get("/iam/users/1").json()["email"]
    assert has_message(refresh(client, login(stranger, email)), 401)


def test_select_account(client: httpx.Client, fake: FakeIAM) -> None:
    pair = login(client, "elsewhere@example.com")
    assert decode_claims(pair["access"])["client_id"] == 1001
    assert client.get("/iam/clients/me", headers=build_bearer_header(pair)).json()["id"] == 1001
    selected = (
        client.get("/iam/auth/jwt/clients/2002/login", headers=build_bearer_header(pair)).raise_for_status().json()
    )
    assert decode_claims(selected["access"])["client_id"] == 2002
    account = client.get("/iam/clients/me", headers=build_bearer_header(selected)).json()
    assert (account["id"], account["companyName"]) == (2002, "Example Gadgets GmbH")
    assert ELSEWHERE in {user["id"] for user in account["users"]}
    assert OWNER not in {user["id"] for user in account["users"]}
    me = client.get(f"/iam/users/{ELSEWHERE}", headers=build_bearer_header(selected)).json()
    assert me["groups"] == [{"id": ADMINISTRATORS, "name": "Administrators"}]
    assert refresh(client, selected).status_code == 200
    again = refresh(client, pair).json()
    assert decode_claims(again["access"])["client_id"] == 1001


def test_a_token_opens_no_session_that_can_do_more_than_itself(client: httpx.Client) -> None:
    own = "/iam/auth/jwt/clients/1001/login"
    pair = client.get(own).raise_for_status().json()
    assert client.get("/iam/activity_log/logins", headers=build_bearer_header(pair)).status_code == 200
    low = build_key_header(create_token(client, {"id": USERS}).json()["token"])
    assert has_message(client.get(own, headers=low), 403)
    created = client.post("/iam/clients/create", json={"company": "New"}).json()["id"]
    assert has_message(client.get(f"/iam/auth/jwt/clients/{created}/login"), 403)


def test_select_an_account_that_is_not_ones_own(client: httpx.Client) -> None:
    headers = build_bearer_header(login(client, "owner@example.com"))
    assert has_message(client.get("/iam/auth/jwt/clients/2002/login", headers=headers), 403)
    assert has_message(client.get("/iam/auth/jwt/clients/31/login", headers=headers), 404)
    assert has_message(client.get("/iam/auth/jwt/clients/1001/login", headers={"Authorization": ""}), 401)


def test_forgot_password(client: httpx.Client, fake: FakeIAM) -> None:
    pair = login(client, "owner@example.com")
    response = client.post(
        "/iam/auth/password/forgot", json={"email": "Owner@example.com"}, headers=build_key_header("none")
    )
    assert (response.status_code, response.json()) == (200, {"status": "sent"})
    (email,) = fake.outbox
    assert (email.to, email.kind, email.user_id) == ("owner@example.com", "password recovery", OWNER)
    assert email.link
    assert email.link not in repr(email)
    fake.follow(email, "brand new")
    assert get_errors(client.post("/iam/auth/jwt/login", json={"username": email.to, "password": PASSWORD}))
    assert login(client, email.to, "brand new")
    assert has_message(client.get("/iam/users", headers=build_bearer_header(pair)), 401)
    with pytest.raises(ValueError, match="does not work"):
        fake.follow(email, "once more")


def test_forgot_password_of_nobody_is_not_told_apart(client: httpx.Client, fake: FakeIAM) -> None:
    response = client.post("/iam/auth/password/forgot", json={"email": "nobody@example.com"})
    assert (response.status_code, response.json()) == (200, {"status": "sent"})
    assert fake.outbox == ()
    assert set(get_errors(client.post("/iam/auth/password/forgot", json={}))) == {"email"}


def test_forgot_password_of_somebody_inactive(open_client: OpenClient) -> None:
    fake = FakeIAM([{}, {"email": "gone@example.com", "is_active": False}])
    open_client(fake).post("/iam/auth/password/forgot", json={"email": "gone@example.com"}).raise_for_status()
    assert fake.outbox == ()


def test_a_link_is_old_after_a_day(client: httpx.Client, fake: FakeIAM) -> None:
    client.post("/iam/auth/password/forgot", json={"email": "owner@example.com"})
    fake.clock.advance(timedelta(days=1))
    with pytest.raises(ValueError, match="24 hours"):
        fake.follow(fake.outbox[0], "p")


def test_change_password(client: httpx.Client) -> None:
    old = login(client, "engineer@example.com")
    body = {"old": PASSWORD, "new": "n3w", "double": "n3w"}
    response = client.put(f"/iam/users/{ENGINEER}/password", json=body, headers=build_bearer_header(old))
    pair = response.raise_for_status().json()
    assert client.get("/iam/users", headers=build_bearer_header(pair)).status_code == 200
    assert has_message(client.get("/iam/users", headers=build_bearer_header(old)), 401)
    assert has_message(refresh(client, old), 401)
    assert refresh(client, pair).status_code == 200
    assert login(client, "engineer@example.com", "n3w")
    assert set(
        get_errors(client.put(f"/iam/users/{ENGINEER}/password", json=body, headers=build_bearer_header(pair)))
    ) == {"old"}


def test_change_password_in_another_account(client: httpx.Client) -> None:
    first = login(client, "elsewhere@example.com")
    selected = client.get("/iam/auth/jwt/clients/2002/login", headers=build_bearer_header(first)).json()
    body = {"old": PASSWORD, "new": "n3w", "double": "n3w"}
    response = client.put(f"/iam/users/{ELSEWHERE}/password", json=body, headers=build_bearer_header(selected))
    assert decode_claims(response.raise_for_status().json()["access"])["client_id"] == 2002


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"old": "wrong", "new": "n", "double": "n"}, {"old"}),
        ({"old": PASSWORD, "new": "n", "double": "m"}, {"new"}),
        ({"old": PASSWORD, "new": "", "double": ""}, {"new"}),
        ({"old": "wrong", "new": "n", "double": "m"}, {"old", "new"}),
        ({"old": PASSWORD}, {"new", "double"}),
        ({"old": 1, "new": None, "double": []}, {"old", "new", "double"}),
    ],
)
def test_a_password_that_is_not_changed(client: httpx.Client, body: Json, refused: set[str]) -> None:
    response = client.put(f"/iam/users/{OWNER}/password", json=body)
    assert set(get_errors(response)) == refused
    assert PASSWORD not in response.text
    assert login(client, "owner@example.com")


def test_the_password_of_somebody_else(client: httpx.Client) -> None:
    body = {"old": PASSWORD, "new": "n", "double": "n"}
    assert has_message(client.put(f"/iam/users/{ENGINEER}/password", json=body), 403)
    assert has_message(client.put("/iam/users/99/password", json=body), 404)


# --- accounts ------------------------------------------------------------------------------------------------------


def test_create_account(client: httpx.Client, fake: FakeIAM) -> None:
    response = client.post("/iam/clients/create", json={"company": "Example Sprockets AG", "id": 5})
    assert response.status_code == 201
    created = response.json()
    assert created == {"id": created["id"], "company": "Example Sprockets AG"}
    assert fake.accounts[created["id"]] == "Example Sprockets AG"
    path = f"/iam/auth/jwt/clients/{created['id']}/login"
    pair = client.get(path, headers=build_bearer_header(login(client, "owner@example.com"))).raise_for_status().json()
    account = client.get("/iam/clients/me", headers=build_bearer_header(pair)).json()
    assert (account["id"], account["companyName"], account["status"]) == (*created.values(), "new")
    assert (account["has_active_admin"], [user["id"] for user in account["users"]]) == (True, [OWNER])
    roles = client.get("/iam/users?limit=1").json()["results"][0]["client_and_roles"]
    assert [entry["client_id"] for entry in roles] == [1001, created["id"]]


@pytest.mark.parametrize("company", ["", "  ", "example WIDGETS ltd", None, 7])
def test_an_account_that_is_not_opened(client: httpx.Client, fake: FakeIAM, company: Any) -> None:
    before = fake.accounts
    assert set(get_errors(client.post("/iam/clients/create", json={"company": company}))) == {"company"}
    assert fake.accounts == before


def test_an_account_is_for_administrators_to_open(client: httpx.Client) -> None:
    headers = build_bearer_header(login(client, "engineer@example.com"))
    assert has_message(client.post("/iam/clients/create", json={"company": "C"}, headers=headers), 403)


def test_account_details(client: httpx.Client) -> None:
    account = client.get("/iam/clients/me", headers=build_bearer_header(login(client, "engineer@example.com"))).json()
    assert (account["id"], account["currentUser"]) == (1001, ENGINEER)
    assert tuple(user["email"].partition("@")[0] for user in account["users"]) == MAILBOXES


def test_account_details_know_whether_an_administrator_is_left(client: httpx.Client) -> None:
    assert client.get("/iam/clients/me").json()["has_active_admin"] is True
    client.put(f"/iam/clients/1001/client-users/{OWNER}", json={"user_role": {"id": USERS}}).raise_for_status()
    assert client.get("/iam/clients/me").json()["has_active_admin"] is False


def test_an_administrator_who_is_inactive_is_none(open_client: OpenClient) -> None:
    fake = FakeIAM([{"groups": [{"id": USERS}]}, {"groups": [{"id": ADMINISTRATORS}], "is_active": False}])
    assert open_client(fake).get("/iam/clients/me").json()["has_active_admin"] is False


def test_logins(client: httpx.Client, fake: FakeIAM) -> None:
    past = client.get("/iam/activity_log/logins?limit=10").json()
    assert (past["count"], past["next"], past["previous"]) == (3, None, None)
    login(client, "owner@example.com")
    client.post("/iam/auth/jwt/login", json={"username": "two@example.com", "password": "wrong"})
    client.post("/iam/auth/jwt/login", json={"username": "nobody@example.com", "password": "wrong"})
    page = client.get("/iam/activity_log/logins", params={"limit": 2}).json()
    assert (page["count"], page["next"]) == (5, "/activity_log/logins?offset=2&limit=2")
    failed, succeeded = page["result"]
    assert (failed["user"], failed["is_successful"]) == (TWO_STEP, False)
    assert (succeeded["user"], succeeded["is_successful"]) == (OWNER, True)
    assert (succeeded["login_at"], succeeded["ip_address"]) == ("2026-03-01T12:00:00Z", "127.0.0.1")
    assert "httpx" in succeeded["user_agent"]
    assert succeeded["id"] == fake.account_id
    rest = client.get("/iam/activity_log/logins", params={"limit": 2, "offset": 2}).json()
    assert rest["result"] == past["result"][:2]
    assert rest["previous"] == "/activity_log/logins?offset=0&limit=2"
    assert [*page["result"], *past["result"]] == list(fake.logins)


def test_logins_without_a_limit_are_a_page_too(client: httpx.Client) -> None:
    assert len(client.get("/iam/activity_log/logins").json()["result"]) == 3
    assert set(get_errors(client.get("/iam/activity_log/logins?limit=x&offset=-1"))) == {"limit"}
    assert set(get_errors(client.get("/iam/activity_log/logins?limit=0&offset=-1"))) == {"limit", "offset"}


def test_logins_are_for_administrators(client: httpx.Client) -> None:
    assert has_message(
        client.get("/iam/activity_log/logins", headers=build_bearer_header(login(client, "engineer@example.com"))), 403
    )


# --- users ---------------------------------------------------------------------------------------------------------


def test_list_users(client: httpx.Client, fake: FakeIAM) -> None:
    whole = client.get("/iam/users").json()
    assert isinstance(whole, list)
    assert whole == list(fake.users)
    page = client.get("/iam/users?limit=4&offset=1").json()
    assert page["results"] == whole[1:5]
    assert (page["count"], page["next"], page["previous"]) == (
        6, "/users?offset=5&limit=4", "/users?offset=0&limit=4",
    )  # fmt: skip


def test_get_user(client: httpx.Client) -> None:
    user = client.get(f"/iam/users/{ENGINEER}").json()
    assert (user["id"], user["email"], user["client"]) == (ENGINEER, "engineer@example.com", 1001)
    assert user["groups"] == [{"id": ENGINEERS, "name": "Engineers"}]
    assert "client_and_roles" not in user


def test_a_user_of_another_account_is_not_there(client: httpx.Client) -> None:
    selected = client.get(
        "/iam/auth/jwt/clients/2002/login", headers=build_bearer_header(login(client, "elsewhere@example.com"))
    )
    ids = [user["id"] for user in client.get("/iam/users", headers=build_bearer_header(selected.json())).json()]
    (stranger,) = set(ids) - {ELSEWHERE}
    for method, rest, body in [
        ("GET", "", None),
        ("PATCH", "", {"name": "n"}),
        ("PUT", "/email", {"new_email": "n@example.com", "password": PASSWORD}),
        ("PUT", "/password", {"old": PASSWORD, "new": "n", "double": "n"}),
    ]:
        assert has_message(client.request(method, f"/iam/users/{stranger}{rest}", json=body), 404)


def test_update_user(client: httpx.Client, fake: FakeIAM) -> None:
    change = {
        "email": "renamed@example.org", "name": "New", "lang": "zh", "phone": None, "auth_types": ["sso", "github"],
    }  # fmt: skip
    response = client.patch(f"/iam/users/{ENGINEER}", json=change)
    changed = response.raise_for_status().json()
    assert changed.items() >= change.items()
    assert changed["sso_auth"] is True
    assert changed == fake.users[ENGINEER - 1]
    assert client.get(f"/iam/users/{ENGINEER}").json().items() >= change.items()
    assert client.patch(f"/iam/users/{ENGINEER}", json=change).json() == changed


def test_update_keeps_unnamed_and_read_only_properties(client: httpx.Client) -> None:
    before = client.get(f"/iam/users/{ENGINEER}").json()
    sent = {"name": "n", "id": 77, "client": 5, "deleted": True, "is_active": "no", "user_type": "seller", "odd": 1}
    client.patch(f"/iam/users/{ENGINEER}", json=sent).raise_for_status()
    assert client.get(f"/iam/users/{ENGINEER}").json() == {**before, "name": "n"}
    client.patch(f"/iam/users/{ENGINEER}", json={}).raise_for_status()
    assert client.get(f"/iam/users/{ENGINEER}").json() == {**before, "name": "n"}


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"email": "owner@EXAMPLE.com"}, {"email"}),
        ({"email": "nonsense"}, {"email"}),
        ({"email": None}, {"email"}),
        ({"lang": "fr"}, {"lang"}),
        ({"lang": None, "name": 7}, {"lang", "name"}),
        ({"auth_types": ["password", "carrier pigeon"]}, {"auth_types"}),
        ({"groups": [{"id": 77}]}, {"groups"}),
        ({"groups": []}, {"groups"}),
        ({"groups": "Users"}, {"groups"}),
    ],
)
def test_an_update_that_is_refused(client: httpx.Client, change: Json, refused: set[str]) -> None:
    before = client.get(f"/iam/users/{ENGINEER}").json()
    assert set(get_errors(client.patch(f"/iam/users/{ENGINEER}", json={"phone": "+1", **change}))) == refused
    assert client.get(f"/iam/users/{ENGINEER}").json() == before


def test_update_of_a_role_minds_the_tokens(client: httpx.Client) -> None:
    headers = build_bearer_header(login(client, "engineer@example.com"))
    token = create_token(client, {"id": ENGINEERS}, headers=headers).json()
    lower = {"groups": [{"name": "Users"}]}
    assert has_message(client.patch(f"/iam/users/{ENGINEER}", json=lower), 403)
    client.delete(f"/iam/v2/clients/1001/tokens/{token['id']}").raise_for_status()
    assert client.patch(f"/iam/users/{ENGINEER}", json=lower).json()["groups"] == [{"id": USERS, "name": "Users"}]


def test_update_to_a_higher_role_is_fine_with_tokens(client: httpx.Client) -> None:
    create_token(
        client, {"id": USERS}, headers=build_bearer_header(login(client, "engineer@example.com"))
    ).raise_for_status()
    response = client.patch(f"/iam/users/{ENGINEER}", json={"groups": [{"id": ADMINISTRATORS}]})
    assert response.raise_for_status().json()["groups"][0]["id"] == ADMINISTRATORS


def test_users_update_themselves_and_nobody_else(client: httpx.Client) -> None:
    headers = build_bearer_header(login(client, "engineer@example.com"))
    assert client.patch(f"/iam/users/{ENGINEER}", json={"lang": "ru"}, headers=headers).status_code == 200
    assert has_message(client.patch(f"/iam/users/{OWNER}", json={"lang": "ru"}, headers=headers), 403)
    assert has_message(client.patch(f"/iam/users/{ENGINEER}", json={"groups": [{"id": 1}]}, headers=headers), 403)


def test_update_email(client: httpx.Client) -> None:
    body = {"new_email": "moved@example.com", "password": PASSWORD}
    response = client.put(f"/iam/users/{OWNER}/email", json=body)
    assert (response.status_code, response.json()) == (200, {"new_email": "moved@example.com"})
    assert client.get(f"/iam/users/{OWNER}").json()["email"] == "moved@example.com"
    assert login(client, "moved@example.com")
    assert client.put(f"/iam/users/{OWNER}/email", json=body).status_code == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"new_email": "Owner@example.com"}, "new_email"),
        ({"new_email": "nonsense"}, "new_email"),
        ({"new_email": "two@example.com"}, "new_email"),
        ({"password": "wrong"}, "password"),
        ({"password": None}, "password"),
    ],
)
def test_an_email_that_is_not_updated(client: httpx.Client, change: Json, field: str) -> None:
    body = {"new_email": "moved@example.com", "password": PASSWORD, **change}
    response = client.put(f"/iam/users/{OWNER}/email", json=body)
    assert response.status_code == 400
    ((entry,),) = [response.json()]
    assert list(entry["errors"]) == [field]
    assert isinstance(entry["errors"][field], str)
    assert client.get(f"/iam/users/{OWNER}").json()["email"] == "owner@example.com"


def test_the_email_of_somebody_else(client: httpx.Client) -> None:
    body = {"new_email": "moved@example.com", "password": PASSWORD}
    assert has_message(client.put(f"/iam/users/{ENGINEER}/email", json=body), 403)


# --- invitations and roles -----------------------------------------------------------------------------------------


def build_invitation(email: str, **rest: Any) -> Json:
    return {"client_id": 1001, "email": email, "user_role": {"id": USERS}, **rest}


def test_invite_somebody_new(client: httpx.Client, fake: FakeIAM) -> None:
    body = build_invitation("new@example.com", name="New", lang="de", user_role={"name": "Engineers"})
    response = client.post("/iam/clients/invite_user", json=body)
    assert (response.status_code, response.json()) == (200, {"status": "sent", "user_id": 7})
    user = client.get("/iam/users/7").json()
    assert (user["email"], user["name"], user["lang"], user["activated"]) == ("new@example.com", "New", "de", False)
    assert user["groups"] == [{"id": ENGINEERS, "name": "Engineers"}]
    assert len(fake.users) == 7
    (email,) = fake.outbox
    assert (email.to, email.kind, email.sent) == ("new@example.com", "invitation", NOW)
    assert get_errors(client.post("/iam/auth/jwt/login", json={"username": "new@example.com", "password": "p"}))
    fake.follow(email, "p")
    assert decode_claims(login(client, "new@example.com", "p")["access"])["user_id"] == 7
    assert client.get("/iam/users/7").json()["activated"] is True


def test_invite_somebody_twice(client: httpx.Client, fake: FakeIAM) -> None:
    response = client.post("/iam/clients/invite_user", json=build_invitation("Engineer@example.com"))
    assert response.status_code == 400
    assert response.json() == [f"User {ENGINEER} has already been invited to client 1001"]
    assert fake.outbox == ()


def test_invite_somebody_who_has_a_user(client: httpx.Client, fake: FakeIAM) -> None:
    stranger = build_invitation("outsider@example.net")
    user_id = client.post("/iam/clients/invite_user", json=stranger).raise_for_status().json()["user_id"]
    (email,) = fake.outbox
    assert (email.kind, email.link, email.user_id) == ("notice", None, user_id)
    user = client.get(f"/iam/users/{user_id}").json()
    assert (user["client"], user["groups"][0]["id"]) == (2002, USERS)
    with pytest.raises(ValueError, match="no link"):
        fake.follow(email, "p")


@pytest.mark.parametrize("reason", [{"user_type": "reseller"}, {"is_active": False}])
def test_invite_somebody_who_may_not(open_client: OpenClient, reason: Json) -> None:
    reseller = {
        "client_and_roles": [
            {"client_id": 1001, "client_company_name": COMPANIES[1001], "user_id": 2, "user_roles": ["2"]},
            {"client_id": 3003, "client_company_name": "Third", "user_id": 2, "user_roles": ["1"]},
        ],
        "email": "reseller@example.com",
        **reason,
    }
    fake = FakeIAM([{}, reseller])
    client = open_client(fake)
    client.delete("/iam/clients/1001/client-users/2").raise_for_status()
    response = client.post("/iam/clients/invite_user", json=build_invitation("reseller@example.com"))
    assert (response.status_code, response.json()) == (400, ["This user cannot be added to this client."])


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"email": "nonsense"}, {"email"}),
        ({"email": None}, {"email"}),
        ({"user_role": {"id": 77}}, {"user_role"}),
        ({"user_role": {"id": 1, "name": "Users"}}, {"user_role"}),
        ({"user_role": {"name": "Owners"}}, {"user_role"}),
        ({"user_role": {}}, {"user_role"}),
        ({"user_role": 5}, {"user_role"}),
        ({"client_id": 2002}, {"client_id"}),
        ({"client_id": 77}, {"client_id"}),
        ({"client_id": "1001", "lang": "fr"}, {"client_id", "lang"}),
    ],
)
def test_an_invitation_that_is_refused(client: httpx.Client, fake: FakeIAM, change: Json, refused: set[str]) -> None:
    response = client.post("/iam/clients/invite_user", json={**build_invitation("new@example.com"), **change})
    found = get_errors(response)
    assert set(found) == refused
    assert all(isinstance(text, str) for texts in found.values() for text in texts)
    assert (len(fake.users), fake.outbox) == (6, ())


def test_inviting_is_for_administrators(client: httpx.Client) -> None:
    headers = build_bearer_header(login(client, "engineer@example.com"))
    assert has_message(
        client.post("/iam/clients/invite_user", json=build_invitation("n@example.com"), headers=headers), 403
    )


def test_roles(client: httpx.Client, fake: FakeIAM) -> None:
    path = f"/iam/clients/1001/client-users/{SSO}"
    assert client.get(path).json() == {"user_role": {"id": PURGE, "name": "Purge and Prefetch only (API)"}}
    for given in ({"id": PURGE_WEB}, {"name": "Purge and Prefetch only (API+Web)"}):
        response = client.put(path, json={"user_role": given})
        assert (response.status_code, response.content) == (204, b"")
        assert client.get(path).json()["user_role"]["id"] == PURGE_WEB
    assert fake.users[SSO - 1]["groups"][0]["id"] == PURGE_WEB
    assert fake.users[SSO - 1]["client_and_roles"][0]["user_roles"] == [str(PURGE_WEB)]


@pytest.mark.parametrize("body", [{}, {"user_role": {}}, {"user_role": {"id": 77}}, {"user_role": "Users"}])
def test_a_role_that_is_refused(client: httpx.Client, body: Json) -> None:
    path = f"/iam/clients/1001/client-users/{SSO}"
    assert set(get_errors(client.put(path, json=body))) == {"user_role"}
    assert client.get(path).json()["user_role"]["id"] == PURGE


def test_a_new_role_counts_at_once(client: httpx.Client) -> None:
    headers = build_bearer_header(login(client, "engineer@example.com"))
    body = build_invitation("n@example.com")
    assert has_message(client.post("/iam/clients/invite_user", json=body, headers=headers), 403)
    client.put(f"/iam/clients/1001/client-users/{ENGINEER}", json={"user_role": {"id": 1}}).raise_for_status()
    assert client.post("/iam/clients/invite_user", json=body, headers=headers).status_code == 200


def test_revoke_access(client: httpx.Client, fake: FakeIAM) -> None:
    headers = build_bearer_header(login(client, "engineer@example.com"))
    response = client.delete(f"/iam/clients/1001/client-users/{ENGINEER}")
    assert (response.status_code, response.content) == (200, b"")
    assert has_message(client.get(f"/iam/users/{ENGINEER}"), 404)
    assert has_message(client.get("/iam/users", headers=headers), 401)
    assert has_message(client.delete(f"/iam/clients/1001/client-users/{ENGINEER}"), 404)
    assert ENGINEER not in {user["id"] for user in fake.users}
    assert get_errors(
        client.post("/iam/auth/jwt/login", json={"username": "engineer@example.com", "password": PASSWORD})
    )


def test_who_can_enter_another_account_is_not_deleted(client: httpx.Client) -> None:
    client.delete(f"/iam/clients/1001/client-users/{ELSEWHERE}").raise_for_status()
    assert decode_claims(login(client, "elsewhere@example.com")["access"])["client_id"] == 2002


def test_an_id_is_never_given_twice(client: httpx.Client) -> None:
    first = client.post("/iam/clients/invite_user", json=build_invitation("a@example.com")).json()["user_id"]
    client.delete(f"/iam/clients/1001/client-users/{first}").raise_for_status()
    assert (
        client.post("/iam/clients/invite_user", json=build_invitation("b@example.com")).json()["user_id"] == first + 1
    )


def test_no_id_is_taken_from_somebody_elsewhere(open_client: OpenClient) -> None:
    client = open_client(FakeIAM([{"id": 1_000_000_000}]))
    invited = client.post("/iam/clients/invite_user", json=build_invitation("a@example.com")).json()["user_id"]
    assert invited == 1_000_000_002


def test_access_stays_as_long_as_there_are_tokens(client: httpx.Client, fake: FakeIAM) -> None:
    token = create_token(
        client, {"id": USERS}, headers=build_bearer_header(login(client, "engineer@example.com"))
    ).json()
    path = f"/iam/clients/1001/client-users/{ENGINEER}"
    assert has_message(client.delete(path), 403)
    assert "token" in client.delete(path).json()["message"]
    client.delete(f"/iam/v2/clients/1001/tokens/{token['id']}").raise_for_status()
    assert client.delete(path).status_code == 200


def test_users_see_their_own_role_administrators_see_all(client: httpx.Client) -> None:
    headers = build_bearer_header(login(client, "engineer@example.com"))
    own, other = f"/iam/clients/1001/client-users/{ENGINEER}", f"/iam/clients/1001/client-users/{OWNER}"
    assert client.get(own, headers=headers).json()["user_role"]["id"] == ENGINEERS
    assert has_message(client.get(other, headers=headers), 403)
    assert has_message(client.put(own, json={"user_role": {"id": 1}}, headers=headers), 403)
    assert has_message(client.delete(other, headers=headers), 403)


def test_roles_in_accounts_that_are_not_ones_own(client: httpx.Client) -> None:
    for account in (2002, 77):
        path = f"/iam/clients/{account}/client-users/{ELSEWHERE}"
        assert has_message(client.get(path), 404)
        assert has_message(client.put(path, json={"user_role": {"id": 1}}), 404)
        assert has_message(client.delete(path), 404)
    headers = build_bearer_header(login(client, "elsewhere@example.com"))
    path = f"/iam/clients/2002/client-users/{ELSEWHERE}"
    assert client.get(path, headers=headers).json()["user_role"]["id"] == ADMINISTRATORS
    assert has_message(client.get("/iam/clients/1001/client-users/99"), 404)


# --- API tokens ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "separator"), [("", "$"), ("/v2", "_")])
def test_a_token_from_creation_to_deletion(client: httpx.Client, fake: FakeIAM, version: str, separator: str) -> None:
    tokens = f"/iam{version}/clients/1001/tokens"
    created = create_token(client, {"name": "Engineers"}, version=version, name="deploy", description="d").json()
    number, secret = created["token"].split(separator)
    assert int(number) == created["id"]
    assert len(bytes.fromhex(secret)) >= 16
    shown = {name: value for name, value in created.items() if name != "token"}
    assert (shown["name"], shown["description"], shown["exp_date"]) == ("deploy", "d", None)
    assert (shown["expired"], shown["deleted"], shown["created"]) == (False, False, "2026-03-01T12:00:00.000000Z")
    assert shown["client_user"] == {
        "deleted": False, "user_id": OWNER, "user_name": "Owner", "user_email": "owner@example.com", "client_id": 1001,
        "role": {"id": ENGINEERS, "name": "Engineers"},
    }  # fmt: skip
    assert client.get(f"{tokens}/{created['id']}").json() == shown
    assert shown in client.get(tokens).json()
    assert shown in fake.tokens

    fake.clock.advance(hours=1)
    assert client.get("/iam/users/3", headers=build_key_header(created["token"])).status_code == 200
    used = client.get(f"{tokens}/{created['id']}").json()
    assert used == {**shown, "last_usage": "2026-03-01T13:00:00.000000Z"}

    response = client.delete(f"{tokens}/{created['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert has_message(client.get("/iam/users/3", headers=build_key_header(created["token"])), 401)
    assert has_message(client.get(f"{tokens}/{created['id']}"), 404)
    assert has_message(client.delete(f"{tokens}/{created['id']}"), 404)
    assert created["id"] not in {token["id"] for token in client.get(tokens).json()}


def test_both_versions_have_the_same_tokens(client: httpx.Client) -> None:
    old = create_token(client, {"id": USERS}, version="").json()["id"]
    new = create_token(client, {"id": USERS}, version="/v2").json()["id"]
    for version in ("", "/v2"):
        assert {old, new} <= {token["id"] for token in client.get(f"/iam{version}/clients/1001/tokens").json()}
        for token in (old, new):
            assert client.get(f"/iam{version}/clients/1001/tokens/{token}").status_code == 200
    assert client.delete(f"/iam/v2/clients/1001/tokens/{old}").status_code == 204
    assert client.delete(f"/iam/clients/1001/tokens/{new}").status_code == 204


def test_a_token_expires(client: httpx.Client, fake: FakeIAM) -> None:
    created = create_token(client, {"id": USERS}, exp_date="2026-03-01T14:00:00+01:30").json()
    assert created["exp_date"] == "2026-03-01T12:30:00.000000Z"
    fake.clock.advance(minutes=29, seconds=59)
    assert client.get("/iam/users", headers=build_key_header(created["token"])).status_code == 200
    fake.clock.advance(seconds=1)
    assert has_message(client.get("/iam/users", headers=build_key_header(created["token"])), 401)
    assert has_message(client.get(f"/iam/v2/clients/1001/tokens/{created['id']}"), 404)
    (gone,) = client.get("/iam/v2/clients/1001/tokens?deleted=true").json()
    assert (gone["id"], gone["expired"], gone["deleted"]) == (created["id"], True, True)
    assert gone["client_user"]["deleted"] is True


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"client_user": {"role": {"id": 77}}}, {"client_user": {"role"}}),
        ({"client_user": {"role": {"name": "Owners"}}}, {"client_user": {"role"}}),
        ({"client_user": {"role": {"id": 1, "name": "Users"}}}, {"client_user": {"role"}}),
        ({"client_user": {"role": {}}}, {"client_user": {"role"}}),
        ({"client_user": {}}, {"client_user": {"role"}}),
        ({"client_user": 7}, {"client_user"}),
        ({"name": ""}, {"name"}),
        ({"name": None}, {"name"}),
        ({"exp_date": "2026-03-01T11:59:59Z"}, {"exp_date"}),
        ({"exp_date": "2026-03-01T12:00:00Z"}, {"exp_date"}),
        ({"exp_date": "9999-12-31T23:59:59-10:00"}, {"exp_date"}),
        ({"exp_date": "2026-12-31T23:59:60Z"}, {"exp_date"}),
        ({"exp_date": "2027-03-01"}, {"exp_date"}),
        ({"exp_date": "2027-03-01T00:00:00"}, {"exp_date"}),
        ({"exp_date": 5}, {"exp_date"}),
    ],
)
@pytest.mark.parametrize("version", ["", "/v2"])
def test_a_token_that_is_refused(
    client: httpx.Client, fake: FakeIAM, version: str, change: Json, expected: Any
) -> None:
    found = get_errors(create_token(client, {"id": USERS}, version=version, **change))
    assert set(found) == set(expected)
    if isinstance(expected, dict):
        assert isinstance(found["client_user"]["role"], list)
    assert len(fake.tokens) == 1
    assert client.get(f"/iam{version}/clients/1001/tokens").status_code == 200


def test_every_field_is_needed_but_the_description(client: httpx.Client) -> None:
    found = get_errors(client.post("/iam/v2/clients/1001/tokens", json={}))
    assert set(found) == {"name", "exp_date", "client_user"}


@pytest.mark.parametrize(
    ("own", "possible"),
    [
        (ADMINISTRATORS, {ADMINISTRATORS, ENGINEERS, PURGE_WEB, PURGE, USERS}),
        (ENGINEERS, {ENGINEERS, PURGE_WEB, PURGE, USERS}),
        (PURGE_WEB, {PURGE_WEB, PURGE, USERS}),
        (PURGE, {PURGE, USERS}),
        (USERS, {USERS}),
    ],
)
def test_no_token_has_a_higher_role_than_its_issuer(client: httpx.Client, own: int, possible: set[int]) -> None:
    low = build_key_header(create_token(client, {"id": own}).json()["token"])
    answers = {role: create_token(client, {"id": role}, headers=low) for role in (1, 5, 3009, 3022, 2)}
    assert {role for role, answer in answers.items() if answer.status_code == 200} == possible
    for role in answers.keys() - possible:
        assert set(get_errors(answers[role])["client_user"]) == {"role"}


def test_filters_of_tokens(client: httpx.Client, fake: FakeIAM) -> None:
    headers = build_bearer_header(login(client, "engineer@example.com"))
    a = create_token(client, {"id": ENGINEERS}, headers=headers).json()["id"]
    b = create_token(client, {"id": USERS}, headers=headers).json()["id"]
    c = create_token(client, {"id": USERS}).json()["id"]
    gone = create_token(client, {"id": USERS}).json()["id"]
    client.delete(f"/iam/v2/clients/1001/tokens/{gone}").raise_for_status()

    def found(query: str, **rest: Any) -> list[int]:
        response = client.get(f"/iam/v2/clients/1001/tokens?{query}", **rest).raise_for_status()
        return [token["id"] for token in response.json()]

    assert found("") == [1, a, b, c]
    assert found("deleted=false") == [1, a, b, c]
    assert found("deleted=True") == [gone]
    assert found("role=2") == found("role=Users") == [b, c]
    assert found("role=77") == []
    assert found(f"issued_by={ENGINEER}") == [a, b]
    assert found(f"not_issued_by={ENGINEER}") == [1, c]
    assert found(f"issued_by={ENGINEER}&role=5") == [a]
    assert found("issued_by=-1") == []
    assert found("", headers=headers) == [a, b]
    wrong = client.get("/iam/v2/clients/1001/tokens?issued_by=x&not_issued_by=&deleted=perhaps")
    assert set(get_errors(wrong)) == {"issued_by", "not_issued_by", "deleted"}


def test_tokens_of_others_are_for_administrators(client: httpx.Client) -> None:
    headers = build_bearer_header(login(client, "engineer@example.com"))
    assert has_message(client.get("/iam/v2/clients/1001/tokens/1", headers=headers), 403)
    assert has_message(client.delete("/iam/clients/1001/tokens/1", headers=headers), 403)


def test_tokens_of_accounts_that_are_not_ones_own(client: httpx.Client) -> None:
    for account in (2002, 77):
        for version in ("", "/v2"):
            tokens = f"/iam{version}/clients/{account}/tokens"
            body = {"name": "t", "exp_date": None, "client_user": {"role": {"id": 2}}}
            assert has_message(client.get(tokens), 404)
            assert has_message(client.post(tokens, json=body), 404)
            assert has_message(client.get(f"{tokens}/1"), 404)
            assert has_message(client.delete(f"{tokens}/1"), 404)
    selected = client.get(
        "/iam/auth/jwt/clients/2002/login", headers=build_bearer_header(login(client, "elsewhere@example.com"))
    )
    assert has_message(client.get("/iam/v2/clients/2002/tokens/1", headers=build_bearer_header(selected.json())), 404)


def test_a_session_issues_tokens_for_each_of_its_accounts(client: httpx.Client) -> None:
    headers = build_bearer_header(login(client, "elsewhere@example.com"))
    body = {"name": "t", "exp_date": None, "client_user": {"role": {"id": 1}}}
    assert has_message(client.post("/iam/v2/clients/77/tokens", json=body, headers=headers), 404)
    token = client.post("/iam/v2/clients/2002/tokens", json=body, headers=headers).raise_for_status().json()["token"]
    assert client.get("/iam/clients/me", headers=build_key_header(token)).json()["id"] == 2002
    assert has_message(client.get("/iam/v2/clients/1001/tokens", headers=build_key_header(token)), 404)


def test_the_fakes_own_key_is_a_token_as_any_other(client: httpx.Client, fake: FakeIAM) -> None:
    (own,) = client.get("/iam/v2/clients/1001/tokens").json()
    assert (own["id"], own["client_user"]["user_id"]) == (1, OWNER)
    client.delete("/iam/v2/clients/1001/tokens/1").raise_for_status()
    assert has_message(client.get("/iam/users"), 401)


def test_a_key_serves_as_long_as_its_user(open_client: OpenClient) -> None:
    assert open_client(FakeIAM([{"is_active": False}])).get("/iam/users").status_code == 401


# --- requests that are not as described ----------------------------------------------------------------------------

WITH_BODY = [
    ("POST", "/iam/auth/jwt/login"), ("POST", "/iam/auth/jwt/refresh"), ("POST", "/iam/clients/create"),
    ("POST", "/iam/auth/password/forgot"), ("PUT", "/iam/users/1/password"), ("PATCH", "/iam/users/1"),
    ("PUT", "/iam/users/1/email"), ("POST", "/iam/clients/invite_user"), ("PUT", "/iam/clients/1001/client-users/1"),
    ("POST", "/iam/clients/1001/tokens"), ("POST", "/iam/v2/clients/1001/tokens"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_bodies_that_are_no_json_object(client: httpx.Client, method: str, path: str) -> None:
    wrong: list[bytes] = [
        b"{", b'{"a": }', b"[]", b'"text"', b"null", b"7", b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ]  # fmt: skip
    for content in wrong:
        response = client.request(method, path, content=content, headers={"Content-Type": "application/json"})
        assert has_message(response, 400), content[:20]


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_bodies_that_are_not_said_to_be_json(client: httpx.Client, method: str, path: str, content_type: str) -> None:
    response = client.request(method, path, content=b"{}", headers={"Content-Type": content_type})
    assert has_message(response, 415)


def test_a_whole_number_may_be_spelled_with_a_point(client: httpx.Client, fake: FakeIAM) -> None:
    headers = {"Content-Type": "application/json"}
    body = b'{"client_id": 1001.0, "email": "n@example.com", "user_role": {"id": 2e0}}'
    client.post("/iam/clients/invite_user", content=body, headers=headers).raise_for_status()
    entry = fake.users[-1]["client_and_roles"][0]
    assert (repr(entry["client_id"]), entry["user_roles"]) == ("1001", ["2"])
    for wrong in (b"1001.5", b"1e400"):
        response = client.post("/iam/clients/invite_user", content=body.replace(b"1001.0", wrong), headers=headers)
        assert set(get_errors(response)) == {"client_id"}


def test_a_charset_beside_the_media_type_is_no_matter(client: httpx.Client) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.patch("/iam/users/1", content=b'{"name": "n"}', headers=headers).status_code == 200


def test_no_body_is_an_empty_one(client: httpx.Client) -> None:
    assert set(get_errors(client.post("/iam/auth/jwt/login"))) == {"username", "password"}
    assert client.patch("/iam/users/1").status_code == 200


@pytest.mark.parametrize("operation", get_own_contract().operations.values(), ids=lambda operation: operation.id)
def test_credentials_are_asked_for_first(client: httpx.Client, operation: Operation) -> None:
    path = re.sub(r"\{\w+\}", "99", operation.path)
    response = client.request(operation.method, path, content=b"{", headers={"Authorization": "APIKey no"})
    if operation.id in ("iamLoginUser", "iamRefreshToken", "iamForgotPassword"):
        assert response.status_code in (400, 415)
    else:
        assert has_message(response, 401)


def test_every_operation_does_its_work(client: httpx.Client, fake: FakeIAM) -> None:
    """All of them once, so that none is left to error responses alone."""
    pair = login(client, "owner@example.com")
    refresh(client, pair)
    client.get("/iam/auth/jwt/clients/1001/login")
    client.post("/iam/auth/password/forgot", json={"email": "two@example.com"})
    client.post("/iam/clients/create", json={"company": "New"})
    for path in ("/iam/clients/me", "/iam/activity_log/logins", "/iam/users", "/iam/users/2"):
        client.get(path)
    client.patch("/iam/users/2", json={"name": "n"})
    client.put("/iam/users/1/email", json={"new_email": "n@example.com", "password": PASSWORD})
    client.put("/iam/users/1/password", json={"old": PASSWORD, "new": "n", "double": "n"})
    client.post("/iam/clients/invite_user", json=build_invitation("new@example.com"))
    client.get("/iam/clients/1001/client-users/7")
    client.put("/iam/clients/1001/client-users/7", json={"user_role": {"id": 5}})
    client.delete("/iam/clients/1001/client-users/7")
    for version in ("", "/v2"):
        created = create_token(client, {"id": USERS}, version=version).json()
        client.get(f"/iam{version}/clients/1001/tokens")
        client.get(f"/iam{version}/clients/1001/tokens/{created['id']}")
        client.delete(f"/iam{version}/clients/1001/tokens/{created['id']}")
    done = {seen.operation for seen in fake.requests if seen.status and 200 <= seen.status < 300}
    assert done == set(HANDLERS)
    assert len(done) == 24


# --- responses that are not as described --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (Response(200, {"id": "1"}), "which contradicts the spec at /"),
        (Response(200, None), "which contradicts the spec at /"),
        (Response(200), "without a body"),
        (Response(418, {"message": "m"}), "responded with 418, which the spec does not list"),
        (Response(204), "responded with 204, which"),
    ],
)
def test_a_response_that_contradicts_the_spec_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, answer: Response, hint: str
) -> None:
    fake = FakeIAM(1)
    monkeypatch.setattr("gcore_iam.testing.router.HANDLERS", {"iamGetUser": lambda _: answer})
    with (
        httpx.Client(base_url="http://fake", transport=fake.transport()) as client,
        pytest.raises(ContractError, match=f"^iamGetUser .*{hint}"),
    ):
        client.get("/iam/users/1", headers=build_key_header(fake.api_key))


def test_secrets_are_the_same_on_every_machine() -> None:
    """Taken once; what they are derived from depends on the seed and nothing else."""
    fake = FakeIAM(3, seed=7, clock=Clock(NOW))
    with httpx.Client(
        base_url="http://fake", transport=fake.transport(), headers=build_key_header(fake.api_key)
    ) as client:
        token = create_token(client, {"id": USERS}).json()["token"]
        pair = login(client, fake.users[0]["email"])
    assert token == "2_17d3a7739e4746b57cdc4d4fcb75e6599020fe0f56840ee71bfe3de7f8d5a329"
    assert fake.one_time_password(1) == "606480"
    assert decode_claims(pair["access"]) == {
        "token_type": "access", "iat": 1772366400, "exp": 1772370000, "jti": f"{3:032x}", "user_id": 1,
        "client_id": 1001, "session": 1,
    }  # fmt: skip
    assert hashlib.sha256(json.dumps(FakeIAM(3, seed=7).logins).encode()).hexdigest() == (
        "db4e47210cc3d9c37ee23c00dd3ba064b01ee6c253dc9bbfe83209d14268d058"
    )


def test_a_call_shows_neither_body_nor_query(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools that print the variables of a traceback must not print passwords."""
    calls: list[Call] = []

    def remember(call: Call) -> Response:
        calls.append(call)
        return Response(200, {"status": "sent"})

    monkeypatch.setattr("gcore_iam.testing.router.HANDLERS", {"iamForgotPassword": remember})
    with httpx.Client(base_url="http://fake", transport=FakeIAM(1).transport()) as client:
        body = {"email": "a@example.com", "password": "s3cret"}
        client.post("/iam/auth/password/forgot?limit=s3cret", json=body).raise_for_status()
    assert calls[0].body == body
    assert "s3cret" not in repr(calls)


# --- error responses -------------------------------------------------------------------------------------------------


def test_the_six_forms_of_a_refusal(client: httpx.Client) -> None:
    """Those that clients of this API have to read."""
    forms = [
        client.post("/iam/clients/create", json={"company": ""}).json(),
        client.patch("/iam/users/1", json={"groups": []}).json(),
        create_token(client, {"id": 77}).json(),
        client.post("/iam/clients/create", content=b"{", headers={"Content-Type": "application/json"}).json(),
        client.post("/iam/clients/invite_user", json=build_invitation("two@example.com")).json(),
        client.put("/iam/users/1/email", json={"new_email": "x", "password": PASSWORD}).json(),
    ]

    def form(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: form(inner) for name, inner in value.items()}
        return [form(inner) for inner in value] if isinstance(value, list) else "text"

    assert [form(value) for value in forms] == [
        {"errors": {"company": ["text"]}},
        {"errors": {"groups": "text"}},
        {"errors": {"client_user": {"role": ["text"]}}},
        {"message": "text"},
        ["text"],
        [{"errors": {"new_email": "text"}}],
    ]
