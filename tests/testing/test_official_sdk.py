"""The official SDK, a program by others, works with the served fake as with the real API."""

from __future__ import annotations

import asyncio

import gcore
import pytest
from gcore_iam.testing import FakeIAM

USERS = 25


pytestmark = pytest.mark.fake_iam(USERS)


def test_sync(fake: FakeIAM, url: str) -> None:
    emails = [user["email"] for user in fake.users]
    with gcore.Gcore(api_key=fake.api_key, base_url=url, max_retries=0) as client:
        overview = client.iam.get_account_overview()
        assert (overview.id, overview.current_user) == (fake.account_id, 1)
        assert [user.email for user in overview.users or ()] == emails

        first = client.iam.users.list(limit=10)
        assert (first.count, len(first.results)) == (USERS, 10)
        assert [user.email for user in client.iam.users.list(limit=10)] == emails
        assert [seen.query["offset"] for seen in fake.requests[2:] if "offset" in seen.query] == ["10", "20"]

        assert client.iam.users.get(7).email == emails[6]
        updated = client.iam.users.update(7, name="Renamed", lang="de")
        assert (updated.name, updated.lang) == ("Renamed", "de")
        assert client.iam.users.get(7).name == "Renamed"
        with pytest.raises(gcore.NotFoundError):
            client.iam.users.get(999)

        invited = client.iam.users.invite(
            client_id=fake.account_id, email="new@example.com", user_role={"id": 2, "name": "Users"}
        )
        assert (invited.status, invited.user_id) == ("sent", USERS + 1)
        assert client.iam.users.get(invited.user_id).activated is False
        client.iam.users.delete(invited.user_id, client_id=fake.account_id)
        with pytest.raises(gcore.NotFoundError):
            client.iam.users.get(invited.user_id)

        created = client.iam.api_tokens.create(
            client_id=fake.account_id, name="deploy", exp_date=None, client_user={"role": {"name": "Engineers"}}
        )
        assert created.token
        with gcore.Gcore(api_key=created.token, base_url=url, max_retries=0) as other:
            assert other.iam.users.get(1).id == 1
        listed = client.iam.api_tokens.list(fake.account_id)
        named = [token for token in listed if token.name == "deploy"]
        assert [token.client_user.role.name for token in named] == ["Engineers"]
        token_id = named[0].id
        assert client.iam.api_tokens.get(token_id, client_id=fake.account_id).name == "deploy"
        client.iam.api_tokens.delete(token_id, client_id=fake.account_id)
        with pytest.raises(gcore.NotFoundError):
            client.iam.api_tokens.get(token_id, client_id=fake.account_id)
        with (
            gcore.Gcore(api_key=created.token, base_url=url, max_retries=0) as other,
            pytest.raises(gcore.AuthenticationError),
        ):
            other.iam.users.get(1)


def test_async(fake: FakeIAM, url: str) -> None:
    emails = [user["email"] for user in fake.users]

    async def scenario() -> None:
        async with gcore.AsyncGcore(api_key=fake.api_key, base_url=url, max_retries=0) as client:
            overview = await client.iam.get_account_overview()
            assert overview.company_name == fake.accounts[fake.account_id]
            assert [user.email async for user in client.iam.users.list(limit=10)] == emails
            assert [seen.query.get("offset") for seen in fake.requests[1:]] == [None, "10", "20"]
            assert (await client.iam.users.get(3)).email == emails[2]
            assert (await client.iam.users.update(3, phone="+12025550199")).phone == "+12025550199"
            invited = await client.iam.users.invite(
                client_id=fake.account_id, email="new@example.com", user_role={"id": 5, "name": "Engineers"}
            )
            await client.iam.users.delete(invited.user_id, client_id=fake.account_id)
            created = await client.iam.api_tokens.create(
                client_id=fake.account_id,
                name="t",
                exp_date="2099-12-31T23:59:59.000000Z",
                client_user={"role": {"id": 2}},
            )
            assert created.token
            tokens = {token.name: token for token in await client.iam.api_tokens.list(fake.account_id)}
            got = await client.iam.api_tokens.get(tokens["t"].id, client_id=fake.account_id)
            assert got.exp_date == "2099-12-31T23:59:59.000000Z"
            await client.iam.api_tokens.delete(got.id, client_id=fake.account_id)
            with pytest.raises(gcore.NotFoundError):
                await client.iam.api_tokens.get(got.id, client_id=fake.account_id)

    asyncio.run(scenario())


def test_a_key_that_is_wrong_and_one_of_a_lower_role(fake: FakeIAM, url: str) -> None:
    with (
        gcore.Gcore(api_key="1_wrong", base_url=url, max_retries=0) as client,
        pytest.raises(gcore.AuthenticationError),
    ):
        client.iam.get_account_overview()
    with gcore.Gcore(api_key=fake.api_key, base_url=url, max_retries=0) as client:
        low = client.iam.api_tokens.create(
            client_id=fake.account_id, name="low", exp_date=None, client_user={"role": {"id": 2}}
        )
    with (
        gcore.Gcore(api_key=low.token, base_url=url, max_retries=0) as client,
        pytest.raises(gcore.PermissionDeniedError),
    ):
        client.iam.users.invite(client_id=fake.account_id, email="x@example.com", user_role={"id": 2})
