"""The overlay layer: which hand-written lines do not fit the package that the new description gives.

A type checker reads the hand-written package against either generated package, in a temporary folder. What it cannot
see, names in strings, is resolved here: operation ids, and fields that `attrgetter` takes.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from ..derive import RULES
from ..errors import CodegenError
from ..inventory import source
from ..spec import Spec
from .report import Change, fingerprint
from .surface import Surface

_DERIVED = "sync/"
"""Files made from those of the folder `aio/`, see `codegen.derive`."""


@attrs.frozen
class _Problem:
    """A line that does not fit."""

    file: str
    """Inside the hand-written package."""
    line: int
    column: int
    message: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def changes(
    overlay: Path,
    packages: tuple[Path, Path],
    surfaces: tuple[Surface, Surface],
    specs: tuple[Spec, Spec],
    python: Sequence[Change],
) -> list[Change]:
    """Find the hand-written lines that fit the old generated package and not the new one.

    Args:
        overlay: Folder of the hand-written package.
        packages: Folders of the generated packages, the old one first.
        surfaces: What they offer.
        specs: The descriptions that they were made from.
        python: The changes between them, to find the causes among.

    Returns:
        One entry for each hand-written line, of the layer `overlay`. A line that is derived from another one belongs
        to that one's entry.

    Raises:
        CodegenError: The type checker does not run, or a file of the hand-written package is not Python.
    """
    if not python and specs[0].document["paths"].keys() == specs[1].document["paths"].keys():
        return []
    found = _checked(overlay, packages)
    broken = [problem for problem in found[1] if problem not in found[0]]
    broken += _unresolved(overlay, surfaces, specs)
    return [_change(overlay, group, python) for group in _grouped(broken)]


# --- what the type checker sees ------------------------------------------------------------------------------------


def _checked(overlay: Path, packages: tuple[Path, Path]) -> tuple[list[_Problem], list[_Problem]]:
    """The problems of the hand-written package with either generated package."""
    with tempfile.TemporaryDirectory(prefix="drift-overlay-") as folder:
        work = Path(folder)
        shutil.copytree(overlay, work / overlay.name, ignore=shutil.ignore_patterns("__pycache__"))
        reports = []
        for package in packages:
            shutil.copytree(package, work / "gcore_iam_client", ignore=shutil.ignore_patterns("__pycache__"))
            reports.append(list(_type_check(work, overlay.name)))
            shutil.rmtree(work / "gcore_iam_client")
        return reports[0], reports[1]


def _type_check(work: Path, package: str) -> Iterator[_Problem]:
    # Its rules are set here and not taken from pyproject.toml: a rule about style, or one that follows from another
    # problem ("returning Any"), would report lines that are not broken.
    run = subprocess.run(  # noqa: S603 - our own interpreter and options
        [
            *(sys.executable, "-m", "mypy", "--config-file", "", "--cache-dir", str(work / "cache")),
            *("--check-untyped-defs", "--strict-equality", "--output", "json", "--no-error-summary", package),
        ],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode not in (0, 1):
        said = " ".join((run.stderr or run.stdout).split())[:500]
        raise CodegenError(f"the hand-written package cannot be type-checked: {said}")
    for line in run.stdout.splitlines():
        with contextlib.suppress(ValueError):
            report = json.loads(line)
            if report["severity"] == "error" and report["file"].startswith(f"{package}/"):
                file = report["file"].removeprefix(f"{package}/")
                yield _Problem(file, report["line"], report["column"] + 1, report["message"])


# --- names in strings ----------------------------------------------------------------------------------------------


def _unresolved(overlay: Path, surfaces: tuple[Surface, Surface], specs: tuple[Spec, Spec]) -> Iterator[_Problem]:
    ids = [{operation.get("operationId") for _, _, operation in spec.operations()} for spec in specs]
    gone = ids[0] - ids[1]
    for file in sorted(overlay.rglob("*.py")):
        name = file.relative_to(overlay).as_posix()
        tree = source(file)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in gone:
                message = f'the operation "{node.value}" is not there any more'
                yield _Problem(name, node.lineno, node.col_offset + 1, message)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
                yield from _getters(name, node, surfaces)


def _getters(
    file: str, function: ast.FunctionDef | ast.AsyncFunctionDef, surfaces: tuple[Surface, Surface]
) -> Iterator[_Problem]:
    """Fields that a function takes by name of what it returns a pager of."""
    returned = {node.id for node in ast.walk(function.returns or function) if isinstance(node, ast.Name)}
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "attrgetter":
            for argument in node.args:
                if isinstance(argument, ast.Constant):
                    for model in sorted(returned & surfaces[1].classes.keys() & surfaces[0].classes.keys()):
                        fields = [{field.name for field in surface.classes[model].fields} for surface in surfaces]
                        if argument.value in fields[0] - fields[1]:
                            message = f'"{model}" has no attribute "{argument.value}"'
                            yield _Problem(file, argument.lineno, argument.col_offset + 1, message)


# --- entries -------------------------------------------------------------------------------------------------------


def _grouped(problems: Iterable[_Problem]) -> list[list[_Problem]]:
    """Problems of one line together, and those of a derived line with those of the line that it is derived from."""
    lines: dict[tuple[str, int], list[_Problem]] = {}
    for problem in sorted(problems, key=lambda found: (found.file, found.line, found.column, found.message)):
        lines.setdefault((problem.file, problem.line), []).append(problem)
    groups = [group for (file, _), group in lines.items() if not file.startswith(_DERIVED)]
    for (file, _), group in lines.items():
        if file.startswith(_DERIVED):
            origin = "aio/" + file.removeprefix(_DERIVED)
            same = [
                other
                for other in groups
                if other[0].file == origin
                and {_as_sync(problem.message) for problem in other if problem.file == origin}
                == {_as_sync(problem.message) for problem in group}
                and sum(problem.file == file for problem in other) < sum(problem.file == origin for problem in other)
            ]
            if same:
                same[0].extend(group)
            else:
                groups.append(group)
    return groups


def _as_sync(message: str) -> str:
    for pattern, replacement in RULES:
        message = re.sub(pattern, replacement, message)
    # Sync code returns what async code returns a coroutine of; the checker adds a guess at the nearest name.
    message = re.sub(r"Coroutine\[Any, Any, ([^\]]*\]*)\]", r"\1", message)
    return re.sub(r'; maybe .*$|(Self )?"\w+" of ', "", message)


def _change(overlay: Path, group: list[_Problem], python: Sequence[Change]) -> Change:
    first = group[0]
    message = "; ".join(dict.fromkeys(problem.message for problem in group if problem.file == first.file))
    place = f"{overlay.as_posix()}/{first.file}:{first.line}"
    cause = _cause(overlay, first, message, python)
    return Change(
        id="overlay-symbol-broken",
        layer="overlay",
        level="error",
        message=f"{place}: {message}",
        operations=cause.operations if cause else (),
        pointer=cause.pointer if cause else "",
        old=cause.old if cause else None,
        new=cause.new if cause else None,
        symbols=cause.symbols if cause else (),
        fingerprint=fingerprint("overlay-symbol-broken", first.file, [_statement(overlay, first), message]),
        files=tuple(dict.fromkeys(f"{overlay.as_posix()}/{problem.place}" for problem in group)),
        causes=tuple(dict.fromkeys([*cause.causes, cause.fingerprint])) if cause else (),
    )


def _cause(overlay: Path, problem: _Problem, message: str, python: Sequence[Change]) -> Change | None:
    """The change that a broken line is due to: the one that speaks most of what the line and its message speak of."""
    said = set(re.findall(r"\w+", message))
    around = set(re.findall(r"\w+", _function(overlay, problem))) | said

    def score(change: Change) -> int:
        names: Mapping[str, int] = {"removed": 1, "renamed": 1, "changed": 1, "required": 1}
        total = 0
        for symbol in change.symbols:
            parts = symbol.split(".")
            last = parts[-1]
            points = 4 * (last in said and last != "sync_detailed")
            if last == "sync_detailed" or change.id.startswith("py-module"):
                points += 3 * any(part in around for part in parts[3:] if part != "sync_detailed")
            elif change.id.startswith("py-field"):
                points += 2 * (parts[-2] in said) + (parts[-2] in around) - 3 * (last not in around)
            total = max(total, points)
        weight = any(change.id.endswith(name) for name in names) and change.level == "error"
        return 2 * total + weight if total > 0 else 0

    best = max(python, key=score, default=None)
    return best if best is not None and score(best) > 0 else None


def _function(overlay: Path, problem: _Problem) -> str:
    """The source of the innermost function around a line, of the line's statement outside of functions."""
    text = (overlay / problem.file).read_text("utf-8")
    inner = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.lineno <= problem.line <= (node.end_lineno or node.lineno)
    ]
    if not inner:
        return _statement(overlay, problem)
    function = max(inner, key=lambda node: node.lineno)
    return "\n".join(text.splitlines()[function.lineno - 1 : function.end_lineno])


def _statement(overlay: Path, problem: _Problem) -> str:
    lines = (overlay / problem.file).read_text("utf-8").splitlines()
    return lines[problem.line - 1].strip() if problem.line <= len(lines) else ""
