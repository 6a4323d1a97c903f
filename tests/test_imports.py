"""The import rules of pyproject.toml hold."""

from __future__ import annotations

import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

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


def test_no_modules_of_the_library_import_each_other() -> None:
    """Not even within functions. Imports for type checkers do not count."""
    graph = grimp.build_graph("gcore_iam", exclude_type_checking_imports=True, cache_dir=None)
    TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules}).prepare()


def test_an_import_circle_would_be_found() -> None:
    with pytest.raises(CycleError):
        TopologicalSorter({"call": {"events"}, "events": {"call"}}).prepare()
