"""`AmbiguousOutcomeError.reconcile()`: finds out whether a write has happened."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Awaitable, Callable
from typing import assert_type

import httpx
import pytest
from gcore_iam import AmbiguousOutcomeError, AsyncIAMClient, ConfigurationError, IAMClient, RetryPolicy, models
from gcore_iam.retry import Effect
from gcore_iam.testing import FakeIAM, Fault, Reset

from .conftest import AnyKindTransport, ClientKind, ClientOptions, EitherClient, resolve
from .retried_operations import BY_OPERATION, PASSWORD, USERS, OperationCall, create_old_token

pytestmark = pytest.mark.fake_iam(USERS)

CREATE = BY_OPERATION["iamCreateApiTokenV2"]


@pytest.fixture(autouse=True)
def _old_token(fake: FakeIAM) -> None:
    create_old_token(fake)


def reconcile(
    client_kind: ClientKind,
    fake: FakeIAM,
    call: OperationCall,
    fault: Fault,
    transport: AnyKindTransport | None = None,
) -> object:
    """Return what `reconcile()` finds after a call that a fault has left ambiguous."""

    def use(iam: IAMClient) -> object:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            call.call(iam)
        return caught.value.reconcile()

    async def use_async(iam: AsyncIAMClient) -> object:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            await resolve(call.call(iam))
        return await caught.value.reconcile_async()

    fake.inject(fault)
    options: ClientOptions = {
        "base_url": "http://localhost",
        "transport": fake.transport() if transport is None else transport,
        "retries": RetryPolicy(0),
    }
    return client_kind.run_either(use, use_async, fake.api_key, **options)


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
    assert isinstance(found, models.TokenResponse)
    assert found.id == max(token["id"] for token in fake.tokens)


def test_reconcile_returns_the_expected_class(client_kind: ClientKind, fake: FakeIAM) -> None:
    def use(iam: IAMClient) -> None:
        with pytest.raises(AmbiguousOutcomeError) as info:
            iam.tokens.create(1001, "ci", "Users")
        found = info.value.reconcile(models.TokenResponse)
        assert assert_type(found, models.TokenResponse | None) is not None
        with pytest.raises(ConfigurationError, match="a TokenResponse, not a User"):
            info.value.reconcile(models.User)

    async def use_async(iam: AsyncIAMClient) -> None:
        with pytest.raises(AmbiguousOutcomeError) as info:
            await iam.tokens.create(1001, "ci", "Users")
        token = await info.value.reconcile_async(models.TokenResponse)
        assert assert_type(token, models.TokenResponse | None) is not None
        with pytest.raises(ConfigurationError, match="a TokenResponse, not a User"):
            await info.value.reconcile_async(models.User)
        with pytest.raises(ConfigurationError, match="await reconcile_async"):
            info.value.reconcile(models.TokenResponse)
        found = info.value.reconcile()  # an awaitable, if the class is left out
        assert isinstance(found, Awaitable)
        assert (await found).name == "ci"

    fake.inject(Reset(after_work=True))
    options: ClientOptions = {"base_url": "http://localhost", "transport": fake.transport(), "retries": RetryPolicy(0)}
    client_kind.run_either(use, use_async, fake.api_key, **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda iam: iam.users.change_password(1, PASSWORD, "another one"), "log in with the new password"),
        (lambda iam: iam.users.invite(2002, "new@example.com", 2), "only the users of account 1001"),
    ],
)
def test_reconcile_says_what_the_api_cannot_show(
    client_kind: ClientKind, fake: FakeIAM, call: Callable[[EitherClient], object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        reconcile(client_kind, fake, OperationCall("any", Effect.NON_IDEMPOTENT, call), Reset())


class OtherDate(AnyKindTransport):
    """Sends requests to a fake, whose responses get another `Date` header."""

    def __init__(self, fake: FakeIAM, date: str) -> None:
        self._inner = fake.transport()
        self._date = date

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._change(self._inner.handle_request(request))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._change(await self._inner.handle_async_request(request))

    def _change(self, response: httpx.Response) -> httpx.Response:
        response.headers["Date"] = self._date
        return response


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_reconcile_needs_no_date_of_the_server(client_kind: ClientKind, fake: FakeIAM, date: str) -> None:
    """Then it goes by the clock of this machine."""
    found = reconcile(client_kind, fake, CREATE, Reset(after_work=True), OtherDate(fake, date))
    assert isinstance(found, models.TokenResponse)
    assert (found.id, found.name) == (3, "ci")


def test_the_deprecated_name_of_attach_reconciler_still_works() -> None:
    error = AmbiguousOutcomeError("no response", operation="iamCreateApiToken", method="POST", url="u", attempts=1)
    error.advise("look", lambda: 5)
    assert (error.advice, error.reconcile()) == ("look", 5)


def build_ambiguous_error(found: object) -> AmbiguousOutcomeError:
    """Build an error whose outcome is known already."""
    error = AmbiguousOutcomeError("no response", operation="iamInviteUser", method="POST", url="u", attempts=1)
    error.attach_reconciler("look at the users", lambda: found)
    return error


def test_nothing_found_is_none_whatever_is_expected() -> None:
    assert build_ambiguous_error(None).reconcile(models.User) is None


def test_a_copy_of_an_error_cannot_look_up_its_outcome() -> None:
    """It may be in another process, without the connection."""
    for copied in (pickle.loads(pickle.dumps(build_ambiguous_error(5))), copy.copy(build_ambiguous_error(5))):
        with pytest.raises(ConfigurationError, match="cannot be looked up from here; look at the users"):
            copied.reconcile()
