"""The environment of `make test-ecosystem` has the packages that these tests need, so that they are not all skipped."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.ecosystem.support import IS_ECOSYSTEM

PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
REQUIREMENTS = [Requirement(line) for line in PYPROJECT["dependency-groups"]["ecosystem"]]


@pytest.mark.skipif(not IS_ECOSYSTEM, reason="only the environment of `make test-ecosystem` has these packages")
def test_every_package_with_a_wheel_is_installed() -> None:
    """A package that has none gets a marker in pyproject.toml; tests that need it are skipped with a reason."""
    expected = [
        requirement.name for requirement in REQUIREMENTS if requirement.marker is None or requirement.marker.evaluate()
    ]
    assert len(expected) > len(REQUIREMENTS) / 2
    for name in expected:
        importlib.metadata.version(name)  # raises if it is missing
