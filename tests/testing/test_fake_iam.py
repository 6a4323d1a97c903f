"""What FakeIAM responds, in process and over HTTP with the same assertions."""

from __future__ import annotations

import asyncio
import copy
import json
import operator
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
import yaml
from gcore_iam import testing
from gcore_iam.testing import FakeIAM
from gcore_iam.testing.faults import FAULTS
from gcore_iam.testing.http.transport import FakeTransport
from gcore_iam.testing.operations import HANDLERS

from .support import BASE_USER_KEYS, PUBLIC_USER_KEYS, OpenClient, pick

SPEC = Path(__file__).parents[2] / "spec" / "iam_api.yaml"

USERS = FakeIAM(25).users


def test_the_account_lists_its_users_in_their_short_form(client: httpx.Client) -> None:
    response = client.get("/iam/clients/me")
    assert response.status_code == 200
    account = response.json()
    assert account["currentUser"] == 1
    users = account["users"]
    assert [pick(user, BASE_USER_KEYS) for user in users] == [pick(user, BASE_USER_KEYS) for user in USERS]
    assert not any(user.keys() & {"user_type", "is_active", "client_and_roles"} for user in users)


def test_an_account_without_users_still_names_a_current_user(open_client: OpenClient) -> None:
    client = open_client(FakeIAM(0))
    account = client.get("/iam/clients/me").json()
    assert (account["users"], account["currentUser"], account["has_active_admin"]) == ([], 1, False)
    assert client.get("/iam/users/1").status_code == 404
    assert client.get("/iam/users").json() == []
    assert client.get("/iam/users?limit=5").json() == {"count": 0, "next": None, "previous": None, "results": []}


def test_one_user(client: httpx.Client) -> None:
    for user in USERS:
        response = client.get(f"/iam/users/{user['id']}")
        assert response.status_code == 200
        assert pick(response.json(), PUBLIC_USER_KEYS) == pick(user, PUBLIC_USER_KEYS)
        assert "client_and_roles" not in response.json()


@pytest.mark.parametrize("user_id", ["0", "26", "-1", "abc", "1.0", "%D9%A1", "1%2F", "%00", "", "9" * 5000])
def test_no_such_user(client: httpx.Client, user_id: str) -> None:
    response = client.get(f"/iam/users/{user_id}")
    assert response.status_code == 404
    assert set(response.json()) == {"message"}


def test_without_limit_all_users_come_as_a_bare_array(client: httpx.Client) -> None:
    assert client.get("/iam/users").json() == list(USERS)
    assert client.get("/iam/users?offset=20").json() == list(USERS[20:])
    assert client.get("/iam/users?offset=25").json() == []


@pytest.mark.parametrize(
    ("query", "following", "previous", "expected"),
    [
        ("limit=10", "/users?offset=10&limit=10", None, USERS[:10]),
        ("limit=10&offset=10", "/users?offset=20&limit=10", "/users?offset=0&limit=10", USERS[10:20]),
        ("limit=10&offset=20", None, "/users?offset=10&limit=10", USERS[20:]),
        ("limit=10&offset=15", None, "/users?offset=5&limit=10", USERS[15:]),
        ("limit=10&offset=3", "/users?offset=13&limit=10", "/users?offset=0&limit=10", USERS[3:13]),
        ("limit=25", None, None, USERS),
        ("limit=10&offset=40", None, "/users?offset=30&limit=10", ()),
        ("limit=999999999999999999&offset=0", None, None, USERS),
        ("offset=1&limit=4&limit=2", "/users?offset=3&limit=2", "/users?offset=0&limit=2", USERS[1:3]),
    ],
)
def test_a_page(
    client: httpx.Client, query: str, following: str | None, previous: str | None, expected: tuple[Any, ...]
) -> None:
    response = client.get(f"/iam/users?{query}")
    assert response.status_code == 200
    assert response.json() == {"count": 25, "next": following, "previous": previous, "results": list(expected)}


