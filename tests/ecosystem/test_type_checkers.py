"""Type checkers accept a program that calls every method, find the mistakes of another, and know enums for open."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from gcore_iam import AsyncIAMClient, IAMClient, Session
from gcore_iam.events import Event
from gcore_iam.testing import FakeIAM

from . import typed_program

PROGRAM = Path(typed_program.__file__)

EXHAUSTIVE = """
from typing import assert_never
from gcore_iam import models

def greet(lang: models.Language) -> str:
    match lang:
        case models.Language.AZ:
            return "salam"
        case models.Language.DE:
            return "hallo"
        case models.Language.EN:
            return "hello"
        case models.Language.RU:
            return "privet"
        case models.Language.ZH:
            return "ni hao"
        case _:
            assert_never(lang)  # line 18
"""

HONEST = """
from typing import assert_type
from gcore_iam import models

def greet(lang: models.Language) -> str:
    match lang:
        case models.Language.AZ:
            return "salam"
        case "fr":
            return "salut"
        case _:
            return lang.value

def compare(user: models.User) -> bool:
    if user.lang is models.Language.EN:
        return user.lang == "fr"
    if user.lang != models.Language.DE and user.lang == "fr":
        return True
    return user.lang in ("fr", "it") or "fr" in models.Language

def use(user: models.User) -> None:
    assert_type(user.lang, models.Language)
    assert_type(models.Language.EN, models.Language)
    assert_type(models.Language("fr"), models.Language)
    assert_type(models.Language["EN"], models.Language)
    assert_type(list(models.Language), list[models.Language])
    assert_type(user.lang.value, str)
    assert_type(user.lang.name, str)
    assert_type(user.lang.is_known, bool)
    assert_type(len(models.Language), int)
    names: dict[models.Language, str] = {models.Language.EN: "English"}
    names[user.lang] = user.lang.upper()
    text: str = user.lang
    print(text, names, sorted(models.Language.__members__))
"""

MISTAKES = """
from gcore_iam import AmbiguousOutcomeError, AsyncIAMClient, IAMClient, Session, models, paginate
from gcore_iam import Client  # there is no such name
from gcore_iam_client.api.users import iam_get_users


def call(iam: IAMClient) -> None:
    iam.users.get("5")  # an id is an int
    iam.users.get()  # the id is missing
    iam.users.fetch(5)  # no such method
    iam.users.update(5, language="en")  # no such parameter
    iam.users.list(consistency="slow")  # not one of the values
    iam.users.list()[0]  # a pager is not a list
    iam.users.get(5).e_mail  # no such field
    iam.account.get().current_user.email  # an id is not a user
    iam.tokens.create(1, "ci", "Users", exp_date="2030-01-01")  # a date is a datetime
    iam.tokens.rotate(1, 2, "store")  # hand_over is a function
    iam.tokens.delete(1, 2).id  # it returns None
    iam.with_raw_response.users.list()  # it sends more than one request
    iam.with_raw_response.users.get(5).email  # the model is in `model`
    iam.with_raw_response.users.get("5")  # an id is an int
    iam.with_options(retry=3)  # no such parameter
    paginate(iam_get_users.sync_detailed, client=iam)  # the client is iam.api
    IAMClient(api_key="42_k")  # no such parameter
    IAMClient(on_event=lambda: None)  # it gets an event
    Session("a@example.com", "secret", client_id="7")  # an id is an int
    models.Group(name="Users")  # a name is a GroupName
    models.Language.FR  # not listed
    models.Language(5)  # a value is a text


def assign(iam: IAMClient) -> None:
    user: models.User = iam.users.get(5)  # it is a UserPublic
    name: str = iam.users.get(5).name  # it may be None
    token: models.Token = iam.tokens.get(1, 2)  # another class
    users: list[models.User] = iam.users.list()  # a pager is not a list
    first: models.User = iam.users.list().first()  # it may be None
    print(user, name, token, users, first)


def recover(error: AmbiguousOutcomeError) -> models.TokenResponse | None:
    return error.reconcile(models.User)  # another class


async def call_async(iam: AsyncIAMClient, sync_iam: IAMClient) -> None:
    iam.users.get(5).email  # it is not awaited
    await sync_iam.users.get(5)  # nothing to await
    for user in iam.users.list():  # an async iterator
        print(user)
    await iam.users.list()  # a pager is not awaited
    with iam:  # async with
        pass
    await iam.users.set_role(1, 2, None)  # a role is given
"""
"""Each line with a comment has a mistake.

Two mistakes are not here, because no checker can find them, or not every one:

- `lang="EN"`: the parameter takes any text, since the API may know more languages than the spec lists. The call raises
  a ConfigurationError that names "en".
- A coroutine that is not awaited, as in `iam.users.revoke(1, 2)` in async code, is a valid statement to the type
  system. pyright reports it (reportUnusedCoroutine), mypy too (unused-coroutine), ty and pyrefly not all of them.
"""

DEPRECATED = """
from gcore_iam import AsyncIAMClient, IAMClient, models


def call(iam: IAMClient) -> list[models.TokenResponse]:
    new: models.CreateTokenResponse = iam.tokens.legacy.create(1, "ci", "Users")  # deprecated
    got: models.TokenResponse = iam.tokens.legacy.get(1, new.id)  # deprecated
    iam.tokens.legacy.delete(1, got.id)  # deprecated
    return iam.tokens.legacy.list(1, role=2)  # deprecated


