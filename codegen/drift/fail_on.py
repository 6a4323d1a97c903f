"""The conditions of `--fail-on`."""

from __future__ import annotations

import attrs

from .report import AGREEMENTS, LEVELS, Change, Level, Review

OBSERVED = "observed"
"""The layer of observations."""

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
_USUAL = {"wire": "error", "python": "breaking", "overlay": "broken", "docs": "changed", OBSERVED: "unexplained"}


@attrs.frozen
class FailCondition:
    """A layer and how grave a change of it must be, or an observation and its agreement with the new spec."""

    layer: str
    word: str

    def __str__(self) -> str:
        return f"{self.layer}:{self.word}"

    def is_met_by(self, review: Review) -> bool:
        """Return whether a review has such an observation, or such a change that is not accepted."""
        if self.layer == OBSERVED:
            grave = AGREEMENTS[: AGREEMENTS.index(self.word) + 1]
            return any(fact.agreement in grave for fact in review.observed or ())
        return any(self._is_met_by_change(change) for change in review.changes)

    def _is_met_by_change(self, change: Change) -> bool:
        mine = change.layer == self.layer or (self.layer == "python" and change.layer == "generator")
        grave = LEVELS.index(change.level) <= LEVELS.index(_WORDS[self.word])
        return mine and grave and change.accepted is None


def parse_fail_on(text: str) -> tuple[FailCondition, ...]:
    """Parse the value of `--fail-on`.

    Args:
        text: Such as `wire:error,python:breaking,overlay,observed:contradicted`.

    Raises:
        ValueError: A layer or a word is unknown.
    """
    conditions = []
    for part in text.split(","):
        name, _, word = part.strip().partition(":")
        if name not in _USUAL:
            raise ValueError(f"unknown layer {name!r}; known: {', '.join(_USUAL)}")
        word = word or _USUAL[name]
        known = AGREEMENTS[:2] if name == OBSERVED else _WORDS
        if word not in known:
            raise ValueError(f"unknown level {word!r}; known: {', '.join(known)}")
        conditions.append(FailCondition(name, word))
    return tuple(conditions)
