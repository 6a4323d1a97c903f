"""Type errors of the hand-written package that the new generated package causes and the old one does not."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ...errors import CodegenError
from .files import CLIENT, Problem

_ASIDE = "gcore_iam_review"
"""The name of the client during the check: else the type checker finds removed names in the installed client.
As long as the real name, so that columns stay."""

_CONFIG = "mypy.ini"
_SKIPPED = ("aiohttp", "filelock", "httpcore", "httpx", "jsonschema_rs", "jwt", "pyotp", "pytest", "trio")
"""Packages that the checker does not read: none of them passes on a type of the generated package, and reading them
takes two thirds of the checker's time."""


def find_type_problems(overlay: Path, packages: tuple[Path, Path]) -> list[Problem]:
    """Check the types in a temporary folder; the old package only if the new one has problems.

    Raises:
        CodegenError: The type checker does not run.
    """
    with tempfile.TemporaryDirectory(prefix="drift-overlay-") as folder:
        work = Path(folder)
        skipped = ",".join(f"{name}.*" for name in _SKIPPED)
        (work / _CONFIG).write_text(f"[mypy]\n[mypy-{skipped}]\nfollow_imports = skip\n", encoding="utf-8")
        _copy(overlay, work / overlay.name)
        found: list[list[Problem]] = []
        for package in packages[::-1]:
            _copy(package, work / _ASIDE)
            found.append(list(_check(work, overlay.name)))
            shutil.rmtree(work / _ASIDE)
            if not found[0]:
                return []
        return [problem for problem in found[0] if problem not in found[1]]


def _copy(package: Path, to: Path) -> None:
    shutil.copytree(package, to, ignore=shutil.ignore_patterns("__pycache__"))
    for file in to.rglob("*.py"):
        text = file.read_text("utf-8")
        file.write_text(re.sub(rf"\b{CLIENT}\b", _ASIDE, text), encoding="utf-8")


def _check(work: Path, package: str) -> Iterator[Problem]:
    # Its rules are set here and not taken from pyproject.toml: a rule about style, or one that follows from another
    # problem ("returning Any"), would report lines that are not broken.
    run = subprocess.run(  # noqa: S603 - our own interpreter and options
        [
            # Isolated: neither the folder, which holds code made from a spec under review, nor PYTHONPATH is searched.
            *(sys.executable, "-I", "-m", "mypy", "--config-file", _CONFIG, "--cache-dir", "cache"),
            *("--check-untyped-defs", "--strict-equality", "--output", "json", "--no-error-summary", package),
        ],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode not in (0, 1):
        problem = " ".join((run.stderr or run.stdout).split())[:500]
        with contextlib.suppress(ValueError, KeyError):
            report = json.loads(run.stdout.splitlines()[-1] if run.stdout else "")
            problem = f"{report['file']}:{report['line']}: {report['message']}"
        raise CodegenError(f"the hand-written package cannot be type-checked: {problem}")
    for line in run.stdout.splitlines():
        with contextlib.suppress(ValueError):
            report = json.loads(line)
            file = report["file"].replace("\\", "/")
            if report["severity"] == "error" and file.startswith(f"{package}/"):
                message, kind = report["message"].replace(_ASIDE, CLIENT), report["code"] or ""
                if not (kind.startswith("import-") or message.startswith('Module "')):  # see `find_imports`
                    yield Problem(file.removeprefix(f"{package}/"), report["line"], report["column"] + 1, message, kind)
