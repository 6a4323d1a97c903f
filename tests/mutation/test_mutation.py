"""How `make mutants` names mutants, and what it lets mutmut change."""

from __future__ import annotations

from pkgutil import resolve_name

import pytest

from . import __main__ as mutation
from .__main__ import AcceptedMutants, check_accepted, move_decorators, name_function, read_accepted, report

SOURCE = """\
class Schema:
    @property
    def title(self):
        return "a"

    @cached_property
    def name(self):
        return "b"


@register_schema_check
def check_type(pair):
    yield pair
"""

MOVED = """\
class Schema:
    def title(self):
        return "a"
    title = property(title)

    @cached_property
    def name(self):
        return "b"


def check_type(pair):
    yield pair
check_type = register_schema_check(check_type)
"""


def test_checks_and_properties_are_decorated_below_the_function() -> None:
    assert move_decorators(SOURCE) == MOVED


@pytest.mark.parametrize(
    ("mutant", "function"),
    [
        ("gcore_iam.retry.x_find_effect__mutmut_3", "gcore_iam.retry.find_effect"),
        ("codegen.drift.checks.bodies.x__is_binary__mutmut_12", "codegen.drift.checks.bodies._is_binary"),
        ("gcore_iam.errors.xǁIAMErrorǁ__repr____mutmut_9", "gcore_iam.errors.IAMError.__repr__"),
    ],
)
def test_a_mutant_names_its_function(mutant: str, function: str) -> None:
    assert name_function(mutant) == function


CHANGES = {"a.x_f__mutmut_1": "return 1", "a.x_f__mutmut_2": "return 2", "a.x_g__mutmut_1": "return 1"}

ACCEPTED = [AcceptedMutants("a.f", ("return 2",), "same"), AcceptedMutants("a.g", ("*",), "same")]
STALE = [AcceptedMutants("a.f", ("return 3",), "same"), AcceptedMutants("a.h", ("*",), "same")]


@pytest.mark.parametrize("function", sorted({one.function for one in read_accepted()}))
def test_the_function_of_an_accepted_mutant_exists(function: str) -> None:
    found = resolve_name(function)
    found = getattr(found, "fget", found)  # of a property
    assert f"{found.__module__}.{found.__qualname__}" == function  # a module that only imports it is not meant


@pytest.fixture(autouse=True)
def _changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation, "read_change", CHANGES.__getitem__)


def test_accepted_mutants_do_not_count(capsys: pytest.CaptureFixture[str]) -> None:
    results = {"a.x_f__mutmut_1": "killed", "a.x_f__mutmut_2": "survived", "a.x_g__mutmut_1": "no tests"}
    assert report(results, [], 60) == 1
    assert "noticed: 1 of 3 mutants, 33.3 %" in capsys.readouterr().out
    assert report(results, ACCEPTED, 60) == 0
    assert "noticed: 1 of 1 mutants, 100.0 %" in capsys.readouterr().out


def test_a_mutant_that_was_not_tried_does_not_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert report({"a.x_f__mutmut_1": "killed", "a.x_f__mutmut_2": "not checked"}, [], 60) == 0
    assert "killed: 1, not checked: 1" in capsys.readouterr().out


@pytest.mark.parametrize("stale", STALE)
def test_an_accepted_mutant_must_exist(stale: AcceptedMutants) -> None:
    check_accepted(ACCEPTED, list(CHANGES))
    with pytest.raises(AssertionError, match="do not exist any more"):
        check_accepted([stale], list(CHANGES))
