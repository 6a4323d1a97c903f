"""Reads a spec of several files in one folder: the target of a `$ref` into another file becomes a component."""

from __future__ import annotations

import copy
import posixpath
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

import attrs

from .errors import CodegenError
from .limits import MAX_BYTES, LimitError, clip_text
from .mappings import LITERAL_KEYS, NAME_MAPS
from .spec import Json, YamlFile, escape, parse_yaml, resolve

ReadFile: TypeAlias = Callable[[str], bytes]
"""Reads a file by its path from the folder of the spec, with `/` between folders."""

_MAX_FILES = 1_000

_KINDS = {
    "parameters": "parameters",
    "requestBody": "requestBodies",
    "requestBodies": "requestBodies",
    "responses": "responses",
    "headers": "headers",
    "callbacks": "callbacks",
    "links": "links",
    "securitySchemes": "securitySchemes",
    "paths": "pathItems",
    "webhooks": "pathItems",
    "pathItems": "pathItems",
    "content": "mediaTypes",
    "mediaTypes": "mediaTypes",
}
"""The kind of component that stands below a key, outside of schemas."""

_SCHEMAS = frozenset({"schema", "schemas", "itemSchema"})


@attrs.frozen
class BundledFile(YamlFile):
    """The first file of a spec, with what the others hold among its components."""

    parts: dict[str, tuple[YamlFile, str]] = attrs.field(factory=dict, eq=False, kw_only=True)
    """For the JSON pointer of each component that stands in another file, that file and the pointer in it."""

    def format_place(self, pointer: str) -> str:
        """Format a place; see `YamlFile.format_place`."""
        file, inside = self._find(pointer)
        return YamlFile.format_place(self, pointer) if file is self else file.format_place(inside)

    def find_span(self, pointer: str) -> tuple[int, int, int]:
        """Find the lines of a place."""
        file, inside = self._find(pointer)
        return YamlFile.find_span(self, pointer) if file is self else file.find_span(inside)

    def find_file(self, pointer: str) -> str:
        """Return the name of the file that a place stands in, "" for the first file."""
        file, _ = self._find(pointer)
        return "" if file is self else file.name

    def _find(self, pointer: str) -> tuple[YamlFile, str]:
        head = "/".join(pointer.split("/")[:4])
        if head in self.parts:
            file, inside = self.parts[head]
            return file, inside + pointer.removeprefix(head)
        return self, pointer


def bundle(file: YamlFile, read_file: ReadFile) -> YamlFile:
    """Bring what a spec refers to in other files into one document.

    Args:
        file: The spec.
        read_file: Reads another file.

    Returns:
        The spec without references to other files; URLs stay. The file itself if it refers to no other one.

    Raises:
        LimitError: The files are too many or too large together.
        CodegenError: A file cannot be read, is outside of the folder, or has nothing where a `$ref` points.
    """
    if not re.search(r"\$ref[\"']?\s*:\s*[\"']?[^#\"'\s]", file.text):
        return file
    bundler = _Bundler(copy.deepcopy(file.value), read_file, {"": file})
    bundler.run()
    if not bundler.parts:
        return file
    return BundledFile(file.name, file.sha256, bundler.document, file.text, file._root, parts=bundler.parts)


