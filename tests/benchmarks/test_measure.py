"""Tests what the benchmarks measure, how often, and how they report it; no test depends on the clock."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from gcore_iam import IAMClient, models
from gcore_iam.testing import FakeIAM

from benchmarks import __main__, build_time, clients, fake_iam, measure, observing, worker
from benchmarks.measure import OURS, Comparison, Row, Sample
from benchmarks.peers import Peers
from benchmarks.server import start_server

ROOT = Path(measure.__file__).parents[1]


class Timepiece:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def timepiece(monkeypatch: pytest.MonkeyPatch) -> Timepiece:
    timepiece = Timepiece()
    monkeypatch.setattr(measure, "time", timepiece)
    return timepiece


def test_preparation_is_not_measured(timepiece: Timepiece) -> None:
    def way() -> Callable[[], object]:
        timepiece.now += 1000

        def work() -> None:
            timepiece.now += 3

        return work

    assert measure.sample_in_process(way)() == [3]


@pytest.mark.parametrize(("bound", "ok"), [(1.5, True), (1.4, False)])
def test_a_row_is_made_of_medians(bound: float, ok: bool) -> None:
    calls: Counter[str] = Counter()
    order = []

    def sample(name: str, size: float) -> list[float]:
        calls[name] += 1
        order.append(name)
        return [99.0, 99.0] if calls[name] == 3 else [size, size]  # one round is out of line

    ways = {OURS: partial(sample, OURS, 3), "peer": partial(sample, "peer", 2), "other": partial(sample, "other", 6)}
    comparison = Comparison("c", ways, {"peer": bound, "other": 1.0}, limits={"peer": "because"})
    row, other = measure.measure(comparison, rounds=10)
    assert (row.name, row.beside, row.ours, row.peer, row.ratio, row.bound, row.ok) == (
        "c",
        "peer",
        3,
        2,
        1.5,
        bound,
        ok,
    )
    assert row.note == ("" if ok else "because")
    assert (other.beside, other.ratio, other.ok, other.note) == ("other", 0.5, True, "")
    assert calls == {OURS: 11, "peer": 11, "other": 11}, "the first round is not measured"
    rounds = [order[start : start + 3] for start in range(3, 33, 3)]
    assert all(sorted(each) == sorted(ways) for each in rounds), "each round measures each way once"
    assert len({tuple(each) for each in rounds}) > 1, "not always in the same order"


def test_a_tail_is_the_slowest_hundredth() -> None:
    def sample(slow: float) -> list[float]:
        return [1.0] * 95 + [slow] * 5

    ways = {OURS: partial(sample, 8.0), "peer": partial(sample, 4.0)}
    usual, slowest = measure.measure(Comparison("c", ways, {"peer": 1.0}, tail={"peer": 1.0}), rounds=2)
    assert (usual.name, usual.ratio, usual.ok) == ("c", 1.0, True)
    assert (slowest.name, slowest.ratio, slowest.ok) == ("c, p99", 2.0, False)


def test_the_results_are_printed_and_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.json"
    monkeypatch.setattr(__main__, "RESULTS", results)
    monkeypatch.setattr(__main__, "collect_versions", lambda: {"python": "3.11.7"})
    monkeypatch.setattr(build_time, "build_comparisons", list)
    monkeypatch.setattr(observing, "build_comparisons", list)

    def rows(only: str, *, quick: bool) -> list[Row]:
        assert (only, quick) == ("", False)
        return [Row("memory", "httpx", 20, 10, 2.0, 2.5, ok=True)]

    monkeypatch.setattr(clients, "measure_rows", rows)
    for seconds, limits, status, verdict in (
        (1.0, {}, 0, "ok"),
        (5.0, {}, 1, "too much"),
        (5.0, {"peer": "because"}, 0, "too much: because"),
    ):
        two: dict[str, Sample] = {OURS: partial(list, [seconds]), "peer": partial(list, [1.0])}
        comparison = Comparison("c", two, {"peer": 2.0}, limits=limits)
        monkeypatch.setattr(fake_iam, "build_comparisons", partial(list, [comparison]))
        assert __main__.main([]) == status
        printed = capsys.readouterr().out
        assert f"| c | peer | {seconds:.3g} | 2 | {verdict} |" in printed
        assert "with python 3.11.7" in printed
        written = json.loads(results.read_text("utf-8"))
        assert written["versions"] == {"python": "3.11.7"}
        memory, row = written["rows"]
        common = {"name": "c", "beside": "peer", "ours": seconds, "peer": 1, "ratio": seconds, "bound": 2.0}
        assert row == {**common, "ok": verdict == "ok", "note": limits.get("peer", "")}
        assert memory["ratio"] == 2.0


def test_the_summary_has_the_reason_for_a_missed_bound() -> None:
    rows = [
        Row("get", "gcore", 1, 2, 0.5, 0.6, ok=True),
        Row("get", "httpx", 12, 10, 1.2, 1.1, ok=False, note="they do less"),
        Row("build", "json.loads", 3, 4, 0.75, 0.8, ok=True),
    ]
    assert list(__main__.render_summary(rows)) == [
        "| ours as a multiple of | gcore | generator | httpx | others |",
        "|---|---|---|---|---|",
        "| get | 0.5 (≤ 0.6) |  | **1.2 (≤ 1.1)** |  |",
        "| build |  |  |  | json.loads: 0.75 (≤ 0.8) |",
        "",
        "- get: they do less.",
    ]


def test_quick_measures_only_the_work_of_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.json"
    monkeypatch.setattr(__main__, "RESULTS", results)
    monkeypatch.setattr(__main__, "collect_versions", dict)

    def measure_rows(only: str, *, quick: bool) -> list[Row]:
        return [Row(f"{only} {quick}", "peer", 1, 1, 1, 1, ok=True)]

    monkeypatch.setattr(clients, "measure_rows", measure_rows)
    monkeypatch.setattr(build_time, "build_comparisons", lambda: pytest.fail("not in a hurry"))
    assert __main__.main(["--quick", "--only", "walk"]) == 0
    assert "| walk True | peer |" in capsys.readouterr().out
    assert not results.exists(), "the file always has all rows"
    assert __main__.main(["--quick"]) == 0
    assert [row["name"] for row in json.loads(results.read_text("utf-8"))["rows"]] == [" True"]


def test_quick_leaves_the_generator_out() -> None:
    ways: dict[str, Sample] = dict.fromkeys((OURS, clients.GENERATOR, clients.BARE), list)
    bounds = {clients.GENERATOR: 1.0, clients.BARE: 2.0}
    left = clients.drop_way(clients.GENERATOR, Comparison("c", ways, bounds, tail=bounds))
    assert left.ways.keys() == {OURS, clients.BARE}
    assert left.bounds == left.tail == {clients.BARE: 2.0}


def test_total_memory_and_time_are_of_the_same_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    peers = Peers(tmp_path)
    outputs = iter([[1, 100, 0.1], [2, 200, 0.2], [3, 300, 0.3]])
    monkeypatch.setattr(peers, "_run", lambda *words: json.dumps(next(outputs)))
    growth, peak, seconds = peers.sample_memory("ours", "keep", "http://near")
    assert [growth(), growth()] == [[1], [2]]
    assert [peak(), peak(), peak()] == [[100], [200], [300]]
    assert [seconds(), seconds(), seconds()] == [[0.1], [0.2], [0.3]]


def test_a_worker_does_the_work_as_often_as_requested(timepiece: Timepiece, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "time", timepiece)

    def work() -> None:
        timepiece.now += 2

    async def awaited() -> None:
        timepiece.now += 4

    assert worker.measure_times(work, 3) == [2, 2, 2]
    assert asyncio.run(worker.measure_times_async(awaited, 2)) == [4, 4]


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux reports the peak of a process")
def test_memory_is_the_growth_at_the_peak() -> None:
    code = """if True:
        from benchmarks.worker import measure_memory
        print(*measure_memory(lambda: bytearray(b"1") * 50_000_000))
    """
    # A process of its own: in this one, other threads may free the memory of earlier tests meanwhile.
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    growth, peak, seconds = map(float, output.split())
    assert 48_000 < growth < 60_000
    assert peak > growth
    assert seconds > 0


def test_the_server_serves_what_the_fake_would() -> None:
    fake = FakeIAM(100)
    with (
        start_server(250) as url,
        IAMClient("42_benchmark", base_url=url) as iam,
        IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as other,
    ):
        served, faked = iam.users.list(page_size=30).collect(), other.users.list().collect()
    assert [user.id for user in served] == list(range(1, 251))
    assert served[:100] == faked


def test_streaming_holds_a_few_pages() -> None:
    """Counts the users that are alive at once, because that does not depend on the machine."""
    with start_server(900) as url, IAMClient("42_benchmark", base_url=url) as iam:
        for prefetch in (1, 4):
            most = 0
            users = iam.users.list(page_size=100, prefetch=prefetch)
            for number, _ in enumerate(users):
                if number % 100 == 50:
                    most = max(most, sum(type(each) is models.User for each in gc.get_objects()))
            assert most <= 100 * (prefetch + 1) + 101


def test_a_walk_is_measured_with_an_observer_and_without() -> None:
    for comparison, checked in zip(observing.build_comparisons(), (0, 100), strict=True):
        with_observer, without = (comparison.ways[name] for name in (OURS, "no observer"))
        assert with_observer()[0] > 0 < without()[0]
        assert comparison.bounds["no observer"] <= 2
        observer = inspect.getclosurevars(with_observer).nonlocals["observer"]
        assert observer.counts.statuses == {("iamGetUsers", 200): 100}
        assert checked <= observer.counts.checked <= 100
