"""The work that is measured: every way does it, and gives what the others give."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import clients, ways
from benchmarks.measure import Sample
from benchmarks.peers import Peers, generate_untouched
from benchmarks.server import serving
from benchmarks.ways import ours

ROOT = Path(ways.__file__).parents[2]
USERS = 1_200
"""How many users the server has here: two large pages of them, the second one not full."""

CALLS = 60


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(USERS) as url:
        yield url


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs Python in a process of its own, as the measurements do, and gives what it prints."""
    folder = tmp_path_factory.mktemp("generator")
    generate_untouched(folder / ways.UNTOUCHED)
    environment = {**os.environ, "PYTHONPATH": str(folder)}

    def python(*words: str, told: str = "") -> str:
        command = [sys.executable, *words]
        return subprocess.run(
            command, cwd=ROOT, env=environment, input=told, stdout=subprocess.PIPE, text=True, check=True, timeout=60
        ).stdout

    return python


LONG_CASES = {"stream_100_000", "stream_1_000_000"}
"""Cases of `stream_in_process`, which has a test with fewer users."""


def cases() -> dict[str, list[str]]:
    """List the cases of each way that is compared."""
    asked: dict[str, list[str]] = {}

    class Asking(Peers):
        def way(self, name: str, case: str, url: str, times: int = 1) -> Sample:
            asked.setdefault(name.partition("+")[0], []).append(case)
            return list

        def memory(self, name: str, case: str, url: str) -> tuple[Sample, Sample, Sample]:
            if case not in LONG_CASES:
                asked.setdefault(name, []).append(case)
            return list, list, list

    for comparison in clients.comparisons(Asking(Path()), "http://near", "http://far", quick=False):
        assert comparison.bounds.keys() | comparison.tail.keys() <= comparison.ways.keys() - {"ours"}
    return {name: list(dict.fromkeys(done)) for name, done in asked.items()}


EACH_CASE = f"""
import asyncio, importlib, inspect, json, sys
from benchmarks import ways, worker
ways.USERS, ways.CALLS = {USERS}, {CALLS}
name, url, *cases = sys.argv[1:]
way = importlib.import_module("benchmarks.ways." + name)
seconds = {{}}
with asyncio.Runner() as runner:
    for case in cases:
        work = getattr(way, case)(url)
        is_async = inspect.iscoroutinefunction(work)
        seconds[case] = runner.run(worker.timed_async(work, 1)) if is_async else worker.timed(work, 1)
print(json.dumps(seconds))
"""


@pytest.mark.parametrize(("name", "done"), cases().items())
def test_every_way_does_all_of_its_cases(run: Callable[..., str], url: str, name: str, done: list[str]) -> None:
    seconds = json.loads(run("-c", EACH_CASE, name, url, *done))
    assert list(seconds) == done
    assert all(taken > 0 for (taken,) in seconds.values())


def test_more_than_thirty_cases_are_compared() -> None:
    assert cases().keys() == {"ours", "official", "generator", "bare"}
    assert sum(map(len, cases().values())) > 30


SAME = f"""
import sys
from benchmarks.ways import bare, generator, official, ours
url = sys.argv[1]
user = bare.get(url)()
assert ours.get(url)().to_dict() == user
assert official.get(url)().to_dict(mode="json")["email"] == user["email"]
assert generator.get(url)().to_dict() == user
numbers = [each["id"] for each in bare.keep(url)()]
assert len(numbers) == {USERS}
for way in (ours, official, generator):
    assert [each.id for each in way.keep(url)()] == numbers
    assert [each.id for each in way.build(url)()] == numbers[:1000]
assert ours.unbuild(url)() == generator.unbuild(url)() == bare.loads(url)()
"""


def test_the_ways_give_the_same(run: Callable[..., str], url: str) -> None:
    run("-c", SAME, url)


def test_calls_at_a_time_are_as_many_as_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    now = most = done = 0

    async def call() -> None:
        nonlocal now, most, done
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        done += 1

    asyncio.run(asyncio.wait_for(ways.concurrently(call)(), 10))
    assert (most, done) == (ways.CONCURRENCY, ways.CALLS)


@pytest.mark.parametrize("text", [*clients.IMPORTS.values(), *clients.FIRST_ANSWERS.values()])
def test_the_scripts_run(run: Callable[..., str], url: str, text: str) -> None:
    assert run("-c", f"import sys\n{text}", url) == ""


@pytest.mark.parametrize("case", ["get", "async_get"])
def test_a_worker_answers_with_a_time_for_each_time(run: Callable[..., str], url: str, case: str) -> None:
    lines = run("-m", "benchmarks.worker", "bare", case, url, told="3\n1\n").splitlines()
    assert [len(json.loads(line)) for line in lines] == [3, 1]


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of a process is Linux's to tell")
def test_a_worker_tells_its_memory(run: Callable[..., str], url: str) -> None:
    growth, peak, seconds = json.loads(run("-m", "benchmarks.worker", "bare", "keep", url, "--memory"))
    assert 1_000 < growth < peak
    assert seconds > 0


def test_the_environment_of_the_peers_holds_no_address() -> None:
    text = (ROOT / "benchmarks" / "requirements.txt").read_text("utf-8")
    assert re.search(r"^gcore==0\.59\.0 ", text, re.M)
    assert "http" not in re.sub(r"httpx|httpcore|aiohttp", "", text)


def test_streams_distinct_users_from_this_process(url: str) -> None:
    work = ours.stream_in_process(url, 2500)
    work()  # raises where the number of users differs
