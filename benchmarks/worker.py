"""`python -m benchmarks.worker WAY CASE URL`: runs one case in one way, in a process that has loaded nothing else.

For each number on standard input, it does the work that many times, and prints the seconds of each time as JSON.
With `--memory`, it first reads one page, so that all code is loaded. Then it does the work once, and prints as JSON the
growth of the process in kilobytes at the peak, its kilobytes at the peak, and the seconds of the work (Linux).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import inspect
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

_PROCESS = Path("/proc/self")


def measure_times(work: Callable[[], object], times: int) -> list[float]:
    """Do the work several times, and return the seconds of each time."""
    gc.collect()
    samples = []
    for _ in range(times):
        began = time.perf_counter()
        result = work()
        samples.append(time.perf_counter() - began)
        del result  # after the clock has stopped
    return samples


async def measure_times_async(work: Callable[[], Awaitable[object]], times: int) -> list[float]:
    """Await the work several times, and return the seconds of each time."""
    gc.collect()
    samples = []
    for _ in range(times):
        began = time.perf_counter()
        result = await work()
        samples.append(time.perf_counter() - began)
        del result  # after the clock has stopped
    return samples


def measure_memory(work: Callable[[], object]) -> tuple[int, int, float]:
    """Measure the work once: kilobytes of growth at the peak, kilobytes at the peak, and seconds."""
    gc.collect()
    (_PROCESS / "clear_refs").write_text("5", "ascii")  # resets the peak to the current size
    before = _read_peak()
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    peak = _read_peak()
    del result
    return peak - before, peak, seconds


def _read_peak() -> int:
    lines = (_PROCESS / "status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Read the command line, and run the case."""
    parser = argparse.ArgumentParser()
    parser.add_argument("way")
    parser.add_argument("case")
    parser.add_argument("url")
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    name, _, speedups = options.way.partition("+")
    if not speedups:
        sys.modules["orjson"] = None  # type: ignore[assignment] # as if it were not installed
    way = import_module(f".ways.{name}", __package__)
    work: Callable[[], Any] = getattr(way, options.case)(options.url)
    if options.memory:
        way.first_item(options.url)()
        print(json.dumps(measure_memory(work)))
        return
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            times = int(line)
            is_async = inspect.iscoroutinefunction(work)
            samples = runner.run(measure_times_async(work, times)) if is_async else measure_times(work, times)
            print(json.dumps(samples), flush=True)
        os._exit(0)  # without closing clients, which takes time


if __name__ == "__main__":
    main()
