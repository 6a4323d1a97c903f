"""Proposed corrections: what an entry says, that it is enough, and what a person has to do."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonpath
import pytest
import yaml

from codegen import corrections, spec
from codegen.drift.observed import add_observed, correct
from codegen.drift.review import Project, review
from codegen.observations import Observation
from codegen.proposals import Proposals, propose, write_path
from tests.codegen.drift.observations import entry, observation, write
from tests.codegen.drift.pairs import TODAY, Document, document, given
from tests.codegen.support import RunCommand

ROOT = Path(__file__).parents[2]
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
JSON = "application/json"
BODY = "$.paths['/things'].post.responses['200'].content['application/json'].schema"


def propose_for(content: Document, *seen: Observation) -> Proposals:
    return propose(given(content).spec, (), seen)


def propose_entry(content: Document, seen: Observation) -> dict[str, Any]:
    """The one entry for one fact; without it the fact is unexplained, with it explained."""
    found = propose_for(content, seen)
    (proposed,) = yaml.safe_load(found.render())
    assert found.remarks == ()
    assert proposed["rule"] == "merge"
    assert proposed["matches"] == 1
    assert proposed["why"].startswith("Observed 3 times from 2026-11-01 to 2026-11-29, spec 1: ")
    assert compute_agreements(content, found, seen) == ["unexplained", "explained"]
    return {"where": proposed["where"], "what": proposed["what"]}


def load_corrections(entries: Iterable[Mapping[str, object]]) -> tuple[corrections.Correction, ...]:
    """Read entries as those of a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "corrections.yaml")
        path.write_text(yaml.safe_dump([*entries]), "utf-8")
        return corrections.load(path)


def compute_agreements(content: Document, found: Proposals, seen: Observation) -> list[str]:
    """What a spec is to a fact without the proposed entries, and with them."""
    project = Project((), Path("generator-config.yml"), Path("overlay"))
    side = given(content)
    same = review(side, side, project, layers=("wire",), today=TODAY)
    words: list[str] = []
    for entries in ((), found.entries):
        found_facts = add_observed(same, (side.spec, side.spec), [seen], load_corrections(entries)).observed
        words += [fact.agreement for fact in found_facts or ()]
    return words


def propose_remark(content: Document, seen: Observation) -> str:
    """Why there is no entry for a fact."""
    found = propose_for(content, seen)
    assert found.entries == ()
    (line,) = found.remarks
    assert f"# - {line}\n" in found.render()
    assert yaml.safe_load(found.render()) is None
    return line.rpartition(": ")[2]


def build_named(schema: dict[str, Any], *required: str, openapi: str = "3.1.0") -> Document:
    return document(
        response={"type": "object", "required": list(required), "properties": {"name": schema}},
        schemas={"Name": TEXT},
        openapi=openapi,
    )


REF = {"$ref": "#/components/schemas/Name"}
NULL = {"type": "null"}
DATE = {"type": "string", "format": "date"}
NULLS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (TEXT, {"type": ["string", "null"]}),
    ({"type": ["string", "integer"]}, {"type": ["string", "integer", "null"]}),
    ({"type": "string", "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
    (REF, {"$ref": None, "anyOf": [REF, NULL]}),
    ({"description": "It.", **REF}, {"$ref": None, "anyOf": [REF, NULL]}),
    ({"oneOf": [REF, NUMBER]}, {"oneOf": [REF, NUMBER, NULL]}),
    ({"const": "a"}, {"const": None, "anyOf": [{"const": "a"}, NULL]}),
    (
        {"type": "string", "const": "a"},
        {"type": None, "const": None, "anyOf": [{"type": "string", "const": "a"}, NULL]},
    ),
    ({"allOf": [REF, {"maxLength": 3}]}, {"allOf": None, "anyOf": [{"allOf": [REF, {"maxLength": 3}]}, NULL]}),
]


@pytest.mark.parametrize(("schema", "what"), NULLS)
def test_null_joins_what_the_schema_says(schema: dict[str, Any], what: dict[str, Any]) -> None:
    found = propose_entry(build_named(schema), observation("unannounced_null", "/name"))
    assert found == {"where": f"{BODY}.properties.name", "what": what}


def test_null_is_a_keyword_in_openapi_3_0() -> None:
    seen = observation("unannounced_null", "/name")
    assert propose_entry(build_named(TEXT, openapi="3.0.3"), seen)["what"] == {"nullable": True}
    assert propose_remark(build_named(REF, openapi="3.0.3"), seen) == "OpenAPI 3.0 has null only beside a type"


TYPES: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    (TEXT, "integer", {"type": ["string", "integer"]}),
    (NUMBER, "number", {"type": "number"}),
    ({"type": ["string", "null"]}, "boolean", {"type": ["string", "null", "boolean"]}),
    (TEXT, "object", {"type": None, "anyOf": [TEXT, {"type": "object"}]}),
    (TEXT, "array", {"type": None, "anyOf": [TEXT, {"type": "array", "items": {}}]}),
    (REF, "integer", {"$ref": None, "anyOf": [REF, NUMBER]}),
    (DATE, "integer", {"type": None, "format": None, "anyOf": [DATE, NUMBER]}),
]


