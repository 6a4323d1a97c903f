"""One difference at one place, before findings of one change are merged."""

from __future__ import annotations

import json
import re

import attrs

from ..spec import Json, escape, unescape
from .checks.rules import find_rule


@attrs.frozen(cache_hash=True)
class Finding:
    """A difference that a rule found at a place of the two documents."""

    rule: str
    what: str
    """What changed, for a person, such as `User.email`."""
    old: str | None
    """JSON pointer into the old document; None for an addition."""
    new: str | None
    before: Json = attrs.field(default=None, eq=False)
    after: Json = attrs.field(default=None, eq=False)
    guards: frozenset[str] = frozenset()
    values: str = attrs.field(
        init=False, repr=False, default=attrs.Factory(lambda it: _serialize_values(it), takes_self=True)
    )
    """The values as text, by which findings differ: values themselves may be lists and mappings, which have no hash."""

    @property
    def pointer(self) -> str:
        """The place to name it by."""
        return self.old if self.old is not None else self.new or ""

    @property
    def message(self) -> str:
        """One sentence for a person."""
        before, after = (_format_value(value, self.rule) for value in (self.before, self.after))
        return find_rule(self.rule).text.format(what=self.what, before=before, after=after)


_ONE_VALUE = re.compile(r"enum-(value|member)|const|default-value")
"""Rules about one JSON value, which may be null or a list; `1` and `"1"` are two."""


def _serialize_values(finding: Finding) -> str:
    return json.dumps([finding.before, finding.after], sort_keys=True, default=str)


def _format_value(value: Json, rule: str) -> str:
    """Format a value for a sentence: short, on one line, as the author of a spec writes it."""
    is_one = _ONE_VALUE.search(rule)
    if isinstance(value, list | tuple) and not is_one:
        parts = [_format_value(item, "enum-value" if "enum" in rule else rule) for item in value]
        return ", ".join(parts) or "nothing"
    if value is None and not is_one:
        return "nothing"
    is_plain = isinstance(value, str) and not (is_one and re.fullmatch(r"true|false|null|-?\d+(\.\d+)?", value))
    text = value if is_plain else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(f"`{text}`".split())
    return text if len(text) <= 80 else f"{text[:76]}…`"


def format_label(pointer: str, names: dict[str, str]) -> str:
    """Format the place at a JSON pointer for a person.

    Args:
        pointer: Into an OpenAPI document.
        names: The names of the parameters, by pointer.

    Returns:
        Such as `User.client[].id` or `request body email`.
    """
    tokens = [unescape(part) for part in pointer.split("/")[1:]]
    if tokens[:2] == ["components", "schemas"]:
        return tokens[2] + _format_path(tokens[3:])
    if tokens[:1] == ["components"]:
        head = {"requestBodies": "request body", "responses": "response", "parameters": "parameter"}
        kind = head.get(tokens[1], tokens[1])
        path = _format_path(tokens[3:]).lstrip(".")
        return f"{kind} {names.get(build_pointer(tokens[:3]), tokens[2])} {path}".strip()
    if tokens[:1] in (["paths"], ["webhooks"]):
        rest = tokens[3:] if len(tokens) > 2 and tokens[2] != "parameters" else tokens[2:]
        if rest[:1] == ["parameters"]:
            count = len(tokens) - len(rest) + 2
            name = names.get(build_pointer(tokens[:count]), "")
            return f"parameter {name}{_format_path(rest[2:])}".strip()
        if rest[:1] == ["requestBody"]:
            return f"request body {_format_path(rest[1:]).lstrip('.')}".strip()
        if rest[:1] == ["responses"]:
            if rest[2:3] == ["headers"]:
                return f"header {rest[3]} of {rest[1]} response{_format_path(rest[4:])}"
            return f"{rest[1]} response {_format_path(rest[2:]).lstrip('.')}".strip()
        return " ".join([*([tokens[2].upper()] if len(tokens) > 2 else []), *tokens[1:2]])
    return tokens[-1] if tokens else "the API"


def build_pointer(tokens: list[str]) -> str:
    """Build a JSON pointer from unescaped tokens."""
    return "".join(f"/{escape(token)}" for token in tokens)


def _format_path(tokens: list[str]) -> str:
    """Format a path into a schema: properties by name, items as `[]`; keywords such as `allOf` are left out."""
    path, index = "", 0
    while index < len(tokens):
        part = tokens[index]
        if part == "content":
            index += 1
        elif part in ("properties", "patternProperties", "dependentSchemas") and index + 1 < len(tokens):
            index += 1
            path += f".{tokens[index]}"
        elif part in _SIGNS:
            path += _SIGNS[part]
        elif not re.fullmatch(r"schema|allOf|anyOf|oneOf|prefixItems|\d+", part):
            break
        index += 1
    return path


_SIGNS = {"items": "[]", "additionalProperties": "{}"}
