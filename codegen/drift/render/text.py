"""Renders a review as text for a terminal or a log."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ..report import Change, ObservedFact, Review
from . import common
from .common import Block, Options

_LEAST = 20
"""The minimum width of text in columns."""

_STYLES_OF_TONES = {"bad": "bold red", "warn": "yellow", "note": "cyan", "good": "green", "off": "dim"}
_STYLES = {word: _STYLES_OF_TONES[tone] for word, tone in common.TONES.items()}

_Line = tuple[int, Text]
"""The indentation of a line, and its text."""


def render(review: Review, options: Options) -> str:
    """Show a review as lines of text.

    Args:
        review: What to show.
        options: `color`, `width` and `docs` count here.

    Returns:
        Lines, each ended by a line break, that are no wider than asked for unless a single word is.
    """
    file = io.StringIO()
    console = Console(
        file=file,
        width=options.width,
        force_terminal=options.color,
        no_color=not options.color,
        color_system="standard" if options.color else None,
        highlight=False,
        legacy_windows=False,
    )
    for indent, line in _iterate_lines(review, options):
        hanging = indent + 2
        for number, part in enumerate(_wrap_line(line, max(options.width - hanging, _LEAST))):
            margin = " " * (hanging if number else indent)
            console.print(Text.assemble(margin, part) if part else part, soft_wrap=True)
    return file.getvalue()


def _wrap_line(line: Text, width: int) -> Iterator[Text]:
    """Break a line between words only, so that every place and every name stays whole."""
    start = 0
    breaks: list[int] = []
    for word in re.finditer(r"\S+", line.plain):
        if word.start() > start and cell_len(line.plain[start : word.end()]) > width:
            start = word.start()
            breaks.append(start)
    for part in line.divide(breaks):
        part.rstrip()
        yield part


def _iterate_lines(review: Review, options: Options) -> Iterator[_Line]:
    yield 0, Text("Drift review", "bold")
    yield 2, Text(f"old      {common.format_source(review.old)}")
    yield 2, Text(f"new      {common.format_source(review.new)}")
    yield 0, Text()
    for layer, word in common.iterate_verdicts(review):
        yield 2, Text.assemble(f"{layer:9}", (word, _STYLES[word]))
    yield 2, Text.assemble("bump     ", (review.suggested_bump, _STYLES[review.suggested_bump]), " (suggested)")
    if not review.changes:
        yield 0, Text()
        yield 0, Text(common.NO_CHANGES)
    for layer, changes in common.group_by_layer(review):
        if not changes:
            continue
        yield 0, Text()
        yield 0, Text.assemble((layer, "bold"), f": {common.tally(changes)}")
        if layer == "docs" and not options.docs:
            yield from (
                (2, Text(f"{count:4} {common.format_line(rule)}")) for rule, count in common.count_rules(changes)
            )
            continue
        for block in common.group_by_rule(changes):
            yield from _iterate_block_lines(review, block)
    if review.observed is not None:
        yield from _iterate_fact_lines(review, review.observed)
    if review.notes:
        yield 0, Text()
        yield 0, Text("notes", "bold")
        yield from ((2, Text(f"- {common.format_line(note)}")) for note in review.notes)


def _iterate_block_lines(review: Review, block: Block) -> Iterator[_Line]:
    where = f" in {common.format_line(block.component)}" if block.component else ""
    yield 2, Text.assemble((block.level, _STYLES[block.level]), f" {common.format_line(block.id)}{where}")
    shared = len({change.operations for change in block.changes}) == 1
    if shared:
        yield from _iterate_operation_lines(4, block.changes[0])
    for change in block.changes:
        where = " -> ".join(common.format_places(review, change)) or common.format_line(change.pointer)
        yield 4, Text.assemble(common.format_line(change.message), (f"  {where}" if where else "", "dim"))
        if not shared:
            yield from _iterate_operation_lines(6, change)
        if change.members:
            yield 6, Text(f"such as: {common.format_words(change.members)}", "dim")
        if change.symbols:
            yield 6, Text(f"symbols: {common.format_words(change.symbols)}", "dim")
        yield from ((6, Text(f"breaks {common.format_line(file)}", "bold")) for file in change.files)
        if change.code:
            yield 8, Text(common.format_line(change.code))
        if change.instead:
            yield 6, Text(f"write {common.format_line(change.instead)}", "green")
        yield from (
            (6, Text(f"because of {common.format_line(cause)}")) for cause in common.list_reasons(review, change)
        )
        if note := common.format_sightings(review, change):
            yield 6, Text(note, "bold")
        if change.level != "info" and change.fingerprint:
            yield 6, Text(f"fingerprint: {change.fingerprint}", "dim")
        if change.accepted:
            yield 6, Text(common.format_acceptance(change.accepted), "green")


def _iterate_fact_lines(review: Review, facts: Sequence[ObservedFact]) -> Iterator[_Line]:
    yield 0, Text()
    yield 0, Text.assemble((common.OBSERVED, "bold"), f": {common.tally_facts(facts)}")
    for fact in facts:
        words = f" {common.format_line(fact.kind)} in {common.format_fact_place(fact)}"
        yield 2, Text.assemble((fact.agreement, _STYLES[fact.agreement]), words)
        where = " -> ".join(common.format_places(review, fact))
        yield 4, Text.assemble(common.format_line(fact.message), (f"  {where}" if where else "", "dim"))
        yield from ((6, Text(common.format_line(line))) for line in common.list_fact_lines(fact))


def _iterate_operation_lines(indent: int, change: Change) -> Iterator[_Line]:
    if change.operations:
        yield indent, Text(f"operations: {common.format_words(change.operations)}", "dim")
