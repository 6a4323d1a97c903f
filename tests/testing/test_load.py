"""Many threads and many tasks use one fake: no wrong response, no lost write, no exception."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest
from gcore_iam.testing import FakeIAM
from gcore_iam.testing.http.transport import FakeTransport

WORKERS = 64
SECONDS = 1.0
MAX_TURNS = 10
USERS = 100

pytestmark = pytest.mark.fake_iam(USERS)


class Ledger:
    """The responses that the workers received, to compare with the fake's state."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.created: dict[int, str] = {}
        self.invited: dict[int, str] = {}
        self.statuses: Counter[int] = Counter()

    def record(self, status: int, step: Callable[[], object]) -> None:
        with self._lock:
            self.statuses[status] += 1
            step()


def list_requests(fake: FakeIAM, ledger: Ledger, worker: int, number: int) -> list[tuple[str, str, Any, Any]]:
    """(method, path, body, check of the response) for one turn of one worker."""
    account = fake.account_id
    tag = f"{worker}-{number}"

    def created(response: httpx.Response) -> None:
        token = response.raise_for_status().json()
        assert token["name"] == tag
        assert token["id"] not in ledger.created
        ledger.created[token["id"]] = tag

    def invited(response: httpx.Response) -> None:
        user_id = response.raise_for_status().json()["user_id"]
        assert user_id not in ledger.invited
        ledger.invited[user_id] = f"u{tag}@example.com"

    def page(response: httpx.Response) -> None:
        body = response.raise_for_status().json()
        ids = [user["id"] for user in body["results"]]
        assert len(ids) == min(50, body["count"] - 10)
        assert ids == sorted(set(ids))

    def renamed(response: httpx.Response) -> None:
        assert response.raise_for_status().json()["name"] == tag

    def missing(response: httpx.Response) -> None:
        assert response.status_code == 404

    role = {"client_user": {"role": {"id": 2}}, "exp_date": None}
    invitation = {"client_id": account, "user_role": {"id": 2}, "email": f"u{tag}@example.com"}
    return [
        ("POST", f"/iam/v2/clients/{account}/tokens", {"name": tag, **role}, created),
        ("GET", "/iam/users?limit=50&offset=10", None, page),
        ("POST", "/iam/clients/invite_user", invitation, invited),
        # Each worker renames its own user, so that no other worker's name may come back.
        ("PATCH", f"/iam/users/{worker + 1}", {"name": tag}, renamed),
        ("GET", "/iam/users/999999999", None, missing),
    ]


def compare(fake: FakeIAM, ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    """Compare the responses that the workers received with the fake's state."""
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    tokens = {token["id"]: token["name"] for token in fake.tokens if token["id"] != 1}
    assert tokens == ledger.created
    users = {user["id"]: user["email"] for user in fake.users if user["id"] > USERS}
    assert users == ledger.invited
    assert len(ledger.created) >= WORKERS
    assert fake.calls["iamCreateApiTokenV2"] == len(ledger.created)
    assert fake.calls.total() == ledger.statuses.total()
    assert set(ledger.statuses) == {200, 404}
    assert fake.peak_concurrency <= WORKERS


def build_options(fake: FakeIAM) -> dict[str, Any]:
    limits = httpx.Limits(max_connections=WORKERS, max_keepalive_connections=WORKERS)
    headers = {"Authorization": f"APIKey {fake.api_key}"}
    return {"headers": headers, "trust_env": False, "limits": limits, "timeout": 60}


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    """Makes Python switch threads far more often than usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("frequent_switches")
def test_threads(fake: FakeIAM, served: bool, caplog: pytest.LogCaptureFixture) -> None:
    ledger, deadline = Ledger(), time.monotonic() + SECONDS

    def work(client: httpx.Client, worker: int) -> None:
        for number in range(MAX_TURNS):
            for method, path, body, check in list_requests(fake, ledger, worker, number):
                response = client.request(method, path, json=body)
                ledger.record(response.status_code, partial(check, response))
            if time.monotonic() > deadline:
                return

    def run(base_url: str, transport: FakeTransport | None = None) -> None:
        with (
            httpx.Client(**build_options(fake), base_url=base_url, transport=transport) as client,
            ThreadPoolExecutor(WORKERS) as pool,
        ):
            for result in [pool.submit(work, client, worker) for worker in range(WORKERS)]:
                result.result(timeout=120)

    if served:
        with fake.serve() as url:
            run(base_url=url)
        assert 1 <= fake.connections_opened <= WORKERS
    else:
        run(base_url="http://fake", transport=fake.transport())
    compare(fake, ledger, caplog)


def test_tasks(fake: FakeIAM, served: bool, caplog: pytest.LogCaptureFixture) -> None:
    ledger, deadline = Ledger(), time.monotonic() + SECONDS

    async def work(client: httpx.AsyncClient, worker: int) -> None:
        for number in range(MAX_TURNS):
            for method, path, body, check in list_requests(fake, ledger, worker, number):
                response = await client.request(method, path, json=body)
                ledger.record(response.status_code, partial(check, response))
            if time.monotonic() > deadline:
                return

    async def run(base_url: str, transport: FakeTransport | None = None) -> None:
        async with httpx.AsyncClient(**build_options(fake), base_url=base_url, transport=transport) as client:
            await asyncio.gather(*(work(client, worker) for worker in range(WORKERS)))

    if served:
        with fake.serve() as url:
            asyncio.run(run(base_url=url))
    else:
        asyncio.run(run(base_url="http://fake", transport=fake.transport()))
        assert fake.peak_concurrency == WORKERS
    compare(fake, ledger, caplog)


@pytest.mark.usefixtures("frequent_switches")
def test_one_of_many_refreshes_at_once_succeeds(fake: FakeIAM, served: bool) -> None:
    owner = {"username": fake.users[0]["email"], "password": "correct-horse-battery"}

    def run(base_url: str, transport: FakeTransport | None = None) -> None:
        with (
            httpx.Client(**build_options(fake), base_url=base_url, transport=transport) as client,
            ThreadPoolExecutor(WORKERS) as pool,
        ):
            for _ in range(5):
                first = client.post("/iam/auth/jwt/login", json=owner).raise_for_status().json()["refresh"]
                calls = [
                    pool.submit(client.post, "/iam/auth/jwt/refresh", json={"refresh": first}) for _ in range(WORKERS)
                ]
                responses = [call.result(timeout=60) for call in calls]
                assert Counter(response.status_code for response in responses) == {200: 1, 401: WORKERS - 1}
                (pair,) = [response.json() for response in responses if response.status_code == 200]
                again = client.post("/iam/auth/jwt/refresh", json={"refresh": pair["refresh"]})
                assert again.status_code == 401

    if served:
        with fake.serve() as url:
            run(base_url=url)
    else:
        run(base_url="http://fake", transport=fake.transport())
