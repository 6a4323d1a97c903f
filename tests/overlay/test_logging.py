"""No secret in a log line: every logger call goes through one function, whatever the server repeats and wherever."""

from __future__ import annotations

import ast
import base64
import functools
import html
import json
import logging
import pickle
import traceback
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import gcore_iam
import httpx
import pytest
from gcore_iam import APIKey, FileTokenStore, IAMError, MemoryTokenStore, NotFoundError, RetryPolicy, Session
from gcore_iam.testing import FakeIAM, Status

from .conftest import ClientKind, EitherClient

PACKAGE = Path(gcore_iam.__file__).parent
TREES = functools.cache(lambda: {file: ast.parse(file.read_text("utf-8")) for file in PACKAGE.rglob("*.py")})
"""Parses the modules of the package."""

METHODS = {"debug", "info", "warning", "warn", "error", "critical", "exception", "log", "handle", "_log"}


def find_logger_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call that writes to a log: a method of something whose name says that it is one."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in METHODS
            and "log" in ast.unparse(node.func.value).lower()
        ):
            yield node


def find_function(tree: ast.AST, name: str) -> ast.FunctionDef:
    return next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)


def test_logger_calls_are_found() -> None:
    """What the test below looks for would be found."""
    source = "import logging\nlogging.getLogger('x').info('%s', y)\nself._logger.log(10, 'x')"
    assert len(list(find_logger_calls(ast.parse(source)))) == 2


def test_every_logger_call_goes_through_one_function() -> None:
    outside: list[str] = []
    inside = 0
    for file, tree in TREES().items():
        allowed: set[ast.AST] = set()
        if file.name == "_redaction.py":
            allowed = set(ast.walk(find_function(tree, "write_log")))
        for call in find_logger_calls(tree):
            is_constant = len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and not call.keywords
            if call in allowed:
                inside += 1
            elif not (is_constant and "testing" in file.parts):  # the fake's own failure: it knows no real secret
                outside.append(f"{file.relative_to(PACKAGE)}:{call.lineno}")
    assert outside == []
    assert inside == 1


def test_few_modules_know_of_logging() -> None:
    """A logger under another name would not be found above; it would need this import."""
    importing = {
        file.relative_to(PACKAGE).as_posix()
        for file, tree in TREES().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "logging" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "logging")
    }
    assert importing == {"_redaction.py", "testing/__main__.py", "testing/request_handler.py", "testing/router.py"}


def test_every_log_line_has_a_constant_template() -> None:
    found = 0
    for tree in TREES().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "write_log":
                found += 1
                assert not isinstance(node.args[2], ast.JoinedStr | ast.BinOp)
    assert found >= 3