@pytest.mark.parametrize(("schema", "kind", "what"), TYPES)
def test_another_type_joins_those_of_the_schema(schema: dict[str, Any], kind: str, what: dict[str, Any]) -> None:
    assert propose_entry(build_named(schema), observation("other_type", "/name", kind))["what"] == what


def test_a_field_is_declared_without_a_type() -> None:
    found = propose_entry(build_named(TEXT), observation("undocumented_field", "/nick"))
    assert found == {"where": BODY, "what": {"properties": {"nick": {}}}}


def test_a_key_is_no_longer_required_where_it_was() -> None:
    seen = observation("missing_required_key", "/name")
    assert propose_entry(build_named(TEXT, "id", "name"), seen) == {"where": BODY, "what": {"required": ["id"]}}
    assert propose_entry(build_named(TEXT, "name"), seen)["what"] == {"required": None}
    member = {"type": "object", "properties": {"name": TEXT}, "required": ["name"]}
    found = propose_entry(document(response={"allOf": [{"type": "object"}, member]}), seen)
    assert found["where"] == f"{BODY}.allOf[1]"


def test_a_timestamp_loses_its_format() -> None:
    found = propose_entry(
        build_named({"type": "string", "format": "date-time"}), observation("unreadable_timestamp", "/name")
    )
    assert found == {"where": f"{BODY}.properties.name", "what": {"format": None}}


def test_a_status_joins_the_responses() -> None:
    found = propose_entry(build_named(TEXT), observation("undocumented_status", status="418"))
    assert found["where"] == "$.paths['/things'].post.responses"
    assert found["what"]["418"].keys() == {"description"}


def test_a_media_type_joins_those_of_an_error() -> None:
    content = document(responses={"200": {"description": "It."}, "503": {"description": "It."}})
    found = propose_entry(content, observation("undocumented_media_type", detail="text/html", status="503"))
    assert found == {"where": "$.paths['/things'].post.responses['503']", "what": {"content": {"text/html": {}}}}
    assert (
        propose_remark(content, observation("undocumented_media_type", status="503"))
        == "the media type was not recorded"
    )
    seen = observation("undocumented_media_type", detail="text/html")
    assert propose_remark(content, seen) == "a person must find out what such a body holds"


def test_headers_deprecate_the_operation() -> None:
    place = "$.paths['/things'].post"
    assert propose_entry(build_named(TEXT), observation("deprecation_header", detail="2026-11-01")) == {
        "where": place,
        "what": {"deprecated": True},
    }
    sunset = observation("sunset_header", detail="2027-01-01")
    assert propose_entry(build_named(TEXT), sunset)["what"] == {"deprecated": True, "x-sunset": "2027-01-01"}
    other = document(extra={"deprecated": True, "x-sunset": "2028-01-01"})
    assert propose_remark(other, sunset) == "the spec or an entry above has another date"


