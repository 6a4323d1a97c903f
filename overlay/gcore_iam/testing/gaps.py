"""Finds where the fake is behind the API's spec: what `make check` prints after an update of the spec."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from .clock import Clock
from .contract import get_own_contract
from .messages import Request, RequestError, Response
from .operation import ContractError, Operation
from .operations import HANDLERS
from .router import find_route, run_operation
from .seed import ACCOUNT_ID, OWNER_ID, PASSWORD
from .seed_state import SeedOptions, build_state

_FOLDER = "overlay/gcore_iam/testing"
_EMAIL = "owner@example.com"
_KEY = "1_0123456789abcdef"
_TOKEN = {"name": "t", "exp_date": None, "client_user": {"role": {"id": 2}}}
_LOGIN = {"username": _EMAIL, "password": PASSWORD}

_BODIES: Mapping[str, Mapping[str, Any]] = {
    "iamLoginUser": _LOGIN,
    "iamForgotPassword": {"email": _EMAIL},
    "iamChangePassword": {"old": PASSWORD, "new": "another", "double": "another"},
    "iamCreateAccount": {"company": "Third"},
    "iamUpdateUser": {"name": "Renamed"},
    "iamUpdateUserEmail": {"new_email": "new@example.com", "password": PASSWORD},
    "iamInviteUser": {"client_id": ACCOUNT_ID, "user_role": {"id": 2}, "email": "third@example.com"},
    "iamUpdateClientUserRole": {"user_role": {"id": 2}},
    "iamCreateApiToken": _TOKEN,
    "iamCreateApiTokenV2": _TOKEN,
}
"""Request bodies with which each handler succeeds."""

_OPTIONS = SeedOptions.check([{"email": _EMAIL}, {}], _KEY, 0, 1000, PASSWORD, 1, [{"id": 2}])
_PATH_VALUES = {"clientId": str(ACCOUNT_ID), "tokenId": "2", "userId": str(OWNER_ID)}
_OTHER_USER = {"userId": "2"}
_OPERATIONS_ON_OTHERS = ("iamRevokeClientUserAccess", "iamUpdateClientUserRole")
_PAGED_OPERATIONS = ("iamGetUsers", "iamGetLastLoginTime")


def find_gaps() -> list[str]:
    """Find where the fake is behind the API's spec, by one call of each operation.

    Returns:
        One line for each gap, which names the operation and the place to change; empty if there is none.
    """
    operations = get_own_contract().operations
    gaps: list[str] = []
    for operation in operations.values():
        if operation.id in HANDLERS:
            gaps += _find_handler_gaps(operation)
        else:
            gaps.append(_describe_missing_handler(operation))
    gaps += [
        f"FakeIAM: {name} has a handler, but the spec has no such operation; remove it from {_FOLDER}/operations/"
        for name in HANDLERS
        if name not in operations
    ]
    return list(dict.fromkeys(gaps))


def _describe_missing_handler(operation: Operation) -> str:
    effect = "answers from its schema only"
    if operation.build_example_response() is None:
        effect = "responds with 501, since the spec gives no example response"
    return f"FakeIAM: {operation.id} {effect}; add a handler in {_FOLDER}/operations/"


def _find_handler_gaps(operation: Operation) -> Iterator[str]:
    handler = HANDLERS[operation.id]
    place = f"{handler.__name__} in {_FOLDER}/operations/{handler.__module__.rpartition('.')[2]}.py"
    for query in ({}, {"limit": "10"}) if operation.id in _PAGED_OPERATIONS else ({},):
        try:
            response = _call(operation, query)
        except RequestError as error:
            message = json.dumps(error.response.payload, ensure_ascii=False)
            yield f"FakeIAM: {operation.id} rejects a valid request, {error.response.status} {message}; see {place}"
            continue
        completed, added = operation.complete_response(response)
        for key in added:
            yield f"FakeIAM: {operation.id} answers {key} from its schema only; add it to {place}, or to serializers.py"
        try:
            operation.check_response(completed)
        except ContractError as error:
            yield f"FakeIAM: {error}; see {place}"


def _call(operation: Operation, query: Mapping[str, str]) -> Response:
    """Call an operation with a valid request, on a state of its own, and return the response of its handler."""
    state = build_state(_OPTIONS, Clock(), get_own_contract())
    values = _PATH_VALUES | (_OTHER_USER if operation.id in _OPERATIONS_ON_OTHERS else {})
    path = operation.path
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    body = b""
    headers = [(b"Authorization", f"APIKey {_KEY}".encode()), (b"Content-Type", b"application/json")]
    if operation.has_body:
        given = dict(_BODIES.get(operation.id, {}))
        if operation.id == "iamRefreshToken":
            given = {"refresh": state.sessions.start_session(OWNER_ID, ACCOUNT_ID)["refresh"]}
        body = json.dumps(operation.complete_body(given)).encode()
    query = {**operation.build_example_query(), **query}
    request = Request.from_wire(operation.method, path, urlencode(query), headers, body)
    return run_operation(state, request, find_route(state.contract, request))
