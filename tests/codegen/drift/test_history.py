"""`python -m codegen history`: what a git repository did to a spec."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegen.__main__ import main
from tests.codegen.drift.pairs import Document, document
from tests.codegen.support import run_git

ROOT = Path(__file__).parents[3]
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


def api(version: str, **properties: Document) -> str:
    """A spec with an object of some properties."""
    return json.dumps(document(response={"type": "object", "properties": properties}, version=version), indent=1)


STEPS = (
    api("1", id=NUMBER),
    api("2", id=NUMBER),  # nothing but the version
    api("3", id=NUMBER, name=TEXT),
    api("4", id=NUMBER, name={**TEXT, "description": "The name."}),
    "this: is no description",
    api("5", id=NUMBER, name={**TEXT, "description": "The name."}),
    api("6", name={**TEXT, "description": "The name."}),
)


@pytest.fixture
def spec_history(tmp_path: Path) -> Path:
    """A repository with a commit for each of `STEPS`, then one that removes the file."""
    run_git(tmp_path, "init", "--quiet")
    for number, content in enumerate(STEPS):
        (tmp_path / "api.json").write_text(content)
        run_git(tmp_path, "add", "api.json")
        run_git(tmp_path, "commit", "--quiet", "--message", f"step {number}")
    run_git(tmp_path, "rm", "--quiet", "api.json")
    run_git(tmp_path, "commit", "--quiet", "--message", "gone")
    return tmp_path


def read_steps(capsys: pytest.CaptureFixture[str], spec_history: Path, *words: str) -> list[Document]:
    """The steps that the command tells."""
    project = ("--config", str(ROOT / "generator-config.yml"), "--corrections", str(ROOT / "spec" / "corrections.yaml"))
    status = main(["history", str(spec_history), "api.json", "--format", "json", *project, *words])
    assert status == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_printed_for_each_step_that_is_one(capsys: pytest.CaptureFixture[str], spec_history: Path) -> None:
    found = read_steps(capsys, spec_history)

    assert [(step["verdict"]["wire"], step["verdict"]["python"], step["verdict"]["docs"]) for step in found] == [
        ("compatible", "additive", "none"),
        ("none", "none", "changed"),
        (None, None, None),
        (None, None, None),
        ("warning", "breaking", "none"),
    ]
    assert found[0]["headline"].startswith("response-optional-property-added: ")
    assert "is not an OpenAPI spec" in found[2]["headline"]
    assert len(found[0]["commit"]) == 40


def test_a_property_called_version_is_no_version(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run_git(tmp_path, "init", "--quiet")
    for kind in (TEXT, NUMBER):
        response = {"type": "object", "properties": {"version": kind}}
        (tmp_path / "api.json").write_text(json.dumps(document(response=response), indent=1))
        run_git(tmp_path, "add", "api.json")
        run_git(tmp_path, "commit", "--quiet", "--message", "one")

    assert [step["verdict"]["wire"] for step in read_steps(capsys, tmp_path)] == ["breaking"]


def test_a_folder_of_a_repository_is_one_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run_git(tmp_path, "init", "--quiet")
    folder = tmp_path / "inside"
    folder.mkdir()
    for version, kind in (("1", TEXT), ("2", NUMBER)):
        (folder / "api.json").write_text(api(version, id=kind))
        run_git(tmp_path, "add", ".")
        run_git(tmp_path, "commit", "--quiet", "--message", version)

    assert len(read_steps(capsys, folder)) == 1


def test_a_history_begins_after_a_revision(capsys: pytest.CaptureFixture[str], spec_history: Path) -> None:
    found = read_steps(capsys, spec_history, "--since", "HEAD~2", "--layers", "wire")

    assert [step["verdict"] for step in found] == [{"wire": "warning"}]


def test_text_has_a_line_for_a_step(capsys: pytest.CaptureFixture[str], spec_history: Path) -> None:
    main(["history", str(spec_history), "api.json", "--layers", "wire,docs"])
    lines = capsys.readouterr().out.splitlines()

    assert len(lines) == 5
    assert all(line[:4].isdigit() and "wire " in line for line in lines)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing", "api.json"), "nothing: "),
        ((".", "nothing.json"), "has no commit with nothing.json"),
        ((".", "api.json", "--since", "nothing"), ".: has no revision nothing"),
        ((".", "api.json", "--since=-x"), "-x: is no revision"),
        ((".", "nothing.json", "--since", "HEAD~1"), "has no commit with nothing.json"),
    ],
)
def test_what_is_not_there_is_status_3(
    capsys: pytest.CaptureFixture[str],
    spec_history: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(spec_history)

    assert main(["history", *words, "--layers", "wire"]) == 3
    assert message in capsys.readouterr().err
