"""What a generated package offers to Python code, read from its source: modules, classes, fields, functions."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import attrs

from ..inventory import iterate_wire_keys, parse_source

_CONTENT = ("api", "models")
"""Packages that depend on the spec; all other modules come from templates alone."""


@attrs.frozen
class Field:
    """A field of a model, or a parameter of a function."""

    name: str
    type: str
    """As written, union members in one order."""
    required: bool
    key: str = ""
    """What it is called on the wire; "" for a parameter, and for what is not sent."""


@attrs.frozen
class Class:
    """A model or an enum."""

    name: str
    module: str
    """Dotted, the package included."""
    fields: tuple[Field, ...]
    """In the order in which the constructor takes them; none for an enum."""
    members: Mapping[str, str]
    """Names and values of an enum; none for a model."""
    others: str = ""
    """The type of what the server sends beyond the fields; "" if that is not kept."""

    @property
    def symbol(self) -> str:
        """The dotted name."""
        return f"{self.module}.{self.name}"


@attrs.frozen
class Function:
    """What stands for an operation."""

    operation: str
    """Such as `GET /iam/users`."""
    module: str
    parameters: tuple[Field, ...]
    """Without the client."""
    returns: str
    """The type of a success."""

    @property
    def symbol(self) -> str:
        """The dotted name of the one that the hand-written layer calls."""
        return f"{self.module}.sync_detailed"


@attrs.frozen
class Surface:
    """All of a package."""

    modules: frozenset[str]
    """Modules and packages of operations, dotted."""
    classes: Mapping[str, Class]
    functions: Mapping[str, Function]
    """By module."""

    def by_operation(self, operation: str) -> Function | None:
        """What stands for an operation such as `GET /iam/users`; None if nothing does."""
        return next((found for found in self.functions.values() if found.operation == operation), None)

    @cached_property
    def in_requests(self) -> Mapping[str, tuple[str, ...]]:
        """The classes that requests lead to, with their operations."""
        return self._reach(lambda function: [field.type for field in function.parameters])

    @cached_property
    def in_responses(self) -> Mapping[str, tuple[str, ...]]:
        """The classes that responses lead to, with their operations."""
        return self._reach(lambda function: [function.returns])

    def reached(self, name: str) -> tuple[str, ...]:
        """The operations that a class belongs to."""
        return tuple(dict.fromkeys([*self.in_requests.get(name, ()), *self.in_responses.get(name, ())]))

    def _reach(self, types: Callable[[Function], list[str]]) -> dict[str, tuple[str, ...]]:
        reached: dict[str, dict[str, None]] = {}
        for function in self.functions.values():
            todo = [name for text in types(function) for name in self.named(text)]
            for name in todo:
                operations = reached.setdefault(name, {})
                if function.operation not in operations:
                    operations[function.operation] = None
                    todo += [inner for field in self.classes[name].fields for inner in self.named(field.type)]
        return {name: tuple(operations) for name, operations in reached.items()}

    def named(self, annotation: str) -> list[str]:
        """The classes of the package that a type names."""
        return [name for name in re.findall(r"\w+", annotation) if name in self.classes]


def read(package: Path, name: str) -> Surface:
    """Read a generated package.

    Args:
        package: Its folder.
        name: What it is imported as.

    Raises:
        CodegenError: A file of it is not Python.
    """
    classes: dict[str, Class] = {}
    functions: dict[str, Function] = {}
    modules: set[str] = set()
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package).with_suffix("").parts
        if parts[-1] == "__init__":
            modules |= {".".join((name, *parts[:-1]))} if parts[:1] == ("api",) else set()
        elif parts[0] in _CONTENT:
            module = ".".join((name, *parts))
            body = parse_source(file).body
            for node in body:
                if isinstance(node, ast.ClassDef):
                    classes[node.name] = _class(node, module)
            if parts[0] == "api":
                modules.add(module)
                functions[module] = _function(body, module)
    return Surface(frozenset(modules), classes, functions)


def _class(node: ast.ClassDef, module: str) -> Class:
    keys = {field: key for member in node.body for key, field in iterate_wire_keys(member)}
    fields = [field for member in node.body for field in _field(member, keys)]
    members = dict(found for member in node.body for found in _member(member))
    fields.sort(key=lambda field: not field.required)
    others = next(
        (
            spelled(member.annotation)
            for member in node.body
            if isinstance(member, ast.AnnAssign) and ast.unparse(member.target) == "additional_properties"
        ),
        "",
    )
    return Class(node.name, module, tuple(fields), {} if fields else members, others)


def _member(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Find the name and the value of a member of an enum, such as `DE = _Listed("de")`."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        value = node.value.args[0] if isinstance(node.value, ast.Call) and node.value.args else node.value
        if isinstance(value, ast.Constant):
            yield node.targets[0].id, str(value.value)


def _field(node: ast.stmt, keys: Mapping[str, str]) -> Iterator[Field]:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        options = node.value.keywords if isinstance(node.value, ast.Call) else []
        if any(option.arg == "init" for option in options):
            return
        has_default = node.value is not None and (
            not isinstance(node.value, ast.Call) or any(option.arg in ("default", "factory") for option in options)
        )
        yield Field(node.target.id, spelled(node.annotation), not has_default, keys.get(node.target.id, ""))


def _function(body: list[ast.stmt], module: str) -> Function:
    described: dict[str, str] = {}
    parameters: list[Field] = []
    returns = ""
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            described |= {
                option.arg: str(option.value.value)
                for option in node.value.keywords
                if option.arg and isinstance(option.value, ast.Constant)
            }
        if isinstance(node, ast.FunctionDef) and node.name == "sync_detailed":
            parameters = [field for field in _parameters(node.args) if field.name != "*client"]
            if isinstance(node.returns, ast.Subscript):
                returns = spelled(node.returns.slice)
    return Function(f"{described['method']} {described['path']}", module, tuple(parameters), returns)


def _parameters(arguments: ast.arguments) -> Iterator[Field]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [*([None] * (len(positional) - len(arguments.defaults))), *arguments.defaults]
    for argument, default in (
        *zip(positional, defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ):
        kind = "" if argument in positional else "*"
        written = "" if argument.annotation is None else spelled(argument.annotation)
        yield Field(kind + argument.arg, written, default is None)


def spelled(node: ast.expr) -> str:
    """A type as text, the members of its unions in one order."""
    return " | ".join(sorted(_members(node)))


def _members(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _members(ast.parse(node.value, mode="eval").body)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _members(node.left) | _members(node.right)
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
        return {ast.unparse(node)}  # a text in there is no type
    if isinstance(node, ast.Subscript):
        return {f"{ast.unparse(node.value)}[{spelled(node.slice)}]"}
    return {ast.unparse(node)}
