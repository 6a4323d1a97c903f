"""The repository as a newcomer meets it: commands, documents, locks."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import gcore_iam
import pytest
import yaml
from gcore_iam.testing import FakeIAM

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = (ROOT / "requirements-dev.txt").read_text("utf-8")
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_help_lists_every_target_and_each_line_fits_a_screen() -> None:
    run = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    assert {line.split()[1] for line in lines} == targets()
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_command_in_the_documents_exists(document: str) -> None:
    named = set(
        re.findall(
            r"\bmake ([a-z-]+)\b",
            "\n".join(re.findall(r"`[^`]+`|^make .*$", (ROOT / document).read_text("utf-8"), re.M)),
        )
    )
    assert named <= targets()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_links_exists(document: str) -> None:
    for path in re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text("utf-8")):
        assert (ROOT / path).exists(), path


PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
TEST_PROGRAMS = {name: program for program in PROGRAMS if (name := program.partition("\n")[0]).startswith("# test_")}


def test_the_readmes_programs_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    programs = [program for program in PROGRAMS if program not in TEST_PROGRAMS.values()]
    assert len(programs) >= 3
    ada = {"email": "ada@example.com", "password": "an example", "groups": [{"id": 1}]}
    fake = FakeIAM([ada, *({} for _ in range(11))])
    monkeypatch.setenv("GCORE_EMAIL", "ada@example.com")
    monkeypatch.setenv("GCORE_PASSWORD", "an example")
    with fake.serve() as url:
        monkeypatch.setenv("GCORE_API_KEY", fake.api_key)
        monkeypatch.setenv("GCORE_BASE_URL", url)
        for program in programs:
            exec(compile(program, "README.md", "exec"), {})  # noqa: S102 - our own README
    assert capsys.readouterr().out
    assert fake.calls["iamLoginUser"] == 1
    assert fake.calls["iamDeleteApiTokenV2"] == 1


@pytest.mark.parametrize(
    ("runner", "names"),
    [
        (["unittest"], ["test_with_unittest"]),
        # Of the plugins, only ours: the others take seconds to load.
        (
            ["pytest", "-q", "-W", "error"]
            + [word for name in ("cov", "randomly", "schemathesis", "xdist") for word in ("-p", f"no:{name}")],
            ["test_with_pytest.py", "test_faulty_network.py"],
        ),
    ],
    ids=["unittest", "pytest"],
)
def test_the_readmes_tests_pass(tmp_path: Path, runner: list[str], names: list[str]) -> None:
    assert len(TEST_PROGRAMS) == 3
    for name in names:
        file = (tmp_path / name).with_suffix(".py")
        file.write_text(TEST_PROGRAMS[f"# {file.name}"], encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", *runner, *names],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_lock_names_packages_and_hashes_and_no_address() -> None:
    assert "://" not in LOCK
    assert not re.search(
        r"^\s*-", re.sub(r"^\s+--hash=sha256:[0-9a-f]{64}( \\)?$", "", LOCK, flags=re.MULTILINE), re.MULTILINE
    )
    requirements = re.findall(r"^[a-z0-9.-]+==", LOCK, re.MULTILINE)
    assert len(requirements) > 40
    assert len(re.findall(r"^\S.*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+", LOCK, re.MULTILINE)) == len(
        requirements
    )


@pytest.mark.parametrize("tool", ["openapi-python-client", "ruff"])
def test_tools_whose_output_is_committed_are_pinned_exactly(tool: str) -> None:
    pinned = next(line for line in PYPROJECT["dependency-groups"]["dev"] if line.startswith(f"{tool}=="))
    assert f"{pinned} \\" in LOCK
    assert importlib.metadata.version(tool) == pinned.partition("==")[2]


def test_run_time_dependencies_are_the_five_that_are_agreed() -> None:
    names = {re.split(r"[<>=]", requirement)[0] for requirement in PYPROJECT["project"]["dependencies"]}
    assert names == {"attrs", "httpx", "python-dateutil"} | {"anyio", "filelock"}


def test_versions_agree() -> None:
    assert gcore_iam.__version__ == importlib.metadata.version("gcore-iam")
    assert (
        yaml.safe_load((ROOT / "spec" / "iam_api.yaml").read_text("utf-8"))["info"]["version"] == gcore_iam.SPEC_VERSION
    )


def test_the_description_is_whole_and_in_block_style() -> None:
    text = (ROOT / "spec" / "iam_api.yaml").read_text("utf-8")
    document = yaml.safe_load(text)
    methods = [method for item in document["paths"].values() for method in item if method != "parameters"]
    assert (len(methods), len(document["components"]["schemas"])) == (24, 77)
    events = list(yaml.parse(text))
    assert not [event for event in events if isinstance(event, yaml.MappingStartEvent) and event.flow_style]


def test_the_workflow_runs_what_ci_runs() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert {"run": ".ci/run"} in workflow["jobs"]["ci"]["steps"]
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    for command in ("make demo", "make -j2 --output-sync=target check", "make test SLOW=1", "make test-ecosystem"):
        assert re.search(rf"^{command}$", script, re.MULTILINE)


def test_no_file_names_a_package_registry() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = listed.stdout.split(b"\0")
    registries = [
        f"{name}.{end}".encode() for name, end in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))
    ]
    for name in filter(None, files):
        content = (ROOT / name.decode()).read_bytes()
        assert not any(registry in content for registry in registries), name
