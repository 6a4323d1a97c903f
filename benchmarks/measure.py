"""Compares two ways of doing the same in one run: interleaved, in random order, by the median."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable

import attrs

ROUNDS = 15
"""How often each way is measured."""

Way = Callable[[], Callable[[], object]]
"""Makes ready, outside the measurement, and gives what is to be measured."""


@attrs.frozen
class Comparison:
    """Two ways of doing the same, and how many times as long ours may take."""

    name: str
    ours: Way
    peer: Way
    bound: float


@attrs.frozen
class Row:
    """What a comparison gave: times in seconds, or other sizes, and ours as a multiple of the peer's."""

    name: str
    ours: float
    peer: float
    ratio: float
    bound: float
    ok: bool


def measure(comparison: Comparison, rounds: int = ROUNDS) -> Row:
    """Measure a comparison.

    Args:
        comparison: What to measure.
        rounds: How often to measure each way, 1 or more.

    Returns:
        The medians, their ratio, and whether it is within the bound.
    """
    ways = {"ours": comparison.ours, "peer": comparison.peer}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for make in ways.values():
        make()()  # what is loaded or compiled once is no part of the work
    for _ in range(rounds):
        for name in random.sample(list(ways), len(ways)):
            work = ways[name]()
            gc.collect()
            began = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - began)
    ours, peer = statistics.median(times["ours"]), statistics.median(times["peer"])
    return Row(comparison.name, ours, peer, ours / peer, comparison.bound, ours / peer <= comparison.bound)
