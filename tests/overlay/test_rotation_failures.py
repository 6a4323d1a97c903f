"""Rotations of API tokens that fail or are interrupted: the error says which tokens exist, and at least one works."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest
from gcore_iam import (
    AsyncIAMClient,
    ConfigurationError,
    DecodeError,
    IAMClient,
    RetryPolicy,
    TokenRotationError,
    models,
)
from gcore_iam.testing import FakeIAM, Null, Status, UnknownEnum
from gcore_iam.testing.faults import Fault

from .conftest import AnyKindTransport, ClientKind, ClientOptions, EitherClient, EitherResult, Runner

ACCOUNT = 1001
TOKENS = "/iam/v2/clients/{clientId}/tokens"
TOKEN = f"{TOKENS}/{{tokenId}}"
OLD = 2

pytestmark = pytest.mark.fake_iam([{"email": "ada@example.com", "groups": [{"id": 1}]}])


class ChangedTokens(AnyKindTransport):
    """Sends requests to a fake, and changes the tokens in its responses.

    Attributes:
        changes: By the id of a token, the fields that a response with it has instead.
    """

    def __init__(self, fake: FakeIAM) -> None:
        self._inner = fake.transport()
        self.changes: dict[int, dict[str, Any]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._change(request, self._inner.handle_request(request))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._change(request, await self._inner.handle_async_request(request))

    def _change(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        changes = self.changes.get(int(request.url.path.rpartition("/")[2])) if request.method == "GET" else None
        return response if changes is None else httpx.Response(200, json={**response.json(), **changes})


@pytest.fixture
def transport(fake: FakeIAM) -> ChangedTokens:
    return ChangedTokens(fake)


@pytest.fixture
def connection(fake: FakeIAM, transport: ChangedTokens) -> ClientOptions:
    """The arguments that lead a client to a server with the token 2."""
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        assert iam.tokens.create(ACCOUNT, "ci", 2, exp_date=datetime(2099, 1, 1, tzinfo=UTC)).id == OLD
    return {"base_url": "http://localhost", "transport": transport, "retries": RetryPolicy(0)}


def list_ids(fake: FakeIAM) -> list[int]:
    """List the tokens that exist, but for the one that sends the requests."""
    return [token["id"] for token in fake.tokens if not token["deleted"]][1:]


def rotate(iam: EitherClient) -> EitherResult[models.CreateTokenResponseV2]:
    return iam.tokens.rotate(ACCOUNT, OLD, lambda _: None)


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (Null("client_user"), DecodeError, "which role the token has"),
        (UnknownEnum("exp_date"), ConfigurationError, "give exp_date="),
    ],
)
def test_a_token_that_cannot_be_copied_is_not_rotated(
    run: Runner, fake: FakeIAM, fault: Fault, error: type[Exception], message: str
) -> None:
    fake.inject(fault, method="GET", path=TOKEN)
    with pytest.raises(error, match=message):
        run(rotate)
    assert list_ids(fake) == [OLD]


def test_an_expiry_at_the_end_of_time_stays(run: Runner, transport: ChangedTokens) -> None:
    """Now plus the lifetime of such a token is no date."""
    last = "9999-12-31T23:59:59Z"
    transport.changes[OLD] = {"created": "2020-01-01T00:00:00Z", "exp_date": last}
    assert run(rotate).exp_date == datetime.fromisoformat(last)


def test_a_new_token_must_be_the_one_that_was_created(run: Runner, fake: FakeIAM, transport: ChangedTokens) -> None:
    transport.changes[OLD + 1] = {"id": OLD}
    with pytest.raises(TokenRotationError, match="about another token") as caught:
        run(rotate)
    assert (caught.value.stage, caught.value.existing) == ("verify", (OLD,))
    assert list_ids(fake) == [OLD]


@pytest.mark.parametrize(
    ("status", "message", "existing"),
    [(404, "and does not exist", (OLD,)), (500, r"could not be deleted \(\w+\): delete it", (OLD, OLD + 1))],
)
def test_a_new_token_that_does_not_work_may_stay(
    run: Runner, fake: FakeIAM, status: int, message: str, existing: tuple[int, ...]
) -> None:
    fake.inject(Status(401), method="GET", path=TOKEN, after=1)
    fake.inject(Status(status), method="DELETE", path=TOKEN)
    with pytest.raises(TokenRotationError, match=message) as caught:
        run(rotate)
    assert (caught.value.stage, caught.value.existing) == ("verify", existing)


def test_the_new_token_deletes_the_old_one_if_it_must(run: Runner, fake: FakeIAM) -> None:
    """The client may have used the old token until now."""
    fake.inject(Status(401), method="DELETE", path=TOKEN)
    new = run(rotate)
    assert list_ids(fake) == [new.id]
    assert fake.requests[-1].revealed().headers["authorization"] == f"APIKey {new.token}"


def test_a_rotation_succeeds_if_the_old_token_is_gone(run: Runner, fake: FakeIAM) -> None:
    fake.inject(Status(404), method="DELETE", path=TOKEN)
    assert run(rotate).id == OLD + 1


def test_a_cancelled_rotation_names_the_tokens_that_exist(
    client_kind: ClientKind, fake: FakeIAM, connection: ClientOptions
) -> None:
    notes: list[str] = []

    async def rotate_cancelled(iam: AsyncIAMClient) -> None:
        with anyio.CancelScope() as scope:

            async def cancel(_: object) -> None:
                scope.cancel()
                await anyio.sleep(60)

            try:
                await iam.tokens.rotate(ACCOUNT, OLD, cancel)
            except BaseException as error:
                notes.extend(error.__notes__)
                raise

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    def rotate_interrupted(iam: IAMClient) -> None:
        with pytest.raises(KeyboardInterrupt) as caught:
            iam.tokens.rotate(ACCOUNT, OLD, interrupt)
        notes.extend(caught.value.__notes__)

    client_kind.run_either(rotate_interrupted, rotate_cancelled, fake.api_key, **connection)
    assert f"tokens {OLD} and {OLD + 1} exist and work" in notes[0]
    assert list_ids(fake) == [OLD, OLD + 1]
