"""Whole entries of the wire and docs layers, for `test_entries.py`.

`python -m tests.codegen.drift.entries` writes `entries.txt` anew. Read the diff: a user sees each line of it.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from codegen.drift import wire
from codegen.drift.checks.rules import CLIENT_VIEW, Override, View
from codegen.drift.report import Change, Location
from codegen.drift.settings import Settings
from tests.codegen.drift import test_pairs
from tests.codegen.drift.cases import CASES, LIFECYCLE, SPELLINGS, Case
from tests.codegen.drift.pairs import TODAY, given
from tests.codegen.drift.test_wire import CHANGED

FILE = Path(__file__).with_name("entries.txt")

EVERY_RULE = View(overrides=(Override("*all-of*", "info"), Override("api-schema-removed", "info")))
"""Also reports the rules that have the level `none`."""

BACK = "the other way round:"

_HEAD = """\
# What is reported of each pair of specs: level and rule | message | place | value | operations, unless POST /things.
# "…" is content/application~1json/schema.
# "python -m tests.codegen.drift.entries" writes this file.
"""


def list_cases() -> dict[str, Case]:
    """List pairs of specs by name: those of `cases.py`, those of `pairs/`, and those of the tests of the wire layer."""
    cases = {name: (old, new) for name, (old, new, _) in CHANGED.items()} | CASES
    for folder in test_pairs.PAIRS:
        old, new = (yaml.safe_load((folder / f"{side}.yaml").read_text("utf-8")) for side in ("old", "new"))
        cases[folder.name] = old, new
    return cases | {f"{name} under a sunset policy": case for name, case in LIFECYCLE.items() if _is_deprecation(name)}


def _is_deprecation(name: str) -> bool:
    return "sunset" in name or "deprecated" in name


def list_entries(name: str, case: Case) -> list[str]:
    """List the entries of a pair, a line each; then those of the pair the other way round."""
    view = CLIENT_VIEW if name in SPELLINGS else EVERY_RULE
    settings = Settings(view, sunset_days=90 if "under a sunset policy" in name else None)
    old, new = (given(spec, name).spec for spec, name in zip(case, ("old.yaml", "new.yaml"), strict=True))
    there, back = (wire.find_changes(*sides, TODAY, settings) for sides in ((old, new), (new, old)))
    return [*map(_describe, there), *([BACK] if back else []), *map(_describe, back)]


def _describe(change: Change) -> str:
    places, values = (_locate(change.old), _locate(change.new)), (json.dumps(change.before), json.dumps(change.after))
    parts = [
        f"{change.level} {change.id}",
        change.message,
        places[0] if places[0] == places[1] else " → ".join(places),
        "" if values == ("null", "null") else " → ".join(values),
        "" if change.operations == ("POST /things",) else ", ".join(change.operations) or "no operation",
    ]
    return " | ".join(part for part in parts if part)


def _locate(location: Location | None) -> str:
    if location is None:
        return "-"
    return f"#{location.pointer}".replace("#/paths/~1things/post/", "").replace("content/application~1json/schema", "…")


def read_entries() -> dict[str, list[str]]:
    """Read `entries.txt`: the lines of each pair by its name."""
    entries: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in FILE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            lines = entries.setdefault(line.removeprefix("## "), [])
        elif line and not line.startswith("# "):
            lines.append(line)
    return entries


def main() -> None:
    """Write `entries.txt`."""
    blocks = ["\n".join([f"## {name}", *list_entries(name, case)]) for name, case in list_cases().items()]
    FILE.write_text("\n".join([_HEAD, *blocks, ""]), "utf-8")


if __name__ == "__main__":
    main()
