"""The overlay layer: which hand-written lines do not fit the package that the new description gives.

A type checker reads the hand-written package against either generated package, in a temporary folder. What it tells
once for many lines, imports, and what it cannot see, names in strings, is resolved here: modules and classes, operation
ids and paths, fields that `attrgetter` takes, parameters that `paginate` needs; and what is passed to a model by its
place, where the fields have changed places.
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
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from ..errors import CodegenError
from ..inventory import parse_source
from ..spec import Spec, escape
from ..unasync import CODE_RULES
from .merge import locate
from .python_surface import Class, Surface
from .report import Change, fingerprint, with_unique_fingerprints

_CLIENT = "gcore_iam_client"
_ASIDE = "gcore_iam_review"
"""What the client is called while it is checked: else the checker finds in the installed one what is gone in this one.
As long as the real name, so that columns stay."""

_CONFIG = "mypy.ini"
"""The checker's options, beside the two packages."""

_SKIPPED = ("aiohttp", "filelock", "httpcore", "httpx", "jsonschema_rs", "jwt", "pyotp", "pytest", "trio")
"""Packages that the checker does not read: none of them passes on a type of the generated package, and reading them
takes two thirds of the checker's time."""

_ASYNC, _SYNC = "aio/", "sync/"
"""Folders of the files that are written by hand and of those derived from them, see `codegen.unasync`."""

_CONSEQUENCES = ("py-class-added", "py-module-added", "py-field-added")
"""Changes that break no line by themselves."""

_AUTHENTICATION = "py-authentication-changed"

_NAMES_GONE = ("api-operation-id-removed", "api-path-removed", "api-removed", "endpoint-moved")
"""Rules of the wire after which an operation id or a path is not there any more, as beginnings."""


@attrs.frozen
class _Problem:
    """A line that does not fit."""

    file: str
    """Inside the hand-written package."""
    line: int
    column: int
    message: str
    kind: str
    """The checker's code for it, or one of ours."""
    operation: str = ""
    """The operation that it is about, if it names one."""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def changes(
    overlay: Path,
    packages: tuple[Path, Path],
    surfaces: tuple[Surface, Surface],
    specs: tuple[Spec, Spec],
    others: Sequence[Change],
) -> list[Change]:
    """Find the hand-written lines that fit the old generated package and not the new one.

    Args:
        overlay: Folder of the hand-written package.
        packages: Folders of the generated packages, the old one first.
        surfaces: What they offer.
        specs: The descriptions that they were made from.
        others: The changes on the wire and in Python, to find the causes among.

    Returns:
        One entry for each hand-written line, of the layer `overlay`. A line that is derived from another one belongs
        to that one's entry.

    Raises:
        CodegenError: The type checker does not run, or a file of the hand-written package is not Python.
    """
    files = _Files(overlay)
    broken = list(_refused_credentials(files, specs[0], others))
    in_python = any(change.layer == "python" and change.id != _AUTHENTICATION for change in others)
    if in_python or any(change.id.startswith(_NAMES_GONE) for change in others):
        found = _checked(overlay, packages)
        broken += [files.pointed(problem) for problem in found[1] if problem not in found[0]]
        broken += _unimported(files, packages)
        broken += _unresolved(files, surfaces, specs)
    return with_unique_fingerprints([_change(files, group, others, specs) for group in _grouped(files, broken)])


# --- what the type checker sees ------------------------------------------------------------------------------------


def _checked(overlay: Path, packages: tuple[Path, Path]) -> tuple[list[_Problem], list[_Problem]]:
    """The problems of the hand-written package with either generated package."""
    with tempfile.TemporaryDirectory(prefix="drift-overlay-") as folder:
        work = Path(folder)
        skipped = ",".join(f"{name}.*" for name in _SKIPPED)
        (work / _CONFIG).write_text(f"[mypy]\n[mypy-{skipped}]\nfollow_imports = skip\n", encoding="utf-8")
        _copy(overlay, work / overlay.name)
        reports = []
        for package in packages:
            _copy(package, work / _ASIDE)
            reports.append(list(_type_check(work, overlay.name)))
            shutil.rmtree(work / _ASIDE)
        return reports[0], reports[1]


