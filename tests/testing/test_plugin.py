"""The plugin as pytest loads it, in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest


class RunPytest(Protocol):
    """A fixture that runs pytest on a file with a source."""

    def __call__(self, source: str, *arguments: str) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def run_pytest(tmp_path: Path) -> RunPytest:
    """Runs pytest on one file in an empty folder."""

    def run_pytest(source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_it.py").write_text(source, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", "--strict-markers"]
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )

    return run_pytest


def test_the_fixtures(run_pytest: RunPytest) -> None:
    source = """
import asyncio
import pytest
from gcore_iam import AsyncIAMClient, IAMClient, NotFoundError
from gcore_iam.testing import Clock, FakeIAM, Status
from datetime import UTC, datetime

def test_sync(iam: IAMClient, fake_iam: FakeIAM) -> None:
    assert [user.id for user in iam.users.list()] == [user["id"] for user in fake_iam.users]
    assert fake_iam.calls["iamGetUsers"] == 1

def test_async(async_iam: AsyncIAMClient, fake_iam: FakeIAM) -> None:
    async def scenario() -> str:
        async with async_iam as iam:
            return (await iam.users.get(1)).email
    assert asyncio.run(scenario()) == fake_iam.users[0]["email"]

def test_the_environment_does_not_matter(monkeypatch, request) -> None:
    monkeypatch.setenv("GCORE_BASE_URL", "http://elsewhere.example")
    assert request.getfixturevalue("iam").users.get(1).id == 1
    assert "localhost" in repr(request.getfixturevalue("async_iam"))

@pytest.mark.anyio
async def test_anyio(async_iam: AsyncIAMClient) -> None:
    assert (await async_iam.users.get(1)).id == 1

@pytest.mark.fake_iam(3, api_key="42_mine", seed=7)
def test_arguments(iam: IAMClient, fake_iam: FakeIAM) -> None:
    assert iam.users.list().total() == 3
    assert fake_iam.api_key == "42_mine"

@pytest.mark.fake_iam(clock=Clock(datetime(2026, 1, 1, tzinfo=UTC)))
@pytest.mark.parametrize("turn", [1, 2])
def test_nobody_elses_clock(fake_iam: FakeIAM, turn: int) -> None:
    assert fake_iam.clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    fake_iam.clock.advance(hours=1)

@pytest.mark.fake_iam(users=2)
class TestSeveral:
    def test_first(self, fake_iam: FakeIAM) -> None:
        fake_iam.inject(Status(404), times=None)
        assert len(fake_iam.users) == 2

    def test_second_has_a_fresh_one(self, iam: IAMClient, fake_iam: FakeIAM) -> None:
        assert fake_iam.faults == ()
        assert iam.users.get(2).id == 2
        with pytest.raises(NotFoundError):
            iam.users.get(3)
"""
    done = run_pytest(source, "-p", "anyio")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout.splitlines()[-1]


def test_it_costs_nothing_when_unused(run_pytest: RunPytest) -> None:
    """Only itself is loaded: no client, no model, no server."""
    source = """
import sys

def test_nothing_is_loaded(pytestconfig) -> None:
    assert pytestconfig.pluginmanager.has_plugin("gcore_iam")
    ours = sorted(name for name in sys.modules if name.startswith("gcore_iam"))
    assert ours == [
        "gcore_iam", "gcore_iam._lazy", "gcore_iam._version", "gcore_iam.testing", "gcore_iam.testing.plugin",
        "gcore_iam_client",
    ]
    assert not {"httpx", "attrs", "attr", "aiohttp", "jwt", "jsonschema_rs"} & sys.modules.keys()
"""
    others = ("anyio", "hypothesispytest", "schemathesis")
    done = run_pytest(source, *(word for name in others for word in ("-p", f"no:{name}")))
    assert done.returncode == 0, done.stdout


def test_the_fixtures_are_listed_with_what_they_give(run_pytest: RunPytest) -> None:
    done = run_pytest("", "--fixtures", "-v")
    for text in ("fake_iam", "Return a new `FakeIAM`", "async_iam", "Return an `AsyncIAMClient` of `fake_iam`"):
        assert text in done.stdout
    assert "fake_iam(...): arguments of FakeIAM" in run_pytest("", "--markers").stdout


@pytest.mark.parametrize("name", ["jwt", "pyotp", "jsonschema_rs"])
def test_without_the_extra_one_line_says_what_to_install(run_pytest: RunPytest, name: str) -> None:
    source = f"""
import sys
sys.modules[{name!r}] = None

def test_it(fake_iam) -> None:
    pass
"""
    done = run_pytest(source, "-p", "no:schemathesis")
    assert done.returncode == 1
    assert f'FakeIAM needs {name}: pip install "gcore-iam[testing]"' in done.stdout
