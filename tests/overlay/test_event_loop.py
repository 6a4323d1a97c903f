"""A sync client within an event loop: one warning, no error, and no look at what another thread still imports."""

from __future__ import annotations

import subprocess
import sys
import threading
import types
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from gcore_iam import IAMClient, models
from gcore_iam._concurrency import blocking_io
from gcore_iam.testing import FakeIAM

MESSAGE = "a sync client of gcore_iam blocks the event loop"

pytestmark = pytest.mark.fake_iam(5)

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])

CALLS: dict[str, Callable[[IAMClient], object]] = {
    "a call": lambda iam: iam.users.get(1),
    "a loop over a pager": lambda iam: list(iam.users.list()),
    "pages of a pager": lambda iam: list(iam.users.list().pages()),
    "collect": lambda iam: iam.users.list().collect(),
    "first": lambda iam: iam.users.list().first(),
    "total": lambda iam: iam.users.list().total(),
    "logins": lambda iam: list(iam.account.logins()),
}


@pytest.fixture(autouse=True)
def _reset_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking_io, "_has_warned", False)


def run_in_loop(backend: str, call: Callable[[], object]) -> list[warnings.WarningMessage]:
    """Call a function within an event loop, and give the warnings."""

    async def main() -> None:
        call()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        anyio.run(main, backend=backend)
    return [warning for warning in caught if MESSAGE in str(warning.message)]


# --- the warning ---------------------------------------------------------------------------------------------------


@BACKENDS
@pytest.mark.parametrize("name", CALLS)
def test_blocking_an_event_loop_warns_once(local_iam: IAMClient, backend: str, name: str) -> None:
    call = CALLS[name]
    [warning] = run_in_loop(backend, lambda: [call(local_iam) for _ in range(3)])
    assert warning.category is RuntimeWarning
    assert warning.filename == __file__
    assert run_in_loop(backend, lambda: call(local_iam)) == []


def test_two_event_loops_that_are_blocked_together_warn_once(
    local_iam: IAMClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both calls look at the same time whether a warning is needed."""
    both, warned = threading.Barrier(2), []
    monkeypatch.setattr(blocking_io, "_is_notebook", lambda: both.wait(20) < 0)
    monkeypatch.setattr(blocking_io, "warn_caller", lambda *_: warned.append(threading.current_thread()))

    async def call() -> models.UserPublic:
        return local_iam.users.get(1)

    with ThreadPoolExecutor(2) as pool:
        users = list(pool.map(anyio.run, [call] * 2))
    assert [user.id for user in users] == [1, 1]
    assert len(warned) == 1


def test_the_warning_names_the_line_of_the_caller(local_iam: IAMClient) -> None:
    def call() -> None:
        for _ in local_iam.users.list():
            pass

    [warning] = run_in_loop("asyncio", call)
    assert warning.lineno == call.__code__.co_firstlineno + 1


def test_outside_of_an_event_loop_nothing_warns(local_iam: IAMClient) -> None:
    async def main() -> None:
        await anyio.to_thread.run_sync(lambda: list(local_iam.users.list()))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        local_iam.users.get(1)
        anyio.run(main, backend="asyncio")
        anyio.run(main, backend="trio")


@pytest.mark.parametrize("by", [{"category": RuntimeWarning}, {"message": MESSAGE}])
def test_the_warning_can_be_filtered(local_iam: IAMClient, by: dict[str, Any]) -> None:
    async def main() -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", **by)
            return local_iam.users.get(1).id

    assert anyio.run(main) == 1


def test_a_filter_can_turn_every_blocking_call_into_an_error(local_iam: IAMClient) -> None:
    async def main() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in range(2):
                with pytest.raises(RuntimeWarning, match=MESSAGE):
                    local_iam.users.get(1)

    anyio.run(main)


def test_many_threads_with_loops_warn_once(local_iam: IAMClient) -> None:
    barrier = threading.Barrier(8)

    async def main() -> None:
        barrier.wait(30)
        local_iam.users.get(1)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: anyio.run(main), range(8)))
    assert len([warning for warning in caught if MESSAGE in str(warning.message)]) == 1


# --- notebooks -----------------------------------------------------------------------------------------------------


NOTEBOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "a kernel": ("ipykernel", {}),
    "an IPython shell": ("IPython", {"get_ipython": object}),
    "marimo": ("marimo", {"app_meta": lambda: types.SimpleNamespace(mode="edit")}),
    "a marimo notebook run as a script": ("marimo", {"app_meta": lambda: types.SimpleNamespace(mode="script")}),
}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_in_a_notebook_nothing_warns(local_iam: IAMClient, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    module, attributes = NOTEBOOKS[name]
    monkeypatch.setitem(sys.modules, module, build_module(module, attributes))
    for backend in ("asyncio", "trio"):
        assert run_in_loop(backend, lambda: [local_iam.users.get(1), list(local_iam.users.list())]) == []


def test_a_program_that_merely_imports_a_notebook_is_warned(
    local_iam: IAMClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", build_module("IPython", {"get_ipython": lambda: None}))
    monkeypatch.setitem(
        sys.modules, "marimo", build_module("marimo", {"app_meta": lambda: types.SimpleNamespace(mode="test")})
    )
    assert len(run_in_loop("asyncio", lambda: local_iam.users.get(1))) == 1


def build_module(name: str, attributes: dict[str, Any]) -> types.ModuleType:
    module = types.ModuleType(name)
    vars(module).update(attributes)
    return module


# --- modules that are not there yet --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["asyncio", "trio", "sniffio", "IPython", "marimo"])
@pytest.mark.parametrize("is_missing", [True, False])
def test_a_half_imported_module_is_no_event_loop(
    iam: IAMClient, monkeypatch: pytest.MonkeyPatch, name: str, is_missing: bool
) -> None:
    """Python puts a module into `sys.modules` before it has any attributes; None means that it cannot be imported."""
    monkeypatch.setitem(sys.modules, name, None if is_missing else types.ModuleType(name))
    blocking_io.warn_if_event_loop_is_running()
    assert iam.users.get(1).id == 1
    assert [user.id for user in iam.users.list()] == [user.id for user in iam.users.list().collect()]


def test_trio_is_seen_without_sniffio(local_iam: IAMClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setitem(sys.modules, "sniffio", types.ModuleType("sniffio"))
        try:
            blocking_io.warn_if_event_loop_is_running()
        finally:
            monkeypatch.undo()

    with pytest.warns(RuntimeWarning, match=MESSAGE):
        anyio.run(main, backend="trio")


THREADS = """
import sys, threading, time
from gcore_iam import IAMClient, models
iam = IAMClient(sys.argv[2], base_url=sys.argv[1])
barrier, got = threading.Barrier(8), []
def work(number):
    barrier.wait(60)
    time.sleep(number * 0.03)
    got.append((len(list(iam.users.list())), iam.users.get(1).id))
threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
iam.close()
print(got == [(5, 1)] * 8)
"""


@pytest.mark.slow
def test_threads_of_a_new_process_begin_at_once(fake: FakeIAM, url: str) -> None:
    """While one of them still imports trio and asyncio by way of httpcore."""
    pytest.importorskip("trio")
    for _ in range(4):
        run = subprocess.run(
            [sys.executable, "-c", THREADS, url, fake.api_key], capture_output=True, text=True, timeout=120, check=False
        )
        assert (run.stdout, run.stderr) == ("True\n", "")
