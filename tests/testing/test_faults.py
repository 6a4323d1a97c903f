"""Faults that a test injects: each one, in process and over HTTP, and which requests meet it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from gcore_iam import testing
from gcore_iam.testing import (
    HTML,
    Clock,
    ContentType,
    Delay,
    DeleteUser,
    EmptyBody,
    ExtraField,
    FakeIAM,
    Fault,
    FaultError,
    Hang,
    InsertUser,
    Missing,
    NotUTF8,
    Null,
    Reset,
    Status,
    Truncate,
    UnknownEnum,
)

from .support import NOW

TOKEN = {"name": "t", "exp_date": None, "client_user": {"role": {"id": 2}}}


pytestmark = pytest.mark.fake_iam(10, clock=Clock(NOW))


def statuses(client: httpx.Client, number: int, path: str = "/iam/users/1") -> list[int]:
    return [client.get(path).status_code for _ in range(number)]


def wait_for_requests(fake: FakeIAM, number: int) -> None:
    """Return once so many requests have arrived; fail after ten seconds."""
    deadline = time.monotonic() + 10
    while len(fake.requests) < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- instead of the response ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 204, 304, 429, 500, 503, 520, 599])
def test_a_status(client: httpx.Client, fake: FakeIAM, status: int) -> None:
    fake.inject(Status(status))
    response = client.get("/iam/users/1")
    assert response.status_code == status
    assert "Retry-After" not in response.headers
    if status in (204, 304):
        assert response.content == b""
    else:
        assert set(response.json()) == {"message"}
    assert client.get("/iam/users/1").json()["id"] == 1


def test_retry_after_as_seconds_and_as_a_date(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(Status(429, retry_after=3))
    fake.inject(Status(503, retry_after=0))
    fake.inject(Status(503, retry_after=NOW + timedelta(minutes=1)))
    headers = [client.get("/iam/users/1").headers["Retry-After"] for _ in range(3)]
    assert headers[:2] == ["3", "0"]
    assert headers[2] == "Sun, 01 Mar 2026 12:01:00 GMT"
    assert parsedate_to_datetime(headers[2]) == NOW + timedelta(minutes=1)


@pytest.mark.parametrize("after_work", [True, False])
@pytest.mark.parametrize(
    ("build_fault", "error"),
    [
        pytest.param(lambda after_work: Status(504, after_work=after_work), None, id="Status"),
        pytest.param(lambda after_work: Reset(after_work=after_work), httpx.NetworkError, id="Reset"),
        pytest.param(lambda after_work: Hang(after_work=after_work), httpx.ReadTimeout, id="Hang"),
    ],
)
def test_the_work_is_done_or_not(
    client: httpx.Client,
    fake: FakeIAM,
    build_fault: Callable[[bool], Fault],
    error: type[Exception] | None,
    after_work: bool,
) -> None:
    client.timeout = httpx.Timeout(0.3)
    fake.inject(build_fault(after_work), method="POST")
    path = f"/iam/v2/clients/{fake.account_id}/tokens"
    if error is None:
        assert client.post(path, json=TOKEN).status_code == 504
    else:
        with pytest.raises(error):
            client.post(path, json=TOKEN)
    assert len(fake.tokens) == 1 + after_work
    assert len(client.get(path).json()) == 1 + after_work


def test_a_reset_looks_like_one_to_every_client(fake: FakeIAM) -> None:
    fake.inject(Reset(), times=3)
    with fake.serve() as url, httpx.Client(base_url=url, trust_env=False) as client:
        for _ in range(3):
            with pytest.raises(httpx.ReadError, match="reset"):
                client.get("/iam/users")
        assert client.get("/iam/users").status_code == 401


def test_a_hanging_request_neither_blocks_others_nor_the_end(fake: FakeIAM) -> None:
    fake.inject(Hang())
    began = time.monotonic()

    async def scenario(url: str) -> list[Any]:
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            hanging = asyncio.create_task(client.get("/iam/users"))
            await asyncio.to_thread(wait_for_requests, fake, 1)
            others = [(await client.get("/iam/users")).status_code for _ in range(5)]
            assert not hanging.done()
            hanging.cancel()
            return others

    with fake.serve() as url:
        assert asyncio.run(scenario(url)) == [401] * 5
        fake.inject(Hang())
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{url}/iam/users", trust_env=False, timeout=0.1)
    assert time.monotonic() - began < 10


def test_leaving_the_server_ends_what_hangs(fake: FakeIAM) -> None:
    async def scenario() -> None:
        with fake.serve() as url:
            fake.inject(Hang())
            fake.inject(Delay(1000))
            client = httpx.AsyncClient(base_url=url, trust_env=False, timeout=60)
            tasks = [asyncio.create_task(client.get("/iam/users")) for _ in range(2)]
            await asyncio.to_thread(wait_for_requests, fake, 2)
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        assert any(isinstance(result, httpx.NetworkError) for result in results)
        await client.aclose()

    began = time.monotonic()
    asyncio.run(scenario())
    assert time.monotonic() - began < 10


def test_in_process_time_passes_without_waiting(fake: FakeIAM) -> None:
    began = time.monotonic()
    with httpx.Client(base_url="http://fake", transport=fake.transport(), timeout=7) as client:
        fake.inject(Hang())
        with pytest.raises(httpx.ReadTimeout) as caught:
            client.get("/iam/users")
        assert caught.value.request.url.path == "/iam/users"
        assert fake.clock.now() == NOW + timedelta(seconds=7)
        fake.inject(Delay(5))
        assert client.get("/iam/users").status_code == 401
        assert fake.clock.now() == NOW + timedelta(seconds=12)
        fake.inject(Delay(100))
        with pytest.raises(httpx.ReadTimeout):
            client.get("/iam/users")
        assert fake.clock.now() == NOW + timedelta(seconds=19)
        fake.inject(Hang())
        with pytest.raises(httpx.ReadTimeout):
            client.get("/iam/users", timeout=None)
    assert time.monotonic() - began < 5


def test_delays_add_up_to_any_number_of_days(fake: FakeIAM) -> None:
    with httpx.Client(base_url="http://fake", transport=fake.transport(), timeout=100_000) as client:
        fake.inject(Delay(86_400), Delay(5))
        client.get("/iam/users")
    assert fake.clock.now() == NOW + timedelta(days=1, seconds=5)


def test_over_http_a_delay_is_one(fake: FakeIAM) -> None:
    with fake.serve() as url, httpx.Client(base_url=url, trust_env=False, timeout=5) as client:
        client.get("/iam/users")
        fake.inject(Delay(0.3))
        began = time.monotonic()
        assert client.get("/iam/users").status_code == 401
        assert time.monotonic() - began >= 0.3


# --- the body ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [None, 0, 1, 40])
def test_a_truncated_body(client: httpx.Client, fake: FakeIAM, keep: int | None) -> None:
    whole = client.get("/iam/users/1").content
    fake.inject(Truncate(keep))
    response = client.get("/iam/users/1")
    assert response.content == whole[: len(whole) // 2 if keep is None else keep]
    assert response.headers["Content-Type"] == "application/json"
    with pytest.raises(ValueError, match=r"."):
        response.json()


@pytest.mark.parametrize("keep", [None, 0, 40])
def test_a_body_whose_connection_breaks(client: httpx.Client, fake: FakeIAM, keep: int | None) -> None:
    fake.inject(Truncate(keep, announced=True))
    with pytest.raises(httpx.RemoteProtocolError, match=r"closed .*(after|received)"):
        client.get("/iam/users/1")
    assert client.get("/iam/users/1").status_code == 200


def test_a_body_whose_connection_breaks_in_async_code(fake: FakeIAM) -> None:
    async def scenario() -> None:
        async with httpx.AsyncClient(base_url="http://fake", transport=fake.transport()) as client:
            fake.inject(Truncate(announced=True))
            with pytest.raises(httpx.RemoteProtocolError) as caught:
                await client.get("/iam/users")
            assert caught.value.request.url.path == "/iam/users"

    asyncio.run(scenario())


def test_html(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(HTML())
    response = client.get("/iam/users/1")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert response.text.startswith("<!doctype html>")


def test_an_empty_body(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(EmptyBody())
    response = client.get("/iam/users/1")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Type"] == "application/json"


def test_bytes_that_are_not_utf8(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(NotUTF8())
    response = client.get("/iam/users/1")
    with pytest.raises(UnicodeDecodeError):
        response.content.decode("utf-8")
    assert json.loads(response.content.replace(b"\xff\xfe", b""))["id"] == 1


def test_a_wrong_content_type(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(ContentType("text/plain"))
    response = client.get("/iam/users/1")
    assert response.headers.get_list("Content-Type") == ["text/plain"]
    assert response.json()["id"] == 1


def test_fields(client: httpx.Client, fake: FakeIAM) -> None:
    plain = client.get("/iam/users/1").json()
    for fault, expected in [
        (UnknownEnum("lang"), {**plain, "lang": "unheard-of"}),
        (UnknownEnum("lang", "fr"), {**plain, "lang": "fr"}),
        (UnknownEnum("groups.0.name", "Owners"), {**plain, "groups": [{"id": 1, "name": "Owners"}]}),
        (Null("email"), {**plain, "email": None}),
        (Missing("email"), {name: value for name, value in plain.items() if name != "email"}),
        (ExtraField(), {**plain, "unheard_of": "unheard-of"}),
        (ExtraField("groups.*.since", {"a": [1]}), {**plain, "groups": [{**plain["groups"][0], "since": {"a": [1]}}]}),
    ]:
        fake.inject(fault)
        assert client.get("/iam/users/1").json() == expected, fault
    assert client.get("/iam/users/1").json() == plain


def test_fields_of_a_page(client: httpx.Client, fake: FakeIAM) -> None:
    plain = client.get("/iam/users?limit=3").json()["results"]
    fake.inject(Null("results.*.name"), Missing("results.1.email"), Missing("count"))
    page = client.get("/iam/users?limit=3").json()
    assert "count" not in page
    assert [user["name"] for user in page["results"]] == [None] * 3
    assert ["email" in user for user in page["results"]] == [True, False, True]
    fake.inject(UnknownEnum("*.lang"))
    assert {user["lang"] for user in client.get("/iam/users").json()} == {"unheard-of"}
    assert client.get("/iam/users?limit=3").json()["results"] == plain


MISFITS = [
    *(Null(field) for field in ("nothing", "groups.name", "groups.7.name", "lang.0", "*.lang", "0", "email.x")),
    ExtraField("email"),
    ExtraField("nothing.x"),
    UnknownEnum("nothing"),
    Missing("groups.*.nothing"),
]


@pytest.mark.parametrize("fault", MISFITS)
def test_a_field_that_is_not_there_is_the_tests_mistake(fake: FakeIAM, fault: Fault) -> None:
    headers = {"Authorization": f"APIKey {fake.api_key}"}
    name = type(fault).__name__
    with httpx.Client(base_url="http://fake", transport=fake.transport(), headers=headers) as client:
        fake.inject(fault)
        with pytest.raises(FaultError, match=rf"^{name} finds no .* in the response 200$"):
            client.get("/iam/users/1")
        assert client.get("/iam/users/1").status_code == 200

    def served() -> None:
        with fake.serve() as url, httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
            fake.inject(fault)
            response = client.get("/iam/users/1")
            assert response.status_code == 500
            assert response.json()["message"].startswith(f"{name} finds no ")
            assert client.get("/iam/users/1").status_code == 200

    with pytest.raises(FaultError, match=f"^{name} finds no "):
        served()
    with fake.serve():
        pass


BODILESS = [Truncate(), HTML(), EmptyBody(), NotUTF8(), ContentType("text/plain")]


@pytest.mark.parametrize("fault", BODILESS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("status", [204, 304])
def test_no_body_is_to_be_changed_where_there_is_none(fake: FakeIAM, fault: Fault, status: int) -> None:
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:
        fake.inject(Status(status), fault)
        with pytest.raises(FaultError, match=f"meets the response {status}, which has no body"):
            client.get("/iam/users")


def test_an_empty_body_and_the_same_content_type() -> None:
    fake = FakeIAM([{}, {"id": 2}])
    headers = {"Authorization": f"APIKey {fake.api_key}"}
    with httpx.Client(base_url="http://fake", transport=fake.transport(), headers=headers) as client:
        fake.inject(ContentType("application/json"))
        with pytest.raises(FaultError, match="changes nothing in the response 200"):
            client.get("/iam/users")
        fake.inject(EmptyBody())
        with pytest.raises(FaultError, match="changes nothing in the response 200"):
            client.delete("/iam/clients/1001/client-users/2")


def test_who_meets_a_mistake_is_seen_all_the_same(fake: FakeIAM) -> None:
    fake.inject(Null("nothing"))
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client, pytest.raises(FaultError):
        client.get("/iam/users")
    (seen,) = fake.requests
    assert (seen.operation, seen.status, fake.calls["iamGetUsers"]) == ("iamGetUsers", None, 1)


def test_what_lasts_passes_over_what_it_does_not_fit(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(Status(503))
    fake.inject(Null("lang"), Truncate(5000), path="/iam/users/{userId}", times=None)
    fake.inject(Null("results.*.lang"), path="/iam/users", times=None)
    assert statuses(client, 2) == [503, 200]
    assert client.get("/iam/users/1").json()["lang"] is None
    assert client.get("/iam/users/99").status_code == 404
    assert client.get("/iam/users?limit=2&offset=50").json()["results"] == []
    assert client.get("/iam/users?limit=1").json()["results"][0]["lang"] is None


def test_a_population_that_shrinks_as_long_as_there_is_anybody(fake: FakeIAM) -> None:
    fake.inject(DeleteUser(0), times=None)
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:
        headers = {"Authorization": f"APIKey {fake.api_key}"}
        sizes = [len(client.get("/iam/users", headers=headers).json()) for _ in range(12)]
    assert sizes == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]


def test_what_lasts_adds_to_what_comes_once(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(HTML(), times=None)
    fake.inject(Status(503))
    response = client.get("/iam/users/1")
    assert (response.status_code, response.headers["Content-Type"]) == (503, "text/html; charset=utf-8")


def test_a_body_that_breaks_whatever_it_is(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(Truncate(announced=True), times=None)
    fake.inject(HTML())
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/iam/users/1")
    fake.clear_faults()
    fake.inject(Status(502), HTML(), Truncate(announced=True))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/iam/users/1")


def test_a_token_ends_with_its_users_access_to_the_account() -> None:
    entries = [
        {"client_id": 1001, "client_company_name": "Example Widgets Ltd", "user_id": 2, "user_roles": ["1"]},
        {"client_id": 2002, "client_company_name": "Example Gadgets GmbH", "user_id": 2, "user_roles": ["1"]},
    ]
    fake = FakeIAM([{}, {"email": "two@example.com", "client_and_roles": entries}])
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:
        body = {"username": "two@example.com", "password": "correct-horse-battery"}
        bearer = {"Authorization": f"Bearer {client.post('/iam/auth/jwt/login', json=body).json()['access']}"}
        token = client.post("/iam/v2/clients/1001/tokens", json=TOKEN, headers=bearer).json()["token"]
        assert client.get("/iam/users", headers={"Authorization": f"APIKey {token}"}).status_code == 200
        fake.inject(DeleteUser(1))
        assert client.get("/iam/users", headers={"Authorization": f"APIKey {token}"}).status_code == 401


def test_the_key_outlives_its_user(client: httpx.Client, fake: FakeIAM) -> None:
    other = client.post(f"/iam/v2/clients/{fake.account_id}/tokens", json=TOKEN).json()["token"]
    fake.inject(DeleteUser(0))
    assert statuses(client, 2) == [404, 404]
    assert client.get("/iam/users", headers={"Authorization": f"APIKey {other}"}).status_code == 401


def test_a_client_that_gives_up_ends_what_hangs(fake: FakeIAM) -> None:
    with fake.serve() as url:
        for _ in range(3):
            fake.inject(Hang())
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(f"{url}/iam/users", trust_env=False, timeout=0.2)
            deadline = time.monotonic() + 10
            while fake.requests_in_flight:
                assert time.monotonic() < deadline
                time.sleep(0.01)
    assert fake.peak_concurrency == 1


def test_a_mistake_hides_no_other_exception(fake: FakeIAM) -> None:
    def scenario() -> None:
        with fake.serve() as url:
            fake.inject(Null("nothing"))
            httpx.get(f"{url}/iam/users/1", trust_env=False)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine") as caught:
        scenario()
    assert caught.value.__notes__ == ["A fault did not fit: Null finds no 'nothing' in the response 401"]


def test_each_server_raises_its_own_first_mistake(fake: FakeIAM) -> None:
    def scenario() -> None:
        with fake.serve() as url:
            fake.inject(Null("first"))
            fake.inject(Null("second"))
            httpx.get(f"{url}/iam/users/1", trust_env=False)
            with fake.serve() as other:
                httpx.get(f"{other}/iam/users", trust_env=False, headers={"Authorization": f"APIKey {fake.api_key}"})

    with pytest.raises(FaultError, match="second"):
        scenario()

    def one_server() -> None:
        with fake.serve() as url:
            for name in ("first", "second"):
                fake.inject(Null(name))
                httpx.get(f"{url}/iam/users/1", trust_env=False)

    with pytest.raises(FaultError, match="first"):
        one_server()


def test_null_in_place_of_null_is_the_tests_mistake(fake: FakeIAM) -> None:
    headers = {"Authorization": f"APIKey {fake.api_key}"}
    with httpx.Client(base_url="http://fake", transport=fake.transport(), headers=headers) as client:
        client.patch("/iam/users/1", json={"phone": None})
        fake.inject(Null("phone"))
        with pytest.raises(FaultError, match="Null changes nothing in 'phone'"):
            client.get("/iam/users/1")
        fake.inject(Truncate(10**9, announced=True))
        with pytest.raises(FaultError, match="changes nothing in the response 200"):
            client.get("/iam/users/1")


def test_truncating_what_is_short_is_the_tests_mistake(fake: FakeIAM) -> None:
    fake.inject(Truncate(100_000))
    with (
        httpx.Client(base_url="http://fake", transport=fake.transport()) as client,
        pytest.raises(FaultError, match="changes nothing in the response 401"),
    ):
        client.get("/iam/users")


def test_faults_combine(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(Status(502, retry_after=1), HTML(), Delay(0.01))
    response = client.get("/iam/users/1")
    assert response.status_code == 502
    assert response.headers["Retry-After"] == "1"
    assert "502" in response.text
    fake.inject(Null("lang"), ContentType("application/problem+json"))
    response = client.get("/iam/users/1")
    assert response.json()["lang"] is None
    assert response.headers["Content-Type"] == "application/problem+json"


def test_every_answer_keeps_its_request_id(client: httpx.Client, fake: FakeIAM) -> None:
    for faults in ((Status(503),), (HTML(),), (EmptyBody(),), (ContentType("a/b"),)):
        fake.inject(*faults)
        assert client.get("/iam/users/1").headers["X-Request-ID"]


# --- the population ------------------------------------------------------------------------------------------------


def ids(client: httpx.Client, size: int) -> list[list[int]]:
    pages: list[list[int]] = []
    while True:
        offset = sum(map(len, pages))
        page = client.get("/iam/users", params={"limit": size, "offset": offset}).raise_for_status().json()
        pages.append([user["id"] for user in page["results"]])
        if offset + len(page["results"]) >= page["count"]:
            return pages


def test_deletion_while_somebody_pages(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(DeleteUser(0), method="GET", path="/iam/users", after=1)
    assert ids(client, 4) == [[1, 2, 3, 4], [6, 7, 8, 9], [10]]
    assert [user["id"] for user in fake.users] == list(range(2, 11))


def test_insertion_while_somebody_pages(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(InsertUser(0), method="GET", path="/iam/users", after=2)
    assert ids(client, 4) == [[1, 2, 3, 4], [5, 6, 7, 8], [8, 9, 10]]
    assert [user["id"] for user in fake.users] == [11, *range(1, 11)]
    assert client.get("/iam/users/11").json()["email"] == "newcomer.11@newcomers.example.com"


def test_positions_in_the_middle_and_at_the_end(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(InsertUser(10), InsertUser(3), DeleteUser(1))
    listed = [user["id"] for user in client.get("/iam/users").json()]
    assert listed == [1, 3, 12, 4, 5, 6, 7, 8, 9, 10, 11]


def test_a_population_that_changes_before_every_page(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(InsertUser(0), path="/iam/users", times=None)
    assert [len(client.get("/iam/users").json()) for _ in range(3)] == [11, 12, 13]


@pytest.mark.parametrize("fault", [DeleteUser(10), InsertUser(11)])
def test_a_position_that_is_not_there_is_the_tests_mistake(fake: FakeIAM, fault: Fault) -> None:
    fake.inject(fault)
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client:
        with pytest.raises(FaultError, match=r"position 1[01]"):
            client.get("/iam/users")
        assert len(fake.users) == 10


def test_of_several_changes_all_happen_or_none(fake: FakeIAM) -> None:
    before = fake.users
    fake.inject(DeleteUser(0), InsertUser(3), DeleteUser(99))
    with httpx.Client(base_url="http://fake", transport=fake.transport()) as client, pytest.raises(FaultError):
        client.get("/iam/users")
    assert fake.users == before


# --- the script ----------------------------------------------------------------------------------------------------


def test_the_next_requests(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(Status(503), times=2)
    fake.inject(Status(429))
    assert statuses(client, 5) == [503, 503, 429, 200, 200]


def test_requests_by_method_and_path(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(Status(503), method="GET", path="/iam/users/{userId}", times=2)
    fake.inject(Status(500), path="/iam/users/3")
    assert statuses(client, 1, "/iam/users") == [200]
    assert client.patch("/iam/users/2", json={}).status_code == 200
    assert statuses(client, 1, "/iam/users/2") == [503]
    assert statuses(client, 3, "/iam/users/3") == [503, 500, 200]


def test_requests_to_leave_alone_before(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(Status(503), after=2)
    fake.inject(Status(500), after=3, path="/iam/users/1")
    assert statuses(client, 5) == [200, 200, 503, 500, 200]


def test_faults_that_last(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(ExtraField(), times=None)
    fake.inject(Status(503))
    first, second = client.get("/iam/users/1"), client.get("/iam/users/1")
    assert (first.status_code, second.status_code) == (503, 200)
    assert second.json()["unheard_of"] == "unheard-of"
    fake.clear_faults()
    assert "unheard_of" not in client.get("/iam/users/1").json()


def test_what_comes_once_comes_in_place_of_what_lasts(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(Status(503))
    fake.inject(Status(429))
    fake.inject(Status(500), times=None)
    assert statuses(client, 4) == [503, 429, 500, 500]
    fake.clear_faults()
    fake.inject(Reset(), times=None)
    fake.inject(Status(503))
    assert statuses(client, 1) == [503]
    with pytest.raises(httpx.NetworkError):
        client.get("/iam/users/1")


def test_the_list_of_faults(client: httpx.Client, fake: FakeIAM) -> None:
    assert list(fake.faults) == []
    fake.inject(Status(503), times=2, method="GET")
    fake.inject(Null("lang"), Delay(1), times=None, after=3)
    first, second = fake.faults
    assert (first.faults, first.method, first.path, first.times, first.after) == ((Status(503),), "GET", None, 2, 0)
    assert (second.faults, second.times, second.after) == ((Null("lang"), Delay(1)), None, 3)
    client.get("/iam/users/1")
    first, second = fake.faults
    assert (first.times, second.after) == (1, 2)
    client.get("/iam/users/1")
    assert [scripted.faults for scripted in fake.faults] == [(Null("lang"), Delay(1))]
    fake.clear_faults()
    assert list(fake.faults) == []


def test_faults_are_met_without_credentials_too(client: httpx.Client, fake: FakeIAM) -> None:
    fake.inject(Status(503))
    assert client.get("/iam/users", headers={"Authorization": ""}).status_code == 503


@pytest.mark.parametrize(
    ("make", "error", "hint"),
    [
        (lambda t: t.Status("503"), TypeError, "status must be an integer, not str"),
        (lambda t: t.Status(99), ValueError, "200 or more"),
        (lambda t: t.Status(600), ValueError, "599 or less"),
        (lambda t: t.Status(status=True), TypeError, "integer"),
        (lambda t: t.Status(429, retry_after=-1), ValueError, "retry_after must be 0 or more"),
        (lambda t: t.Status(429, retry_after=1.5), TypeError, "retry_after must be an integer, not float"),
        (lambda t: t.Status(429, retry_after=datetime(2026, 1, 1)), ValueError, "time zone"),
        (lambda t: t.Status(429, after_work=1), TypeError, "bool"),
        (lambda t: t.Reset(after_work="yes"), TypeError, "bool"),
        (lambda t: t.Delay(0), ValueError, "above 0"),
        (lambda t: t.Delay(float("inf")), ValueError, "at most"),
        (lambda t: t.Delay(float("nan")), ValueError, "above 0"),
        (lambda t: t.Delay("1"), TypeError, "number"),
        (lambda t: t.Delay(86_401), ValueError, "at most 86400"),
        (lambda t: t.Truncate(-1), ValueError, "0 or more"),
        (lambda t: t.Truncate(1.0), TypeError, "integer"),
        (lambda t: t.ContentType(""), ValueError, "empty"),
        (lambda t: t.ContentType("a\r\nb"), ValueError, "printable"),
        (lambda t: t.UnknownEnum(""), ValueError, "empty"),
        (lambda t: t.UnknownEnum("lang", "de"), ValueError, "'de' is listed in the API's spec"),
        (lambda t: t.Null(7), TypeError, "string"),
        (lambda t: t.Missing(None), TypeError, "string"),
        (lambda t: t.ExtraField("a", {1, 2}), TypeError, "value is a set, for which JSON has no form"),
        (lambda t: t.ExtraField("a", float("nan")), ValueError, "JSON"),
        (lambda t: t.DeleteUser(-1), ValueError, "0 or more"),
        (lambda t: t.InsertUser("0"), TypeError, "integer"),
        (lambda t: t.FakeIAM(1).inject(), ValueError, "at least one fault"),
        (lambda t: t.FakeIAM(1).inject("status"), TypeError, "unknown fault 'status'; the faults are ContentType, "),
        (lambda t: t.FakeIAM(1).inject(503), TypeError, "unknown fault 503"),
        (lambda t: t.FakeIAM(1).inject(t.Status), TypeError, r"Status is a class: write Status\(…\)"),
        (lambda t: t.FakeIAM(1).inject([t.Status(503)]), TypeError, "unknown fault"),
        (lambda t: t.FakeIAM(1).inject(t.Status(503), t.Status(502)), ValueError, "only one of"),
        (lambda t: t.FakeIAM(1).inject(t.Reset(), t.Hang()), ValueError, "only one of"),
        (
            lambda t: t.FakeIAM(1).inject(t.HTML(), t.Reset()),
            ValueError,
            r"Reset.* leaves nothing of what HTML\(\) does",
        ),
        (lambda t: t.FakeIAM(1).inject(t.Hang(), t.Null("a")), ValueError, "leaves nothing of what Null"),
        (lambda t: t.FakeIAM(1).inject(t.Missing("a"), t.Status(503)), ValueError, "leaves nothing of what Missing"),
        (lambda t: t.FakeIAM(1).inject(t.Truncate(), t.HTML()), ValueError, "leaves nothing of what Truncate"),
        (lambda t: t.FakeIAM(1).inject(t.HTML(), t.EmptyBody()), ValueError, "leaves nothing of what HTML"),
        (lambda t: t.FakeIAM(1).inject(t.Fault()), TypeError, "unknown fault"),
        (lambda t: t.FakeIAM(1).inject(t.Status(503), times=0), ValueError, "times must be 1 or more"),
        (lambda t: t.FakeIAM(1).inject(t.Status(503), times=1.0), TypeError, "times"),
        (lambda t: t.FakeIAM(1).inject(t.Status(503), after=-1), ValueError, "after must be 0 or more"),
        (lambda t: t.FakeIAM(1).inject(t.Status(503), after=None), TypeError, "after"),
        (lambda t: t.FakeIAM(1).inject(t.Status(503), method="get"), ValueError, "method must be one of GET"),
        (lambda t: t.FakeIAM(1).inject(t.Status(503), path="/users"), ValueError, "leads to no operation"),
        (lambda t: t.FakeIAM(1).inject(t.Status(503), path="/iam/users/abc"), ValueError, "leads to no operation"),
        (
            lambda t: t.FakeIAM(1).inject(t.Status(503), path="/iam/users", method="PUT"),
            ValueError,
            "only GET, not PUT",
        ),
        (lambda t: t.FakeIAM(1).inject(t.Status(503), path=5), ValueError, "leads to no operation"),
        (lambda t: t.FakeIAM(1).inject(t.Status(503), colour="red"), TypeError, "colour"),
    ],
)
def test_bad_arguments_are_refused_at_once(make: Callable[[Any], Any], error: type[Exception], hint: str) -> None:
    with pytest.raises(error, match=hint):
        make(testing)
