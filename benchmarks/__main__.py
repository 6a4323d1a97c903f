"""`python -m benchmarks`: measures, prints a Markdown table of ratios, and writes `results.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import attrs

from . import pagination
from .measure import Row, measure

RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    """Run every comparison; the exit status is 0 when all are within their bounds."""
    rows = []
    print("| what | ratio | bound | |\n|---|---|---|---|")
    for row in chain(pagination.rows(), _of_the_fake(), _of_the_review()):
        rows.append(row)
        print(f"| {row.name} | {row.ratio:.2f} | {row.bound:.2f} | {'ok' if row.ok else 'too much'} |", flush=True)
    RESULTS.write_text(json.dumps({"rows": [attrs.asdict(row) for row in rows]}, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.ok for row in rows) else 1


def _of_the_fake() -> Iterator[Row]:
    from . import fake_iam  # here: what it loads would burden whatever is measured beside it

    yield from map(measure, fake_iam.comparisons())


def _of_the_review() -> Iterator[Row]:
    from . import drift  # here, for the same reason

    yield from (measure(comparison, rounds=5) for comparison in drift.comparisons())


if __name__ == "__main__":
    sys.exit(main())
