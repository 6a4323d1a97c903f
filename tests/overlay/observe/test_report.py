"""`python -m gcore_iam.observe` shows what was observed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from gcore_iam.observe import ObservationKind, Observations
from gcore_iam.observe.__main__ import main
from gcore_iam.observe.report import RENDERERS

from .support import build_observation

OBSERVATIONS = Observations(
    [
        build_observation(),
        build_observation(pointer="/results/*/size", kind=ObservationKind.UNDOCUMENTED_FIELD, detail=""),
    ]
)
HOSTILE = Observations([build_observation(operation="<b>|`*x*", detail="&|`")])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "observations.json"
    OBSERVATIONS.save(path)
    return path


def test_text_is_a_table(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(path)]) == 0
    assert capsys.readouterr().out == (
        "operation    status  pointer          observed                     count  first seen  last seen   spec\n"
        "iamGetUsers  200     /results/*/lang  undocumented enum value: fr  3      2026-11-29  2026-11-29  2026-07-14\n"
        "iamGetUsers  200     /results/*/size  undocumented field           3      2026-11-29  2026-11-29  2026-07-14\n"
        "\n"
        "2 observations of 1 operation\n"
    )


def test_json_has_the_form_of_the_file(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(path.read_bytes())


def test_markdown_is_a_table(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(path), "--format", "markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "| operation | status | pointer | observed | count | first seen | last seen | spec |"
    assert lines[4].startswith("| `iamGetUsers` | `200` | `/results/*/lang` | `undocumented enum value: fr` | `3` |")


def test_html_is_a_page(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(path), "--format", "html"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("<!doctype html>")
    assert "<td><code>/results/*/lang</code></td><td>undocumented enum value: fr</td>" in page


@pytest.mark.parametrize("name", RENDERERS)
def test_every_format_shows_that_there_is_nothing(name: str) -> None:
    text = RENDERERS[name](Observations())
    assert "no observations" in text or json.loads(text)["observations"] == []


def test_no_text_of_a_file_is_markup() -> None:
    assert "| `<b>\\|'*x*` |" in RENDERERS["markdown"](HOSTILE)
    page = RENDERERS["html"](HOSTILE)
    assert "<code>&lt;b&gt;|`*x*</code>" in page
    assert "undocumented enum value: &amp;|`" in page


@pytest.mark.parametrize("kind", ObservationKind)
def test_every_kind_has_a_title(kind: ObservationKind) -> None:
    text = RENDERERS["text"](Observations([build_observation(kind=kind, detail="")]))
    assert kind.value.split("_")[0] in text.lower() or kind in ("unannounced_null", "missing_required_key")


def test_files_are_merged(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(path), str(path), "--format", "json"]) == 0
    assert [one["count"] for one in json.loads(capsys.readouterr().out)["observations"]] == [6, 6]


def test_fail_on_new_fails_if_there_is_an_observation(path: Path) -> None:
    assert main([str(path), "--fail-on", "new"]) == 1
    Observations().save(path)
    assert main([str(path), "--fail-on", "new"]) == 0


def test_a_wrong_file_is_one_line_of_error(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = path.with_name("missing.json")
    assert main([str(path), str(missing)]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == f"error: {missing} cannot be read: No such file or directory; choose another path\n"


def test_the_module_is_a_program(path: Path) -> None:
    command = [sys.executable, "-m", "gcore_iam.observe", str(path), "--fail-on", "new"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (1, "")
    assert run.stdout.endswith("\n2 observations of 1 operation\n")


def test_a_reader_may_close_the_output(path: Path) -> None:
    command = [sys.executable, "-m", "gcore_iam.observe", str(path), "--fail-on", "new"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"format": 2, "observations": []}', b"[" * 100_000])
def test_a_file_with_other_content_is_an_error(path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_bytes(content)
    assert main([str(path), "--fail-on", "new"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {path} is not a file of observations: it")
    assert error.endswith("; choose another path\n")


@pytest.mark.parametrize("arguments", [[], ["x", "--format", "yaml"], ["x", "--fail-on", "old"]])
def test_a_wrong_argument_is_an_error(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
