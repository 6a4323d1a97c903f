"""Collections of observations, and the file that holds them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import hypothesis.strategies as st
import pytest
from gcore_iam import ConfigurationError
from gcore_iam.observe import Observation, ObservationKind, Observations, Observer, file, observation, statuses
from gcore_iam.observe.file import ObservationFile
from hypothesis import given

from ..page_transport import wait_until
from .support import DAY, build_observation
from .test_observer import observe

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "observations.json"


# --- collections ---


def test_merge_adds_counts_and_keeps_the_outer_times() -> None:
    later = DAY + timedelta(days=1)
    one = Observations([build_observation()])
    other = Observations(
        [build_observation(count=2, first_seen=later, last_seen=later), build_observation(status="400")]
    )
    merged = one.merge(other)
    assert merged == other.merge(one)
    assert list(merged) == [build_observation(count=5, last_seen=later), build_observation(status="400")]
    assert len(one) == 1


def test_a_collection_is_sorted_by_identity() -> None:
    expected = [
        build_observation(operation="a", status="200"),
        build_observation(operation="a", status="404", pointer=""),
        build_observation(operation="a", status="404", pointer="/x"),
        build_observation(operation="a", status="404", pointer="/x", kind=ObservationKind.UNDOCUMENTED_FIELD),
        build_observation(operation="b", detail="a"),
        build_observation(operation="b", detail="b", spec_version="1"),
        build_observation(operation="b", detail="b", spec_version="2"),
    ]
    assert list(Observations(reversed(expected))) == expected


def test_a_collection_is_a_value() -> None:
    observations = Observations([build_observation()])
    assert observations[0] == build_observation()
    assert hash(observations) == hash(Observations([build_observation()]))
    assert observations != Observations()
    assert observations != [build_observation()]
    assert "pointer='/results/*/lang'" in repr(observations)


def test_a_collection_holds_a_number_of_observations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observation, "MAX_OBSERVATIONS", 2)
    assert len(Observations(build_observation(detail=detail) for detail in "abc")) == 2


COLLECTIONS = st.lists(
    st.builds(
        build_observation,
        detail=st.sampled_from("abcd"),
        count=st.integers(1, 5),
        first_seen=st.datetimes(timezones=st.just(UTC)),
        last_seen=st.datetimes(timezones=st.just(UTC)),
    ),
    max_size=4,
)


@given(one=COLLECTIONS, two=COLLECTIONS, three=COLLECTIONS)
def test_the_order_of_merging_makes_no_difference(
    one: list[Observation], two: list[Observation], three: list[Observation]
) -> None:
    with mock.patch.object(observation, "MAX_OBSERVATIONS", 3):
        a, b, c = map(Observations, (one, two, three))
        assert a.merge(b).merge(c) == a.merge(b.merge(c)) == c.merge(b).merge(a)


# --- the file ---


def test_the_form_of_the_file(path: Path) -> None:
    Observations([build_observation()]).save(path)
    assert json.loads(path.read_bytes()) == {
        "format": 1,
        "observations": [
            {
                "operation": "iamGetUsers",
                "pointer": "/results/*/lang",
                "kind": "undocumented_enum_value",
                "detail": "fr",
                "status": "200",
                "count": 3,
                "first_seen": "2026-11-29T06:00:00+00:00",
                "last_seen": "2026-11-29T06:00:00+00:00",
                "spec_version": "2026-07-14",
            }
        ],
    }


def test_what_is_saved_is_loaded(path: Path) -> None:
    observations = Observations([build_observation(), build_observation(status="400")])
    observations.save(str(path))
    assert Observations.load(path) == observations
    Observations().save(path)
    assert Observations.load(path) == Observations()


@posix
def test_only_this_user_may_read_the_file(path: Path) -> None:
    folder = path.parent / "new"
    Observations().save(folder / "observations.json")
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (folder, *folder.iterdir())]
    assert modes == [0o700, 0o600, 0o600]
    assert sorted(one.name for one in folder.iterdir()) == ["observations.json", "observations.json.lock"]


@posix
def test_a_strict_umask_does_not_lock_this_user_out(path: Path) -> None:
    mask = os.umask(0o277)
    try:
        Observations().save(path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix
def test_the_folder_is_synced_after_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise, the old file may come back after a power failure."""
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode)))
    Observations().save(path)
    assert synced == [False, True]


