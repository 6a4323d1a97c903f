"""Sampling, bounds, callbacks, and what an observer does not change."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from gcore_iam import AsyncIAMClient, ConfigurationError, IAMClient, ResponseTooLargeError
from gcore_iam.events import Event
from gcore_iam.observe import Observation, Observer, recorder, statuses, worker
from gcore_iam.observe.check_task import CheckTask
from gcore_iam.observe.checker import Checker
from gcore_iam.testing import ExtraField, FakeIAM, UnknownEnum
from gcore_iam_client.api.users.iam_get_user import OPERATION

from ..conftest import ClientKind, ClientOptions
from ..page_transport import wait_until
from .support import find

HEADERS = httpx.Headers({"content-type": "application/json"})


def observe(observer: Observer, body: bytes = b'{"lang": "fr"}', status: int = 200) -> None:
    observer.observe(OPERATION, status, HEADERS, body)


def call_instead_of_save(monkeypatch: pytest.MonkeyPatch, save: Callable[[], object]) -> None:
    """Let observers that are built from now on call a function instead of writing their files.

    The threads of the observers of earlier tests, which may still be ending, do not call it.
    """

    class Task(CheckTask):
        def save(self) -> None:
            save()

    monkeypatch.setattr("gcore_iam.observe.observer.CheckTask", Task)


class Gate:
    """Keeps the thread of an observer from going on until `open()`.

    Attributes:
        is_reached: Set when the thread checks its first response.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._event, self.is_reached = threading.Event(), threading.Event()
        check = Checker.find_response_facts

        def wait(*arguments: Any) -> Any:
            self.is_reached.set()
            return self._event.wait(10) and check(*arguments)

        monkeypatch.setattr(Checker, "find_response_facts", wait)

    def open(self) -> None:
        self._event.set()


# --- sampling ---


def test_without_sampling_statuses_are_still_observed(local_iam: IAMClient, fake: FakeIAM) -> None:
    fake.inject(UnknownEnum("lang", "fr"))
    with Observer(sample=0) as observer:
        observe(observer)
        observe(observer, status=418)
        observe(observer, status=418)
        assert find(observer) == {("iamGetUser", "418", "", "undocumented_status", "")}
        observe(observer, status=418)
        assert observer.flush()
        assert [one.count for one in observer.observations] == [3]
        assert observer.counts.checked == 0
        assert observer.counts.statuses == {("iamGetUser", 200): 1, ("iamGetUser", 418): 3}


def test_only_a_new_status_wakes_the_thread_without_sampling(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[int] = []
    monkeypatch.setattr(worker.CheckWorker, "request_status_check", lambda _: woken.append(1))
    observer = Observer(sample=0)
    for status, count in ((200, 1), (200, 1), (418, 2), (200, 2), (418, 2), (404, 3)):
        observe(observer, status=status)
        assert len(woken) == count


def test_the_sample_decides_how_many_responses_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter([0.1, 0.3, 0.2, 0.9])
    monkeypatch.setattr("random.random", lambda: next(numbers))
    with Observer(sample=0.25) as observer:
        for _ in range(4):
            observe(observer)
        observer.flush()
        assert observer.counts.checked == 2


@pytest.mark.parametrize("sample", [-0.1, 1.1, True, "1", None, float("nan")])
def test_a_sample_is_a_share(sample: Any) -> None:
    with pytest.raises(ConfigurationError, match="sample must be a number from 0 to 1"):
        Observer(sample)


def test_an_argument_that_is_no_observer_is_rejected() -> None:
    wrong: Any = "observations.json"
    for client in (IAMClient, AsyncIAMClient):
        with pytest.raises(ConfigurationError, match=r"observer must be a .*\.Observer, not str, which has no method"):
            client("1_0", observer=wrong)


# --- bounds ---


def test_a_full_queue_drops_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    monkeypatch.setattr(worker, "_MAX_RESPONSES", 3)
    with Observer() as observer:
        observe(observer)
        assert gate.is_reached.wait(10)
        for _ in range(9):
            observe(observer)
        gate.open()
        assert observer.flush(10)
        counts = observer.counts
        assert (counts.checked, counts.dropped) == (1 + 3, 6)
        assert counts.statuses == {("iamGetUser", 200): 10}


def test_the_queue_holds_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_MAX_BYTES", 100)
    with Observer() as observer:
        observe(observer, b" " * 101)
        observe(observer)
        observer.flush()
        assert (observer.counts.checked, observer.counts.dropped) == (1, 1)


def test_what_has_been_checked_takes_no_room_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_MAX_BYTES", 100)
    with Observer() as observer:
        for _ in range(3):
            observe(observer, b" " * 60)
            assert observer.flush(10)
        assert (observer.counts.checked, observer.counts.dropped) == (3, 0)


def test_a_large_body_is_checked_later(monkeypatch: pytest.MonkeyPatch) -> None:
    for size, seconds in ((2, 0.01), (1_000_000, 0.03), (5_000_000, 0.05)):
        pauses: list[float] = []
        monkeypatch.setattr(time, "sleep", pauses.append)
        with Observer() as observer:
            observe(observer, b" " * (size - 2) + b"[]")
            assert observer.flush(10)
        assert pauses[0] == pytest.approx(seconds, abs=1e-6)


def test_an_observer_keeps_a_number_of_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MAX_FACTS", 5)
    with Observer() as observer:
        observe(observer, b"{}")
        observe(observer, b"{}")
        observer.flush()
        assert [one.count for one in observer.observations] == [2] * 5
        assert observer.counts.dropped_facts == 2 * 11


def test_an_observer_counts_a_number_of_statuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statuses, "_MAX_KEYS", 2)
    with Observer() as observer:
        for status in range(400, 410):
            observe(observer, status=status)
        assert len(observer.counts.statuses) == 2


