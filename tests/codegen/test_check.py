"""The gate: an edited, missing or extra file, a spec that is not the recorded one, and what is lost."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from gcore_iam_client.description import DESCRIPTION

from codegen import spec
from codegen.check import find_stray_files, list_fake_gaps
from codegen.generate import generate_package, replace
from tests.codegen.support import Api, Document, Run, RunOnSpec, Save

Check = Callable[[], tuple[int, str, list[str]]]

OBJECT: Document = {"type": "object", "properties": {"a": {"type": "string"}}}


def thing(schema: Document) -> Document:
    """The paths of a spec with one operation."""
    response = {"description": "Done.", "content": {"application/json": {"schema": schema}}}
    return {"/thing": {"get": {"operationId": "getThing", "responses": {"200": response}}}}


def write_record(path: Path, version: str = "1") -> None:
    """Write `source.toml` beside a spec, for the spec as it stands."""
    text = f'[vendored]\nversion = "{version}"\nsha256 = "{hashlib.sha256(path.read_bytes()).hexdigest()}"\n'
    path.with_name("source.toml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory, api: Api, root: Path) -> Path:
    """A folder with a spec, its record and the package generated from it."""
    folder = tmp_path_factory.mktemp("order")
    path = folder / "api.yaml"
    path.write_text(json.dumps(api(thing(OBJECT))), encoding="utf-8")
    write_record(path)
    with generate_package(spec.load(path), (), root / "generator-config.yml", beside=folder) as package:
        replace(package, folder / "package")
    return folder


@pytest.fixture
def output(order: Path, tmp_path: Path) -> Path:
    """The package of a project that is in order until the test spoils it."""
    shutil.copytree(order, tmp_path, dirs_exist_ok=True)
    return tmp_path / "package"


@pytest.fixture
def check(
    codegen: Run,
    save: Save,
    root: Path,
    output: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Check:
    """Runs `check` on that project, which has no sync half to compare."""
    monkeypatch.setattr("codegen.unasync.find_differences", lambda overlay: [])
    words: list[str | Path] = [
        "--spec",
        tmp_path / "api.yaml",
        "--corrections",
        save("", "corrections.yaml"),
        "--output",
        output,
    ]
    return lambda: codegen("check", *words, "--config", root / "generator-config.yml")


def test_a_project_in_order_passes(check: Check, output: Path, tmp_path: Path) -> None:
    assert check() == (0, f"{output}: in sync with {tmp_path / 'api.yaml'}, nothing lost\n", [])


def test_the_project_itself_is_in_order(codegen: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    assert codegen("check")[::2] == (0, [])


@pytest.mark.parametrize("file", ["client.py", "models/__init__.py", "api/default/get_thing.py", "py.typed"])
def test_an_edit_by_hand_is_found_and_named(check: Check, output: Path, file: str) -> None:
    with (output / file).open("a", encoding="utf-8") as stream:
        stream.write("#\n")
    status, out, errors = check()
    assert (status, out) == (1, "")
    assert errors == [f"{output / file}: differs from what the spec gives (edited by hand?); run `make generate`"]


def test_a_missing_file_is_named(check: Check, output: Path) -> None:
    (output / "models" / "get_thing_response_200.py").unlink()
    (output / "py.typed").unlink()
    assert check()[::2] == (
        1,
        [
            f"{output / 'models' / 'get_thing_response_200.py'}: is missing; run `make generate`",
            f"{output / 'py.typed'}: is missing; run `make generate`",
        ],
    )


@pytest.mark.parametrize("file", ["models/extra.py", "notes.txt", "api/extra/__init__.py", ".hidden"])
def test_an_extra_file_is_named(check: Check, output: Path, file: str) -> None:
    (output / file).parent.mkdir(exist_ok=True)
    (output / file).write_text("", encoding="utf-8")
    problem = f"{output / file}: is not generated from the spec; run `make generate`"
    assert check()[::2] == (1, [problem])


def test_what_lies_beside_the_package_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "generated"
    (folder / "package").mkdir(parents=True)
    assert find_stray_files(folder / "package") == []
    (folder / "stray.py").write_text("STRAY = 1\n", encoding="utf-8")
    assert find_stray_files(folder / "package") == [folder / "stray.py"]


def test_compiled_files_do_not_count(check: Check, output: Path) -> None:
    (output / "models" / "__pycache__").mkdir()
    (output / "models" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"\x00")
    assert check()[0] == 0


def test_a_package_that_is_not_there_is_missing_file_by_file(check: Check, output: Path) -> None:
    files = sorted(path for path in output.rglob("*") if path.is_file())
    output.rename(output.with_name("moved"))
    assert check()[::2] == (1, [f"{file}: is missing; run `make generate`" for file in files])


def test_the_check_changes_nothing(check: Check, output: Path, tmp_path: Path) -> None:
    (output / "client.py").write_text("", encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    check()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


# --- the record of the vendored spec ------------------------------------------------------------------------


def test_a_description_that_changed_without_its_record_is_found(
    check: Check, generate: RunOnSpec, tmp_path: Path
) -> None:
    path = tmp_path / "api.yaml"
    text = path.read_text("utf-8").replace('"version": "1"', '"version": "2"')
    # Regenerated, so that nothing but the record is behind.
    assert generate(text)[0] == 0
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    status, _, errors = check()
    assert (status, len(errors)) == (1, 2)
    assert errors[0].startswith(f"{path}: sha256 is {sha256}, but {tmp_path / 'source.toml'} says '")
    assert errors[1].startswith(f"{path}: version is 2, but {tmp_path / 'source.toml'} says '1'")


def test_a_record_without_a_hash_is_behind(check: Check, tmp_path: Path) -> None:
    (tmp_path / "source.toml").write_text('[vendored]\nversion = "1"\n', encoding="utf-8")
    status, _, errors = check()
    assert (status, len(errors)) == (1, 1)
    assert f"but {tmp_path / 'source.toml'} says None" in errors[0]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"[vendored\n", "is not TOML: "),
        (b"\xff\xfe", "is not TOML: "),
        (b"", "needs a table [vendored] with sha256 and version"),
        (b"vendored = 1\n", "needs a table [vendored] with sha256 and version"),
    ],
)
def test_a_record_that_cannot_be_read_is_wrong_input(
    check: Check, tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "source.toml"
    path.unlink() if content is None else path.write_bytes(content)
    status, out, errors = check()
    assert (status, out, len(errors)) == (2, "", 1)
    assert errors[0].startswith(f"codegen: {path}: {problem}")


def test_the_projects_record_is_that_of_its_spec(root: Path) -> None:
    data = (root / "spec" / "iam_api.yaml").read_bytes()
    assert f'sha256 = "{hashlib.sha256(data).hexdigest()}"' in (root / "spec" / "source.toml").read_text("utf-8")


# --- dropped -------------------------------------------------------------------------------------------------------


def test_a_type_that_says_nothing_is_a_loss(
    check: Check, generate: RunOnSpec, api: Api, output: Path, tmp_path: Path
) -> None:
    assert generate(api(thing({})))[0] == 0
    write_record(tmp_path / "api.yaml")
    advice = "the spec leaves it open: say what it holds in spec/corrections.yaml"
    assert check()[::2] == (1, [f"{output}: operation getThing: has the success type Any; {advice}"])


# --- FakeIAM and the spec ------------------------------------------------------------------------------------------


ROLES: Document = {
    "operationId": "iamListRoles",
    "responses": {
        "200": {
            "content": {
                "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Group"}}}
            }
        }
    },
}


@pytest.fixture
def grown_package(root: Path, tmp_path: Path) -> Path:
    """The generated package for a spec with another operation, and another required property of a user."""
    package = tmp_path / "generated" / "gcore_iam_client"
    shutil.copytree(root / "generated" / "gcore_iam_client", package)
    document = copy.deepcopy(DESCRIPTION)
    document["paths"]["/iam/roles"] = {"get": ROLES}
    schema = document["components"]["schemas"]["UserPublic"]
    schema["properties"]["created_at"] = {"type": "string"}
    schema["required"].append("created_at")
    (package / "description.py").write_text(f"DESCRIPTION = {document!r}\n", encoding="utf-8")
    return package


def test_gaps_of_the_fake_are_listed_by_operation(grown_package: Path) -> None:
    operations = "overlay/gcore_iam/testing/operations/"
    property_gap, operation_gap = list_fake_gaps(grown_package)
    assert property_gap == (
        "FakeIAM: iamGetUser answers created_at from its schema only; "
        f"add it to get_user in {operations}users.py, or to serializers.py"
    )
    assert operation_gap == f"FakeIAM: iamListRoles answers from its schema only; add a handler in {operations}"


def test_a_gap_is_a_new_operation_or_property(root: Path) -> None:
    gaps = list_fake_gaps(root / "generated" / "gcore_iam_client")
    assert all("from its schema only; add" in gap for gap in gaps), gaps


def test_a_package_that_the_fake_cannot_import_is_reported(grown_package: Path) -> None:
    (grown_package / "description.py").write_text("DESCRIPTION = {}['x']\n", encoding="utf-8")
    assert list_fake_gaps(grown_package) == ["FakeIAM: its gaps cannot be listed: KeyError: 'x'"]


def test_gaps_are_printed_and_are_no_failure(codegen: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setattr(
        "codegen.check.list_fake_gaps", lambda _: ["FakeIAM: iamListRoles answers from its schema only"]
    )
    status, out, errors = codegen("check")
    assert (status, errors) == (0, [])
    assert out.startswith("FakeIAM: iamListRoles answers from its schema only\n")
