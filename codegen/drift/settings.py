"""Settings of a review: `drift.toml`, or `[tool.gcore-iam.drift]` in `pyproject.toml`.

view = "client"                    # or "oasdiff"
sunset-days = 90                   # days that a deprecation must announce ahead
include = ["/iam/*"]               # paths to review; `*` stands for anything
exclude = ["/iam/internal/*"]

[[levels]]
rule = "response-property-became-nullable"   # an id; `*` stands for anything
path = "/iam/users*"                         # every path if it is left out
level = "error"                              # error, warning, info, or none: not reported
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import attrs

from ..errors import CodegenError
from ..spec import Json
from .checks.rules import CLIENT_VIEW, READER_LEVELS, Override, View, list_rule_ids
from .report import Change

FILE = Path("drift.toml")
PYPROJECT = Path("pyproject.toml")
_VIEWS = {"client": None, "oasdiff": Path(__file__).parent / "checks" / "oasdiff.toml"}
_KEYS = ("view", "levels", "include", "exclude", "sunset-days")


@attrs.frozen
class Settings:
    """Settings of a review."""

    view: View = CLIENT_VIEW
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    sunset_days: int | None = None
    """The days that a deprecation must announce ahead; None for no such policy."""

    def is_reviewed(self, path: str) -> bool:
        """Return whether a path of the API is reviewed."""
        is_included = any(fnmatchcase(path, pattern) for pattern in self.include)
        return is_included and not any(fnmatchcase(path, pattern) for pattern in self.exclude)

    def apply(self, changes: Sequence[Change]) -> list[Change]:
        """Give the changes of Python and of the overlay the reader's levels, and leave out what is not reviewed."""
        found = []
        for change in changes:
            paths = {operation.partition(" ")[2] for operation in change.operations}
            if change.layer not in ("wire", "docs"):
                if paths and not any(map(self.is_reviewed, paths)):
                    continue
                levels = {self.view.find_override(change.id, path) or change.level for path in paths or {""}}
                level = READER_LEVELS[min(map(READER_LEVELS.index, levels))]
                if level == "none":
                    continue
                change = attrs.evolve(change, level=level)
            found.append(change)
        return found


def load_settings(file: Path | None = None) -> Settings:
    """Read the settings of a review.

    Args:
        file: The file that the command line names; None for `drift.toml` or else `pyproject.toml`, if there is one.

    Raises:
        CodegenError: The file cannot be read, or a key of it is wrong. Names file and key.
    """
    path = file or (FILE if FILE.exists() else PYPROJECT)
    if file is None and not path.exists():
        return Settings()
    try:
        content: dict[str, Json] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CodegenError(f"{path}: cannot be read: {error}") from None
    if path.name == PYPROJECT.name:
        content = content.get("tool", {}).get("gcore-iam", {}).get("drift", {})
    return parse_settings(content, str(path))


def parse_settings(content: dict[str, Json], name: str) -> Settings:
    """Parse the keys of a settings file; see `load_settings`."""
    unknown = sorted(content.keys() - set(_KEYS))
    if unknown:
        raise CodegenError(f"{name}: unknown key {unknown[0]!r}; known: {', '.join(_KEYS)}")
    view = content.get("view", "client")
    if view not in _VIEWS:
        raise CodegenError(f"{name}: view: {view!r} is unknown; known: {', '.join(_VIEWS)}")
    days = content.get("sunset-days")
    if days is not None and (not isinstance(days, int) or isinstance(days, bool) or days < 0):
        raise CodegenError(f"{name}: sunset-days: a number of days is expected, not {days!r}")
    own = _read_levels(content.get("levels", []), name)
    path = _VIEWS[view]
    base = _read_view(path) if path else CLIENT_VIEW
    return Settings(
        View((*base.overrides, *own), base.guards),
        include=_read_patterns(content, "include", name) or ("*",),
        exclude=_read_patterns(content, "exclude", name),
        sunset_days=days,
    )


def _read_view(path: Path) -> View:
    table = tomllib.loads(path.read_text("utf-8"))
    return View(tuple(Override(rule, level) for rule, level in table["levels"].items()), frozenset(table["guards"]))


def _read_levels(rows: Json, name: str) -> list[Override]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CodegenError(f"{name}: levels: a list of tables is expected, as in [[levels]]")
    return [_read_level(row, f"{name}: levels: entry {number}") for number, row in enumerate(rows, 1)]


def _read_level(row: dict[str, Json], name: str) -> Override:
    unknown = sorted(row.keys() - {"rule", "path", "level"})
    if unknown:
        raise CodegenError(f"{name}: unknown key {unknown[0]!r}; known: rule, path, level")
    rule, path, level = row.get("rule"), row.get("path", "*"), row.get("level")
    if not isinstance(rule, str) or not any(fnmatchcase(rule_id, rule) for rule_id in list_rule_ids()):
        raise CodegenError(f"{name}: rule: there is no rule {rule!r}; `--format json` shows the id of each change")
    if level not in READER_LEVELS:
        raise CodegenError(f"{name}: level: {level!r} is unknown; known: {', '.join(READER_LEVELS)}")
    if not isinstance(path, str):
        raise CodegenError(f"{name}: path: a pattern such as '/iam/*' is expected, not {path!r}")
    return Override(rule, level, path)


def _read_patterns(content: dict[str, Json], key: str, name: str) -> tuple[str, ...]:
    patterns = content.get(key, [])
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise CodegenError(f"{name}: {key}: a list of patterns such as '/iam/*' is expected")
    return tuple(patterns)