def test_a_thread_that_is_idle_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_SAVE_INTERVAL", 0.01)
    observer = Observer()
    for _ in range(2):  # it starts again
        observe(observer)
        assert observer.flush()
        for thread in threading.enumerate():
            if thread.name == "gcore-iam-observer":
                thread.join(10)
    reference = weakref.ref(observer)
    del observer
    gc.collect()
    assert reference() is None


def test_the_file_is_written_once_in_an_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    moments: list[float] = [0.0]
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: moments[-1], sleep=lambda seconds: None))
    saves: list[float] = []
    call_instead_of_save(monkeypatch, lambda: saves.append(moments[-1]))
    with Observer() as observer:
        for moment in (0.0, 9.0, 11.0, 12.0, 20.0, 22.0):
            moments.append(moment)
            observe(observer)
            assert observer.flush(10)
        assert saves == [11.0, 22.0]


def test_closing_an_observer_ends_its_thread() -> None:
    """At once, although the thread would wait for more responses for 10 seconds."""
    others = set(threading.enumerate())
    with Observer() as observer:
        observe(observer)
        [thread] = set(threading.enumerate()) - others
    thread.join(5)
    assert not thread.is_alive()


def test_a_response_that_comes_while_the_thread_ends_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_SAVE_INTERVAL", 0.05)
    # A clock that stands still: the thread saves at its end alone.
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=lambda seconds: None))
    saves: list[int] = []

    def save() -> None:
        saves.append(1)
        if len(saves) == 1:
            observe(observer, b"[]")

    call_instead_of_save(monkeypatch, save)
    observer = Observer()
    observe(observer)
    assert wait_until(lambda: observer.counts.checked == 2)


# --- callbacks ---


def test_each_fact_is_reported_once_in_another_thread() -> None:
    found: list[tuple[Observation, threading.Thread]] = []
    with Observer(on_finding=lambda one: found.append((one, threading.current_thread()))) as observer:
        for _ in range(3):
            observe(observer, b"[]")
            assert observer.flush()
    ((observation, thread),) = found
    assert (observation.kind, observation.count) == ("other_type", 1)
    assert thread is not threading.current_thread()


def test_an_exception_of_the_callback_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(observation: Observation) -> None:
        raise LookupError("of the callback")

    with Observer(on_finding=fail) as observer:
        observe(observer, b"[]")
        assert len(find(observer)) == 1
    assert "iamGetUser: on_finding raised for other_type; the observer goes on" in caplog.text


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_callback_cannot_end_the_thread(error: type[BaseException], caplog: pytest.LogCaptureFixture) -> None:
    def leave(observation: Observation) -> None:
        raise error

    with Observer(on_finding=leave) as observer:
        for body in (b"[]", b"null"):
            observe(observer, body)
            assert observer.flush(10)
        assert observer.counts.checked == 2
    assert "iamGetUser: on_finding raised for unannounced_null; the observer goes on" in caplog.text


def test_a_callback_may_call_the_client(fake: FakeIAM) -> None:
    names: list[str] = []
    fake.inject(ExtraField("tea"), times=2)
    with Observer(on_finding=lambda _: names.append(iam.users.get(2).email)) as observer:
        with IAMClient(fake.api_key, transport=fake.transport(), observer=observer) as iam:
            iam.users.get(1)
            assert wait_until(lambda: observer.counts.checked == 2)
        assert (len(names), observer.observations[0].count) == (1, 2)


def test_a_callback_may_wait_for_the_observer() -> None:
    results: list[bool] = []
    with Observer(on_finding=lambda _: results.append(observer.flush())) as observer:
        observe(observer, b"[]")
        assert observer.flush(10)
    assert results == [False]


def test_a_callback_takes_one_argument() -> None:
    wrong: Any = lambda: None  # noqa: E731
    with pytest.raises(ConfigurationError, match="on_finding must be a function of one argument"):
        Observer(on_finding=wrong)


# --- failures ---


def test_a_failure_of_the_check_is_logged_without_the_exception(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object) -> None:
        raise LookupError("c4n4ry")

    monkeypatch.setattr(Checker, "find_response_facts", fail)
    with Observer() as observer:
        observe(observer)
        assert find(observer) == set()
        assert observer.counts.checked == 0
    assert "iamGetUser: a response could not be checked: LookupError" in caplog.text
    assert "c4n4ry" not in caplog.text


