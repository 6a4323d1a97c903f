"""Each kind of difference between a response and the spec is observed, whatever the kind of client."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from gcore_iam import IAMError, RetryPolicy
from gcore_iam.observe import ObservationKind, Observer
from gcore_iam.testing import HTML, ContentType, ExtraField, FakeIAM, Missing, Null, Status, UnknownEnum
from gcore_iam.testing.faults import Fault

from ..conftest import ClientKind, EitherClient
from .support import Found, ResponseEditor, find

ACCOUNT = 1001


def get_user(iam: EitherClient) -> object:
    return iam.users.get(1)


def get_page(iam: EitherClient) -> object:
    return iam.users.list(page_size=10, max_items=3).collect()


CASES: dict[str, tuple[Callable[[EitherClient], object], tuple[Fault, ...], set[Found]]] = {
    "nothing": (get_user, (), set()),
    "a field": (
        get_user,
        (ExtraField("favourite_tea"),),
        {("iamGetUser", "200", "/favourite_tea", "undocumented_field", "")},
    ),
    "a field in a list": (
        get_page,
        (ExtraField("results.*.groups.0.colour"),),
        {("iamGetUsers", "200", "/results/*/groups/*/colour", "undocumented_field", "")},
    ),
    "an enum value": (
        get_page,
        (UnknownEnum("results.2.lang", "fr"),),
        {("iamGetUsers", "200", "/results/*/lang", "undocumented_enum_value", "fr")},
    ),
    "null": (get_user, (Null("email"),), {("iamGetUser", "200", "/email", "unannounced_null", "")}),
    "null as an enum value": (get_user, (Null("lang"),), {("iamGetUser", "200", "/lang", "unannounced_null", "")}),
    "a missing key": (
        get_page,
        (Missing("results.1.two_fa"),),
        {("iamGetUsers", "200", "/results/*/two_fa", "missing_required_key", "")},
    ),
    "a status": (get_user, (Status(418),), {("iamGetUser", "418", "", "undocumented_status", "")}),
    "a media type": (
        get_user,
        (HTML(),),
        {("iamGetUser", "200", "", "undocumented_media_type", "text/html")},
    ),
    "an unusual media type": (
        get_user,
        (ContentType("application/vnd.ada+json; charset=utf-8"),),
        {("iamGetUser", "200", "", "undocumented_media_type", "")},
    ),
    "a deprecated operation": (
        lambda iam: iam.tokens.legacy.get(ACCOUNT, 1),
        (),
        {("iamGetApiToken", "200", "", "deprecated_operation", "")},
    ),
}
"""A call, the faults that its response meets, and what is observed."""

EDITS: dict[str, tuple[Callable[[EitherClient], object], dict[str, Any], dict[str, str], set[Found]]] = {
    "another type": (
        get_user,
        {"reseller": "7", "lang": 7, "groups": {}},
        {},
        {
            ("iamGetUser", "200", "/reseller", "other_type", "string"),
            ("iamGetUser", "200", "/lang", "other_type", "integer"),
            ("iamGetUser", "200", "/groups", "other_type", "object"),
        },
    ),
    "a timestamp": (
        lambda iam: iam.tokens.get(ACCOUNT, 1),
        {"created": "yesterday", "last_usage": "2026-11-29T06:00:00"},
        {},
        {("iamGetApiTokenV2", "200", "/created", "unreadable_timestamp", "")},
    ),
    "headers": (
        get_user,
        {},
        {"Sunset": "Thu, 31 Dec 2026 23:59:59 GMT", "Deprecation": "@1688169599"},
        {
            ("iamGetUser", "200", "", "sunset_header", "2026-12-31"),
            ("iamGetUser", "200", "", "deprecation_header", "2023-06-30"),
        },
    ),
}
"""A call, changed fields and headers of its response, and what is observed."""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CASES)
def test_a_difference_is_observed(fake: FakeIAM, client_kind: ClientKind, name: str) -> None:
    call, faults, expected = CASES[name]
    if faults:
        fake.inject(*faults)
    with Observer() as observer:
        with suppress(IAMError):
            client_kind.run(call, fake.api_key, transport=fake.transport(), observer=observer, retries=0)
        assert find(observer) == expected


@pytest.mark.parametrize("name", EDITS)
def test_a_difference_of_an_edited_response(fake: FakeIAM, client_kind: ClientKind, name: str) -> None:
    call, fields, headers, expected = EDITS[name]
    transport = ResponseEditor(fake, fields, headers)
    with Observer() as observer:
        with suppress(IAMError):
            client_kind.run(call, fake.api_key, transport=transport, observer=observer, retries=0)
        assert find(observer) == expected


def test_every_kind_has_a_case() -> None:
    expected = [*(case[2] for case in CASES.values()), *(case[3] for case in EDITS.values())]
    assert {found[3] for every in expected for found in every} == set(ObservationKind)


@pytest.mark.fake_iam([{"email": "ada@example.com"}, {}])
def test_fake_iam_itself_shows_no_difference(fake: FakeIAM, client_kind: ClientKind) -> None:
    with Observer() as observer:
        for call in (
            get_user,
            get_page,
            lambda iam: iam.account.get(),
            lambda iam: iam.account.logins(max_items=3).collect(),
            lambda iam: iam.users.get_role(ACCOUNT, 1),
            lambda iam: iam.users.update(1, name="n"),
            lambda iam: iam.tokens.list(ACCOUNT),
            lambda iam: iam.tokens.create(ACCOUNT, "ci", 2),
        ):
            client_kind.run(call, fake.api_key, transport=fake.transport(), observer=observer)
        assert find(observer) == set()


def test_attempts_that_are_retried_are_observed(fake: FakeIAM, client_kind: ClientKind) -> None:
    fake.inject(Status(503), times=2)
    retries = RetryPolicy(retries=2, sleep=lambda _: None)
    with Observer() as observer:
        client_kind.run(get_user, fake.api_key, transport=fake.transport(), observer=observer, retries=retries)
        assert find(observer) == {("iamGetUser", "503", "", "undocumented_status", "")}
        assert observer.observations[0].count == 2
        assert observer.counts.statuses == {("iamGetUser", 503): 2, ("iamGetUser", 200): 1}
