"""Sentry, loguru and rich show no secret in local variables. `tests/overlay/test_frames.py` has all cases."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from gcore_iam import APIKey, BearerToken, IAMError, Session

from tests.overlay.conftest import ClientKind

from .support import require

sentry_sdk = require("sentry_sdk")
transport = require("sentry_sdk.transport")
loguru = require("loguru")
rich_traceback = require("rich.traceback")

EMAIL = "ada@example.com"


def secret(name: str) -> str:
    """Build a secret. A call, because loguru and rich show the variables of this file, too."""
    return "-".join(("s3cret", name, "x" * 100))  # longer than what rich shows


def find_secrets(text: str) -> set[str]:
    """Find the names of the secrets in a text; alone, because the text would fill screens."""
    return set(re.findall(r"s3cret-\w+", text))


def session() -> Session:
    return Session(EMAIL, secret("password"), one_time_password=secret("code"))


CALLS: dict[str, Callable[[Any], Any]] = {
    "login": lambda iam: iam.auth.login(EMAIL, secret("password"), secret("code")),
    "refresh": lambda iam: iam.auth.refresh(secret("refresh")),
    "change password": lambda iam: iam.users.change_password(1, secret("password"), secret("new")),
    "update email": lambda iam: iam.users.update_email(1, "b@example.com", secret("password")),
    "user": lambda iam: iam.users.get(1),
    "wrong argument": lambda iam: iam.users.change_password(0, secret("password"), secret("new")),
    "wrong code": lambda iam: iam.auth.login(EMAIL, secret("password"), secret("code").encode()),
}

AUTHS: dict[str, Callable[[], Any]] = {
    "key": lambda: APIKey(secret("key")),
    "bearer": lambda: BearerToken(secret("access")),
    "session": session,
    "tokens": lambda: Session.from_tokens(secret("access"), secret("refresh")),
}

RESPONSES: dict[str, Callable[[httpx.Request], httpx.Response]] = {
    "400": lambda _: httpx.Response(400, json={"errors": {"password": ["is wrong"]}}),
    "500": lambda _: httpx.Response(500),
    "not JSON": lambda _: httpx.Response(200, text=f'{{"access": "{secret("issued")}'),
    "one token": lambda _: httpx.Response(200, json={"access": secret("issued")}),
}


def collect_errors(client_kind: ClientKind) -> Iterator[IAMError]:
    """Yield the errors of all calls with all credentials, over connections that fail in each way."""
    with socket.create_server(("127.0.0.1", 0)) as listener:  # the port is unused when this block ends
        unused = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for auth in AUTHS.values():
        for call in CALLS.values():
            try:
                client_kind.run(call, auth(), base_url=unused, retries=0)
            except IAMError as error:
                yield error
            for respond in RESPONSES.values():
                responding = httpx.MockTransport(respond)
                try:
                    client_kind.run(call, auth(), base_url=unused, transport=responding, retries=0)
                except IAMError as error:
                    yield error


class Discard(transport.Transport):  # type: ignore[misc,name-defined]
    """Sends nothing to Sentry."""

    def capture_envelope(self, envelope: object) -> None:
        """Do nothing."""


@pytest.fixture(params=["sync", "asyncio"])
def kind(request: pytest.FixtureRequest) -> ClientKind:
    return ClientKind(request.param)


def test_sentry_shows_no_secret(kind: ClientKind) -> None:
    events: list[Any] = []
    client = sentry_sdk.Client(
        dsn="http://key@localhost/1",
        transport=Discard,
        before_send=lambda event, hint: events.append(event),
        event_scrubber=sentry_sdk.scrubber.EventScrubber(denylist=[], pii_denylist=[]),
        default_integrations=False,
    )
    with sentry_sdk.new_scope() as scope:
        scope.set_client(client)
        for error in collect_errors(kind):
            sentry_sdk.capture_exception(error)
    assert len(events) > 100
    frames = [
        frame
        for event in events
        for value in event["exception"]["values"]
        for frame in value.get("stacktrace", {}).get("frames", ())
        if "/tests/" not in frame["abs_path"]
    ]
    assert any(frame["module"].startswith("httpcore") for frame in frames)
    assert any("vars" in frame for frame in frames)
    shown = json.dumps([frame.get("vars") for frame in frames], default=str)
    assert find_secrets(shown) == set()
    client.close()


def test_loguru_shows_no_secret(kind: ClientKind) -> None:
    written: list[str] = []
    number = loguru.logger.add(written.append, diagnose=True, backtrace=True, colorize=False)
    try:
        for error in collect_errors(kind):
            loguru.logger.opt(exception=error).error("failed")
    finally:
        loguru.logger.remove(number)
    assert len(written) > 100
    assert find_secrets("".join(written)) == set()


def test_rich_shows_no_secret(kind: ClientKind) -> None:
    shown = ""
    for error in collect_errors(kind):
        extracted = rich_traceback.Traceback.extract(type(error), error, error.__traceback__, show_locals=True)
        for stack in extracted.stacks:
            for frame in stack.frames:
                if "/tests/" not in frame.filename:
                    shown += "".join(str(value) for value in (frame.locals or {}).values())
    assert "BoundClient" in shown
    assert find_secrets(shown) == set()
