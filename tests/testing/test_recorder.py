"""What the fake records of requests: their parts, with secrets masked, and counts."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import attrs
import httpx
import pytest
from gcore_iam.testing import Delay, FakeIAM, Reset, Status
from gcore_iam.testing.http.transport import FakeTransport

from .support import PASSWORD

pytestmark = pytest.mark.fake_iam(3)


def test_a_request_is_recorded_as_received(client: httpx.Client, fake: FakeIAM) -> None:
    client.get("/iam/users?limit=2&offset=1", headers={"X-Mine": "a"})
    client.patch("/iam/users/%32", json={"name": "é"})
    first, second = fake.requests
    assert (first.method, first.path, first.operation, first.status) == ("GET", "/iam/users", "iamGetUsers", 200)
    assert first.query == {"limit": "2", "offset": "1"}
    assert first.headers["x-mine"] == "a"
    assert first.body is None
    assert (second.method, second.path, second.operation) == ("PATCH", "/iam/users/%32", "iamUpdateUser")
    assert second.body == {"name": "é"}


def test_every_request_counts_whatever_its_response(client: httpx.Client, fake: FakeIAM) -> None:
    client.get("/iam/users/9")
    client.get("/iam/users/1", headers={"Authorization": ""})
    client.get("/nowhere")
    client.post("/iam/users")
    fake.inject(Status(503))
    client.get("/iam/users/1")
    fake.inject(Reset())
    with pytest.raises(httpx.NetworkError):
        client.get("/iam/users/1")
    assert [(seen.operation, seen.status) for seen in fake.requests] == [
        ("iamGetUser", 404), ("iamGetUser", 401), (None, 404), (None, 405), ("iamGetUser", 503), ("iamGetUser", None),
    ]  # fmt: skip
    assert fake.calls == {"iamGetUser": 4}
    assert fake.calls["iamInviteUser"] == 0


SECRETS = [
    ("POST", "/iam/auth/jwt/login", {"username": "u", "password": "s3cret", "one_time_password": "s3cret"}),
    ("POST", "/iam/auth/jwt/refresh", {"refresh": "s3cret"}),
    ("PUT", "/iam/users/1/password", {"old": "s3cret", "new": "s3cret", "double": "s3cret"}),
    ("PUT", "/iam/users/1/email", {"new_email": "e", "password": "s3cret"}),
    ("POST", "/iam/clients/create", [{"company": {"token": "s3cret", "access": ["s3cret"]}}]),
]


@pytest.mark.parametrize(("method", "path", "body"), SECRETS)
def test_secrets_are_masked_until_they_are_revealed(
    client: httpx.Client, fake: FakeIAM, method: str, path: str, body: Any
) -> None:
    headers = {"Authorization": "Bearer s3cret", "Proxy-Authorization": "Basic s3cret", "Cookie": "a=s3cret; b=s3cret"}
    client.request(method, f"{path}?password=s3cret&token=s3cret", json=body, headers=headers)
    (seen,) = fake.requests
    assert "s3cret" not in repr(seen)
    assert "s3cret" not in repr([seen.headers, seen.query, seen.body, seen.path])
    assert seen.headers["authorization"] == "Bearer ***"
    assert seen.headers["cookie"] == "***"
    whole = seen.revealed()
    assert whole.body == body
    assert whole.headers["authorization"] == "Bearer s3cret"
    assert whole.query == {"password": "s3cret", "token": "s3cret"}
    assert (whole.method, whole.path, whole.operation, whole.status) == (
        seen.method, seen.path, seen.operation, seen.status,
    )  # fmt: skip


def test_a_body_that_is_not_json_is_masked_whole(client: httpx.Client, fake: FakeIAM) -> None:
    for content in (b'{"password": "s3cret"', b"s3cret\xff", b"[" * 50_000 + b"s3cret"):
        client.post("/iam/auth/jwt/login", content=content, headers={"Content-Type": "application/json"})
        seen = fake.requests[-1]
        assert "s3cret" not in repr(seen)
        assert seen.body == "***"
        assert seen.revealed().body == content.decode("utf-8", "replace")


def test_misplaced_and_misspelled_secrets_are_masked(client: httpx.Client, fake: FakeIAM) -> None:
    token = client.post(
        f"/iam/v2/clients/{fake.account_id}/tokens",
        json={"name": "t", "exp_date": None, "client_user": {"role": {"id": 2}}},
    ).json()["token"]
    owner = {"username": fake.users[0]["email"], "password": PASSWORD}
    access = client.post("/iam/auth/jwt/login", json=owner).json()["access"]
    for secret in (fake.api_key, token, access, PASSWORD, "99$0123456789abcdef0123456789abcdef"):
        client.get(f"/iam/users/{secret}", params={"q": f"is {secret}", secret: "x"}, headers={"X-Mine": secret})
        client.post("/iam/auth/jwt/login", json={"username": secret, "more": [{"deep": f"<{secret}>"}], secret: 1})
        client.post("/iam/auth/jwt/login", json=secret)
        assert secret not in repr(fake.requests)
        assert secret in repr(fake.requests[-1].revealed())
    for name in ("X-Api-Key", "Authorisation", "Access-Token"):
        client.get("/iam/users", headers={name: "s3cret"}, params={name: "s3cret"})
    for name in ("api_key", "passwd", "Password", "otp", "client_secret"):
        client.post("/iam/auth/jwt/login", json={name: "s3cret", "x": {name: ["s3cret"]}})
    assert "s3cret" not in repr(fake.requests)


def test_a_secret_that_begins_another_hides_no_more_and_no_less() -> None:
    users = [{"password": "hunter22"}, {"password": "hunter22-long"}, {"password": "sixsix"}, {"password": "five5"}]
    fake = FakeIAM(users, api_key="7_0123456789abcdef-zebra")
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:
        client.get("/iam/users/1", params={"q": "hunter22-long hunter22 sixsix five5"}, headers={"X-Is": fake.api_key})
    (seen,) = fake.requests
    assert seen.query == {"q": "*** *** *** five5"}
    assert seen.headers["x-is"] == "***"


def test_a_short_key_leaves_the_rest_readable() -> None:
    fake = FakeIAM(api_key="1")
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:
        client.get("/iam/users/1?limit=10", headers={"Authorization": "APIKey 1"})
    (seen,) = fake.requests
    assert (seen.path, seen.query, seen.headers["authorization"]) == ("/iam/users/1", {"limit": "10"}, "APIKey ***")


def test_a_masked_value_stays_masked(client: httpx.Client, fake: FakeIAM) -> None:
    client.post("/iam/auth/password/forgot", json={"email": fake.users[0]["email"]})
    link = fake.outbox[0].link
    assert link is not None
    client.get("/iam/users", params={"q": link, "p": PASSWORD}, headers={"X-Is": f"Bearer opaque s3cret {link}"})
    before = fake.requests[-1]
    assert before.query == {"q": "***", "p": "***"}
    assert "opaque" not in repr(before)
    fake.follow(fake.outbox[0], "another password")
    client.get("/iam/users", params={"q": "another password"})
    assert fake.requests[-2] == before
    assert fake.requests[-1].query == {"q": "***"}


def test_keys_in_a_path_are_masked_however_they_are_spelled(client: httpx.Client, fake: FakeIAM) -> None:
    client.get(f"/iam/users/2%24{'ab' * 16}")
    client.post("/iam/auth/jwt/login", json={"password": {"value": "s3cret"}, "tokens": ["s3cret"]})
    first, second = fake.requests
    assert first.path == "/iam/users/***"
    assert "s3cret" not in repr(second)


def test_deep_bodies_are_masked_whole(client: httpx.Client, fake: FakeIAM) -> None:
    for depth in (300, 900, 5000):
        client.patch("/iam/users/1", content=b"[" * depth + b'"s3cret"' + b"]" * depth)
        assert fake.requests[-1].method == "PATCH"


def test_the_fields_of_a_seen_request_hold_no_secret(client: httpx.Client, fake: FakeIAM) -> None:
    client.post("/iam/auth/jwt/login", json={"username": "u@example.com", "password": PASSWORD})
    assert PASSWORD not in repr(attrs.asdict(fake.requests[0]))
    assert fake.api_key not in repr(attrs.asdict(fake.requests[0]))


def test_masking_leaves_other_values(client: httpx.Client, fake: FakeIAM) -> None:
    client.post("/iam/auth/jwt/login", json={"username": "u@example.com", "password": PASSWORD})
    client.get("/iam/users", headers={"Authorization": f"{fake.api_key} x"})
    client.patch("/iam/users/1", json={"auth_types": ["sso"], "email": "e", "groups": [{"id": 42}]})
    first, second, third = fake.requests
    assert first.body == {"username": "u@example.com", "password": "***"}
    assert second.headers["authorization"] == "***"
    assert third.body == {"auth_types": ["sso"], "email": "e", "groups": [{"id": 42}]}
    assert fake.api_key not in repr(second)


def test_a_seen_request_can_be_pickled_and_stays_masked(client: httpx.Client, fake: FakeIAM) -> None:
    client.get("/iam/users/1")
    (seen,) = fake.requests
    assert pickle.loads(pickle.dumps(seen)) == seen
    assert fake.api_key not in repr(fake)


def test_connections(fake: FakeIAM) -> None:
    assert fake.connections_opened == 0
    with fake.serve() as url:
        with httpx.Client(base_url=url, trust_env=False) as client:
            for _ in range(5):
                client.get("/iam/users")
        assert fake.connections_opened == 1
        for _ in range(3):
            httpx.get(f"{url}/iam/users", trust_env=False)
        assert fake.connections_opened == 4
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:
        client.get("/iam/users")
    assert fake.connections_opened == 4


@pytest.mark.parametrize("tasks", [1, 7])
def test_peak_concurrency(fake: FakeIAM, served: bool, tasks: int) -> None:
    async def scenario(base_url: str, transport: FakeTransport | None = None) -> None:
        async with httpx.AsyncClient(base_url=base_url, trust_env=False, transport=transport) as client:
            await client.get("/iam/users")
            assert fake.peak_concurrency == 1
            fake.inject(Delay(0.3), times=None)
            await asyncio.gather(*(client.get("/iam/users") for _ in range(tasks)))
            await client.get("/iam/users")

    if served:
        with fake.serve() as url:
            asyncio.run(scenario(url))
    else:
        asyncio.run(scenario("http://fake", transport=fake.transport()))
    assert fake.peak_concurrency == tasks


def test_the_number_of_recorded_requests_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gcore_iam.testing.recorder.MAX_REQUESTS", 4)
    small = FakeIAM(1)
    with httpx.Client(base_url="http://fake", transport=small.transport()) as client:
        for number in range(6):
            client.get(f"/iam/users/{number}")
    assert [seen.path for seen in small.requests] == [f"/iam/users/{number}" for number in range(2, 6)]
    assert small.calls["iamGetUser"] == 6
