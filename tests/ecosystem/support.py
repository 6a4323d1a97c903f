"""Imports packages that only the environment of `make test-ecosystem` has."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

IS_ECOSYSTEM = Path(sys.prefix).name == ".venv-ecosystem"
"""Whether the tests run in that environment."""


def require(name: str) -> ModuleType:
    """Import a module, or skip the tests of the caller's module with a reason.

    In the environment of `make test-ecosystem`, only a module that is not installed is a reason: one that is there and
    fails to load is an error.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        pytest.skip(f"{name} is not installed; `make test-ecosystem` has it", allow_module_level=True)
