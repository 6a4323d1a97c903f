"""What generated clients and operations must do."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from attrs import evolve
from gcore_iam_client import AuthenticatedClient, Client
from gcore_iam_client.api.account import (
    iam_change_password,
    iam_forgot_password,
    iam_get_account_details,
    iam_login_user,
    iam_refresh_token,
)
from gcore_iam_client.api.api_tokens import iam_create_api_token_v2, iam_delete_api_token_v2, iam_get_api_tokens_v2
from gcore_iam_client.api.users import iam_get_user, iam_get_users, iam_update_user
from gcore_iam_client.errors import InvalidBody, UnexpectedStatus
from gcore_iam_client.models import (
    ChangePasswordRequest,
    EmailRequest,
    ForgotPasswordResponse,
    Language,
    LoginRequest,
    PaginatedUsersArray,
    PutUser,
    RefreshRequest,
    Token,
)

from .test_models import TOKEN, USER

KEY = "42_k3y-mark"


def build_client(
    *, status: int = 200, params: dict[str, str] | None = None, **content: Any
) -> tuple[AuthenticatedClient, list[httpx.Request]]:
    """Build a client whose server always returns one response; return it and the list of its requests.

    Args:
        status: The status of the response.
        params: Query parameters of the httpx client.
        **content: The body and headers of the response, as arguments of `httpx.Response`.
    """
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, **content)

    httpx_args = {"transport": httpx.MockTransport(handle), "params": params}
    return AuthenticatedClient("https://iam.example.com", token=KEY, prefix="APIKey", httpx_args=httpx_args), seen


# --- responses ---------------------------------------------------------------------------------------------------


def test_a_user_is_parsed() -> None:
    client, seen = build_client(json=USER)
    response = iam_get_user.sync_detailed(7, client=client)
    assert response.status_code == 200
    assert response.parsed is not None
    assert response.parsed.email == "seven@example.com"
    assert (seen[0].method, seen[0].url.path) == ("GET", "/iam/users/7")


@pytest.mark.anyio
async def test_async_functions_give_the_same() -> None:
    client, seen = build_client(json=USER)
    async with client:
        user = await iam_get_user.asyncio(7, client=client)
        response = await iam_get_user.asyncio_detailed(7, client=client)
    assert user is not None
    assert response.parsed == user
    assert len(seen) == 2


def test_users_come_as_a_page_or_as_a_bare_array() -> None:
    paged, _ = build_client(json={"count": 1, "next": None, "previous": None, "results": [USER]})
    page = iam_get_users.sync(client=paged, limit=10, offset=0)
    bare, _ = build_client(json=[USER])
    users = iam_get_users.sync(client=bare)
    assert isinstance(page, PaginatedUsersArray)
    assert isinstance(users, list)
    assert users == page.results


def test_an_example_without_a_schema_has_become_a_model() -> None:
    client, _ = build_client(json={"status": "sent"})
    response = iam_forgot_password.sync(client=client, body=EmailRequest("a@example.com"))
    assert isinstance(response, ForgotPasswordResponse)
    assert response.status == "sent"


@pytest.mark.parametrize("status", [401, 404, 429, 500, 520, 299, 204])
def test_an_unlisted_status_is_none_or_an_error(status: int) -> None:
    client, _ = build_client(status=status, json={"message": "secret words"})
    assert iam_get_user.sync(7, client=client) is None
    assert iam_get_user.sync_detailed(7, client=client).status_code == status
    client.raise_on_unexpected_status = True
    with pytest.raises(UnexpectedStatus, match=str(status)) as caught:
        iam_get_user.sync(7, client=client)
    assert "secret words" not in str(caught.value) + repr(caught.value)
    assert b"secret words" in caught.value.content or status == 204


@pytest.mark.parametrize("client_raises", [False, True])
def test_a_deletion_gives_nothing(client_raises: bool) -> None:
    client, seen = build_client(status=204)
    client.raise_on_unexpected_status = client_raises
    assert iam_delete_api_token_v2.sync_detailed(1001, 42, client=client).parsed is None
    assert seen[0].url.path == "/iam/v2/clients/1001/tokens/42"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"html": "<html>"}, r"the body is not JSON \(text/html, 6 bytes\)"),
        ({"content": b""}, r"the body is not JSON \(no content type, 0 bytes\)"),
        ({"content": b'{"id": 7, "na'}, "the body is not JSON"),
        ({"content": b"\xff\xfe{"}, "the body is not JSON"),
        ({"content": b"[" * 100_000}, "the body is not JSON"),
        ({"json": []}, "UserPublic: an object is expected, not an array"),
        ({"json": {"id": 7}}, "UserPublic: required key 'email' is missing"),
    ],
)
def test_a_success_that_is_not_as_described_is_reported(content: dict[str, Any], message: str) -> None:
    client, _ = build_client(**content)
    with pytest.raises(InvalidBody, match=message):
        iam_get_user.sync(7, client=client)


@pytest.mark.parametrize("error", [UnexpectedStatus(418, b"body"), InvalidBody("User", "id", "is missing")])
def test_errors_survive_pickling(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert again.__dict__ == error.__dict__
    assert str(again) == str(error)


def test_a_response_shows_neither_body_nor_headers() -> None:
    client, _ = build_client(
        json={"access": "acc3ss-mark", "refresh": "r3fresh-mark"}, headers={"x-mark": "h3ader-mark"}
    )
    response = iam_refresh_token.sync_detailed(client=client, body=RefreshRequest("old"))
    assert isinstance(response.parsed, Token)
    assert "mark" not in repr(response)


# --- requests ----------------------------------------------------------------------------------------------------


def test_query_parameters_that_are_unset_are_not_sent() -> None:
    client, seen = build_client(json=[TOKEN])
    iam_get_api_tokens_v2.sync(1001, client=client)
    iam_get_api_tokens_v2.sync(1001, client=client, role="Engineers", issued_by=7, deleted=False)
    assert str(seen[0].url) == "https://iam.example.com/iam/v2/clients/1001/tokens"
    assert dict(seen[1].url.params) == {"role": "Engineers", "issued_by": "7", "deleted": "false"}


def test_a_body_leaves_out_what_is_unset_and_sends_null_as_null() -> None:
    client, seen = build_client(json=USER)
    iam_update_user.sync(7, client=client, body=PutUser(name=None, lang=Language.DE))
    assert seen[0].method == "PATCH"
    assert seen[0].headers["content-type"] == "application/json"
    assert seen[0].content == b'{"name":null,"lang":"de"}'


def test_every_body_is_required() -> None:
    with pytest.raises(TypeError, match="body"):
        iam_update_user.sync(7, client=Client("https://iam.example.com"))  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


def test_path_parameters_are_quoted() -> None:
    client, seen = build_client(json=USER)
    iam_get_user.sync("../clients/me?x#y", client=client)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert seen[0].url.raw_path == b"/iam/users/..%2Fclients%2Fme%3Fx%23y"


def test_every_request_carries_its_operation() -> None:
    client, seen = build_client(json=USER)
    iam_get_user.sync(7, client=client)
    operation = seen[0].extensions["operation"]
    assert operation is iam_get_user.OPERATION
    assert (operation.id, operation.method, operation.path, operation.requires_auth) == (
        "iamGetUser",
        "GET",
        "/iam/users/{userId}",
        True,
    )


def test_credentials_go_only_with_operations_that_take_them() -> None:
    client, seen = build_client(json={"access": "a", "refresh": "r", "status": "sent"})
    iam_login_user.sync(client=client, body=LoginRequest(username="u", password="p"))
    iam_refresh_token.sync(client=client, body=RefreshRequest("r"))
    iam_forgot_password.sync(client=client, body=EmailRequest("a@example.com"))
    assert [request.headers.get("authorization") for request in seen] == [None, None, None]
    iam_change_password.sync(7, client=client, body=ChangePasswordRequest("a", "b", "b"))
    assert seen[3].headers["authorization"] == f"APIKey {KEY}"


def test_all_but_three_operations_take_credentials() -> None:
    assert not iam_login_user.OPERATION.requires_auth
    assert not iam_refresh_token.OPERATION.requires_auth
    assert not iam_forgot_password.OPERATION.requires_auth
    assert iam_get_account_details.OPERATION.requires_auth
    assert iam_create_api_token_v2.OPERATION.requires_auth


# --- clients -----------------------------------------------------------------------------------------------------


def test_no_client_shows_a_secret() -> None:
    client = AuthenticatedClient(
        "https://iam.example.com",
        token="t0ken-mark",
        headers={"X-Key": "h3ader-mark"},
        cookies={"c": "c00kie-mark"},
        httpx_args={"auth": ("u", "p4ss-mark")},
    )
    assert "mark" not in repr(client) + str(client)
    assert "mark" not in repr(client.get_httpx_client().auth)


def test_there_is_a_timeout_by_default() -> None:
    client = Client("https://iam.example.com")
    with client:
        timeout = client.get_httpx_client().timeout
    assert (timeout.connect, timeout.read, timeout.write, timeout.pool) == (5.0, 30.0, 30.0, 30.0)


def test_threads_share_one_httpx_client() -> None:
    client = Client("https://iam.example.com")
    gate = threading.Barrier(8)

    def get() -> httpx.Client:
        gate.wait()
        return client.get_httpx_client()

    with ThreadPoolExecutor(8) as pool:
        clients = list(pool.map(lambda _: get(), range(8)))
    assert len({id(each) for each in clients}) == 1
    clients[0].close()


def test_changed_copies_leave_the_original_alone() -> None:
    client = Client("https://iam.example.com", headers={"A": "1"})
    original = client.get_httpx_client()
    changed = client.with_headers({"B": "2"}).with_cookies({"c": "3"}).with_timeout(httpx.Timeout(1)).get_httpx_client()
    assert changed is not original
    assert (changed.headers["a"], changed.headers["b"], changed.cookies["c"]) == ("1", "2", "3")
    assert "b" not in original.headers
    assert original.timeout.read == 30.0
    assert not original.cookies
    original.close()
    changed.close()


def test_a_changed_copy_of_a_client_keeps_its_token() -> None:
    client, seen = build_client(json=USER)
    iam_get_user.sync(7, client=client.with_headers({"X-A": "1"}))
    assert seen[0].headers["authorization"] == f"APIKey {KEY}"
    assert seen[0].headers["x-a"] == "1"


@pytest.mark.anyio
async def test_own_httpx_clients_send_the_requests() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=USER)

    transport = httpx.MockTransport(handle)
    client = Client("https://unused.example.com")
    with httpx.Client(base_url="https://own.example.com", transport=transport) as own:
        assert client.set_httpx_client(own) is client
        iam_get_user.sync(7, client=client)
    async with httpx.AsyncClient(base_url="https://async.example.com", transport=transport) as own_async:
        assert client.set_async_httpx_client(own_async) is client
        await iam_get_user.asyncio(7, client=client)
    assert [request.url.host for request in seen] == ["own.example.com", "async.example.com"]


@pytest.mark.anyio
async def test_a_with_block_closes_the_httpx_client() -> None:
    client = Client("https://iam.example.com")
    with client:
        own = client.get_httpx_client()
    async with client:
        own_async = client.get_async_httpx_client()
    assert own.is_closed
    assert own_async.is_closed


@pytest.mark.anyio
async def test_parameters_of_the_httpx_client_join_a_query() -> None:
    client, seen = build_client(json=USER, params={"trace": "1"})
    client.call(iam_get_users.OPERATION, "/iam/users?limit=3")
    await client.call_async(iam_get_users.OPERATION, "/iam/users?limit=3")
    await client.call_async(iam_get_users.OPERATION, "/iam/users")
    assert [request.url.query for request in seen] == [b"limit=3&trace=1", b"limit=3&trace=1", b"trace=1"]


@pytest.mark.parametrize(
    ("api_key", "url", "headers"),
    [
        (("query", "k&y"), "https://iam.example.com/x?k%26y=42_k3y-mark", {}),
        (("cookie", "key"), "https://iam.example.com/x", {"cookie": f"key={KEY}"}),
        (("header", "X-Key"), "https://iam.example.com/x", {"x-key": KEY}),
        (None, "https://iam.example.com/x", {"authorization": f"APIKey {KEY}"}),
    ],
)
def test_an_api_key_goes_where_the_operation_says(
    api_key: tuple[str, str] | None, url: str, headers: dict[str, str]
) -> None:
    client, seen = build_client(status=204)
    operation = evolve(iam_get_user.OPERATION, api_key=api_key)
    client.call(operation, "/x")
    assert str(seen[0].url) == url
    names = ("authorization", "cookie", "x-key")
    assert {name: seen[0].headers[name] for name in names if name in seen[0].headers} == headers


def test_an_api_key_joins_a_query_and_cookies() -> None:
    client, seen = build_client(status=204)
    client.call(evolve(iam_get_user.OPERATION, api_key=("query", "key")), "/x", params={"a": "1"})
    client.call(evolve(iam_get_user.OPERATION, api_key=("cookie", "key")), "/x", headers={"Cookie": "a=1"})
    assert seen[0].url.query == f"a=1&key={KEY}".encode()
    assert seen[1].headers["cookie"] == f"a=1; key={KEY}"


def test_the_token_goes_with_requests_of_other_code() -> None:
    client, seen = build_client(status=204)
    client.get_httpx_client().get("/x")
    assert seen[0].headers["authorization"] == f"APIKey {KEY}"


def test_a_copy_may_have_a_header_for_the_token() -> None:
    client, seen = build_client(status=204)
    client = evolve(client, auth_header_name="X-Token", prefix="")
    client.call(evolve(iam_get_user.OPERATION, api_key=("header", "X-Key")), "/x")
    assert seen[0].headers["x-token"] == KEY
