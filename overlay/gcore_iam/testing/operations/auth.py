"""Handlers of login, token refresh and passwords."""

from __future__ import annotations

from ..messages import Response, build_error
from ..schemas import Problem
from ..seed import AUTH_TYPES_IN_LOG, Login, User
from .call import Call

_CALLER_ADDRESS = "127.0.0.1"
"""Callers are on the fake's own machine, in process or over HTTP."""


def login(call: Call) -> Response:
    state, body = call.state, call.body
    user = state.find_user(body["username"])
    if user is None or not user.can_sign_in or user.password != body["password"]:
        if user is not None:
            _record_login(call, user, is_successful=False)
        raise call.build_bad_request((("errors",), "No active account found with the given credentials."))
    if user.two_fa:
        code = body.get("one_time_password")
        if code is None:
            raise call.build_bad_request((("one_time_password",), "Value is missing."))
        if not state.build_totp(user).verify(code, for_time=state.clock.now(), valid_window=1):
            _record_login(call, user, is_successful=False)
            raise call.build_bad_request((("one_time_password",), "Does not match."))
    _record_login(call, user, is_successful=True)
    return Response(200, state.sessions.start_session(user.id, user.home_account))


def refresh(call: Call) -> Response:
    refreshed = call.state.sessions.refresh_session(call.body["refresh"])
    if refreshed is not None:
        user_id, account_id, pair = refreshed
        user = call.state.users.get(user_id)
        if user is not None and account_id in user.roles:
            return Response(200, pair)
    raise build_error(401, "The refresh token does not work: it is not genuine, expired, or was used before.")


def select_account(call: Call) -> Response:
    account_id = call.path["clientId"]
    if account_id not in call.state.accounts:
        raise build_error(404, "There is no such account.")
    user = call.state.users.get(call.caller.user_id)
    if user is None or account_id not in user.roles:
        raise build_error(403, "You may not enter this account.")
    # Otherwise a session could have more rights than the token that opened it.
    if call.caller.is_token and call.get_role(account_id) != user.roles[account_id]:
        raise build_error(403, "An API token opens only its own account, with the role of its user. Log in first.")
    return Response(200, call.state.sessions.start_session(user.id, account_id))


def forgot_password(call: Call) -> Response:
    user = call.state.find_user(call.body["email"])
    # An unknown address gets the same response, so that callers cannot find out which users exist.
    if user is not None and user.is_active and "password" in user.auth_types:
        call.state.send_email("password recovery", user, with_link=True)
    return Response(200, {"status": "sent"})


def change_password(call: Call) -> Response:
    user, body = call.get_own_user(), call.body
    problems: list[Problem] = []
    if user.password is None or body["old"] != user.password:
        problems.append((("old",), "Does not match."))
    if not body["new"]:
        problems.append((("new",), "Must not be empty."))
    if body["new"] != body["double"]:
        problems.append((("new",), "Differs from the confirmation."))
    if problems:
        raise call.build_bad_request(*problems)
    call.state.update_user(user, password=body["new"])
    call.state.sessions.end_sessions(user.id)
    return Response(200, call.state.sessions.start_session(user.id, call.caller.account_id))


def _record_login(call: Call, user: User, *, is_successful: bool) -> None:
    entry = Login(
        account_id=user.home_account,
        user_id=user.id,
        at=call.state.clock.now(),
        ip_address=_CALLER_ADDRESS,
        user_agent=call.request.header("User-Agent") or "",
        auth_type=AUTH_TYPES_IN_LOG["password"],
        is_successful=is_successful,
    )
    call.state.logins.insert(0, entry)
