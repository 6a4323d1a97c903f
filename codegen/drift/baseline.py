"""Accepted changes: `spec/accepted-drift.yaml`."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Sequence
from pathlib import Path

import attrs

from ..errors import CodegenError
from ..spec import Json, YamlFile, load_yaml
from .checks.rules import find_rule
from .report import CHOICES, Acceptance, Change, Layer

_KEYS = {"fingerprint", "rule", "pointer", "reason", "author", "expires"}


@attrs.frozen
class BaselineEntry:
    """An entry of the file of accepted changes."""

    fingerprint: str
    """The fingerprint of one change; "" if the entry names a rule."""
    rule: str
    """The rule whose changes it is about, at places that `pointer` matches; "" if it names a fingerprint."""
    pointer: str
    """A JSON pointer in which `*` stands for anything."""
    acceptance: Acceptance
    place: str
    """`file:line:column` of the entry."""

    def is_about(self, change: Change) -> bool:
        """Return whether the entry is about a change."""
        if self.fingerprint:
            return change.fingerprint == self.fingerprint
        pattern = ".*".join(map(re.escape, self.pointer.split("*")))
        return change.id == self.rule and re.fullmatch(pattern, change.pointer) is not None

    def is_in_layers(self, layers: Collection[Layer]) -> bool:
        """Return whether the change of the entry would be among the changes of some layers."""
        if self.fingerprint:
            return set(CHOICES) <= set(layers)
        kinds: dict[str, Layer] = {"py": "python", "gen": "python", "overlay": "overlay", "docs": "docs"}
        return kinds.get(self.rule.partition("-")[0], "wire") in layers

    def has_expired(self, today: datetime.date) -> bool:
        """Return whether the last day of the entry is over."""
        return datetime.date.fromisoformat(self.acceptance.expires) < today

    def __str__(self) -> str:
        return self.fingerprint or f"{self.rule} at {self.pointer}"


def load(path: Path) -> tuple[BaselineEntry, ...]:
    """Read the file; one that is not there accepts nothing.

    Args:
        path: YAML; a list of entries with `fingerprint`, or `rule` and `pointer`, and with `reason`, `author` and
            `expires` (YYYY-MM-DD).

    Raises:
        CodegenError: It cannot be read, or an entry is not as it must be. Names file, line and column.
    """
    if not path.exists():
        return ()
    file = load_yaml(path)
    if file.value is not None and not isinstance(file.value, list):
        raise CodegenError(f"{file.format_place('')}: a list of accepted changes is expected")
    return tuple(_parse_entry(entry, index, file) for index, entry in enumerate(file.value or ()))


def _parse_entry(entry: Json, index: int, file: YamlFile) -> BaselineEntry:
    place = file.format_place(f"/{index}")
    if not isinstance(entry, dict):
        raise CodegenError(f"{place}: an accepted change must be a mapping")
    for key in sorted(entry.keys() - _KEYS):
        raise CodegenError(
            f"{file.format_place(f'/{index}/{key}')}: unknown key {key!r}; known: {', '.join(sorted(_KEYS))}"
        )

    def get_text(key: str) -> str:
        value = entry.get(key)
        if isinstance(value, int | float):
            raise CodegenError(f"{place}: YAML takes `{key}` for a number; put it in quotes")
        if not isinstance(value, str) or not value.strip():
            raise CodegenError(f"{place}: the entry needs `{key}`, a non-empty text")
        return value.strip()

    if ("fingerprint" in entry) == ("rule" in entry):
        raise CodegenError(f"{place}: the entry needs either `fingerprint`, or `rule` and `pointer`")
    by_print = "fingerprint" in entry
    name = "" if by_print else get_text("rule")
    if name:
        try:
            find_rule(name)
        except KeyError:
            raise CodegenError(f"{file.format_place(f'/{index}/rule')}: there is no rule {name!r}") from None
    if by_print and "pointer" in entry:
        raise CodegenError(f"{file.format_place(f'/{index}/pointer')}: a fingerprint says the place already")
    expires = get_text("expires")
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", expires):
            raise ValueError
        datetime.date.fromisoformat(expires)
    except ValueError:
        raise CodegenError(f"{file.format_place(f'/{index}/expires')}: {expires!r} is no date as YYYY-MM-DD") from None
    acceptance = Acceptance(get_text("reason"), get_text("author"), expires)
    return BaselineEntry(
        get_text("fingerprint") if by_print else "", name, "" if by_print else get_text("pointer"), acceptance, place
    )


def apply(
    entries: Sequence[BaselineEntry], changes: Sequence[Change], layers: Collection[Layer], today: datetime.date
) -> tuple[list[Change], list[str]]:
    """Mark the changes that are accepted.

    Args:
        entries: What is accepted.
        changes: What changed.
        layers: The reviewed layers.
        today: The day that expiry dates are compared with.

    Returns:
        The changes, and one note for each entry that has expired or matches no change.
    """
    valid, notes = [], []
    for entry in entries:
        if entry.has_expired(today):
            until = entry.acceptance.expires
            notes.append(f"{entry.place}: {entry} was accepted until {until} only; review it again or remove it")
        else:
            valid.append(entry)
    reviewed = []
    for change in changes:
        found = next((entry for entry in valid if entry.is_about(change)), None)
        reviewed.append(attrs.evolve(change, accepted=found.acceptance) if found else change)
    unused = [entry for entry in valid if entry.is_in_layers(layers) and not any(map(entry.is_about, changes))]
    notes += [f"{entry.place}: {entry} is about nothing that changed; remove it" for entry in unused]
    return reviewed, notes
