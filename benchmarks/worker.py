"""`python -m benchmarks.worker WAY CASE URL`: does one case in one way, in a process that has loaded nothing else.

For each number on standard input it does the work so often, and prints the seconds that each time took as JSON.
With `--memory` it reads one page first, so that all code is loaded, does the work once, and prints as JSON by how many
kilobytes the process has grown at most, how many it had at most, and the seconds that the work took (Linux).
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


def timed(work: Callable[[], object], times: int) -> list[float]:
    """Seconds that each time took."""
    gc.collect()
    samples = []
    for _ in range(times):
        began = time.perf_counter()
        result = work()
        samples.append(time.perf_counter() - began)
        del result  # after the clock has stopped
    return samples


async def timed_async(work: Callable[[], Awaitable[object]], times: int) -> list[float]:
    """The same of what is awaited."""
    gc.collect()
    samples = []
    for _ in range(times):
        began = time.perf_counter()
        result = await work()
        samples.append(time.perf_counter() - began)
        del result  # after the clock has stopped
    return samples


def memory(work: Callable[[], object]) -> tuple[int, int, float]:
    """Measure the work once: kilobytes of growth at the peak, kilobytes at the peak, and seconds."""
    gc.collect()
    (_PROCESS / "clear_refs").write_text("5", "ascii")  # the peak is the present again
    before = _peak()
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    peak = _peak()
    del result
    return peak - before, peak, seconds


def _peak() -> int:
    lines = (_PROCESS / "status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Read the command line, and work."""
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
        print(json.dumps(memory(work)))
        return
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            times = int(line)
            is_async = inspect.iscoroutinefunction(work)
            samples = runner.run(timed_async(work, times)) if is_async else timed(work, times)
            print(json.dumps(samples), flush=True)
        os._exit(0)  # without the goodbyes of clients that nobody has closed


if __name__ == "__main__":
    main()
