"""A sync client in a marimo notebook, whose cells run in an event loop."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gcore_iam.testing import FakeIAM

from tests.ecosystem.support import require

NOTEBOOK = """
import marimo

app = marimo.App()

@app.cell
def _():
    from gcore_iam import IAMClient
    with IAMClient() as iam:
        print("sync", iam.users.get(1).id, len(iam.users.list(page_size=10).collect()))
    return

@app.cell
async def _():
    from gcore_iam import AsyncIAMClient
    async with AsyncIAMClient() as async_iam:
        print("async", (await async_iam.users.get(1)).id, len(await async_iam.users.list(page_size=10).collect()))
    return

if __name__ == "__main__":
    app.run()
"""


@pytest.mark.fake_iam(60)
def test_both_clients_work_in_marimo_without_a_warning(fake: FakeIAM, url: str, tmp_path: Path) -> None:
    require("marimo")
    file = tmp_path / "notebook.py"
    file.write_text(NOTEBOOK, encoding="utf-8")
    environment = {
        **os.environ,
        "GCORE_API_KEY": fake.api_key,
        "GCORE_BASE_URL": url,
        "PYTHONWARNINGS": "error::RuntimeWarning",
    }
    done = subprocess.run(
        [sys.executable, str(file)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split("\n")) == ["", "async 1 60", "sync 1 60"]
    assert "RuntimeWarning" not in done.stderr
