"""Applies `spec/corrections.yaml`: what upstream's spec gets wrong, as data.

Each entry says where (a JSONPath, RFC 9535, into the vendored file), what (a rule and its argument), why, and how
many places it must match: a number, `>= n`, or `each` for one place or more. An entry that matches another number of
places is an error and not a silent no-op, since upstream has changed there.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import attrs
import jsonpath

from .errors import CodegenError
from .schemas import SECRET
from .spec import Json, YamlFile, iterate_references, load_yaml, resolve


def _merge(target: Json, what: Json) -> Json:
    """Merge Patch (RFC 7396): given keys replace, null removes."""
    if not isinstance(what, dict):
        return copy.deepcopy(what)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in what.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


def _mark_secret(target: Json, _what: Json) -> Json:
    return {**target, SECRET: True}


def _allow_overlap(target: Json, _what: Json) -> Json:
    """Replace `oneOf` by `anyOf`, so that several alternatives may hold at once."""
    return {"anyOf" if key == "oneOf" else key: value for key, value in target.items()}


RULES: Mapping[str, Callable[[Json, Json], Json]] = MappingProxyType(
    {"merge": _merge, "overlap": _allow_overlap, "secret": _mark_secret}
)
"""For each rule, a function of the current value and the entry's `what` that returns the new value."""

_TAKES_WHAT = frozenset({"merge"})


@attrs.frozen
class Correction:
    """One thing that upstream's spec gets wrong."""

    id: str
    rule: str
    where: str
    matches: int
    """How many places it must match."""
    may_match_more: bool
    """Whether more places than `matches` are right too, because the spec may grow there."""
    why: str
    what: Json
    place: str
    """`file:line:column` of the entry."""
    path: jsonpath.CompoundJSONPath | jsonpath.JSONPath = attrs.field(repr=False)
    lines: Mapping[str, int] = attrs.field(factory=dict, repr=False)
    """The lines of its keys, if a file has it."""

    @property
    def label(self) -> str:
        """The place of the entry and its id, for messages."""
        return f"{self.place}: correction {self.id!r}"

    def locate(self, key: str) -> str:
        """Return a key with its line."""
        return f"`{key}` in line {self.lines[key]}" if key in self.lines else f"`{key}`"


def load(path: Path) -> tuple[Correction, ...]:
    """Read a corrections file.

    Args:
        path: YAML; a list of entries with the keys `id`, `rule`, `where`, `matches`, `why` and, for rules that
            take an argument, `what`.

    Returns:
        The entries in the order of the file.

    Raises:
        CodegenError: The file cannot be read, or an entry is not as it must be. Names file, line and column.
    """
    file = load_yaml(path)
    if file.value is not None and not isinstance(file.value, list):
        raise CodegenError(f"{file.format_place('')}: a list of corrections is expected")
    corrections: list[Correction] = []
    for index, entry in enumerate(file.value or ()):
        correction = _parse_entry(entry, index, file)
        if any(correction.id == other.id for other in corrections):
            raise CodegenError(f"{correction.place}: correction {correction.id!r} stands twice")
        corrections.append(correction)
    return tuple(corrections)


def _parse_entry(entry: Json, index: int, file: YamlFile) -> Correction:
    place = file.format_place(f"/{index}")
    if not isinstance(entry, dict):
        raise CodegenError(f"{place}: a correction must be a mapping")

    def get_text(key: str) -> str:
        value = entry.get(key)
        if not isinstance(value, str) or not value.strip():
            raise CodegenError(f"{place}: the correction needs `{key}`, a non-empty text")
        return value

    name, rule = get_text("id"), get_text("rule")
    if rule not in RULES:
        names = ", ".join(sorted(RULES))
        raise CodegenError(
            f"{file.format_place(f'/{index}/rule')}: unknown rule {rule!r} in correction {name!r}; known: {names}"
        )
    known_keys = {"id", "rule", "where", "matches", "why"} | ({"what"} if rule in _TAKES_WHAT else set())
    for key in sorted(entry.keys() - known_keys):
        raise CodegenError(
            f"{file.format_place(f'/{index}/{key}')}: rule {rule!r} of correction {name!r} takes no {key!r}"
        )
    if rule in _TAKES_WHAT and not isinstance(entry.get("what"), dict):
        raise CodegenError(f"{place}: rule {rule!r} of correction {name!r} needs `what`, a mapping")
    matches, may_match_more = _parse_matches(entry.get("matches"))
    if matches < 1:
        problem = "needs `matches`, a whole number of 1 or more, `>= n`, or `each`"
        raise CodegenError(f"{place}: correction {name!r} {problem}")
    where = get_text("where")
    try:
        path = jsonpath.compile(where)
    except jsonpath.JSONPathError as error:
        message = str(error).splitlines()[0]
        raise CodegenError(f"{file.format_place(f'/{index}/where')}: {where!r} is not a JSONPath: {message}") from None
    lines = {key: file.find_span(f"/{index}/{key}")[0] for key in entry}
    return Correction(
        name, rule, where, matches, may_match_more, get_text("why"), entry.get("what"), place, path, lines
    )


