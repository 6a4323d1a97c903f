"""None and UNSET leave an argument out, wherever the API has no null for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from gcore_iam import ConfigurationError, models
from gcore_iam.models import UNSET, Unset
from gcore_iam.testing import FakeIAM

from .conftest import ClientKind, ClientOptions, EitherClient, resolve
from .page_transport import run

ACCOUNT = 1001


def read_body(client_kind: ClientKind, fake: FakeIAM, call: Callable[[EitherClient], object]) -> Any:
    """Make a call, and return the body of its request."""
    client_kind.run(call, fake.api_key, base_url="http://localhost", transport=fake.transport())
    return fake.requests[-1].body


@pytest.mark.parametrize("absent", [None, UNSET])
def test_an_absent_argument_of_update_changes_nothing(
    client_kind: ClientKind, fake: FakeIAM, absent: Unset | None
) -> None:
    def update(iam: EitherClient) -> object:
        return iam.users.update(1, name="N", lang=absent, email=absent, auth_types=absent)

    assert read_body(client_kind, fake, update) == {"name": "N"}
    with pytest.raises(ConfigurationError, match="nothing to change"):
        read_body(client_kind, fake, lambda iam: iam.users.update(1, lang=absent, email=absent, auth_types=absent))


def test_none_removes_what_the_api_has_null_for(client_kind: ClientKind, fake: FakeIAM) -> None:
    body = read_body(client_kind, fake, lambda iam: iam.users.update(1, name=None, phone=None))
    assert body == {"name": None, "phone": None}


@pytest.mark.parametrize("absent", [None, UNSET])
def test_an_absent_argument_of_invite_is_left_out(client_kind: ClientKind, fake: FakeIAM, absent: Unset | None) -> None:
    def invite(iam: EitherClient) -> object:
        return iam.users.invite(ACCOUNT, "x@example.com", 2, name=absent, lang=absent)

    assert read_body(client_kind, fake, invite).keys() == {"client_id", "email", "user_role"}


@pytest.mark.parametrize("absent", [None, UNSET])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("resource", [lambda iam: iam.tokens, lambda iam: iam.tokens.legacy])
def test_an_absent_argument_of_create_is_left_out(
    client_kind: ClientKind, fake: FakeIAM, absent: Unset | None, resource: Callable[[Any], Any]
) -> None:
    def create(iam: EitherClient) -> object:
        return resource(iam).create(ACCOUNT, "ci", 2, exp_date=absent, description=absent)

    body = read_body(client_kind, fake, create)
    assert "description" not in body
    assert body["exp_date"] is None


@pytest.mark.parametrize("absent", [None, UNSET])
def test_an_absent_argument_of_rotate_is_that_of_the_old_token(
    client_kind: ClientKind, fake: FakeIAM, absent: Unset | None
) -> None:
    async def get_and_rotate(iam: EitherClient) -> tuple[models.TokenResponse, models.CreateTokenResponseV2]:
        old = await resolve(iam.tokens.get(ACCOUNT, 1))
        new = iam.tokens.rotate(ACCOUNT, 1, print, name=absent, role=absent, description=absent)
        return old, await resolve(new)

    options: ClientOptions = {"base_url": "http://localhost", "transport": fake.transport()}
    old, new = run(client_kind, get_and_rotate, fake.api_key, **options)
    assert (new.name, new.description, new.client_user.role) == (old.name, old.description, old.client_user.role)


def test_rotate_takes_none_for_a_token_that_never_expires(client_kind: ClientKind, fake: FakeIAM) -> None:
    end = datetime(2090, 1, 1, tzinfo=UTC)
    options: ClientOptions = {"base_url": "http://localhost", "transport": fake.transport()}
    old = client_kind.run(lambda iam: iam.tokens.create(ACCOUNT, "ci", 2, exp_date=end), fake.api_key, **options)
    new = client_kind.run(lambda iam: iam.tokens.rotate(ACCOUNT, old.id, print, exp_date=None), fake.api_key, **options)
    assert (old.exp_date, new.exp_date) == (end, None)
