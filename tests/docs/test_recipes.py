"""The recipes of the documentation, run against FakeIAM in process."""

from __future__ import annotations

import csv
import importlib.util
import io
import runpy
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from gcore_iam import IAMClient, RetryPolicy, ServerError, Session, TokenRotationError
from gcore_iam.testing import FakeIAM, Reset, Status

FOLDER = Path(__file__).parents[2] / "examples" / "recipes"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def connect(fake: FakeIAM, auth: str | Session | None = None) -> IAMClient:
    retries = RetryPolicy(sleep=fake.clock.sleep)
    return IAMClient(auth or fake.api_key, base_url="http://localhost", transport=fake.transport(), retries=retries)


def test_every_recipe_has_a_page() -> None:
    pages = "\n".join(page.read_text("utf-8") for page in (FOLDER.parents[1] / "docs" / "recipes").glob("*.md"))
    for program in FOLDER.glob("*.py"):
        assert f'--8<-- "examples/recipes/{program.name}"' in pages


@pytest.mark.parametrize("program", sorted(FOLDER.glob("*.py")), ids=lambda program: program.stem)
@pytest.mark.parametrize("words", [["--help"], ["--hlp"]])
def test_an_option_is_no_file(
    program: Path, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [program.name, *words])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(program), run_name="__main__")
    assert (caught.value.code, [*tmp_path.iterdir()]) == (0 if words == ["--help"] else 2, [])
    assert f"usage: {program.name}" in "".join(capsys.readouterr())


