"""API tokens and logins that a test seeds."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from gcore_iam.testing import Clock, FakeIAM

from .support import NOW, OpenClient

USERS: list[dict[str, Any]] = [{}, {"email": "two@example.com", "groups": [{"id": 5}]}]


def make_fake(**arguments: Any) -> FakeIAM:
    return FakeIAM(USERS, clock=Clock(NOW), **arguments)


def get(client: httpx.Client, path: str, key: str) -> httpx.Response:
    return client.get(path, headers={"Authorization": f"APIKey {key}"})


def test_a_seeded_key_authenticates_as_its_user(open_client: OpenClient) -> None:
    fake = make_fake(tokens=[{"token": "7_0123abcd", "client_user": {"user_id": 2}}])
    client = open_client(fake)
    assert get(client, "/iam/clients/me", "7_0123abcd").json()["currentUser"] == 2
    assert get(client, "/iam/activity_log/logins", "7_0123abcd").status_code == 403
    assert get(client, "/iam/clients/me", fake.api_key).json()["currentUser"] == 1
    assert [token["id"] for token in fake.tokens] == [1, 7]


def test_a_token_that_leaves_everything_out_has_defaults() -> None:
    (_, token) = make_fake(tokens=[{}]).tokens
    owner = token["client_user"]
    assert (token["id"], token["name"], token["exp_date"]) == (2, "Token 2", None)
    assert (token["expired"], token["deleted"], token["created"]) == (False, False, "2026-03-01T12:00:00.000000Z")
    assert (owner["user_id"], owner["client_id"], owner["role"]["id"]) == (1, 1001, 1)


def test_a_token_gets_an_id_that_no_key_names() -> None:
    (_, first, second) = make_fake(tokens=[{"token": "2_0123abcd"}, {}]).tokens
    assert (first["id"], second["id"]) == (2, 3)


def test_a_token_has_the_properties_that_a_test_gives(open_client: OpenClient) -> None:
    given = {
        "id": 9,
        "name": "deploy",
        "description": "CI",
        "created": "2026-01-01T00:00:00Z",
        "exp_date": "2026-04-01T00:00:00Z",
        "client_user": {"user_id": 2, "role": {"name": "Users"}},
    }
    fake = make_fake(tokens=[given])
    token = open_client(fake).get("/iam/v2/clients/1001/tokens/9").json()
    assert (token["name"], token["description"], token["created"]) == ("deploy", "CI", "2026-01-01T00:00:00.000000Z")
    assert token["last_usage"] == token["created"]
    assert token["client_user"]["user_email"] == "two@example.com"
    assert token["client_user"]["role"] == {"id": 2, "name": "Users"}


@pytest.mark.parametrize("given", [{"exp_date": "2026-02-01T00:00:00Z"}, {"deleted": True}])
def test_an_expired_or_deleted_token_does_not_work(open_client: OpenClient, given: dict[str, Any]) -> None:
    fake = make_fake(tokens=[{"token": "7_0123abcd", **given}])
    client = open_client(fake)
    assert get(client, "/iam/users/1", "7_0123abcd").status_code == 401
    assert [token["id"] for token in client.get("/iam/v2/clients/1001/tokens?deleted=true").json()] == [7]


def test_the_tokens_of_one_fake_seed_another() -> None:
    tokens = make_fake(tokens=[{"id": 5}, {"exp_date": "2026-02-01T00:00:00Z"}, {"deleted": True}]).tokens
    assert make_fake(tokens=tokens[1:]).tokens == tokens


def test_new_tokens_get_ids_after_the_seeded_ones(open_client: OpenClient) -> None:
    client = open_client(make_fake(tokens=[{"id": 40}]))
    body = {"name": "t", "exp_date": None, "client_user": {"role": {"id": 2}}}
    assert client.post("/iam/v2/clients/1001/tokens", json=body).json()["id"] == 41


def test_a_seeded_key_is_shown_nowhere(open_client: OpenClient) -> None:
    fake = make_fake(tokens=[{"token": "opaque-seeded-key"}])
    open_client(fake).get("/iam/users/opaque-seeded-key")
    assert "opaque-seeded-key" not in repr((fake, fake.tokens, fake.requests, vars(fake)))


@pytest.mark.parametrize(
    ("tokens", "error", "hint"),
    [
        (5, TypeError, "tokens must be mappings in a list, not int"),
        ({"id": 5}, TypeError, "tokens must be mappings in a list, not dict"),
        (["key"], TypeError, r"tokens\[0\] must be a mapping, not str"),
        ([{"key": "s3cret"}], ValueError, r"tokens\[0\] has an unknown key 'key'; known are client_user, .*token$"),
        ([{}, {"name": 7}], ValueError, r"tokens\[1\].name: Must be a text"),
        ([{"token": ""}], ValueError, r"tokens\[0\].token must be one or more visible ASCII"),
        ([{"token": "s3 cret"}], ValueError, r"tokens\[0\].token must be one or more visible ASCII"),
        ([{"token": 7}], TypeError, r"tokens\[0\].token must be a string, not int"),
        ([{"id": 0}], ValueError, r"tokens\[0\].id must be 1 or more"),
        ([{"id": 1}], ValueError, r"tokens\[0\] has the id or the key of the fake's own API key"),
        ([{"token": FakeIAM().api_key, "id": 3}], ValueError, "the key of the fake's own API key"),
        ([{"id": 3}, {"id": 3}], ValueError, r"tokens\[1\] has the same id as tokens\[0\]: 3"),
        ([{"token": "a_s3cret"}, {"token": "a_s3cret"}], ValueError, r"tokens\[1\] has the same token as tokens\[0\]$"),
        (
            [{"client_user": {"user_id": 77}}],
            ValueError,
            r"tokens\[0\].client_user.user_id: account 1001 has no user 77",
        ),
        ([{"client_user": {"client_id": 5}}], ValueError, "there is no account 5; the accounts are"),
        ([{"client_user": {"user_email": "x@example.com"}}], ValueError, "user_email follows from user_id"),
        ([{"client_user": {"role": {"id": 77}}}], ValueError, "client_user.role must be one role, by id or name"),
        ([{"expired": True}], ValueError, r"tokens\[0\].expired follows from exp_date; leave it out"),
        ([{"exp_date": "tomorrow"}], ValueError, r"tokens\[0\].exp_date: Must be a date and time with an offset"),
        (
            [{"created": "2016-12-31T23:59:60Z"}],
            ValueError,
            r"tokens\[0\].created must be a time that the calendar has",
        ),
    ],
)
def test_wrong_tokens_are_rejected(tokens: Any, error: type[Exception], hint: str) -> None:
    with pytest.raises(error, match=hint) as caught:
        make_fake(tokens=tokens)
    assert "s3" not in str(caught.value)
    assert FakeIAM().api_key not in str(caught.value)


# --- logins --------------------------------------------------------------------------------------------------------


def test_seeded_logins_are_the_past(open_client: OpenClient) -> None:
    fake = make_fake(logins=[{"user": 2, "is_successful": False, "auth_type": "SSO"}, {}])
    first, second = open_client(fake).get("/iam/activity_log/logins?limit=10").json()["result"]
    assert (first["user"], first["is_successful"], first["auth_type"]) == (2, False, "SSO")
    assert (second["user"], second["is_successful"], second["auth_type"]) == (1, True, "PASSWORD")
    assert (first["login_at"], second["login_at"]) == ("2026-03-01T11:00:00Z", "2026-03-01T10:00:00Z")


def test_the_logins_of_one_fake_seed_another() -> None:
    logins = FakeIAM(USERS, logins=20).logins
    assert len(logins) == 20
    assert FakeIAM(USERS, logins=logins).logins == logins
    assert FakeIAM(USERS, logins=[]).logins == ()


@pytest.mark.parametrize(
    ("logins", "error", "hint"),
    [
        ("40", TypeError, "logins must be an integer, or mappings in a list, not str"),
        ([7], TypeError, r"logins\[0\] must be a mapping, not int"),
        ([{"at": "2026"}], ValueError, r"logins\[0\] has an unknown key 'at'; known are auth_type, "),
        ([{}, {"user": 77}], ValueError, r"logins\[1\].user: account 1001 has no user 77"),
        ([{"id": 5}], ValueError, r"logins\[0\].user: there is no account 5"),
        ([{"login_at": "yesterday"}], ValueError, r"logins\[0\].login_at: Must be a date and time with an offset"),
        ([{"is_successful": 1}], ValueError, r"logins\[0\].is_successful: Must be true or false"),
    ],
)
def test_wrong_logins_are_rejected(logins: Any, error: type[Exception], hint: str) -> None:
    with pytest.raises(error, match=hint):
        make_fake(logins=logins)


def test_a_login_needs_a_user() -> None:
    with pytest.raises(ValueError, match=r"logins\[0\].user: account 1001 has no users"):
        FakeIAM(0, logins=[{}])


def test_later_edits_of_seeded_records_change_nothing() -> None:
    token: dict[str, Any] = {"name": "before", "client_user": {"user_id": 2}}
    fake = make_fake(tokens=[token])
    token["name"] = "after"
    token["client_user"]["user_id"] = 77
    fake.reset()
    assert fake.tokens[1]["name"] == "before"
