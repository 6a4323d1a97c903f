"""What an observer does when a process ends or forks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gcore_iam.observe import Observations

START = """
import multiprocessing, os, sys, threading, time, warnings
from gcore_iam.observe import Observer
from gcore_iam_client.api.users.iam_get_user import OPERATION
warnings.simplefilter("ignore", DeprecationWarning)
path = sys.argv[1]

def observe(observer, status):
    observer.observe(OPERATION, status, {"content-type": "application/json"}, b"[]")

observer = Observer(path=path)
"""

FORK = """
observe(observer, 418)
observer.flush()
observe(observer, 419)
child = os.fork()
if not child:
    assert len(observer.observations) == 0 and not observer.counts.statuses
    observe(observer, 420)
    observer.close()
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""

FORK_SERVER = """
def work(status):
    observe(observer, status)
    observer.flush()

if __name__ == "__main__":
    observe(observer, 418)
    processes = [multiprocessing.get_context("fork").Process(target=work, args=(status,)) for status in (419, 420)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
"""

SLOW_CHECK = """
from gcore_iam.observe.checker import Checker
check, is_begun = Checker.find_response_facts, threading.Event()

def check_slowly(*arguments):
    is_begun.set()
    time.sleep(0.1)
    return check(*arguments)

Checker.find_response_facts = check_slowly
observe(observer, 200)
is_begun.wait(10)
"""

ENDS: dict[str, tuple[str, int, set[str]]] = {
    "the end": ("observe(observer, 418)", 0, {"418"}),
    "sys.exit": ("observe(observer, 418); sys.exit(3)", 3, {"418"}),
    "an exception": ("observe(observer, 418); raise SystemExit(1)", 1, {"418"}),
    "unsampled responses": ("observer = Observer(sample=0, path=path); observe(observer, 418)", 0, {"418"}),
    "a check that is under way": (SLOW_CHECK, 0, {"200"}),
    "nothing": ("", 0, set()),
    "a wrong path": ("observer = Observer(path='/dev/null/x'); observe(observer, 418)", 0, set()),
    "a fork": (FORK, 0, {"418", "419", "420"}),
    "processes": (FORK_SERVER, 0, {"418", "419", "420"}),
}
"""What a program does, its exit status, and the statuses that its file holds."""


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def run(program: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run a program whose observer writes to a path."""
    return subprocess.run(
        [sys.executable, "-c", START + program, path], capture_output=True, text=True, timeout=60, check=False
    )


@needs_fork
@pytest.mark.parametrize("name", ENDS)
def test_the_file_is_written_at_the_end_of_a_program(tmp_path: Path, name: str) -> None:
    program, status, expected = ENDS[name]
    path = tmp_path / "observations.json"
    done = run(program, path)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")
    observations = Observations.load(path) if path.exists() else Observations()
    assert {one.status: one.count for one in observations} == dict.fromkeys(expected, 1)


def test_the_end_of_the_process_saves_quietly(tmp_path: Path) -> None:
    """A failure is not even logged."""
    path = tmp_path / "observations.json"
    program = "import logging; logging.basicConfig(); observe(observer, 418)"
    done = run(program, path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {one.status for one in Observations.load(path)} == {"418"}
    path.write_text("my notes", encoding="utf-8")
    done = run(program, path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert path.read_text("utf-8") == "my notes"


@needs_fork
def test_a_forked_child_starts_without_observations(tmp_path: Path) -> None:
    program = """
from gcore_iam.observe import ResponseCounts
observe(observer, 200)
observe(observer, 418)
assert observer.flush() and len(observer.observations) > 0 and observer.counts.checked == 2
child = os.fork()
if not child:
    print(len(observer.observations), observer.counts == ResponseCounts({}, 0, 0, 0), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    done = run(program, tmp_path / "observations.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 True\n", "")


def test_a_callback_that_hangs_does_not_delay_the_end(tmp_path: Path) -> None:
    program = """
called = threading.Event()
observer = Observer(path=path, on_finding=lambda _: (called.set(), time.sleep(100)))
observe(observer, 418)
called.wait(10)
observe(observer, 419)
"""
    path = tmp_path / "observations.json"
    assert run(program, path).returncode == 0
    assert {one.status for one in Observations.load(path) if one.kind == "undocumented_status"} == {"418", "419"}
