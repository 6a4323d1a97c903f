"""Reads the files of a spec, and writes references to files, anchors and identifiers as JSON pointers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .bundle import ReadFile, bundle
from .errors import CodegenError
from .json_pointer import is_resolvable
from .limits import MAX_BYTES
from .mappings import iterate_mappings
from .spec import Json, Spec, build_spec, check, load_yaml

_NAMING = re.compile(r"\$(id|anchor|dynamicAnchor)\b")


def load(path: Path) -> Spec:
    """Read an OpenAPI 3.0 or 3.1 spec of one or several files in a folder.

    Args:
        path: The first file; see `spec.load`.

    Returns:
        The document, in which each `$ref` is a JSON pointer into it.

    Raises:
        CodegenError: As by `spec.load`, or another file is missing or outside of the folder.
    """
    spec = join_files(build_spec(load_yaml(path)), build_reader(path.parent))
    check(spec)
    return spec


def build_reader(folder: Path) -> ReadFile:
    """Build a function that reads the files in the folder of a spec, and refuses links that lead out of it."""

    def read_file(name: str) -> bytes:
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise CodegenError(f"{name}: leaves the folder of the spec")
        try:
            with path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError as error:
            raise CodegenError(f"{path}: cannot be read: {error.strerror}") from error

    return read_file


def join_files(spec: Spec, read_file: ReadFile | None) -> Spec:
    """Take the other files of a spec into the first one, and write its references as JSON pointers.

    Anchors and `$id` are resolved in the first file only.

    Args:
        spec: The first file.
        read_file: Reads another file beside it; None for a spec that is one file.

    Raises:
        LimitError: The files are too many or too large together.
        CodegenError: Another file cannot be read, is not YAML or is outside of the folder, or a `$ref` points to
            nothing in it.
    """
    if _NAMING.search(spec.file.text):
        resolve_names(spec.document)
    return Spec(bundle(spec.file, read_file)) if read_file else spec


def resolve_names(document: Json) -> None:
    """Write references to anchors and identifiers as JSON pointers (JSON Schema 2020-12, sections 8.2 and 9.2).

    A `$dynamicRef` whose anchor stands in one place only always leads there.
    """
    mappings = list(iterate_mappings(document))
    bases = {f"#{pointer}": str(mapping["$id"]) for pointer, mapping in mappings if isinstance(mapping.get("$id"), str)}
    resources = {identifier: pointer for pointer, identifier in bases.items()}
    anchors: dict[str, list[str]] = {}
    for pointer, mapping in mappings:
        for key in ("$anchor", "$dynamicAnchor"):
            if isinstance(mapping.get(key), str):
                anchors.setdefault(mapping[key], []).append(f"#{pointer}")
    for pointer, mapping in mappings:
        ref = mapping.get("$ref", mapping.get("$dynamicRef"))
        if isinstance(ref, str):
            found = _find_target(document, f"#{pointer}", ref, bases, resources, anchors)
            if found:
                mapping.pop("$dynamicRef", None)
                mapping["$ref"] = found


def _find_target(
    document: Json,
    place: str,
    ref: str,
    bases: dict[str, str],
    resources: dict[str, str],
    anchors: dict[str, list[str]],
) -> str:
    """Find the JSON pointer that a reference means, "" if it is one already or leads nowhere."""
    name, _, fragment = ref.partition("#")
    holder = resources.get(name, "") if name else _find_resource(place, bases)
    if not holder:
        return ""
    if fragment and not fragment.startswith("/"):
        inside = [anchor for anchor in anchors.get(fragment, ()) if anchor == holder or anchor.startswith(f"{holder}/")]
        own = [anchor for anchor in inside if _find_resource(anchor, bases) == holder]
        found = own or inside
        return found[0] if len(found) == 1 else ""
    target = holder + fragment
    if target == ref or (not name and is_resolvable(document, ref)) or not is_resolvable(document, target):
        return ""
    return target


def _find_resource(place: str, bases: Iterable[str]) -> str:
    """Find the innermost schema with an `$id` around a place; "#", the document, if there is none."""
    return max((base for base in bases if place == base or place.startswith(f"{base}/")), key=len, default="#")
