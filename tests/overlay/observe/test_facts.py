"""What an observation may show of a response."""

from __future__ import annotations

import pytest
from gcore_iam.observe.facts import PersonalWords, is_harmless_name, is_harmless_value, parse_header_date


@pytest.mark.parametrize(
    "name",
    [
        "lang",
        "two_fa",
        "companyName",
        "CDN",
        "_links",
        "x-rate-limit",
        "oauth2_client_id",
        "is_active_2026",
        "k8s_cluster_id",
        "is_2fa_on",
        "lastLoginIPAddress",
        "sha256",
        "internationalization",
        "__proto__",
    ],
)
def test_a_name_of_a_program_is_shown(name: str) -> None:
    assert is_harmless_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1st",
        "ada@example.com",
        "Ada Lovelace",
        "Ada",
        "ad\u00e4",
        "a.b",
        "a/b",
        "line\n",
        "name_" * 13,
        "c4n4ry-token",
        "user_20261129",
        "a1b2c3d4",
        "AbCdEfGhIjKlMnOpQr",
        "aBcDeFgH",
        "deadbeefcafe",
        "token_deadbeefcafe",
        "qkzjvxwpmtrh",
        "abetdifotulanegumowapi",
        "ABETDIFOTULANEGUMOWAPI",
        "ghp_letters",
        "sk_live_letters",
        "AKIAIOSFODNN",
        "eyJhbGciOi",
    ],
)
def test_a_name_that_could_be_data_is_not_shown(name: str) -> None:
    assert not is_harmless_name(name)


@pytest.mark.parametrize(
    ("value", "listed"),
    [("fr", ["de", "en"]), ("zh-hant", ["de", "en"]), ("WAAP", ["CDN"]), ("FastEdge", ["CDN"]), ("x", ["a", None])],
)
def test_a_value_like_the_listed_ones_is_shown(value: str, listed: list[object]) -> None:
    assert is_harmless_value(value, listed)


@pytest.mark.parametrize(
    ("value", "listed"),
    [
        (7, ["a"]),
        ("Alicia", ["de", "en"]),
        ("ada@example.com", ["password"]),
        ("Ada Lovelace", ["Users"]),
        ("more-than-eight", ["de", "en"]),
        ("x" * 41, ["y" * 41]),
        ("482913", ["code"]),
        ("a1b2c3", ["password"]),
    ],
)
def test_a_value_that_could_be_data_is_not_shown(value: object, listed: list[object]) -> None:
    assert not is_harmless_value(value, listed)


@pytest.mark.parametrize("word", ["alicia", "KEYS", "alicia keys", "ada", "lovelace", "ada.lovelace@example.com"])
def test_words_of_names_and_addresses_are_personal(word: str) -> None:
    assert word in PersonalWords(lambda: ["Alicia Keys", "ada.lovelace@example.com"])


@pytest.mark.parametrize("word", ["user_role", "this", "is", "required"])
def test_words_of_sentences_are_not_personal(word: str) -> None:
    assert word not in PersonalWords(lambda: ["This field is required here", "user_role missing", ""])


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Thu, 31 Dec 2026 23:59:59 GMT", "2026-12-31"),
        ("@1688169599", "2023-06-30"),
        (" @0 ", "1970-01-01"),
        ("@999999999999", ""),
        ("true", ""),
        ("", ""),
        ("31 Foo 2026", ""),
        ("ada@example.com", ""),
    ],
)
def test_the_date_of_a_header(text: str, date: str) -> None:
    assert parse_header_date(text) == date
