"""requirements-lowest.txt: the versions that `make test-lowest` installs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements-lowest.txt").read_text("utf-8")
PINS = re.findall(r"^([a-z0-9.-]+)==(\S+)", LOCK, re.MULTILINE)
"""Names and versions; a name has two versions where they depend on the Python."""

LOCKED = dict(PINS)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REQUIREMENTS = [
    Requirement(text)
    for texts in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for text in texts
]


def test_the_lowest_versions_are_the_ones_of_pyproject() -> None:
    for requirement in REQUIREMENTS:
        bounds = [Version(each.version) for each in requirement.specifier if each.operator == ">="]
        assert [Version(LOCKED[requirement.name])] == bounds, f"{requirement}: run `make lock`"


def test_the_lowest_versions_are_locked_by_hashes_alone() -> None:
    assert "://" not in LOCK
    assert len(LOCKED) > 40
    hashed = re.findall(r"^\S+==.*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+", LOCK, re.MULTILINE)
    assert len(hashed) == len(PINS)
    assert len("".join(hashed)) == len(LOCK)


def test_the_lowest_filelock_follows_no_symbolic_link() -> None:
    assert Version(LOCKED["filelock"]) >= Version("3.20.1")
