"""`python -m codegen drift --observed`: files, exit statuses, layers, and what is written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from codegen.drift.render import FORMATS
from tests.codegen.drift.observations import entry, write
from tests.codegen.drift.pairs import document
from tests.codegen.support import RunCommand

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "codegen" / "drift" / "report.schema.json").read_text("utf-8"))
RESPONSE = {"type": "object", "properties": {"lang": {"type": "string", "enum": ["en"]}}}
MORE = {"type": "object", "properties": {"lang": {"type": "string", "enum": ["en", "fr"]}}}


@pytest.fixture
def observed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two specs and an observation file, where the command runs."""
    (tmp_path / "old.json").write_text(json.dumps(document(response=RESPONSE), indent=1))
    (tmp_path / "new.json").write_text(json.dumps(document(response=MORE), indent=1))
    write(tmp_path / "seen.json", entry("undocumented_enum_value", "/lang", "fr"))
    write(
        tmp_path / "more.json",
        entry("undocumented_enum_value", "/lang", "fr", count=4),
        entry("other_type", "/lang", "array"),
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run_review(observed_folder: Path, run_drift: RunCommand) -> RunCommand:
    """Runs the command on the two specs."""

    def run_review(*words: str | Path) -> tuple[int, str, str]:
        return run_drift("old.json", "new.json", *words)

    return run_review


def report(run_review: RunCommand, *words: str) -> Any:
    status, out, _ = run_review(*words, "--format", "json")
    assert status == 0
    found = json.loads(out)
    jsonschema_rs.validator_for(SCHEMA).validate(found)
    return found


def test_several_files_are_taken_together(run_review: RunCommand) -> None:
    found = report(run_review, "--wire-only", "--observed", "seen.json", "--observed", "more.json")
    facts = [(fact["kind"], fact["agreement"], fact["count"]) for fact in found["observed"]]
    assert facts == [("other_type", "unexplained", 3), ("undocumented_enum_value", "explained", 7)]
    assert found["verdict"]["observed"] == "unexplained"
    assert [change["observed"]["count"] for change in found["changes"]] == [7]


def test_an_empty_file_gives_an_empty_list(run_review: RunCommand, observed_folder: Path) -> None:
    write(observed_folder / "none.json")
    found = report(run_review, "--wire-only", "--observed", "none.json")
    assert (found["observed"], found["verdict"]["observed"]) == ([], "none")


def test_without_the_option_a_report_is_the_same_but_for_it(run_review: RunCommand) -> None:
    plain, found = report(run_review, "--wire-only"), report(run_review, "--wire-only", "--observed", "seen.json")
    del found["observed"], found["verdict"]["observed"], found["changes"][0]["observed"]
    assert plain == found


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written_with_observations(run_review: RunCommand, observed_folder: Path, name: str) -> None:
    status, out, _ = run_review("--wire-only", "--observed", "seen.json", "--format", name, "--output", "report")
    assert (status, out) == (0, "")
    assert "explained" in (observed_folder / "report").read_text("utf-8")


@pytest.mark.parametrize(
    ("lang", "condition", "status"),
    [
        ({"type": "string", "enum": ["en", "fr"]}, "observed", 0),  # explained
        ({"type": "string", "enum": ["en"]}, "observed", 1),  # unexplained
        ({"type": "string", "enum": ["en"]}, "observed:contradicted", 0),
        ({"type": "integer"}, "observed:contradicted", 1),
        ({"type": "integer"}, "observed:unexplained", 1),
    ],
)
def test_fail_on_takes_what_was_observed(
    run_review: RunCommand, observed_folder: Path, lang: dict[str, Any], condition: str, status: int
) -> None:
    content = document(response={"type": "object", "properties": {"lang": lang}})
    (observed_folder / "new.json").write_text(json.dumps(content))
    found, _, messages = run_review("--wire-only", "--observed", "seen.json", "--fail-on", condition)
    assert found == status
    assert ("there is such an observation" in messages) == (status == 1)


@pytest.mark.parametrize("content", ["", "{}", '{"format": 1, "observations": [{}]}', None])
def test_a_wrong_file_is_status_2_and_nothing_is_written(
    run_review: RunCommand, observed_folder: Path, content: str | None
) -> None:
    if content is not None:
        (observed_folder / "wrong.json").write_text(content)
    status, out, messages = run_review("--wire-only", "--observed", "wrong.json", "--output", "report")
    assert (status, out) == (2, "")
    assert messages.startswith("codegen: wrong.json: ")
    assert not (observed_folder / "report").exists()


def test_corrections_of_the_project_count_if_there_are_some(run_review: RunCommand, observed_folder: Path) -> None:
    observed = ("--wire-only", "--observed", "more.json")
    assert report(run_review, *observed)["verdict"]["observed"] == "unexplained"
    correction = {
        "id": "x",
        "rule": "merge",
        "where": "$..properties.lang",
        "matches": 1,
        "why": "-",
        "what": {"type": ["string", "array"]},
    }
    (observed_folder / "mine.yaml").write_text(json.dumps([correction]))
    found = report(run_review, *observed, "--corrections", "mine.yaml")
    assert found["verdict"]["observed"] == "explained"
    assert "(by a correction)" in found["observed"][0]["reason"]


@pytest.mark.slow
def test_all_layers_are_looked_at_with_observations(run_review: RunCommand, observed_folder: Path) -> None:
    shutil.copy(ROOT / "generator-config.yml", observed_folder)
    (observed_folder / "overlay").mkdir()
    (observed_folder / "none.yaml").write_text("[]")
    project = ("--overlay", "overlay", "--corrections", "none.yaml")
    found = report(run_review, *project, "--layers", "wire,python,docs", "--observed", "seen.json")
    assert found["verdict"]["python"] is not None
    assert found["verdict"]["observed"] == "explained"


def test_observations_need_no_client(run_review: RunCommand, observed_folder: Path) -> None:
    content = document(response=MORE)
    content["paths"]["/other"] = {"get": content["paths"]["/things"]["post"]}
    (observed_folder / "new.json").write_text(json.dumps(content))
    (observed_folder / "none.yaml").write_text("[]")
    status, out, _ = run_review("--corrections", "none.yaml", "--layers", "wire,python", "--observed", "seen.json")
    assert status == 4
    assert "observed explained\n" in out
