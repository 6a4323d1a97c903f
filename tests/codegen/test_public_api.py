"""`make api`: what programs written for an earlier commit no longer find."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codegen.errors import CodegenError
from codegen.public_api import find_breaking_changes
from tests.codegen.support import run_git

OLD = """
class Client:
    def get(self, user_id: int, *, view: str = "full") -> int:
        return user_id

    def _reset(self) -> None: ...


def paginate(limit: int) -> None: ...


def _helper(): ...
"""


@pytest.fixture
def old_library(tmp_path: Path) -> Path:
    """A repository whose only commit holds `OLD`."""
    package = tmp_path / "overlay" / "gcore_iam"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        'from ._client import Client, paginate\n__all__ = ["Client", "paginate"]\n', "utf-8"
    )
    (package / "_client.py").write_text(OLD, "utf-8")
    run_git(tmp_path, "init", "--quiet")
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "--quiet", "--message", "old")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("user_id: int, *", "user_id: int, count: int = 1, *", []),
        ("def _reset", "def _start", []),
        ("def _helper(): ...", "", []),
        ("def get", "def fetch", ["gcore_iam.Client.get: public object was removed"]),
        (
            "(limit: int)",
            "(size: int)",
            ["gcore_iam.paginate: parameter was added as required", "gcore_iam.paginate: parameter was removed"],
        ),
        ("user_id: int, *", "user_id: int, /, *", ["gcore_iam.Client.get: parameter kind was changed"]),
    ],
)
def test_only_public_names_that_are_gone_are_listed(old_library: Path, old: str, new: str, lines: list[str]) -> None:
    file = old_library / "overlay" / "gcore_iam" / "_client.py"
    assert old in OLD
    file.write_text(OLD.replace(old, new), "utf-8")
    found = find_breaking_changes(old_library, "overlay", "HEAD")
    assert found == lines


def test_an_exported_name_that_is_gone_is_listed(old_library: Path) -> None:
    file = old_library / "overlay" / "gcore_iam" / "__init__.py"
    file.write_text('from ._client import Client\n__all__ = ["Client"]\n', "utf-8")
    assert find_breaking_changes(old_library, "overlay", "HEAD") == ["gcore_iam.paginate: is removed"]


@pytest.mark.parametrize("ref", ["nonsense", "overlay/gcore_iam/__init__.py", "--all"])
def test_an_unknown_commit_is_a_clear_error(old_library: Path, ref: str) -> None:
    with pytest.raises(CodegenError, match=f"^{ref}: git knows no such commit, branch or tag here; `git tag` lists"):
        find_breaking_changes(old_library, "overlay", ref)


@pytest.mark.parametrize("arguments", [(), ("OLD=",)])
def test_make_api_says_what_it_needs(arguments: tuple[str, ...]) -> None:
    command = ["make", "--no-print-directory", "--old-file=.venv/.up-to-date", "api", *arguments]
    run = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout) == (
        2,
        "make api needs OLD=, a commit, branch or tag, such as the last release\n",
    )
