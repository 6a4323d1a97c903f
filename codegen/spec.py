"""Reads an OpenAPI file, refuses what cannot be one, and knows the line and column of every place in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import yaml

from .errors import CodegenError

Json: TypeAlias = Any
"""Decoded JSON: dict, list, str, int, float, bool or None."""

_PATH_ITEM = frozenset({"$ref", "summary", "description", "servers", "parameters"})
"""What a path item may hold besides methods (OpenAPI 3.1, Path Item Object)."""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The HTTP methods a path item may hold (OpenAPI 3.1, Path Item Object)."""

_LITERAL_KEYS = frozenset({"example", "examples", "default", "enum", "const"})
_NAME_MAPS = frozenset(
    {"properties", "patternProperties", "dependentSchemas", "$defs", "schemas", "parameters", "responses", "headers"}
    | {"requestBodies", "securitySchemes", "links", "callbacks", "pathItems"}
)
_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_TAGS = frozenset(
    {_TEXT, _MERGE} | {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "seq", "map")}
)
_DEPTH = 150
"""How many levels a file may have: far more than any description needs, far fewer than Python's stack holds."""

_NODES = 1_000_000
"""How many values a file may hold once its aliases are written out: ten times those of a large description."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with the scalars of YAML 1.2's core schema.

    PyYAML follows YAML 1.1, where `no` is false and `2021-01-01` is a date; the OpenAPI specification asks for
    the JSON types of YAML 1.2.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


def _int(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+.0123456789"),
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])
_Loader.add_constructor("tag:yaml.org,2002:int", _int)


@attrs.frozen
class YamlFile:
    """A decoded YAML or JSON file that knows where everything in it stands."""

    name: str
    """The file, as messages name it."""
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    value: Json
    """Decoded, with text keys throughout; None for an empty file."""
    text: str = attrs.field(repr=False, eq=False)
    """As it was read."""
    _root: yaml.Node | None = attrs.field(repr=False, alias="root")

    def place(self, pointer: str) -> str:
        """Name a place for a person.

        Args:
            pointer: A JSON pointer (RFC 6901) into the file, `""` for all of it.

        Returns:
            `file:line:column`, of the nearest ancestor when the pointer leads nowhere.
        """
        return f"{self.name}:{_at(_marks(self._root, pointer)[0])}" if self._root else self.name

    def span(self, pointer: str) -> tuple[int, int, int]:
        """Where a place stands.

        Args:
            pointer: A JSON pointer (RFC 6901) into the file, `""` for all of it.

        Returns:
            Line and column of its beginning and the last line that belongs to it, each from 1; those of the nearest
            ancestor when the pointer leads nowhere.
        """
        if self._root is None:
            return 1, 1, 1
        start, end = _marks(self._root, pointer)
        # A block ends where the next thing begins, which stands further left or below.
        last = end.line if end.column > start.column or end.line == start.line else end.line - 1
        return start.line + 1, start.column + 1, last + 1


@attrs.frozen
class Spec:
    """An OpenAPI 3 document that holds together: every `$ref` resolves, every operation id is its own."""

    file: YamlFile

    @property
    def name(self) -> str:
        """The file, as messages name it."""
        return self.file.name

    @property
    def sha256(self) -> str:
        """Of the file's bytes, in hexadecimal."""
        return self.file.sha256

    @property
    def document(self) -> dict[str, Json]:
        """The decoded OpenAPI document."""
        document: dict[str, Json] = self.file.value
        return document

    @property
    def version(self) -> str:
        """`info.version`."""
        return str(self.document["info"].get("version", ""))

    def value(self, pointer: str) -> Json:
        """What stands at a JSON pointer (RFC 6901); LookupError when it leads nowhere."""
        return resolve(self.document, f"#{pointer}") if pointer else self.document

    def place(self, pointer: str) -> str:
        """Name a place for a person, as `file:line:column`; see `YamlFile.place`."""
        return self.file.place(pointer)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Json]]]:
        """Every operation as (path, method, operation object), in the order of the file."""
        return operations(self.document)


