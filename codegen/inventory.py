"""Inventory of the generated source: operations with their types, models with their fields."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
from openapi_python_client.config import Config
from openapi_python_client.parser.properties import Class
from openapi_python_client.strings import PythonIdentifier, pascal_case

from .errors import CodegenError
from .expressions import JSON
from .media_types import classify
from .names import get_function_name
from .schemas import Document, follow_refs, get_component_name
from .spec import Json, Spec, iterate_operations, resolve


@attrs.frozen
class InventoryEntry:
    """One operation of the spec and its Python function."""

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
    """The type of a success, as Python source."""
    overlay_method: str | None
    """The hand-written method, as a user calls it; None when there is none yet."""


def build_inventory(spec: Spec, package: Path, overlay: Path) -> tuple[InventoryEntry, ...]:
    """List every operation of a spec, in its order.

    Args:
        spec: The vendored spec; operations without an `operationId` are listed under the generated one.
        package: Folder of the generated package.
        overlay: Folder of the hand-written package.

    Returns:
        One entry for each operation, also for one that was not generated.

    Raises:
        CodegenError: A file of one of the packages cannot be read as what it should be.
    """
    modules = {(method, path): found for method, path, found in _read_operations(package)}
    methods = find_overlay_methods(overlay)
    entries: list[InventoryEntry] = []
    for path, method, operation in iterate_operations(spec.document):
        name, module, success = modules.get((method.upper(), path), (operation.get("operationId", ""), "", ""))
        function = "sync_detailed" if module else ""
        entries.append(InventoryEntry(name, method.upper(), path, module, function, success, methods.get(module)))
    return tuple(entries)


def _read_operations(package: Path) -> Iterator[tuple[str, str, tuple[str, str, str]]]:
    """Read (method, path, (operation id, dotted module, success type)) of each generated operation."""
    for file in sorted((package / "api").glob("*/*.py")):
        if file.name == "__init__.py":
            continue
        described: Mapping[str, Json] = {}
        success = ""
        for node in parse_source(file).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                described = {
                    keyword.arg: keyword.value.value
                    for keyword in node.value.keywords
                    if keyword.arg and isinstance(keyword.value, ast.Constant)
                }
            if isinstance(node, ast.FunctionDef) and node.name == "sync_detailed":
                returns = node.returns
                if isinstance(returns, ast.Subscript):
                    success = ast.unparse(returns.slice)
        if not described.keys() >= {"id", "method", "path"} or not success:
            raise CodegenError(f"{file}: is not a generated operation; run `make generate`")
        module = ".".join((package.name, *file.relative_to(package).with_suffix("").parts))
        yield described["method"], described["path"], (described["id"], module, success)


def parse_source(file: Path) -> ast.Module:
    """Parse a file.

    Raises:
        CodegenError: It is not Python.
    """
    try:
        return ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise CodegenError(f"{file}{line}: is not Python: {error.args[0]}") from error


def find_overlay_methods(overlay: Path) -> dict[str, str]:
    """Find the hand-written method that calls each generated module, as a user writes it (`iam.users.get`).

    Read from the source: which property of `IAMClient` gives which resource class, also by way of another one, and
    which generated modules the methods of that class import, also by way of a function of a module beside the client.
    """
    folder = overlay / "sync"
    classes = {
        node.name: node
        for file in (folder / "client.py", *sorted((folder / "resources").glob("*.py")))
        if file.is_file()
        for node in parse_source(file).body
        if isinstance(node, ast.ClassDef)
    }
    functions = {
        f"{file.stem}.{node.name}": node
        for file in sorted(folder.glob("*.py"))
        for node in parse_source(file).body
        if isinstance(node, ast.FunctionDef)
    }
    found: dict[str, str] = {}
    todo = [("iam", "IAMClient")]
    for path, name in todo:
        for method in classes[name].body if name in classes else ():
            if isinstance(method, ast.FunctionDef):
                returned = ast.unparse(method.returns).rpartition(".")[2] if method.returns else ""  # resources.Users
                if method.decorator_list and returned in classes:
                    todo.append((f"{path}.{method.name}", returned))
                for module in _find_imported_operations(method, functions):
                    # A private method may call what a public one is for.
                    if not method.name.startswith("_"):
                        found[module] = f"{path}.{method.name}"
    return found


def _find_imported_operations(node: ast.stmt, functions: Mapping[str, ast.FunctionDef]) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and (function := functions.get(ast.unparse(inner.func))) is not None:
            yield from _find_imported_operations(function, {})
        if isinstance(inner, ast.ImportFrom) and inner.module and ".api." in inner.module:
            for alias in inner.names:
                yield f"{inner.module}.{alias.name}"


# --- models --------------------------------------------------------------------------------------------------------


def read_model_fields(package: Path) -> dict[str, dict[str, str]]:
    """Read the fields of every generated class, as {class: {key on the wire: type of the field, as written}}.

    An enum sends nothing of its own and is listed without keys.
    """
    classes: dict[str, dict[str, str]] = {}
    for file in sorted((package / "models").glob("*.py")):
        for node in parse_source(file).body:
            if isinstance(node, ast.ClassDef):
                types = {
                    member.target.id: ast.unparse(member.annotation)
                    for member in node.body
                    if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
                }
                on_wire = {key: field for member in node.body for key, field in iterate_wire_keys(member)}
                classes[node.name] = {key: types[field] for key, field in on_wire.items() if field in types}
    return classes


def iterate_wire_keys(method: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield (key on the wire, field) of each entry of a model's `to_dict`: keys of the body first."""
    if isinstance(method, ast.FunctionDef) and method.name == "to_dict":
        for node in ast.walk(method):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
                yield from _parse_entry(node.targets[0].slice, node.value)
            elif isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    yield from _parse_entry(key, value)


