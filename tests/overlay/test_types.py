"""What type checkers see of the library: they read the two programs below, which also run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, assert_type

import anyio
import pytest
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


DEPRECATED = """
from gcore_iam import AsyncIAMClient, IAMClient


def call(iam: IAMClient) -> None:
    iam.tokens.legacy.get(1, 2)
    iam.with_raw_response.tokens.legacy.list(1)


async def call_async(iam: AsyncIAMClient) -> None:
    await iam.tokens.legacy.get(1, 2)
    await iam.with_raw_response.tokens.legacy.list(1)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [["mypy", "--config-file=", "--enable-error-code=deprecated"], ["pyright", "--pythonpath", sys.executable]],
    ids=lambda command: command[0],
)
def test_type_checkers_report_the_operations_of_version_1(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "program.py").write_text(DEPRECATED, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text('{"reportDeprecated": "error"}', encoding="utf-8")
    program = Path(sys.executable).with_name(command[0])
    options: dict[str, Any] = {"cwd": tmp_path, "capture_output": True, "text": True, "check": False, "timeout": 300}
    run = subprocess.run([program, *command[1:], "program.py"], **options)
    message = r"program\.py:(\d+):.*\s+deprecated; announced for removal on 2026-07-17; use iam"
    assert set(re.findall(message, run.stdout)) == {"6", "7", "11", "12"}, run.stdout
