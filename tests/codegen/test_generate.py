"""Generating: the same bytes everywhere, all or nothing, and one line for each thing that would be lost."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import re
import subprocess
import sys
import time
import tokenize
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen import corrections, generate, spec
from codegen.escaping import FIRST_LINE
from codegen.generate import GENERATOR_VERSION, read_tree
from codegen.source_record import find_date
from tests.codegen.support import Api, Document, Run, RunOnSpec, Save

OBJECT: Document = {"type": "object"}
STRING: Document = {"type": "string"}


def ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def build_response(schema: Document | None = None, media_type: str = "application/json") -> Document:
    media = {} if schema is None else {"schema": schema}
    return {"description": "Done.", "content": {media_type: media}}


def thing(**changes: Any) -> Document:
    """The paths of a spec with one operation."""
    operation = {"operationId": "getThing", "responses": {"200": build_response(OBJECT)}, **changes}
    return {"/thing": {"get": operation}}


def parameter(where: str, schema: Document | None, **more: Any) -> Document:
    return {"name": "f", "in": where, **({} if schema is None else {"schema": schema}), **more}


# --- the same bytes ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def generated(root: Path) -> dict[str, bytes]:
    """What the project's own inputs give now."""
    description = spec.load(root / "spec" / "iam_api.yaml")
    entries = corrections.load(root / "spec" / "corrections.yaml")
    day = find_date(description)
    with generate.generate_package(description, entries, root / "generator-config.yml", spec_date=day) as package:
        return package.read_files()


def test_the_committed_package_is_what_the_description_gives(root: Path, generated: dict[str, bytes]) -> None:
    assert generate.list_differences(read_tree(root / "generated" / "gcore_iam_client"), generated) == []


@pytest.mark.slow
def test_hash_seed_locale_and_folders_change_nothing(root: Path, tmp_path: Path, generated: dict[str, bytes]) -> None:
    folder = tmp_path / "somewhere else"
    (folder / "tmp").mkdir(parents=True)
    output = folder / "deep" / "package"
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "1",
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": str(root),
        "LC_ALL": "C",
    }
    # A configuration of the machine's, which must not count.
    (folder / "ruff.toml").write_text("line-length = 40\n[format]\nquote-style = 'single'\n", encoding="utf-8")
    words = [
        *("--spec", root / "spec" / "iam_api.yaml"),
        *("--corrections", root / "spec" / "corrections.yaml"),
        *("--config", root / "generator-config.yml"),
        *("--output", output),
    ]
    command = [sys.executable, "-m", "codegen", "generate", *map(str, words)]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    assert read_tree(output) == generated
    assert sorted(path.name for path in folder.iterdir()) == ["deep", "ruff.toml", "tmp"]
    assert list((folder / "tmp").iterdir()) == []


def test_every_file_begins_with_a_line_that_fixes_utf_8(generated: dict[str, bytes]) -> None:
    assert len(generated) > 60
    for path, data in generated.items():
        if path != "py.typed":
            assert data.splitlines()[0].decode() == FIRST_LINE
            assert tokenize.detect_encoding(io.BytesIO(data).readline)[0] == "utf-8"


def test_one_file_holds_the_spec_version_and_hash(root: Path, generated: dict[str, bytes]) -> None:
    data = (root / "spec" / "iam_api.yaml").read_bytes()
    sha256, version = hashlib.sha256(data).hexdigest(), spec.load(root / "spec" / "iam_api.yaml").version
    for text in (sha256, version):
        assert [path for path, content in generated.items() if text.encode() in content] == ["__init__.py"]
    lines = generated["__init__.py"].decode().splitlines()
    assert f'SPEC_VERSION = "{version}"' in lines
    assert f'SPEC_SHA256 = "{sha256}"' in lines
    assert f'GENERATOR_VERSION = "{GENERATOR_VERSION}"' in lines