def _parse_entry(key: ast.expr | None, value: ast.expr) -> Iterator[tuple[str, str]]:
    """Parse the value under a key: `self.field` somewhere in the value, or the variable that a list was put into."""
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        for node in ast.walk(value):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                yield key.value, node.attr
                return
            if isinstance(node, ast.Name) and node.id.startswith(JSON):
                yield key.value, node.id.removeprefix(JSON)
                return


_OPEN = "; the spec leaves it open: say what it holds in spec/corrections.yaml"


def find_missing(document: Document, package: Path, config: Config, *, typed: bool = True) -> list[str]:
    """Find what the generated package lacks of a normalized document.

    Args:
        document: The generator's input.
        package: Folder of the generated package.
        config: The generator's configuration, for the names that it gives.
        typed: Whether a response of type `Any`, which the document leaves open, counts as missing, too.

    Returns:
        One line for each operation without a module or with another type than its responses have, and for each
        property that a success response reaches and that is not a field of the right type; empty when nothing is
        missing.
    """
    problems: list[str] = []
    expected = ExpectedTypes(document, config)
    generated = {(method, path): found for method, path, found in _read_operations(package)}
    for path, method, operation in iterate_operations(document):
        entry = generated.get((method.upper(), path))
        types = expected.build_response_type(operation)
        if entry is None:
            problems.append(f"operation {operation['operationId']}: has no module")
        elif not types <= _list_parts(entry[2]) or ("Any" in _list_parts(entry[2]) and (typed or "Any" not in types)):
            suffix = f", not {' | '.join(sorted(types))}" if types - {"Any"} else _OPEN if "Any" in types else ""
            problems.append(f"operation {operation['operationId']}: has the success type {entry[2]}{suffix}")
    fields = read_model_fields(package)
    done: set[str] = set()
    while todo := sorted(expected.classes.keys() - done):
        for name in todo:
            done.add(name)
            problems += _find_missing_fields(name, expected, fields)
    return problems


def _find_missing_fields(name: str, expected: ExpectedTypes, fields: dict[str, dict[str, str]]) -> Iterator[str]:
    schema = expected.classes[name]
    if name not in fields:
        yield f"class {name}: is missing"
        return
    for key, value in schema.get("properties", {}).items():
        types = expected.build_type(value, f"{pascal_case(name)}{pascal_case(key)}")
        if key not in schema.get("required", ()):
            types = types | {"Unset"}
        written = fields[name].get(key)
        if written is None:
            yield f"class {name}: property {key!r} is not a field"
        elif _list_parts(written) != types:
            yield f"class {name}: property {key!r} is {written}, not {' | '.join(sorted(types))}"


