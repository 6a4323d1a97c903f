"""Problems that a type checker misses or reports once for many lines: imports, names in strings, positions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from ...inventory import parse_source
from ...spec import Spec
from ..python_surface import Class, GeneratedClient
from ..report import Change
from .files import CLIENT, OverlayFiles, Problem, make_problem

Clients = tuple[GeneratedClient, GeneratedClient]

AUTHENTICATION = "py-authentication-changed"


def find_imports(files: OverlayFiles, clients: Clients) -> Iterator[Problem]:
    """Find imports of what the old package has and the new one has not."""
    list_names = cache(_list_names)  # many files import from the same modules
    for file in files.list_files():
        for module, alias in files.iterate_imports(file):
            had, has = (alias.name in list_names(client.package.path, module) for client in clients)
            if had and not has:
                yield make_problem(file, alias, f'Module "{module}" has no attribute "{alias.name}"', "import")


def _list_names(package: Path, module: str) -> frozenset[str]:
    """List what can be imported from a module of a generated package."""
    place = package.joinpath(*module.split(".")[1:])
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not file.is_file():
        return frozenset()
    inside = [path.stem for path in place.iterdir()] if place.is_dir() else []
    return frozenset(inside).union(*map(_get_bound_names, ast.walk(parse_source(file))))


def _get_bound_names(node: ast.AST) -> set[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def find_names(files: OverlayFiles, clients: Clients) -> Iterator[Problem]:
    """Find operation ids, paths, fields and parameters that are named in strings or passed by position."""
    specs = [client.input.spec for client in clients]
    operations = [
        {
            name: f"{method.upper()} {path}"
            for path, method, operation in spec.iterate_operations()
            for name in (str(operation.get("operationId", "")), path)
        }
        for spec in specs
    ]
    removed = {name: operation for name, operation in operations[0].items() if name not in operations[1]}
    placeholders = [set(re.findall(r"\{([^}]+)\}", " ".join(spec.document["paths"]))) for spec in specs]
    models = {
        file: {alias.name for module, alias in files.iterate_imports(file) if module.startswith(f"{CLIENT}.models")}
        for file in files.list_files()
    }
    for file, node in files.iterate_nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in removed:
            yield _find_operation(file, node, node.value, removed[node.value], operations[1])
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
            yield from _find_placeholder(file, node, placeholders[0] - placeholders[1])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in models[file]:
            yield from _find_positions(file, node, clients)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            yield from _find_getters(file, node, clients)


def _find_operation(file: str, node: ast.Constant, text: str, operation: str, operations: dict[str, str]) -> Problem:
    what = "path" if text.startswith("/") else "operation"
    others = [name for name, other in operations.items() if other == operation and name and not name.startswith("/")]
    instead = f'"{others[0]}"' if others and what == "operation" else ""
    message = f'the {what} "{text}" was removed'
    return make_problem(file, node, message, "operation", operation=operation, instead=instead)


def _find_placeholder(file: str, node: ast.Subscript, removed: set[str]) -> Iterator[Problem]:
    """Find a part of a path that is taken by a name that no path has any more, as in `call.path["userId"]`."""
    name = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if isinstance(node.value, ast.Attribute) and node.value.attr == "path" and name in removed:
        yield make_problem(file, node.slice, f'no path has a "{name}" any more', "placeholder")


def _find_positions(file: str, call: ast.Call, clients: Clients) -> Iterator[Problem]:
    """Find positional arguments of a model whose position belongs to another field now."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    old, new = (client.surface.classes.get(name) for client in clients)
    for argument, before, after in zip(call.args, old.fields, new.fields, strict=False) if old and new else ():
        if isinstance(argument, ast.Starred):
            return
        if new and before.name != after.name and before.name in _get_field_names(new):
            message = f'"{before.name}" is passed to "{name}" at the place of "{after.name}"'
            yield make_problem(file, argument, message, "position", instead=f"{before.name}={ast.unparse(argument)}")


def _find_getters(file: str, function: ast.FunctionDef | ast.AsyncFunctionDef, clients: Clients) -> Iterator[Problem]:
    """Find fields that a function takes by name of what it returns a pager of."""
    old, new = (client.surface.classes for client in clients)
    nodes = list(ast.walk(function.returns or function))
    returned = {node.id for node in nodes if isinstance(node, ast.Name)}
    returned |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}  # as in `models.User`
    models = sorted(returned & old.keys() & new.keys())
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "attrgetter":
            for argument in [argument for argument in call.args if isinstance(argument, ast.Constant)]:
                for model in models:
                    if argument.value in _get_field_names(old[model]) - _get_field_names(new[model]):
                        message = f'"{model}" has no attribute "{argument.value}"'
                        yield make_problem(file, argument, message, "attrgetter")


def _get_field_names(model: Class) -> set[str]:
    return {field.name for field in model.fields}


def find_credentials(files: OverlayFiles, old: Spec, others: Sequence[Change]) -> Iterator[Problem]:
    """Find the lines that write credentials of a security scheme that the API no longer accepts."""
    refused = {name for change in others if change.id == AUTHENTICATION for name in _list_schemes(change, old)}
    for file, node in files.iterate_nodes() if refused else ():
        for place, name in _find_schemes(node, refused):
            message = f"the credentials of the security scheme {name} are no longer accepted as they are sent here"
            yield make_problem(file, place, message, "authentication")


def _list_schemes(change: Change, spec: Spec) -> list[str]:
    """Return the security schemes of the old spec that a change is about."""
    schemes = spec.document.get("components", {}).get("securitySchemes") or {}
    words = re.findall(r"[^\s/]+", f"{change.before} {change.pointer}")
    return [name for name in schemes if name in words]


def _find_schemes(node: ast.AST, schemes: Iterable[str]) -> Iterator[tuple[ast.expr, str]]:
    """Yield where code names a security scheme: an f-string such as `f"APIKey {key}"`, or `scheme = "APIKey"`."""
    if isinstance(node, ast.JoinedStr) and len(node.values) > 1 and isinstance(node.values[0], ast.Constant):
        yield from ((node, name) for name in schemes if node.values[0].value == f"{name} ")
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
        for part in ast.walk(node.value) if "scheme" in names else ():
            if isinstance(part, ast.Constant):
                yield from ((part, name) for name in schemes if part.value == name)
