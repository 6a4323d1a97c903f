"""Routes a request to its operation: finds it, authenticates the caller, validates all parts, runs the handler."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

import attrs

from .._redaction import INFO, write_log
from .contract import Contract
from .examples import NoExampleError
from .messages import Request, RequestError, Response, build_error
from .operation import ContractError, Operation
from .operations import ANONYMOUS, HANDLERS, Call, Caller, build_bad_request
from .state import State

logger: Final = logging.getLogger(__name__)


@attrs.frozen
class Route:
    """What the path and the method of a request lead to."""

    operation: Operation | None
    """None if no operation has this path and method."""
    path_values: Mapping[str, str]
    """The values of the variables in the path."""
    allowed_methods: tuple[str, ...]
    """The methods that the path has."""


def find_route(contract: Contract, request: Request) -> Route:
    """Find the operation that a request calls."""
    matches = contract.find_operations(request.path)
    operation, values = matches.get(request.method, (None, {}))
    return Route(operation, values, tuple(sorted(matches)))


def build_response(state: State, request: Request, route: Route) -> Response:
    """Run the operation that a request calls, and return its response.

    A required property that the spec has gained since the handler was written is added from the spec. An operation
    without a handler responds with an example from the spec, or with 501. With another spec than the fake's own, all
    that this spec does not allow is left out or replaced.

    Raises:
        ContractError: The fake has a mistake: its response contradicts the API's spec.
    """
    operation = route.operation
    try:
        response = run_operation(state, request, route)
    except RequestError as error:
        response = error.response
    if operation is None or operation.id not in HANDLERS:
        return response
    if not state.contract.is_own:
        return _fit_response(operation, response)
    try:
        operation.check_response(response)
    except ContractError:
        response, added = operation.complete_response(response)
        if not added:
            raise
        template = "%s: the handler lacks %s, added from the spec; see `make check`"
        write_log(logger, INFO, template, operation.id, ", ".join(added))
        operation.check_response(response)
    return response


def run_operation(state: State, request: Request, route: Route) -> Response:
    """Run the operation that a request calls, and return the response of its handler, which is not yet checked.

    Raises:
        RequestError: The request is wrong, or the operation rejects it.
    """
    operation = route.operation
    if operation is None and not route.allowed_methods:
        raise build_error(404, "There is nothing at this path.")
    if operation is None:
        methods = ", ".join(route.allowed_methods)
        raise build_error(405, f"This path allows only {methods}.", ("Allow", methods))
    own = state.contract.own.operations.get(operation.id, operation)
    caller = _authenticate(state, request) if operation.requires_auth or own.requires_auth else ANONYMOUS
    path = own.parse_path(route.path_values)
    if path is None:
        raise build_error(404, "There is nothing at this path: ids are whole numbers.")
    query, problems = operation.parse_query(request.query)
    body = {}
    if operation.has_body and (request.body or operation.requires_body):
        body = _parse_body(request, operation)
        problems += operation.iterate_body_problems(body)
    if problems:
        raise build_bad_request(operation, problems)
    if operation.id not in HANDLERS or (own is not operation and not _can_handle(own, request, body)):
        return _build_example(operation)
    return HANDLERS[operation.id](Call(state, operation, request, caller, path, query, body))


def _can_handle(own: Operation, request: Request, body: Any) -> bool:
    """Return whether a request that another spec allows also meets the one for which the handler is written."""
    return not own.parse_query(request.query)[1] and not (own.has_body and any(own.iterate_body_problems(body)))


def _build_example(operation: Operation) -> Response:
    example = operation.build_example_response()
    if example is None:
        raise build_error(
            501, f"FakeIAM has no handler for {operation.id}, and the spec gives no example of a response."
        )
    return example


def _fit_response(operation: Operation, response: Response) -> Response:
    """Turn a handler's response into the nearest that another spec allows."""
    try:
        return operation.fit_response(response)
    except NoExampleError:
        message = f"FakeIAM cannot build a response of {operation.id}: the spec gives no example of what it requires."
        return build_error(501, message).response


def _authenticate(state: State, request: Request) -> Caller:
    """Return who makes a request; raise 401 if the credentials do not work."""
    scheme, _, credential = (request.header("Authorization") or "").partition(" ")
    authenticate = {"apikey": _authenticate_key, "bearer": _authenticate_session}.get(scheme.lower())
    caller = authenticate(state, credential.strip(" ")) if authenticate else None
    if caller is None:
        message = "Credentials are missing or not valid. Send `Authorization: APIKey <key>` or `Bearer <access>`."
        raise build_error(401, message, ("WWW-Authenticate", "APIKey"))
    return caller


def _authenticate_key(state: State, key: str) -> Caller | None:
    token = state.find_token(key)
    if token is None:
        return None
    user = state.users.get(token.user_id)
    if user is not None and not user.is_active:
        return None
    has_access = user is not None and token.account_id in user.roles
    if not has_access and not token.outlives_user:
        return None
    state.record_token_usage(token)
    return Caller(token.user_id, token.account_id, token.role, is_token=True)


def _authenticate_session(state: State, access: str) -> Caller | None:
    ids = state.sessions.authenticate(access)
    user = state.users.get(ids[0]) if ids else None
    if ids is None or user is None or ids[1] not in user.roles:
        return None
    return Caller(user.id, ids[1], user.roles[ids[1]], is_token=False)


def _parse_body(request: Request, operation: Operation) -> Any:
    """Decode the body of a request; raise 415 or 400 if it is not what the operation takes."""
    if not request.body:
        return {}
    if (request.header("Content-Type") or "").partition(";")[0].strip().lower() != "application/json":
        raise build_error(415, "Send the body as application/json.")
    try:
        body = json.loads(request.body, parse_constant=_reject_constant, parse_float=_parse_float)
        json.dumps(body, ensure_ascii=False).encode()  # half of a surrogate pair cannot be encoded
    except (ValueError, RecursionError):
        raise build_error(400, "The body is not JSON.") from None
    if operation.requires_object and not isinstance(body, dict):
        raise build_error(400, "The body must be a JSON object.")
    return body


def _reject_constant(name: str) -> None:
    """Raise for what Python accepts as JSON and JSON does not have: NaN and infinities."""
    raise ValueError(name)


def _parse_float(text: str) -> int | float:
    """Return the number that a text with a point or an exponent spells: to JSON Schema, 7.0 is an integer."""
    number = float(text)
    return int(number) if number.is_integer() else number