def _list_parts(annotation: str) -> frozenset[str]:
    return _list_union_members(ast.parse(annotation, mode="eval").body)


def _list_union_members(node: ast.expr) -> frozenset[str]:
    """List the members of a union as written; those of a list's items in one order."""
    if isinstance(node, ast.BinOp):
        return _list_union_members(node.left) | _list_union_members(node.right)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "list":
        return frozenset({f"list[{' | '.join(sorted(_list_union_members(node.slice)))}]"})
    return frozenset({ast.unparse(node)})


_SCALARS = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_FORMATS = {"date-time": "datetime.datetime", "date": "datetime.date", "uuid": "UUID", "binary": "File"}


@attrs.frozen
class ExpectedTypes:
    """Python types of schemas, worked out without the generator. A type is the set of a union's members."""

    document: Document
    config: Config
    classes: dict[str, Document] = attrs.field(factory=dict, init=False)
    """The schemas of the classes that the types so far name."""

    def build_response_type(self, operation: Document) -> frozenset[str]:
        """Build the type of the JSON responses of an operation; empty if it has none."""
        types: frozenset[str] = frozenset()
        name = pascal_case(PythonIdentifier(get_function_name(operation), self.config.field_prefix))
        for code, response in operation["responses"].items():
            for media_type, media in follow_refs(self.document, response).get("content", {}).items():
                if "schema" in media and classify(self.document, media_type, media) == "json":
                    types = types | self.build_type(media["schema"], f"{name}{pascal_case(f'response_{code}')}")
        return types

    def build_type(self, schema: Document, inline: str) -> frozenset[str]:
        """Build the type of a schema.

        Args:
            schema: The schema.
            inline: The class's name if the schema turns out to be an object or enum without a name of its own.
        """
        ref = schema.get("$ref")
        if isinstance(ref, str):
            target = resolve(self.document, ref)
            while isinstance(further := target.get("$ref"), str):  # an alias gives its own name to what it leads to
                target = resolve(self.document, further)
            return self.build_type(target, get_component_name(ref))
        kinds = schema.get("type", "")
        nullable = frozenset({"None"}) if schema.get("nullable") is True else frozenset[str]()
        for key in ("allOf", "oneOf", "anyOf"):
            if key in schema:
                return self._build_union(schema[key], f"{inline}Type") | nullable
        if "enum" in schema and kinds != "boolean":
            null = frozenset({"None"}) if None in schema["enum"] else frozenset[str]()
            listed = any(value is not None for value in schema["enum"])
            return (self._build_class({}, inline) if listed else frozenset[str]()) | null | nullable
        if isinstance(kinds, list):
            return self._build_union([{**schema, "type": kind} for kind in kinds], f"{inline}Type") | nullable
        if "const" in schema and kinds != "boolean":
            return frozenset({f"Literal[{schema['const']!r}]"}) | nullable
        if kinds == "array":
            items = [*schema.get("prefixItems", ()), *([schema["items"]] if "items" in schema else [])]
            types = (
                self.build_type(items[0], f"{inline}Item")
                if len(items) == 1
                else self._build_union(items, f"{inline}ItemType")
            )
            return frozenset({f"list[{' | '.join(sorted(types))}]"}) | nullable
        if kinds == "object":
            return self._build_class(schema, inline) | nullable
        if kinds == "string":
            return frozenset({_FORMATS.get(schema.get("format", ""), "str")}) | nullable
        return frozenset({_SCALARS[kinds]}) | nullable if kinds else frozenset({"Any"})

    def _build_union(self, members: list[Document], inline: str) -> frozenset[str]:
        return frozenset().union(*(self.build_type(member, f"{inline}{index}") for index, member in enumerate(members)))

    def _build_class(self, schema: Document, inline: str) -> frozenset[str]:
        name = str(Class.from_string(string=inline, config=self.config).name)
        if name not in self.classes:
            self.classes[name] = schema
            if isinstance(schema.get("additionalProperties"), dict):
                self.build_type(schema["additionalProperties"], f"{inline}AdditionalProperty")
        return frozenset({name})