VALID = build_observation().to_dict()
CHANGES: list[dict[str, Any]] = [
    {"operation": None},
    {"operation": "x" * 513},
    {"detail": "\x1b[31m"},
    {"pointer": "\u202e"},
    {"kind": "unknown"},
    {"kind": []},
    {"count": 0},
    {"count": True},
    {"count": "3"},
    {"first_seen": "yesterday"},
    {"first_seen": "2026-11-29T06:00:00"},
    {"first_seen": "0001-01-01T00:00:00+14:00"},
    {"last_seen": 3},
]


def encode(observation: dict[str, Any]) -> bytes:
    return json.dumps({"format": 1, "observations": [observation]}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"[" * 100_000,
        b'{"format": 2, "observations": []}',
        b'{"format": 1}',
        b'{"format": 1, "observations": 3}',
        b'{"format": 1, "observations": [[]]}',
        *(encode({**VALID, **change}) for change in CHANGES),
        *(encode({name: VALID[name] for name in VALID if name != missing}) for missing in VALID),
    ],
)
def test_a_file_with_other_content_is_rejected(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"observations\.json is not a file of observations"):
        Observations.load(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"secret", "it is not JSON"),
        (b'{"format": "secret"}', "its `format` is not 1"),
        (b'{"format": 1, "observations": "secret"}', "its `observations` are not a list"),
        (encode({**VALID, "kind": "secret"}), "a key of an observation is missing, or its value is not valid"),
        (encode({**VALID, "first_seen": "secret"}), "a key of an observation is missing, or its value is not valid"),
        (encode({**VALID, "detail": "secret\n"}), "is no printable string, or has more than 512 characters"),
        (encode({**VALID, "count": "secret"}), "`count` must be a whole number of 1 or more"),
        (encode({**VALID, "last_seen": "2026-11-29T06:00:00"}), "a time has no time zone"),
    ],
)
def test_the_error_says_what_is_wrong_and_shows_nothing(path: Path, content: bytes, problem: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        Observations.load(path)
    assert str(caught.value).endswith(f"{problem}; choose another path")
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("change", CHANGES)
def test_other_data_is_a_value_error(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"missing|printable|count|time zone"):
        Observation.from_dict({**VALID, **change})


def test_an_empty_file_may_be_added_to(path: Path) -> None:
    path.write_bytes(b"\n")
    with Observer(path=path) as observer:
        observe(observer, b"[]")
    assert Observations.load(path) == observer.observations


def test_a_file_that_is_something_else_is_not_overwritten(path: Path) -> None:
    path.write_text("my notes", encoding="utf-8")
    observer = Observer(path=path)
    observe(observer, b"[]")
    with pytest.raises(ConfigurationError, match="is not a file of observations: it is not JSON; choose another path"):
        observer.flush()
    assert path.read_text("utf-8") == "my notes"
    path.unlink()
    observer.close()
    assert [one.count for one in Observations.load(path)] == [1]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "cannot be read: No such file or directory"),
        (lambda path: path.mkdir(), "is a folder; give the path of a file in it"),
        pytest.param(lambda path: os.mkfifo(path), "is not a regular file", marks=posix),
        pytest.param(lambda path: path.symlink_to(path), "is a loop of symbolic links", marks=posix),
        (lambda path: path.write_bytes(b" " * 2000), "has more than 1000 bytes"),
    ],
)
def test_a_file_that_cannot_be_read(
    path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object], problem: str
) -> None:
    monkeypatch.setattr(file, "_MAX_BYTES", 1000)
    make(path)
    with pytest.raises(ConfigurationError, match=problem):
        Observations.load(path)


def test_a_file_of_exactly_the_bound_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    observations = Observations([build_observation()])
    observations.save(path)
    monkeypatch.setattr(file, "_MAX_BYTES", path.stat().st_size)
    assert Observations.load(path) == observations