def test_another_version_changes_one_generated_file(generate: RunOnSpec, api: Api, output: Path) -> None:
    assert generate(api())[0] == 0
    assert generate(api(info={"title": "Things", "version": "2"}))[1].endswith(", files changed: 1\n")


def test_the_package_is_marked_as_typed(generated: dict[str, bytes]) -> None:
    assert generated["py.typed"] == b""


@pytest.mark.parametrize("version", ["1\nimport nothing_there\n", "1.0 coding: utf-7", '"""', "\x0c\x85\u2028"])
def test_title_and_version_are_only_literals(generate: RunOnSpec, api: Api, output: Path, version: str) -> None:
    assert generate(api(info={"title": 'T"""\\' + version, "version": version}))[0] == 0
    tree = ast.parse((output / "__init__.py").read_bytes())
    values = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}  # type: ignore[attr-defined]
    assert ast.literal_eval(values["SPEC_VERSION"]) == version
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    assert len(tree.body) == 13


def test_a_run_that_changes_nothing_leaves_the_files_alone(generate: RunOnSpec, api: Api, output: Path) -> None:
    assert generate(api())[1].partition("files changed: ")[2].strip().isdecimal()
    before = {path: path.stat() for path in output.rglob("*")}
    assert generate(api())[1].endswith(", nothing changed\n")
    assert {path: path.stat() for path in output.rglob("*")} == before


def test_what_a_lenient_run_leaves_out_is_noted(codegen: Run, save: Save, api: Api, root: Path) -> None:
    fixes = save([{"id": "a", "rule": "secret", "where": "$.info.x", "matches": 1, "why": "W."}], "corrections.yaml")
    words: list[str | Path] = ["--spec", save(api()), "--corrections", fixes, "--config", root / "generator-config.yml"]
    output = fixes.with_name("package")
    status, _, errors = codegen("generate", *words, "--output", output)
    assert (status, len(errors), output.exists()) == (2, 1, False)
    status, out, errors = codegen("generate", *words, "--output", output, "--lenient")
    assert (status, errors) == (0, [])
    assert out.startswith(f"note: {fixes}:2:2: correction 'a' must match 1 place, but $.info.x matches none: upstream")


# --- all or nothing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("post_hooks: ['echo it broke >&2; false']", "post hook failed: echo it broke >&2; false: it broke"),
        ("post_hooks: ['no-such-command']", "post hook failed: no-such-command: "),
        ("post_hook: []", ":1:1: openapi-python-client has no option 'post_hook'"),
        ("post_hooks: ruff", ":1:1: post_hooks: Input should be a valid list"),
        ("class_overrides:\n  A:\n    class_name: 5", ":3:5: class_overrides/A/class_name: Input should be a valid"),
        ("literal_enums: true", ":1:1: the templates do not support 'literal_enums'"),
        ("generate_all_tags: true", ":1:1: the templates do not support 'generate_all_tags'"),
        ("- a", ":1:1: the generator's options must be a mapping"),
        ("a: b: c", ":1:5: is not YAML: mapping values are not allowed in this context"),
    ],
)
def test_wrong_options_and_hooks_that_fail_change_nothing(
    generate: RunOnSpec, api: Api, save: Save, untouched: Callable[[], bool], options: str, problem: str
) -> None:
    status, _, errors = generate(api(), "--config", save(options, "config.yml"))
    assert (status, len(errors), untouched()) == (2, 1, True)
    assert problem in errors[0]


def test_a_missing_configuration_is_named(
    generate: RunOnSpec, api: Api, tmp_path: Path, untouched: Callable[[], bool]
) -> None:
    status, _, errors = generate(api(), "--config", tmp_path / "none.yml")
    assert (status, untouched()) == (2, True)
    assert errors == [f"codegen: {tmp_path / 'none.yml'}: cannot be read: No such file or directory"]


