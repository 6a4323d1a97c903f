"""`make update-spec`: a new description is taken in, or nothing is touched."""

from __future__ import annotations

import hashlib
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from codegen import spec
from codegen.__main__ import main
from codegen.check import check_source
from codegen.generate import read_tree

ROOT = Path(__file__).parents[3]
VENDORED = (ROOT / "spec" / "iam_api.yaml").read_text("utf-8")
PHONE = "    Phone number of the user. Null when there is none."

Update = Callable[..., int]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what an update reads and writes, where the command runs."""
    for folder in ("spec", "generated", "overlay"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "reviews"))
    for file in ("pyproject.toml", "generator-config.yml", "CHANGELOG.md"):
        shutil.copy(ROOT / file, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780272000")  # 2026-06-01T00:00:00Z
    return tmp_path


def edited(project: Path, *edits: tuple[str, str]) -> Path:
    """A new description: the vendored one with some texts replaced."""
    content = VENDORED
    content = re.sub(r"(?m)^  version: .*$", "  version: '2026-06-01T00:00:00+00:00'", content, count=1)
    for old, new in edits:
        assert old in content
        content = content.replace(old, new)
    path = project / "new.yaml"
    path.write_text(content, encoding="utf-8")
    return path


def everything(project: Path) -> dict[str, bytes]:
    """All files of the project but the new description."""
    return {name: content for name, content in read_tree(project).items() if name != "new.yaml"}


def test_a_new_description_is_vendored_with_all_that_belongs_to_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = edited(project, ("        - zh\n", "        - zh\n        - fr\n"))
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
    assert main(["check"]) == 0


def test_the_vendored_description_is_nothing_new(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = everything(project)

    assert main(["update", "spec/iam_api.yaml"]) == 0
    assert "nothing changed" in capsys.readouterr().out
    assert everything(project) == before


FAILURES = {
    "a correction that no longer fits": (
        (("PaginatedUsersArray", "UserPage"),),
        "correction 'a-page-of-users-may-lack-its-total' must match 1 place",
    ),
    "two operations of one name": ((("operationId: iamGetUser\n", "operationId: iam_get_users\n"),), "iam_get_users"),
}


@pytest.mark.parametrize(("edits", "message"), FAILURES.values(), ids=FAILURES)
def test_nothing_is_touched_when_no_client_can_be_generated(
    project: Path, capsys: pytest.CaptureFixture[str], edits: tuple[tuple[str, str], ...], message: str
) -> None:
    new = edited(project, *edits)
    before = everything(project)

    assert main(["update", str(new)]) == 4
    assert message in capsys.readouterr().err
    assert everything(project) == before


def test_nothing_is_touched_when_the_changelog_has_no_place_for_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "CHANGELOG.md").write_text("# Changelog\n")
    new = edited(project)
    before = everything(project)

    assert main(["update", str(new)]) == 2
    assert "CHANGELOG.md: needs one section `## Unreleased`" in capsys.readouterr().err
    assert everything(project) == before


def test_files_are_put_back_when_the_package_cannot_be_replaced(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = edited(project)
    before = everything(project)

    def fail(*_: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr("codegen.generate.replace", fail)

    assert main(["update", str(new)]) == 130
    assert everything(project) == before


def test_our_own_words_can_be_kept(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = project / "new.yaml"
    content = yaml.safe_load(VENDORED)
    content["info"]["version"] = "2"
    content["paths"]["/iam/users"]["get"]["summary"] = "Their words"
    user = content["components"]["schemas"]["User"]
    user["properties"]["phone"].pop("description", None)
    user["properties"]["mobile"] = {"type": "string", "description": "Words that only they have."}
    new.write_text(yaml.safe_dump(content, sort_keys=False))

    assert main(["update", str(new), "--prose", "ours"]) == 0
    told = capsys.readouterr().out
    vendored = yaml.safe_load((project / "spec" / "iam_api.yaml").read_text("utf-8"))
    old = yaml.safe_load(VENDORED)
    assert vendored["paths"]["/iam/users"]["get"] == old["paths"]["/iam/users"]["get"]
    ours, theirs = (api["components"]["schemas"]["User"]["properties"] for api in (old, vendored))
    assert theirs["phone"] == ours["phone"]
    assert theirs["mobile"]["description"] == "Words that only they have."
    assert vendored["info"]["version"] == "2"
    source = tomllib.loads((project / "spec" / "source.toml").read_text("utf-8"))
    assert source["upstream"]["sha256"] == hashlib.sha256(new.read_bytes()).hexdigest()
    assert source["vendored"]["sha256"] != source["upstream"]["sha256"]
    assert "needs words of our own: /components/schemas/User/properties/mobile/description" in told
    assert main(["check"]) == 0

    before = everything(project)
    assert main(["update", str(new), "--prose", "ours"]) == 0
    assert "nothing changed" in capsys.readouterr().out
    assert everything(project) == before


def test_words_and_versions_alone_change_one_line_of_what_is_vendored(project: Path) -> None:
    content = yaml.safe_load(VENDORED)
    content["info"]["version"] = "2"
    content["paths"]["/iam/users"]["get"]["summary"] = "Their words"
    content["components"]["schemas"]["User"]["title"] = "Theirs"
    (project / "new.yaml").write_text(yaml.safe_dump(content))

    assert main(["update", "new.yaml", "--prose", "ours"]) == 0
    vendored = (project / "spec" / "iam_api.yaml").read_text("utf-8")
    pairs = zip(VENDORED.splitlines(), vendored.splitlines(), strict=True)
    changed = [new for old, new in pairs if old != new]
    assert [line for line in changed if not line.startswith("#")] == ['  version: "2"']


def test_a_version_that_is_no_plain_text_stays_one(project: Path) -> None:
    version = 'say "1"\nx = 2'
    content = yaml.safe_load(VENDORED)
    content["info"]["version"] = version
    (project / "new.yaml").write_text(yaml.safe_dump(content))

    assert main(["update", "new.yaml"]) == 0
    source = tomllib.loads((project / "spec" / "source.toml").read_text("utf-8"))
    assert source["vendored"]["version"] == version


def test_the_changelog_and_the_review_escape_the_spec(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    version = "1`\n## Released\n<img src=x> @everybody [x](https://example.com) \u202e\x1b[31m" + "1" * 90
    content = yaml.safe_load(VENDORED)
    content["info"]["version"] = version
    content["components"]["schemas"]["User"]["properties"]["<b>`@x`\n# head"] = {"type": "string"}
    (project / "new.yaml").write_text(yaml.safe_dump(content))

    assert main(["update", "new.yaml"]) == 0
    changelog = (project / "CHANGELOG.md").read_text("utf-8")
    (entry,) = [line for line in changelog.splitlines() if "suggested bump" in line and "Released" in line]
    assert "version ``1` ## Released <img src=x> @everybody [x](https://example.com) \\u202e\\x1b[31m" in entry
    assert len(entry) < 400
    (page,) = (project / "spec" / "reviews").iterdir()
    outside_code = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", page.read_text("utf-8"))
    assert not re.search(r"<(?!/?(details|summary)>)|@everybody|@x|https:|\x1b|\u202e|^# ", outside_code, re.MULTILINE)
    assert not re.search("[\x1b\u202e]", "".join(capsys.readouterr()))


def test_lines_that_break_are_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = edited(project, ("        one_time_password:\n", "        second_factor:\n"))
    main(["update", str(new)])
    told = capsys.readouterr()

    assert "correction 'passwords-are-secret'" in told.err or "to be adapted: overlay/gcore_iam/aio/" in told.out