@pytest.mark.parametrize(
    ("users", "limit", "most"), [(20, 1, 1000), (52, 7, 1000), (1203, 1000, 1000), (70, 50, 9), (1203, 5000, 1000)]
)
def test_paging_to_the_end_returns_each_user_once(open_client: OpenClient, users: int, limit: int, most: int) -> None:
    fake = FakeIAM(users, max_page_size=most)
    client, seen = open_client(fake), list[dict[str, Any]]()
    while True:
        page = client.get("/iam/users", params={"limit": limit, "offset": len(seen)}).json()
        assert page["count"] == len(fake.users)
        assert len(page["results"]) <= min(limit, most)
        seen += page["results"]
        if page["next"] is None:
            break
        assert page["next"] == f"/users?offset={len(seen)}&limit={min(limit, most)}"
    assert seen == list(fake.users)


def test_no_page_is_larger_than_a_thousand(open_client: OpenClient) -> None:
    page = open_client(FakeIAM(1001)).get("/iam/users?limit=5000").json()
    assert (len(page["results"]), page["next"]) == (1000, "/users?offset=1000&limit=1000")


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("limit=0", {"limit"}),
        ("limit=-1", {"limit"}),
        ("limit=", {"limit"}),
        ("limit", {"limit"}),
        ("limit=ten", {"limit"}),
        ("limit=1.0", {"limit"}),
        ("limit=%2B1", {"limit"}),
        ("limit=%D9%A1", {"limit"}),
        ("limit=%FF", {"limit"}),
        ("limit=1_0", {"limit"}),
        ("limit=" + "9" * 5000, {"limit"}),
        ("offset=-1", {"offset"}),
        ("offset=&limit=1", {"offset"}),
        ("offset=" + "9" * 5000, {"offset"}),
        ("offset=x&limit=y", {"offset", "limit"}),
    ],
)
def test_a_limit_or_offset_that_is_no_number(client: httpx.Client, query: str, refused: set[str]) -> None:
    response = client.get(f"/iam/users?{query}")
    assert response.status_code == 400
    errors = response.json()["errors"]
    assert set(errors) == refused
    assert all(len(messages) == 1 and isinstance(messages[0], str) for messages in errors.values())


@pytest.mark.parametrize("scheme", ["APIKey", "apikey", "APIKEY", "ApiKey"])
def test_the_scheme_is_compared_without_case(client: httpx.Client, scheme: str) -> None:
    header = f"{scheme} {FakeIAM().api_key}"
    assert client.get("/iam/users/1", headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"APIKey",
        b"APIKey wrong",
        b"APIKey 1_0123456789abcdef0123456789abcde",
        b"APIKey 1_0123456789abcdef0123456789abcdef0",
        b"APIKey 1_0123456789ABCDEF0123456789ABCDEF",
        b"APIKey 1_0123456789abcdef 0123456789abcdef",
        b"APIKey\t1_0123456789abcdef0123456789abcdef",
        b"Bearer 1_0123456789abcdef0123456789abcdef",
        b"1_0123456789abcdef0123456789abcdef",
        b"APIKey \xff\xfe\x80",
        b"\xff \xfe",
        "APIKey ключ".encode(),
        b"APIKey " + b"x" * 7000,
    ],
)
@pytest.mark.parametrize("path", ["/iam/clients/me", "/iam/users", "/iam/users/1"])
def test_credentials_that_are_not_valid(client: httpx.Client, path: str, value: bytes) -> None:
    response = client.get(path, headers={b"Authorization": value})
    assert response.status_code == 401
    assert set(response.json()) == {"message"}
    assert response.headers["WWW-Authenticate"] == "APIKey"


def test_spaces_around_a_key_are_no_part_of_it(client: httpx.Client) -> None:
    header = f"APIKey   {FakeIAM().api_key}"
    assert client.get("/iam/users/1", headers={"Authorization": header}).status_code == 200


def test_no_credentials_and_competing_credentials(client: httpx.Client) -> None:
    valid = client.headers.pop("Authorization")
    assert client.get("/iam/users").status_code == 401
    twice = [("Authorization", valid), ("Authorization", valid)]
    assert client.get("/iam/users", headers=twice).status_code == 401


