"""The repository as a newcomer meets it: commands, documents, locks."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import gcore_iam
import pytest
import yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = (ROOT / "requirements-dev.txt").read_text("utf-8")
OVERLAY = ROOT / "overlay" / "gcore_iam"
PAGES = [page.relative_to(ROOT).as_posix() for page in ROOT.glob("docs/**/*.md")]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", *sorted(PAGES)]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_help_lists_every_target_and_each_line_fits_a_screen() -> None:
    run = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    assert {name for line in lines for name in line.strip().partition("  ")[0].split()[1:]} == targets()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 23  # and the prompt: a screen of 24 lines


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_command_in_the_documents_exists(document: str) -> None:
    text = re.sub(r"^```(?!console).*?^```", "", (ROOT / document).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`(?:[A-Z]+=\S+ )*make ([a-z-]+)|^make ([a-z-]+)", text, re.MULTILINE))
    named = {name for pair in named for name in pair if name}
    assert named <= targets()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_links_exists(document: str) -> None:
    for path in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", (ROOT / document).read_text("utf-8")):
        assert ((ROOT / document).parent / path).exists(), path


def test_the_readme_is_short() -> None:
    assert len(README.split()) < 1500


def test_the_badges_say_what_is_true() -> None:
    badge = {path.stem: path.read_text("utf-8") for path in (ROOT / "docs" / "badges").glob("*.svg")}
    assert f"version: {gcore_iam.__version__}<" in badge["version"]
    pythons = [line.rpartition(" ")[2] for line in PYPROJECT["project"]["classifiers"] if ":: 3." in line]
    assert f"Python: {' | '.join(pythons)}<" in badge["python"]
    assert f"license: {PYPROJECT['project']['license']}<" in badge["license"]
    assert "Typing :: Typed" in PYPROJECT["project"]["classifiers"]


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
        assert re.search(rf"^(?:\w+=\S+ )?{command}$", script, re.MULTILINE)
    assert {"run": "make coverage"} in workflow["jobs"]["coverage"]["steps"]  # with more examples


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


def walk_overlay() -> Iterator[tuple[str, ast.AST]]:
    """Yield the path within the overlay and each node of the hand-written library."""
    for path in sorted(OVERLAY.rglob("*.py")):
        name = path.relative_to(OVERLAY).as_posix()
        if not name.startswith(("testing/", "sync/")):
            yield from ((name, node) for node in ast.walk(ast.parse(path.read_text("utf-8"))))


NO_ARGUMENTS = {
    "_check_deadline", "_check_size",  # of a response
    "_check_end", "check_end", "check_repetition",  # of a list
    "_check_found",  # the result of a lookup
    "_check_proxy",  # of the environment
    "_check_status", "check_space",  # of a file
    "_check_str",  # the result of a callback, for both kinds of code
}  # fmt: skip
"""Functions that check something else than an argument."""


def test_arguments_are_checked_in_one_place() -> None:
    found: set[str] = set()
    for path, node in walk_overlay():
        if isinstance(node, ast.FunctionDef) and re.match("_?check_", node.name) and "_validation/" not in path:
            found.add(node.name)
        if isinstance(node, ast.Raise) and "_validation/" not in path:
            message = re.search(r"ConfigurationError\(f?'(\w+|{name}) must be ", ast.unparse(node))
            assert message is None or path == "pagination/checkpoint.py", (path, ast.unparse(node))
    assert found == NO_ARGUMENTS


TWINS = {
    "bind": "of `paginate`, whose argument says which one is needed",
    "check_callback": "a check for sync code, and one for both kinds of code",
    "raw": "types of methods; nothing differs at run time",
    "reconcile": "both are public, and an error does not know which kind of code catches it",
}
"""Functions that differ from their async halves, outside `_concurrency`, and why."""


def test_sync_and_async_code_differ_in_one_place() -> None:
    """Everything else for sync code is derived from `aio`."""
    names: dict[str, set[str]] = {}
    for path, node in walk_overlay():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and "_concurrency/" not in path:
            names.setdefault(path, set()).add(node.name.lstrip("_"))
    found = {name for defined in names.values() for name in defined if defined & {f"{name}_async", f"Async{name}"}}
    assert found == TWINS.keys()


@pytest.mark.parametrize("folder", ["overlay", "codegen", "benchmarks"])
def test_no_file_of_code_is_too_long_to_read(folder: str) -> None:
    lengths = {str(path): len(path.read_text("utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert lengths
    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_two_context_variables_pass_hidden_arguments() -> None:
    calls = [
        node for _, node in walk_overlay() if isinstance(node, ast.Call) and ast.unparse(node.func) == "ContextVar"
    ]
    assert {ast.literal_eval(call.args[0]) for call in calls} == {"gcore_iam_deadline", "gcore_iam_session_held"}
    assert len(calls) == 2


PRIVATE_ATTRIBUTES = {
    "_pool",  # of `httpx.HTTPTransport`; tests/overlay/test_network_backend.py notices when it is gone
    "_getframe", "_unregister_task",  # of the standard library, which documents them
}  # fmt: skip


def test_the_library_uses_one_private_attribute_of_a_dependency() -> None:
    own: set[str] = set()
    used: set[str] = set()
    for _, node in walk_overlay():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        elif isinstance(node, ast.Attribute):
            is_own = isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
            (own if is_own else used).add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("attr") and len(node.args) > 1:
            used.add(ast.unparse(node.args[1]).strip("'"))
    assert {name for name in used - own if re.match("_[^_]", name)} == PRIVATE_ATTRIBUTES


@pytest.mark.parametrize("words", ["the reader", "handed out", "hands out", "answers with", "answers 4"])
def test_prose_uses_the_words_of_the_field(words: str) -> None:
    """The caller, returned, returns, responds."""
    found = [path.name for path in OVERLAY.rglob("*.py") if words in path.read_text("utf-8")]
    assert found == []


def test_names_of_tests_are_short() -> None:
    names = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    assert len(names) > 1000
    assert {name for name in names if len(name) >= 60} == set()
