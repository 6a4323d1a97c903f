"""The public surface of a generated package, read from its source: modules, classes, fields, functions."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import attrs

from ..generate import Package
from ..inventory import iterate_wire_keys, parse_source
from .load import Input

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
    """The name on the wire; "" for a parameter, and for a field that is not sent."""


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
    """The type of additional properties; "" if the model does not keep them."""

    @property
    def symbol(self) -> str:
        """The dotted name."""
        return f"{self.module}.{self.name}"


@attrs.frozen
class Function:
    """The generated function of an operation."""

    operation: str
    """Such as `GET /iam/users`."""
    module: str
    parameters: tuple[Field, ...]
    """Without the client."""
    returns: str
    """The type of a success."""

    @property
    def symbol(self) -> str:
        """The dotted name of the function that the hand-written layer calls."""
        return f"{self.module}.sync_detailed"


@attrs.frozen
class Surface:
    """The modules, classes and functions of a package."""

    modules: frozenset[str]
    """Modules and packages of operations, dotted."""
    classes: Mapping[str, Class]
    functions: Mapping[str, Function]
    """By module."""

    def find_function(self, operation: str) -> Function | None:
        """Find the function of an operation such as `GET /iam/users`; None if there is none."""
        return next((found for found in self.functions.values() if found.operation == operation), None)

    @cached_property
    def in_requests(self) -> Mapping[str, tuple[str, ...]]:
        """The classes that requests lead to, with their operations."""
        return self._index_operations(lambda function: [field.type for field in function.parameters])

    @cached_property
    def in_responses(self) -> Mapping[str, tuple[str, ...]]:
        """The classes that responses lead to, with their operations."""
        return self._index_operations(lambda function: [function.returns])

    def find_operations(self, name: str) -> tuple[str, ...]:
        """List the operations that a class belongs to."""
        return tuple(dict.fromkeys([*self.in_requests.get(name, ()), *self.in_responses.get(name, ())]))

    def _index_operations(self, types: Callable[[Function], list[str]]) -> dict[str, tuple[str, ...]]:
        by_class: dict[str, dict[str, None]] = {}
        for function in self.functions.values():
            todo = [name for text in types(function) for name in self.find_class_names(text)]
            for name in todo:
                operations = by_class.setdefault(name, {})
                if function.operation not in operations:
                    operations[function.operation] = None
                    todo += [
                        inner for field in self.classes[name].fields for inner in self.find_class_names(field.type)
                    ]
        return {name: tuple(operations) for name, operations in by_class.items()}

    def find_class_names(self, annotation: str) -> list[str]:
        """Find the names of the package's classes in a type."""
        return [name for name in re.findall(r"\w+", annotation) if name in self.classes]


@attrs.frozen
class GeneratedClient:
    """A spec, and the client that is generated from it."""

    input: Input
    package: Package
    surface: Surface

    @classmethod
    def read(cls, given: Input, package: Package) -> GeneratedClient:
        """Read the surface of a generated package.

        Raises:
            CodegenError: A file of it is not Python.
        """
        return cls(given, package, _read_surface(package.path, "gcore_iam_client"))


def _read_surface(package: Path, name: str) -> Surface:
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
                    classes[node.name] = _parse_class(node, module)
            if parts[0] == "api":
                modules.add(module)
                functions[module] = _parse_function(body, module)
    return Surface(frozenset(modules), classes, functions)


def _parse_class(node: ast.ClassDef, module: str) -> Class:
    keys = {field: key for member in node.body for key, field in iterate_wire_keys(member)}
    fields: list[Field] = []
    members: dict[str, str] = {}
    others = ""
    for member in node.body:
        if isinstance(member, ast.Assign) and isinstance(member.targets[0], ast.Name):
            members |= _parse_member(member.targets[0].id, member.value)
        elif isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name):
            name, annotation = member.target.id, format_annotation(member.annotation)
            others = annotation if name == "additional_properties" else others
            call = member.value if isinstance(member.value, ast.Call) else None
            options = {option.arg for option in call.keywords} if call else set()
            if "init" not in options:
                has_default = bool(options & {"default", "factory"}) if call else member.value is not None
                fields.append(Field(name, annotation, not has_default, keys.get(name, "")))
    fields.sort(key=lambda field: not field.required)
    return Class(node.name, module, tuple(fields), {} if fields else members, others)


def _parse_member(name: str, value: ast.expr) -> dict[str, str]:
    """Return the name and the value of a member of an enum, such as `DE = _Listed("de")`; nothing for other code."""
    value = value.args[0] if isinstance(value, ast.Call) and value.args else value
    return {name: str(value.value)} if isinstance(value, ast.Constant) else {}


def _parse_function(body: list[ast.stmt], module: str) -> Function:
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
            parameters = [field for field in _parse_parameters(node.args) if field.name != "*client"]
            if isinstance(node.returns, ast.Subscript):
                returns = format_annotation(node.returns.slice)
    return Function(f"{described['method']} {described['path']}", module, tuple(parameters), returns)


def _parse_parameters(arguments: ast.arguments) -> Iterator[Field]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [*([None] * (len(positional) - len(arguments.defaults))), *arguments.defaults]
    for argument, default in (
        *zip(positional, defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ):
        kind = "" if argument in positional else "*"
        annotation = "" if argument.annotation is None else format_annotation(argument.annotation)
        yield Field(kind + argument.arg, annotation, default is None)


def format_annotation(node: ast.expr) -> str:
    """Format an annotation with the members of its unions in one order."""
    return " | ".join(sorted(_list_members(node)))


def _list_members(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _list_members(ast.parse(node.value, mode="eval").body)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _list_members(node.left) | _list_members(node.right)
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
        return {ast.unparse(node)}  # a string in `Literal` is no type
    if isinstance(node, ast.Subscript):
        return {f"{ast.unparse(node.value)}[{format_annotation(node.slice)}]"}
    return {ast.unparse(node)}


def split_union(types: str) -> list[str]:
    """Return the members of a union as they are written."""
    members, depth, start = [], 0, 0
    for index, character in enumerate(types):
        depth += (character == "[") - (character == "]")
        if character == "|" and depth == 0:
            members.append(types[start:index].strip())
            start = index + 1
    return [*members, types[start:].strip()]


def remove_unset(types: str) -> str:
    """Return a union without `Unset`."""
    return " | ".join(sorted(member for member in split_union(types) if member != "Unset"))


def is_wider_type(wider: str, narrower: str) -> bool:
    """Return whether a type holds every value of another one; an int is a float too."""
    members = set(split_union(wider))
    if "float" in members:
        members.add("int")
    return "Any" in members or set(split_union(narrower)) <= members
