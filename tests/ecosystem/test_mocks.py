"""Packages that mock HTTP catch the requests of a default client: none of them leaves the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from gcore_iam import NotFoundError, RetryPolicy, models
from gcore_iam.testing import FakeIAM

from tests.ecosystem.support import require
from tests.overlay.conftest import ClientKind, EitherClient, EitherResult

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there: a request that is not caught fails."""

KEY = "42_k3y"


@pytest.fixture
def body(fake: FakeIAM) -> dict[str, Any]:
    """The JSON form of user 1."""
    with httpx.Client(transport=fake.transport(), headers={"Authorization": f"APIKey {fake.api_key}"}) as client:
        user: dict[str, Any] = client.get("http://fake/iam/users/1").json()
    return user


def get_user(client_kind: ClientKind, user_id: int = 1) -> models.UserPublic:
    """Get a user with a default client."""
    return client_kind.run(lambda iam: iam.users.get(user_id), KEY, base_url=NOWHERE, retries=RetryPolicy(1, base=0))


@pytest.fixture(params=["sync", "asyncio"])
def client_kind(request: pytest.FixtureRequest) -> ClientKind:
    """The kinds of client that these packages know; none of them knows trio."""
    return ClientKind(request.param)


@pytest.mark.parametrize("using", ["httpcore", "httpx"])
def test_respx_catches_every_request(client_kind: ClientKind, body: dict[str, Any], using: str) -> None:
    respx = require("respx")
    with respx.mock(using=using, base_url=NOWHERE) as router:
        route = router.get("/iam/users/1")
        route.side_effect = [httpx.Response(503), httpx.Response(200, json=body)]
        assert get_user(client_kind).email == body["email"]
        assert route.call_count == 2
        assert route.calls.last.request.headers["authorization"] == f"APIKey {KEY}"


def test_pytest_httpx_catches_every_request(
    request: pytest.FixtureRequest, client_kind: ClientKind, body: dict[str, Any]
) -> None:
    require("pytest_httpx")
    httpx_mock = request.getfixturevalue("httpx_mock")
    httpx_mock.add_response(status_code=503)
    httpx_mock.add_response(url=f"{NOWHERE}/iam/users/1", json=body)
    assert get_user(client_kind).email == body["email"]
    assert len(httpx_mock.get_requests()) == 2


def test_pook_catches_every_request(client_kind: ClientKind, body: dict[str, Any]) -> None:
    pook = require("pook")
    with pook.use():
        pook.get(f"{NOWHERE}/iam/users/1").times(1).reply(503)
        caught = pook.get(f"{NOWHERE}/iam/users/1").reply(200).json(body).mock
        assert get_user(client_kind).email == body["email"]
        assert caught.calls == 1
        assert pook.isdone()


def test_vcr_replays_what_it_recorded(
    client_kind: ClientKind, fake: FakeIAM, body: dict[str, Any], tmp_path: Path
) -> None:
    vcr = require("vcr")
    cassette = tmp_path / "users.yaml"
    record = vcr.VCR(filter_headers=["authorization"])

    def list_users(iam: EitherClient) -> EitherResult[list[models.User]]:
        return iam.users.list(page_size=10).collect()

    with fake.serve() as url, record.use_cassette(str(cassette)):
        users = client_kind.run(list_users, fake.api_key, base_url=url)
    assert len(users) == len(fake.users)
    assert fake.api_key not in cassette.read_text("utf-8")
    with record.use_cassette(str(cassette), record_mode="none") as played:
        again = client_kind.run(list_users, KEY, base_url=url)
        assert played.all_played
    assert [user.to_dict() for user in again] == [user.to_dict() for user in users]


def test_a_patched_httpx_client_catches_every_request(client_kind: ClientKind, body: dict[str, Any]) -> None:
    request = httpx.Request("GET", NOWHERE)
    responses = [httpx.Response(status, json=body, request=request) for status in (503, 200)]
    owner = httpx.AsyncClient if client_kind.is_async else httpx.Client
    with mock.patch.object(owner, "send", side_effect=responses) as send:
        assert get_user(client_kind).email == body["email"]
    assert send.call_count == 2


def test_a_mock_transport_catches_every_request(client_kind: ClientKind) -> None:
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(404, json={"message": "none"})

    with pytest.raises(NotFoundError):
        client_kind.run(lambda iam: iam.users.get(1), KEY, base_url=NOWHERE, transport=httpx.MockTransport(handle))
    assert seen == [f"{NOWHERE}/iam/users/1"]
