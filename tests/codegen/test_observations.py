"""Observation files: what is read, what is merged, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gcore_iam.observe import ObservationKind, Observations

from codegen.errors import CodegenError
from codegen.limits import MAX_BYTES
from codegen.observations import KINDS, load_observations
from tests.codegen.drift.observations import FIRST, LAST, entry, observation, write
from tests.overlay.observe.support import build_observation


def test_every_kind_is_read(tmp_path: Path) -> None:
    entries = [entry(kind, "/a/*/b", "x") for kind in KINDS]
    found = load_observations([write(tmp_path / "a.json", *entries)])
    assert {fact.kind for fact in found} == set(KINDS)
    assert found[0] == observation(found[0].kind, "/a/*/b", "x")
    assert found[0].tokens == ("a", "*", "b")


def test_an_empty_file_has_no_observations(tmp_path: Path) -> None:
    assert load_observations([write(tmp_path / "a.json")]) == ()


def test_keys_that_are_not_known_are_left_alone(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", entry("unannounced_null", "/a", note="new"))
    assert len(load_observations([file])) == 1


def test_the_same_fact_of_several_files_is_one(tmp_path: Path) -> None:
    earlier, later = "2026-10-01T00:00:00+00:00", "2026-12-01T00:00:00+00:00"
    one = write(tmp_path / "a.json", entry("unannounced_null", "/a", first_seen=earlier))
    two = write(tmp_path / "b.json", entry("unannounced_null", "/a", count=4, last_seen=later))
    three = write(tmp_path / "c.json", entry("unannounced_null", "/a", spec_version="2"))
    found = load_observations([one, two, three])
    assert found == load_observations([three, two, one])
    assert [(fact.spec_version, fact.count) for fact in found] == [("1", 7), ("2", 3)]
    assert (found[0].first_seen.isoformat(), found[0].last_seen.isoformat()) == (earlier, later)


def test_a_moment_without_a_zone_is_in_utc(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", entry("unannounced_null", "/a", first_seen=FIRST[:19], last_seen=LAST[:10]))
    (found,) = load_observations([file])
    assert found.first_seen.isoformat() == FIRST
    assert found.last_seen.isoformat() == "2026-11-29T00:00:00+00:00"


GOOD = entry("unannounced_null", "/a")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is not JSON: Expecting value"),
        ("[" * 100_000, "is not JSON: "),
        ("[]", "is no observation file: an object with `format` and `observations` is expected"),
        ("{}", "is no observation file"),
        ('{"format": 1, "observations": {}}', "is no observation file"),
        ('{"observations": []}', "`format` is None, and only 1 can be read"),
        ('{"format": 2, "observations": []}', "`format` is 2, and only 1 can be read"),
        ('{"format": true, "observations": []}', "`format` is True, and only 1 can be read"),
        (b"\xff", "is not JSON: "),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: str | bytes, problem: str) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CodegenError) as caught:
        load_observations([file])
    assert str(caught.value).startswith(f"{file}: {problem}")
    assert caught.value.status == 2


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("text", "an object is expected"),
        ({**GOOD, "kind": "unannounced_nil"}, "unknown kind 'unannounced_nil'; known: undocumented_field, "),
        ({**GOOD, "kind": ["x"]}, "needs `kind`, a text"),
        (entry("unannounced_null", operation=None), "needs `operation`, a text"),
        ({**GOOD, "operation": ""}, "`operation` is empty"),
        ({**GOOD, "detail": None}, "needs `detail`, a text"),
        ({**GOOD, "detail": "x" * 1_001}, "`detail` has more than 1,000 characters"),
        ({**GOOD, "status": 200}, "needs `status`, a text"),
        ({**GOOD, "status": "2XX"}, "`status` is '2XX', not a status such as '200'"),
        ({**GOOD, "pointer": "results"}, "`pointer` is 'results', not a JSON pointer"),
        (entry("undocumented_field"), "`pointer` must name a key"),
        (entry("missing_required_key"), "`pointer` must name a key"),
        ({**GOOD, "count": 0}, "needs `count`, a whole number of 1 or more"),
        ({**GOOD, "count": True}, "needs `count`, a whole number of 1 or more"),
        ({**GOOD, "count": 1.5}, "needs `count`, a whole number of 1 or more"),
        ({**GOOD, "last_seen": "today"}, "`last_seen` is 'today', not a moment such as 2026-11-29T06:00:00+00:00"),
    ],
)
def test_a_wrong_entry_is_refused(tmp_path: Path, wrong: Any, problem: str) -> None:
    file = write(tmp_path / "a.json", GOOD, wrong)
    with pytest.raises(CodegenError) as caught:
        load_observations([file])
    assert str(caught.value).startswith(f"{file}: observation 2: {problem}")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CodegenError, match="cannot be read: No such file or directory"):
        load_observations([tmp_path / "none.json"])


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with file.open("wb") as opened:
        opened.truncate(MAX_BYTES + 1)
    with pytest.raises(CodegenError, match="is larger than"):
        load_observations([file])


def test_the_file_of_the_client_is_read(tmp_path: Path) -> None:
    """Build time and run time share no code, so that each knows the format."""
    file = tmp_path / "a.json"
    Observations([build_observation(kind=kind) for kind in ObservationKind]).save(file)
    found = {fact.kind: fact for fact in load_observations([file])}
    assert set(KINDS) == found.keys() == {kind.value for kind in ObservationKind}
    fact = found["undocumented_enum_value"]
    assert (fact.operation, fact.detail, fact.count) == ("iamGetUsers", "fr", 3)
