"""Reads and checks an OpenAPI file, and finds the line and column of every place in it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import yaml

from .errors import CodegenError
from .json_pointer import escape as escape
from .json_pointer import is_index
from .json_pointer import resolve as resolve
from .json_pointer import unescape as unescape
from .limits import MAX_BYTES, MAX_VERSION_LENGTH, LimitError, clip_text
from .mappings import decode_references
from .mappings import iterate_mappings as iterate_mappings
from .mappings import iterate_references as iterate_references
from .yaml_tree import Json as Json
from .yaml_tree import format_position, parse_tree

_PATH_ITEM = frozenset({"$ref", "summary", "description", "servers", "parameters"})
"""What a path item may hold besides methods (OpenAPI 3.1, Path Item Object)."""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The HTTP methods a path item may hold (OpenAPI 3.1, Path Item Object)."""


@attrs.frozen
class YamlFile:
    """A decoded YAML or JSON file with the position of every value."""

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
    """For each mapping that was read, its key and value nodes by key."""

    def format_place(self, pointer: str) -> str:
        """Format a JSON pointer (RFC 6901) as `file:line:column`, of the nearest ancestor if it leads nowhere."""
        return f"{self.name}:{format_position(self._find_marks(self._root, pointer)[0])}" if self._root else self.name

    def find_span(self, pointer: str) -> tuple[int, int, int]:
        """Find the lines of a place.

        Args:
            pointer: A JSON pointer (RFC 6901) into the file, `""` for all of it.

        Returns:
            Line and column of its beginning and the last line that belongs to it, each from 1; those of the nearest
            ancestor when the pointer leads nowhere.
        """
        if self._root is None:
            return 1, 1, 1
        start, end = self._find_marks(self._root, pointer)
        # A block ends where the next thing begins, which stands further left or below.
        last = end.line if end.column > start.column or end.line == start.line else end.line - 1
        return start.line + 1, start.column + 1, last + 1

    def _find_marks(self, root: yaml.Node, pointer: str) -> tuple[Any, Any]:
        """Find where a place begins, its key included, and where it ends."""
        node, mark = root, root.start_mark
        for token in pointer.split("/")[1:]:
            key = unescape(token)
            if isinstance(node, yaml.MappingNode):
                found = self._index_pairs(node).get(key)
                if found is None:
                    break
                mark, node = found[0].start_mark, found[1]
            elif isinstance(node, yaml.SequenceNode) and is_index(key) and int(key) < len(node.value):
                node = node.value[int(key)]
                mark = node.start_mark
            else:
                break
        return mark, node.end_mark

    def _index_pairs(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
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

    def get_value(self, pointer: str) -> Json:
        """Return the value at a JSON pointer (RFC 6901); raise LookupError if it leads nowhere."""
        return resolve(self.document, f"#{pointer}") if pointer else self.document

    def format_place(self, pointer: str) -> str:
        """Format a place as `file:line:column`; see `YamlFile.format_place`."""
        return self.file.format_place(pointer)

    def iterate_operations(self) -> Iterator[tuple[str, str, dict[str, Json]]]:
        """Yield every operation as (path, method, operation object), in the order of the file."""
        return iterate_operations(self.document)


def iterate_operations(document: dict[str, Json]) -> Iterator[tuple[str, str, dict[str, Json]]]:
    """Yield every operation of a document as (path, method, operation object), in its order."""
    for path, item in (document.get("paths") or {}).items():
        if path.startswith("/"):
            for method, operation in item.items():
                if method in METHODS:
                    yield path, method, operation


def build_value_key(value: Json) -> tuple[str, object]:
    """Build a hashable key that two JSON values share if they are equal; 1 and true are not."""
    if isinstance(value, dict | list):
        return "collection", json.dumps(value, sort_keys=True)
    return type(value).__name__ if value is None or isinstance(value, bool | str) else "number", value


def subtract_values(values: Iterable[Json], others: Iterable[Json]) -> list[Json]:
    """Return the JSON values of one list that are not in another one, in their order."""
    keys = set(map(build_value_key, others))
    return [value for value in values if build_value_key(value) not in keys]


def load_yaml(path: Path) -> YamlFile:
    """Read a YAML or JSON file in UTF-8.

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
        path: Its name in messages.

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
    root, value = parse_tree(text, path)
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
    spec = build_spec(load_yaml(path))
    check(spec)
    return spec


def build_spec(file: YamlFile) -> Spec:
    """Build a spec from a file.

    Raises:
        CodegenError: It is empty, or not OpenAPI 3.0, 3.1 or 3.2.
    """
    if file.value is None:
        raise CodegenError(f"{file.name}: is empty; an OpenAPI 3 spec is expected")
    if not isinstance(file.value, dict):
        kind = _name_type(file.value)
        raise CodegenError(f"{file.name}:1:1: is not an OpenAPI spec: a mapping is expected, not {kind}")
    spec = Spec(file)
    _check_version(spec)
    decode_references(spec.document)
    return spec


def check(spec: Spec) -> None:
    """Find out whether a document can be worked with.

    Raises:
        CodegenError: It is not OpenAPI 3, refers to nothing, or uses an operation id twice.
    """
    _check_version(spec)
    if str(spec.document["openapi"]).startswith("3.2."):
        place = spec.format_place("/openapi")
        raise CodegenError(f"{place}: OpenAPI 3.2 can be reviewed; a client can be made from 3.0.x or 3.1.x")
    _check_paths(spec)
    check_refs(spec)
    _check_operations(spec)


def _check_version(spec: Spec) -> None:
    document = spec.document
    if "swagger" in document:
        raise CodegenError(
            f"{spec.format_place('/swagger')}: is Swagger {document['swagger']}; convert it to OpenAPI 3 first"
        )
    if "openapi" not in document:
        raise CodegenError(f"{spec.format_place('')}: is not an OpenAPI spec: it has no `openapi` version")
    if not re.fullmatch(r"3\.[012]\.\d+(-.*)?", str(document["openapi"])):
        versions = "3.0.x, 3.1.x or 3.2.x"
        raise CodegenError(f"{spec.format_place('/openapi')}: `openapi` must be {versions}, not {document['openapi']}")
    if not isinstance(document.get("info"), dict):
        raise CodegenError(f"{spec.format_place('/info')}: `info` with title and version is missing")
    if len(spec.version) > MAX_VERSION_LENGTH:
        place = spec.format_place("/info/version")
        raise LimitError(f"{place}: has more than {MAX_VERSION_LENGTH} characters", "MAX_VERSION_LENGTH")


def _check_paths(spec: Spec) -> None:
    paths = spec.document.get("paths")
    if not paths and _has_models(spec):
        return
    if not isinstance(paths, dict) or not paths:
        raise CodegenError(f"{spec.format_place('/paths')}: `paths` is missing or empty: there is nothing to generate")
    # OpenAPI 3.0 demands `responses`.
    missing: Json = None if str(spec.document["openapi"]).startswith("3.0.") else {}
    for path, item in paths.items():
        pointer = f"/paths/{escape(path)}"
        if path.startswith("x-"):
            continue
        if not path.startswith("/"):
            raise CodegenError(f"{spec.format_place(pointer)}: path {path!r} must begin with a slash")
        if not isinstance(item, dict):
            raise CodegenError(
                f"{spec.format_place(pointer)}: path {path!r} must hold a mapping, not {_name_type(item)}"
            )
        for key in item:
            if key not in _PATH_ITEM and key not in METHODS and not key.startswith("x-"):
                raise CodegenError(
                    f"{spec.format_place(f'{pointer}/{escape(key)}')}: {key!r} is no method (they are lower case)"
                )
        for method in METHODS:
            if method in item and not isinstance(item[method], dict):
                raise CodegenError(f"{spec.format_place(f'{pointer}/{method}')}: an operation must be a mapping")
            if method in item and not isinstance(item[method].get("responses", missing), dict):
                raise CodegenError(f"{spec.format_place(f'{pointer}/{method}')}: the operation has no `responses`")
    has_references = any("$ref" in item for item in paths.values() if isinstance(item, dict))
    if not list(spec.iterate_operations()) and not has_references and not _has_models(spec):
        raise CodegenError(f"{spec.format_place('/paths')}: `paths` holds no operation: there is nothing to generate")


def _has_models(spec: Spec) -> bool:
    """Return whether a document without operations has schemas for models (OpenAPI 3.1)."""
    components = spec.document.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    return any(isinstance(found, dict) and bool(found) for found in (schemas, spec.document.get("webhooks")))


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
        sound |= _follow_chain(spec, pointer, ref, sound)


def _follow_chain(spec: Spec, pointer: str, ref: str, sound: set[str]) -> set[str]:
    """Return the references in a chain, up to one that is known to end somewhere."""
    seen = {ref}
    following = ref
    while isinstance(target := resolve(spec.document, following), dict) and isinstance(target.get("$ref"), str):
        holder, following = following[1:], target["$ref"]
        if following in seen:
            raise CodegenError(f"{spec.format_place(f'{pointer}/$ref')}: {clip_text(ref)} refers to itself in a circle")
        if following in sound:
            break
        seen.add(following)
        _check_target(spec, holder, following)
    return seen


def _check_target(spec: Spec, pointer: str, ref: str) -> None:
    """Refuse a reference that does not lead to something in the document."""
    if problem := find_reference_problem(spec.document, ref):
        raise CodegenError(f"{spec.format_place(f'{pointer}/$ref')}: {problem}")


def find_reference_problem(document: Json, ref: str) -> str:
    """Find the reason why a reference does not lead to something in a document, "" if it does."""
    problem = "points to nothing"
    if re.fullmatch("#[^/]*", ref):
        problem = "leads to no schema with this anchor; a reference within the file is a JSON pointer (#/…)"
    elif not ref.startswith("#/"):
        problem = "leaves the file; only references within it (#/…) are supported"
    else:
        with contextlib.suppress(LookupError):
            resolve(document, ref)
            return ""
    return f"$ref {clip_text(ref)!r} {problem}"


def _check_operations(spec: Spec) -> None:
    seen: dict[str, str] = {}
    for path, method, operation in spec.iterate_operations():
        pointer = f"/paths/{escape(path)}/{method}"
        operation_id = operation.get("operationId")
        if operation_id is None:
            continue
        if not isinstance(operation_id, str) or not operation_id.strip():
            raise CodegenError(f"{spec.format_place(f'{pointer}/operationId')}: operationId must be a non-empty text")
        if operation_id in seen:
            raise CodegenError(
                f"{spec.format_place(f'{pointer}/operationId')}: operationId {operation_id!r} is used twice; "
                f"first at {seen[operation_id]}"
            )
        seen[operation_id] = spec.format_place(f"{pointer}/operationId")


def _name_type(value: Json) -> str:
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "nothing")