def _copy(package: Path, to: Path) -> None:
    shutil.copytree(package, to, ignore=shutil.ignore_patterns("__pycache__"))
    for file in to.rglob("*.py"):
        text = file.read_text("utf-8")
        file.write_text(re.sub(rf"\b{_CLIENT}\b", _ASIDE, text), encoding="utf-8")


def _type_check(work: Path, package: str) -> Iterator[_Problem]:
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
        said = " ".join((run.stderr or run.stdout).split())[:500]
        with contextlib.suppress(ValueError, KeyError):
            report = json.loads(run.stdout.splitlines()[-1] if run.stdout else "")
            said = f"{report['file']}:{report['line']}: {report['message']}"
        raise CodegenError(f"the hand-written package cannot be type-checked: {said}")
    for line in run.stdout.splitlines():
        with contextlib.suppress(ValueError):
            report = json.loads(line)
            file = report["file"].replace("\\", "/")
            if report["severity"] == "error" and file.startswith(f"{package}/"):
                file = file.removeprefix(f"{package}/")
                message = report["message"].replace(_ASIDE, _CLIENT)
                kind = report["code"] or ""
                if not (kind.startswith("import-") or message.startswith('Module "')):  # see _unimported
                    yield _Problem(file, report["line"], report["column"] + 1, message, kind)


# --- imports -------------------------------------------------------------------------------------------------------


def _unimported(files: _Files, packages: tuple[Path, Path]) -> Iterator[_Problem]:
    """Imports of what the old package has and the new one has not."""
    for file in files.names():
        for module, alias in _imports(files.tree(file)):
            old, new = (_offers(package, module, alias.name) for package in packages)
            if old and not new:
                message = f'Module "{module}" has no attribute "{alias.name}"'
                yield _Problem(file, alias.lineno, alias.col_offset + 1, message, "import")


def _imports(tree: ast.Module) -> Iterator[tuple[str, ast.alias]]:
    """What a file imports from the generated package by name, with the module that has it."""
    for node in ast.walk(tree):
        module = node.module if isinstance(node, ast.ImportFrom) and not node.level else None
        if isinstance(node, ast.ImportFrom) and module and module.partition(".")[0] == _CLIENT:
            yield from ((module, alias) for alias in node.names if alias.name != "*")


def _offers(package: Path, module: str, name: str) -> bool:
    """Whether a name can be imported from a module of a generated package."""
    place = package.joinpath(*module.split(".")[1:])
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not file.is_file():
        return False
    if place.is_dir() and ((place / name).is_dir() or (place / f"{name}.py").is_file()):
        return True
    return any(name in _bound(node) for node in ast.walk(parse_source(file)))


def _bound(node: ast.AST) -> set[str]:
    """The names that a statement binds."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


# --- names in strings ----------------------------------------------------------------------------------------------


@attrs.define
class _Files:
    """The hand-written package as syntax trees."""

    overlay: Path
    trees: dict[str, ast.Module] = attrs.field(factory=dict)

    def names(self) -> list[str]:
        return sorted(file.relative_to(self.overlay).as_posix() for file in self.overlay.rglob("*.py"))

    def tree(self, file: str) -> ast.Module:
        if file not in self.trees:
            self.trees[file] = parse_source(self.overlay / file)
        return self.trees[file]

    def pointed(self, problem: _Problem) -> _Problem:
        """A problem at the name that it is about, where the checker names the beginning of the expression."""
        keyword = re.match(r'Unexpected keyword argument "(\w+)"', problem.message)
        attribute = re.search(r'has no attribute "(\w+)"', problem.message)
        for node in ast.walk(self.tree(problem.file)):
            if (getattr(node, "lineno", 0), getattr(node, "col_offset", -1) + 1) != (problem.line, problem.column):
                continue
            if keyword and isinstance(node, ast.Call):
                for passed in [passed for passed in node.keywords if passed.arg == keyword[1]]:
                    return attrs.evolve(problem, line=passed.lineno, column=passed.col_offset + 1)
            if attribute and isinstance(node, ast.Attribute) and node.attr == attribute[1]:
                column = (node.end_col_offset or 0) - len(node.attr) + 1
                return attrs.evolve(problem, line=node.end_lineno or node.lineno, column=column)
        return problem

    def function(self, problem: _Problem) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The innermost function around a problem."""
        around = [
            node
            for node in ast.walk(self.tree(problem.file))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _spans(node, problem.line)
        ]
        return max(around, key=lambda node: node.lineno, default=None)

    def statement(self, problem: _Problem) -> ast.stmt | None:
        """The innermost statement around a problem."""
        around = [
            node
            for node in ast.walk(self.tree(problem.file))
            if isinstance(node, ast.stmt) and _spans(node, problem.line)
        ]
        return max(around, key=lambda node: (node.lineno, node.col_offset), default=None)


