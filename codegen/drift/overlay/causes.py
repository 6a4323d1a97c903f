"""Finds the change that broke a line, and the replacement for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

import attrs

from ...spec import escape
from ..merge import locate
from ..report import Change
from .files import OverlayFiles, Problem
from .names import AUTHENTICATION, Clients

REMOVED_NAMES = ("api-operation-id-removed", "api-path-removed", "api-removed", "endpoint-moved")
"""Prefixes of the wire rules that remove an operation id or a path."""

_CONSEQUENCES = ("py-class-added", "py-module-added", "py-field-added")
"""Prefixes of the rules that break no line by themselves."""


def find_cause(files: OverlayFiles, problem: Problem, message: str, others: Sequence[Change]) -> Change | None:
    """Find the change that shares most names with a line and its message; None if none shares any."""
    named = set(re.findall(r"\w+", re.sub(r"def \w+\([^)]*\)", "", message)))  # the parameters have too many names
    block = files.find_function(problem) or files.find_statement(problem)
    near = named | (set(re.findall(r"\w+", ast.unparse(block))) if block else set())
    scores = [(_compute_score(change, problem, named, near), change) for change in others]
    best = max(scores, key=lambda scored: scored[0], default=None)
    return best[1] if best and best[0] > 0 else None


def _compute_score(change: Change, problem: Problem, named: set[str], near: set[str]) -> int:
    if problem.kind == "authentication":
        return 10 * (change.id == AUTHENTICATION)
    if change.layer != "python":
        return 10 * (change.id.startswith(REMOVED_NAMES) and problem.operation in change.operations)
    if change.id in _CONSEQUENCES:
        return 0
    best = 0
    for symbol in change.symbols:
        parts = symbol.split(".")
        if parts[-1] == "sync_detailed" or change.id.startswith("py-module"):
            points = 3 * bool(near & (set(parts[3:]) - {"sync_detailed"}))
        elif change.id.startswith(("py-field", "py-enum")):
            points = 4 * (parts[-1] in named) + 2 * (parts[-2] in named) + (parts[-2] in near)
            points += 1 if parts[-1] in near else -1
        else:
            points = 4 * (parts[-1] in named) + (parts[-1] in near)
        best = max(best, points)
    return 2 * best + (change.level == "error") if best > 0 else 0


def narrow_cause(cause: Change, message: str, others: Sequence[Change], clients: Clients) -> Change:
    """Narrow a cause to the operation that a message names, and to the changes that name what is missing."""
    missing = set(re.findall(r'"(\w+)"', message))
    behind = [other for other in others if other.fingerprint in cause.causes]
    attribute = re.search(r'has no attribute "(\w+)"', message)
    if attribute and len(cause.operations) > 1 and cause.id.startswith("py-module"):
        modules = [symbol for symbol in cause.symbols if symbol.count(".") == 3]
        for operation, module in zip(cause.operations, modules, strict=False):
            if module.endswith(f".{attribute[1]}"):
                cause = _select_operation(cause, operation, module, clients)
                behind = [other for other in behind if operation in other.operations]
                break
    about = [other for other in behind if missing & set(re.findall(r"\w+", other.message))]
    return attrs.evolve(cause, causes=tuple(other.fingerprint for other in about or behind))


def _select_operation(cause: Change, operation: str, module: str, clients: Clients) -> Change:
    method, _, path = operation.partition(" ")
    pointer = f"/paths/{escape(path)}/{method.lower()}"
    old, new = (locate(client.input.spec, pointer) for client in clients)
    return attrs.evolve(cause, operations=(operation,), pointer=pointer, old=old, new=new, symbols=(module,))


def find_replacement(problem: Problem, others: Sequence[Change], clients: Clients) -> str:
    """Find the replacement for a broken name, "" if there is none."""
    if problem.instead:
        return problem.instead
    imported = re.match(r'Module "([\w.]+)" has no attribute "(\w+)"', problem.message)
    if imported:
        return _find_import(imported[1], imported[2], others, clients)
    missing = re.search(r'has no attribute "(\w+)"|Unexpected keyword argument "(\w+)"', problem.message)
    name = (missing[1] or missing[2]) if missing else ""
    for change in others if name else ():
        if change.id.endswith("-renamed") and change.symbols and change.symbols[0].rpartition(".")[2] == name:
            return change.symbols[-1].rpartition(".")[2]
        if change.id == "endpoint-moved" and problem.operation in change.operations:
            return f'"{change.after}"'
    return ""


def _find_import(module: str, name: str, others: Sequence[Change], clients: Clients) -> str:
    old, new = (client.surface for client in clients)
    function = old.functions.get(f"{module}.{name}") or old.functions.get(module)
    other = new.find_function(function.operation) if function else None
    if function and other:
        is_module = function.module == f"{module}.{name}"
        package, _, last = other.module.rpartition(".") if is_module else (other.module, "", name)
        return f"from {package} import {last}{f' as {name}' if last != name else ''}"
    renamed = [change.after for change in others if change.id == "py-class-renamed" and change.before == name]
    return f"from {module} import {renamed[0]}" if renamed else ""