def test_what_no_entry_can_say_is_a_remark() -> None:
    enum = observation("undocumented_enum_value", "/name", "fr")
    assert (
        propose_remark(build_named({"type": "string", "enum": ["en"]}), enum)
        == "needs no correction, because enums are open"
    )
    assert propose_remark(build_named(TEXT), observation("undocumented_field", "/*")) == "its name was not recorded"
    assert propose_remark(build_named(TEXT), observation("other_type", "/name", "blob")) == "the type is none of JSON"
    assert "no such place" in propose_remark(build_named(TEXT), observation("unannounced_null", "/gone"))
    assert "no such place" in propose_remark(
        build_named(TEXT), observation("unannounced_null", "/name", operation="none")
    )
    deprecated = document(extra={"deprecated": True})
    assert propose_remark(deprecated, observation("deprecated_operation")) == "POST /things is deprecated"
    call = observation("deprecated_operation")
    assert (
        propose_remark(build_named(TEXT), call)
        == "needs no correction, because only another version of the spec deprecates the operation"
    )


def test_a_choice_between_schemas_is_left_to_a_person() -> None:
    members = [{"type": "object", "properties": {"name": schema}} for schema in (TEXT, NUMBER)]
    seen = observation("unannounced_null", "/name")
    assert (
        propose_remark(document(response={"oneOf": members}), seen)
        == "2 schemas say what comes there; a person must choose"
    )


def test_an_entry_that_is_not_enough_is_left_out() -> None:
    moment = {"type": "string", "format": "date-time"}
    seen = observation("unreadable_timestamp", "/name")
    assert propose_remark(build_named({"allOf": [moment, moment]}), seen) == "no single entry makes the spec say so"


def test_entries_for_one_place_fit_each_other() -> None:
    seen = [observation("other_type", "/name", "integer"), observation("unannounced_null", "/name")]
    found = propose_for(build_named(TEXT), *seen)
    assert [entry["what"]["type"] for entry in found.entries] == [["string", "integer"], ["string", "integer", "null"]]
    for fact in seen:
        assert compute_agreements(build_named(TEXT), found, fact)[1] == "explained"


def test_one_entry_is_enough_for_a_fact_of_two_operations() -> None:
    seen = observation("unannounced_null", "/name")
    found = propose_for(build_named(TEXT), seen, observation("unannounced_null", "/name", spec_version="2"))
    assert len(found.entries) == 1
    assert "the spec or an entry above says so" in found.remarks[0]


def test_ids_differ_from_those_that_there_are() -> None:
    content = build_named(TEXT)
    seen = observation("unannounced_null", "/name")
    (first,) = propose_for(content, seen).entries
    taken = load_corrections([{**first, "where": "$.info", "what": {"title": "x"}}])
    (second,) = propose(given(content).spec, taken, [seen]).entries
    assert (first["id"], second["id"]) == (
        "observed-200-response-name-may-be-null",
        "observed-200-response-name-may-be-null-2",
    )


def test_ids_of_proposals_differ_from_each_other() -> None:
    seen = [observation("other_type", "/name", kind) for kind in ("integer", "boolean")]
    assert [entry["id"] for entry in propose_for(build_named(TEXT), *seen).entries] == [
        "observed-200-response-name-has-other-types",
        "observed-200-response-name-has-other-types-2",
    ]


def test_without_facts_there_is_nothing_to_correct() -> None:
    assert propose_for(build_named(TEXT)).render() == "# There is nothing to correct.\n"


@pytest.mark.parametrize("key", ["a", "a-b", "a'b", "a\\b", "a/b", "a~b", "200", "$x", 'a"b', "größe", ""])
def test_a_path_leads_where_the_pointer_does(key: str) -> None:
    content = {"x": [{}, {key: {"found": True}}]}
    escaped = key.replace("~", "~0").replace("/", "~1")
    (match,) = jsonpath.finditer(write_path(content, f"/x/1/{escaped}"), content)
    assert match.obj == {"found": True}


