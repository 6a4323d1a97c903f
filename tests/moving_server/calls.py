"""One call of each operation through the client, and the observations of how a version of the server responds."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from gcore_iam import IAMClient, RetryPolicy
from gcore_iam.errors import IAMError
from gcore_iam.observe import Observations, Observer
from gcore_iam.testing import FakeIAM
from gcore_iam.testing.contract import Contract, load_contract
from gcore_iam.testing.messages import Response

from .variants import list_variants

ACCOUNT, PASSWORD = 1001, "correct-horse-battery"
EXPIRY = datetime(2099, 1, 1, tzinfo=UTC)

CALLS: Mapping[str, Callable[[IAMClient], object]] = {
    "iamLoginUser": lambda iam: iam.auth.login("ada@example.com", PASSWORD),
    "iamRefreshToken": lambda iam: iam.auth.refresh("refresh"),
    "iamSelectAccount": lambda iam: iam.auth.select_account(ACCOUNT),
    "iamForgotPassword": lambda iam: iam.auth.forgot_password("ada@example.com"),
    "iamChangePassword": lambda iam: iam.users.change_password(1, PASSWORD, "another"),
    "iamCreateAccount": lambda iam: iam.account.create("Third"),
    "iamGetAccountDetails": lambda iam: iam.account.get(),
    "iamGetLastLoginTime": lambda iam: iam.account.logins().first(),
    "iamGetUsers": lambda iam: iam.users.list().first(),
    "iamGetUser": lambda iam: iam.users.get(1),
    "iamUpdateUser": lambda iam: iam.users.update(1, name="Ada"),
    "iamUpdateUserEmail": lambda iam: iam.users.update_email(1, "new@example.com", PASSWORD),
    "iamInviteUser": lambda iam: iam.users.invite(ACCOUNT, "new@example.com", 2),
    "iamGetClientUserRole": lambda iam: iam.users.get_role(ACCOUNT, 1),
    "iamUpdateClientUserRole": lambda iam: iam.users.set_role(ACCOUNT, 1, 2),
    "iamRevokeClientUserAccess": lambda iam: iam.users.revoke(ACCOUNT, 1),
    "iamGetApiTokens": lambda iam: iam.tokens.legacy.list(ACCOUNT),
    "iamGetApiTokensV2": lambda iam: iam.tokens.list(ACCOUNT),
    "iamCreateApiToken": lambda iam: iam.tokens.legacy.create(ACCOUNT, "t", 2, exp_date=EXPIRY),
    "iamCreateApiTokenV2": lambda iam: iam.tokens.create(ACCOUNT, "t", 2, exp_date=EXPIRY),
    "iamGetApiToken": lambda iam: iam.tokens.legacy.get(ACCOUNT, 1),
    "iamGetApiTokenV2": lambda iam: iam.tokens.get(ACCOUNT, 1),
    "iamDeleteApiToken": lambda iam: iam.tokens.legacy.delete(ACCOUNT, 1),
    "iamDeleteApiTokenV2": lambda iam: iam.tokens.delete(ACCOUNT, 1),
}


def observe(document: Mapping[str, Any], patch: pytest.MonkeyPatch) -> Observations:
    """Call each operation of a server that has a version of the spec, until it has shown all that the spec allows."""
    contract = load_contract(document)
    fake = FakeIAM([{"email": "ada@example.com"}], spec=accept_any_body(document))
    statuses = []
    with open_client(fake) as (iam, observer):
        for operation, call in CALLS.items():
            for response in list_responses(document, contract, operation):
                patch.setattr("gcore_iam.testing.router.HANDLERS", {operation: lambda _, given=response: given})
                with suppress(IAMError):  # the client may not understand what it observes
                    call(iam)
                statuses.append(response.status)
            observer.flush()
    # At the end, since the fake masks all requests each time: every call has sent one, and got the given response.
    assert [request.status for request in fake.requests] == statuses
    return observer.observations


def observe_own_data(document: Mapping[str, Any]) -> Observations:
    """Call each operation once of a fake that has a version of the spec, and responds with its own data."""
    fake = FakeIAM([{"email": "ada@example.com"}, {}], spec=accept_any_body(document))
    with open_client(fake) as (iam, observer):
        for call in CALLS.values():
            with suppress(IAMError):
                call(iam)
    return observer.observations


@contextmanager
def open_client(fake: FakeIAM) -> Iterator[tuple[IAMClient, Observer]]:
    """Open a client, whose observer sees every response."""
    with (
        Observer() as observer,
        IAMClient(fake.api_key, transport=fake.transport(), observer=observer, retries=RetryPolicy(retries=0)) as iam,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", DeprecationWarning)
        yield iam, observer
    assert observer.counts.dropped == observer.counts.dropped_facts == 0


def accept_any_body(document: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a spec, and let its requests hold anything: past versions required what this client cannot send."""
    changed = copy.deepcopy(dict(document))
    for item in changed["paths"].values():
        for operation in item.values():
            if "requestBody" in operation:
                operation["requestBody"] = {"content": {"application/json": {"schema": {}}}}
    return changed


def list_responses(document: Mapping[str, Any], contract: Contract, operation_id: str) -> list[Response]:
    """List responses of an operation that show all that the spec allows; a 404 if there is no such operation."""
    operation = contract.operations.get(operation_id)
    if operation is None:
        return [Response(404)]
    responses: list[Response] = []
    for status, given in document["paths"][operation.path][operation.method.lower()]["responses"].items():
        content = contract.schemas.resolve_ref(given).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None:
            responses.append(Response(int(status)))
        else:
            is_valid = contract.schemas.build_validator(schema).is_valid  # of `oneOf`, more than one may hold
            bodies = filter(is_valid, list_variants(contract.schemas, schema))
            responses += [Response(int(status), body) for body in bodies]
    return responses