def _spans(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _unresolved(files: _Files, surfaces: tuple[Surface, Surface], specs: tuple[Spec, Spec]) -> Iterator[_Problem]:
    known = [
        {
            name: f"{method.upper()} {path}"
            for path, method, operation in spec.iterate_operations()
            for name in (operation.get("operationId"), path)
        }
        for spec in specs
    ]
    gone = {name: operation for name, operation in known[0].items() if name not in known[1]}
    placeholders = [set(re.findall(r"\{([^}]+)\}", " ".join(spec.document["paths"]))) for spec in specs]
    for file in files.names():
        models = {alias.name for module, alias in _imports(files.tree(file)) if module.startswith(f"{_CLIENT}.models")}
        for node in ast.walk(files.tree(file)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in gone:
                what = "path" if node.value.startswith("/") else "operation"
                message = f'the {what} "{node.value}" is not there any more'
                yield _Problem(file, node.lineno, node.col_offset + 1, message, "operation", gone[node.value])
            elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
                yield from _placeholder(file, node, placeholders[0] - placeholders[1])
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id == "paginate":
                    yield from _unpaged(file, node, surfaces)
                if node.func.id in models:
                    yield from _displaced(file, node, surfaces)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
                yield from _getters(file, node, surfaces)


def _placeholder(file: str, node: ast.Subscript, gone: set[str]) -> Iterator[_Problem]:
    """A part of a path that is taken by a name that paths do not have any more, as in `call.path["userId"]`."""
    taken = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if isinstance(node.value, ast.Attribute) and node.value.attr == "path" and taken in gone:
        message = f'no path has a "{taken}" any more'
        yield _Problem(file, node.slice.lineno, node.slice.col_offset + 1, message, "placeholder")


def _displaced(file: str, call: ast.Call, surfaces: tuple[Surface, Surface]) -> Iterator[_Problem]:
    """What is passed to a model by its place, where another field stands now."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    old, new = (surface.classes.get(name) for surface in surfaces)
    if old is None or new is None:
        return
    for argument, before, after in zip(call.args, old.fields, new.fields, strict=False):
        if isinstance(argument, ast.Starred):
            return
        if before.name != after.name and before.name in _fields(new):
            message = f'"{before.name}" is passed to "{name}" at the place of "{after.name}"'
            yield _Problem(file, argument.lineno, argument.col_offset + 1, message, "position")


def _unpaged(file: str, call: ast.Call, surfaces: tuple[Surface, Surface]) -> Iterator[_Problem]:
    """List operations that cannot be asked for a page any more."""
    named = {node.id for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Name)}
    old, new = (
        {function.module.rpartition(".")[2]: function for function in surface.functions.values()}
        for surface in surfaces
    )
    for name in sorted(named & old.keys() & new.keys()):
        lost = {field.name for field in old[name].parameters} - {field.name for field in new[name].parameters}
        for parameter in sorted(lost & {"*limit", "*offset"}):
            message = f'"{name}" takes no "{parameter[1:]}", which pages are asked for with'
            yield _Problem(file, call.args[0].lineno, call.args[0].col_offset + 1, message, "paginate")


def _getters(
    file: str, function: ast.FunctionDef | ast.AsyncFunctionDef, surfaces: tuple[Surface, Surface]
) -> Iterator[_Problem]:
    """Fields that a function takes by name of what it returns a pager of."""
    old, new = (surface.classes for surface in surfaces)
    returned = {node.id for node in ast.walk(function.returns or function) if isinstance(node, ast.Name)}
    models = sorted(returned & old.keys() & new.keys())
    calls = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "attrgetter"
    ]
    for argument in [argument for call in calls for argument in call.args if isinstance(argument, ast.Constant)]:
        for model in models:
            if argument.value in _fields(old[model]) - _fields(new[model]):
                message = f'"{model}" has no attribute "{argument.value}"'
                yield _Problem(file, argument.lineno, argument.col_offset + 1, message, "attrgetter")


def _fields(model: Class) -> set[str]:
    return {field.name for field in model.fields}


# --- credentials --------------------------------------------------------------------------------------------------


def _refused_credentials(files: _Files, old: Spec, others: Sequence[Change]) -> Iterator[_Problem]:
    """Find the lines that write credentials of a security scheme that the API refuses from now on."""
    refused = {name for change in others if change.id == _AUTHENTICATION for name in _schemes(change, old)}
    for file in files.names() if refused else ():
        for node in ast.walk(files.tree(file)):
            name = _find_scheme(node, refused)
            if name and isinstance(node, ast.expr):
                message = f"the credentials of the security scheme {name} are no longer accepted as they are sent here"
                yield _Problem(file, node.lineno, node.col_offset + 1, message, "authentication")


def _schemes(change: Change, spec: Spec) -> list[str]:
    """The security schemes of the old spec that a change is about."""
    schemes = spec.document.get("components", {}).get("securitySchemes") or {}
    words = re.findall(r"[^\s/]+", f"{change.before} {change.pointer}")
    return [name for name in schemes if name in words]


def _find_scheme(node: ast.AST, schemes: Iterable[str]) -> str:
    """Return the security scheme with whose name an f-string such as `f"APIKey {key}"` begins; "" for none."""
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    first = parts[0].value if len(parts) > 1 and isinstance(parts[0], ast.Constant) else ""
    return next((name for name in schemes if first == f"{name} "), "")


# --- entries -------------------------------------------------------------------------------------------------------


def _grouped(files: _Files, problems: Iterable[_Problem]) -> list[list[_Problem]]:
    """Problems of one line together, and those of a derived line with those of the line that it is derived from."""
    found = sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column, problem.message))
    found = [problem for problem in found if not _follows(files, problem, found)]
    lines: dict[tuple[str, int], list[_Problem]] = {}
    for problem in found:
        lines.setdefault((problem.file, problem.line), []).append(problem)
    groups = {_like(files, group, lines): group for group in lines.values() if not group[0].file.startswith(_SYNC)}
    for group in [group for group in lines.values() if group[0].file.startswith(_SYNC)]:
        groups.setdefault(_like(files, group, lines), []).extend(group)
    return list(groups.values())


def _follows(files: _Files, problem: _Problem, problems: Sequence[_Problem]) -> bool:
    """Whether a problem only says that the result of another problem's expression is of the wrong type."""
    if problem.kind not in ("return-value", "assignment"):
        return False
    here = files.statement(problem)
    return any(
        other is not problem
        and other.file == problem.file
        and other.kind not in ("return-value", "assignment")
        and files.statement(other) is here
        for other in problems
    )


def _like(files: _Files, group: list[_Problem], lines: dict[tuple[str, int], list[_Problem]]) -> tuple[object, ...]:
    """What a line has in common with the line that it is derived from: the function, the kind, the how-manieth."""
    first = group[0]
    file = first.file
    if file.startswith(_SYNC):
        file = _ASYNC + file.removeprefix(_SYNC)
    name = _name(files, first)
    same = [other for (at, _), (other, *_) in lines.items() if at == first.file and other.kind == first.kind]
    before = [other for other in same if other.line < first.line and _name(files, other) == name]
    return file, name, first.kind, len(before)


def _name(files: _Files, problem: _Problem) -> str:
    """The name of the function around a problem, as derived code has it."""
    function = files.function(problem)
    name = function.name if function else ""
    for pattern, replacement in CODE_RULES:
        name = re.sub(pattern, replacement, name)
    return name


def _change(files: _Files, group: list[_Problem], others: Sequence[Change], specs: tuple[Spec, Spec]) -> Change:
    first = group[0]
    folder = files.overlay.as_posix()
    message = "; ".join(dict.fromkeys(problem.message for problem in group if problem.file == first.file))
    cause = _narrowed(_cause(files, first, message, others), message, others, specs)
    statement = files.statement(first)
    return Change(
        id="overlay-symbol-broken",
        layer="overlay",
        level="error",
        message=f"{folder}/{first.file}:{first.line}: {message}",
        operations=cause.operations if cause else (),
        pointer=cause.pointer if cause else "",
        old=cause.old if cause else None,
        new=cause.new if cause else None,
        symbols=cause.symbols if cause else (),
        fingerprint=fingerprint(
            "overlay-symbol-broken", first.file, [ast.unparse(statement) if statement else "", first.kind]
        ),
        files=tuple(dict.fromkeys(f"{folder}/{problem.place}" for problem in group)),
        causes=tuple(dict.fromkeys([*cause.causes, cause.fingerprint])) if cause else (),
    )


def _cause(files: _Files, problem: _Problem, message: str, others: Sequence[Change]) -> Change | None:
    """The change that a broken line is due to: the one that speaks most of what the line and its message speak of."""
    said = set(re.findall(r"\w+", re.sub(r"def \w+\([^)]*\)", "", message)))  # the parameters name too much
    around = files.function(problem) or files.statement(problem)
    near = said | (set(re.findall(r"\w+", ast.unparse(around))) if around else set())
    scores = [(_score(change, problem, said, near), change) for change in others]
    best = max(scores, key=lambda scored: scored[0], default=None)
    return best[1] if best and best[0] > 0 else None


def _narrowed(cause: Change | None, message: str, others: Sequence[Change], specs: tuple[Spec, Spec]) -> Change | None:
    """A cause that concerns many operations as far as it concerns the one whose module a message names."""
    named = re.search(r'has no attribute "(\w+)"', message)
    if cause is None or named is None or len(cause.operations) < 2 or not cause.id.startswith("py-module"):
        return cause
    symbols = tuple(symbol for symbol in cause.symbols if symbol.endswith(f".{named[1]}"))
    operation = next(
        (
            operation
            for operation, symbol in zip(cause.operations, _modules(cause), strict=False)
            if symbol.endswith(f".{named[1]}")
        ),
        None,
    )
    if operation is None:
        return cause
    method, _, path = operation.partition(" ")
    pointer = f"/paths/{escape(path)}/{method.lower()}"
    old, new = (locate(spec, pointer) for spec in specs)
    own = [other for other in others if other.fingerprint in cause.causes and operation in other.operations]
    causes = tuple(other.fingerprint for other in own)
    return attrs.evolve(
        cause, operations=(operation,), pointer=pointer, old=old, new=new, causes=causes, symbols=symbols
    )


def _modules(cause: Change) -> list[str]:
    """The modules of operations among the symbols of a module's change, in the order of its operations."""
    return [symbol for symbol in cause.symbols if symbol.count(".") == 3]


def _score(change: Change, problem: _Problem, said: set[str], near: set[str]) -> int:
    if problem.kind == "authentication":
        return 10 * (change.id == _AUTHENTICATION)
    if change.layer != "python":
        return 10 * (change.id.startswith(_NAMES_GONE) and problem.operation in change.operations)
    if change.id in _CONSEQUENCES:
        return 0
    best = 0
    for symbol in change.symbols:
        parts = symbol.split(".")
        if parts[-1] == "sync_detailed" or change.id.startswith("py-module"):
            points = 3 * bool(near & (set(parts[3:]) - {"sync_detailed"}))
        elif change.id.startswith(("py-field", "py-enum")):
            points = 4 * (parts[-1] in said) + 2 * (parts[-2] in said) + (parts[-2] in near)
            points += 1 if parts[-1] in near else -1
        else:
            points = 4 * (parts[-1] in said) + (parts[-1] in near)
        best = max(best, points)
    return 2 * best + (change.level == "error") if best > 0 else 0