def _parse_matches(value: Json) -> tuple[int, bool]:
    """Parse `matches` into the number of places and whether more are right too; the number is 0 if it is wrong."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value, False
    if value == "each":
        return 1, True
    found = re.fullmatch(r">=\s*([0-9]{1,6})", value.strip()) if isinstance(value, str) else None
    return (int(found[1]), True) if found else (0, False)


def apply(corrections: tuple[Correction, ...], document: dict[str, Json], *, lenient: bool) -> list[str]:
    """Apply corrections to a document, in place.

    Args:
        corrections: What to apply, in order.
        document: A decoded OpenAPI document; changed.
        lenient: Apply an entry wherever it matches, however often, and leave out one that refers to what is not
            there; for specs other than the vendored one, on which some entries have nothing to correct.

    Returns:
        With `lenient`, one note for each entry that does not fit the document. If no entry that names a place, and does
        not search for some, matches, there is one note for all, and none is applied.

    Raises:
        CodegenError: Without `lenient`, an entry matched another number of places than it says, or refers to
            nothing.
    """
    named = [correction for correction in corrections if not re.search(r"\*|\?|\.\.", correction.where)]
    if len(named) > 1 and not any(_find_matches(correction, document) for correction in named):
        file = named[0].place.rsplit(":", 2)[0]
        message = f"{file}: its corrections are of another spec: none of the {len(named)} that name a place matches"
        if lenient:
            return [f"{message}, so none is applied"]
        raise CodegenError(f"{message}; LENIENT=1 (--lenient) goes on without them")
    notes: list[str] = []
    for correction in corrections:
        found = _find_matches(correction, document)
        dangling = _find_dangling_reference(correction, document)
        message = advice = ""
        if dangling:
            message = f"refers to {dangling!r}, which is not there"
            advice = f"correct {correction.locate('what')}, or remove the entry"
        elif len(found) < correction.matches or (len(found) > correction.matches and not correction.may_match_more):
            expected = f"{correction.matches} {'place' if correction.matches == 1 else 'places'}"
            expected = f"at least {expected}" if correction.may_match_more else expected
            message = f"must match {expected}, but {correction.where} matches {len(found) or 'none'}"
            advice = _advise(correction, len(found))
        if message:
            note = f"{correction.label} {message}: upstream has moved; {advice}"
            if not lenient:
                raise CodegenError(note)
            notes.append(note)
        if not dangling:
            _apply_one(correction, found)
    return notes


def _find_matches(correction: Correction, document: dict[str, Json]) -> list[jsonpath.JSONPathMatch]:
    try:
        return list(correction.path.finditer(document))
    except jsonpath.JSONPathError as error:
        raise CodegenError(f"{correction.label}: {correction.where} fails: {str(error).splitlines()[0]}") from None


def _advise(correction: Correction, count: int) -> str:
    """Say what to write into an entry that matches another number of places than it says, if that is right."""
    if not count:
        return f"remove the entry, or correct {correction.locate('where')}"
    number = f">= {count}" if correction.may_match_more else str(count)
    return (
        f"make it {number} at {correction.locate('matches')} if that is right, or correct {correction.locate('where')}"
    )


def _find_dangling_reference(correction: Correction, document: dict[str, Json]) -> str | None:
    """Find a reference that a correction would add and that leads nowhere."""
    for _, ref in iterate_references(correction.what):
        try:
            resolve(document, ref)
        except LookupError:
            return ref
    return None


def _apply_one(correction: Correction, found: list[jsonpath.JSONPathMatch]) -> None:
    # Innermost first: what replaces an outer match is made from what stands in it by then.
    for match in sorted(found, key=lambda match: len(match.parts), reverse=True):
        if match.parent is None or not isinstance(match.obj, dict):
            what = "the whole document" if match.parent is None else f"{match.path}, which is no mapping"
            raise CodegenError(f"{correction.label} must not match {what}")
        holder: Json = match.parent.obj
        holder[match.parts[-1]] = RULES[correction.rule](match.obj, correction.what)
