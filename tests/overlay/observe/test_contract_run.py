"""`python -m gcore_iam.observe.contract`: the check of the API that a maintainer runs before a release."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from gcore_iam.observe import Observations
from gcore_iam.observe.contract import main
from gcore_iam.testing import FakeIAM, Fault, Missing, Null, Status, UnknownEnum
from gcore_iam_client.description import DESCRIPTION

GETS = {item["get"]["operationId"] for item in DESCRIPTION["paths"].values() if "get" in item}

Use = Callable[[FakeIAM], None]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GCORE_API_KEY", raising=False)
    monkeypatch.delenv("GCORE_BASE_URL", raising=False)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Lets the command call a fake."""
    return lambda fake: monkeypatch.setattr("gcore_iam.testing.FakeIAM", lambda: fake)


def build_fake(path: str, *faults: Fault, times: int | None = 1) -> FakeIAM:
    fake = FakeIAM([{"email": "ada.lovelace@example.com", "name": "Ada"}, {}])
    fake.inject(*faults, path=path, times=times)
    return fake


def test_each_get_operation_is_called_once(use: Use, capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeIAM(3)
    use(fake)
    assert main([]) == 0
    assert dict(fake.calls) == dict.fromkeys(GETS, 1)
    assert capsys.readouterr().out == (
        "GET operations of FakeIAM; set GCORE_API_KEY for the real API\n"
        f"compared {len(GETS)} of {len(GETS)} operations\n"
        "no observations\n"
    )


@pytest.mark.parametrize(
    ("path", "fault", "difference"),
    [
        ("/iam/users", UnknownEnum("results.*.lang", "fr"), "undocumented enum value: fr"),
        ("/iam/users/{userId}", Null("email"), "null, which the spec does not allow"),
        ("/iam/clients/me", Missing("id"), "required key is missing"),
        ("/iam/v2/clients/{clientId}/tokens", Status(418), "undocumented status"),
    ],
)
def test_a_difference_is_printed_without_values(
    use: Use, capsys: pytest.CaptureFixture[str], path: str, fault: Fault, difference: str
) -> None:
    fake = build_fake(path, fault)
    use(fake)
    assert main([]) == 1
    printed = capsys.readouterr()
    assert difference in printed.out
    assert "1 observation of 1 operation" in printed.out
    for value in ("lovelace", "Ada", fake.api_key, str(fake.account_id)):
        assert value not in printed.out + printed.err


def test_ids_come_from_other_responses_where_one_fails(use: Use, capsys: pytest.CaptureFixture[str]) -> None:
    fake = build_fake("/iam/users", Status(401))
    fake.inject(Status(404), path="/iam/v2/clients/{clientId}/tokens")
    use(fake)
    assert main([]) == 0
    assert set(fake.calls) == GETS
    printed = capsys.readouterr().out
    assert "iamGetUsers: not compared, the status was 401\n" in printed
    assert f"compared {len(GETS) - 2} of {len(GETS)} operations\n" in printed


def test_without_ids_the_others_are_not_called(use: Use, capsys: pytest.CaptureFixture[str]) -> None:
    fake = build_fake("/iam/clients/me", Status(401))
    fake.inject(Status(401), path="/iam/users")
    use(fake)
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "iamGetUser: not compared, no response\n" in printed
    assert f"compared 1 of {len(GETS)} operations\n" in printed


def test_the_account_of_a_user_counts_where_ours_is_missing(use: Use) -> None:
    fake = build_fake("/iam/clients/me", Status(401))
    use(fake)
    assert main([]) == 0
    assert set(fake.calls) == GETS


def test_an_account_without_users_has_roles_of_nobody(use: Use, capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeIAM(0)
    use(fake)
    assert main([]) == 0
    assert fake.calls["iamGetUser"] == 1
    assert "iamGetClientUserRole: not compared, the status was 404\n" in capsys.readouterr().out


def test_another_version_of_the_api_differs(use: Use, capsys: pytest.CaptureFixture[str]) -> None:
    spec = copy.deepcopy(DESCRIPTION)
    user = spec["components"]["schemas"]["UserPublic"]
    user["properties"]["rank"] = {"type": "integer"}
    user["required"].append("rank")
    use(FakeIAM(1, spec=spec))
    assert main([]) == 1
    assert "/rank" in capsys.readouterr().out


def test_a_key_leads_to_the_api(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeIAM(3)
    with fake.serve() as url:
        monkeypatch.setenv("GCORE_BASE_URL", url)
        monkeypatch.setenv("GCORE_API_KEY", fake.api_key)
        assert main([]) == 0
        assert f"GET operations of IAMClient(base_url='{url}')" in capsys.readouterr().out
        assert {request.method for request in fake.requests} == {"GET"}
        monkeypatch.setenv("GCORE_API_KEY", "1_wrong")
        assert main([]) == 2
    output = capsys.readouterr()
    assert "iamGetUsers: not compared, the status was 401\n" in output.out
    assert "no observations" not in output.out
    assert output.err == "error: no operation succeeded; check GCORE_API_KEY and GCORE_BASE_URL\n"


def test_a_key_that_cannot_be_one_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GCORE_API_KEY", "not a key")
    assert main([]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "not a key" not in error


def test_without_the_extra_the_error_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "gcore_iam.testing", None)
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_differences_are_added_to_a_file(use: Use, tmp_path: Path) -> None:
    use(build_fake("/iam/users/{userId}", Null("email")))
    assert main(["--output", str(tmp_path / "observations.json")]) == 1
    kinds = {one.kind for one in Observations.load(tmp_path / "observations.json")}
    assert "unannounced_null" in kinds


def test_the_module_is_a_command() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "gcore_iam.observe.contract"], capture_output=True, text=True, check=True
    )
    assert run.stdout.endswith("no observations\n")
    assert run.stderr == ""
