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

ROOT = Path(ways.__file__).parents[2]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(ways.USERS) as url:
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


def cases() -> list[tuple[str, str]]:
    """(way, case) of all that is compared."""
    asked = dict[tuple[str, str], None]()

    class Asking(Peers):
        def way(self, name: str, case: str, url: str, times: int = 1) -> Sample:
            asked[name.partition("+")[0], case] = None
            return list

        def memory(self, name: str, case: str, url: str) -> tuple[Sample, Sample]:
            asked[name, case] = None
            return list, list

    for comparison in clients.comparisons(Asking(Path()), "http://near", "http://far", quick=False):
        assert comparison.bounds.keys() | comparison.tail.keys() <= comparison.ways.keys() - {"ours"}
    return list(asked)


@pytest.mark.parametrize(("name", "case"), cases())
def test_every_case_can_be_done_in_every_way(run: Callable[..., str], url: str, name: str, case: str) -> None:
    (seconds,) = json.loads(run("-m", "benchmarks.worker", name, case, url, told="1\n"))
    assert seconds > 0


SAME = """
import sys
from benchmarks.ways import bare, generator, official, ours
url = sys.argv[1]
user = bare.get(url)()
assert ours.get(url)().to_dict() == user
assert official.get(url)().to_dict(mode="json")["email"] == user["email"]
assert generator.get(url)().to_dict() == user
numbers = [each["id"] for each in bare.keep(url)()]
assert len(numbers) == 10_000
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


def test_a_worker_answers_with_a_time_for_each_time(run: Callable[..., str], url: str) -> None:
    lines = run("-m", "benchmarks.worker", "bare", "get", url, told="3\n1\n").splitlines()
    assert [len(json.loads(line)) for line in lines] == [3, 1]


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of a process is Linux's to tell")
def test_a_worker_tells_its_memory(run: Callable[..., str], url: str) -> None:
    more, in_all = json.loads(run("-m", "benchmarks.worker", "bare", "keep", url, "--memory"))
    assert 10_000 < more < in_all


def test_the_environment_of_the_peers_holds_no_address() -> None:
    text = (ROOT / "benchmarks" / "requirements.txt").read_text("utf-8")
    assert re.search(r"^gcore==0\.59\.0 ", text, re.M)
    assert "http" not in re.sub(r"httpx|httpcore|aiohttp", "", text)