def test_a_key_of_ones_own(open_client: OpenClient) -> None:
    fake = FakeIAM(3, api_key="1234$abcdef")
    client = open_client(fake)
    assert fake.api_key == "1234$abcdef"
    assert client.get("/iam/users/3").status_code == 200
    default = f"APIKey {FakeIAM().api_key}"
    assert client.get("/iam/users/3", headers={"Authorization": default}).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/", "/iam", "/iam/users/", "/iam/users/1/", "/users", "/iam/user", "/iam%2Fusers", "/IAM/users", "/iam//users"],
)
def test_an_unknown_path(client: httpx.Client, path: str) -> None:
    for method in ("GET", "POST"):
        response = client.request(method, path)
        assert response.status_code == 404
        assert set(response.json()) == {"message"}


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    ("path", "allowed"), [("/iam/clients/me", "GET"), ("/iam/users", "GET"), ("/iam/users/1", "GET, PATCH")]
)
def test_a_method_that_the_path_does_not_have(client: httpx.Client, method: str, path: str, allowed: str) -> None:
    response = client.request(method, path)
    assert response.status_code == 405
    assert response.headers["Allow"] == allowed
    if method == "HEAD":
        assert response.content == b""
    else:
        assert set(response.json()) == {"message"}


def test_percent_encoding_makes_no_difference(client: httpx.Client) -> None:
    assert client.get("/%69am/users/%31?%6Cimit=1").json()["id"] == 1


def test_a_large_body_where_none_is_expected_is_ignored(client: httpx.Client) -> None:
    assert client.request("GET", "/iam/users/1", content=b"x" * 3_000_000).status_code == 200


def test_every_response_is_json_and_has_a_request_id(client: httpx.Client) -> None:
    requests = [
        ("GET", "/iam/users"),
        ("GET", "/iam/users/1"),
        ("GET", "/iam/users/99"),
        ("GET", "/iam/users?limit=x"),
        ("GET", "/nowhere"),
        ("POST", "/iam/users"),
        ("HEAD", "/iam/users"),
    ]
    answers = [client.request(method, path) for method, path in requests]
    answers.append(client.get("/iam/users", headers={"Authorization": "none"}))
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/json"}
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == len(answers)
    assert all(answer.headers["X-Request-ID"] for answer in answers)


def test_async_clients_many_requests_at_once(served: bool) -> None:
    fake = FakeIAM(50)

    async def scenario(base_url: str, transport: FakeTransport | None = None) -> None:
        headers = {"Authorization": f"APIKey {fake.api_key}"}
        async with httpx.AsyncClient(
            base_url=base_url, headers=headers, trust_env=False, transport=transport
        ) as client:
            answers = await asyncio.gather(*(client.get(f"/iam/users/{number}") for number in range(1, 52)))
            assert [answer.status_code for answer in answers] == [200] * 50 + [404]
            assert [answer.json()["id"] for answer in answers[:50]] == list(range(1, 51))
            page = await client.get("/iam/users", params={"limit": 20, "offset": 40})
            assert page.json()["results"] == list(fake.users[40:])

    if served:
        with fake.serve() as url:
            asyncio.run(scenario(url))
    else:
        asyncio.run(scenario("http://fake", transport=fake.transport()))


def test_async_code_of_trio() -> None:
    fake = FakeIAM(20)
    answers: list[httpx.Response] = []

    async def scenario() -> None:
        headers = {"Authorization": f"APIKey {fake.api_key}"}
        async with httpx.AsyncClient(base_url="http://fake", headers=headers, transport=fake.transport()) as client:

            async def get(number: int) -> None:
                answers.append(await client.get(f"/iam/users/{number}"))

            async with trio.open_nursery() as nursery:
                for number in range(1, 21):
                    nursery.start_soon(get, number)

    trio.run(scenario)
    assert sorted(answer.json()["id"] for answer in answers) == list(range(1, 21))
    assert fake.peak_concurrency == 20


