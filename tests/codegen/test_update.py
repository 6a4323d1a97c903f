"""`make update-spec`: a new spec is taken in, or no file is touched."""

from __future__ import annotations

import datetime
import difflib
import hashlib
import os
import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from codegen import check, corrections, generate, spec
from codegen.__main__ import main
from codegen.check import check_source
from codegen.vendoring.prose import keep_our_prose

ROOT = Path(__file__).parents[2]
VENDORED = (ROOT / "spec" / "iam_api.yaml").read_text("utf-8")

SPEC = """\
# A spec of two operations.
openapi: 3.1.0

info:
  title: Things
  version: '2026-05-15'
paths:
  /things:
    get:
      operationId: listThings
      summary: List things.
      responses:
        '200':
          description: The things.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/ThingPage'}
    post:
      operationId: createThing
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Thing'}
      responses:
        '204': {description: Created.}
components:
  schemas:
    ThingPage:
      type: object
      required: [results]
      properties:
        results:
          type: array
          items: {$ref: '#/components/schemas/Thing'}
    Thing:
      type: object
      required: [name]
      properties:
        name:
          type: string
          description: What people call it.
        lang: {$ref: '#/components/schemas/Language'}
    Language:
      type: string
      enum:
        - de
        - zh
"""
CORRECTIONS = """\
- id: a-page-may-lack-its-results
  rule: merge
  where: $.components.schemas.ThingPage
  matches: 1
  why: The server leaves them out.
  what: {required: []}
"""
OVERLAY = """\
from gcore_iam_client.api.default import create_thing
from gcore_iam_client.client import Client
from gcore_iam_client.models import Language, Thing


def create(client: Client, name: str) -> None:
    create_thing.sync_detailed(client=client, body=Thing(name=name, lang=Language.DE))
"""
FILES = {
    "spec/iam_api.yaml": SPEC,
    "spec/corrections.yaml": CORRECTIONS,
    "overlay/gcore_iam/__init__.py": OVERLAY,
    "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n### Added\n\n- Something.\n",
}


