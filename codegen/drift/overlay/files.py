"""The hand-written package as syntax trees, and problems in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from ...inventory import parse_source

CLIENT = "gcore_iam_client"
ASYNC, SYNC = "aio/", "sync/"
"""Folders of the files that are written by hand and of those derived from them, see `codegen.unasync`."""


@attrs.frozen
class Problem:
    """A line that no longer fits the generated package."""

    file: str
    """Inside the hand-written package."""
    line: int
    column: int
    message: str
    kind: str
    """The error code of the type checker, or one of ours."""
    operation: str = ""
    """The operation that it is about, if it names one."""
    instead: str = ""
    """What to write instead, "" if that is not known."""

    @property
    def place(self) -> str:
        """`file:line:column`."""
        return f"{self.file}:{self.line}:{self.column}"


def make_problem(file: str, node: ast.expr | ast.alias, message: str, kind: str, **more: str) -> Problem:
    """Make a problem at a node."""
    return Problem(file, node.lineno, node.col_offset + 1, message, kind, **more)


@attrs.define
class OverlayFiles:
    """The hand-written package."""

    folder: Path
    _trees: dict[str, ast.Module] = attrs.field(factory=dict, init=False)

    def list_files(self) -> list[str]:
        """Return the paths of its files inside the package."""
        return sorted(file.relative_to(self.folder).as_posix() for file in self.folder.rglob("*.py"))

    def get_tree(self, file: str) -> ast.Module:
        """Return the syntax tree of a file."""
        if file not in self._trees:
            self._trees[file] = parse_source(self.folder / file)
        return self._trees[file]

    def iterate_nodes(self) -> Iterator[tuple[str, ast.AST]]:
        """Yield every node of every file, with the file."""
        for file in self.list_files():
            yield from ((file, node) for node in ast.walk(self.get_tree(file)))

    def iterate_imports(self, file: str) -> Iterator[tuple[str, ast.alias]]:
        """Yield what a file imports from the generated package by name, with the module that has it."""
        for node in ast.walk(self.get_tree(file)):
            if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] == CLIENT:
                yield from ((str(node.module), alias) for alias in node.names if alias.name != "*")

    def get_line(self, problem: Problem) -> str:
        """Return the text of the line of a problem."""
        lines = (self.folder / problem.file).read_text("utf-8").splitlines()
        return lines[problem.line - 1].strip() if problem.line <= len(lines) else ""

    def find_function(self, problem: Problem) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """Return the innermost function around a problem."""
        functions = [
            node
            for node in ast.walk(self.get_tree(problem.file))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _has_line(node, problem.line)
        ]
        return max(functions, key=lambda node: node.lineno, default=None)

    def find_statement(self, problem: Problem) -> ast.stmt | None:
        """Return the innermost statement around a problem."""
        tree = self.get_tree(problem.file)
        statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and _has_line(node, problem.line)]
        return max(statements, key=lambda node: (node.lineno, node.col_offset), default=None)

    def move_to_name(self, problem: Problem) -> Problem:
        """Move a problem to the name that it is about, where the checker names the beginning of the expression."""
        keyword = re.match(r'Unexpected keyword argument "(\w+)"', problem.message)
        attribute = re.search(r'has no attribute "(\w+)"', problem.message)
        for node in ast.walk(self.get_tree(problem.file)):
            if (getattr(node, "lineno", 0), getattr(node, "col_offset", -1) + 1) != (problem.line, problem.column):
                continue
            if keyword and isinstance(node, ast.Call):
                for passed in [passed for passed in node.keywords if passed.arg == keyword[1]]:
                    return attrs.evolve(problem, line=passed.lineno, column=passed.col_offset + 1)
            if attribute and isinstance(node, ast.Attribute) and node.attr == attribute[1]:
                column = (node.end_col_offset or 0) - len(node.attr) + 1
                return attrs.evolve(problem, line=node.end_lineno or node.lineno, column=column)
        return problem


def _has_line(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)
