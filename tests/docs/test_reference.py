"""The reference lists every public name, and its tables say what the code does."""

from __future__ import annotations

import re

import gcore_iam
import gcore_iam.auth
import gcore_iam.observe
import gcore_iam.testing
import pytest
from gcore_iam import IAMClient, errors, events, models
from gcore_iam.observe.__main__ import main as observe_main
from gcore_iam.testing import FakeIAM
from gcore_iam.testing.__main__ import main as fake_main

from codegen.__main__ import main as codegen_main
from tests.docs.code_blocks import ROOT

PAGES = {page.stem: page.read_text("utf-8") for page in (ROOT / "docs" / "reference").glob("*.md")}
ENTRIES = set(re.findall(r"^::: ([\w.]+)$", "\n".join(PAGES.values()), re.MULTILINE))
DOCUMENTED = {entry.rpartition(".")[2] for entry in ENTRIES}

NOT_CLASSES = {"SPEC_VERSION", "__version__", "auth", "errors", "events", "models"}


@pytest.mark.parametrize(
    "names",
    [
        set(gcore_iam.__all__) - NOT_CLASSES,
        set(gcore_iam.auth.__all__),
        set(gcore_iam.observe.__all__),
        set(gcore_iam.testing.__all__),
        set(dir(models)),
        {name for name, value in vars(errors).items() if name.endswith("Error")},
        {name for name in vars(events) if re.fullmatch(r"[A-Z]\w+(ed|Read)|Event", name)},
    ],
    ids=["gcore_iam", "auth", "observe", "testing", "models", "errors", "events"],
)
def test_every_public_name_has_an_entry(names: set[str]) -> None:
    assert len(names) >= 5
    assert names <= DOCUMENTED, names - DOCUMENTED


def test_every_operation_and_method_has_a_row() -> None:
    rows = PAGES["methods"]
    with IAMClient("1_0", transport=FakeIAM(0).transport()) as iam:
        for group in ("account", "users", "tokens", "tokens.legacy", "auth"):
            resource: object = iam
            for name in group.split("."):
                resource = getattr(resource, name)
            methods = [name for name in dir(resource) if not name.startswith("_") and name != "legacy"]
            for method in methods:
                assert re.search(rf"`iam\.{group}\.{method}[`(]", rows), f"{group}.{method}"
    spec = (ROOT / "spec" / "iam_api.yaml").read_text("utf-8")
    for path in re.findall(r"^  (/iam/[^:]+):$", spec, re.MULTILINE):
        assert f" {path}`" in rows, path


def test_the_tree_of_errors_is_the_one_of_the_code() -> None:
    guide = (ROOT / "docs" / "guides" / "errors.md").read_text("utf-8")
    tree = guide.partition("```text\n")[2].partition("```")[0]
    classes = {name: cls for name, cls in vars(errors).items() if name.endswith("Error")}
    ancestors: list[str] = []
    for line in tree.splitlines():
        match = re.match(r"([│ ├└─]*)(\w+)(?: \((\w+)\))?", line)
        assert match is not None
        depth = len(match[1]) // 4
        cls = classes.pop(match[2])
        del ancestors[depth:]
        if ancestors:
            assert issubclass(cls, getattr(errors, ancestors[-1])), match[2]
        ancestors.append(match[2])
        if match[3]:
            assert match[3] in [base.__name__ for base in cls.__mro__]
    assert not classes


def test_the_attributes_of_errors_are_those_of_the_code() -> None:
    guide = (ROOT / "docs" / "guides" / "errors.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+Error)` \| (.+) \|$", guide, re.MULTILINE)
    assert len(rows) == 7
    for name, attributes in rows:
        cls = getattr(errors, name)
        documented = "".join(one.__doc__ or "" for one in cls.__mro__ if one.__module__ == errors.__name__)
        for attribute in re.findall(r"\.(\w+)", attributes):
            assert hasattr(cls, attribute) or re.search(rf"^ +{attribute}: ", documented, re.MULTILINE), attribute


@pytest.mark.parametrize(
    ("heading", "main"),
    [
        ("python -m gcore_iam.testing", fake_main),
        ("python -m gcore_iam.observe", observe_main),
        ("python -m codegen", codegen_main),
    ],
)
def test_commands_and_options_are_those_of_help(heading: str, main: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(main)
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    section = PAGES["commands"].partition(f"## {heading}\n")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(--[\w-]+|[a-z]+)", section, re.MULTILINE))
    shown = set(re.findall(r"^ +(--[\w-]+)|^    ([a-z]+)\b", text, re.MULTILINE))
    assert documented == {name for pair in shown for name in pair if name} - {"--help"}


def test_the_page_has_the_environment_variables_of_the_code() -> None:
    source = "".join(
        path.read_text("utf-8")
        for path in (ROOT / "overlay" / "gcore_iam").glob("**/*.py")
        if "testing" not in path.parts
    )
    page = PAGES["environment"]
    read = set(re.findall(r'"((?:GCORE|SSL)[A-Z_]*)"', source))
    assert read
    for name in read | {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}:
        assert f"`{name}`" in page, name


def test_every_make_target_has_a_row() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    rows = set(re.findall(r"`make ([a-z-]+)", PAGES["commands"]))
    assert targets - {"sync", "lint", "imports", "types"} <= rows


def test_messages_in_troubleshooting_are_in_the_code() -> None:
    """Each part of a message between the places that vary is a string of the library or of the Makefile."""
    page = (ROOT / "docs" / "understanding" / "troubleshooting.md").read_text("utf-8")
    files = [*(ROOT / "overlay" / "gcore_iam").rglob("*.py"), *(ROOT / "generated").rglob("*.py"), ROOT / "Makefile"]
    source = re.sub(r'"\s*f?"', "", "\n".join(path.read_text("utf-8") for path in files)).replace("\\", "")
    messages = re.findall(r"^\| `([^`]+)`", page, re.MULTILINE)
    parts = [part.strip() for message in messages for part in re.split(r"'?…'?|: 40\d |^base_url |^FakeIAM ", message)]
    parts = [part for part in parts if len(part) > 3 and "fixture" not in part]  # pytest's own message
    assert len(parts) >= 20
    assert [part for part in parts if part not in source] == []
