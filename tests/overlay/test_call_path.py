"""The life of a call: how few files and functions of ours it takes, and that a real httpx client sends it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from types import FrameType
from typing import Any

import gcore_iam
import gcore_iam_client
import httpx
import pytest
from gcore_iam import AsyncIAMClient, IAMClient, Session
from gcore_iam.testing import FakeIAM

from .raw_server import serve_users

ROOTS = tuple(str(Path(str(package.__file__)).parent) for package in (gcore_iam, gcore_iam_client))
MAX_FILES = 8
MAX_FUNCTIONS = 26

pytestmark = pytest.mark.fake_iam(20)


def test_a_warm_call_takes_few_files_and_functions(fake: FakeIAM, url: str) -> None:
    seen: set[tuple[str, str]] = set()

    def trace(frame: FrameType, event: str, argument: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(ROOTS) and "/models/" not in file and "/testing/" not in file:
            seen.add((file, frame.f_code.co_qualname))

    with IAMClient(fake.api_key, base_url=url) as iam:
        iam.users.get(1)
        iam.users.get(1)
        previous = sys.getprofile()
        sys.setprofile(trace)
        try:
            iam.users.get(1)
        finally:
            sys.setprofile(previous)
    files = {file for file, _ in seen}
    assert len(files) <= MAX_FILES, sorted(files)
    assert len(seen) <= MAX_FUNCTIONS, sorted(seen)


FIRST_CALL = """
import sys
from gcore_iam import IAMClient
with IAMClient(sys.argv[2], base_url=sys.argv[1]) as iam:
    iam.users.get(1)
from gcore_iam import _redaction
print(_redaction._compile.cache_info().currsize)
print(*sorted({"gcore_iam._error_responses", "gcore_iam._concurrency.workers"} & sys.modules.keys()))
"""


def test_a_first_call_loads_nothing_for_errors_or_pages(fake: FakeIAM, url: str) -> None:
    """Compiling the patterns of redaction alone took 2 ms of a new process."""
    command = [sys.executable, "-c", FIRST_CALL, url, fake.api_key]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.stdout, run.stderr) == ("0\n\n", "")


CALL_WITH_A_KEY = """
import asyncio
import sys
from gcore_iam import APIKey, AsyncIAMClient, IAMClient

kind, key, url = sys.argv[1:]
if kind == "sync":
    IAMClient(key, base_url=url).users.get(1)
elif kind == "sync, APIKey":
    IAMClient(APIKey(lambda: key), base_url=url).users.get(1)
else:
    async def call():
        await AsyncIAMClient(key, base_url=url).users.get(1)
    asyncio.run(call())
print(*sys.modules)
"""
SESSION_MODULES = [
    "auth.bearer_token",
    "auth.file_store",
    "auth.login_refusal",
    "auth.pickled_session",
    "_concurrency.refresh_lock",
    "auth.refresh_token_guard",
    "auth.rejected_tokens",
    "auth.session",
    "_concurrency.shield",
    "auth.steps",
    "auth.token_file",
    "auth.token_parsing",
    "auth.token_store",
    "aio.session_calls",
    "aio.session_driver",
    "sync.session_calls",
    "sync.session_driver",
]


@pytest.mark.parametrize("kind", ["sync", "sync, APIKey", "async"])
def test_a_call_with_a_key_loads_no_module_of_sessions(fake: FakeIAM, url: str, kind: str) -> None:
    command = [sys.executable, "-c", CALL_WITH_A_KEY, kind, fake.api_key, url]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert set(run.stdout.split()) & {f"gcore_iam.{name}" for name in SESSION_MODULES} == set()


def test_the_list_of_session_modules_is_complete() -> None:
    """Without it, the test above would pass over a module that is renamed."""
    folder = Path(str(gcore_iam.__file__)).parent
    needed = {
        "auth.__init__",
        "auth.anonymous",
        "auth.api_key",
        "auth.header_credentials",
        "auth.store",
    }
    assert {f"auth.{path.stem}" for path in (folder / "auth").glob("*.py")} - needed <= set(SESSION_MODULES)
    assert all((folder / f"{name.replace('.', '/')}.py").is_file() for name in SESSION_MODULES)


def test_hooks_of_the_httpx_client_see_each_request(fake: FakeIAM, url: str) -> None:
    requests: list[httpx.Request] = []
    responses: list[httpx.Response] = []
    with IAMClient(fake.api_key, base_url=url) as iam:
        iam.api.get_httpx_client().event_hooks = {"request": [requests.append], "response": [responses.append]}
        iam.users.get(1)
        iam.users.list(page_size=10, prefetch=2).collect()
    assert len(requests) == len(responses) == 1 + fake.calls["iamGetUsers"]


def test_a_patched_httpx_client_sees_each_request(fake: FakeIAM, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Sentry and Datadog do it."""
    seen: list[str] = []
    send = httpx.Client.send

    def observe(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        seen.append(request.url.path)
        return send(self, request, **options)

    monkeypatch.setattr(httpx.Client, "send", observe)
    with IAMClient(fake.api_key, base_url=url) as iam:
        iam.users.get(1)
    assert seen == ["/iam/users/1"]


@pytest.mark.parametrize("has_session", [False, True])
def test_an_async_client_outlives_its_event_loop(fake: FakeIAM, url: str, has_session: bool) -> None:
    auth = Session(fake.users[0]["email"], "correct-horse-battery") if has_session else fake.api_key
    iam = AsyncIAMClient(auth, base_url=url)

    async def call() -> int:
        users = await asyncio.gather(*(iam.users.get(1) for _ in range(3)))
        return users[0].id

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [asyncio.run(call()) for _ in range(4)] == [1] * 4
        asyncio.run(iam.aclose())


@pytest.mark.parametrize("has_session", [False, True])
def test_an_async_client_serves_several_event_loops(fake: FakeIAM, url: str, has_session: bool) -> None:
    auth = Session(fake.users[0]["email"], "correct-horse-battery") if has_session else fake.api_key
    iam = AsyncIAMClient(auth, base_url=url)
    failures: list[BaseException] = []

    async def call() -> None:
        for _ in range(10):
            await iam.users.get(1)

    def run() -> None:
        try:
            asyncio.run(call())
        except BaseException as error:  # noqa: BLE001 - for the assertion
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert fake.calls["iamGetUser"] == 40


def test_connections_close_with_their_event_loop() -> None:
    async def call() -> None:
        await iam.users.get(1)
        assert connections.open == 1

    with serve_users() as (url, connections):
        iam = AsyncIAMClient("42_k", base_url=url)
        asyncio.run(call())
        assert connections.wait_for_open(0)
