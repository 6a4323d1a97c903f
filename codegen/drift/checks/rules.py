"""The table of rules, `rules.toml`, and the level of a change for a reader."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

import attrs

from ...spec import Json
from ..normalized_schema import BOUNDS, CONDITIONS
from ..report import LEVELS, Level

ReaderLevel: TypeAlias = Level | Literal["none"]
"""A level, or `none` for a rule that is not reported."""

READER_LEVELS: tuple[ReaderLevel, ...] = (*LEVELS, "none")

_TABLE: Mapping[str, Mapping[str, Json]] = tomllib.loads(Path(__file__).with_name("rules.toml").read_text("utf-8"))

GUARDS: Mapping[str, tuple[Level, str]] = {name: tuple(row) for name, row in _TABLE["guards"].items()}
"""For each guard of a place, the highest level of a change there for a client, and the reason."""

WEBHOOKS: Mapping[str, str] = _TABLE["webhooks"]
"""For a rule about a request or response, the rule for webhooks and callbacks."""

OWN: Mapping[str, str] = _TABLE["own"]
"""Ids, as patterns, that oasdiff does not have or does not apply there, and why they are here."""

SHARED = frozenset(
    {"api-tag-added", "api-tag-removed", "api-security-added", "api-security-removed"}
    | {"api-security-scope-added", "api-security-scope-removed"}
)
"""Rules whose findings in several operations are one change."""

SECURITY = ("api-security", "api-global-security")
"""How the ids of rules about authentication begin."""

SCOPES = (
    "body",
    "parameter-property",
    "parameter",
    "header-property",
    "header",
    "read-only-property",
    "write-only-property",
    "required-property",
    "optional-property",
    "property",
)
"""The kinds of place of a schema, as ids name them; longer names before those that they begin with."""


@attrs.frozen
class Rule:
    """How grave a change is for a client, and how it reads."""

    level: ReaderLevel
    text: str
    """With `{what}` for what changed, `{before}` and `{after}` for its values."""


@cache
def build_schema_rules() -> Mapping[str, tuple[ReaderLevel, ReaderLevel, str]]:
    """Return the rules about schemas: the levels in a request and in a response, and the text."""
    found = {name: tuple(row) for name, row in _TABLE["schemas"].items()}
    for keyword, name in CONDITIONS.items():
        for action, (request, response, text) in _TABLE["conditions"].items():
            found[f"{name}-{action}"] = request, response, text.replace("{keyword}", keyword)
    for keyword, name in BOUNDS.items():
        is_upper = name.partition("-")[0] == "max" or "-max" in name
        rows = {"increased": "wider" if is_upper else "narrower", "decreased": "narrower" if is_upper else "wider"}
        for action in ("set", "unset", "increased", "decreased"):
            request, response, text = _TABLE["bounds"][rows.get(action, action)]
            found[f"{name}-{action}"] = request, response, text.replace("{keyword}", keyword)
    return found


@cache
def find_rule(name: str) -> Rule:
    """Return the rule of an id: a row of the table, or a direction, a kind of place and a row of `[schemas]`.

    Raises:
        KeyError: There is no such rule.
    """
    for section in ("wire", "python", "docs"):
        if name in _TABLE[section]:
            return Rule(*_TABLE[section][name])
    direction, _, rest = name.partition("-")
    for scope in SCOPES:
        kind = rest.removeprefix(f"{scope}-")
        if kind != rest and kind in build_schema_rules() and direction in ("request", "response"):
            request, response, text = build_schema_rules()[kind]
            return Rule(request if direction == "request" else response, text)
    raise KeyError(name)


def list_rule_ids() -> list[str]:
    """Return every id that a review can report."""
    schemas = [
        f"{side}-{scope}-{kind}"
        for side in ("request", "response")
        for scope in SCOPES
        for kind in build_schema_rules()
    ]
    return list(dict.fromkeys([*_TABLE["wire"], *_TABLE["docs"], *_TABLE["python"], *schemas]))


@attrs.frozen
class Override:
    """A level that a reader gives to rules."""

    rule: str
    """An id; `*` stands for anything."""
    level: ReaderLevel
    path: str = "*"
    """A path of the API; `*` stands for anything."""


@attrs.frozen
class View:
    """How grave changes are for one reader."""

    overrides: tuple[Override, ...] = ()
    """The last one that fits counts."""
    guards: frozenset[str] = frozenset(GUARDS)
    """What makes a change milder if it is known of its place."""

    def get_level(self, name: str, guards: frozenset[str] = frozenset(), path: str = "") -> ReaderLevel:
        """Return the level of a change.

        Args:
            name: The id of its rule.
            guards: What is known of its place, as keys of `GUARDS`.
            path: The path of the API that it reaches, "" for the spec as a whole.
        """
        overridden = self.find_override(name, path)
        if overridden:
            return overridden
        ranks = [READER_LEVELS.index(find_rule(name).level)]
        ranks += [READER_LEVELS.index(GUARDS[guard][0]) for guard in guards & self.guards]
        return READER_LEVELS[max(ranks)]

    def find_override(self, name: str, path: str = "") -> ReaderLevel | None:
        """Return the level that the reader gives to a rule on a path, None for none."""
        for override in reversed(self.overrides):
            if fnmatchcase(name, override.rule) and (override.path == "*" or fnmatchcase(path, override.path)):
                return override.level
        return None


CLIENT_VIEW = View()
"""The client's view, which the table states."""
