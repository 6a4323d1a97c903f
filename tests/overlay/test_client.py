"""The clients against the fake: every operation of theirs, sync and async, in process and over HTTP."""

from __future__ import annotations

import inspect
import os
import pydoc
import subprocess
import sys
import traceback
import typing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import gcore_iam
import httpx
import pytest
from gcore_iam import (
    Anonymous,
    APIKey,
    APIStatusError,
    AsyncIAMClient,
    AsyncPager,
    AuthenticationError,
    BearerToken,
    ConfigurationError,
    DecodeError,
    IAMClient,
    NotFoundError,
    Pager,
    RetryPolicy,
    Session,
    models,
)
from gcore_iam._bound_client import PATHS_WITHOUT_CREDENTIALS
from gcore_iam.aio import client as aio_client
from gcore_iam.aio.resources import account, auth, legacy_tokens, tokens, users
from gcore_iam.sync import client as sync_client
from gcore_iam.sync.resources import account as sync_account
from gcore_iam.sync.resources import auth as sync_auth
from gcore_iam.sync.resources import legacy_tokens as sync_legacy
from gcore_iam.sync.resources import tokens as sync_tokens
from gcore_iam.sync.resources import users as sync_users
from gcore_iam.testing import FakeIAM
from gcore_iam_client.api.account import iam_forgot_password, iam_login_user, iam_refresh_token
from gcore_iam_client.api.users import iam_get_user

from .conftest import ClientOptions, EitherClient

USERS = 57

pytestmark = pytest.mark.fake_iam(USERS)


def test_the_account_lists_its_users(iam: IAMClient) -> None:
    got = iam.account.get()
    assert isinstance(got, models.ClientBase)
    assert isinstance(got.users, list)
    assert len(got.users) == USERS


def test_every_user_comes_once_in_order(iam: IAMClient, fake: FakeIAM) -> None:
    for page_size in (1, 10, 56, 57, 58, 1000):
        assert [user.id for user in iam.users.list(page_size=page_size)] == [user["id"] for user in fake.users]


def test_a_user_is_read_as_the_server_has_it(iam: IAMClient, fake: FakeIAM) -> None:
    expected = dict(fake.users[6])
    got = iam.users.get(expected["id"])
    assert isinstance(got, models.UserPublic)
    assert got.to_dict().items() <= expected.items()


def test_an_unknown_user_is_not_found(iam: IAMClient) -> None:
    with pytest.raises(NotFoundError) as caught:
        iam.users.get(999_999)
    assert caught.value.status == 404
    assert caught.value.message
    assert caught.value.request_id
    assert caught.value.url.endswith("/iam/users/999999")
    assert isinstance(caught.value, LookupError)


def test_a_wrong_key_is_an_authentication_error(connection: ClientOptions) -> None:
    with IAMClient("42_wrong", **connection) as iam, pytest.raises(AuthenticationError) as caught:
        iam.account.get()
    assert isinstance(caught.value, PermissionError)
    assert "42_wrong" not in str(caught.value)


@pytest.mark.anyio
async def test_the_async_client_does_the_same(make_async_iam: Callable[[], AsyncIAMClient], fake: FakeIAM) -> None:
    async with make_async_iam() as iam:
        assert isinstance(await iam.account.get(), models.ClientBase)
        assert [user.id async for user in iam.users.list(page_size=10)] == [user["id"] for user in fake.users]
        assert (await iam.users.get(3)).id == 3
        with pytest.raises(NotFoundError):
            await iam.users.get(999_999)


@pytest.mark.anyio
async def test_tasks_share_an_async_client(make_async_iam: Callable[[], AsyncIAMClient]) -> None:
    got: list[int] = []

    async def one(user_id: int) -> None:
        got.append((await iam.users.get(user_id)).id)

    async with make_async_iam() as iam, anyio.create_task_group() as group:
        for user_id in range(1, 41):
            group.start_soon(one, user_id)
    assert sorted(got) == list(range(1, 41))


