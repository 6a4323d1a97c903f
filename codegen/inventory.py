"""What was generated, read from the generated source: operations with their types, models with their fields."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
from openapi_python_client.config import Config
from openapi_python_client.strings import ClassName, PythonIdentifier, pascal_case

from .errors import CodegenError
from .normalise import Document, reachable
from .spec import Json, Spec, operations, resolve

_SCHEMA_REF = "#/components/schemas/"


@attrs.frozen
class Entry:
    """One operation of the description and what stands for it in Python."""

    id: str
    """The `operationId`."""
    method: str
    """The HTTP method, in capitals."""
    path: str
    """The path template."""
    module: str
    """The generated module, dotted; "" when there is none."""
    function: str
    """The synchronous function of that module that the hand-written layer calls."""
    success_type: str
    """What it gives for a success, as Python spells the type."""
    overlay_method: str | None
    """The hand-written method, as a user calls it; None when there is none yet."""


def inventory(spec: Spec, package: Path, overlay: Path) -> tuple[Entry, ...]:
    """List every operation of a description, in its order.

    Args:
        spec: The vendored description; operations without an `operationId` are listed under the generated one.
        package: Folder of the generated package.
        overlay: Folder of the hand-written package.

    Returns:
        One entry for each operation, also for one that was not generated.
    """
    modules = {(method, path): found for method, path, found in _operation_modules(package)}
    methods = overlay_methods(overlay)
    entries: list[Entry] = []
    for path, method, operation in operations(spec.document):
        name, module, success = modules.get((method.upper(), path), (operation.get("operationId", ""), "", ""))
        function = "sync_detailed" if module else ""
        entries.append(Entry(name, method.upper(), path, module, function, success, methods.get(module)))
    return tuple(entries)


def _operation_modules(package: Path) -> Iterator[tuple[str, str, tuple[str, str, str]]]:
    """(method, path, (operation id, dotted module, success type)) of each generated operation."""
    for file in sorted((package / "api").glob("*/*.py")):
        if file.name == "__init__.py":
            continue
        tree = ast.parse(file.read_text("utf-8"), str(file))
        described: Mapping[str, Json] = {}
        success = ""
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                described = {
                    keyword.arg: ast.literal_eval(keyword.value) for keyword in node.value.keywords if keyword.arg
                }
            if isinstance(node, ast.FunctionDef) and node.name == "sync_detailed":
                returns = node.returns
                if isinstance(returns, ast.Subscript):
                    success = ast.unparse(returns.slice)
        module = ".".join((package.name, *file.relative_to(package).with_suffix("").parts))
        yield described["method"], described["path"], (described["id"], module, success)


def overlay_methods(overlay: Path) -> dict[str, str]:
    """The hand-written method that calls each generated module, as a user spells it (`iam.users.get`).

    Read from the source: which attribute of `IAMClient` gives which resource class, and which generated modules
    the methods of that class import.
    """
    attributes: dict[str, str] = {}
    client = overlay / "client.py"
    if client.is_file():
        for node in ast.walk(ast.parse(client.read_text("utf-8"), str(client))):
            if isinstance(node, ast.ClassDef) and node.name == "IAMClient":
                for member in node.body:
                    if isinstance(member, ast.FunctionDef) and isinstance(member.returns, ast.Name):
                        attributes[member.returns.id] = member.name
    found: dict[str, str] = {}
    for file in sorted((overlay / "resources").glob("*.py")):
        for node in ast.parse(file.read_text("utf-8"), str(file)).body:
            if isinstance(node, ast.ClassDef) and node.name in attributes:
                for method in node.body:
                    for module in _imported_operations(method):
                        found[module] = f"iam.{attributes[node.name]}.{getattr(method, 'name', '')}"
    return found


def _imported_operations(node: ast.stmt) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.ImportFrom) and inner.module and ".api." in inner.module:
            for alias in inner.names:
                yield f"{inner.module}.{alias.name}"


# --- models --------------------------------------------------------------------------------------------------------


def model_fields(package: Path) -> dict[str, dict[str, str]]:
    """The annotated fields of every generated class, as {class: {field: type as written}}."""
    classes: dict[str, dict[str, str]] = {}
    for file in sorted((package / "models").glob("*.py")):
        for node in ast.parse(file.read_text("utf-8"), str(file)).body:
            if isinstance(node, ast.ClassDef):
                classes[node.name] = {
                    member.target.id: ast.unparse(member.annotation)
                    for member in node.body
                    if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
                }
    return classes


def missing(document: Document, package: Path, config: Config) -> list[str]:
    """What the generated package lacks of a normalised document.

    Args:
        document: The generator's input.
        package: Folder of the generated package.
        config: The generator's configuration, for the names that it gives.

    Returns:
        One line for each operation without a module or a type, and for each property that a success response
        reaches and that is not a field of the right type; empty when nothing is missing.
    """
    problems: list[str] = []
    generated = {(method, path): found for method, path, found in _operation_modules(package)}
    for path, method, operation in operations(document):
        entry = generated.get((method.upper(), path))
        if entry is None:
            problems.append(f"operation {operation['operationId']}: has no module")
        elif "Any" in entry[2] or not entry[2]:
            problems.append(f"operation {operation['operationId']}: has the success type {entry[2] or 'nothing'}")
    fields = model_fields(package)
    answers = [operation["responses"] for _, _, operation in operations(document)]
    for ref in sorted(reachable(document, answers)):
        if ref.startswith(_SCHEMA_REF):
            schema = resolve(document, ref)
            if schema.get("type") == "object" or "properties" in schema:
                problems += _missing_fields(document, ref, schema, fields, config)
    return problems


def _missing_fields(
    document: Document, ref: str, schema: Document, fields: dict[str, dict[str, str]], config: Config
) -> Iterator[str]:
    name = class_name(ref.removeprefix(_SCHEMA_REF), config)
    if name not in fields:
        yield f"schema {ref.removeprefix(_SCHEMA_REF)}: has no class {name}"
        return
    for key, value in schema.get("properties", {}).items():
        field = str(PythonIdentifier(key, config.field_prefix))
        expected = python_type(document, value, f"{pascal_case(name)}{pascal_case(key)}", config)
        if key not in schema.get("required", ()) and "default" not in value:
            expected = expected | {"Unset"}
        written = fields[name].get(field)
        if written is None:
            yield f"schema {name}: property {key!r} is not a field"
        elif _parts(written) != expected:
            yield f"schema {name}: property {key!r} is {written}, not {' | '.join(sorted(expected))}"


def _parts(annotation: str) -> frozenset[str]:
    node = ast.parse(annotation, mode="eval").body
    parts: list[str] = []
    while isinstance(node, ast.BinOp):
        parts.append(ast.unparse(node.right))
        node = node.left
    return frozenset([*parts, ast.unparse(node)])


def class_name(name: str, config: Config) -> str:
    """The class that the generator makes of a schema's name."""
    given = str(ClassName(name, config.field_prefix))
    override = config.class_overrides.get(given)
    return str(override.class_name.get_untrusted_value()) if override and override.class_name else given