@pytest.mark.parametrize("path", ["", "a\0b", 3, "~nobody-of-this-name/x"])
def test_a_path_that_cannot_be_used(path: Any) -> None:
    with pytest.raises(ConfigurationError, match="path"):
        Observer(path=path)


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigurationError, match=r"cannot be locked: Permission denied"):
        Observations().save(tmp_path / "observations.json")


@posix
def test_a_link_in_place_of_the_lock_is_rejected(path: Path) -> None:
    path.with_name("observations.json.lock").symlink_to(path)
    with pytest.raises(ConfigurationError, match=r"observations\.json\.lock is a symbolic link; remove it"):
        Observations().save(path)


def test_a_file_that_stays_locked(path: Path) -> None:
    message = r"observations\.json is locked by another writer \(waited 0\.01 s\)"
    with (
        ObservationFile(path).lock(),
        pytest.raises(ConfigurationError, match=message),
        ObservationFile(path).lock(timeout=0.01),
    ):
        pass


def test_a_write_that_fails_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Observations([build_observation()]).save(path)

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ConfigurationError, match="cannot be written: No space left on device"):
        Observations().save(path)
    assert len(Observations.load(path)) == 1
    assert not list(path.parent.glob("*.tmp"))


def test_a_path_that_is_not_printable_is_escaped(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"a\\nb"):
        Observations.load(tmp_path / "a\nb")


# --- observers ---


def test_an_observer_adds_to_what_the_file_holds(path: Path) -> None:
    for _ in range(3):
        with Observer(path=path) as observer:
            observe(observer, b"[]")
            observer.flush()
            observe(observer, b"[]")
    assert [(one.pointer, one.count) for one in Observations.load(path)] == [("", 6)]


def test_a_save_holds_the_times_of_what_is_new(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whole seconds, of the first and the last response since the save before it."""
    moments = iter([DAY.timestamp() + seconds for seconds in (0.9, 5.5, 60.9, 65.5)])
    monkeypatch.setattr(statuses, "time", SimpleNamespace(time=lambda: next(moments)))
    with Observer(0, path) as observer:
        for first, last in ((0, 5), (60, 65)):
            for _ in range(2):
                observe(observer, status=418)
            assert observer.flush(10)
            [saved] = Observations.load(path)
            assert saved.count == 2
            assert (saved.first_seen, saved.last_seen) == (
                DAY + timedelta(seconds=first),
                DAY + timedelta(seconds=last),
            )
            path.unlink()


def test_an_observer_without_a_finding_writes_no_file(path: Path) -> None:
    with Observer(path=path) as observer:
        observe(observer, b"not JSON")
    assert list(path.parent.iterdir()) == []


def test_an_observer_writes_the_file_while_it_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gcore_iam.observe.worker._SAVE_INTERVAL", 0.0)
    observer = Observer(path=path)
    observe(observer, b"[]")
    assert wait_until(lambda: observer.counts.checked == 1)
    observe(observer, b"[]")
    assert wait_until(lambda: observer.counts.checked == 2)
    assert wait_until(path.exists)
    assert len(Observations.load(path)) == 1


def test_a_file_that_cannot_be_written_is_logged(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gcore_iam.observe.worker._SAVE_INTERVAL", 0.0)
    path.write_text("my notes", encoding="utf-8")
    observer = Observer(path=path)
    observe(observer, b"[]")
    assert wait_until(lambda: "the observations could not be saved: ConfigurationError" in caplog.text)
    path.unlink()
    observer.close()


def test_processes_share_a_file(path: Path) -> None:
    program = """
import sys
from gcore_iam.observe import Observer
from gcore_iam_client.api.users.iam_get_user import OPERATION
for number in range(10):
    with Observer(path=sys.argv[1]) as observer:
        observer.observe(OPERATION, 450 + int(sys.argv[2]), {}, b"")
        observer.observe(OPERATION, 418, {}, b"")
"""
    processes = [subprocess.Popen([sys.executable, "-c", program, path, str(number)]) for number in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    counts = {one.status: one.count for one in Observations.load(path)}
    assert counts == {"418": 40, "450": 10, "451": 10, "452": 10, "453": 10}


def test_kinds_of_observations_are_texts() -> None:
    assert Observation.from_dict(VALID).kind == "undocumented_enum_value"
