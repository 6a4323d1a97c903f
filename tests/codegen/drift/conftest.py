"""The command `python -m codegen drift`, and two specs for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.codegen.drift.pairs import document
from tests.codegen.support import RunCommand

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
RESPONSE = {"type": "object", "properties": {"id": NUMBER, "name": TEXT}, "required": ["id"]}
OLD = document(response=RESPONSE)
NEW = document(response={"type": "object", "properties": {"name": TEXT}})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an old and a new spec, where the command runs."""
    (tmp_path / "old.json").write_text(json.dumps(OLD, indent=1))
    (tmp_path / "new.json").write_text(json.dumps(NEW, indent=1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run_drift(run_command: RunCommand) -> RunCommand:
    """Runs the command; returns the exit status, the output and the messages."""

    def run_drift(*words: str | Path) -> tuple[int, str, str]:
        return run_command("drift", *words)

    return run_drift
