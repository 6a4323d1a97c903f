"""Whole entries of the wire and docs layers: level, rule, message, places, values, operations."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from codegen.drift.checks import rules
from codegen.drift.finding import Finding
from codegen.spec import Json
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


def test_no_message_shows_a_value_in_python_form() -> None:
    messages = [line.split(" | ")[1] for lines in EXPECTED.values() for line in lines if line != BACK]

    assert [text for text in messages if re.search(r"`(None|True|False)`|[{\[,:] ?'|'[}\]]", text)] == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "`null`"),
        (True, "`true`"),
        ("true", '`"true"`'),
        ("", "``"),
        ([], "`[]`"),
        (["é", None], '`["é", null]`'),
        ({"a": [1.5]}, '`{"a": [1.5]}`'),
    ],
)
def test_a_json_value_is_shown_as_a_spec_has_it(value: Json, text: str) -> None:
    finding = Finding("request-property-default-value-changed", "v", "/v", "/v", 1, value)

    assert finding.message == f"v has the default {text} instead of `1`"
