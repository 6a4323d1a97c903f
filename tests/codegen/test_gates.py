"""The gates of `make check`: inventory, completeness, sync, and the record of where the description came from."""

from __future__ import annotations

import ast
import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen import check, corrections, generate, inventory, spec

ROOT = Path(__file__).parents[2]
Codegen = Callable[..., tuple[int, str, list[str]]]

SPEC = ROOT / "spec" / "iam_api.yaml"
PACKAGE = ROOT / "generated" / "gcore_iam_client"
INPUTS = (
    "--spec",
    SPEC,
    "--corrections",
    ROOT / "spec" / "corrections.yaml",
    "--config",
    ROOT / "generator-config.yml",
)

BAD_SPECS = {
    "a missing file": None,
    "an empty file": b"",
    "no YAML": b"a: [",
    "no text": b"\xff\xfe\x00",
    "a list": b"- a\n",
    "no OpenAPI": b"title: x\n",
    "Swagger 2": b"swagger: '2.0'\npaths: {}\n",
    "OpenAPI 4": b"openapi: 4.0.0\ninfo: {title: x, version: '1'}\npaths: {}\n",
    "a reference to nothing": (
        b"openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths:\n  /a:\n    get:\n      responses:\n        '200':\n"
        b"          description: d\n          content:\n            application/json:\n"
        b"              schema: {$ref: '#/components/schemas/Nothing'}\n"
    ),
    "an operation id twice": (
        b"openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths:\n  /a:\n"
        b"    get: {operationId: a, responses: {'204': {description: d}}}\n"
        b"    put: {operationId: a, responses: {'204': {description: d}}}\n"
    ),
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the committed package, free to be damaged."""
    copy = tmp_path / "gcore_iam_client"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


# --- inventory -----------------------------------------------------------------------------------------------------


def test_the_inventory_lists_every_operation_with_its_type(codegen: Codegen) -> None:
    overlay = ROOT / "overlay" / "gcore_iam"
    status, out, errors = codegen("inventory", *INPUTS, "--output", PACKAGE, "--overlay", overlay, "--format", "json")
    entries = json.loads(out)
    assert (status, errors, len(entries)) == (0, [], 24)
    for entry in entries:
        assert set(entry) == {"id", "method", "path", "module", "function", "success_type", "overlay_method"}
        assert entry["success_type"]
        assert "Any" not in entry["success_type"]
        assert callable(getattr(importlib.import_module(entry["module"]), entry["function"]))
    by_id = {entry["id"]: entry for entry in entries}
    assert by_id["iamGetAccountDetails"]["success_type"] == "ClientBase"
    assert by_id["iamGetAccountDetails"]["overlay_method"] == "iam.account.get"
    assert by_id["iamGetUser"]["overlay_method"] == "iam.users.get"
    assert by_id["iamGetUsers"]["overlay_method"] == "iam.users.list"
    assert by_id["iamCreateApiTokenV2"]["success_type"] == "CreateTokenResponseV2"
    assert by_id["iamCreateApiTokenV2"]["overlay_method"] is None


def test_the_inventory_prints_a_line_for_each_operation(codegen: Codegen) -> None:
    status, out, _ = codegen("inventory", *INPUTS, "--output", PACKAGE, "--overlay", ROOT / "overlay" / "gcore_iam")
    assert (status, len(out.splitlines())) == (0, 24)


def test_an_operation_without_a_module_is_listed_without_one(package: Path) -> None:
    (package / "api" / "users" / "iam_get_user.py").unlink()
    entries = inventory.inventory(spec.load(SPEC), package, ROOT / "overlay" / "gcore_iam")
    assert [entry.id for entry in entries if not entry.module] == ["iamGetUser"]


# --- completeness --------------------------------------------------------------------------------------------------


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    ast.parse(file.read_text("utf-8"))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda p: (p / "api/users/iam_get_user.py").unlink(), "operation iamGetUser: has no module"),
        (
            lambda p: edit(p / "api/users/iam_get_user.py", "_Response[UserPublic]", "_Response[Any]"),
            "operation iamGetUser: has the success type Any, not UserPublic",
        ),
        (lambda p: (p / "models/client_user.py").unlink(), "class ClientUser: is missing"),
        (lambda p: edit(p / "models/user.py", "    email: str\n", ""), "class User: property 'email' is not a field"),
        (
            lambda p: edit(
                p / "models/token_response.py", "    client_user: ClientUser\n", "    client_user: object\n"
            ),
            "class TokenResponse: property 'client_user' is object, not ClientUser",
        ),
        (
            lambda p: edit(p / "models/base_user.py", "    client: int | Unset = UNSET", "    client: float = 0.0"),
            "class BaseUser: property 'client' is float, not Unset | int",
        ),
        (
            lambda p: edit(p / "models/last_login_time_item.py", "login_at: datetime.datetime", "login_at: str"),
            "class LastLoginTimeItem: property 'login_at' is str, not datetime.datetime",
        ),
    ],
)
def test_what_generated_code_lacks_is_named(damage: Callable[[Path], object], told: str, package: Path) -> None:
    entries = corrections.load(ROOT / "spec" / "corrections.yaml")
    with generate.generated(spec.load(SPEC), entries, ROOT / "generator-config.yml") as fresh:
        assert inventory.missing(fresh.document, package, fresh.config) == []
        damage(package)
        problems = inventory.missing(fresh.document, package, fresh.config)
    assert told in problems


# --- sync ----------------------------------------------------------------------------------------------------------


def test_the_committed_package_passes(codegen: Codegen) -> None:
    status, out, errors = codegen("check", *INPUTS, "--output", PACKAGE)
    assert (status, errors) == (0, [])
    assert "in sync" in out


def test_hand_edits_missing_and_extra_files_are_named(codegen: Codegen, package: Path) -> None:
    with (package / "client.py").open("a") as file:
        file.write("#\n")
    (package / "models" / "user.py").unlink()
    (package / "mine.py").write_text("MINE = 1\n", encoding="utf-8")
    status, _, errors = codegen("check", *INPUTS, "--output", package)
    assert status == 1
    assert [line.split(": ")[0] for line in errors] == [
        str(package / "client.py"),
        str(package / "mine.py"),
        str(package / "models" / "user.py"),
    ]
    assert "edited by hand" in errors[0]
    assert "not generated" in errors[1]
    assert "is missing" in errors[2]


def test_a_description_that_is_not_the_recorded_one_is_found(tmp_path: Path) -> None:
    changed = tmp_path / "iam_api.yaml"
    changed.write_bytes(SPEC.read_bytes() + b"# changed\n")
    (tmp_path / "source.toml").write_bytes((SPEC.parent / "source.toml").read_bytes())
    problems = check.check_source(changed, spec.load(changed))
    assert len(problems) == 1
    assert problems[0].startswith(f"{changed}: sha256 is ")
    assert check.check_source(SPEC, spec.load(SPEC)) == []


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", BAD_SPECS.values(), ids=BAD_SPECS.keys())
@pytest.mark.parametrize("command", ["generate", "check", "inventory"])
def test_a_bad_description_is_one_line_and_exit_status_2(
    command: str, content: bytes | None, codegen: Codegen, package: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    if content is not None:
        bad.write_bytes(content)
    before = generate.read_tree(package)
    status, out, errors = codegen(command, *INPUTS, "--spec", bad, "--output", package)
    assert (status, out, len(errors)) == (2, "", 1)
    assert str(bad) in errors[0]
    assert generate.read_tree(package) == before
    assert not list(package.parent.glob(".generating-*"))


def test_an_unknown_rule_is_one_line_and_exit_status_2(codegen: Codegen, package: Path, tmp_path: Path) -> None:
    fixes = tmp_path / "corrections.yaml"
    fixes.write_text("- {id: a, rule: wish, where: $.paths, matches: 1, why: w}\n", encoding="utf-8")
    before = generate.read_tree(package)
    status, _, errors = codegen("generate", *INPUTS, "--corrections", fixes, "--output", package)
    assert (status, len(errors)) == (2, 1)
    assert f"{fixes}:1:" in errors[0]
    assert "unknown rule 'wish'" in errors[0]
    assert generate.read_tree(package) == before
