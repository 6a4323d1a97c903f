"""`AmbiguousOutcomeError.reconcile()`: finds out whether a write has happened."""

from __future__ import annotations

from typing import Any, assert_type

import pytest
from gcore_iam import AmbiguousOutcomeError, ConfigurationError, IAMClient, RetryPolicy, models
from gcore_iam.testing import FakeIAM, Fault, Reset

from .conftest import ClientKind, ClientOptions
from .retried_operations import BY_OPERATION, PASSWORD, USERS, OperationCall, create_old_token

pytestmark = pytest.mark.fake_iam(USERS)

CREATE = BY_OPERATION["iamCreateApiTokenV2"]


@pytest.fixture(autouse=True)
def _old_token(fake: FakeIAM) -> None:
    create_old_token(fake)


def reconcile(client_kind: ClientKind, fake: FakeIAM, call: OperationCall, fault: Fault) -> Any:
    """What `reconcile()` finds after a call that a fault has left ambiguous."""

    def run(iam: Any) -> Any:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            call.call(iam)
        return caught.value.reconcile()

    async def run_async(iam: Any) -> Any:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            await call.call(iam)
        return await caught.value.reconcile_async()

    fake.inject(fault)
    options: ClientOptions = {"base_url": "http://localhost", "transport": fake.transport(), "retries": RetryPolicy(0)}
    return client_kind.run(run_async if client_kind.is_async else run, fake.api_key, **options)


@pytest.mark.parametrize(
    ("operation", "attribute", "value"),
    [
        ("iamCreateApiTokenV2", "name", "ci"),
        ("iamInviteUser", "email", "new@example.com"),
        ("iamCreateAccount", "client_company_name", "Another Ltd"),
        ("iamUpdateUserEmail", "email", "other@example.com"),
    ],
)
def test_reconcile_finds_a_write_that_has_happened(
    client_kind: ClientKind, fake: FakeIAM, operation: str, attribute: str, value: str
) -> None:
    call = BY_OPERATION[operation]
    assert reconcile(client_kind, fake, call, Reset()) is None
    assert getattr(reconcile(client_kind, fake, call, Reset(after_work=True)), attribute) == value


def test_reconcile_finds_no_older_token_of_that_name(client_kind: ClientKind, fake: FakeIAM) -> None:
    client_kind.run(CREATE.call, fake.api_key, base_url="http://localhost", transport=fake.transport())
    fake.clock.advance(minutes=5)
    assert reconcile(client_kind, fake, CREATE, Reset()) is None
    found = reconcile(client_kind, fake, CREATE, Reset(after_work=True))
    assert found.id == max(token["id"] for token in fake.tokens)


def test_reconcile_returns_the_expected_class(client_kind: ClientKind, fake: FakeIAM) -> None:
    def run(iam: Any) -> None:
        with pytest.raises(AmbiguousOutcomeError) as info:
            iam.tokens.create(1001, "ci", "Users")
        found = info.value.reconcile(models.TokenResponse)
        assert assert_type(found, models.TokenResponse | None) is not None
        with pytest.raises(ConfigurationError, match="a TokenResponse, not a User"):
            info.value.reconcile(models.User)

    async def run_async(iam: Any) -> None:
        with pytest.raises(AmbiguousOutcomeError) as info:
            await iam.tokens.create(1001, "ci", "Users")
        found = await info.value.reconcile_async(models.TokenResponse)
        assert assert_type(found, models.TokenResponse | None) is not None
        with pytest.raises(ConfigurationError, match="a TokenResponse, not a User"):
            await info.value.reconcile_async(models.User)
        with pytest.raises(ConfigurationError, match="await reconcile_async"):
            info.value.reconcile(models.TokenResponse)
        untyped: Any = info.value.reconcile()  # an awaitable, as ever
        assert (await untyped).name == "ci"

    fake.inject(Reset(after_work=True))
    options: ClientOptions = {"base_url": "http://localhost", "transport": fake.transport(), "retries": RetryPolicy(0)}
    client_kind.run(run_async if client_kind.is_async else run, fake.api_key, **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda iam: iam.users.change_password(1, PASSWORD, "another one"), "log in with the new password"),
        (lambda iam: iam.users.invite(2002, "new@example.com", 2), "only the users of account 1001"),
    ],
)
def test_reconcile_says_what_the_api_cannot_show(call: Any, message: str, fake: FakeIAM) -> None:
    fake.inject(Reset())
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            call(iam)
        with pytest.raises(ConfigurationError, match=message):
            caught.value.reconcile()


def test_the_deprecated_name_of_attach_reconciler_still_works() -> None:
    error = AmbiguousOutcomeError("no response", operation="iamCreateApiToken", method="POST", url="u", attempts=1)
    error.advise("look", lambda: 5)
    assert (error.advice, error.reconcile()) == ("look", 5)
