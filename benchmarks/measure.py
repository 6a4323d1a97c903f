"""Compares ways of doing the same work in one run: interleaved, in random order, by the median."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Mapping

import attrs

OURS = "ours"
"""The way that the others are compared with."""

Sample = Callable[[], list[float]]
"""Does the work once or several times, and returns a measurement for each time: seconds, or another size."""

Way = Callable[[], Callable[[], object]]
"""Prepares the work, outside the measurement, and returns the function to measure."""


@attrs.frozen
class Comparison:
    """Several ways of doing the same work, `OURS` among them.

    Attributes:
        what: The name of the work.
        ways: For the name of each way, the function that measures it.
        bounds: For the name of another way, how many times as long ours may take.
        tail: The same for the slowest hundredth.
        limits: For the name of another way, why the bound may be missed, and what was tried.
        rounds: How many times to measure each way, if that takes long; None for the number of the caller.
    """

    what: str
    ways: Mapping[str, Sample]
    bounds: Mapping[str, float]
    tail: Mapping[str, float] = attrs.field(factory=dict)
    limits: Mapping[str, str] = attrs.field(factory=dict)
    rounds: int | None = None


@attrs.frozen
class Row:
    """The result of a comparison: the medians of ours and of the peer, and their ratio."""

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
        rounds: How many times to measure each way, 1 or more, unless the comparison has a number of its own.

    Returns:
        A row for each bound: the medians, their ratio, and whether it is within the bound.
    """
    for sample in comparison.ways.values():
        sample()  # loads and compiles what the work needs once
    samples: dict[str, list[float]] = {name: [] for name in comparison.ways}
    for _ in range(comparison.rounds or rounds):
        for name in random.sample(list(samples), len(samples)):
            samples[name] += comparison.ways[name]()
    medians = {name: statistics.median(each) for name, each in samples.items()}
    tails = {name: _compute_p99(each) for name, each in samples.items()} if comparison.tail else {}
    return [
        *_build_rows(comparison, medians, comparison.bounds, ""),
        *_build_rows(comparison, tails, comparison.tail, ", p99"),
    ]


def sample_in_process(way: Way) -> Sample:
    """Build the function that measures a way in this process."""

    def sample() -> list[float]:
        work = way()
        gc.collect()
        began = time.perf_counter()
        work()
        return [time.perf_counter() - began]

    return sample


def _build_rows(
    comparison: Comparison, sizes: Mapping[str, float], bounds: Mapping[str, float], suffix: str
) -> list[Row]:
    rows = []
    for name, bound in bounds.items():
        ours = sizes[OURS]
        ratio = ours / sizes[name]
        note = comparison.limits.get(name, "") if ratio > bound else ""
        rows.append(Row(comparison.what + suffix, name, ours, sizes[name], ratio, bound, ratio <= bound, note))
    return rows


def _compute_p99(samples: list[float]) -> float:
    return statistics.quantiles(samples, n=100, method="inclusive")[98]
