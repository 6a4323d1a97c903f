"""The wire layer on pairs of small specs, each a kind of change that was judged wrongly once.

A folder of `pairs/` holds `old.yaml`, `new.yaml` and `expected.yaml`: the verdict, the rules of the wire layer with
level and number of entries, and the JSON pointers of the notes about the new spec.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen.corrections import load
from codegen.drift.load import Input, parse_input
from codegen.drift.report import Review
from codegen.drift.review import Project, review
from tests.codegen.drift.pairs import TODAY

PAIRS = sorted(path for path in (Path(__file__).parent / "pairs").iterdir() if path.is_dir())
ROOT = Path(__file__).parents[3]


def read(path: Path) -> Input:
    """Read a spec of a pair."""
    return parse_input(path.read_bytes(), path.name, generating=False)


def compare(old: Path, new: Path) -> Review:
    """Compare two specs without a client."""
    project = Project(load(ROOT / "spec" / "corrections.yaml"), ROOT / "generator-config.yml", ROOT / "overlay")
    return review(read(old), read(new), project, layers=("wire", "docs"), today=TODAY)


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.name for pair in PAIRS])
def test_a_pair_has_its_verdict_and_rules(pair: Path) -> None:
    expected: dict[str, Any] = yaml.safe_load((pair / "expected.yaml").read_text("utf-8"))
    found = compare(pair / "old.yaml", pair / "new.yaml")
    entries = [change for change in found.changes if change.layer == "wire"]
    rules = Counter((change.id, change.level) for change in entries)

    assert found.verdict.wire == expected["verdict"]
    assert rules == {(rule, level): count for rule, level, count in expected["changes"]}
    assert len({change.fingerprint for change in found.changes}) == len(found.changes)
    assert len([note for note in found.notes if note.startswith("new.yaml:")]) == len(expected.get("notes_at", ()))


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.name for pair in PAIRS])
@pytest.mark.parametrize("side", ["old.yaml", "new.yaml"])
def test_a_spec_of_a_pair_does_not_differ_from_itself(pair: Path, side: str) -> None:
    found = compare(pair / side, pair / side)

    assert found.changes == ()
    assert (found.verdict.wire, found.verdict.docs) == ("none", "none")


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.name for pair in PAIRS])
def test_fingerprints_of_a_pair_are_stable(pair: Path) -> None:
    first, second = (compare(pair / "old.yaml", pair / "new.yaml").changes for _ in range(2))

    assert [change.fingerprint for change in first] == [change.fingerprint for change in second]


def test_notes_name_the_place() -> None:
    for pair in PAIRS:
        expected = yaml.safe_load((pair / "expected.yaml").read_text("utf-8"))
        spec = read(pair / "new.yaml")
        places = [spec.spec.format_place(pointer) for pointer in expected.get("notes_at", ())]

        for note, place in zip(spec.notes, places, strict=False):
            assert note.startswith(f"{place}: "), pair.name
