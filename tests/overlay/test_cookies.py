"""The client keeps no cookies."""

from __future__ import annotations

import httpx
from gcore_iam import AsyncIAMClient, IAMClient
from gcore_iam.testing import FakeIAM

from .conftest import ClientKind


def test_cookies_of_a_response_are_not_kept(fake: FakeIAM, client_kind: ClientKind) -> None:
    sent: list[str | None] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("cookie"))
        return httpx.Response(200, headers={"set-cookie": "sid=1; Path=/"}, json=fake.users[0])

    async def use_async(iam: AsyncIAMClient) -> int:
        await iam.users.get(1)
        client = iam.api.get_async_httpx_client()
        await client.get("/iam/users/1")
        await client.get("/iam/users/1")
        return len(client.cookies)

    def use(iam: IAMClient) -> int:
        iam.users.get(1)
        client = iam.api.get_httpx_client()
        client.get("/iam/users/1")
        client.get("/iam/users/1")
        return len(client.cookies)

    transport = httpx.MockTransport(respond)
    assert client_kind.run_either(use, use_async, "42_k", transport=transport) == 0
    assert sent == [None, None, None]