@pytest.mark.parametrize(
    ("template", "text", "problem"),
    [
        ("model.py.jinja", "{{ nothing.there }}", "a template fails on "),
        ("client.py.jinja", "{% if %}", "a template fails on "),
        ("errors.py.jinja", "raise RuntimeError('it broke')", "cannot import name 'InvalidBody' from 'errors'"),
        ("model.py.jinja", "{{ model.description }}", "a template prints a NoneType that is not escaped"),
        ("model.py.jinja", "{{ model.class_info.name }}", "a template prints a ClassName that is not escaped"),
        ("api_init.py.jinja", "import subprocess", "imports subprocess, which no template does"),
        ("errors.py.jinja", "InvalidBody = UnexpectedStatus = eval", "name 'eval' is not defined"),
        ("types.py.jinja", "def (:", "post hook failed: ruff format"),
    ],
)
def test_a_template_that_fails_changes_nothing(
    generate: RunOnSpec,
    api: Api,
    tmp_path: Path,
    untouched: Callable[[], bool],
    monkeypatch: pytest.MonkeyPatch,
    template: str,
    text: str,
    problem: str,
) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    for path in (Path(sys.modules["codegen.generate"].__file__ or "").parent / "templates").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / template).write_text(text, encoding="utf-8")
    monkeypatch.setattr("codegen.generate.TEMPLATES", folder)
    status, _, errors = generate(api(schemas={"A": OBJECT}))
    assert (status, len(errors), untouched()) == (2, 1, True)
    assert problem in errors[0]


