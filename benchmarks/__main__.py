"""`python -m benchmarks`: measures, prints a Markdown table of ratios, and writes `results.json`."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path

import attrs

from . import clients
from .measure import Row, measure
from .peers import collect_versions

PEERS = (clients.OFFICIAL, clients.GENERATOR, clients.BARE)

RESULTS = Path(__file__).with_name("results.json")


def main(arguments: list[str] | None = None) -> int:
    """Run every comparison; the exit status is 0 if each is within its bounds, or has a known reason why not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="take less than two minutes: fewer calls, and only the work of users"
    )
    parser.add_argument("--only", default="", metavar="WORD", help="run only comparisons whose names contain a word")
    options = parser.parse_args(arguments)
    rows = []
    print("Ours as a multiple of theirs: 0.5 takes half the time, or half the memory.\n")
    print("| what | beside | ratio | at most | verdict |\n|---|---|---|---|---|")
    for row in _measure_rows(options.only, quick=options.quick):
        rows.append(row)
        print(render_row(row), flush=True)
    print("", *render_summary(rows), sep="\n")
    today, used = datetime.date.today().isoformat(), collect_versions()
    print(f"\nMeasured on {today} with {', '.join(f'{name} {version}' for name, version in used.items())}.")
    found = {"date": today, "versions": used, "rows": [attrs.asdict(row) for row in rows]}
    if not options.only:  # the file always has all rows
        RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    above = [row for row in rows if not row.ok]
    unexplained = [row for row in above if not row.note]
    print(f"{len(rows)} rows: {len(above)} above their bounds, {len(unexplained)} of which without a known reason.")
    return 1 if unexplained else 0


def render_summary(rows: Sequence[Row]) -> Iterator[str]:
    """Render a line for each comparison, as on the performance page, and below them the reasons for missed bounds."""
    yield f"| ours as a multiple of | {' | '.join(PEERS)} | others |"
    yield "|---" * (len(PEERS) + 2) + "|"
    for what, group in groupby(rows, key=attrgetter("name")):
        cells = {row.beside: _render_cell(row) for row in group}
        others = ", ".join(f"{name}: {cell}" for name, cell in cells.items() if name not in PEERS)
        yield f"| {what} | {' | '.join(cells.get(name, '') for name in PEERS)} | {others} |"
    notes = {row.note: row.name for row in reversed(rows) if row.note}
    yield from ("", *(f"- {what}: {note}." for note, what in reversed(notes.items())))


def _render_cell(row: Row) -> str:
    text = f"{row.ratio:.3g} (≤ {row.bound:.3g})"
    return text if row.ok else f"**{text}**"


def _measure_rows(only: str, *, quick: bool) -> Iterator[Row]:
    yield from clients.measure_rows(only, quick=quick)
    if quick:
        return
    from . import build_time, fake_iam, observing  # here: their imports would affect the measurements before

    for comparison in chain(
        fake_iam.build_comparisons(), observing.build_comparisons(), build_time.build_comparisons()
    ):
        if only in comparison.what:
            yield from measure(comparison, 9)


def render_row(row: Row) -> str:
    """Render a row of the table."""
    verdict = "ok" if row.ok else f"too much: {row.note}" if row.note else "too much"
    return f"| {row.name} | {row.beside} | {row.ratio:.3g} | {row.bound:.3g} | {verdict} |"


if __name__ == "__main__":
    sys.exit(main())
