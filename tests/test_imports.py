"""The import rules of pyproject.toml hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def lint_imports(*options: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache", *options], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_import_rules_hold() -> None:
    run = lint_imports()
    assert run.returncode == 0, run.stdout
    assert "0 broken" in run.stdout


def test_a_broken_import_rule_is_reported(tmp_path: Path) -> None:
    config = tmp_path / "rules.toml"
    config.write_text(
        """
[tool.importlinter]
root_package = "gcore_iam"

[[tool.importlinter.contracts]]
name = "errors know nothing"
type = "forbidden"
source_modules = ["gcore_iam.call"]
forbidden_modules = ["gcore_iam.errors"]
""",
        encoding="utf-8",
    )
    run = lint_imports("--config", str(config))
    assert run.returncode == 1
    assert "gcore_iam.call -> gcore_iam.errors" in run.stdout
