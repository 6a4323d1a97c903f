"""The overlay layer: which hand-written lines do not fit the package of the new spec, and what to write instead.

A type checker reads the hand-written package against the generated packages. Names in strings, and functions that are
handed on, are checked here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...unasync import CODE_RULES
from ..python_surface import GeneratedClient
from ..report import Change, compute_fingerprint, make_fingerprints_unique
from .causes import REMOVED_NAMES, find_cause, find_replacement, narrow_cause
from .files import ASYNC, SYNC, OverlayFiles, Problem
from .names import AUTHENTICATION, find_credentials, find_imports, find_names
from .references import find_references
from .type_check import find_type_problems

__all__ = ["find_changes"]


def find_changes(
    overlay: Path,
    clients: tuple[GeneratedClient, GeneratedClient],
    others: Sequence[Change],
) -> list[Change]:
    """Find the hand-written lines that fit the old generated package and not the new one.

    Args:
        overlay: Folder of the hand-written package.
        clients: The generated clients, the old one first.
        others: The changes on the wire and in Python, to find the causes among.

    Returns:
        One entry for each hand-written line, of the layer `overlay`. A line that is derived from another one belongs
        to that one's entry.

    Raises:
        CodegenError: The type checker does not run, or a file of the hand-written package is not Python.
    """
    files = OverlayFiles(overlay)
    broken = list(find_credentials(files, clients[0].input.spec, others))
    packages = clients[0].package.path, clients[1].package.path
    in_python = any(change.layer == "python" and change.id != AUTHENTICATION for change in others)
    if in_python or any(change.id.startswith(REMOVED_NAMES) for change in others):
        with ThreadPoolExecutor(1) as pool:  # the type checker is another process
            checked = pool.submit(find_type_problems, overlay, packages)
            broken += [*find_imports(files, clients), *find_names(files, clients), *find_references(files, clients)]
            broken += map(files.move_to_name, checked.result())
    found = [_make_change(files, group, others, clients) for group in _group(files, broken)]
    return make_fingerprints_unique(found)


def _group(files: OverlayFiles, problems: Iterable[Problem]) -> list[list[Problem]]:
    """Put problems of one line together, and those of a derived line with those of the line it is derived from."""
    found = sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column, problem.message))
    found = [problem for problem in found if not _is_consequence(files, problem, found)]
    lines: dict[tuple[str, int], list[Problem]] = {}
    for problem in found:
        lines.setdefault((problem.file, problem.line), []).append(problem)
    groups = {
        _build_origin_key(files, group, lines): group for group in lines.values() if not group[0].file.startswith(SYNC)
    }
    for group in [group for group in lines.values() if group[0].file.startswith(SYNC)]:
        groups.setdefault(_build_origin_key(files, group, lines), []).extend(group)
    return list(groups.values())


def _is_consequence(files: OverlayFiles, problem: Problem, problems: Sequence[Problem]) -> bool:
    """Return whether a problem only says that the result of another problem's expression is of the wrong type."""
    results = ("return-value", "assignment")
    if problem.kind not in results:
        return False
    statement = files.find_statement(problem)
    rivals = [other for other in problems if other.file == problem.file and other.kind not in results]
    return any(files.find_statement(other) is statement for other in rivals)


def _build_origin_key(
    files: OverlayFiles, group: list[Problem], lines: dict[tuple[str, int], list[Problem]]
) -> tuple[object, ...]:
    """Build a key that a line shares with the line it is derived from: the function, the kind and the position."""
    first = group[0]
    file = ASYNC + first.file.removeprefix(SYNC) if first.file.startswith(SYNC) else first.file
    name = _get_function_name(files, first)
    same = [other for (at, _), (other, *_) in lines.items() if at == first.file and other.kind == first.kind]
    before = [other for other in same if other.line < first.line and _get_function_name(files, other) == name]
    return file, name, first.kind, len(before)


def _get_function_name(files: OverlayFiles, problem: Problem) -> str:
    """Return the name of the function around a problem, as derived code has it."""
    function = files.find_function(problem)
    name = function.name if function else ""
    for pattern, replacement in CODE_RULES:
        name = re.sub(pattern, replacement, name)
    return name


def _make_change(
    files: OverlayFiles,
    group: list[Problem],
    others: Sequence[Change],
    clients: tuple[GeneratedClient, GeneratedClient],
) -> Change:
    first = group[0]
    folder = files.folder.as_posix()
    message = "; ".join(dict.fromkeys(problem.message for problem in group if problem.file == first.file))
    cause = find_cause(files, first, message, others)
    cause = narrow_cause(cause, message, others, clients) if cause else None
    statement = files.find_statement(first)
    arguments = [ast.unparse(statement) if statement else "", first.kind]
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
        fingerprint=compute_fingerprint("overlay-symbol-broken", first.file, arguments),
        files=tuple(dict.fromkeys(f"{folder}/{problem.place}" for problem in group)),
        causes=tuple(dict.fromkeys([*cause.causes, cause.fingerprint])) if cause else (),
        code=files.get_line(first),
        instead=find_replacement(first, others, clients),
    )