def test_threads_share_a_client(iam: IAMClient) -> None:
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda user_id: iam.users.get(user_id).id, range(1, 41)))
    assert got == list(range(1, 41))


def test_generated_functions_have_credentials_and_typed_errors(iam: IAMClient) -> None:
    response = iam_get_user.sync_detailed(5, client=iam.api)
    assert response.parsed is not None
    assert response.parsed.id == 5
    with pytest.raises(NotFoundError):
        iam_get_user.sync_detailed(999_999, client=iam.api)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"html": "<html>"}, "iamGetUser: the body is not JSON"),
        ({"json": {}}, "iamGetUser: UserPublic: required key 'id' is missing"),
        ({"status_code": 204}, "iamGetUser: the spec has no success 204"),
    ],
)
def test_generated_functions_raise_decode_errors(body: dict[str, Any], message: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(**{"status_code": 200, **body}))
    with IAMClient("42_k", transport=transport) as iam, pytest.raises(DecodeError, match=message):
        iam_get_user.sync_detailed(5, client=iam.api)


@pytest.mark.anyio
async def test_generated_functions_of_the_other_kind_are_refused(fake: FakeIAM) -> None:
    iam = IAMClient(fake.api_key, transport=fake.transport())
    with iam, pytest.raises(ConfigurationError, match="AsyncIAMClient"):
        await iam_get_user.asyncio(5, client=iam.api)
    async with AsyncIAMClient(fake.api_key, transport=fake.transport()) as async_iam:
        with pytest.raises(ConfigurationError, match=r"\bIAMClient"):
            iam_get_user.sync(5, client=async_iam.api)


def test_changed_copies_of_the_generated_client_are_refused(fake: FakeIAM) -> None:
    with IAMClient(fake.api_key, transport=fake.transport()) as iam:
        for changed in (
            iam.api.with_headers({"X": "1"}),
            iam.api.with_cookies({"x": "1"}),
            iam.api.with_timeout(httpx.Timeout(1)),
        ):
            with pytest.raises(ConfigurationError, match="constructor of IAMClient"):
                iam_get_user.sync(5, client=changed)


@pytest.mark.anyio
@pytest.mark.filterwarnings("ignore:a sync client of gcore_iam blocks:RuntimeWarning")
async def test_a_closed_client_says_so(fake: FakeIAM) -> None:
    iam = IAMClient(fake.api_key, transport=fake.transport())
    iam.close()
    async_iam = AsyncIAMClient(fake.api_key, transport=fake.transport())
    await async_iam.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        iam.account.get()
    with pytest.raises(ConfigurationError, match="closed"):
        await async_iam.account.get()