def test_every_handler_has_an_operation_of_the_spec() -> None:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    paths = yaml.load(SPEC.read_text("utf-8"), loader)["paths"]  # noqa: S506
    assert set(HANDLERS) <= {operation["operationId"] for item in paths.values() for operation in item.values()}
    assert len(HANDLERS) >= 24


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        ({"users": -1}, ValueError, "0 or more"),
        ({"users": True}, TypeError, "integer"),
        ({"users": 2.0}, TypeError, "integer"),
        ({"users": "25"}, TypeError, "integer"),
        ({"users": None}, TypeError, "integer"),
        ({"seed": "a"}, TypeError, "integer"),
        ({"seed": 1.5}, TypeError, "integer"),
        ({"seed": False}, TypeError, "integer"),
        ({"max_page_size": 0}, ValueError, "1 or more"),
        ({"max_page_size": -5}, ValueError, "1 or more"),
        ({"max_page_size": True}, TypeError, "integer"),
        ({"api_key": None}, TypeError, "string"),
        ({"api_key": b"1_abc"}, TypeError, "string"),
        ({"api_key": ""}, ValueError, "visible ASCII"),
        ({"api_key": "se cret"}, ValueError, "visible ASCII"),
        ({"api_key": "secret\n"}, ValueError, "visible ASCII"),
        ({"api_key": "secret\x7f"}, ValueError, "visible ASCII"),
        ({"api_key": "secrét"}, ValueError, "visible ASCII"),
    ],
)
def test_bad_arguments_are_refused_at_once(arguments: dict[str, Any], error: type[Exception], hint: str) -> None:
    (name,) = arguments
    with pytest.raises(error, match=hint) as caught:
        FakeIAM(**arguments)
    assert name in str(caught.value)
    assert "sec" not in str(caught.value)


def test_all_arguments_but_users_are_keywords() -> None:
    assert len(FakeIAM(3).users) == 3
    with pytest.raises(TypeError):
        FakeIAM(3, "1_abc")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_repr_shows_no_key() -> None:
    fake = FakeIAM(3, api_key="1_secret", seed=9)
    assert repr(fake) == "FakeIAM(users=3, seed=9)"


EDITS: list[Callable[[dict[str, Any]], object]] = [
    lambda record: record.update(id=7),
    lambda record: record.pop("id"),
    lambda record: record.setdefault("new", 1),
    lambda record: operator.setitem(record, "id", 7),
    lambda record: operator.delitem(record, "id"),
    lambda record: record.__ior__({"id": 7}),
    lambda record: record.clear(),
    lambda record: record.popitem(),
]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", ["users", "tokens", "logins"])
def test_an_edit_of_a_record_raises_and_says_what_to_do(fake: FakeIAM, name: str, edit: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match=r"read-only view of the fake's state: change it as a client does"):
        edit(getattr(fake, name)[0])


def test_an_edit_of_the_accounts_raises(fake: FakeIAM) -> None:
    with pytest.raises(TypeError, match="read-only"):
        fake.accounts[5] = "Another"
    assert 5 not in fake.accounts


def test_nested_records_are_read_only_too(fake: FakeIAM) -> None:
    groups = fake.users[0]["groups"]
    for edit in (
        groups.clear,
        groups.pop,
        groups.sort,
        groups.reverse,
        lambda: groups.append({}),
        lambda: groups[0].clear(),
    ):
        with pytest.raises(TypeError, match="read-only"):
            edit()
    with pytest.raises(AttributeError):
        fake.users = ()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_a_copy_of_a_record_is_plain_and_can_be_edited(fake: FakeIAM) -> None:
    user = fake.users[0]
    for plain in (copy.deepcopy(user), json.loads(json.dumps(user)), pickle.loads(pickle.dumps(user))):
        assert type(plain) is dict
        assert type(plain["groups"]) is list
        assert plain == user
        plain["groups"][0]["id"] = 2
    assert {**user, "name": "edited"}["name"] == "edited"
    assert copy.copy(user) == user
    assert copy.copy(user["groups"]) == user["groups"]
    assert fake.users[0] == user


def test_every_fault_can_be_imported_by_name() -> None:
    assert testing.__all__ == sorted(
        {*FAULTS, "Clock", "Email", "FakeIAM", "Fault", "FaultError", "QueuedFault", "SeenRequest"}
    )
    for name, fault in FAULTS.items():
        assert getattr(testing, name) is fault
    with pytest.raises(AttributeError, match="Nothing"):
        _ = testing.Nothing  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]


def test_importing_costs_no_server_library() -> None:
    code = "import sys, gcore_iam.testing as t; t.FakeIAM(); sys.exit('aiohttp' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