def test_a_file_of_people_without_a_column_is_refused(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("\ufeffemail,role\nada@example.com,Users\n", "utf-8")
    fake = FakeIAM(1)
    with connect(fake) as iam, pytest.raises(SystemExit, match="its first line must name the column name"):
        list(load("bulk_invite").invite_people(iam, people, tmp_path / "journal"))
    assert fake.calls["iamInviteUser"] == 0


def test_export_writes_each_user_with_the_last_login() -> None:
    fake = FakeIAM(
        [{"email": "ada@example.com", "two_fa": True}, {"email": "grace@example.com"}],
        logins=[
            {"user": 1, "is_successful": False, "login_at": "2026-03-02T00:00:00Z"},
            {"user": 1, "login_at": "2026-03-01T00:00:00Z"},
            {"user": 1, "login_at": "2026-01-01T00:00:00Z"},
        ],
    )
    file = io.StringIO()
    with connect(fake) as iam:
        assert load("export_users").export_users(iam, file) == 2
    ada, grace = csv.DictReader(io.StringIO(file.getvalue()))
    assert (ada["email"], ada["two_fa"], ada["last_login"]) == ("ada@example.com", "True", "2026-03-01T00:00:00+00:00")
    assert (grace["email"], grace["roles"], grace["last_login"]) == ("grace@example.com", "Users", "never")


def test_audit_names_tokens_that_expire_or_are_unused() -> None:
    now = datetime.now(UTC)
    long_ago = (now - timedelta(days=100)).isoformat()
    fake = FakeIAM(
        3,
        tokens=[
            {"name": "soon", "exp_date": (now + timedelta(days=10)).isoformat()},
            {"name": "later", "exp_date": (now + timedelta(days=40)).isoformat()},
            {"name": "idle", "created": long_ago, "last_usage": long_ago},
        ],
    )
    audit = load("audit_tokens")
    with connect(fake) as iam:
        findings = list(audit.audit_tokens(iam, now))
    assert [line.split("(")[1].split(")")[0] for line in findings] == ["soon", "idle"]


def test_audit_finds_old_keys_and_shows_none() -> None:
    findings = list(load("audit_tokens").audit_keys(["42_0123abcd", "1234$abcdef"]))
    assert len(findings) == 1
    assert "line 2" in findings[0]
    assert "abcdef" not in findings[0]


def test_offboarding_deletes_tokens_and_access_in_every_account() -> None:
    fake = FakeIAM(
        [
            {"email": "ada@example.com", "groups": [{"id": 1}], "password": "an example"},
            {"email": "leaver@example.com"},
        ],
        tokens=[{"name": "of the leaver", "client_user": {"user_id": 2}}],
    )
    with connect(fake, Session("ada@example.com", "an example")) as iam:
        lines = list(load("offboard").offboard(iam, "Leaver@example.com"))
    assert lines == ["Example Widgets Ltd (1001): removed, with 1 API tokens"]
    assert [user["email"] for user in fake.users] == ["ada@example.com"]


def test_offboarding_reports_accounts_that_are_out_of_reach() -> None:
    accounts = [
        {"client_id": number, "client_company_name": company, "user_id": 2, "user_roles": ["2"]}
        for number, company in FakeIAM(0).accounts.items()
    ]
    fake = FakeIAM(
        [
            {"email": "ada@example.com", "groups": [{"id": 1}], "password": "an example"},
            {"email": "leaver@example.com", "client_and_roles": accounts},
        ]
    )
    with connect(fake, Session("ada@example.com", "an example")) as iam:
        lines = list(load("offboard").offboard(iam, "leaver@example.com"))
    assert len(lines) == 2
    assert "removed, with 0" in lines[0]
    assert "not removed" in lines[1]


def test_invitations_continue_after_an_interruption(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "email,role,name\nada@example.com,Users,Ada\nwrong,Users,W\ngrace@example.com,Engineers,Grace\n", "utf-8"
    )
    fake = FakeIAM(1)
    recipe = load("bulk_invite")
    with connect(fake) as iam:
        lines = recipe.invite_people(iam, people, tmp_path / "journal")
        assert "invited as user" in next(lines)
        lines.close()  # interrupted
        rest = list(recipe.invite_people(iam, people, tmp_path / "journal"))
        assert [line.split(":")[0] for line in rest] == ["wrong", "grace@example.com"]
        assert "refused" in rest[0]
        assert list(recipe.invite_people(iam, people, tmp_path / "journal")) == []
    assert len(fake.outbox) == 2


def test_an_unclear_invitation_is_looked_up(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("email,role,name\nada@example.com,Users,Ada\n", "utf-8")
    fake = FakeIAM(1)
    fake.inject(Reset(after_work=True), method="POST")
    with connect(fake) as iam:
        assert "invited as user" in "".join(load("bulk_invite").invite_people(iam, people, tmp_path / "journal"))
    assert len(fake.outbox) == 1


def test_rotation_stores_the_new_key_first(tmp_path: Path) -> None:
    fake = FakeIAM(1, tokens=[{"name": "ci", "token": "7_0123abcd"}])
    recipe = load("rotate_token")
    vault = tmp_path / "vault"
    with connect(fake) as iam:
        new = recipe.rotate_token(iam, "ci", recipe.build_file_vault(vault))
        names = {token.id for token in iam.tokens.list(fake.account_id, deleted=False) if token.name == "ci"}
    assert names == {new}
    with connect(fake, vault.read_text("utf-8")) as iam:
        assert iam.users.get(1).id == 1


def test_rotation_keeps_the_old_token_when_the_vault_fails() -> None:
    fake = FakeIAM(1, tokens=[{"name": "ci", "token": "7_0123abcd"}])

    def fail(secret: str) -> None:
        raise OSError("the vault is sealed")

    with connect(fake) as iam, pytest.raises(TokenRotationError):
        load("rotate_token").rotate_token(iam, "ci", fail)
    with connect(fake, "7_0123abcd") as iam:
        assert iam.users.get(1).id == 1


def test_mirror_adds_changes_and_removes_rows() -> None:
    fake = FakeIAM(30)
    recipe = load("mirror_users")
    with closing(sqlite3.connect(":memory:")) as database, connect(fake) as iam:
        assert recipe.mirror_users(iam, database) == 30
        iam.users.update(2, name="Grace")
        iam.users.revoke(fake.account_id, 3)
        assert recipe.mirror_users(iam, database) == 29
        assert database.execute("SELECT name FROM users WHERE id IN (2, 3)").fetchall() == [("Grace",)]


def test_mirror_continues_after_a_failure() -> None:
    fake = FakeIAM(1200)
    recipe = load("mirror_users")
    with closing(sqlite3.connect(":memory:")) as database, connect(fake) as iam:
        fake.inject(Status(500), path="/iam/users", after=1)
        with pytest.raises(ServerError):
            recipe.mirror_users(iam, database)
        read = database.execute("SELECT count(*) FROM users").fetchone()[0]
        assert 0 < read < 1200
        assert recipe.mirror_users(iam, database) == 1200


def test_a_forwarded_token_has_the_rights_of_its_caller() -> None:
    fake = FakeIAM([{"email": "ada@example.com", "password": "an example"}, {}])
    list_emails = load("forward_token").list_emails
    with connect(fake) as iam:
        access = iam.auth.login("ada@example.com", "an example").access
        status, emails = list_emails(iam, f"Bearer {access}")
        assert (status, emails[0]) == (200, "ada@example.com")
        fake.clock.advance(hours=2)
        assert list_emails(iam, f"Bearer {access}")[0] == 401
        assert list_emails(iam, "")[0] == 401
    assert fake.requests[-1].headers["authorization"] != f"APIKey {fake.api_key}"