def operations(document: dict[str, Json]) -> Iterator[tuple[str, str, dict[str, Json]]]:
    """Every operation of a document as (path, method, operation object), in its order."""
    for path, item in document["paths"].items():
        if path.startswith("/"):
            for method, operation in item.items():
                if method in METHODS:
                    yield path, method, operation


def mappings(node: Json, pointer: str = "", *, by_name: bool = False) -> Iterator[tuple[str, dict[str, Json]]]:
    """Every mapping under a node of an OpenAPI document whose keys OpenAPI defines, as (JSON pointer, mapping).

    Args:
        node: Where to look. What examples, defaults, enums and extensions hold is data and is left out, and so are
            mappings whose keys are names that the description's author chose, such as those of properties.
        pointer: The node's own JSON pointer.
        by_name: The node itself is a mapping of the latter kind.
    """
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from mappings(item, f"{pointer}/{index}")
    if not isinstance(node, dict):
        return
    if not by_name:
        yield pointer, node
    for key, value in node.items():
        if by_name or not (key in _LITERAL_KEYS or key.startswith("x-")):
            yield from mappings(value, f"{pointer}/{escape(key)}", by_name=key in _NAME_MAPS and not by_name)


def references(node: Json) -> Iterator[tuple[str, str]]:
    """Every `$ref` under a node of an OpenAPI document, as (JSON pointer of the mapping that holds it, `$ref`)."""
    for pointer, mapping in mappings(node):
        if isinstance(mapping.get("$ref"), str):
            yield pointer, mapping["$ref"]


def escape(token: str) -> str:
    """One token of a JSON pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """What one token of a JSON pointer stands for (RFC 6901)."""
    return token.replace("~1", "/").replace("~0", "~")


def resolve(document: Json, ref: str) -> Json:
    """What a local reference (`#/…`, RFC 6901) leads to; LookupError when it leads nowhere."""
    node = document
    for token in ref[2:].split("/"):
        key = unescape(token)
        if isinstance(node, list) and key.isdecimal():
            node = node[int(key)]
        elif isinstance(node, dict):
            node = node[key]
        else:
            raise LookupError(ref)
    return node


def load_yaml(path: Path) -> YamlFile:
    """Read a YAML or JSON file.

    Args:
        path: The file; UTF-8.

    Returns:
        The decoded file.

    Raises:
        CodegenError: The file is missing, unreadable, not UTF-8, not YAML, repeats a key, or holds what JSON cannot.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CodegenError(f"{path}: cannot be read: {error.strerror}") from error
    return parse_yaml(data, str(path))


