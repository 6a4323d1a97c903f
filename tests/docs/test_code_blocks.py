"""Every code block of the documentation works."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from gcore_iam.testing import FakeIAM
from gcore_iam.testing.__main__ import main as fake_main

from codegen.__main__ import main as codegen_main
from codegen.drift.settings import parse_settings
from tests.docs.code_blocks import BLOCKS, PROGRAMS, ROOT, TEST_FILES, CodeBlock

LANGUAGES = {"python", "console", "text", "json", "toml", "yaml", "markdown"}


def is_installed(block: CodeBlock) -> bool:
    return all(importlib.util.find_spec(name) for name in block.needs)


def test_every_block_has_a_language_that_is_checked() -> None:
    assert {block.language for block in BLOCKS} <= LANGUAGES
    assert len(PROGRAMS) >= 30


@pytest.mark.parametrize("page", sorted({block.page for block in PROGRAMS}))
def test_the_programs_of_a_page_run(page: str, page_fake: FakeIAM) -> None:
    for block in PROGRAMS:
        if block.page == page and is_installed(block):  # `make test-ecosystem` runs the others
            page_fake.reset()
            block.run()


def test_stored_tokens_save_the_second_login(page_fake: FakeIAM) -> None:
    (program,) = [block for block in PROGRAMS if "FileTokenStore(" in block.code and "docs/guides" in block.page]
    program.run()
    assert page_fake.calls["iamLoginUser"] == 1


def test_each_rotation_on_the_page_deletes_the_old_token(page_fake: FakeIAM) -> None:
    """The second one is of the key that the client itself uses."""
    programs = [block for block in PROGRAMS if "tokens.rotate(" in block.code and "docs/guides" in block.page]
    assert len(programs) == 2
    for number, program in enumerate(programs, 1):
        program.run()
        assert page_fake.calls["iamDeleteApiTokenV2"] == number


# Of the plugins, only ours: the others take seconds to load.
PYTEST = ["pytest", "-q", "-W", "error"]
PYTEST += [word for name in ("cov", "randomly", "schemathesis", "xdist") for word in ("-p", f"no:{name}")]


@pytest.mark.parametrize(
    ("runner", "names"),
    [
        (["unittest"], ["test_with_unittest"]),
        (PYTEST, ["test_with_pytest.py", "test_faulty_network.py"]),
    ],
    ids=["unittest", "pytest"],
)
def test_the_tests_of_the_pages_pass(tmp_path: Path, runner: list[str], names: list[str]) -> None:
    assert len(TEST_FILES) == 3
    for name in names:
        file = (tmp_path / name).with_suffix(".py")
        file.write_text(TEST_FILES[file.name].code, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", *runner, *names],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_quoted_code_is_in_the_file_that_the_block_names() -> None:
    for block in BLOCKS:
        if block.source is not None:
            assert block.code.partition("\n")[2] in (ROOT / block.source).read_text("utf-8"), block


def test_settings_of_the_drift_page_are_accepted() -> None:
    (settings,) = [block for block in BLOCKS if block.language == "toml" and "[[levels]]" in block.code]
    assert parse_settings(tomllib.loads(settings.code), settings.page).sunset_days == 90


def test_the_observations_of_the_page_give_its_proposal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = [block for block in BLOCKS if block.page == "docs/maintaining/observed-drift.md"]
    (observations,) = [block.code for block in page if block.language == "json"]
    (proposal,) = [block.code for block in page if block.language == "yaml"]
    file = tmp_path / "observations.json"
    file.write_text(observations, encoding="utf-8")
    monkeypatch.chdir(ROOT)
    assert codegen_main(["corrections", "--observed", str(file)]) == 0
    assert capsys.readouterr().out.endswith(f"\n\n{proposal}")


def commands() -> list[str]:
    """Return the commands of all console blocks, without prompts, continuation lines joined."""
    lines = "\n".join(block.code for block in BLOCKS if block.language == "console").replace("\\\n", " ")
    return [re.sub(r"^\$ |\s+#.*$", "", line) for line in lines.splitlines() if line.strip()]


def test_every_make_target_in_a_block_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    used = {
        word
        for line in commands()
        if (found := re.match(r"(?:[A-Z_]+=\S+ )*make ([a-z-]+)", line))
        for word in found.groups()
    }
    assert used
    assert used <= targets


def read_help(main: Callable[[list[str]], int], arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--help"])
    assert caught.value.code == 0, arguments
    return capsys.readouterr().out


@pytest.mark.parametrize(("module", "main"), [("codegen", codegen_main), ("gcore_iam.testing", fake_main)])
def test_every_command_and_option_in_a_block_exists(
    module: str, main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    used = [line.partition(f"-m {module} ")[2].split() for line in commands() if f"-m {module} " in line]
    assert used
    for words in used:
        text = read_help(main, words[:1] if module == "codegen" else [], capsys)
        for option in (word for word in words if word.startswith("--")):
            assert re.search(rf"{option}\b", text), f"{option} of {words}"


@pytest.mark.parametrize(
    ("language", "parse"), [("json", json.loads), ("toml", tomllib.loads), ("yaml", yaml.safe_load)]
)
def test_data_in_blocks_parses(language: str, parse: object) -> None:
    assert callable(parse)
    for block in BLOCKS:
        if block.language == language:
            parse(block.code)
