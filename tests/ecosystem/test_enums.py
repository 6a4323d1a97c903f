"""Enums are open: the server may send a value that the spec does not list, and type checkers know it."""

from __future__ import annotations

import copy
import enum
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from gcore_iam import models
from gcore_iam_client.types import OpenIntEnum, OpenStrEnum, find_misspelt


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *[("en", True), (models.Language.EN, True), ("fr", False), (models.Language("fr"), False)],
        *[("EN", False), (5, False), (None, False), ([], False), ({}, False)],
    ],
)
def test_the_listed_values_are_in_an_enum_on_every_python(value: object, expected: bool) -> None:
    assert (value in models.Language) is expected


def test_a_value_that_is_not_listed_never_joins_the_enum() -> None:
    for _ in range(2):
        assert models.Language("fr") == "fr"
        assert "fr" not in models.Language
        assert [member.value for member in models.Language] == ["az", "de", "en", "ru", "zh"]
        assert len(models.Language) == 5
    with pytest.raises(KeyError):
        models.Language["FR"]


def test_an_unlisted_value_is_kept_as_the_server_sent_it() -> None:
    for text in ("EN", "fr", "", " en"):
        lang = models.Language(text)
        assert isinstance(lang, models.Language)
        assert (lang.value, str(lang), f"{lang}", lang.is_known) == (text, text, text, False)
        assert json.dumps(lang) == json.dumps(text)


def test_open_enums_are_enums_at_run_time() -> None:
    members: Any = models.Language
    assert members("en") is members.EN
    assert isinstance(members.EN, enum.StrEnum)
    assert repr(members("fr")) == "<Language.fr: 'fr'>"


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, *(lambda value, p=p: pickle.loads(pickle.dumps(value, p)) for p in range(6))],
)
def test_members_survive_copies(duplicate: Callable[[Any], Any]) -> None:
    assert duplicate(models.Language.EN) is models.Language.EN
    assert duplicate(models.Language("fr")) == models.Language("fr")


@pytest.mark.parametrize("wrong", [5, None, b"en", ["en"]])
def test_a_value_of_another_type_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="is not a valid Language"):
        models.Language(wrong)


# --- misspelt values that a caller gives ---


@pytest.mark.parametrize(
    ("members", "text", "expected"),
    [
        (models.Language, "EN", "en"),
        (models.Language, " en ", "en"),
        (models.Language, "Az", "az"),
        (models.Language, "fr", None),
        (models.Language, "e", None),
        (models.Language, "english", None),
        (models.Language, "en", None),
        (models.Language, "", None),
        (models.Language, "!!", None),
        (models.Language, "en-GB", None),
        (models.Language, models.Language("DE"), "de"),
        (models.AuthType, "google_oauth2", "google-oauth2"),
        (models.AuthType, "SSO", "sso"),
        (models.AuthType, "passwrod", "password"),
        (models.AuthType, "pasword", "password"),
        (models.AuthType, "passkey", None),
        (models.GroupName, "administrators", "Administrators"),
        (models.GroupName, "Engineer", "Engineers"),
        (models.GroupName, "Auditors", None),
        (models.GroupName, "purge and prefetch only (api)", "Purge and Prefetch only (API)"),
    ],
)
def test_a_misspelt_value_is_found(members: type[OpenStrEnum], text: str, expected: str | None) -> None:
    assert find_misspelt(members, text) == expected


def test_an_enum_of_integers_is_open() -> None:
    scope: dict[str, Any] = {"OpenIntEnum": OpenIntEnum}
    exec("class Level(OpenIntEnum):\n    LOW = 1\n    HIGH = 2", scope)  # noqa: S102 # type checkers read no members
    level = scope["Level"]
    assert level(1) is level.LOW
    assert level(7) == 7
    assert not level(7).is_known
    assert 1 in level
    assert 7 not in level
    assert json.dumps(level(7)) == "7"
    assert pickle.loads(pickle.dumps(models.Language("fr"))) == "fr"
    with pytest.raises(ValueError, match="is not a valid Level"):
        level("7")
