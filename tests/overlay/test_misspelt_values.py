"""A misspelt value of an enum is found before a request is sent; values that the spec does not list are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gcore_iam import BadRequestError, ConfigurationError, IAMClient, models
from gcore_iam.testing import FakeIAM

pytestmark = pytest.mark.fake_iam(5)

ACCOUNT = 1001

MISSPELT: list[tuple[Callable[[IAMClient], object], str]] = [
    (lambda iam: iam.users.update(2, lang="EN"), "lang must be spelled 'en', not 'EN'"),
    (lambda iam: iam.users.update(2, lang=" de"), "lang must be spelled 'de', not ' de'"),
    (lambda iam: iam.users.update(2, lang=models.Language("Ru")), "lang must be spelled 'ru', not 'Ru'"),
    (lambda iam: iam.users.update(2, auth_types=["password", "SSO"]), "auth_types must be spelled 'sso'"),
    (lambda iam: iam.users.update(2, auth_types=[models.AuthType("google_oauth2")]), "spelled 'google-oauth2'"),
    (lambda iam: iam.users.invite(ACCOUNT, "a@example.com", "Users", lang="DE"), "lang must be spelled 'de'"),
    (lambda iam: iam.users.invite(ACCOUNT, "a@example.com", "users"), "user_role must be spelled 'Users'"),
    (lambda iam: iam.users.set_role(ACCOUNT, 2, "Enginers"), "role must be spelled 'Engineers'"),
    (
        lambda iam: iam.users.set_role(ACCOUNT, 2, models.Group(name=models.GroupName("ENGINEERS"))),
        "role.name must be spelled 'Engineers'",
    ),
    (lambda iam: iam.tokens.create(ACCOUNT, "ci", "administrators"), "role must be spelled 'Administrators'"),
    (lambda iam: iam.tokens.list(ACCOUNT, role="administrators"), "role must be spelled 'Administrators'"),
    (lambda iam: iam.with_raw_response.users.update(2, lang="EN"), "lang must be spelled 'en'"),
]


@pytest.mark.parametrize(("call", "message"), MISSPELT)
def test_a_misspelt_value_is_found_before_a_request_is_sent(
    local_iam: IAMClient, fake: FakeIAM, call: Callable[[IAMClient], object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        call(local_iam)
    assert sum(fake.calls.values()) == 0


def test_rotate_finds_a_misspelt_role(local_iam: IAMClient) -> None:
    old = local_iam.tokens.create(ACCOUNT, "ci", "Users")
    with pytest.raises(ConfigurationError, match="role must be spelled 'Engineers'"):
        local_iam.tokens.rotate(ACCOUNT, old.id, print, role="engineers")
    assert [token.id for token in local_iam.tokens.list(ACCOUNT, deleted=False)].count(old.id) == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"lang": "fr"}, {"lang": "fr"}),
        ({"lang": models.Language("pt-BR")}, {"lang": "pt-BR"}),
        ({"auth_types": ["passkey"]}, {"auth_types": ["passkey"]}),
    ],
)
def test_a_value_that_the_spec_does_not_list_is_sent(
    local_iam: IAMClient, fake: FakeIAM, arguments: dict[str, Any], expected: dict[str, Any]
) -> None:
    with pytest.raises(BadRequestError):  # the fake knows the listed values alone
        local_iam.users.update(2, **arguments)
    assert fake.requests[-1].body == expected


def test_a_role_that_the_server_spells_in_its_own_way_is_kept(local_iam: IAMClient, fake: FakeIAM) -> None:
    """As in `set_role(…, get_role(…))`, and in a rotation."""
    role = models.Group.from_dict({"id": 5, "name": "ENGINEERS"})
    with pytest.raises(BadRequestError):
        local_iam.users.set_role(ACCOUNT, 2, role)
    assert fake.requests[-1].body == {"user_role": {"id": 5, "name": "ENGINEERS"}}


def test_a_misspelt_value_is_kept_where_the_server_sends_it() -> None:
    user = models.PutUser.from_dict({"lang": "EN", "auth_types": ["SSO"]})
    assert user.lang == "EN"
    assert user.to_dict() == {"lang": "EN", "auth_types": ["SSO"]}
