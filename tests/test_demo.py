"""The demo, as `make demo` runs it."""

from __future__ import annotations

import os
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
        "250 on 7 pages",
        "User 1",
        "NotFoundError",
        "Async",
        "1 renewal",
        "not repeated",
    ):
        assert shown in run.stdout
    assert run.stderr == ""


def test_the_demo_fails_when_something_is_wrong() -> None:
    run = demo("--live")
    assert run.returncode == 1
    assert "GCORE_API_KEY" in run.stderr
    run = demo("--live", GCORE_API_KEY="42_k3y-mark", GCORE_BASE_URL="http://127.0.0.1:9")
    assert run.returncode == 1
    assert "APIConnectionError" in run.stderr
    assert "mark" not in run.stderr + run.stdout
