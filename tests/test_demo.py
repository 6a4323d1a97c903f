"""The demo, as `make demo` runs it."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[1] / "examples" / "demo.py"


def demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GCORE_")}
    return subprocess.run(
        [sys.executable, str(DEMO), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**clean, "COLUMNS": "200", **environment},
        timeout=60,
    )


def test_the_demo_shows_the_library_at_work() -> None:
    run = demo()
    assert run.returncode == 0, run.stderr
    for shown in (
        "250 users at http://127.0.0.1:",
        "100%",
        "250 users, on 7 pages of 40: en",
        "User 1 is",
        "NotFoundError",
        "AsyncIAMClient",
        "1 renewal, no failure",
        "not created twice",
        "What to try next",
    ):
        assert shown in run.stdout
    assert len(run.stdout.splitlines()) <= 36  # a screen and a half
    assert run.stderr == ""


def test_the_demo_names_the_spec_by_its_day() -> None:
    name_api = runpy.run_path(str(DEMO))["name_api"]
    assert name_api("2026-05-15T06:37:28+00:00", "2026-05-15") == "the IAM API of 2026-05-15"
    assert name_api("31d34cf24301", "2026-07-14") == "the IAM API of 2026-07-14, version 31d34cf24301"
    assert name_api("31d34cf24301", "") == "the IAM API, version 31d34cf24301"


def test_the_demo_fails_when_something_is_wrong() -> None:
    run = demo("--live")
    assert run.returncode == 1
    assert "GCORE_API_KEY" in run.stderr
    run = demo("--live", GCORE_API_KEY="42_k3y-mark", GCORE_BASE_URL="http://127.0.0.1:9")
    assert run.returncode == 1
    assert "APIConnectionError" in run.stderr
    assert "mark" not in run.stderr + run.stdout
