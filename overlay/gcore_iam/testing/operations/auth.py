"""Signing in, and what belongs to it."""

from __future__ import annotations

from ..description import Problem
from ..messages import Answer, refusal
from ..population import AUTH_TYPES_IN_LOG, Login, User
from .call import Call

_CALLER_ADDRESS = "127.0.0.1"
"""Whichever way in, callers are on the fake's own machine."""


def login(call: Call) -> Answer:
    state, body = call.state, call.body
    user = state.user_by_email(body["username"])
    if user is None or not user.signs_in or user.password != body["password"]:
        if user is not None:
            _log(call, user, is_successful=False)
        raise call.refuse((("errors",), "No active account found with the given credentials."))
    if user.two_fa:
        code = body.get("one_time_password")
        if code is None:
            raise call.refuse((("one_time_password",), "Value is missing."))
        if not state.one_time_passwords(user).verify(code, for_time=state.clock.now(), valid_window=1):
            _log(call, user, is_successful=False)
            raise call.refuse((("one_time_password",), "Does not match."))
    _log(call, user, is_successful=True)
    return Answer(200, state.sessions.start(user.id, user.home))


def refresh(call: Call) -> Answer:
    refreshed = call.state.sessions.refresh(call.body["refresh"])
    if refreshed is not None:
        user_id, account_id, pair = refreshed
        user = call.state.users.get(user_id)
        if user is not None and account_id in user.roles:
            return Answer(200, pair)
    raise refusal(401, "The refresh token does not serve: it is not genuine, too old, or was used before.")


def select_account(call: Call) -> Answer:
    account_id = call.path["clientId"]
    if account_id not in call.state.accounts:
        raise refusal(404, "There is no such account.")
    user = call.state.users.get(call.caller.user_id)
    if user is None or account_id not in user.roles:
        raise refusal(403, "You may not enter this account.")
    # Or a token could do more by way of a session than it can do itself.
    if call.caller.is_token and call.role_in(account_id) != user.roles[account_id]:
        raise refusal(403, "An API token opens its own account only, and only with the role of its user. Log in first.")
    return Answer(200, call.state.sessions.start(user.id, account_id))


def forgot_password(call: Call) -> Answer:
    user = call.state.user_by_email(call.body["email"])
    # An address that nobody has is not told apart, so that nobody can find out who has a user.
    if user is not None and user.is_active and "password" in user.auth_types:
        call.state.send("password recovery", user, with_link=True)
    return Answer(200, {"status": "sent"})


def change_password(call: Call) -> Answer:
    user, body = call.own_user(), call.body
    problems: list[Problem] = []
    if user.password is None or body["old"] != user.password:
        problems.append((("old",), "Does not match."))
    if not body["new"]:
        problems.append((("new",), "Must not be empty."))
    if body["new"] != body["double"]:
        problems.append((("new",), "Differs from the confirmation."))
    if problems:
        raise call.refuse(*problems)
    call.state.update(user, password=body["new"])
    call.state.sessions.end(user.id)
    return Answer(200, call.state.sessions.start(user.id, call.caller.account_id))


def _log(call: Call, user: User, *, is_successful: bool) -> None:
    entry = Login(
        account_id=user.home,
        user_id=user.id,
        at=call.state.clock.now(),
        ip_address=_CALLER_ADDRESS,
        user_agent=call.request.header("User-Agent") or "",
        auth_type=AUTH_TYPES_IN_LOG["password"],
        is_successful=is_successful,
    )
    call.state.logins.insert(0, entry)