def parse_yaml(data: bytes, path: str) -> YamlFile:
    """Decode YAML or JSON.

    Args:
        data: UTF-8 text.
        path: What messages call it.

    Returns:
        The decoded file.

    Raises:
        CodegenError: It is not UTF-8, not YAML, repeats a key, or holds what JSON cannot.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CodegenError(f"{path}:{line}: is not UTF-8 text (byte {error.start})") from error
    value = None
    try:
        _check_depth(text, path)
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is not None:
            _check_size(root, path)
            _check_nodes(root, path, ())
            value = _unshared(loader.construct_document(root))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{_at(mark)}" if mark else ""
        raise CodegenError(f"{path}{where}: is not YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise CodegenError(f"{path}:{line}: is not YAML: it holds the control character U+{code:04X}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise CodegenError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    return YamlFile(name=path, sha256=hashlib.sha256(data).hexdigest(), value=value, text=text, root=root)


def load(path: Path) -> Spec:
    """Read an OpenAPI 3.0 or 3.1 file.

    Args:
        path: A YAML or JSON file, UTF-8.

    Returns:
        The document with its hash and positions.

    Raises:
        CodegenError: It is missing, unreadable, not YAML, empty, not OpenAPI 3, refers to nothing, or uses an
            operation id twice. The message names file, line and column.
    """
    spec = as_spec(load_yaml(path))
    check(spec)
    return spec


def as_spec(file: YamlFile) -> Spec:
    """Take a file for an OpenAPI document.

    Raises:
        CodegenError: It is empty, or not OpenAPI 3.0 or 3.1.
    """
    if file.value is None:
        raise CodegenError(f"{file.name}: is empty; an OpenAPI 3 description is expected")
    if not isinstance(file.value, dict):
        kind = _kind(file.value)
        raise CodegenError(f"{file.name}:1:1: is not an OpenAPI description: a mapping is expected, not {kind}")
    spec = Spec(file)
    _check_version(spec)
    return spec


def check(spec: Spec) -> None:
    """Find out whether a document can be worked with.

    Raises:
        CodegenError: It is not OpenAPI 3, refers to nothing, or uses an operation id twice.
    """
    _check_version(spec)
    _check_paths(spec)
    check_refs(spec)
    _check_operations(spec)


def _check_version(spec: Spec) -> None:
    document = spec.document
    if "swagger" in document:
        raise CodegenError(f"{spec.place('/swagger')}: is Swagger {document['swagger']}; convert it to OpenAPI 3 first")
    if "openapi" not in document:
        raise CodegenError(f"{spec.place('')}: is not an OpenAPI description: it has no `openapi` version")
    if not re.fullmatch(r"3\.[01]\.\d+(-.*)?", str(document["openapi"])):
        raise CodegenError(f"{spec.place('/openapi')}: `openapi` must be 3.0.x or 3.1.x, not {document['openapi']}")
    if not isinstance(document.get("info"), dict):
        raise CodegenError(f"{spec.place('/info')}: `info` with title and version is missing")


def _check_paths(spec: Spec) -> None:
    paths = spec.document.get("paths")
    if not isinstance(paths, dict) or not paths:
        raise CodegenError(f"{spec.place('/paths')}: `paths` is missing or empty: there is nothing to generate")
    for path, item in paths.items():
        pointer = f"/paths/{escape(path)}"
        if path.startswith("x-"):
            continue
        if not path.startswith("/"):
            raise CodegenError(f"{spec.place(pointer)}: path {path!r} must begin with a slash")
        if not isinstance(item, dict):
            raise CodegenError(f"{spec.place(pointer)}: path {path!r} must hold a mapping, not {_kind(item)}")
        for key in item:
            if key not in _PATH_ITEM and key not in METHODS and not key.startswith("x-"):
                raise CodegenError(
                    f"{spec.place(f'{pointer}/{escape(key)}')}: {key!r} is no method (they are lower case)"
                )
        for method in METHODS:
            if method in item and not isinstance(item[method], dict):
                raise CodegenError(f"{spec.place(f'{pointer}/{method}')}: an operation must be a mapping")
            if method in item and not isinstance(item[method].get("responses"), dict):
                raise CodegenError(f"{spec.place(f'{pointer}/{method}')}: the operation has no `responses`")
    if not list(spec.operations()) and not any("$ref" in item for item in paths.values() if isinstance(item, dict)):
        raise CodegenError(f"{spec.place('/paths')}: `paths` holds no operation: there is nothing to generate")


def check_refs(spec: Spec) -> None:
    """Find out whether every `$ref` of a document leads to something.

    Raises:
        CodegenError: One leaves the file, points to nothing, or leads in a circle.
    """
    sound: set[str] = set()
    for pointer, ref in references(spec.document):
        if ref in sound:
            continue
        place = spec.place(f"{pointer}/$ref")
        if not ref.startswith("#/"):
            raise CodegenError(f"{place}: $ref {ref!r} leaves the file; only references within it (#/…) are supported")
        try:
            resolve(spec.document, ref)
        except LookupError:
            raise CodegenError(f"{place}: $ref {ref!r} points to nothing") from None
        sound |= _chain(spec, ref, place, sound)


def _chain(spec: Spec, ref: str, place: str, sound: set[str]) -> set[str]:
    """The references that one leads to in turn, as far as they are not known to end somewhere."""
    seen = [ref]
    while isinstance(target := resolve(spec.document, seen[-1]), dict) and isinstance(target.get("$ref"), str):
        following = target["$ref"]
        if following in seen:
            raise CodegenError(f"{place}: {ref} refers to itself in a circle")
        if following in sound:
            break
        seen.append(following)
        try:
            resolve(spec.document, following)
        except LookupError:
            return set()  # told of at its own place
    return set(seen)


def _check_operations(spec: Spec) -> None:
    seen: dict[str, str] = {}
    for path, method, operation in spec.operations():
        pointer = f"/paths/{escape(path)}/{method}"
        operation_id = operation.get("operationId")
        if operation_id is None:
            continue
        if not isinstance(operation_id, str) or not operation_id.strip():
            raise CodegenError(f"{spec.place(f'{pointer}/operationId')}: operationId must be a non-empty text")
        if operation_id in seen:
            raise CodegenError(
                f"{spec.place(f'{pointer}/operationId')}: operationId {operation_id!r} is used twice; "
                f"first at {seen[operation_id]}"
            )
        seen[operation_id] = spec.place(f"{pointer}/operationId")


def _check_depth(text: str, path: str) -> None:
    """Refuse what is nested too deeply for the parser, which would not survive it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH:
            raise CodegenError(f"{path}:{_at(event.start_mark)}: is nested too deeply: more than {_DEPTH} levels")