@pytest.mark.parametrize("failing", [1, 2])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), PermissionError(13, "Permission denied", "package")])
def test_a_swap_that_is_interrupted_is_undone(
    generate: RunOnSpec,
    api: Api,
    untouched: Callable[[], bool],
    monkeypatch: pytest.MonkeyPatch,
    failing: int,
    error: BaseException,
) -> None:
    renamed = Path.rename
    calls: list[Path] = []

    def rename(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == failing:
            raise error
        return renamed(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    if isinstance(error, OSError):
        assert generate(api())[::2] == (2, ["codegen: package: Permission denied"])
    else:
        assert generate(api())[0] == 130
    assert untouched()


def test_an_interruption_leaves_no_temporary_folder(
    generate: RunOnSpec, api: Api, untouched: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("codegen.generate._finish", interrupted)
    status, _, errors = generate(api())
    assert (status, len(errors)) == (130, 1)
    assert untouched()


@pytest.mark.parametrize("content", [b"import something\n", b"", b"\xff\xfe"])
def test_a_folder_of_someone_else_is_refused(generate: RunOnSpec, api: Api, tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "__init__.py").write_bytes(content)
    status, _, errors = generate(api(), "--output", folder)
    assert (status, read_tree(folder)) == (2, {"__init__.py": content})
    assert len(errors) == 1
    assert errors[0].startswith(f"codegen: {folder}: holds files that were not generated; name another output folder")


def test_an_empty_folder_is_taken_and_one_of_others_refused(generate: RunOnSpec, api: Api, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    assert generate(api(), "--output", folder)[0] == 0
    (folder / "models" / "notes.txt").write_text("mine", encoding="utf-8")
    status, _, errors = generate(api(), "--output", folder)
    assert status == 2
    assert errors[0].endswith("or move models/notes.txt")


@pytest.mark.parametrize("inside", ["", "package", "deep/package"])
def test_a_file_in_the_way_is_named(generate: RunOnSpec, api: Api, tmp_path: Path, inside: str) -> None:
    path = tmp_path / "file"
    path.write_text("mine", encoding="utf-8")
    assert generate(api(), "--output", path / inside)[::2] == (2, [f"codegen: {path}: is not a folder"])
    assert path.read_text("utf-8") == "mine"


def test_missing_folders_are_made_once_all_is_well(generate: RunOnSpec, api: Api, tmp_path: Path) -> None:
    folder = tmp_path / "some"
    assert generate(api(info={"title": ["No text"]}), "--output", folder / "where" / "package")[0] == 2
    assert not folder.exists()
    assert generate(api(), "--output", folder / "where" / "package")[0] == 0
    assert [path.name for path in (folder / "where").iterdir()] == ["package"]
    assert not any(path.name.startswith(".generating-") for path in tmp_path.rglob("*"))


def test_files_of_a_former_run_go(generate: RunOnSpec, api: Api, output: Path) -> None:
    assert generate(api(schemas={"Old": OBJECT}))[0] == 0
    assert (output / "models" / "old.py").is_file()
    assert generate(api(schemas={"New": OBJECT}))[0] == 0
    assert {path.name for path in (output / "models").iterdir()} == {
        "__init__.py",
        "get_thing_response_200.py",
        "new.py",
    }


def build_operations(count: int) -> Document:
    """Build a spec of that many operations, each with an object of its own that refers to the one before it."""
    fields = {f"field_{index}": {"type": "string", "description": "A field."} for index in range(8)}
    schemas: Document = {
        f"Model{index}": {
            "type": "object",
            "properties": {
                **fields,
                "kind": {"enum": ["a", "b"]},
                "inner": OBJECT,
                "next": ref(f"Model{max(index - 1, 0)}"),
            },
        }
        for index in range(count)
    }
    # Rows of references have a bound of their own.
    for index in range(0, count, 20):
        del schemas[f"Model{index}"]["properties"]["next"]
    paths = {
        f"/things{index}/{{id}}": {
            "get": {
                "operationId": f"getThing{index}",
                "parameters": [parameter("query", STRING)],
                "responses": {"200": build_response(ref(f"Model{index}"))},
            }
        }
        for index in range(count)
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Things", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


@pytest.mark.slow
def test_generating_300_operations_takes_linear_time(generate: RunOnSpec) -> None:
    def measure(count: int) -> float:
        document = build_operations(count)
        started = time.process_time()
        assert generate(document)[0] == 0
        return time.process_time() - started

    measure(10)  # compiles the templates
    # A quadratic part fails it from two thirds of the linear one on, as 1.6 does at 500 operations.
    assert measure(300) < 4 * measure(75) * 1.45


# --- dropped -------------------------------------------------------------------------------------------------------

GET = "operation getThing loses its "
DROPPED = "operation getThing (GET /thing) is dropped: "


@pytest.mark.parametrize(
    ("changes", "dropped"),
    [
        # responses
        ({"responses": {"200": build_response(OBJECT), "2xx": build_response(OBJECT)}},
         [f"{GET}2xx response: Invalid response status code"]),
        # parameters
        ({"parameters": [parameter("query", None, content={"application/xml": {"schema": STRING}})]},
         [f"{GET}query parameter 'f': its media type application/xml is not supported"]),
        ({"parameters": [parameter("query", STRING, style="matrix")]},
         [f"{GET}query parameter 'f': OpenAPI has no style 'matrix' for it"]),
        ({"parameters": [parameter("header", STRING, style="form")]},
         [f"{GET}header parameter 'f': OpenAPI has no style 'form' for it"]),
        ({"parameters": [parameter("query", {**STRING, "format": "binary"})]},
         [f"{GET}query parameter 'f': files are supported in bodies only"]),
        ({"parameters": [parameter("query", STRING)] * 2}, [f"{DROPPED}Parameters MUST NOT contain duplicates."]),
        # bodies
        ({"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"items": STRING}}}}},
         [f"{GET}application/x-www-form-urlencoded request body: it must be an object"]),
        ({"requestBody": {"content": {"multipart/form-data": {"schema": {"oneOf": [ref("A"), ref("B")]}}}},
          "schemas": {"A": OBJECT, "B": STRING}},
         [f"{GET}multipart/form-data request body: it must be an object"]),
        # schemas
        ({"schemas": {"A": {"allOf": [ref("B")]}, "B": {"allOf": [ref("A")]}}},
         ["schema A is dropped: Could not find reference"]),
    ],
)  # fmt: skip
def test_each_loss_is_one_line(
    generate: RunOnSpec,
    api: Api,
    save: Save,
    untouched: Callable[[], bool],
    changes: Document,
    dropped: list[str],
) -> None:
    operation = {key: value for key, value in changes.items() if key != "schemas"}
    document = api(thing(**operation), changes.get("schemas"))
    status, out, errors = generate(document)
    assert (status, out, untouched()) == (2, "", True)
    for error, text in zip([error for error in errors if ":   so " not in error], dropped, strict=True):
        assert re.match(rf"codegen: {re.escape(str(save(document)))}:\d+:\d+: {re.escape(text)}", error)
    assert not any("openapi_python_client" in error or "WARNING" in error for error in errors)


def test_dropped_parts_of_all_operations_are_listed(generate: RunOnSpec, api: Api) -> None:
    lost = {"content": {"multipart/form-data": {"schema": STRING}, "application/json": {"schema": OBJECT}}}
    paths = {
        f"/{name}": {"post": {"operationId": name, "responses": {}, "requestBody": lost}}
        for name in ("one", "two", "three")
    }
    _, _, errors = generate(api(paths))
    assert [re.findall(r"operation (\w+) loses", error) for error in errors] == [["one"], ["two"], ["three"]]


@pytest.mark.parametrize("name", ["a\u200bb", "a\nb", 'a"b', "a\\", "a\x00", "\u2028a", " a "])
def test_names_keep_every_character_on_the_wire(generate: RunOnSpec, api: Api, output: Path, name: str) -> None:
    schemas = {"A": {"type": "object", "properties": {name: STRING}}}
    paths = thing(parameters=[parameter("query", STRING) | {"name": name}], responses={"200": build_response(ref("A"))})
    assert generate(api(paths, schemas))[0] == 0
    for module in (output / "models" / "a.py", output / "api" / "default" / "get_thing.py"):
        tree = ast.parse(module.read_bytes())
        assert name in [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"tags": ["conftest"]}, "a tag: a module cannot be called 'conftest'"),
        ({"operationId": "setup"}, "GET '/thing': a module cannot be called 'setup'"),
        ({"operationId": "\ufb01x"}, "GET '/thing': '\\ufb01x' is no Python name"),
        ({"parameters": [parameter("query", STRING) | {"name": "\u2170"}]}, "'\\u2170' is no Python name"),
    ],
)
def test_names_that_files_or_python_cannot_have_are_refused(
    generate: RunOnSpec, api: Api, untouched: Callable[[], bool], change: Document, problem: str
) -> None:
    status, _, errors = generate(api(thing(**change)))
    assert (status, len(errors), untouched()) == (2, 1, True)
    assert f"api.yaml: {problem}" in errors[0]


def test_a_cause_comes_with_its_place_and_its_results_below(generate: RunOnSpec, api: Api, save: Save) -> None:
    uses = {
        f"/u{i}": {"get": {"operationId": f"use{i}", "responses": {"200": build_response(ref("Page"))}}}
        for i in range(20)
    }
    page = {"type": "object", "properties": {"tree": ref("Tree")}}
    document = api(uses, {"Page": page, "Tree": {"allOf": [ref("Tree2")]}, "Tree2": {"allOf": [ref("Tree")]}})
    status, _, errors = generate(document)
    assert (status, len(errors)) == (2, 2)
    assert re.match(r"codegen: .*api\.yaml:\d+:\d+: schema Tree is dropped: ", errors[0])
    assert errors[1].startswith("codegen:   so these are dropped too: ")
    assert "schema Page" in errors[1] or "200 response of use0" in errors[1]
    assert errors[1].endswith(" more")

    status, out, errors = generate(document, "--tolerant")
    assert (status, errors) == (0, [])
    assert re.search(r"dropped: .*:\d+:\d+: schema Tree is dropped: ", out)


def test_tolerant_makes_an_unusable_schema_admit_anything(generate: RunOnSpec, api: Api, output: Path) -> None:
    schemas = {"A": {"allOf": [STRING, {"type": "object", "properties": {"a": STRING}}]}, "B": OBJECT}
    document = api(
        thing(responses={"200": build_response({"type": "object", "properties": {"a": ref("A"), "b": ref("B")}})}),
        schemas,
    )
    assert generate(document)[0] == 2
    status, out, errors = generate(document, "--tolerant")
    assert (status, errors) == (0, [])
    assert re.search(r"dropped: .*api\.yaml:\d+:\d+: /components/schemas/A admits anything: ", out)
    assert (output / "models" / "b.py").is_file()


def test_tolerant_leaves_out_what_is_malformed(generate: RunOnSpec, api: Api, output: Path) -> None:
    properties = {"a": {**STRING, "required": True}, "b": {**STRING, "enum": "x"}}
    document = api(thing(responses={"200": build_response({"type": "object", "properties": properties})}))
    status, _, errors = generate(document)
    assert (status, len(errors)) == (2, 2)
    assert errors[0].endswith(": is not valid OpenAPI: `required`: Input should be a valid list")

    status, out, errors = generate(document, "--tolerant")
    assert (status, errors) == (0, [])
    found = re.findall(r"dropped: .*api\.yaml:\d+:\d+: /paths/.*/properties/(\w/\w+) is left out: it is not valid", out)
    assert sorted(found) == ["a/required", "b/enum"]
    assert "a: str | Unset" in (output / "models" / "get_thing_response_200.py").read_text("utf-8")


@pytest.mark.parametrize("first", [{"application/json": {}}, {"text/plain": {"schema": STRING}}])
def test_a_later_media_type_names_its_class_after_the_status(
    generate: RunOnSpec, api: Api, output: Path, first: Document
) -> None:
    schema = {"type": "object", "properties": {"a": STRING}}
    content = {**first, "application/json; charset=utf-8": {"schema": schema}}
    assert generate(api(thing(responses={"200": {"description": "", "content": content}})))[::2] == (0, [])
    assert "GetThingResponse200" in (output / "models" / "__init__.py").read_text("utf-8")


def test_required_beside_a_reference_is_ignored(generate: RunOnSpec, api: Api) -> None:
    body = {"$ref": "#/components/requestBodies/B", "required": True}
    bodies = {"B": {"content": {"application/json": {"schema": {**ref("A"), "required": True}}}}}
    document = api(thing(requestBody=body), {"A": OBJECT}, components={"requestBodies": bodies})
    assert generate(document)[::2] == (0, [])


def test_a_union_that_contains_itself_admits_anything_inside(generate: RunOnSpec, api: Api, output: Path) -> None:
    tree = {"oneOf": [STRING, {"type": "array", "items": ref("Forest")}]}
    schemas = {
        "Tree": tree,
        "Forest": {"items": ref("Tree")},
        "Page": {"type": "object", "properties": {"t": ref("Tree")}},
    }
    status, _, errors = generate(api(thing(responses={"200": build_response(ref("Page"))}), schemas))
    assert (status, errors) == (0, [])
    assert "t: list[list[Any]] | str | Unset" in (output / "models" / "page.py").read_text("utf-8")


def test_a_file_of_webhooks_gives_models(generate: RunOnSpec, output: Path) -> None:
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"id": {"type": "integer"}}}}}}
    hooks = {"newPet": {"post": {"requestBody": body, "responses": {"200": {"description": ""}}}}}
    info = {"title": "Hooks", "version": "1"}
    status, out, errors = generate({"openapi": "3.1.0", "info": info, "webhooks": hooks})
    assert (status, errors) == (0, [])
    assert "operations: 0" in out
    assert "class NewPetPayload" in (output / "models" / "new_pet_payload.py").read_text("utf-8")


def test_schemas_that_make_no_class_may_share_a_name(generate: RunOnSpec, api: Api) -> None:
    assert generate(api(schemas={"foo_bar": STRING, "FooBar": OBJECT}))[0] == 0
