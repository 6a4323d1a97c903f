"""Checks a generated package without importing it: every module compiles, every import and every name is there.

A spec under review is untrusted, so nothing that is made from it is run. The check also holds generated code to what
the templates use: other modules and other builtin functions are refused.
"""

from __future__ import annotations

import ast
import builtins
import functools
import symtable
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import attrs

from .escaping import FIRST_LINE

_MODULES = frozenset(
    {"__future__", "attrs", "base64", "collections.abc", "contextlib", "dateutil.parser", "datetime", "difflib", "enum"}
    | {"functools", "inspect", "pydantic_core", "re", "typing_extensions"}
    | {
        "httpx",
        "importlib",
        "io",
        "json",
        "operator",
        "orjson",
        "pathlib",
        "quopri",
        "ssl",
        "sys",
        "threading",
        "types",
        "typing",
    }
    | {"urllib.parse", "uuid"}
)
"""What the templates import from elsewhere."""

_BUILTINS = frozenset(
    {"bool", "bytes", "classmethod", "dict", "float", "frozenset", "int", "isinstance", "len", "list", "object"}
    | {"enumerate", "property", "set", "str", "tuple", "type", "__name__", "KeyError", "TypeError", "ValueError"}
    | {"__annotations__", "__class__", "__classdict__", "__conditional_annotations__"}  # the compiler's own
)
"""The builtin names that the templates of models and operations use."""

_SHARED_BUILTINS = _BUILTINS | {
    *("all", "any", "chr", "enumerate", "filter", "getattr", "globals", "hasattr", "id", "issubclass", "max", "min"),
    *("ord", "range", "repr", "sorted", "sum", "super"),
    *(name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)),
}
"""The same of modules that are the same for every spec."""


_ENUMS = frozenset({"StrEnum", "IntEnum", "_OpenStrEnum", "_OpenIntEnum"})


_Import: TypeAlias = ast.Import | ast.ImportFrom


@attrs.frozen
class _Module:
    file: Path
    """Inside the package's folder."""
    tree: ast.Module
    table: symtable.SymbolTable
    names: frozenset[str]
    """What it binds."""
    is_open: bool
    """Whether it finds further names when they are requested (PEP 562)."""


def check_package(package: Path) -> Iterator[str]:
    """Find what would fail when a generated package is imported, or does not come from a template.

    Args:
        package: Its folder. None of its code runs.

    Yields:
        One line for each problem: the file, the line and what is wrong.
    """
    modules: dict[tuple[str, ...], _Module] = {}
    for file in sorted(package.rglob("*.py")):
        inside = file.relative_to(package)
        parts = inside.with_suffix("").parts
        try:
            modules[parts[:-1] if parts[-1] == "__init__" else parts] = _parse(file.read_bytes(), inside)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            place = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            problem = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
            yield f"{inside}{place}: is not Python: {problem}"
    for parts, module in modules.items():
        yield from _check_imports(parts, module, modules)
        yield from _check_names(module)
        yield from _check_enums(module)


# A third of the modules of a small package are the same for every spec, and a review makes two packages.
@functools.lru_cache(maxsize=256)
def _parse(data: bytes, inside: Path) -> _Module:
    if not data.startswith(f"{FIRST_LINE}\n".encode()):
        raise ValueError("it does not begin with the line that fixes its encoding")
    text = data.decode()
    compile(text, str(inside), "exec", dont_inherit=True)  # finds more than parsing does; runs nothing
    table = symtable.symtable(text, str(inside), "exec")
    names = frozenset(
        symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()
    )
    tree = ast.parse(text)
    return _Module(inside, tree, table, names, "__getattr__" in names)


def _check_imports(
    parts: tuple[str, ...], module: _Module, modules: Mapping[tuple[str, ...], _Module]
) -> Iterator[str]:
    package = parts if module.file.name == "__init__.py" else parts[:-1]
    for node in _iterate_imports(module.tree.body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name not in _MODULES:
                    yield f"{module.file}:{node.lineno}: imports {alias.name}, which no template does"
        elif not node.level:
            if node.module not in _MODULES:
                yield f"{module.file}:{node.lineno}: imports {node.module}, which no template does"
        else:
            if node.level - 1 > len(package):
                yield f"{module.file}:{node.lineno}: imports from outside the package"
                continue
            base = package[: len(package) - node.level + 1] + tuple(
                (node.module or "").split(".") if node.module else ()
            )
            found = modules.get(base)
            if found is None:
                yield f"{module.file}:{node.lineno}: No module named '{'.'.join(base)}'"
                continue
            for alias in node.names:
                if alias.name not in found.names and (*base, alias.name) not in modules:
                    yield f"{module.file}:{node.lineno}: cannot import name '{alias.name}' from '{'.'.join(base)}'"


def _iterate_imports(statements: Sequence[ast.stmt | ast.ExceptHandler | ast.match_case]) -> Iterator[_Import]:
    """Iterate over the imports in statements and in their blocks; expressions, most of a tree, hold none."""
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(statement, block, None)
            if inner:
                yield from _iterate_imports(inner)


def _check_names(module: _Module) -> Iterator[str]:
    """Find names that nothing binds, and builtins that no template uses."""
    is_shared = len(module.file.parts) == 1 or module.file.name == "__init__.py"
    names = module.names | (_SHARED_BUILTINS if is_shared else _BUILTINS)
    todo = [module.table]
    for table in todo:
        todo += table.get_children()
        outermost = table is module.table
        for symbol in table.get_symbols():
            is_global = symbol.is_global() or (outermost and not (symbol.is_assigned() or symbol.is_imported()))
            if symbol.is_referenced() and is_global and symbol.get_name() not in names:
                yield f"{module.file}: name '{symbol.get_name()}' is not defined"


def _check_enums(module: _Module) -> Iterator[str]:
    """Find names that an enum gives to two members."""
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) in _ENUMS for base in node.bases):
            members = [
                target.id
                for statement in node.body
                if isinstance(statement, ast.Assign)
                for target in statement.targets
                if isinstance(target, ast.Name)
            ]
            for name in sorted({name for name in members if members.count(name) > 1}):
                yield f"{module.file}: two members of {node.name} are called {name}"