def build_record(text: str) -> str:
    """Write what `source.toml` says of a spec whose prose is the project's own."""
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    tables = {"upstream": "date = 2026-05-15", "vendored": 'prose = "ours"\nversion = "2026-05-15"'}
    return "".join(f'[{table}]\n{line}\nsha256 = "{sha256}"\n' for table, line in tables.items())


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project in order, which tests copy and do not change."""
    folder = tmp_path_factory.mktemp("template")
    for name, text in {**FILES, "spec/source.toml": build_record(SPEC)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "generator-config.yml", folder)
    given = spec.load(folder / "spec" / "iam_api.yaml"), corrections.load(folder / "spec" / "corrections.yaml")
    with generate.generate_package(*given, folder / "generator-config.yml", beside=folder) as package:
        generate.replace(package, folder / "generated" / "gcore_iam_client")
    return folder


@pytest.fixture
def project(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the small project, where the command runs."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780272000")  # 2026-06-01T00:00:00Z
    return tmp_path


def write_edited_spec(project: Path, *edits: tuple[str, str], text: str = SPEC) -> Path:
    """A new spec: the vendored one with some texts replaced."""
    content = re.sub(r"(?m)^  version: .*$", "  version: '2026-06-01T00:00:00+00:00'", text, count=1)
    for old, new in edits:
        assert old in content
        content = content.replace(old, new)
    path = project / "new.yaml"
    path.write_text(content, encoding="utf-8")
    return path


def find_problems() -> list[str]:
    """What `make check` finds in the spec and in the package of the project."""
    given = spec.load(Path("spec/iam_api.yaml")), corrections.load(Path("spec/corrections.yaml"))
    return check.find_problems(*given, Path("generator-config.yml"), Path("generated/gcore_iam_client"))


def read_project(project: Path) -> dict[str, bytes]:
    """All files of the project but the new spec."""
    return {name: content for name, content in generate.read_tree(project).items() if name != "new.yaml"}


def test_a_new_spec_is_vendored_with_all_that_belongs_to_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = write_edited_spec(project, ("        - zh\n", "        - zh\n        - fr\n"))
    status = main(["update", str(new)])
    out = capsys.readouterr().out

    assert status == 0
    assert "wire warning, python additive, overlay ok" in out
    assert (project / "spec" / "iam_api.yaml").read_bytes() == new.read_bytes()
    source = tomllib.loads((project / "spec" / "source.toml").read_text("utf-8"))
    assert source["vendored"]["sha256"] == source["upstream"]["sha256"] == hashlib.sha256(new.read_bytes()).hexdigest()
    assert str(source["upstream"]["date"]) == "2026-06-01"
    assert check_source(Path("spec/iam_api.yaml"), spec.load(Path("spec/iam_api.yaml"))) == []
    assert "FR = " in (project / "generated" / "gcore_iam_client" / "models" / "language.py").read_text("utf-8")
    [page] = (project / "spec" / "reviews").iterdir()
    assert page.name == f"2026-06-01-{source['vendored']['sha256'][:8]}.md"
    assert "response-property-enum-value-added" in page.read_text("utf-8")
    assert str(project) not in page.read_text("utf-8")
    changelog = (project / "CHANGELOG.md").read_text("utf-8")
    assert f"suggested bump: minor. See spec/reviews/{page.name}." in changelog
    assert changelog.index("## Unreleased") < changelog.index("suggested bump: minor")
    assert find_problems() == []


@pytest.mark.slow
def test_the_project_itself_takes_in_a_new_spec(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("spec", "generated", "overlay"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "reviews"))
    for file in ("pyproject.toml", "generator-config.yml", "CHANGELOG.md"):
        shutil.copy(ROOT / file, tmp_path)
    monkeypatch.chdir(tmp_path)
    new = write_edited_spec(tmp_path, ("        - zh\n", "        - zh\n        - fr\n"), text=VENDORED)

    assert main(["update", str(new)]) == 0
    out = capsys.readouterr().out
    assert "wire warning, python additive, overlay ok" in out
    assert "suggested bump: minor" in out
    assert "FR = " in (tmp_path / "generated" / "gcore_iam_client" / "models" / "language.py").read_text("utf-8")
    assert main(["check"]) == 0


def test_the_vendored_spec_is_nothing_new(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = read_project(project)

    assert main(["update", "spec/iam_api.yaml"]) == 0
    assert "nothing changed" in capsys.readouterr().out
    assert read_project(project) == before


FAILURES = {
    "a correction that no longer fits": (
        (("ThingPage", "Things"),),
        "correction 'a-page-may-lack-its-results' must match 1 place",
    ),
    "a parameter without a schema": (
        (("operationId: createThing\n", "operationId: createThing\n      parameters: [{name: q, in: query}]\n"),),
        "operation createThing loses its query parameter 'q': it has no schema",
    ),
}


@pytest.mark.parametrize(("edits", "message"), FAILURES.values(), ids=FAILURES)
def test_nothing_is_touched_if_no_client_can_be_generated(
    project: Path, capsys: pytest.CaptureFixture[str], edits: tuple[tuple[str, str], ...], message: str
) -> None:
    new = write_edited_spec(project, *edits)
    before = read_project(project)

    assert main(["update", str(new)]) == 4
    assert message in capsys.readouterr().err
    assert read_project(project) == before


def test_nothing_is_touched_if_the_changelog_has_no_place(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "CHANGELOG.md").write_text("# Changelog\n")
    new = write_edited_spec(project)
    before = read_project(project)

    assert main(["update", str(new)]) == 2
    assert "CHANGELOG.md: needs one section `## Unreleased`" in capsys.readouterr().err
    assert read_project(project) == before


def test_files_are_put_back_if_the_package_is_not_replaced(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = write_edited_spec(project)
    before = read_project(project)

    def fail(*_: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr("codegen.generate.replace", fail)

    assert main(["update", str(new)]) == 130
    assert read_project(project) == before


@pytest.mark.slow
def test_our_own_words_can_be_kept(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = project / "new.yaml"
    content = yaml.safe_load(SPEC)
    content["info"]["version"] = "2"
    content["paths"]["/things"]["get"]["summary"] = "Their words"
    thing = content["components"]["schemas"]["Thing"]
    thing["properties"]["name"].pop("description")
    thing["properties"]["size"] = {"type": "string", "description": "Words that only they have."}
    new.write_text(yaml.safe_dump(content, sort_keys=False))

    assert main(["update", str(new), "--prose", "ours"]) == 0
    printed = capsys.readouterr().out
    vendored = yaml.safe_load((project / "spec" / "iam_api.yaml").read_text("utf-8"))
    old = yaml.safe_load(SPEC)
    assert vendored["paths"]["/things"]["get"] == old["paths"]["/things"]["get"]
    ours, theirs = (api["components"]["schemas"]["Thing"]["properties"] for api in (old, vendored))
    assert theirs["name"] == ours["name"]
    assert theirs["size"] == {"type": "string"}
    assert vendored["info"]["version"] == "2"
    source = tomllib.loads((project / "spec" / "source.toml").read_text("utf-8"))
    assert source["upstream"]["sha256"] == hashlib.sha256(new.read_bytes()).hexdigest()
    assert source["vendored"]["sha256"] != source["upstream"]["sha256"]
    assert re.search(r"spec/iam_api.yaml:\d+:\d+: write description in your own words", printed)
    assert find_problems() == []

    before = read_project(project)
    assert main(["update", str(new), "--prose", "ours"]) == 0
    assert "nothing changed" in capsys.readouterr().out
    assert read_project(project) == before


def test_the_review_names_no_folder_outside_of_the_project(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    new = tmp_path_factory.mktemp("elsewhere") / "new.yaml"
    write_edited_spec(project, ("        - zh\n", "        - zh\n        - fr\n")).rename(new)

    assert main(["update", os.path.relpath(new)]) == 0
    [page] = (project / "spec" / "reviews").iterdir()
    assert "new.yaml" in page.read_text("utf-8")
    assert "elsewhere" not in page.read_text("utf-8")


def test_an_update_without_changes_touches_one_generated_file(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = project / "generated" / "gcore_iam_client"
    before = generate.read_tree(package)
    new = project / "api-2026-07-14.yaml"
    new.write_text(write_edited_spec(project).read_text("utf-8").replace("'2026-06-01T00:00:00+00:00'", "31d34cf24301"))

    assert main(["update", str(new), "--prose", "ours"]) == 0
    assert "generated files changed: 1" in capsys.readouterr().out
    assert generate.list_differences(before, generate.read_tree(package)) == ["__init__.py"]
    init = (package / "__init__.py").read_text("utf-8")
    assert 'SPEC_VERSION = "31d34cf24301"' in init
    assert 'SPEC_DATE = "2026-07-14"' in init
    assert find_problems() == []


LICENSED = ("  title: Things\n", "  title: Things\n  license: {name: Proprietary}\n")


@pytest.mark.parametrize(("prose", "date"), [("ours", None), ("theirs", "2026-07-14")])
def test_source_toml_is_true_whosever_prose_is_vendored(project: Path, prose: str, date: str | None) -> None:
    new = write_edited_spec(project, LICENSED, ("summary: List things.", "summary: Their words."))
    new.write_text(new.read_text("utf-8").replace("2026-06-01T", "x2026-06-01T"))
    assert main(["update", str(new), "--prose", prose, *(["--date", date] if date else [])]) == 0

    record = tomllib.loads((project / "spec" / "source.toml").read_text("utf-8"))
    upstream, vendored = record["upstream"], record["vendored"]
    data = (project / "spec" / "iam_api.yaml").read_bytes()
    assert (b"Their words" in data) == (prose == "theirs")
    assert vendored["prose"] == prose
    assert vendored["sha256"] == hashlib.sha256(data).hexdigest()
    assert upstream["sha256"] == hashlib.sha256(new.read_bytes()).hexdigest()
    assert upstream["license"] == "Proprietary"
    assert upstream["version"] == vendored["version"] == "x2026-06-01T00:00:00+00:00"
    # Neither the version nor the name of the file states the day.
    assert upstream.get("date") == (datetime.date.fromisoformat(date) if date else None)
    assert str(upstream["taken"]) == "2026-06-01"
    note = (project / "spec" / "source.toml").read_text("utf-8").partition("[vendored]\n")[2].splitlines()[0]
    assert ("this project's own" in note) == (prose == "ours")


def test_prose_of_upstream_is_not_kept_as_ours(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = project / "spec" / "source.toml"
    source.write_text(source.read_text("utf-8").replace('"ours"', '"theirs"'), encoding="utf-8")
    assert main(["update", str(write_edited_spec(project)), "--prose", "ours"]) == 2
    assert "has upstream's prose, so there is none of ours to keep" in capsys.readouterr().err


def test_new_parts_come_without_the_prose_of_upstream(tmp_path: Path) -> None:
    content = yaml.safe_load(VENDORED)
    content["info"]["description"] = "Their words"
    content["components"]["responses"]["Gone"] = {"description": "Their words"}
    content["paths"]["/iam/users"]["get"]["responses"]["410"] = {
        "description": "Their words",
        "content": {"application/json": {"schema": {"type": "object", "title": "Their words"}}},
    }
    content["components"]["schemas"]["User"]["properties"]["parameters"] = {"type": "string", "example": "Their words"}
    (tmp_path / "new.yaml").write_text(yaml.safe_dump(content))

    old, new = spec.load(ROOT / "spec" / "iam_api.yaml"), spec.load(tmp_path / "new.yaml")
    text, unwritten = keep_our_prose(old, new)
    assert "Their words" not in text.decode()
    merged = yaml.safe_load(text)
    assert merged["paths"]["/iam/users"]["get"]["responses"]["410"]["description"] == "Gone"
    assert merged["components"]["responses"]["Gone"] == {"description": "Gone"}
    assert merged["components"]["schemas"]["User"]["properties"]["parameters"] == {"type": "string"}
    assert "/paths/~1iam~1users/get/responses/410/description" in unwritten
    lines = difflib.unified_diff(VENDORED.splitlines(), text.decode().splitlines(), n=0, lineterm="")
    assert [line for line in lines if line.startswith("-")][1:] == []


def test_a_renamed_component_keeps_its_prose(tmp_path: Path) -> None:
    theirs = re.sub(r"UserPublic\b", "PublicUser", VENDORED)
    (tmp_path / "new.yaml").write_text(theirs)
    old, new = spec.load(ROOT / "spec" / "iam_api.yaml"), spec.load(tmp_path / "new.yaml")
    text, unwritten = keep_our_prose(old, new)
    assert yaml.safe_load(text) == yaml.safe_load(theirs)
    assert unwritten == []


def test_words_and_version_alone_change_one_vendored_line(project: Path) -> None:
    content = yaml.safe_load(SPEC)
    content["info"]["version"] = "2"
    content["paths"]["/things"]["get"]["summary"] = "Their words"
    content["components"]["schemas"]["Thing"]["title"] = "Theirs"
    (project / "new.yaml").write_text(yaml.safe_dump(content))

    assert main(["update", "new.yaml", "--prose", "ours"]) == 0
    assert changed_lines(SPEC, (project / "spec" / "iam_api.yaml").read_text("utf-8")) == ["  version: '2'"]


def test_the_projects_own_spec_keeps_its_words_and_layout(tmp_path: Path) -> None:
    content = yaml.safe_load(VENDORED)
    content["info"]["version"] = "2"
    content["paths"]["/iam/users"]["get"]["summary"] = "Their words"
    content["components"]["schemas"]["User"]["title"] = "Theirs"
    (tmp_path / "new.yaml").write_text(yaml.safe_dump(content))

    old, new = spec.load(ROOT / "spec" / "iam_api.yaml"), spec.load(tmp_path / "new.yaml")
    text, unwritten = keep_our_prose(old, new)
    assert unwritten == []
    assert changed_lines(VENDORED, text.decode()) == ["  version: '2'"]


def changed_lines(old: str, new: str) -> list[str]:
    """Find the lines that differ, comments aside, in texts of the same number of lines."""
    pairs = zip(old.splitlines(), new.splitlines(), strict=True)
    return [line for before, line in pairs if before != line and not line.startswith("#")]


def test_a_version_that_is_no_plain_text_stays_one(project: Path) -> None:
    version = 'say "1"\nx = 2'
    content = yaml.safe_load(SPEC)
    content["info"]["version"] = version
    (project / "new.yaml").write_text(yaml.safe_dump(content))

    assert main(["update", "new.yaml"]) == 0
    source = tomllib.loads((project / "spec" / "source.toml").read_text("utf-8"))
    assert source["vendored"]["version"] == version


@pytest.mark.slow
def test_the_changelog_and_the_review_escape_the_spec(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    version = "1`\n## Released\n<img src=x> @everybody [x](https://example.com) \u202e\x1b[31m" + "1" * 90
    content = yaml.safe_load(SPEC)
    content["info"]["version"] = version
    content["components"]["schemas"]["Thing"]["properties"]["<b>`@x`\n# head"] = {"type": "string"}
    (project / "new.yaml").write_text(yaml.safe_dump(content))

    assert main(["update", "new.yaml"]) == 0
    changelog = (project / "CHANGELOG.md").read_text("utf-8")
    (entry,) = [line for line in changelog.splitlines() if "suggested bump" in line and "Released" in line]
    assert "version ``1` ## Released <img src=x> @everybody [x](https://example.com) \\u202e\\x1b[31m" in entry
    assert len(entry) < 400
    (page,) = (project / "spec" / "reviews").iterdir()
    outside_code = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", page.read_text("utf-8"))
    assert not re.search(
        r"(?<!\\)<(?!/?(details|summary)>)|@everybody|@x|https:|\x1b|\u202e|^# ", outside_code, re.MULTILINE
    )
    assert not re.search("[\x1b\u202e]", "".join(capsys.readouterr()))


def test_lines_that_break_are_listed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = write_edited_spec(project, ("        lang: {", "        language: {"))

    assert main(["update", str(new)]) == 0
    printed = capsys.readouterr().out
    assert "overlay broken" in printed
    assert 'overlay/gcore_iam/__init__.py:7: Unexpected keyword argument "lang"' in printed
    assert "; adapt it\n" in printed
