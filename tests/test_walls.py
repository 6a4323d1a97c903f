"""The walls between rooms: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OVERLAY = ROOT / "overlay" / "gcore_iam"
GENERATED = ROOT / "generated" / "gcore_iam_client"


def imports(file: Path, package_root: Path) -> Iterator[str]:
    """Every module that a file imports, absolute, wherever in the file."""
    parts = file.relative_to(package_root).with_suffix("").parts
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(parts[: len(parts) - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def reaching(files: Iterator[Path], package_root: Path, *forbidden: str) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}: {module}"
        for file in files
        for module in imports(file, package_root)
        if any(module == name or module.startswith(f"{name}.") for name in forbidden)
    ]


def test_the_walls_are_seen() -> None:
    """The reader of imports finds relative and absolute ones, so that the tests below can fail."""
    assert "gcore_iam.errors" in set(imports(OVERLAY / "http.py", ROOT / "overlay"))
    assert "httpx" in set(imports(OVERLAY / "http.py", ROOT / "overlay"))


def test_the_overlay_never_imports_codegen() -> None:
    assert reaching(OVERLAY.rglob("*.py"), ROOT / "overlay", "codegen", "yaml", "jinja2", "openapi_python_client") == []


def test_the_client_never_imports_the_fake() -> None:
    files = (file for file in OVERLAY.rglob("*.py") if "testing" not in file.parts)
    assert reaching(files, ROOT / "overlay", "gcore_iam.testing", "aiohttp") == []


def test_the_fake_answers_without_knowing_how_requests_travel() -> None:
    """Only its two ways in do; and only the plugin brings clients along."""
    ways_in = ("transport.py", "server.py")
    files = [file for file in (OVERLAY / "testing").rglob("*.py") if file.name not in ways_in]
    assert len(files) > 10
    assert reaching(iter(files), ROOT / "overlay", "httpx", "httpcore", "aiohttp", "anyio") == []
    clients = ("gcore_iam.aio", "gcore_iam.sync", "gcore_iam.IAMClient", "gcore_iam.AsyncIAMClient")
    files.remove(OVERLAY / "testing" / "plugin.py")
    assert reaching(iter(files), ROOT / "overlay", *clients) == []


@pytest.mark.parametrize("room", ["pagination", "errors.py", "retry.py", "auth/session.py", "auth/store.py"])
def test_deciding_rooms_know_nothing_of_httpx(room: str) -> None:
    path = OVERLAY / room
    files = list(path.rglob("*.py")) if path.is_dir() else [path]
    assert files
    assert reaching(iter(files), ROOT / "overlay", "httpx", "httpcore", "gcore_iam_client") == []


def test_errors_import_nothing_of_ours() -> None:
    assert reaching(iter([OVERLAY / "errors.py"]), ROOT / "overlay", "gcore_iam", "gcore_iam_client") == []


def test_nothing_but_the_face_imports_the_client_module() -> None:
    files = (file for file in OVERLAY.rglob("*.py") if file != OVERLAY / "__init__.py")
    assert reaching(files, ROOT / "overlay", "gcore_iam.aio.client", "gcore_iam.sync.client") == []


def test_generated_code_imports_nothing_of_ours() -> None:
    assert reaching(GENERATED.rglob("*.py"), ROOT / "generated", "gcore_iam", "codegen") == []


def test_codegen_never_imports_the_library() -> None:
    assert reaching((ROOT / "codegen").rglob("*.py"), ROOT, "gcore_iam", "gcore_iam_client") == []


def test_rendering_never_decides() -> None:
    """A rendering sees a report, and nothing of how it came about."""
    files = list((ROOT / "codegen" / "drift" / "render").rglob("*.py"))
    assert len(files) >= 6
    deciding = [
        f"codegen.drift.{file.stem}"
        for file in (ROOT / "codegen" / "drift").glob("*.py")
        if file.stem not in ("__init__", "report")
    ]
    assert "codegen.drift.rules" in deciding
    assert reaching(iter(files), ROOT, *deciding) == []


def test_deciding_never_renders() -> None:
    """Only the commands do, and what writes the review of an update."""
    files = [file for file in (ROOT / "codegen" / "drift").glob("*.py") if file.stem not in ("command", "update")]
    assert len(files) > 10
    assert reaching(iter(files), ROOT, "codegen.drift.render", "rich", "jinja2") == []
