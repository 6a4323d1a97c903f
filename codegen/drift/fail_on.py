"""The conditions of `--fail-on`."""

from __future__ import annotations

import attrs

from .report import CHOICES, LEVELS, Change, Layer, Level, Review

_WORDS: dict[str, Level] = {
    "error": "error",
    "breaking": "error",
    "broken": "error",
    "warning": "warning",
    "info": "info",
    "compatible": "info",
    "additive": "info",
    "changed": "info",
}
_USUAL: dict[Layer, str] = {"wire": "error", "python": "breaking", "overlay": "broken", "docs": "changed"}


@attrs.frozen
class FailCondition:
    """A layer and how grave a change of it must be."""

    layer: Layer
    word: str

    def __str__(self) -> str:
        return f"{self.layer}:{self.word}"

    def is_met_by(self, review: Review) -> bool:
        """Return whether a review has such a change that is not accepted."""
        return any(self._is_met_by_change(change) for change in review.changes)

    def _is_met_by_change(self, change: Change) -> bool:
        mine = change.layer == self.layer or (self.layer == "python" and change.layer == "generator")
        grave = LEVELS.index(change.level) <= LEVELS.index(_WORDS[self.word])
        return mine and grave and change.accepted is None


def parse_fail_on(text: str) -> tuple[FailCondition, ...]:
    """Parse the value of `--fail-on`.

    Args:
        text: Such as `wire:error,python:breaking,overlay`.

    Raises:
        ValueError: A layer or a word is unknown.
    """
    conditions = []
    for part in text.split(","):
        name, _, word = part.strip().partition(":")
        layers: dict[str, Layer] = {choice: choice for choice in CHOICES}
        if name not in layers:
            raise ValueError(f"unknown layer {name!r}; known: {', '.join(CHOICES)}")
        layer = layers[name]
        word = word or _USUAL[layer]
        if word not in _WORDS:
            raise ValueError(f"unknown level {word!r}; known: {', '.join(_WORDS)}")
        conditions.append(FailCondition(layer, word))
    return tuple(conditions)
