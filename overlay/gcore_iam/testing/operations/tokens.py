"""Handlers of permanent API tokens. Both versions of the API share them; only the spelling of new keys differs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from dateutil.parser import isoparse

from .. import roles, serializers
from ..messages import NO_BODY, Response, build_error
from ..schemas import Problem
from ..state import APIToken
from .call import Call


def get_api_tokens(call: Call) -> Response:
    account_id, query = call.path["clientId"], call.query
    sees_all = call.require_role(account_id) == roles.ADMINISTRATORS
    filters: list[Callable[[APIToken], bool]] = [
        lambda token: token.account_id == account_id,
        lambda token: sees_all or token.user_id == call.caller.user_id,
        lambda token: call.state.is_deleted_or_expired(token) == query.get("deleted", False),
    ]
    if "role" in query:
        filters.append(lambda token: query["role"] in (str(token.role), roles.NAMES[token.role]))
    if "issued_by" in query:
        filters.append(lambda token: token.user_id == query["issued_by"])
    if "not_issued_by" in query:
        filters.append(lambda token: token.user_id != query["not_issued_by"])
    found = [token for token in call.state.tokens.values() if all(matches(token) for matches in filters)]
    return Response(200, [serializers.serialize_token(call.state, token) for token in found])


def create_api_token(call: Call) -> Response:
    """Issue a key of version 1, such as `1234$abcdef`."""
    return _create_token(call, "$")


def create_api_token_v2(call: Call) -> Response:
    """Issue a key of version 2, such as `42_a1b2`."""
    return _create_token(call, "_")


def get_api_token(call: Call) -> Response:
    return Response(200, serializers.serialize_token(call.state, _get_token(call)))


def delete_api_token(call: Call) -> Response:
    call.state.delete_token(_get_token(call))
    return Response(204, NO_BODY)


def _create_token(call: Call, separator: str) -> Response:
    account_id, body = call.path["clientId"], call.body
    own_role = call.require_role(account_id)
    given = body["client_user"].get("role")
    role = roles.find_role(given) if given else None
    problems: list[Problem] = []
    if not given:
        problems.append((("client_user", "role"), "Value is missing."))
    elif role is None:
        problems.append((("client_user", "role"), "No such role."))
    elif roles.is_higher(role, own_role):
        problems.append((("client_user", "role"), "Role is too high."))
    if not body["name"].strip():
        problems.append((("name",), "Must not be empty."))
    exp_date = _parse_moment(body["exp_date"])
    if body["exp_date"] is not None and exp_date is None:
        problems.append((("exp_date",), "Must be a moment that a calendar has, in UTC, up to the year 9999."))
    elif exp_date is not None and exp_date <= call.state.clock.now():
        problems.append((("exp_date",), "Must be in the future."))
    if problems or role is None:
        raise call.build_bad_request(*problems)
    token = call.state.issue_token(
        separator,
        name=body["name"],
        description=body.get("description"),
        role=role,
        user_id=call.caller.user_id,
        account_id=account_id,
        exp_date=exp_date,
    )
    return Response(200, {"token": token.key, **serializers.serialize_token(call.state, token)})


def _get_token(call: Call) -> APIToken:
    """Return the token that the path names; raise 404 if there is none, 403 if it belongs to another user."""
    account_id = call.path["clientId"]
    role = call.require_role(account_id)
    token = call.state.tokens.get(call.path["tokenId"])
    if token is None or token.account_id != account_id or call.state.is_deleted_or_expired(token):
        raise build_error(404, "The account has no such API token.")
    if role != roles.ADMINISTRATORS and token.user_id != call.caller.user_id:
        raise build_error(403, "This API token belongs to another user.")
    return token


def _parse_moment(text: str | None) -> datetime | None:
    """Parse a time, in UTC; None for null, and for what RFC 3339 allows and Python does not."""
    try:
        return None if text is None else isoparse(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
