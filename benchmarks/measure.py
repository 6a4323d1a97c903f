"""Compares ways of doing the same in one run: interleaved, in random order, by the median."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Mapping

import attrs

OURS = "ours"
"""The way that the others are held against."""

Sample = Callable[[], list[float]]
"""Does the work once or a few times, and gives what each time took: seconds, or another size."""

Way = Callable[[], Callable[[], object]]
"""Makes ready, outside the measurement, and gives what is to be measured."""


@attrs.frozen
class Comparison:
    """Several ways of doing the same, `OURS` among them.

    Attributes:
        what: What they do.
        ways: Each way's name and what measures it.
        bounds: By the name of another way: how many times as long ours may take.
        tail: The same for the slowest hundredth.
        limits: By the name of another way: why the bound may not be met, and what was tried.
        rounds: How often to measure each way where that takes long; None leaves it to the caller.
    """

    what: str
    ways: Mapping[str, Sample]
    bounds: Mapping[str, float]
    tail: Mapping[str, float] = attrs.field(factory=dict)
    limits: Mapping[str, str] = attrs.field(factory=dict)
    rounds: int | None = None


@attrs.frozen
class Row:
    """What a comparison gave: ours and the peer's as measured, and ours as a multiple of the peer's."""

    name: str
    beside: str
    ours: float
    peer: float
    ratio: float
    bound: float
    ok: bool
    note: str = ""


def measure(comparison: Comparison, rounds: int) -> list[Row]:
    """Measure a comparison.

    Args:
        comparison: What to measure.
        rounds: How often to measure each way, 1 or more, unless the comparison says.

    Returns:
        A row for each bound: the medians, their ratio, and whether it is within the bound.
    """
    for sample in comparison.ways.values():
        sample()  # what is loaded or compiled once is no part of the work
    samples: dict[str, list[float]] = {name: [] for name in comparison.ways}
    for _ in range(comparison.rounds or rounds):
        for name in random.sample(list(samples), len(samples)):
            samples[name] += comparison.ways[name]()
    tails = {name: _slowest(each) for name, each in samples.items()} if comparison.tail else {}
    return [
        *_rows(comparison, {name: statistics.median(each) for name, each in samples.items()}, comparison.bounds, ""),
        *_rows(comparison, tails, comparison.tail, ", p99"),
    ]


def in_process(way: Way) -> Sample:
    """Measures a way in this process."""

    def sample() -> list[float]:
        work = way()
        gc.collect()
        began = time.perf_counter()
        work()
        return [time.perf_counter() - began]

    return sample


def _rows(comparison: Comparison, sizes: Mapping[str, float], bounds: Mapping[str, float], of: str) -> list[Row]:
    rows = []
    for name, bound in bounds.items():
        ours = sizes[OURS]
        ratio = ours / sizes[name]
        note = comparison.limits.get(name, "") if ratio > bound else ""
        rows.append(Row(comparison.what + of, name, ours, sizes[name], ratio, bound, ratio <= bound, note))
    return rows


def _slowest(samples: list[float]) -> float:
    return statistics.quantiles(samples, n=100, method="inclusive")[98]
