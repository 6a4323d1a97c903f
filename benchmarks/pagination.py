"""What walking 10,000 users in pages of 100 costs: beside the official SDK, bare httpx, and the latency alone."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
from gcore_iam import AsyncIAMClient, IAMClient

from .measure import Comparison, Row, measure
from .server import serving

USERS = 10_000
MANY = 100_000
PAGE = 100
LATENCY = 0.02
"""Seconds per answer."""

KEY = "42_benchmark"

ROUNDS = {4: 26, 8: 14}
"""By pages in flight: how often the latency passes, when one page comes first and then so many at a time."""

FASTER = {4: 5, 8: 9}
"""By pages in flight: how many times as fast as the official SDK, at least."""

FEW = 5
"""Rounds where one takes seconds."""


def rows() -> Iterator[Row]:
    """Measure; the official SDK comes last, since its many objects burden whatever runs beside it."""
    with serving(USERS, LATENCY) as far, serving(USERS) as near:
        beside_httpx = Comparison(f"{_what()}, one at a time, beside bare httpx", _ours(near, 1), _httpx(near), 1.3)
        yield measure(beside_httpx)
        for prefetch, rounds in ROUNDS.items():
            latency = f"beside {rounds} x {LATENCY * 1000:.0f} ms of latency alone"
            name = f"{_what()}, {prefetch} at a time, {latency}"
            yield measure(Comparison(name, _ours(far, prefetch), _waiting(rounds), 1.35))
            yield measure(Comparison(f"{name}; async", _async(far, prefetch), _waiting(rounds), 1.35))
        name = f"{_what()}, one at a time, beside gcore"
        yield measure(Comparison(name, _ours(near, 1), _gcore(near), 1 / 10), FEW)
        for prefetch, times in FASTER.items():
            name = f"{_what()}, {prefetch} at a time, {LATENCY * 1000:.0f} ms of latency, beside gcore"
            yield measure(Comparison(name, _ours(far, prefetch), _gcore(far), 1 / times), FEW)
    with serving(MANY) as many:
        yield _memory(many)


def _what() -> str:
    return f"{USERS:,} users in pages of {PAGE}"


def _ours(url: str, prefetch: int) -> Callable[[], Callable[[], object]]:
    iam = IAMClient(KEY, base_url=url)

    def work() -> None:
        count = 0
        for _ in iam.users.list(page_size=PAGE, prefetch=prefetch):
            count += 1
        assert count == USERS

    return lambda: work


def _async(url: str, prefetch: int) -> Callable[[], Callable[[], object]]:
    async def main() -> None:
        async with AsyncIAMClient(KEY, base_url=url) as iam:
            count = 0
            async for _ in iam.users.list(page_size=PAGE, prefetch=prefetch):
                count += 1
            assert count == USERS

    return lambda: lambda: asyncio.run(main())


def _httpx(url: str) -> Callable[[], Callable[[], object]]:
    client = httpx.Client(base_url=url, headers={"Authorization": f"APIKey {KEY}"})

    def work() -> None:
        count = 0
        while True:
            page = client.get("/iam/users", params={"limit": PAGE, "offset": count}).json()
            for _ in page["results"]:
                count += 1
            if count >= page["count"]:
                break
        assert count == USERS

    return lambda: work


def _gcore(url: str) -> Callable[[], Callable[[], object]]:
    import gcore

    client = gcore.Gcore(api_key=KEY, base_url=url)

    def work() -> None:
        count = 0
        for _ in client.iam.users.list(limit=PAGE):
            count += 1
        assert count == USERS

    return lambda: work


def _waiting(rounds: int) -> Callable[[], Callable[[], object]]:
    def work() -> None:
        for _ in range(rounds):
            time.sleep(LATENCY)

    return lambda: work


def _memory(url: str) -> Row:
    """The peak of the resident memory of a process that streams users: all of them, and a tenth."""

    def peak(users: int) -> float:
        command = [sys.executable, "-m", "benchmarks.streaming", url, str(users)]
        run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
        return float(run.stdout)

    ours, peer, bound = peak(MANY), peak(MANY // 10), 1.1
    name = f"peak memory of streaming {MANY:,} users, beside {MANY // 10:,}"
    return Row(name, ours, peer, ours / peer, bound, ours / peer <= bound)
