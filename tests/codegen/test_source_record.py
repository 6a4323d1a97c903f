"""What `source.toml` says of a spec, and how it is read and rewritten."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path

import attrs
import pytest

from codegen import spec
from codegen.source_record import Prose, SourceRecord, find_date, read_prose, write_record

DAY = datetime.date(2026, 5, 15)
RECORD = SourceRecord(DAY, "1" * 64, "7", "MIT", datetime.date(2026, 6, 1), "2" * 64, "7", "ours")
TABLES = '# Ours.\n\n[upstream]\nrepository = "github.com/pets/api"\n\n[vendored]\n# An old note.\n'

SPEC = """\
openapi: 3.1.0
info: {{title: Pets, version: '{version}'}}
components:
  schemas:
    Pet: {{type: object}}
"""


def load_spec(path: Path, version: str = "7") -> spec.Spec:
    path.write_text(SPEC.format(version=version), encoding="utf-8")
    return spec.load(path)


# --- whose prose -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upstream", "vendored", "prose"),
    [
        ('sha256 = "1"', 'sha256 = "1"', "theirs"),
        ('sha256 = "1"', 'sha256 = "2"', "ours"),
        ('sha256 = "1"', 'sha256 = "1"\nprose = "ours"', "ours"),
        ('sha256 = "1"', 'sha256 = "2"\nprose = "theirs"', "theirs"),
    ],
)
def test_prose_of_a_record_without_a_word_is_judged_by_hashes(
    tmp_path: Path, upstream: str, vendored: str, prose: Prose
) -> None:
    path = tmp_path / "source.toml"
    path.write_text(f"[upstream]\n{upstream}\n[vendored]\n{vendored}\n", encoding="utf-8")
    assert read_prose(path) == prose


# --- the day ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "name", "day"),
    [
        ("2026-05-15T10:00:00", "api-2026-06-01.yaml", DAY),
        ("7", "https://pets.example/2020-01-01/api-2026-05-15.yaml", DAY),
        ("7", "https://pets.example/2020-01-01/api.yaml", None),
        ("7", "api-12026-05-15.yaml", None),
        ("7", "api-2026-05-151.yaml", None),
        ("v2026-05-15", "api.yaml", None),
    ],
)
def test_the_day_is_in_the_version_or_the_name(
    tmp_path: Path, version: str, name: str, day: datetime.date | None
) -> None:
    assert find_date(load_spec(tmp_path / "api.yaml", version), name) == day


def test_a_record_states_the_day_of_its_own_spec_only(tmp_path: Path) -> None:
    given = load_spec(tmp_path / "api.yaml")
    record = attrs.evolve(RECORD, vendored_sha256=given.sha256)
    path = tmp_path / "source.toml"
    path.write_text(write_record(TABLES, record, path), encoding="utf-8")
    assert find_date(given) == DAY
    assert find_date(load_spec(tmp_path / "api.yaml", "8")) is None


# --- rewriting -------------------------------------------------------------------------------------------------------


def test_a_record_replaces_what_it_knows_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "source.toml"
    text = write_record(TABLES, RECORD, path)
    assert text.startswith('# Ours.\n\n[upstream]\nrepository = "github.com/pets/api"\n')
    assert "An old note" not in text
    assert tomllib.loads(text)["upstream"] == {
        "repository": "github.com/pets/api",
        "version": "7",
        "date": DAY,
        "sha256": "1" * 64,
        "license": "MIT",
        "taken": datetime.date(2026, 6, 1),
    }
    assert write_record(text, RECORD, path) == text


def test_what_a_new_spec_does_not_state_goes(tmp_path: Path) -> None:
    path = tmp_path / "source.toml"
    text = write_record(TABLES, RECORD, path)
    upstream = tomllib.loads(write_record(text, attrs.evolve(RECORD, date=None, license=""), path))["upstream"]
    assert not upstream.keys() & {"date", "license"}
