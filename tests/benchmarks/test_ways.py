"""Tests that every way does the same work and returns the same results."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from benchmarks import clients, ways
from benchmarks.measure import Sample
from benchmarks.peers import Peers, generate_untouched
from benchmarks.server import start_server
from benchmarks.ways import ours

ROOT = Path(ways.__file__).parents[2]
USERS = 1_200
"""Number of users on the server: two large pages, the second one not full."""

CALLS = 60


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start_server(USERS) as url:
        yield url


class RunPython(Protocol):
    """A fixture that runs Python in a new process, and returns its output."""

    def __call__(self, *words: str, stdin: str = "") -> str: ...


@pytest.fixture(scope="module")
def run_python(tmp_path_factory: pytest.TempPathFactory) -> RunPython:
    """Return a function that runs Python in a new process, as the measurements do, and returns its output."""
    folder = tmp_path_factory.mktemp("generator")
    generate_untouched(folder / ways.UNTOUCHED)
    environment = {**os.environ, "PYTHONPATH": str(folder)}

    def run_python(*words: str, stdin: str = "") -> str:
        command = [sys.executable, *words]
        return subprocess.run(
            command, cwd=ROOT, env=environment, input=stdin, stdout=subprocess.PIPE, text=True, check=True, timeout=60
        ).stdout

    return run_python


LONG_CASES = {"stream_100_000", "stream_1_000_000"}
"""Cases of `stream_in_process`, which has a test with fewer users."""


def cases() -> dict[str, list[str]]:
    """List the cases of each way that is compared."""
    found: dict[str, list[str]] = {}

    class CaseRecorder(Peers):
        def sample_case(self, name: str, case: str, url: str, times: int = 1) -> Sample:
            found.setdefault(name.partition("+")[0], []).append(case)
            return list

        def sample_memory(self, name: str, case: str, url: str) -> tuple[Sample, Sample, Sample]:
            if case not in LONG_CASES:
                found.setdefault(name, []).append(case)
            return list, list, list

    for comparison in clients.build_comparisons(CaseRecorder(Path()), "http://near", "http://far", quick=False):
        assert comparison.bounds.keys() | comparison.tail.keys() <= comparison.ways.keys() - {"ours"}
    return {name: list(dict.fromkeys(done)) for name, done in found.items()}


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
        seconds[case] = runner.run(worker.measure_times_async(work, 1)) if is_async else worker.measure_times(work, 1)
print(json.dumps(seconds))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "done"), cases().items())
def test_every_way_does_all_of_its_cases(run_python: RunPython, url: str, name: str, done: list[str]) -> None:
    seconds = json.loads(run_python("-c", EACH_CASE, name, url, *done))
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


def test_the_ways_return_the_same(run_python: RunPython, url: str) -> None:
    run_python("-c", SAME, url)


def test_concurrent_calls_are_as_many_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    now = most = done = 0

    async def call() -> None:
        nonlocal now, most, done
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        done += 1

    asyncio.run(asyncio.wait_for(ways.run_concurrently(call)(), 10))
    assert (most, done) == (ways.CONCURRENCY, ways.CALLS)


@pytest.mark.slow
@pytest.mark.parametrize("text", [*clients.IMPORTS.values(), *clients.FIRST_RESPONSES.values()])
def test_the_scripts_run(run_python: RunPython, url: str, text: str) -> None:
    assert run_python("-c", f"import sys\n{text}", url) == ""


@pytest.mark.parametrize("case", ["get", "async_get"])
def test_a_worker_prints_the_seconds_of_each_time(run_python: RunPython, url: str, case: str) -> None:
    lines = run_python("-m", "benchmarks.worker", "bare", case, url, stdin="3\n1\n").splitlines()
    assert [len(json.loads(line)) for line in lines] == [3, 1]


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux reports the peak of a process")
def test_a_worker_prints_its_memory(run_python: RunPython, url: str) -> None:
    growth, peak, seconds = json.loads(run_python("-m", "benchmarks.worker", "bare", "keep", url, "--memory"))
    assert 1_000 < growth < peak
    assert seconds > 0


def test_the_environment_of_the_peers_holds_no_address() -> None:
    text = (ROOT / "benchmarks" / "requirements.txt").read_text("utf-8")
    assert re.search(r"^gcore==0\.59\.0 ", text, re.M)
    assert "http" not in re.sub(r"httpx|httpcore|aiohttp", "", text)


def test_streams_distinct_users_from_this_process(url: str) -> None:
    work = ours.stream_in_process(url, 2500)
    work()  # raises if the number of users differs