def test_only_commands_print() -> None:
    for file, tree in TREES().items():
        if file.name == "__main__.py" or file.parts[-2:] == ("observe", "contract.py"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("print", "sys.stderr.write", "sys.stdout.write"), file


MARK = "c4n4ry"
KEY = f"42_{MARK}key"
PASSWORD = f"{MARK}/p&ss é"
CODE = f"{MARK}-123456"
ACCESS, REFRESH = f"{MARK}.access.token", f"{MARK}.refresh.token"
NEXT_ACCESS, NEXT_REFRESH = f"{MARK}.access.next", f"{MARK}.refresh.next"
PROXY_AUTHORIZATION = f"Basic {base64.b64encode(f'user:{MARK}-proxy'.encode()).decode()}"
NEW_PASSWORD = f"{MARK} new"
ALL = [KEY, PASSWORD, CODE, ACCESS, REFRESH, NEXT_ACCESS, NEXT_REFRESH, PROXY_AUTHORIZATION, NEW_PASSWORD]


def repeat(status: int, secrets: list[str]) -> httpx.Response:
    """A response that repeats secrets in every header, the reason phrase and every field of the body."""
    spelled = [spell(secret) for secret in secrets for spell in (str, quote, html.escape, json.dumps)]
    text = " ".join(spelled)
    ascii_text = text.encode("ascii", "backslashreplace")
    headers = [
        (name.encode(), ascii_text)
        for name in ("X-Request-ID", "Content-Type", "Retry-After", "Location", "WWW-Authenticate", "Server", "Date")
    ]
    body = {
        "errors": {text: [text, {text: text}], "email": text},
        "message": text,
        "detail": [text],
        text: text,
        "request": {"password": text, "nested": [[text]]},
        "\x1b[31m\u202e\ud800": "\x1b[31m\u202e\ud800",
    }
    return httpx.Response(
        status, headers=headers, content=json.dumps(body).encode(), extensions={"reason_phrase": ascii_text}
    )


def make_server(status: int, secrets: list[str]) -> Callable[[httpx.Request], httpx.Response]:
    """A server that logs in and refreshes as it should, and repeats everything in all other responses."""

    def handle(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/jwt/login") and MARK in request.content.decode():
            return httpx.Response(200, json={"access": ACCESS, "refresh": REFRESH}, headers={"X-Request-ID": REFRESH})
        if path.endswith("/jwt/refresh"):
            tokens = {"access": NEXT_ACCESS, "refresh": NEXT_REFRESH}
            return httpx.Response(200, json=tokens, headers={"X-Request-ID": f"{REFRESH} {NEXT_ACCESS}"})
        return repeat(status, secrets)

    return handle


def collect(error: BaseException) -> str:
    seen = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
    seen.append(pickle.dumps(error).decode("latin-1"))
    return "\n".join(seen)


def assert_clean(text: str) -> None:
    assert MARK not in text
    assert base64.b64encode(f"user:{MARK}-proxy".encode()).decode() not in text


CALLS: dict[str, Callable[[EitherClient], object]] = {
    "read": lambda iam: iam.users.get(1),
    "delete": lambda iam: iam.tokens.delete(1, 2),
    "create": lambda iam: iam.tokens.create(1, "ci", 2),
    "change password": lambda iam: iam.users.change_password(1, PASSWORD, NEW_PASSWORD),
    "iterate": lambda iam: iam.users.list().collect(),
}


AUTH_KINDS = ["key", "key function", "session", "stored session"]
STATUSES = [200, 400, 401, 404, 429, 500, 503]
CASES = [
    *(("sync", status, auth_kind) for status in STATUSES for auth_kind in AUTH_KINDS),
    *(("asyncio", status, AUTH_KINDS[index % 4]) for index, status in enumerate(STATUSES)),
    *(("trio", status, AUTH_KINDS[index % 4]) for index, status in enumerate(STATUSES, 2)),
]
"""The client kind, the status and the credentials: all pairs for the sync client, each of them for the async one."""


@pytest.mark.parametrize(("client_kind", "status", "auth_kind"), CASES, indirect=["client_kind"])
def test_a_repeated_secret_is_in_no_log_line_or_error(
    client_kind: ClientKind, status: int, auth_kind: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG, logger="gcore_iam")
    raised = 0
    for name, call in CALLS.items():
        known = [KEY, PROXY_AUTHORIZATION]
        auth: APIKey | Session | str = KEY if auth_kind == "key" else APIKey(lambda: KEY)
        if "session" in auth_kind:
            is_stored = auth_kind == "stored session"
            store = FileTokenStore(tmp_path / f"{name}.json") if is_stored else MemoryTokenStore()
            known = [PASSWORD, CODE, ACCESS, REFRESH, NEXT_ACCESS, NEXT_REFRESH, PROXY_AUTHORIZATION]
            auth = Session("ada@example.com", PASSWORD, one_time_password=lambda: CODE, store=store)
        if name == "change password":
            known = [*known, PASSWORD, NEW_PASSWORD]
        transport = httpx.MockTransport(make_server(status, known))
        try:
            client_kind.run(
                call,
                auth,
                transport=transport,
                headers={"Proxy-Authorization": PROXY_AUTHORIZATION},
                retries=RetryPolicy(1, sleep=lambda _: None),
            )
        except IAMError as error:
            raised += 1
            assert_clean(collect(error))
    assert raised >= (0 if status == 200 else len(CALLS) - 1)
    records = [record for record in caplog.records if record.name == "gcore_iam"]
    assert len(records) >= len(CALLS)
    for record in records:
        line = record.getMessage()
        assert_clean(line + repr(record.args))
        line.encode("utf-8")
        assert not [character for character in line if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")]


def test_a_refresh_token_that_was_used_in_the_call_is_masked(
    client_kind: ClientKind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="gcore_iam")
    session = Session.from_tokens(ACCESS, REFRESH)
    known = [ACCESS, REFRESH, NEXT_ACCESS, NEXT_REFRESH]
    transport = httpx.MockTransport(make_server(401, known))
    with pytest.raises(IAMError) as caught:
        client_kind.run(lambda iam: iam.users.get(1), session, transport=transport, retries=0)
    assert_clean(collect(caught.value) + caplog.text)
    assert "***" in str(caught.value)


def test_a_login_that_fails_shows_no_secret_of_the_session(
    client_kind: ClientKind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="gcore_iam")
    known = [PASSWORD, CODE, ACCESS, REFRESH]
    session = Session("ada@example.com", PASSWORD, one_time_password=CODE)
    transport = httpx.MockTransport(make_server(404, []))
    with pytest.raises(NotFoundError):  # logged in
        client_kind.run(lambda iam: iam.users.get(1), session, transport=transport, retries=0)
    transport = httpx.MockTransport(lambda request: repeat(401 if "users" in request.url.path else 400, known))
    with pytest.raises(IAMError, match="could not log in") as caught:
        client_kind.run(lambda iam: iam.users.get(1), session, transport=transport, retries=0)
    assert_clean(collect(caught.value) + caplog.text)


def test_a_log_line_says_where_it_comes_from(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="gcore_iam")
    transport = httpx.MockTransport(lambda _: httpx.Response(500, headers={"X-Request-ID": "r-1"}))
    with gcore_iam.IAMClient("42_k", transport=transport, retries=0) as iam, pytest.raises(IAMError):
        iam.users.get(1)
    (record,) = caplog.records
    assert record.funcName != "write_log"
    assert record.getMessage().startswith("iamGetUser GET https://api.gcore.com/iam/users/1: 500 in ")
    assert record.getMessage().endswith(" ms, attempt 1, request id r-1")


@pytest.mark.fake_iam(tokens=[{"token": "7_0123abcd"}])
def test_every_log_line_names_the_operation(fake: FakeIAM, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="gcore_iam")
    fake.inject(Status(503, after_work=True))
    retries = RetryPolicy(base=0)
    with gcore_iam.IAMClient(fake.api_key, transport=fake.transport(), retries=retries) as iam:
        iam.tokens.delete(fake.account_id, 7)  # done by the first attempt; the second one gets a 404
    lines = [record.getMessage() for record in caplog.records if record.name == "gcore_iam"]
    assert len(lines) == 4
    for line in lines:
        assert line.startswith("iamDeleteApiTokenV2 DELETE https://api.gcore.com/iam/v2/clients/1001/tokens/7: ")


def test_nothing_is_searched_for_when_nothing_is_logged(
    local_iam: gcore_iam.IAMClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gcore_iam._bound_client.find_secrets", lambda _: pytest.fail("in a call that succeeds"))
    assert local_iam.users.get(1).id == 1
