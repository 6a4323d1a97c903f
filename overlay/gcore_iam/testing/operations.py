"""What the fake does for each operation of the API, and the table that says which request means which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

import attrs

from .messages import Request, Response, refusal, reply
from .population import OWNER_ID, Record, base_user, user_public


@attrs.frozen
class State:
    """All that the fake knows. Nothing changes it, so any number of threads may read it at once."""

    account: Record
    users: dict[int, Record]
    max_page_size: int


@attrs.frozen
class Call:
    """One authenticated request, with the values its path holds for the template's variables."""

    state: State
    request: Request
    path_values: dict[str, str]


@attrs.frozen
class Route:
    """An operation of the API and the requests that mean it."""

    method: str
    template: str
    operation: str
    handler: Callable[[Call], Response]

    def match(self, path: str) -> dict[str, str] | None:
        """The values of the template's variables in a percent-encoded path; None if it does not fit."""
        names, parts = self.template.split("/"), path.split("/")
        if len(names) != len(parts):
            return None
        values = {}
        for name, part in zip(names, parts, strict=True):
            if name.startswith("{") and part:
                values[name[1:-1]] = unquote(part)
            elif name != unquote(part):
                return None
        return values


def get_account_details(call: Call) -> Response:
    users = call.state.users
    account = {
        **call.state.account,
        "users": [base_user(user) for user in users.values()],
        "currentUser": OWNER_ID,
        "has_active_admin": any(_is_active_admin(user) for user in users.values()),
    }
    return reply(200, account)


def get_users(call: Call) -> Response:
    # Of a parameter that comes twice the last one counts, as in Django, which upstream's messages point to.
    query = dict(parse_qsl(call.request.query, keep_blank_values=True))
    limit = _whole_number(query.get("limit"))
    offset = _whole_number(query.get("offset", "0"))
    errors = {}
    if "limit" in query and not limit:
        errors["limit"] = ["Must be a whole number, 1 or more."]
    if offset is None:
        errors["offset"] = ["Must be a whole number, 0 or more."]
    if errors or offset is None:
        return reply(400, {"errors": errors})

    users = list(call.state.users.values())
    if limit is None:
        return reply(200, users[offset:])
    limit = min(limit, call.state.max_page_size)
    return reply(200, _page(users, limit, offset))


def get_user(call: Call) -> Response:
    user_id = _whole_number(call.path_values["userId"])
    if user_id not in call.state.users:
        return refusal(404, "No user has this id.")
    return reply(200, user_public(call.state.users[user_id]))


ROUTES = (
    Route("GET", "/iam/clients/me", "iamGetAccountDetails", get_account_details),
    Route("GET", "/iam/users", "iamGetUsers", get_users),
    Route("GET", "/iam/users/{userId}", "iamGetUser", get_user),
)


def routes_at(path: str) -> dict[str, tuple[Route, dict[str, str]]]:
    """The operations at a path, by method, each with the values of its template's variables."""
    matches = ((route, route.match(path)) for route in ROUTES)
    return {route.method: (route, values) for route, values in matches if values is not None}


def _page(items: list[Record], limit: int, offset: int) -> dict[str, Any]:
    def url(start: int) -> str:
        # Upstream writes these URLs without the prefix `/iam`, so they cannot be followed as they are.
        return f"/users?offset={start}&limit={limit}"

    following = offset + limit
    return {
        "count": len(items),
        "next": url(following) if following < len(items) else None,
        "previous": url(max(0, offset - limit)) if offset else None,
        "results": items[offset:following],
    }


def _whole_number(text: str | None) -> int | None:
    """The number that text spells in ASCII digits; None for anything else, or more than a database holds."""
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 18:
        return None
    return int(text)


def _is_active_admin(user: Record) -> bool:
    return user["is_active"] and any(group["id"] == 1 for group in user["groups"])
