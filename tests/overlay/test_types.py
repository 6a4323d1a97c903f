"""What type checkers see of the library: they read the two programs below, which also run."""

from __future__ import annotations

from typing import assert_type

import anyio
from gcore_iam import AsyncIAMClient, AsyncPager, IAMClient, Pager, RawResponse, models
from gcore_iam.testing import FakeIAM

ACCOUNT = 1001


def program(iam: IAMClient) -> None:
    assert_type(iam.users.get(1), models.UserPublic)
    assert_type(iam.users.list(), Pager[models.User])
    assert_type(iam.account.logins(), Pager[models.LastLoginTimeItem])
    assert_type(iam.tokens.list(ACCOUNT), list[models.TokenResponse])
    assert_type(iam.users.get_role(ACCOUNT, 2), models.Group)
    assert_type(iam.with_options(timeout=5), IAMClient)
    raw = iam.with_raw_response.users.get(1)
    assert_type(raw, RawResponse[models.UserPublic])
    assert_type(raw.model.email, str)
    assert_type(iam.with_raw_response.tokens.list(ACCOUNT, issued_by=1), RawResponse[list[models.TokenResponse]])
    assert_type(iam.with_raw_response.users.set_role(ACCOUNT, 2, "Users"), RawResponse[None])


async def async_program(iam: AsyncIAMClient) -> None:
    assert_type(await iam.users.get(1), models.UserPublic)
    assert_type(iam.users.list(), AsyncPager[models.User])
    assert_type(await iam.tokens.list(ACCOUNT), list[models.TokenResponse])
    assert_type(iam.with_options(timeout=5), AsyncIAMClient)
    assert_type(await iam.with_raw_response.users.get(1), RawResponse[models.UserPublic])
    assert_type(await iam.with_raw_response.users.set_role(ACCOUNT, 2, "Users"), RawResponse[None])


def test_the_programs_that_type_checkers_read_run(iam: IAMClient, fake: FakeIAM) -> None:
    program(iam)

    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as async_iam:
            await async_program(async_iam)

    anyio.run(main)