def _at(mark: Any) -> str:
    return f"{mark.line + 1}:{mark.column + 1}"


def _check_size(root: yaml.Node, path: str) -> None:
    """Refuse aliases that stand for more than fits, before anything walks through them."""
    sizes: dict[int, int] = {}
    todo = [(root, False)]
    while todo:
        node, is_done = todo.pop()
        inner: list[yaml.Node] = []
        if isinstance(node, yaml.CollectionNode):
            inner = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
        if is_done:
            sizes[id(node)] = 1 + sum(sizes[id(part)] for part in inner)
            if sizes[id(node)] > _NODES:
                many = f"{_NODES:,} values; write them out"
                raise CodegenError(f"{path}:{_at(node.start_mark)}: its YAML aliases stand for more than {many}")
        elif id(node) not in sizes:
            sizes[id(node)] = 1  # what an alias inside itself stands for; told of later
            todo.append((node, True))
            todo += [(part, False) for part in inner]


def _check_nodes(node: yaml.Node, path: str, above: tuple[int, ...]) -> None:
    """Refuse what is not JSON in YAML's clothes, and make every key the text that it is written as."""
    place = f"{path}:{_at(node.start_mark)}"
    if id(node) in above:
        raise CodegenError(f"{place}: a YAML alias contains itself")
    if len(above) > _DEPTH:
        raise CodegenError(f"{place}: is nested too deeply: more than {_DEPTH} levels")
    if node.tag not in _TAGS:
        raise CodegenError(f"{place}: the YAML tag {node.tag.replace('tag:yaml.org,2002:', '!!')} has no place in JSON")
    if node.tag.endswith(":float") and re.search(r"inf|nan", node.value, re.IGNORECASE):
        raise CodegenError(f"{place}: {node.value} has no place in JSON")
    above = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_nodes(item, path, above)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        place = f"{path}:{_at(key.start_mark)}"
        if not isinstance(key, yaml.ScalarNode):
            raise CodegenError(f"{place}: a key must be a plain text")
        if key.tag != _MERGE:
            if key.value in seen:
                raise CodegenError(f"{place}: the key {key.value!r} stands twice in one mapping")
            seen.add(key.value)
            key.tag = _TEXT
        _check_nodes(value, path, above)


def _unshared(value: Json) -> Json:
    """A copy in which what YAML aliases share stands once for each place, so that one can change without the other."""
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unshared(item) for item in value]
    return value


def _marks(node: yaml.Node, pointer: str) -> tuple[Any, Any]:
    """Where a place begins, its key included, and where it ends."""
    mark = node.start_mark
    for token in pointer.split("/")[1:]:
        key = unescape(token)
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == key), None)
            if found is None:
                break
            mark, node = found[0].start_mark, found[1]
        elif isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
            node = node.value[int(key)]
            mark = node.start_mark
        else:
            break
    return mark, node.end_mark


def _kind(value: Json) -> str:
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "nothing")
