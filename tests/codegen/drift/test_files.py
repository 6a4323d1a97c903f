"""Specs of several files, and of OpenAPI 3.2."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen.drift import wire
from codegen.drift.load import UnreadableError, read
from codegen.errors import CodegenError
from codegen.spec import check
from tests.codegen.drift.pairs import TODAY, changes, document, on_wire

ROOT = """\
openapi: 3.1.0
info: {title: Things, version: '1'}
paths:
  /things:
    get:
      responses:
        '200':
          description: Some.
          content:
            application/json:
              schema: {$ref: 'schemas/thing.yaml#/Thing'}
  /others: {$ref: others.yaml}
components:
  schemas:
    Owner: {$ref: ./schemas/owner.yaml}
"""
FILES = {
    "api.yaml": ROOT,
    "others.yaml": "get: {responses: {'200': {$ref: 'others.yaml#/x'}}}\nx: {description: None.}\n",
    "schemas/thing.yaml": """\
Thing:
  type: object
  properties:
    name: {type: string}
    owner: {$ref: owner.yaml}
    size: {$ref: '#/Size'}
    parts: {type: array, items: {$ref: '#/Thing'}}
Size: {type: integer, maximum: 9}
""",
    "schemas/owner.yaml": "type: object\nproperties:\n  email: {type: string}\n",
}


def write(folder: Path, **changed: str) -> str:
    """Write the files of a spec, some of them changed, and return the name of the first one."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(changed.get(path.stem, text), encoding="utf-8")
    return str(folder / "api.yaml")


def test_several_files_are_compared_as_one_spec(tmp_path: Path) -> None:
    owner = FILES["schemas/owner.yaml"].replace("string", "integer")
    old, new = write(tmp_path / "old"), write(tmp_path / "new", owner=owner)

    (change,) = wire.find_changes(read(old, generating=False).spec, read(new, generating=False).spec, TODAY)

    assert (change.id, change.operations) == ("response-property-type-changed", ("GET /things",))
    assert change.message.startswith("Owner.email changed its type")
    assert change.new is not None
    assert (Path(change.new.file), change.new.line) == (tmp_path / "new" / "schemas" / "owner.yaml", 3)


def test_a_spec_of_several_files_does_not_differ_from_itself(tmp_path: Path) -> None:
    specs = [read(write(tmp_path / name), generating=True).spec for name in ("old", "new")]

    assert wire.find_changes(specs[0], specs[1], TODAY) == []


def test_a_schema_in_one_file_or_in_several_is_no_change(tmp_path: Path) -> None:
    thing = yaml.safe_load(FILES["schemas/thing.yaml"])
    content = yaml.safe_load(ROOT)
    content["paths"]["/others"] = {"get": {"responses": {"200": {"description": "None."}}}}
    response = content["paths"]["/things"]["get"]["responses"]["200"]
    response["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/Thing"}
    schemas = {"Thing": thing["Thing"], "Size": thing["Size"], "Owner": yaml.safe_load(FILES["schemas/owner.yaml"])}
    schemas["Thing"]["properties"] |= {
        "owner": {"$ref": "#/components/schemas/Owner"},
        "size": {"$ref": "#/components/schemas/Size"},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
    }
    content["components"]["schemas"] = schemas
    one = tmp_path / "one.yaml"
    one.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    old, new = read(str(one), generating=False), read(write(tmp_path / "many"), generating=False)
    assert wire.find_changes(old.spec, new.spec, TODAY) == []


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("../secret.yaml", "leaves the folder of the spec"),
        ("/etc/passwd", "leaves the folder of the spec"),
        ("missing.yaml", r"missing\.yaml: cannot be read"),
        ("schemas/thing.yaml#/Nothing", r"thing\.yaml: has nothing at #/Nothing"),
        ("https://example.com/a.yaml", "leaves the file"),
    ],
)
def test_a_reference_that_cannot_be_followed_is_an_error(tmp_path: Path, ref: str, message: str) -> None:
    name = write(tmp_path, api=ROOT.replace("schemas/thing.yaml#/Thing", ref))

    with pytest.raises(UnreadableError, match=message):
        read(name, generating=False)


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("type: string\n", encoding="utf-8")
    name = write(tmp_path / "spec", api=ROOT.replace("schemas/thing.yaml#/Thing", "link.yaml"))
    (tmp_path / "spec" / "link.yaml").symlink_to(tmp_path / "secret.yaml")

    with pytest.raises(UnreadableError, match=r"link\.yaml: leaves the folder"):
        read(name, generating=False)


def test_several_files_are_read_from_a_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "specs")
    monkeypatch.chdir(tmp_path)
    for words in (("init", "-q"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(["git", *words], check=True)

    names = read("HEAD:specs/api.yaml", generating=False).spec.document["components"]["schemas"]
    assert list(names) == ["Owner", "Thing", "Size"]


# --- OpenAPI 3.2 -------------------------------------------------------------------------------------------------


def new_methods(query: dict[str, Any]) -> dict[str, Any]:
    """A spec of OpenAPI 3.2 with a QUERY and a COPY operation that return a schema."""
    content = document(openapi="3.2.0")
    operation = {"responses": {"200": {"description": "", "content": {"application/json": {"schema": query}}}}}
    content["paths"]["/things"] |= {"query": operation, "additionalOperations": {"COPY": copy.deepcopy(operation)}}
    return content


def test_the_methods_of_openapi_3_2_are_compared() -> None:
    old, new = new_methods({"type": "string"}), new_methods({"type": "integer"})
    found = {("response-body-type-changed", "error")}

    assert on_wire(old, new) == found
    assert on_wire(old, document(openapi="3.2.0")) == {("api-removed-without-deprecation", "error")}


def test_parameters_of_a_path_are_those_of_its_new_methods() -> None:
    old, new = new_methods({"type": "string"}), new_methods({"type": "string"})
    old["paths"]["/things"]["parameters"] = [{"name": "q", "in": "query", "schema": {"type": "string"}}]
    [change] = [change for change in changes(old, new) if change.layer == "wire"]

    assert change.id == "request-parameter-removed"
    assert set(change.operations) == {"POST /things", "QUERY /things", "COPY /things"}


def test_the_items_of_a_stream_are_compared() -> None:
    specs = []
    for kind in ("string", "integer"):
        content = document(openapi="3.2.0")
        media = {"application/jsonl": {"itemSchema": {"type": "object", "properties": {"v": {"type": kind}}}}}
        content["paths"]["/things"]["post"]["responses"]["200"]["content"] = media
        specs.append(content)

    assert on_wire(specs[0], specs[1]) == {("response-property-type-changed", "error")}


def test_media_types_of_components_are_followed() -> None:
    specs = []
    for kind in ("string", "integer"):
        content = document(openapi="3.2.0")
        content["components"]["mediaTypes"] = {"Text": {"schema": {"type": kind}}}
        body = {"application/json": {"$ref": "#/components/mediaTypes/Text"}}
        content["paths"]["/things"]["post"]["responses"]["200"]["content"] = body
        specs.append(content)

    assert on_wire(specs[0], specs[1]) == {("response-body-type-changed", "error")}


def test_a_client_cannot_be_made_from_openapi_3_2(tmp_path: Path) -> None:
    name = write(tmp_path, api=ROOT.replace("3.1.0", "3.2.0"))

    with pytest.raises(CodegenError, match=r"api\.yaml:1:1: OpenAPI 3\.2 can be reviewed"):
        check(read(name, generating=False).spec)