@pytest.mark.anyio
@pytest.mark.filterwarnings("ignore:a sync client of gcore_iam blocks:RuntimeWarning")
async def test_close_does_nothing_while_python_exits(fake: FakeIAM, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `__del__` may call it then, when modules that it needs are gone; tests/overlay/test_exit.py has the program."""
    iam = IAMClient(fake.api_key, transport=fake.transport())
    async_iam = AsyncIAMClient(fake.api_key, transport=fake.transport())
    with monkeypatch.context() as exiting:
        exiting.setattr(sys, "is_finalizing", lambda: True)
        iam.close()
        await async_iam.aclose()
    assert (iam.account.get().id, (await async_iam.account.get()).id) == (fake.account_id,) * 2
    iam.close()
    await async_iam.aclose()


# --- what is sent ------------------------------------------------------------------------------------------------


def record_requests(body: object) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=body)

    return httpx.MockTransport(handle), seen


def test_requests_carry_the_key_and_the_user_agent() -> None:
    transport, seen = record_requests([])
    with IAMClient("1234$abc", transport=transport, headers={"X-Team": "a"}) as iam:
        iam.users.list().collect()
    request = seen[0]
    assert str(request.url) == "https://api.gcore.com/iam/users?limit=100&offset=0"
    assert request.headers["authorization"] == "APIKey 1234$abc"
    assert request.headers["accept"] == "application/json"
    assert request.headers["x-team"] == "a"
    version = ".".join(map(str, sys.version_info[:2]))
    assert request.headers["user-agent"] == f"gcore-iam/{gcore_iam.__version__} python/{version}"


def test_the_key_goes_to_no_other_origin() -> None:
    transport, seen = record_requests({})
    with IAMClient("42_k", transport=transport) as iam:
        for url in ("https://elsewhere.example.com/x", "https://api.gcore.com:8443/x", "https://api.gcore.com/x"):
            iam.api.get_httpx_client().get(url)
    assert ["authorization" in request.headers for request in seen] == [False, False, True]


def test_no_key_is_sent_to_operations_without_credentials() -> None:
    transport, seen = record_requests({"access": "a", "refresh": "r"})
    with IAMClient("42_k", transport=transport) as iam:
        iam_login_user.sync(client=iam.api, body=models.LoginRequest(username="u", password="p"))
        iam_refresh_token.sync(client=iam.api, body=models.RefreshRequest(refresh="r"))
        for path in PATHS_WITHOUT_CREDENTIALS:
            iam.api.get_httpx_client().post(path)
    assert ["authorization" in request.headers for request in seen] == [False] * 5
    assert set(PATHS_WITHOUT_CREDENTIALS) == {
        iam_login_user.OPERATION.path,
        iam_refresh_token.OPERATION.path,
        iam_forgot_password.OPERATION.path,
    }


def test_redirects_are_not_followed() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(302, headers={"location": "https://api.gcore.com/iam/users/6"})

    with IAMClient("42_k", transport=httpx.MockTransport(handle)) as iam, pytest.raises(APIStatusError, match="302"):
        iam.users.get(5)
    assert len(seen) == 1


def test_a_base_url_may_have_a_path() -> None:
    transport, seen = record_requests([])
    with IAMClient("42_k", base_url="https://proxy.example.com/gcore/", transport=transport) as iam:
        iam.users.list().collect()
    assert seen[0].url.path == "/gcore/iam/users"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCORE_API_KEY", "42_from-env")
    monkeypatch.setenv("GCORE_BASE_URL", "https://env.example.com")
    transport, seen = record_requests([])
    with IAMClient(transport=transport) as iam:
        iam.users.list().collect()
    assert seen[0].url.host == "env.example.com"
    assert seen[0].headers["authorization"] == "APIKey 42_from-env"


def test_there_is_a_timeout_unless_another_is_given() -> None:
    transport, seen = record_requests([])
    for timeout in (None, 3, httpx.Timeout(None)):
        with IAMClient("42_k", transport=transport, timeout=timeout) as iam:
            iam.users.list().collect()
    assert [request.extensions["timeout"]["read"] for request in seen] == [30.0, 3, None]
    assert seen[0].extensions["timeout"]["connect"] == 5.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"auth": ""}, "empty"),
        ({"auth": "APIKey "}, "empty"),
        ({"auth": "two words"}, "white space"),
        ({"auth": "kéy"}, "ASCII"),
        ({"auth": "a\nb"}, "white space"),
        ({"auth": 42}, "auth must be"),
        ({"base_url": "api.gcore.com"}, "absolute"),
        ({"base_url": "ftp://api.gcore.com"}, "absolute"),
        ({"base_url": "https://"}, "absolute"),
        ({"base_url": "https://u:p@api.gcore.com"}, "user"),
        ({"base_url": "https://api.gcore.com?x=1"}, "query"),
        ({"base_url": "http://api.gcore.com"}, "https"),
        ({"base_url": "https://[::1"}, "not a URL"),
        ({"base_url": 5}, "base_url must be"),
        ({"timeout": 0}, "above 0"),
        ({"timeout": -1.5}, "above 0"),
        ({"timeout": True}, "above 0"),
        ({"timeout": "5"}, "above 0"),
        ({"timeout": float("nan")}, "above 0"),
        ({"timeout": float("inf")}, "above 0"),
        ({"base_url": f"https://{'a' * 64}.com"}, "its host is not a valid name or address"),
        ({"headers": {"X": "x "}}, "without spaces"),
        ({"headers": {"Authorization": "x"}}, "auth"),
        ({"headers": {"Host": "x"}}, "headers must not hold Host"),
        ({"headers": {"content-type": "x"}}, "the client sets it"),
        ({"headers": {"X": None}}, "the value of header X"),
        ({"headers": {"X": ":p@\n"}}, "the value of header X"),
        ({"headers": {"X": "é"}}, "the value of header X"),
        ({"headers": {"a b": "x"}}, "not the name of a header"),
        ({"headers": 5}, "must be a mapping"),
        ({"transport": object()}, "transport must be an httpx"),
    ],
)
@pytest.mark.parametrize("cls", [IAMClient, AsyncIAMClient])
def test_an_invalid_argument_is_refused(cls: type, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        cls(**{"auth": "42_k", **arguments})
    assert isinstance(caught.value, ValueError)
    assert ":p@" not in str(caught.value)


@pytest.mark.parametrize("cls", [IAMClient, AsyncIAMClient])
def test_a_client_whose_constructor_failed_can_still_be_shown(cls: type) -> None:
    with pytest.raises(ConfigurationError) as caught:
        cls("two words")
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert f"self = {cls.__name__}()" in shown


def test_an_empty_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCORE_API_KEY", " ")
    with pytest.raises(ConfigurationError, match="GCORE_API_KEY: the API key is empty"):
        IAMClient()


def test_help_does_not_show_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCORE_API_KEY", "42_k3y-mark")
    assert "mark" not in pydoc.render_doc(gcore_iam.APIKey) + str(inspect.signature(gcore_iam.APIKey.from_environment))


def test_loopback_is_reached_without_a_proxy(fake: FakeIAM, url: str) -> None:
    program = (
        "import sys; from gcore_iam import IAMClient;"
        "print(IAMClient(sys.argv[1], base_url=sys.argv[2]).users.get(1).id)"
    )
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, fake.api_key, url],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **proxies},
    )
    assert run.stdout == "1\n", run.stderr


def test_a_missing_key_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GCORE_API_KEY", raising=False)
    transport, seen = record_requests({})
    with IAMClient(transport=transport) as iam, pytest.raises(ConfigurationError, match="GCORE_API_KEY"):
        iam.users.get(1)
    assert seen == []


@pytest.mark.parametrize("user_id", [0, -1, True, 1.5, "5", None, 2**63])
def test_an_invalid_id_is_refused_before_sending(user_id: Any) -> None:
    transport, seen = record_requests({})
    with IAMClient("42_k", transport=transport) as iam, pytest.raises(ConfigurationError, match="user_id"):
        iam.users.get(user_id)
    assert seen == []


@pytest.mark.parametrize("key", ["42_a1b2", "1234$abcdef", " APIKey 42_a1b2 ", "apikey 42_a1b2"])
def test_a_key_may_have_either_form_and_a_scheme(key: str) -> None:
    bare = key.split()[-1]
    assert gcore_iam.APIKey(key).header == f"APIKey {bare}"
    assert bare not in repr(gcore_iam.APIKey(key))


# --- responses that do not match the spec -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "message", "model", "key"),
    [
        (httpx.Response(200, html="<html>"), "not JSON", None, None),
        (httpx.Response(200, json={"id": 1}), "UserPublic: required key 'email' is missing", "UserPublic", "email"),
        (httpx.Response(200, json=[]), "UserPublic: an object is expected", "UserPublic", None),
        (httpx.Response(200, content=b"null"), "UserPublic: an object is expected, not null", "UserPublic", None),
        (httpx.Response(200, json=5), "UserPublic: an object is expected, not a number", "UserPublic", None),
        (httpx.Response(202, json={}), "no success 202", None, None),
        (
            httpx.Response(200, stream=httpx.ByteStream(b"not gzip"), headers={"content-encoding": "gzip"}),
            "content encoding is broken",
            None,
            None,
        ),
    ],
)
def test_a_success_of_another_shape_is_a_decode_error(
    response: httpx.Response, message: str, model: str | None, key: str | None
) -> None:
    transport = httpx.MockTransport(lambda _: response)
    with IAMClient("42_k", transport=transport) as iam, pytest.raises(DecodeError) as caught:
        iam.users.get(5)
    assert message in str(caught.value)
    assert (caught.value.operation, caught.value.model, caught.value.key) == ("iamGetUser", model, key)


@pytest.mark.parametrize(
    ("media_type", "shown"),
    [
        (b"TEXT/HTML ; charset=x", "text/html"),
        (b"text/42_secretkey", "another content type"),
        (b"42_secretkey", "another content type"),
        (b"text/\x9b[31m", "another content type"),
        (b"", "another content type"),
    ],
)
def test_a_decode_error_shows_only_known_content_types(media_type: bytes, shown: str) -> None:
    response = httpx.Response(200, content=b"<", headers=[(b"content-type", media_type)])
    transport = httpx.MockTransport(lambda _: response)
    with IAMClient("42_secretkey", transport=transport) as iam, pytest.raises(DecodeError) as caught:
        iam.users.get(5)
    assert str(caught.value) == f"iamGetUser: the body is not JSON ({shown}, 1 bytes)"
    assert "secretkey" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("count", [250.0, None, "many"])
def test_an_odd_count_loses_no_page(count: object, fake: FakeIAM) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        sent = float(USERS) if isinstance(count, float) else count
        return httpx.Response(200, json={"count": sent, "results": fake.users[offset : offset + limit]})

    with IAMClient("42_k", transport=httpx.MockTransport(handle)) as iam:
        assert len(iam.users.list(page_size=10).collect()) == USERS


@pytest.mark.parametrize("body", [b"null", b"5", b'"x"', b"true"])
def test_a_list_that_is_no_page_is_a_decode_error(body: bytes) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    with IAMClient("42_k", transport=transport) as iam:
        for use in (iam.users.list().collect, iam.users.list().first, iam.users.list().total, iam.account.get):
            with pytest.raises(DecodeError, match="object"):
                use()


def test_a_page_without_users_at_all_is_a_decode_error() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"count": 5, "results": None}))
    with IAMClient("42_k", transport=transport) as iam, pytest.raises(DecodeError, match="'results'"):
        iam.users.list().collect()


# --- shape of the library ------------------------------------------------------------------------------------------

TWINS = [
    (IAMClient, AsyncIAMClient),
    (sync_client.IAMClient, aio_client.AsyncIAMClient),
    (sync_account.Account, account.AsyncAccount),
    (sync_auth.Auth, auth.AsyncAuth),
    (sync_tokens.Tokens, tokens.AsyncTokens),
    (sync_legacy.LegacyTokens, legacy_tokens.AsyncLegacyTokens),
    (sync_users.Users, users.AsyncUsers),
    (Pager, AsyncPager),
]


def list_public(cls: type) -> dict[str, Any]:
    renamed = {"aclose": "close"}
    return {renamed.get(name, name): value for name, value in vars(cls).items() if not name.startswith("_")}


@pytest.mark.parametrize(("sync", "twin"), TWINS)
def test_each_async_class_has_the_same_methods_and_docstrings(sync: type, twin: type) -> None:
    assert list_public(sync).keys() == list_public(twin).keys()
    for name, member in list_public(sync).items():
        other = list_public(twin)[name]
        if inspect.isfunction(member):
            assert list(inspect.signature(member).parameters.values()) == list(
                inspect.signature(other).parameters.values()
            ), name
            assert member.__doc__ == other.__doc__, name


def list_loaded_modules(program: str) -> set[str]:
    """The modules that a new Python has loaded after a program."""
    shown = f"{program}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", shown], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_package_loads_next_to_nothing() -> None:
    more = list_loaded_modules("import gcore_iam; gcore_iam.SPEC_VERSION, gcore_iam.__version__") - list_loaded_modules(
        ""
    )
    assert more == {"gcore_iam", "gcore_iam._version", "gcore_iam._lazy", "gcore_iam_client"}


CALLS = {
    "users.get({user})": {"auth_type", "group", "group_name", "language", "user_public", "user_type"},
    "users.get_role({account}, {user})": {"group", "group_name", "user_role"},
    "auth.forgot_password('somebody@example.com')": {"email_request", "forgot_password_response"},
}


@pytest.mark.parametrize(("call", "models"), CALLS.items())
def test_one_operation_loads_only_its_own_models(fake: FakeIAM, url: str, call: str, models: set[str]) -> None:
    user = next(iter(fake.users))
    made = call.format(user=user["id"], account=user["client"])
    loaded = list_loaded_modules(
        f"from gcore_iam import IAMClient\nIAMClient({fake.api_key!r}, base_url={url!r}).{made}"
    )
    assert {name.rsplit(".", 1)[1] for name in loaded if name.startswith("gcore_iam_client.models.")} == models
    assert len({name for name in loaded if name.startswith("gcore_iam_client.api.")}) == 2, "its own and its tag's"
    needless = {"asyncio", "tenacity", "filelock", "dateutil"}
    needless |= {"gcore_iam.pagination", "gcore_iam.sync.session_driver", "gcore_iam.aio", "gcore_iam.testing"}
    assert loaded & needless == set()


@pytest.mark.parametrize("client", [IAMClient, AsyncIAMClient])
def test_the_types_of_the_constructor_can_be_looked_up(client: type[EitherClient]) -> None:
    """As those do who make objects by the annotations of their constructors."""
    assert typing.get_type_hints(client.__init__)["auth"] == APIKey | BearerToken | Session | Anonymous | str | None
    assert typing.get_type_hints(client.with_options)["retries"] == RetryPolicy | int | None


def test_names_are_exported_and_nothing_else() -> None:
    classes = "AsyncIAMClient IAMClient APIKey AsyncPager FileTokenStore MemoryTokenStore Page Pager RawResponse"
    classes += " RetryPolicy Session AmbiguousOutcomeError TokenRotationError paginate Anonymous BearerToken"
    errors = "APIConnectionError APIStatusError APITimeoutError AuthenticationError BadRequestError ConfigurationError"
    errors += " ConflictError DecodeError IAMError NotFoundError PaginationError PermissionDeniedError RateLimitError"
    errors += " AlreadyInvitedError LoginError"
    others = "ResponseTooLargeError ServerError SPEC_VERSION __version__ Checkpoint Consistency"
    others += " auth errors events models"
    assert sorted(gcore_iam.__all__) == sorted(f"{classes} {errors} {others}".split())
    loaded_later = {name for names in gcore_iam._NAMES.values() for name in names}
    assert set(gcore_iam.__all__) == {*loaded_later, "SPEC_VERSION", "__version__"}
    for name in gcore_iam.__all__:
        assert getattr(gcore_iam, name) is not None
    with pytest.raises(AttributeError, match="no_such"):
        _ = gcore_iam.no_such  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]


def test_no_client_shows_its_key() -> None:
    iam = IAMClient("42_k3y-mark", headers={"X-Mark": "h3ader-mark"})
    assert "mark" not in repr(iam) + repr(iam.api) + repr(iam.users) + repr(vars(iam))
    iam.close()


def test_a_closed_client_leaves_no_warning() -> None:
    program = (
        "from gcore_iam import IAMClient; from gcore_iam.testing import FakeIAM\n"
        "fake = FakeIAM(3)\n"
        "with fake.serve() as url, IAMClient(fake.api_key, base_url=url) as iam: print(len(iam.users.list().collect()))"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert run.stdout == "3\n"
    assert run.stderr == ""