def test_a_failure_of_the_check_of_a_status_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object) -> None:
        raise LookupError("c4n4ry")

    monkeypatch.setattr(Checker, "find_status_facts", fail)
    with Observer() as observer:
        observe(observer, b"[]", status=418)
        observe(observer, b"[]")
        assert len(find(observer)) == 1
    assert "iamGetUser: a status could not be checked: LookupError" in caplog.text


def test_a_failure_of_the_observer_ends_no_call(
    monkeypatch: pytest.MonkeyPatch, fake: FakeIAM, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object) -> None:
        raise LookupError("c4n4ry")

    monkeypatch.setattr(worker.CheckWorker, "submit", fail)
    with Observer() as observer, IAMClient(fake.api_key, transport=fake.transport(), observer=observer) as iam:
        assert iam.users.get(1).id == 1
    assert "iamGetUser: a response could not be observed: LookupError" in caplog.text
    assert "c4n4ry" not in caplog.text


def test_a_thread_that_cannot_start_drops_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with Observer() as observer:
        observe(observer)
        assert observer.flush()
        assert observer.counts.dropped == 1


def test_flush_waits_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    with Observer() as observer:
        observe(observer)
        assert not observer.flush(0.001)
        gate.open()
        assert observer.flush(10)


def test_a_file_that_cannot_be_written_hides_no_exception(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "observations.json"
    path.write_text("my notes", encoding="utf-8")

    def fail() -> None:
        with Observer(path=path) as observer:
            observe(observer, b"[]")
            raise LookupError("of the user")

    with pytest.raises(LookupError, match="of the user"):
        fail()
    assert "observer: the observations could not be saved: ConfigurationError" in caplog.text
    with pytest.raises(ConfigurationError, match="is not a file of observations"), Observer(path=path) as observer:
        observe(observer, b"[]")
    observe(observer, b"null")
    assert observer.counts.dropped == 1  # it is closed nevertheless
    assert path.read_text("utf-8") == "my notes"
    path.unlink()


def test_a_closed_observer_observes_nothing(fake: FakeIAM) -> None:
    observer = Observer()
    observe(observer, b"[]")
    observer.close()
    assert len(observer.observations) == 1
    with IAMClient(fake.api_key, transport=fake.transport(), observer=observer) as iam:
        fake.inject(ExtraField("tea"))
        assert iam.users.get(1).id == 1
    observer.close()
    assert len(observer.observations) == 1


# --- what stays the same ---


def test_results_and_events_are_the_same(fake: FakeIAM, client_kind: ClientKind) -> None:
    def get_user(observer: Observer | None) -> tuple[dict[str, Any], list[tuple[type, object]]]:
        events: list[Event] = []
        fake.inject(UnknownEnum("lang", "fr"), ExtraField("favourite_tea"))
        user = client_kind.run(
            lambda iam: iam.users.get(1),
            fake.api_key,
            transport=fake.transport(),
            on_event=events.append,
            observer=observer,
        )
        return user.to_dict(), [(type(event), getattr(event, "status", None)) for event in events]

    with Observer() as observer:
        assert get_user(observer) == get_user(None)
        assert len(find(observer)) == 2


def test_a_view_has_the_observer_of_its_client(fake: FakeIAM) -> None:
    with Observer() as observer, IAMClient(fake.api_key, transport=fake.transport(), observer=observer) as iam:
        iam.with_options(timeout=5).users.get(1)
        iam.with_raw_response.users.get(2)
        observer.flush()
        assert observer.counts.statuses == {("iamGetUser", 200): 2}


def test_a_body_that_is_too_large_is_observed_without_it(
    fake: FakeIAM, client_kind: ClientKind, connection: ClientOptions
) -> None:
    fake.inject(ExtraField("tea"))
    with Observer() as observer:
        options: ClientOptions = {**connection, "observer": observer, "max_response_bytes": 10}
        with pytest.raises(ResponseTooLargeError, match="10 bytes"):
            client_kind.run(lambda iam: iam.users.get(1), fake.api_key, **options)
        assert observer.flush(10)
        assert observer.counts.statuses == {("iamGetUser", 200): 1}
        assert len(observer.observations) == 0


def observe_often(observer: Observer) -> None:
    for _ in range(50):
        observe(observer, status=418)


def test_threads_share_an_observer(fake: FakeIAM) -> None:
    with Observer() as observer:
        threads = [threading.Thread(target=observe_often, args=(observer,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        observer.flush()
        assert [one.count for one in observer.observations] == [400]


def test_the_package_says_which_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    import gcore_iam.observe

    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    with pytest.raises(
        ImportError, match=r'gcore_iam\.observe needs jsonschema-rs: pip install "gcore-iam\[observe\]"'
    ):
        importlib.reload(gcore_iam.observe)


def test_the_client_does_not_load_what_observes_it() -> None:
    program = (
        "import sys, gcore_iam; gcore_iam.IAMClient, gcore_iam.AsyncIAMClient; print('jsonschema_rs' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_the_repr_of_an_observer_is_short() -> None:
    assert repr(Observer(0.5)) == "Observer(sample=0.5)"
