"""What `make update-spec` tells a maintainer to do next."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen import next_steps, spec
from codegen.inventory import InventoryEntry

ROOT = Path(__file__).parents[2]
API = "gcore_iam_client.api.users"
USERS = "overlay/gcore_iam/testing/operations/users.py"


def test_the_next_steps_begin_with_the_file_to_change(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gaps = [
        "FakeIAM: iamListRoles answers from its schema only; add a handler in overlay/gcore_iam/testing/operations/",
        f"FakeIAM: iamGetUser answers born from its schema only; add it to get_user in {USERS}, or to serializers.py",
    ]
    entries = [
        InventoryEntry(
            "iamListRoles", "GET", "/iam/roles", "gcore_iam_client.api.users.iam_list_roles", "sync_detailed", "", None
        ),
        InventoryEntry("iamOld", "GET", "/iam/old", "gcore_iam_client.api.users.iam_old", "sync_detailed", "", None),
    ]
    monkeypatch.setattr(next_steps, "list_fake_gaps", lambda _: gaps)
    monkeypatch.setattr(next_steps, "build_inventory", lambda *_: entries)
    (tmp_path / "aio" / "resources").mkdir(parents=True)
    (tmp_path / "aio" / "resources" / "users.py").touch()
    vendored = spec.load(ROOT / "spec" / "iam_api.yaml")

    steps = next_steps.list_next_steps(
        vendored,
        added=[("GET", "/iam/roles")],
        package=tmp_path / "gcore_iam_client",
        overlay=tmp_path,
        unwritten=["/paths/~1iam~1users/get/summary"],
        broken=[
            "overlay/gcore_iam/aio/users.py:7: no such argument",
            "overlay/gcore_iam/observe/contract.py:71: no such field",
        ],
        page=Path("spec/reviews/page.md"),
        changelog=Path("CHANGELOG.md"),
        bump="minor",
    )
    place = vendored.format_place("/paths/~1iam~1users/get/summary")
    assert [step.partition(": ")[0] for step in steps] == [
        "spec/reviews/page.md",
        place,
        "overlay/gcore_iam/aio/users.py:7",
        "overlay/gcore_iam/observe/contract.py:71",
        str(tmp_path / "aio" / "resources" / "users.py"),
        "overlay/gcore_iam/testing/operations",
        USERS,
        "CHANGELOG.md",
    ]
    assert steps[1] == f"{place}: write summary in your own words"
    assert steps[2].endswith("; adapt it, and run `make generate`, which derives sync/ from it")
    assert steps[3].endswith("; adapt it")
    assert "calls gcore_iam_client.api.users.iam_list_roles" in steps[4]


def test_steps_name_what_checks_and_tests_found_once() -> None:
    log = """
overlay/gcore_iam/aio/users.py:7: error: No such argument  [call-arg]
overlay/gcore_iam/sync/users.py:7: error: No such argument  [call-arg]
generated/gcore_iam_client/models/user.py:9: error: Odd  [misc]
examples/recipes/export_users.py:45: error: "User" has no attribute "two_fa"  [attr-defined]
examples/recipes/export_users.py:45: error: "User" has no attribute "two_fa"  [attr-defined]
tests/overlay/test_users.py:5: note: a hint
overlay/gcore_iam/aio/tokens.py:8: error: Other  [arg-type]
Found 4 errors in 3 files (checked 9 source files)
FAILED tests/testing/test_newer_spec.py::test_name[in process] - AssertionError: assert 1 == 2
FAILED tests/testing/test_newer_spec.py::test_name[served] - AssertionError: assert 1 == 2
make[1]: *** [Makefile:149: types] Error 1
"""
    steps = "What to do next:\n  overlay/gcore_iam/aio/users.py:7: no such argument; adapt it\n"

    assert next_steps.list_failures(log, steps) == [
        'examples/recipes/export_users.py:45: "User" has no attribute "two_fa"; adapt it',
        "overlay/gcore_iam/aio/tokens.py:8: Other; adapt it, and run `make generate`, which derives sync/ from it",
        "tests/testing/test_newer_spec.py: test_name fails; adapt the test, or what it tests",
    ]
