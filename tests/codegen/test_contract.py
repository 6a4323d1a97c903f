"""The generated module that holds what a program can check of a spec."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from gcore_iam_client.description import DESCRIPTION

from codegen import contract, corrections
from codegen.__main__ import main
from tests.codegen.support import Api, Document, RunOnSpec, Save


def read(source: str) -> Document:
    names: Document = {}
    exec(compile(source, "description.py", "exec"), names)  # noqa: S102 - our own code
    document: Document = names["DESCRIPTION"]
    return document


def test_prose_goes_and_what_can_be_checked_stays() -> None:
    property_ = {"type": "string", "description": "d", "example": "e", "enum": ["title"], "x-secret": True, "x-a": 1}
    operation = {
        "operationId": "getThing",
        "summary": "s",
        "tags": ["T"],
        "responses": {"200": {"description": "d", "content": {"a/b": {"schema": {"title": "t"}, "example": 1}}}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t"},
        "tags": [],
        "paths": {"/thing": {"get": operation}},
        "components": {"schemas": {"A": {"properties": {"title": property_, "description": {"type": "null"}}}}},
    }
    before = copy.deepcopy(document)
    assert read(contract.render_contract(document)) == {
        "openapi": "3.1.0",
        "paths": {
            "/thing": {"get": {"operationId": "getThing", "responses": {"200": {"content": {"a/b": {"schema": {}}}}}}}
        },
        "components": {
            "schemas": {
                "A": {
                    "properties": {
                        "title": {"type": "string", "enum": ["title"], "x-secret": True},
                        "description": {"type": "null"},
                    }
                }
            }
        },
    }
    assert document == before


@pytest.mark.parametrize("text", ['"""', "\\", '\\\\"', "'''", "\n", "{}%s", "\u00e9\u2028\ud800", '\\"""'])
def test_any_text_survives(text: str) -> None:
    document = {"paths": {}, "components": {"schemas": {"A": {"enum": [text, ""]}}}}
    assert read(contract.render_contract(document)) == document


def test_a_version_of_the_spec_is_written_for_fakeiam(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "spec.json"
    assert main(["contract", str(root / "spec" / "iam_api.yaml"), "--output", str(path)]) == 0
    assert json.loads(path.read_text("utf-8")) == DESCRIPTION
    assert capsys.readouterr().out.startswith(f"{path}: ")


def test_corrections_apply_as_far_as_they_match(
    save: Save, api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = "$.components.schemas.A"
    fix = {"id": "a", "rule": "merge", "where": where, "matches": 2, "what": {"type": "string"}, "why": "w"}
    options = ["--corrections", str(save([fix], "fix.yaml")), "--output", str(tmp_path / "spec.json")]
    assert main(["contract", str(save(api(schemas={"A": {"title": "t"}}))), *options]) == 0
    assert json.loads((tmp_path / "spec.json").read_text("utf-8"))["components"]["schemas"] == {"A": {"type": "string"}}
    assert "correction 'a' must match 2 places" in capsys.readouterr().out


def test_the_projects_own_is_the_corrected_description(root: Path) -> None:
    document = yaml.safe_load((root / "spec" / "iam_api.yaml").read_text("utf-8"))
    corrections.apply(corrections.load(root / "spec" / "corrections.yaml"), document, lenient=False)
    assert list(shape(DESCRIPTION)) == list(shape(document))


def shape(node: object, pointer: str = "") -> Iterator[tuple[str, object]]:
    """Every leaf that is no prose, as (place, value)."""
    prose = {"description", "summary", "title", "example", "tags", "info", "servers"}
    if isinstance(node, dict):
        named = pointer.rpartition("/")[2] == "properties"
        for key, value in node.items():
            if named or key not in prose:
                yield from shape(value, f"{pointer}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from shape(value, f"{pointer}/{index}")
    else:
        yield pointer, node


def test_importing_the_package_does_not_read_it() -> None:
    code = "import sys, gcore_iam, gcore_iam_client; sys.exit('gcore_iam_client.description' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_another_description_gets_one_too(generate: RunOnSpec, api: Api, output: Path) -> None:
    assert generate(api(schemas={"A": {"type": "string", "description": "d"}}))[0] == 0
    document = read((output / "description.py").read_text("utf-8"))
    assert document["components"]["schemas"] == {"A": {"type": "string"}}
