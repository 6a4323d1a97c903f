"""A review that cannot have all of its parts still reports the others, and says what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegen.__main__ import main
from codegen.drift.load import UnreadableError, parse_input
from tests.codegen.drift.pairs import Document, changes, document, given, on_wire
from tests.codegen.drift.test_history import api
from tests.codegen.support import RunCommand, run_git

ROOT = Path(__file__).parents[3]
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
PROJECT = ("--config", str(ROOT / "generator-config.yml"), "--corrections", str(ROOT / "spec" / "corrections.yaml"))


def property_of(schema: Document) -> Document:
    """A spec that returns an object with one property."""
    return document(response={"type": "object", "properties": {"v": schema}})


@pytest.mark.parametrize(
    ("keyword", "value", "problem"),
    [
        ("minimum", "1s", "a number is expected here"),
        ("maxLength", True, "a number is expected here"),
        ("readOnly", "yes", "a flag is expected here"),
        ("format", 1, "a text is expected here"),
        ("type", 5, "a text, or a list of texts, is expected here"),
        ("enum", "a", "a list is expected here"),
        ("required", "a", "a list is expected here"),
        ("properties", [], "a mapping is expected here"),
        ("items", "string", "a schema is expected here, which is a mapping"),
        ("allOf", [5], "a schema is expected here, which is a mapping"),
        ("oneOf", {}, "a list is expected here"),
        ("discriminator", "kind", "a discriminator is expected here, which is a mapping"),
        ("dependentRequired", {"a": "b"}, "a list is expected here"),
        ("$ref", "#/components/schemas/A", "$ref '#/components/schemas/A' points to nothing"),
    ],
)
def test_a_malformed_keyword_is_a_note_at_its_place(keyword: str, value: object, problem: str) -> None:
    old, new = property_of({keyword: value}), property_of({keyword: value, "default": "x"})
    spec = given(new, "new.yaml")

    assert len(spec.notes) == 1
    assert spec.notes[0].startswith("new.yaml:")
    assert spec.notes[0].endswith(f": {problem}; left out of the comparison")
    assert on_wire(old, new) == {("response-property-default-value-added", "info")}


def test_a_flag_of_a_parameter_that_is_no_flag_is_a_note() -> None:
    content = document(parameters=[{"name": "q", "in": "query", "required": "yes", "schema": TEXT}])

    assert len(given(content).notes) == 1
    assert changes(content, document(parameters=[{"name": "q", "in": "query", "schema": TEXT}])) == []


def test_a_malformed_structure_is_an_error() -> None:
    content = json.dumps({**document(), "paths": {"/things": []}}).encode()

    with pytest.raises(UnreadableError, match="a path is expected here"):
        parse_input(content, "new.yaml", generating=False)


def test_a_reference_into_a_part_left_out_follows_its_cause() -> None:
    paths = document(answer={"$ref": "#/components/schemas/A/allOf/3"})["paths"]
    content = json.dumps(
        {**document(), "paths": paths, "components": {"schemas": {"A": {"allOf": {"3": TEXT}}}}}
    ).encode()

    with pytest.raises(UnreadableError) as caught:
        parse_input(content, "new.yaml", generating=False)
    cause, result = str(caught.value).splitlines()
    assert cause.endswith(": a list is expected here; left out of the comparison")
    assert result.endswith(": $ref '#/components/schemas/A/allOf/3' points to nothing")


def test_references_into_what_is_left_out_are_left_out() -> None:
    schemas: Document = {
        "A": {"$ref": "#/components/schemas/Nothing/properties/a"},
        "B": {"properties": {"a": {"$ref": "#/components/schemas/C/allOf/3"}}},
        "C": {"allOf": {"3": TEXT}},
    }
    spec = given({**document(), "components": {"schemas": schemas}}, "new.yaml")
    assert [note.partition(": ")[2].partition(";")[0] for note in spec.notes] == [
        "$ref '#/components/schemas/Nothing/properties/a' points to nothing",
        "a list is expected here",
        "$ref '#/components/schemas/C/allOf/3' points to nothing",
    ]
    assert spec.spec.document["components"]["schemas"] == {"A": {}, "B": {"properties": {"a": {}}}, "C": {}}


def without_client(folder: Path) -> None:
    """Write a new spec that can be compared, and from which no client can be made: an operation id stands twice."""
    new = document(response={"type": "object", "properties": {"name": TEXT}})
    new["paths"]["/others"] = {"get": {"operationId": "makeThing", "responses": {"204": {"description": ""}}}}
    (folder / "new.json").write_text(json.dumps(new, indent=1))


def test_wire_and_docs_are_reported_without_a_client(run_drift: RunCommand, folder: Path) -> None:
    without_client(folder)
    status, out, err = run_drift("old.json", "new.json", *PROJECT, "--format", "json")
    found = json.loads(out)

    assert status == 4
    assert "operationId 'makeThing' is used twice" in err
    assert found["verdict"] == {"wire": "breaking", "python": None, "overlay": None, "docs": "none"}
    assert "endpoint-added" in {change["id"] for change in found["changes"]}
    assert any("no client can be made" in note and "new.json:" in note for note in found["notes"])


def test_a_review_of_python_alone_needs_a_client(run_drift: RunCommand, folder: Path) -> None:
    without_client(folder)
    status, out, err = run_drift("old.json", "new.json", *PROJECT, "--layers", "python")

    assert (status, out) == (4, "")
    assert "operationId 'makeThing' is used twice" in err


def test_no_client_is_graver_than_a_gate(run_drift: RunCommand, folder: Path) -> None:
    without_client(folder)
    status, _, err = run_drift("old.json", "new.json", *PROJECT, "--fail-on", "wire:error,python")

    assert status == 4
    assert "--fail-on wire:error: the spec has such a change" in err


# --- history -----------------------------------------------------------------------------------------------------


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A bare repository whose spec, in a folder, changes once."""
    work = tmp_path / "work"
    (work / "specs").mkdir(parents=True)
    run_git(work, "init", "--quiet")
    for number, content in enumerate((api("1", id=NUMBER), api("2", id=NUMBER, name=TEXT))):
        (work / "specs" / "api.json").write_text(content)
        run_git(work, "add", "specs")
        run_git(work, "commit", "--quiet", "--message", f"step {number}")
    run_git(tmp_path, "clone", "--quiet", "--bare", str(work), "bare.git")
    return tmp_path / "bare.git"


def test_history_reads_a_bare_repository(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["history", str(bare), "specs/api.json", "--layers", "wire", "--format", "json"])
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert status == 0
    assert [step["verdict"] for step in found] == [{"wire": "compatible"}]


def test_history_reads_a_folder_of_a_working_tree(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = bare.parent / "work" / "specs"

    assert main(["history", str(folder), "api.json", "--layers", "wire"]) == 0
    assert "wire compatible" in capsys.readouterr().out


def test_history_says_when_nothing_matched(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["history", str(bare), "specs/api.json", "--layers", "wire", "--since", "HEAD"])
    out, err = capsys.readouterr()

    assert (status, out) == (0, "")
    assert "no commit since HEAD changes more of specs/api.json than its version" in err
