"""The names of the packages, as `dir()` and completion show them, and where they can be imported from."""

from __future__ import annotations

from types import ModuleType

import gcore_iam
import pytest
from gcore_iam import auth, models


@pytest.mark.parametrize("package", [gcore_iam, auth])
def test_a_package_shows_its_public_names_and_has_them(package: ModuleType) -> None:
    """Although it loads each of them when it is first used."""
    assert dir(package) == sorted(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)


def test_models_are_shown_beside_what_handles_them() -> None:
    names = dir(models)
    assert {"User", "Timestamp", "UNSET", "as_record"} <= set(names)
    assert all(hasattr(models, name) for name in names)


def test_the_stores_have_an_import_path_of_their_own() -> None:
    from gcore_iam.auth import store

    assert {name: getattr(store, name) for name in store.__all__} == {
        name: getattr(auth, name) for name in ("FileTokenStore", "MemoryTokenStore", "TokenPair", "TokenStore")
    }
