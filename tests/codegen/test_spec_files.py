"""Specs of several files, and references to what is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codegen import spec_files
from codegen.errors import CodegenError
from tests.codegen.support import Run, Save

PET = {"type": "object", "properties": {"owner": {"$ref": "people/owner.json"}}}
OWNER = {"type": "object", "properties": {"pets": {"type": "array", "items": {"$ref": "../pets.yaml#/Pet"}}}}


def write(folder: Path, ref: str) -> Path:
    schema = {"content": {"application/json": {"schema": {"$ref": ref}}}, "description": ""}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Pets", "version": "1"},
        "paths": {"/pets": {"get": {"operationId": "getPet", "responses": {"200": schema}}}},
    }
    path = folder / "api.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_spec_of_several_files_becomes_one_client(tmp_path: Path, codegen: Run, save: Save, root: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "pets.yaml").write_text(json.dumps({"Pet": PET}), encoding="utf-8")
    (tmp_path / "people" / "owner.json").write_text(json.dumps(OWNER), encoding="utf-8")
    output = tmp_path / "made" / "client"
    words: list[str | Path] = [
        "--corrections",
        save("", "none.yaml"),
        "--config",
        root / "generator-config.yml",
        "--output",
        output,
    ]
    status, _, errors = codegen("generate", "--spec", write(tmp_path, "pets.yaml#/Pet"), *words)
    assert (status, errors) == (0, [])
    assert "owner: Owner | Unset" in (output / "models" / "pet.py").read_text("utf-8")
    assert "pets: list[Pet] | Unset" in (output / "models" / "owner.py").read_text("utf-8")


@pytest.mark.parametrize("name", ["200", "default"])
def test_a_default_response_may_be_in_another_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "responses.yaml").write_text(json.dumps({"Done": {"description": "Done."}}), encoding="utf-8")
    path = write(tmp_path, "#/info")
    document = json.loads(path.read_text("utf-8"))
    document["paths"]["/pets"]["get"]["responses"] = {name: {"$ref": "responses.yaml#/Done"}}
    path.write_text(json.dumps(document), encoding="utf-8")
    loaded = spec_files.load(path).document
    assert loaded["paths"]["/pets"]["get"]["responses"] == {name: {"$ref": "#/components/responses/Done"}}


@pytest.mark.parametrize(
    ("ref", "target"),
    [("pet#name", "Pet/properties/name"), ("list#name", "PetList/properties/name"), ("pet#other", "")],
)
def test_an_anchor_is_found_in_its_own_schema(ref: str, target: str) -> None:
    def schema(identifier: str, **rest: Any) -> dict[str, Any]:
        return {"$id": identifier, "properties": {"name": {"$anchor": "name"}, **rest}}

    schemas: dict[str, Any] = {
        "Pet": schema("pet", inner=schema("inner")),
        "PetList": {**schema("list"), "items": {"$anchor": "other"}},
        "Reference": {"$ref": ref},
    }
    spec_files.resolve_names({"components": {"schemas": schemas}})
    assert schemas["Reference"] == {"$ref": f"#/components/schemas/{target}" if target else ref}


@pytest.mark.parametrize(
    ("ref", "problem"),
    [
        ("gone.yaml#/Pet", r"gone\.yaml: cannot be read: No such file"),
        ("../api.json#/info", "leaves the folder of the spec"),
        ("https://api.example/pet", r"api\.json:1:\d+: \$ref 'https://api.example/pet' leaves the file"),
        ("#pet", r"api\.json:1:\d+: \$ref '#pet' leads to no schema with this anchor"),
        ("#/components/schemas/Pet", r"api\.json:1:\d+: \$ref '#/components/schemas/Pet' points to nothing"),
    ],
)
def test_a_reference_to_nothing_is_one_line(tmp_path: Path, ref: str, problem: str) -> None:
    with pytest.raises(CodegenError, match=problem) as caught:
        spec_files.load(write(tmp_path, ref))
    assert "\n" not in str(caught.value)