_SCALARS = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_FORMATS = {"date-time": "datetime.datetime", "date": "datetime.date", "uuid": "UUID", "binary": "File"}


def python_type(document: Document, schema: Document, inline: str, config: Config) -> frozenset[str]:
    """The Python type of a schema, worked out without the generator.

    Args:
        document: What the schema's references lead into.
        schema: The schema.
        inline: The class's name if the schema turns out to be an object or enum without a name of its own.
        config: The generator's configuration.

    Returns:
        The members of the union, one for a plain type.
    """
    nullable = frozenset({"None"}) if schema.get("nullable") is True else frozenset[str]()
    ref = schema.get("$ref")
    if isinstance(ref, str):
        return python_type(document, resolve(document, ref), ref.removeprefix(_SCHEMA_REF), config) | nullable
    for key in ("allOf", "oneOf", "anyOf"):
        if key in schema:
            members = [
                python_type(document, member, f"{inline}Type{index}", config)
                for index, member in enumerate(schema[key])
            ]
            return frozenset().union(*members) | nullable
    kinds = schema.get("type", "")
    if isinstance(kinds, list):
        each = [python_type(document, {**schema, "type": kind}, inline, config) for kind in kinds]
        return frozenset().union(*each) | nullable
    if "enum" in schema:
        null = frozenset({"None"}) if None in schema["enum"] else frozenset[str]()
        return frozenset({class_name(inline, config)}) | null
    if kinds == "array":
        items = schema.get("items", {})
        name = f"{inline}Item"
        return frozenset({f"list[{' | '.join(sorted(python_type(document, items, name, config)))}]"}) | nullable
    if kinds == "object":
        return frozenset({class_name(inline, config)}) | nullable
    if kinds == "string":
        return frozenset({_FORMATS.get(schema.get("format", ""), "str")}) | nullable
    if kinds in _SCALARS:
        return frozenset({_SCALARS[kinds]}) | nullable
    raise CodegenError(f"{inline}: a schema of the type {kinds!r} has no Python type")