def test_hostile_text_stays_a_comment_or_a_value() -> None:
    words = "x\n- id: y\u2028z: #"
    seen = [
        observation("undocumented_enum_value", "/name", words),
        observation("undocumented_status", status="418", spec_version=words),
    ]
    found = propose_for(build_named({"type": "string", "enum": ["a"]}), *seen)
    (proposed,) = yaml.safe_load(found.render())
    assert proposed["id"] == "observed-makething-418-has-status"
    assert len(found.entries) == len(found.remarks) == 1


# --- the project's own spec ----------------------------------------------------------------------------------------

OWN = [
    entry("unannounced_null", "/results/*/company", operation="iamGetUsers"),
    entry("unannounced_null", "/results/*/lang", operation="iamGetUsers"),
    entry("undocumented_field", "/results/*/nick", operation="iamGetUsers"),
    entry("undocumented_enum_value", "/results/*/lang", "fr", operation="iamGetUsers"),
    entry("missing_required_key", "/is_active", operation="iamGetUser"),
    entry("other_type", "/reseller", "string", operation="iamGetUser"),
    entry("other_type", "/users", "object", operation="iamGetAccountDetails"),
    entry("unreadable_timestamp", "/*/created", operation="iamGetApiTokensV2"),
    entry("undocumented_status", status="418", operation="iamGetUser"),
    entry("undocumented_media_type", detail="text/html", status="401", operation="iamGetUser"),
    entry("sunset_header", detail="2027-01-01", operation="iamGetUser"),
    entry("deprecated_operation", operation="iamGetApiTokens"),
]


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    return write(tmp_path / "observations.json", *OWN)


@pytest.mark.slow
def test_accepted_proposals_pass_the_check_and_explain(
    run_command: RunCommand, seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    file, vendored = tmp_path / "spec" / "corrections.yaml", tmp_path / "spec" / "iam_api.yaml"
    inputs = ("--spec", vendored, "--corrections", file)
    status, proposed, _ = run_command("corrections", *inputs, "--observed", seen)
    assert status == 0
    with file.open("a", encoding="utf-8") as opened:
        opened.write(proposed)

    package = tmp_path / "generated" / "gcore_client"
    package.parent.mkdir()
    assert run_command("generate", *inputs, "--output", package)[0] == 0
    assert run_command("check", *inputs, "--output", package) == (
        0,
        f"{package}: in sync with {vendored}, nothing lost\n",
        "",
    )

    before, after = corrections.load(ROOT / "spec" / "corrections.yaml"), corrections.load(file)
    assert len(after) == len(before) + 10
    drift = ("drift", vendored, vendored, "--wire-only", "--observed", seen)
    _, shown, _ = run_command(*drift, "--corrections", file)
    assert "observed: 1 unexplained, 11 explained\n" in shown
    assert "(by a correction)" in shown
    _, shown, _ = run_command(*drift)
    assert "observed: 11 unexplained, 1 explained\n" in shown
    _, again, _ = run_command("corrections", *inputs, "--observed", seen)
    assert yaml.safe_load(again) is None


def test_the_command_prints_yaml_that_can_be_appended(
    run_command: RunCommand, seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    status, text, messages = run_command("corrections", "--observed", seen)
    own = ROOT / "spec" / "corrections.yaml"
    entries = yaml.safe_load(own.read_text("utf-8") + text)
    assert (status, messages) == (0, "")
    assert [entry["id"] for entry in entries[-10:]] == [entry["id"] for entry in yaml.safe_load(text)]
    assert "# - an undocumented value: `fr` in iamGetUsers 200 /results/*/lang: needs no correction" in text


def test_the_command_needs_a_file_that_it_can_read(
    run_command: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert run_command("corrections")[0] == 2
    status, out, messages = run_command("corrections", "--observed", write(tmp_path / "a.json", entry("nothing")))
    assert (status, out) == (2, "")
    assert "observation 1: unknown kind 'nothing'" in messages


def test_the_vendored_spec_is_left_as_it_is() -> None:
    vendored = spec.load(ROOT / "spec" / "iam_api.yaml")
    text = repr(vendored.document)
    correct(vendored, corrections.load(ROOT / "spec" / "corrections.yaml"))
    assert repr(vendored.document) == text
