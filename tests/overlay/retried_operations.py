"""Calls of the operations that are retried, and a server on which each of them succeeds."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from gcore_iam import IAMClient
from gcore_iam.retry import Effect
from gcore_iam.testing import FakeIAM

from .conftest import EitherClient

ACCOUNT = 1001
EMAIL = "ada@example.com"
PASSWORD = "correct-horse-battery"


@attrs.frozen
class OperationCall:
    """A call of one operation.

    Attributes:
        operation: The `operationId`.
        effect: What the operation does when it runs twice.
        call: Calls it with a client.
    """

    operation: str
    effect: Effect
    call: Callable[[EitherClient], object]


CALLS = [
    OperationCall("iamGetUser", Effect.READ, lambda iam: iam.users.get(5)),
    OperationCall("iamGetUsers", Effect.READ, lambda iam: iam.users.list(max_items=3).collect()),
    OperationCall("iamGetAccountDetails", Effect.READ, lambda iam: iam.account.get()),
    OperationCall("iamGetLastLoginTime", Effect.READ, lambda iam: iam.account.logins(max_items=3).collect()),
    OperationCall("iamGetApiTokensV2", Effect.READ, lambda iam: iam.tokens.list(ACCOUNT)),
    OperationCall("iamGetApiTokenV2", Effect.READ, lambda iam: iam.tokens.get(ACCOUNT, 1)),
    OperationCall("iamGetClientUserRole", Effect.READ, lambda iam: iam.users.get_role(ACCOUNT, 5)),
    OperationCall("iamSelectAccount", Effect.READ, lambda iam: iam.auth.select_account(ACCOUNT)),
    OperationCall("iamUpdateClientUserRole", Effect.IDEMPOTENT, lambda iam: iam.users.set_role(ACCOUNT, 5, 2)),
    OperationCall("iamUpdateUser", Effect.IDEMPOTENT, lambda iam: iam.users.update(5, name="New")),
    OperationCall("iamRevokeClientUserAccess", Effect.DELETE, lambda iam: iam.users.revoke(ACCOUNT, 6)),
    OperationCall("iamDeleteApiTokenV2", Effect.DELETE, lambda iam: iam.tokens.delete(ACCOUNT, 2)),
    OperationCall("iamCreateApiTokenV2", Effect.NON_IDEMPOTENT, lambda iam: iam.tokens.create(ACCOUNT, "ci", "Users")),
    OperationCall("iamInviteUser", Effect.NON_IDEMPOTENT, lambda iam: iam.users.invite(ACCOUNT, "new@example.com", 2)),
    OperationCall("iamCreateAccount", Effect.NON_IDEMPOTENT, lambda iam: iam.account.create("Another Ltd")),
    OperationCall(
        "iamUpdateUserEmail",
        Effect.NON_IDEMPOTENT,
        lambda iam: iam.users.update_email(1, "other@example.com", PASSWORD),
    ),
    OperationCall(
        "iamChangePassword", Effect.NON_IDEMPOTENT, lambda iam: iam.users.change_password(1, PASSWORD, "another one")
    ),
    OperationCall("iamLoginUser", Effect.NON_IDEMPOTENT, lambda iam: iam.auth.login(EMAIL, PASSWORD)),
    OperationCall("iamForgotPassword", Effect.NON_IDEMPOTENT, lambda iam: iam.auth.forgot_password(EMAIL)),
]

BY_OPERATION = {call.operation: call for call in CALLS}

ONE_OF_EACH_EFFECT = [
    BY_OPERATION[name] for name in ("iamGetUser", "iamUpdateUser", "iamDeleteApiTokenV2", "iamCreateApiTokenV2")
]

USERS = [{"email": EMAIL, "groups": [{"id": 1}]}, *({"groups": [{"id": 2}]} for _ in range(9))]
"""For `@pytest.mark.fake_iam`: the first one may do everything."""


def create_old_token(fake: FakeIAM) -> None:
    """Create token 2, for tests to delete."""
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        assert iam.tokens.create(ACCOUNT, "old", 2).id == 2
