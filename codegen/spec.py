"""Reads an OpenAPI file, refuses what cannot be one, and knows the line and column of every place in it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import yaml

from .errors import CodegenError
from .limits import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_KEY_LENGTH,
    MAX_NODES,
    MAX_NUMBER_LENGTH,
    MAX_VERSION_LENGTH,
    LimitError,
    clip_text,
)

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


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with the scalars of YAML 1.2's core schema.

    PyYAML follows YAML 1.1, where `no` is false and `2021-01-01` is a date; the OpenAPI specification asks for
    the JSON types of YAML 1.2.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


def _int(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


_SCALARS = {
    "tag:yaml.org,2002:null": (re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    "tag:yaml.org,2002:bool": (re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    "tag:yaml.org,2002:int": (re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), list("-+0123456789")),
    "tag:yaml.org,2002:float": (
        re.compile(
            r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
        ),
        list("-+.0123456789"),
    ),
    _MERGE: (re.compile(r"^<<$"), ["<"]),
}
"""Tags of YAML 1.2's core schema beside text: how a scalar of each is written, and what it may begin with."""

for _tag, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(_tag, _pattern, _first)
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
    _pairs: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = attrs.field(
        factory=dict, init=False, repr=False, eq=False
    )
    """For each mapping that was looked into, its key and value nodes by key."""

    def place(self, pointer: str) -> str:
        """Name a place for a person.

        Args:
            pointer: A JSON pointer (RFC 6901) into the file, `""` for all of it.

        Returns:
            `file:line:column`, of the nearest ancestor when the pointer leads nowhere.
        """
        return f"{self.name}:{_at(self._marks(self._root, pointer)[0])}" if self._root else self.name

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
        start, end = self._marks(self._root, pointer)
        # A block ends where the next thing begins, which stands further left or below.
        last = end.line if end.column > start.column or end.line == start.line else end.line - 1
        return start.line + 1, start.column + 1, last + 1

    def _marks(self, root: yaml.Node, pointer: str) -> tuple[Any, Any]:
        """Find where a place begins, its key included, and where it ends."""
        node = root
        mark = node.start_mark
        for token in pointer.split("/")[1:]:
            key = unescape(token)
            if isinstance(node, yaml.MappingNode):
                found = self._pairs_of(node).get(key)
                if found is None:
                    break
                mark, node = found[0].start_mark, found[1]
            elif isinstance(node, yaml.SequenceNode) and _is_index(key) and int(key) < len(node.value):
                node = node.value[int(key)]
                mark = node.start_mark
            else:
                break
        return mark, node.end_mark

    def _pairs_of(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        pairs = self._pairs.get(id(node))
        if pairs is None:
            pairs = self._pairs[id(node)] = {}
            for key, value in node.value:
                pairs.setdefault(key.value, (key, value))
        return pairs


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

    def iterate_operations(self) -> Iterator[tuple[str, str, dict[str, Json]]]:
        """Every operation as (path, method, operation object), in the order of the file."""
        return iterate_operations(self.document)


def iterate_operations(document: dict[str, Json]) -> Iterator[tuple[str, str, dict[str, Json]]]:
    """Every operation of a document as (path, method, operation object), in its order."""
    for path, item in document["paths"].items():
        if path.startswith("/"):
            for method, operation in item.items():
                if method in METHODS:
                    yield path, method, operation


def iterate_mappings(node: Json, pointer: str = "", *, by_name: bool = False) -> Iterator[tuple[str, dict[str, Json]]]:
    """Every mapping under a node of an OpenAPI document whose keys OpenAPI defines, as (JSON pointer, mapping).

    Args:
        node: Where to look. What examples, defaults, enums and extensions hold is data and is left out, and so are
            mappings whose keys are names that the spec's author chose, such as those of properties.
        pointer: The node's own JSON pointer.
        by_name: The node itself is a mapping of the latter kind.
    """
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from iterate_mappings(item, f"{pointer}/{index}")
    if not isinstance(node, dict):
        return
    if not by_name:
        yield pointer, node
    for key, value in node.items():
        if by_name or not (key in _LITERAL_KEYS or key.startswith("x-")):
            yield from iterate_mappings(value, f"{pointer}/{escape(key)}", by_name=key in _NAME_MAPS and not by_name)


def iterate_references(node: Json) -> Iterator[tuple[str, str]]:
    """Every `$ref` under a node of an OpenAPI document, as (JSON pointer of the mapping that holds it, `$ref`)."""
    for pointer, mapping in iterate_mappings(node):
        if isinstance(mapping.get("$ref"), str):
            yield pointer, mapping["$ref"]


def build_value_key(value: Json) -> tuple[str, object]:
    """A hashable key that two JSON values share if they are equal; 1 and true are not."""
    if isinstance(value, dict | list):
        return "collection", json.dumps(value, sort_keys=True)
    return type(value).__name__ if value is None or isinstance(value, bool | str) else "number", value


def subtract_values(values: Iterable[Json], others: Iterable[Json]) -> list[Json]:
    """The JSON values of one list that are not in another one, in their order."""
    known = set(map(build_value_key, others))
    return [value for value in values if build_value_key(value) not in known]


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
        if isinstance(node, list) and _is_index(key):
            node = node[int(key)]
        elif isinstance(node, dict):
            node = node[key]
        else:
            raise LookupError(ref)
    return node


def _is_index(token: str) -> bool:
    """Whether a token of a JSON pointer can be an index; no list has so many entries that ten digits are needed."""
    return token.isascii() and token.isdecimal() and len(token) < 10


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
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
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
        LimitError: It exceeds a bound of `limits`.
        CodegenError: It is not UTF-8, not YAML, repeats a key, or holds what JSON cannot.
    """
    if len(data) > MAX_BYTES:
        raise LimitError(f"{path}: is larger than {MAX_BYTES:,} bytes", "MAX_BYTES")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CodegenError(f"{path}:{line}: is not UTF-8 text (byte {error.start})") from error
    value = None
    try:
        source = _join_surrogates(text)
        _check_events(source, path)
        loader = _Loader(source)
        root = loader.get_single_node()
        if root is not None:
            has_aliases = _check_tree(root, path)
            value = loader.construct_document(root)
            value = _unshared(value) if has_aliases else value
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{_at(mark)}" if mark else ""
        if "nesting depth" in (error.problem or ""):  # PyYAML's own bound: it reads a few thousand levels ahead
            message = f"{path}{where}: is nested too deeply: more than {MAX_DEPTH} levels"
            raise LimitError(message, "MAX_DEPTH") from error
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
        raise CodegenError(f"{file.name}: is empty; an OpenAPI 3 spec is expected")
    if not isinstance(file.value, dict):
        kind = _kind(file.value)
        raise CodegenError(f"{file.name}:1:1: is not an OpenAPI spec: a mapping is expected, not {kind}")
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
        raise CodegenError(f"{spec.place('')}: is not an OpenAPI spec: it has no `openapi` version")
    if not re.fullmatch(r"3\.[01]\.\d+(-.*)?", str(document["openapi"])):
        raise CodegenError(f"{spec.place('/openapi')}: `openapi` must be 3.0.x or 3.1.x, not {document['openapi']}")
    if not isinstance(document.get("info"), dict):
        raise CodegenError(f"{spec.place('/info')}: `info` with title and version is missing")
    if len(spec.version) > MAX_VERSION_LENGTH:
        place = spec.place("/info/version")
        raise LimitError(f"{place}: has more than {MAX_VERSION_LENGTH} characters", "MAX_VERSION_LENGTH")


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
    if not list(spec.iterate_operations()) and not any(
        "$ref" in item for item in paths.values() if isinstance(item, dict)
    ):
        raise CodegenError(f"{spec.place('/paths')}: `paths` holds no operation: there is nothing to generate")


def check_refs(spec: Spec) -> None:
    """Find out whether every `$ref` of a document leads to something.

    Raises:
        CodegenError: One leaves the file, points to nothing, or leads in a circle.
    """
    sound: set[str] = set()
    for pointer, ref in iterate_references(spec.document):
        if ref in sound:
            continue
        _check_target(spec, pointer, ref)
        sound |= _chain(spec, pointer, ref, sound)


def _chain(spec: Spec, pointer: str, ref: str, sound: set[str]) -> set[str]:
    """The references that one leads to in turn, as far as they are not known to end somewhere."""
    seen = {ref}
    following = ref
    while isinstance(target := resolve(spec.document, following), dict) and isinstance(target.get("$ref"), str):
        holder, following = following[1:], target["$ref"]
        if following in seen:
            raise CodegenError(f"{spec.place(f'{pointer}/$ref')}: {clip_text(ref)} refers to itself in a circle")
        if following in sound:
            break
        seen.add(following)
        _check_target(spec, holder, following)
    return seen


def _check_target(spec: Spec, pointer: str, ref: str) -> None:
    """Refuse a reference that does not lead to something in the document."""
    problem = ""
    if not ref.startswith("#/"):
        problem = "leaves the file; only references within it (#/…) are supported"
    else:
        try:
            resolve(spec.document, ref)
        except LookupError:
            problem = "points to nothing"
    if problem:
        raise CodegenError(f"{spec.place(f'{pointer}/$ref')}: $ref {clip_text(ref)!r} {problem}")


def _check_operations(spec: Spec) -> None:
    seen: dict[str, str] = {}
    for path, method, operation in spec.iterate_operations():
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


def _join_surrogates(text: str) -> str:
    """Write the surrogate pairs of a JSON file as YAML's escapes: JSON has no other escape beyond U+FFFF."""
    if not re.search(r"\\u[dD][89abAB]", text):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text  # YAML, in which a backslash need not begin an escape
    return re.sub(
        r"(\\\\)|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})",
        lambda found: (
            found[1] or f"\\U{0x10000 + (int(found[2], 16) - 0xD800) * 0x400 + int(found[3], 16) - 0xDC00:08x}"
        ),
        text,
    )


def _check_events(text: str, path: str) -> None:
    """Refuse what is nested too deeply for the parser, or holds too much, before a tree is built from it."""
    directive = re.search(r"(?m)^%TAG\b", text)
    if directive:  # each tag would be as long as its directive says
        line = text.count("\n", 0, directive.start()) + 1
        raise CodegenError(f"{path}:{line}:1: the directive %TAG has no place in a spec")
    depth = count = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            continue
        count += isinstance(event, yaml.NodeEvent)
        if count > MAX_NODES:
            raise LimitError(
                f"{path}:{_at(event.start_mark)}: holds more than {MAX_NODES:,} keys and values", "MAX_NODES"
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                place = f"{path}:{_at(event.start_mark)}"
                raise LimitError(f"{place}: is nested too deeply: more than {MAX_DEPTH} levels", "MAX_DEPTH")


def _at(mark: Any) -> str:
    return f"{mark.line + 1}:{mark.column + 1}"


def _check_tree(root: yaml.Node, path: str) -> bool:
    """Refuse what is not JSON in YAML's clothes, and make every key the text that it is written as.

    Each node is looked at once, however many aliases refer to it.

    Returns:
        Whether there are aliases.
    """
    if isinstance(root, yaml.ScalarNode):
        _check_scalar(root, path)
        return False
    measures: dict[int, _Measure] = {}
    above: set[int] = set()
    has_aliases = False
    todo: list[tuple[yaml.Node, list[yaml.Node] | None]] = [(root, None)]
    while todo:
        node, parts = todo.pop()
        if parts is not None:
            above.discard(id(node))
            measures[id(node)] = size = _measure(node, parts, measures)
            if size.values > MAX_NODES or size.characters > MAX_BYTES:
                bound = "MAX_NODES" if size.values > MAX_NODES else "MAX_BYTES"
                most = f"{MAX_NODES:,} values" if size.values > MAX_NODES else f"{MAX_BYTES:,} characters"
                place = f"{path}:{_at(node.start_mark)}"
                raise LimitError(f"{place}: its YAML aliases stand for more than {most}; write them out", bound)
        elif id(node) in above:
            raise CodegenError(f"{path}:{_at(node.start_mark)}: a YAML alias contains itself")
        elif id(node) in measures:
            has_aliases = True
        else:
            above.add(id(node))
            parts = _list_parts(node)
            _check_collection(node, parts, path)
            todo.append((node, parts))
            todo += [(part, None) for part in reversed(parts) if not isinstance(part, yaml.ScalarNode)]
    if measures[id(root)].levels > MAX_DEPTH + 1:
        place = f"{path}:{_at(_deepest(root, measures).start_mark)}"
        raise LimitError(f"{place}: is nested too deeply: more than {MAX_DEPTH} levels", "MAX_DEPTH")
    return has_aliases


def _list_parts(node: yaml.Node) -> list[yaml.Node]:
    """The nodes in a collection; keys are checked apart."""
    return [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else node.value


@attrs.frozen
class _Measure:
    """How much a collection holds, aliases written out."""

    values: int
    """Keys and values, itself included."""
    characters: int
    levels: int


def _measure(node: yaml.Node, parts: list[yaml.Node], measures: dict[int, _Measure]) -> _Measure:
    values, characters, levels = 1 + len(parts), 0, 1 if parts else 0
    if isinstance(node, yaml.MappingNode):
        values += len(parts)
        characters += sum(len(key.value) for key, _ in node.value)
    for part in parts:
        inside = measures.get(id(part))
        if inside is None:
            characters += len(part.value)
        else:
            values += inside.values - 1
            characters += inside.characters
            levels = max(levels, inside.levels)
    return _Measure(values, characters, 1 + levels)


def _deepest(node: yaml.Node, measures: dict[int, _Measure]) -> yaml.Node:
    """The first node that stands deeper than it may."""
    for _ in range(MAX_DEPTH + 1):
        node = max(_list_parts(node), key=lambda part: measures[id(part)].levels if id(part) in measures else 1)
    return node


def _check_collection(node: yaml.Node, parts: list[yaml.Node], path: str) -> None:
    _check_tag(node, path)
    for part in parts:
        if part.tag != _TEXT and isinstance(part, yaml.ScalarNode):
            _check_scalar(part, path)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise CodegenError(f"{path}:{_at(key.start_mark)}: a key must be a plain text")
        if key.tag == _MERGE:
            continue
        if len(key.value) > MAX_KEY_LENGTH:
            place = f"{path}:{_at(key.start_mark)}"
            raise LimitError(f"{place}: a key has more than {MAX_KEY_LENGTH:,} characters", "MAX_KEY_LENGTH")
        if key.value in seen:
            raise CodegenError(
                f"{path}:{_at(key.start_mark)}: the key {clip_text(key.value)!r} stands twice in one mapping"
            )
        seen.add(key.value)
        key.tag = _TEXT


def _check_scalar(node: yaml.ScalarNode, path: str) -> None:
    _check_tag(node, path)
    place, text = f"{path}:{_at(node.start_mark)}", clip_text(node.value)
    kind = node.tag.rpartition(":")[2]
    is_number = kind in ("int", "float")
    if is_number and len(node.value) > MAX_NUMBER_LENGTH:
        raise LimitError(
            f"{place}: a number has {len(node.value):,} characters, more than {MAX_NUMBER_LENGTH}", "MAX_NUMBER_LENGTH"
        )
    if node.tag in _SCALARS and not _SCALARS[node.tag][0].match(node.value):
        raise CodegenError(f"{place}: {text!r} is not how YAML 1.2 writes a value of the type !!{kind}")
    if is_number and not math.isfinite(_to_float(node.value)):
        raise CodegenError(f"{place}: {text} has no place in JSON: a number must be finite, at most 1.8e308")


def _to_float(text: str) -> float:
    """What a number of YAML's core schema is as a double; infinity if it is too large for one."""
    if text[:2] in ("0o", "0x"):
        try:
            return float(int(text, 0))
        except OverflowError:
            return math.inf
    return float(re.sub(r"\.(?=inf|nan)", "", text, flags=re.IGNORECASE))


def _check_tag(node: yaml.Node, path: str) -> None:
    if node.tag not in _TAGS:
        tag = clip_text(node.tag.replace("tag:yaml.org,2002:", "!!"))
        raise CodegenError(f"{path}:{_at(node.start_mark)}: the YAML tag {tag} has no place in JSON")


def _unshared(value: Json) -> Json:
    """A copy in which what YAML aliases share stands once for each place, so that one can change without the other."""
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unshared(item) for item in value]
    return value


def _kind(value: Json) -> str:
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "nothing")
