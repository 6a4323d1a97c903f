"""Whole entries of the wire and docs layers: level, rule, message, places, values, operations."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from codegen.drift.checks import rules
from tests.codegen.drift.cases import Case
from tests.codegen.drift.entries import BACK, list_cases, list_entries, read_entries

CASES = list_cases()
EXPECTED = read_entries()


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=CASES)
def test_a_pair_has_its_entries(name: str, case: Case) -> None:
    assert list_entries(name, case) == EXPECTED[name]


def test_no_other_entries_are_listed() -> None:
    assert EXPECTED.keys() == CASES.keys()


def test_each_rule_is_reported_of_some_pair() -> None:
    reported = {line.split(" ")[1] for lines in EXPECTED.values() for line in lines if line != BACK}
    table = tomllib.loads(Path(rules.__file__).with_name("rules.toml").read_text("utf-8"))

    assert {*table["wire"], *table["docs"]} - reported == set()
    assert {
        kind for kind in rules.build_schema_rules() if not any(rule.endswith(f"-{kind}") for rule in reported)
    } == set()