@attrs.define
class _Bundler:
    document: Json
    read_file: ReadFile
    files: dict[str, YamlFile]
    """By path from the folder of the spec; "" is the spec itself."""
    parts: dict[str, tuple[YamlFile, str]] = attrs.field(factory=dict)
    targets: dict[tuple[str, str], str] = attrs.field(factory=dict)
    """The `$ref` that replaces each file and fragment."""
    size: int = 0

    def run(self) -> None:
        todo: list[tuple[Json, str, str]] = [(self.document, "", ""), *self._replace_components()]
        for value, kind, base in todo:
            for holder, inner_kind in _iterate_references(value, kind):
                ref = holder["$ref"]
                name, _, fragment = ref.partition("#")
                if (base or name) and not re.match(r"[a-zA-Z][a-zA-Z+.-]*:", ref):
                    holder["$ref"], added = self._resolve_target(
                        self._resolve_path(base, name, ref), fragment, inner_kind
                    )
                    todo += added

    def _replace_components(self) -> Iterator[tuple[Json, str, str]]:
        """Put the content of another file in the place of each component that only refers to it."""
        for kind, components in _get_items(self.document.get("components")):
            for name, value in _get_items(components):
                ref = value.get("$ref") if isinstance(value, dict) and len(value) == 1 else None
                if isinstance(ref, str) and not re.match(r"#|[a-zA-Z][a-zA-Z+.-]*:", ref):
                    file, _, fragment = ref.partition("#")
                    yield from self._resolve_target(self._resolve_path("", file, ref), fragment, kind, name)[1]

    def _resolve_path(self, base: str, name: str, ref: str) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(base), name)) if name else base
        if path.startswith(("../", "/")) or "\\" in path or path == "..":
            raise CodegenError(f"{self.files[base].name}: $ref {clip_text(ref)!r} leaves the folder of the spec")
        return path

    def _resolve_target(
        self, path: str, fragment: str, kind: str, own_name: str = ""
    ) -> tuple[str, list[tuple[Json, str, str]]]:
        """Return the `$ref` for a place in another file, and the component that was added for it, if any."""
        key = path, fragment.rstrip("/")
        if key in self.targets:
            return self.targets[key], []
        file = self._open(path)
        try:
            value = copy.deepcopy(resolve(file.value, f"#{key[1]}") if key[1] else file.value)
        except (LookupError, TypeError):
            raise CodegenError(f"{file.name}: has nothing at #{clip_text(fragment)}, where a $ref points") from None
        components = self.document.setdefault("components", {}).setdefault(kind, {})
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", key[1].rpartition("/")[2] or posixpath.basename(path).partition(".")[0])
        name = own_name or plain
        while name in components and not own_name:
            name = f"{plain}_{len(components)}"
        components[name] = value
        pointer = f"/components/{kind}/{escape(name)}"
        self.parts[pointer] = file, key[1]
        self.targets[key] = f"#{pointer}"
        return f"#{pointer}", [(value, kind, path)]

    def _open(self, path: str) -> YamlFile:
        if path not in self.files:
            if len(self.files) > _MAX_FILES:
                raise LimitError(f"{self.files[''].name}: refers to more than {_MAX_FILES:,} files", "_MAX_FILES")
            data = self.read_file(path)
            self.size += len(data)
            if self.size > MAX_BYTES:
                raise LimitError(f"{self.files[''].name}: its files are larger than {MAX_BYTES:,} bytes", "MAX_BYTES")
            name = posixpath.join(posixpath.dirname(self.files[""].name.replace("\\", "/")), path)
            self.files[path] = parse_yaml(data, name)
        return self.files[path]


def _get_items(value: Json) -> list[tuple[str, Json]]:
    """Return the items of a mapping, none for anything else."""
    return list(value.items()) if isinstance(value, dict) else []


def _iterate_references(value: Json, kind: str) -> Iterator[tuple[dict[str, Json], str]]:
    """Yield every mapping that holds a `$ref`, with the kind of component that it stands for."""
    todo: list[tuple[Json, str, bool]] = [(value, kind, False)]
    while todo:
        node, kind, is_names = todo.pop()
        if isinstance(node, list):
            todo += [(item, kind, False) for item in node]
        elif isinstance(node, dict):
            if not is_names and isinstance(node.get("$ref"), str):
                yield node, kind or "schemas"
            for key, item in node.items():
                if is_names:
                    todo.append((item, kind, False))
                elif not (key in LITERAL_KEYS or key.startswith("x-")):
                    inner = kind
                    if kind != "schemas":
                        inner = "schemas" if key in _SCHEMAS else _KINDS.get(key, "" if key == "components" else kind)
                    todo.append((item, inner, key in NAME_MAPS))