async def call_async(iam: AsyncIAMClient) -> list[models.TokenResponse]:
    new: models.CreateTokenResponse = await iam.tokens.legacy.create(1, "ci", "Users")  # deprecated
    got: models.TokenResponse = await iam.tokens.legacy.get(1, new.id)  # deprecated
    await iam.tokens.legacy.delete(1, got.id)  # deprecated
    return await iam.tokens.legacy.list(1, role=2)  # deprecated
"""

CHECKERS: dict[str, list[str]] = {
    "mypy": [
        *("--strict", "--warn-unreachable", "--enable-error-code=deprecated", "--config-file="),
        *("--python-executable", sys.executable),
    ],
    "pyright": ["--pythonpath", sys.executable],
    "basedpyright": ["--level", "error", "--pythonpath", sys.executable],
    "ty": ["check", "--output-format", "concise", "--python", sys.prefix],
    "pyrefly": ["check", "--output-format", "min-text", "--python-interpreter-path", sys.executable],
}


def find_command(name: str) -> str:
    command = Path(sys.executable).with_name(name)
    if not command.exists():
        pytest.skip(f"{name} is not installed")
    return str(command)


@pytest.fixture(scope="module", params=CHECKERS)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a type checker prints of the programs."""
    command = find_command(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    programs = {
        "every_method.py": PROGRAM.read_text(encoding="utf-8"),
        "mistakes.py": MISTAKES,
        "exhaustive.py": EXHAUSTIVE,
        "honest.py": HONEST,
        "deprecated.py": DEPRECATED,
    }
    for name, program in programs.items():
        (folder / name).write_text(program, encoding="utf-8")
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', encoding="utf-8")
    arguments = [command, *CHECKERS[request.param], *programs]
    run = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    assert run.returncode == 1, run.stdout + run.stderr
    return run.stdout + run.stderr


def find_lines(report: str, file: str) -> set[int]:
    return {int(number) for number in re.findall(rf"\b{file}:(\d+)", report)}


def find_marked_lines(program: str) -> set[int]:
    return {number for number, line in enumerate(program.splitlines(), 1) if "  # " in line}


@pytest.mark.slow
def test_type_checkers_accept_a_program_with_every_method(report: str) -> None:
    assert find_lines(report, "every_method.py") == set(), report


@pytest.mark.slow
def test_type_checkers_find_every_mistake(report: str) -> None:
    marked = find_marked_lines(MISTAKES)
    assert len(marked) >= 15
    assert marked - find_lines(report, "mistakes.py") == set(), report


@pytest.mark.slow
def test_type_checkers_report_deprecated_methods(report: str) -> None:
    lines = [line for line in report.splitlines() if "deprecated.py:" in line]
    assert all("is deprecated" in line for line in lines), report
    assert find_lines(report, "deprecated.py") == find_marked_lines(DEPRECATED)


@pytest.mark.slow
def test_an_exhaustive_match_does_not_pass_type_checkers(report: str) -> None:
    assert "exhaustive.py:18" in report, report


@pytest.mark.slow
def test_type_checkers_accept_values_that_are_not_listed(report: str) -> None:
    assert "honest.py:" not in report, report


@pytest.mark.slow
def test_every_public_symbol_has_a_known_type(tmp_path: Path) -> None:
    """As `make types` checks it. What httpx and attrs leave unannotated in their own code does not count."""
    command = [find_command("pyright"), "--verifytypes", "gcore_iam", "--ignoreexternal"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # pyright takes the first `python` there
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout
    assert "Type completeness score: 100%" in run.stdout


def find_methods(client: object) -> Iterator[str]:
    for resource in ("account", "auth", "tokens", "users"):
        for name in dir(type(getattr(client, resource))):
            if not name.startswith("_") and name != "legacy":
                yield f"{resource}.{name}"


def test_the_program_calls_every_method() -> None:
    fake = FakeIAM(1)
    text = PROGRAM.read_text(encoding="utf-8")
    for client in (IAMClient, AsyncIAMClient):
        half = "".join(
            re.findall(rf"^(?:async )?def \w+\(iam: {client.__name__}.*?(?=^(?:async )?def|\Z)", text, re.M | re.S)
        )
        called = set(re.findall(r"\b(?:iam|view)\.(\w+\.\w+)\(", half))
        assert set(find_methods(client(fake.api_key))) - called == set()


def test_the_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeIAM(6)
    user = fake.users[0]
    for client in typed_program.build_clients(fake.api_key, Session(user["email"], typed_program.PASSWORD)):
        client.close()
    typed_program.inject_faults(fake)
    with IAMClient(fake.api_key, transport=fake.transport()) as iam:
        assert typed_program.use_users(iam, fake.account_id)
        assert typed_program.use_tokens(iam, fake.account_id)
        events: list[Event] = []
        assert typed_program.use_options(iam, events)[0].model.id == 1
        assert events
        assert typed_program.use_account(iam) > 0
        assert typed_program.recover(iam, fake.account_id) is None
        assert typed_program.use_sign_in(iam, user["id"], user["email"]).status == "sent"

    async def run() -> None:
        fake = FakeIAM(6)
        async with AsyncIAMClient(fake.api_key, transport=fake.transport()) as client:
            await typed_program.use_everything(client, fake.account_id, user["id"], user["email"])

    anyio.run(run)
    assert capsys.readouterr().out
