"""Measuring: what is measured, how often, and what comes of it. Nothing here depends on the clock."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from gcore_iam import IAMClient, models
from gcore_iam.testing import FakeIAM

from benchmarks import __main__, drift, fake_iam, measure, pagination
from benchmarks.measure import Comparison, Row
from benchmarks.server import serving


class Timepiece:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def timepiece(monkeypatch: pytest.MonkeyPatch) -> Timepiece:
    timepiece = Timepiece()
    monkeypatch.setattr(measure, "time", timepiece)
    return timepiece


@pytest.mark.parametrize(("bound", "ok"), [(1.5, True), (1.4, False)])
def test_a_row_is_made_of_medians_and_leaves_out_what_makes_ready(timepiece: Timepiece, bound: float, ok: bool) -> None:
    calls: Counter[str] = Counter()

    def way(name: str, seconds: float) -> Callable[[], Callable[[], object]]:
        def make() -> Callable[[], object]:
            timepiece.now += 1000
            calls[f"make {name}"] += 1

            def work() -> None:
                calls[name] += 1
                timepiece.now += 99 if calls[name] == 3 else seconds  # one that is out of line

            return work

        return make

    row = measure.measure(Comparison("c", way("ours", 3), way("peer", 2), bound), rounds=5)
    assert (row.name, row.ours, row.peer, row.ratio, row.bound, row.ok) == ("c", 3, 2, 1.5, bound, ok)
    assert calls == {"ours": 6, "peer": 6, "make ours": 6, "make peer": 6}


def test_the_results_are_printed_and_written(
    timepiece: Timepiece, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def takes(seconds: float) -> Callable[[], Callable[[], object]]:
        def work() -> None:
            timepiece.now += seconds

        return lambda: work

    results = tmp_path / "results.json"
    monkeypatch.setattr(__main__, "RESULTS", results)
    monkeypatch.setattr(pagination, "rows", lambda: [Row("memory", 20, 10, 2.0, 2.5, ok=True)])
    for seconds, status in ((1.0, 0), (5.0, 1)):
        monkeypatch.setattr(drift, "comparisons", list)
        monkeypatch.setattr(fake_iam, "comparisons", lambda s=seconds: [Comparison("c", takes(s), takes(1), 2.0)])
        assert __main__.main() == status
        assert f"| c | {seconds:.2f} | 2.00 | {'too much' if status else 'ok'} |" in capsys.readouterr().out
        memory, row = json.loads(results.read_text("utf-8"))["rows"]
        assert row == {"name": "c", "ours": seconds, "peer": 1, "ratio": seconds, "bound": 2.0, "ok": not status}
        assert memory["ratio"] == 2.0


def test_the_server_serves_what_the_fake_would() -> None:
    fake = FakeIAM(100)
    with (
        serving(250) as url,
        IAMClient("42_benchmark", base_url=url) as iam,
        IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as other,
    ):
        served, faked = iam.users.list(page_size=30).collect(), other.users.list().collect()
    assert [user.id for user in served] == list(range(1, 251))
    assert served[:100] == faked


def test_streaming_holds_no_more_than_a_few_pages() -> None:
    """Not by the clock, nor by the machine: how many users are alive at once."""
    with serving(3000) as url, IAMClient("42_benchmark", base_url=url) as iam:
        for prefetch in (1, 4):
            most = 0
            users = iam.users.list(page_size=100, prefetch=prefetch)
            for number, _ in enumerate(users):
                if number % 100 == 50:
                    most = max(most, sum(type(each) is models.User for each in gc.get_objects()))
            assert most <= 100 * (prefetch + 1) + 101
