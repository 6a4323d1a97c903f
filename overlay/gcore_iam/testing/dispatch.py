"""The way from a request to its answer: which operation, who calls, are all parts as described."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs

from .description import Operation, operations_at, whole_number
from .messages import Answer, RefusedError, Request, refusal
from .operations import HANDLERS, NOBODY, Call, Caller, bad_request
from .state import State


@attrs.frozen
class Found:
    """What a request leads to."""

    operation: Operation | None
    """None when nothing answers this method here."""
    values: Mapping[str, str]
    """What its path holds for the variables of the operation's."""
    allowed: tuple[str, ...]
    """The methods that are answered at its path."""


def find(request: Request) -> Found:
    """What a request leads to."""
    matches = operations_at(request.path)
    operation, values = matches.get(request.method, (None, {}))
    return Found(operation, values, tuple(sorted(matches)))


def respond(state: State, request: Request, found: Found) -> Answer:
    """Do what a request asks for.

    Raises:
        DescriptionError: The fake has a mistake: its answer is not as the API's description says.
    """
    try:
        answer = _work(state, request, found)
    except RefusedError as refused:
        answer = refused.answer
    if found.operation is not None:
        found.operation.check_answer(answer.status, answer.payload)
    return answer


def _work(state: State, request: Request, found: Found) -> Answer:
    operation = found.operation
    if operation is None and not found.allowed:
        raise refusal(404, "There is nothing at this path.")
    if operation is None:
        methods = ", ".join(found.allowed)
        raise refusal(405, f"This path answers only {methods}.", ("Allow", methods))
    caller = _caller(state, request) if operation.requires_auth else NOBODY
    path = {name: _id(value) for name, value in found.values.items()}
    query, problems = operation.query(request.query)
    body = {}
    if operation.takes_body:
        body = _body(request)
        problems += operation.body_problems(body)
    if problems:
        raise bad_request(operation, problems)
    return HANDLERS[operation.id](Call(state, operation, request, caller, path, query, body))


def _id(text: str) -> int:
    number = whole_number(text)
    if number is None:
        raise refusal(404, "There is nothing at this path: ids are whole numbers.")
    return number


def _caller(state: State, request: Request) -> Caller:
    """Who makes a request; refused with 401 when it is nobody that the fake knows."""
    scheme, _, credential = (request.header("Authorization") or "").partition(" ")
    recognise = {"apikey": _by_key, "bearer": _by_session}.get(scheme.lower())
    caller = recognise(state, credential.strip(" ")) if recognise else None
    if caller is None:
        message = "Credentials are missing or not valid. Send `Authorization: APIKey <key>` or `Bearer <access>`."
        raise refusal(401, message, ("WWW-Authenticate", "APIKey"))
    return caller


def _by_key(state: State, key: str) -> Caller | None:
    token = state.token_by_key(key)
    if token is None:
        return None
    user = state.users.get(token.user_id)
    if user is not None and not user.is_active:
        return None
    has_access = user is not None and token.account_id in user.roles
    if not has_access and not token.outlives_user:
        return None
    state.used(token)
    return Caller(token.user_id, token.account_id, token.role, is_token=True)


def _by_session(state: State, access: str) -> Caller | None:
    ids = state.sessions.caller(access)
    user = state.users.get(ids[0]) if ids else None
    if ids is None or user is None or ids[1] not in user.roles:
        return None
    return Caller(user.id, ids[1], user.roles[ids[1]], is_token=False)


def _body(request: Request) -> dict[str, Any]:
    """The decoded body of a request; refused when it is not JSON, or not said to be, or no object."""
    if not request.body:
        return {}
    if (request.header("Content-Type") or "").partition(";")[0].strip().lower() != "application/json":
        raise refusal(415, "Send the body as application/json.")
    try:
        body = json.loads(request.body, parse_constant=_refuse_constant, parse_float=_number)
        json.dumps(body, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError):
        raise refusal(400, "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise refusal(400, "The body must be a JSON object.")
    return body


def _refuse_constant(name: str) -> None:
    """Refuse what Python takes for JSON and JSON does not know: NaN and infinities."""
    raise ValueError(name)


def _number(text: str) -> int | float:
    """The number that a text with a point or an exponent spells: to JSON Schema, 7.0 is a whole number."""
    number = float(text)
    return int(number) if number.is_integer() else number
