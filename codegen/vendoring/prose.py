"""Merges a new spec into the vendored one so that the prose of the vendored one stays."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from http import HTTPStatus

import attrs

from ..schemas import SECRET
from ..spec import Json, Spec, escape, iterate_mappings
from ..yaml_edit import edit_yaml

_PROSE = frozenset({"title", "summary", "description", "example", "examples", "externalDocs", "$comment"})
"""Keywords of OpenAPI and JSON Schema whose values are prose and change no request or response."""

_EXTENSIONS = frozenset({SECRET, "x-enum-varnames", "x-extensible-enum"})
"""Extensions that change the client; all others serve documentation."""

_VALUES = frozenset({"default", "const"})
"""Keywords whose values are data: nothing in them is a keyword."""

_NAME_MAPS = frozenset(
    {"paths", "properties", "patternProperties", "dependentSchemas", "$defs", "schemas", "responses", "headers"}
    | {"requestBodies", "securitySchemes", "links", "callbacks", "pathItems", "content", "encoding", "variables"}
    | {"webhooks", "mapping", "scopes"}
)
"""Keywords whose values are mappings with names for keys; `parameters` is one in `components` alone."""

_SETS = frozenset({"required", "enum", "type", "security", "tags"})
"""Keywords whose values are lists without an order."""


def keep_our_prose(old: Spec, new: Spec) -> tuple[bytes, list[str]]:
    """Write a new spec with the titles, summaries, descriptions and examples of the vendored one.

    Args:
        old: The vendored spec.
        new: The new spec.

    Returns:
        The vendored text, edited in place: only lines of facts that differ and the line of the version change. And
        the JSON pointers of the prose that upstream has for what is new: it is not copied, ours is to be written there.
        What the vendored spec leaves without prose stays so.

    Raises:
        CodegenError: The layout of the vendored text allows no such edit.
    """
    merger = _Merger()
    target = merger.merge_document(old.document, new.document)
    return edit_yaml(old.file.text, target, old.name).encode(), sorted(dict.fromkeys(merger.unwritten))


@attrs.define
class _Merger:
    """Merges the facts of a new document into an old one."""

    unwritten: list[str] = attrs.field(factory=list, init=False)
    """JSON pointers where prose is to be written."""

    def merge_document(self, old: Json, new: Json) -> Json:
        """Merge two OpenAPI documents; of `info`, the version alone is a fact."""
        merged = self._merge_keywords(
            {key: value for key, value in old.items() if key != "info"},
            {key: value for key, value in new.items() if key != "info"},
            "",
        )
        info = {**old["info"], "version": new["info"].get("version", "")}
        return {"info": info, **merged}

    def _merge(self, old: Json, new: Json, pointer: str, *, key: str = "", name: str = "") -> Json:
        """Merge what stands under a keyword, or under a name in the mapping of a keyword (`responses/`)."""
        if _get_facts(old, key) == _get_facts(new, key):
            return old
        if isinstance(old, dict) and isinstance(new, dict) and key not in _VALUES:
            if key in _NAME_MAPS or key == "parameters":
                return self._merge_names(old, new, pointer, key=key)
            if ("$ref" in old) == ("$ref" in new):
                return self._merge_keywords(old, new, pointer)
            return self._take(new, pointer, key=key, name=name)
        if isinstance(old, list) and isinstance(new, list) and key not in _VALUES:
            return self._merge_lists(old, new, pointer, key=key)
        return self._take(new, pointer, key=key)

    def _merge_keywords(self, old: dict[str, Json], new: dict[str, Json], pointer: str) -> dict[str, Json]:
        """Merge mappings whose keys are keywords: prose stays, also where only one side has some."""
        merged: dict[str, Json] = {}
        for key, value in old.items():
            if _is_prose(key):
                merged[key] = value
            elif key in new:
                merged[key] = self._merge(value, new[key], f"{pointer}/{escape(key)}", key=key)
        for key, value in new.items():
            if key not in old and not _is_prose(key):
                merged[key] = self._take(value, f"{pointer}/{escape(key)}", key=key)
        return merged

    def _merge_names(self, old: dict[str, Json], new: dict[str, Json], pointer: str, *, key: str) -> dict[str, Json]:
        """Merge mappings whose keys are names; what has another name and the same facts keeps its prose."""
        renamed: dict[str, str] = {}
        removed = [name for name in old if name not in new]
        for name in (name for name in new if name not in old):
            facts = _get_facts(new[name])
            before = next((other for other in removed if _get_facts(old[other]) == facts), None)
            if before is not None:
                removed.remove(before)
                renamed[before] = name
        merged: dict[str, Json] = {}
        for name, value in old.items():
            after = renamed.get(name, name)
            if after in new:
                merged[after] = self._merge(value, new[after], f"{pointer}/{escape(after)}", key=f"{key}/", name=after)
        for name, value in new.items():
            if name not in merged:
                merged[name] = self._take(value, f"{pointer}/{escape(name)}", key=f"{key}/", name=name)
        return merged

    def _merge_lists(self, old: list[Json], new: list[Json], pointer: str, *, key: str) -> list[Json]:
        if key in _SETS or key == "parameters":
            return self._merge_sets(old, new, pointer)
        merged: list[Json] = []
        sides = [_get_facts(item) for item in old], [_get_facts(item) for item in new]
        for code, start, end, new_start, new_end in difflib.SequenceMatcher(None, *sides, autojunk=False).get_opcodes():
            if code == "equal":
                merged += old[start:end]
                continue
            for index in range(new_start, new_end):
                place, before = f"{pointer}/{index}", start + index - new_start
                is_pair = before < end and len(old) - len(new) == 0
                merged.append(self._merge(old[before], new[index], place) if is_pair else self._take(new[index], place))
        return merged

    def _merge_sets(self, old: list[Json], new: list[Json], pointer: str) -> list[Json]:
        """Merge lists whose order does not count: what both have stays where it stood."""
        after = {_get_identity(item): (index, item) for index, item in enumerate(new)}
        merged: list[Json] = []
        for item in old:
            found = after.pop(_get_identity(item), None)
            if found is not None:
                merged.append(self._merge(item, found[1], f"{pointer}/{found[0]}"))
        return merged + [self._take(item, f"{pointer}/{index}") for index, item in after.values()]

    def _take(self, value: Json, pointer: str, *, key: str = "", name: str = "") -> Json:
        """Take the facts of what only the new document has, and list where prose is to be written."""
        self.unwritten += [
            f"{place}/{keyword}"
            for place, mapping in iterate_mappings(value, pointer)
            for keyword in ("summary", "description")
            if isinstance(mapping.get(keyword), str)
        ]
        return _drop_prose(value, key, name)


def _drop_prose(value: Json, key: str, name: str = "") -> Json:
    """Copy a value without prose; a response keeps a spec, which OpenAPI demands, of its status alone."""
    if key in _VALUES:
        return value
    if isinstance(value, dict):
        is_name_map = key in _NAME_MAPS or key == "parameters"
        facts = {
            inner: _drop_prose(item, f"{key}/" if is_name_map else inner, inner)
            for inner, item in value.items()
            if is_name_map or not _is_prose(inner)
        }
        return (
            {"description": _describe_status(name), **facts} if key == "responses/" and "$ref" not in facts else facts
        )
    return [_drop_prose(item, "") for item in value] if isinstance(value, list) else value


def _describe_status(code: str) -> str:
    """Return the phrase of RFC 9110 for a status code, the name itself for any other response."""
    try:
        return HTTPStatus(int(code)).phrase
    except ValueError:
        return code


def _get_identity(item: Json) -> str:
    """Return what identifies an item of a list: a parameter's place and name, a tag's name, else all of its facts."""
    if isinstance(item, dict) and "name" in item:
        return json.dumps([item.get("in"), item["name"]])
    return _get_facts(item)


def _is_prose(keyword: str) -> bool:
    return keyword in _PROSE or (keyword.startswith("x-") and keyword not in _EXTENSIONS)


def _get_facts(value: Json, key: str = "") -> str:
    """Return a text that values share if they differ only in prose and in orders that do not count."""
    return json.dumps(_strip(value, key), sort_keys=True)


def _strip(value: Json, key: str) -> Json:
    if key in _VALUES:
        return value
    if isinstance(value, dict):
        is_name_map = key in _NAME_MAPS or key == "parameters"
        return {
            name: _strip(inner, "" if is_name_map else name)
            for name, inner in value.items()
            if is_name_map or not _is_prose(name)
        }
    if isinstance(value, list):
        items: Iterable[Json] = [_strip(item, "") for item in value]
        is_set = key in _SETS or key == "parameters"
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if is_set else list(items)
    return value
