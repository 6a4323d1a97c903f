"""Every method of the clients: what it sends, what it gives, what it refuses before anything is sent."""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from gcore_iam import (
    APIKey,
    AsyncIAMClient,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    DecodeError,
    IAMClient,
    NotFoundError,
    RawResponse,
    RetryPolicy,
    TokenRotationError,
    models,
)
from gcore_iam._request_values import ROLES
from gcore_iam.sync.resources import LegacyTokens
from gcore_iam.testing import HTML, FakeIAM, Missing, Reset, Status

from codegen import spec
from codegen.inventory import build_inventory

from .conftest import ClientKind, ClientOptions, EitherClient, Runner

ROOT = Path(__file__).parents[2]
ACCOUNT = 1001
PASSWORD = "correct-horse-battery"
BASE = "http://localhost"
INVENTORY = build_inventory(
    spec.load(ROOT / "spec" / "iam_api.yaml"), ROOT / "generated" / "gcore_iam_client", ROOT / "overlay" / "gcore_iam"
)
WITHOUT_METHOD: dict[str, str] = {}
"""Operations that have no method, each with the reason."""

pytestmark = pytest.mark.fake_iam(
    [{"email": "ada@example.com", "groups": [{"id": 1}]}, *({"groups": [{"id": 2}]} for _ in range(9))]
)


@pytest.fixture
def connection(fake: FakeIAM) -> ClientOptions:
    """The arguments that lead a client to the server, in process, without waiting between attempts."""
    return {"base_url": BASE, "transport": fake.transport(), "retries": RetryPolicy(sleep=lambda _: None)}


def read_last_body(fake: FakeIAM) -> Any:
    return fake.requests[-1].body


# --- all of them -----------------------------------------------------------------------------------------------------


def test_every_operation_has_a_method() -> None:
    without = {entry.id for entry in INVENTORY if entry.overlay_method is None}
    assert without == set(WITHOUT_METHOD)
    assert WITHOUT_METHOD == {}
    assert len(INVENTORY) == 24


@pytest.mark.parametrize("cls", [IAMClient, AsyncIAMClient])
def test_each_method_of_the_inventory_names_its_operation(cls: type) -> None:
    client = cls("42_k", transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    for entry in INVENTORY:
        assert entry.overlay_method is not None
        method = functools.reduce(getattr, entry.overlay_method.split(".")[1:], client)
        assert re.search(rf"Source: operations? .*\b{entry.id}\b", inspect.getdoc(method) or ""), entry.id


def test_the_inventory_names_the_methods_of_the_design() -> None:
    named = {entry.id: entry.overlay_method for entry in INVENTORY}
    assert named["iamLoginUser"] == "iam.auth.login"
    assert named["iamChangePassword"] == "iam.users.change_password"
    assert named["iamGetLastLoginTime"] == "iam.account.logins"
    assert named["iamCreateApiTokenV2"] == "iam.tokens.create"
    assert named["iamDeleteApiToken"] == "iam.tokens.legacy.delete"


# --- auth ------------------------------------------------------------------------------------------------------------


def test_session_tokens_by_hand(run: Runner, fake: FakeIAM) -> None:
    first = run(lambda iam: iam.auth.login("ada@example.com", PASSWORD))
    assert isinstance(first, models.Token)
    assert read_last_body(fake) == {"username": "ada@example.com", "password": "***"}
    assert isinstance(run(lambda iam: iam.auth.refresh(first.refresh)), models.Token)
    assert isinstance(run(lambda iam: iam.auth.select_account(ACCOUNT)), models.Token)
    with pytest.raises(AuthenticationError):
        run(lambda iam: iam.auth.refresh(first.refresh))


def test_a_forgotten_password(run: Runner, fake: FakeIAM) -> None:
    run(lambda iam: iam.auth.forgot_password("ada@example.com"))
    assert fake.outbox[-1].to == "ada@example.com"
    assert "authorization" not in fake.requests[-1].headers


# --- account ---------------------------------------------------------------------------------------------------------


def test_an_account_is_created(run: Runner, fake: FakeIAM) -> None:
    opened = run(lambda iam: iam.account.create("Another Ltd"))
    assert opened.company == "Another Ltd"
    assert fake.accounts[opened.id] == "Another Ltd"


def test_every_login_comes_once_in_order(run: Runner, fake: FakeIAM) -> None:
    for page_size in (1, 7, 1000):
        got = run(lambda iam, size=page_size: iam.account.logins(page_size=size).collect())  # type: ignore[misc]
        assert all(isinstance(login, models.LastLoginTimeItem) for login in got)
        assert len(got) == run(lambda iam: iam.account.logins().total()) > 7


# --- users -----------------------------------------------------------------------------------------------------------


def test_a_user_is_updated_and_the_rest_stays(run: Runner, fake: FakeIAM) -> None:
    before = fake.users[4]
    after = run(lambda iam: iam.users.update(5, name="New", lang="de", phone=None, auth_types=("password", "github")))
    assert (after.name, after.lang, after.phone, after.email) == ("New", "de", None, before["email"])
    assert read_last_body(fake) == {"name": "New", "lang": "de", "phone": None, "auth_types": ["password", "github"]}
    run(lambda iam: iam.users.update(5, lang=models.Language.EN, auth_types=[models.AuthType.PASSWORD], name=""))
    assert read_last_body(fake) == {"lang": "en", "auth_types": ["password"], "name": ""}


def test_email_and_password_are_changed(run: Runner, fake: FakeIAM) -> None:
    assert run(lambda iam: iam.users.update_email(1, "other@example.com", PASSWORD)).new_email == "other@example.com"
    assert isinstance(run(lambda iam: iam.users.change_password(1, PASSWORD, "n3w")), models.Token)
    assert read_last_body(fake) == {"old": "***", "new": "***", "double": "***"}
    run(lambda iam: iam.auth.login("other@example.com", "n3w"))


@pytest.mark.parametrize("role", [5, "Engineers", models.GroupName.ENGINEERS, models.Group(id=5)])
def test_a_role_is_given_by_id_name_or_group(run: Runner, fake: FakeIAM, role: models.Group | int | str) -> None:
    invited = run(lambda iam: iam.users.invite(ACCOUNT, "new@example.com", role, name="New", lang="ru"))
    assert read_last_body(fake)["email"] == "new@example.com"
    assert run(lambda iam: iam.users.get_role(ACCOUNT, invited.user_id)).id == 5
    run(lambda iam: iam.users.set_role(ACCOUNT, 5, role))
    assert run(lambda iam: iam.users.get_role(ACCOUNT, 5)).name == "Engineers"
    token = run(lambda iam: iam.tokens.create(ACCOUNT, "ci", role))
    assert token.client_user.role.id == 5
    assert [found.id for found in run(lambda iam: iam.tokens.list(ACCOUNT, role=role))] == [token.id]


def test_known_roles_are_sent_with_id_and_name(run: Runner, fake: FakeIAM) -> None:
    for number, name in ROLES.items():
        for given in (number, name):
            run(lambda iam, given=given: iam.users.set_role(ACCOUNT, 5, given))  # type: ignore[misc]
            assert read_last_body(fake) == {"user_role": {"id": number, "name": name}}
    fake.inject(Status(400), times=None)
    for unknown, expected in ((77, {"id": 77}), ("Auditors", {"name": "Auditors"})):
        with pytest.raises(BadRequestError):
            run(lambda iam, given=unknown: iam.users.set_role(ACCOUNT, 5, given))  # type: ignore[misc]
        assert read_last_body(fake) == {"user_role": expected}


def test_the_known_roles_are_those_of_the_spec() -> None:
    text = spec.load(ROOT / "spec" / "iam_api.yaml").document["components"]["schemas"]["Group"]
    assert set(ROLES.values()) == set(text["properties"]["name"]["enum"])
    for number, name in ROLES.items():
        assert f"{number} ({name})" in text["properties"]["id"]["description"]


def test_an_unreadable_success_of_a_write_says_that_it_is_done(run: Runner, fake: FakeIAM) -> None:
    for fault in (HTML(), Missing("token")):
        fake.inject(fault, method="POST")
        with pytest.raises(DecodeError, match="do not repeat it"):
            run(lambda iam: iam.tokens.create(ACCOUNT, "ci", 2))
    fake.inject(HTML(), method="GET")
    with pytest.raises(DecodeError) as caught:
        run(lambda iam: iam.users.get(5))
    assert "repeat" not in str(caught.value)


def test_a_user_is_removed(run: Runner, fake: FakeIAM) -> None:
    assert run(lambda iam: iam.users.revoke(ACCOUNT, 5)) is None
    assert 5 not in [user["id"] for user in fake.users]
    with pytest.raises(NotFoundError):
        run(lambda iam: iam.users.revoke(ACCOUNT, 5))


def test_a_response_without_a_role_is_a_decode_error(run: Runner, fake: FakeIAM) -> None:
    fake.inject(Missing("user_role"))
    with pytest.raises(DecodeError, match="names no role"):
        run(lambda iam: iam.users.get_role(ACCOUNT, 5))


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_the_life_of_a_token(run: Runner, fake: FakeIAM) -> None:
    end = datetime.now(timezone(timedelta(hours=3))) + timedelta(days=90)
    token = run(lambda iam: iam.tokens.create(ACCOUNT, "ci", "Users", exp_date=end, description="for tests"))
    assert isinstance(token, models.CreateTokenResponseV2)
    assert token.exp_date == end
    assert read_last_body(fake)["exp_date"] == end.astimezone(UTC).isoformat()
    assert str(token.token).startswith(f"{token.id}_")
    got = run(lambda iam: iam.tokens.get(ACCOUNT, token.id))
    assert (got.name, got.description) == ("ci", "for tests")
    assert [found.id for found in run(lambda iam: iam.tokens.list(ACCOUNT))] == [1, token.id]
    assert run(lambda iam: iam.tokens.list(ACCOUNT, not_issued_by=1)) == []
    assert len(run(lambda iam: iam.tokens.list(ACCOUNT, issued_by=1, deleted=False))) == 2
    assert run(lambda iam: iam.tokens.delete(ACCOUNT, token.id)) is None
    assert [found.id for found in run(lambda iam: iam.tokens.list(ACCOUNT, deleted=True))] == [token.id]
    with pytest.raises(NotFoundError):
        run(lambda iam: iam.tokens.get(ACCOUNT, token.id))


def legacy_message(method: str) -> str:
    """The whole text of the warning, as a regular expression."""
    return rf"^deprecated; announced for removal on 2026-07-17; use iam\.tokens\.{method}$"


def test_version_1_does_the_same_and_warns_with_the_date(run: Runner, fake: FakeIAM) -> None:
    with pytest.warns(DeprecationWarning, match=legacy_message("create")):
        token = run(lambda iam: iam.tokens.legacy.create(ACCOUNT, "ci", "Users"))
    assert "$" in str(token.token)
    with pytest.warns(DeprecationWarning, match=legacy_message("get")):
        assert run(lambda iam: iam.tokens.legacy.get(ACCOUNT, token.id)).name == "ci"
    with pytest.warns(DeprecationWarning, match=legacy_message("list")):
        assert len(run(lambda iam: iam.tokens.legacy.list(ACCOUNT, role="Users"))) == 1
    with pytest.warns(DeprecationWarning, match=legacy_message("delete")):
        run(lambda iam: iam.tokens.legacy.delete(ACCOUNT, token.id))
    assert fake.calls["iamCreateApiToken"] == fake.calls["iamDeleteApiToken"] == 1


@pytest.mark.parametrize("method", ["create", "delete", "get", "list"])
def test_the_marker_for_type_checkers_has_the_same_text(method: str) -> None:
    assert re.match(legacy_message(method), getattr(LegacyTokens, method).__deprecated__)


def test_the_warning_points_at_the_callers_line(fake: FakeIAM) -> None:
    iam = IAMClient(fake.api_key, base_url=BASE, transport=fake.transport())
    with iam, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        iam.tokens.legacy.list(ACCOUNT)
        iam.with_raw_response.tokens.legacy.list(ACCOUNT)
    assert [Path(warning.filename) for warning in caught] == [Path(__file__)] * 2


# --- rotation --------------------------------------------------------------------------------------------------------


def list_live_tokens(fake: FakeIAM) -> list[int]:
    return [token["id"] for token in fake.tokens if not token["deleted"]]


@pytest.fixture
def old(run: Runner) -> models.CreateTokenResponseV2:
    end = datetime.now(UTC) + timedelta(days=30)
    return run(lambda iam: iam.tokens.create(ACCOUNT, "ci", "Engineers", exp_date=end, description="d"))


def test_a_token_is_rotated(
    run: Runner, fake: FakeIAM, old: models.CreateTokenResponseV2, client_kind: ClientKind
) -> None:
    received: list[tuple[str, list[int]]] = []

    def hand_over(new: models.CreateTokenResponseV2) -> None:
        received.append((new.token, list_live_tokens(fake)))

    async def hand_over_async(new: models.CreateTokenResponseV2) -> None:
        hand_over(new)

    taker = hand_over_async if client_kind.is_async else hand_over
    new = run(lambda iam: iam.tokens.rotate(ACCOUNT, old.id, taker))
    assert received == [(new.token, [1, old.id, new.id])]
    assert list_live_tokens(fake) == [1, new.id]
    assert (new.name, new.description, new.client_user.role.id) == ("ci", "d", 5)
    assert new.exp_date is not None
    assert timedelta(days=29) < new.exp_date - datetime.now(UTC) <= timedelta(days=30, minutes=1)
    authorizations = [request.revealed().headers["authorization"] for request in fake.requests]
    assert f"APIKey {new.token}" in authorizations


def test_a_rotated_token_lives_for_a_day_at_least(run: Runner) -> None:
    end = datetime.now(UTC) + timedelta(minutes=5)
    old = run(lambda iam: iam.tokens.create(ACCOUNT, "ci", "Engineers", exp_date=end))
    new = run(lambda iam: iam.tokens.rotate(ACCOUNT, old.id, lambda _: None))
    assert isinstance(new.exp_date, datetime)
    assert timedelta(hours=23) < new.exp_date - datetime.now(UTC) <= timedelta(days=1)


def test_a_rotation_may_change_what_the_token_is(run: Runner, fake: FakeIAM, old: models.CreateTokenResponseV2) -> None:
    new = run(
        lambda iam: iam.tokens.rotate(
            ACCOUNT, old.id, lambda _: None, name="n", role=2, exp_date=None, description="other"
        )
    )
    assert (new.name, new.description, new.client_user.role.id, new.exp_date) == ("n", "other", 2, None)


def test_a_client_may_rotate_its_own_token(client_kind: ClientKind, fake: FakeIAM) -> None:
    keys = [fake.api_key]
    options: ClientOptions = {"base_url": BASE, "transport": fake.transport()}
    new = client_kind.run(
        lambda iam: iam.tokens.rotate(ACCOUNT, 1, lambda token: keys.append(token.token)),
        APIKey(lambda: keys[-1]),
        **options,
    )
    assert list_live_tokens(fake) == [new.id]
    assert client_kind.run(lambda iam: iam.users.get(1), new.token, **options).id == 1


def catch_rotation_error(
    run: Runner,
    old: models.CreateTokenResponseV2,
    hand_over: Callable[[models.CreateTokenResponseV2], None] = lambda _: None,
) -> TokenRotationError:
    with pytest.raises(TokenRotationError) as caught:
        run(lambda iam: iam.tokens.rotate(ACCOUNT, old.id, hand_over))
    assert str(caught.value).count(str(old.id)) >= 1
    return caught.value


def test_a_failed_rotation_leaves_a_working_token(
    run: Runner, fake: FakeIAM, old: models.CreateTokenResponseV2, client_kind: ClientKind
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("vault is sealed, s3cret-mark")

    tokens = "/iam/v2/clients/{clientId}/tokens"
    fake.inject(Status(400), method="POST", path=tokens)
    error = catch_rotation_error(run, old)
    assert (error.stage, error.existing, list_live_tokens(fake)) == ("create", (old.id,), [1, old.id])
    fake.inject(Reset(after_work=True), method="POST", path=tokens)
    error = catch_rotation_error(run, old)
    assert (error.stage, error.existing, error.new_id) == ("create", (old.id,), None)
    assert "reconcile()" in str(error)
    orphan = list_live_tokens(fake)[-1]
    fake.inject(Status(401), method="GET", path=f"{tokens}/{{tokenId}}", after=1)
    error = catch_rotation_error(run, old)
    assert (error.stage, error.existing, list_live_tokens(fake)) == ("verify", (old.id,), [1, old.id, orphan])
    error = catch_rotation_error(run, old, refuse)
    assert (error.stage, error.existing) == ("hand over", (old.id, error.new_id))
    assert set(error.existing) <= set(list_live_tokens(fake))
    assert "mark" not in str(error)
    for fault in (HTML(), Status(500, after_work=True)):
        fake.inject(fault, method="POST", path=tokens)
        error = catch_rotation_error(run, old)
        assert (error.stage, error.existing) == ("create", (old.id,))
        assert "whether there is a new one called 'ci' is not known" in str(error)
    fake.inject(Status(500), method="DELETE", path=f"{tokens}/{{tokenId}}")
    error = catch_rotation_error(run, old)
    assert (error.stage, error.existing) == ("delete", (old.id, error.new_id))
    assert set(error.existing) <= set(list_live_tokens(fake))


def test_an_interrupted_rotation_names_the_tokens_that_exist(fake: FakeIAM) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with IAMClient(fake.api_key, base_url=BASE, transport=fake.transport()) as iam:
        old = iam.tokens.create(ACCOUNT, "ci", 2)
        with pytest.raises(KeyboardInterrupt) as caught:
            iam.tokens.rotate(ACCOUNT, old.id, interrupt)
        assert f"tokens {old.id} and {old.id + 1} exist and work" in caught.value.__notes__[0]
        iam.tokens.rotate(ACCOUNT, old.id, lambda _: iam.tokens.delete(ACCOUNT, old.id))  # deleted by somebody else


def test_a_rotation_with_invalid_arguments_is_not_begun(
    run: Runner, fake: FakeIAM, old: models.CreateTokenResponseV2, client_kind: ClientKind
) -> None:
    before = list_live_tokens(fake)

    async def take(_: object) -> None: ...

    wrong: list[dict[str, Any]] = [
        {"hand_over": lambda: None},
        {"hand_over": take} if not client_kind.is_async else {"name": ""},
    ]
    for arguments in (*wrong, {"hand_over": None}, {"name": ""}, {"exp_date": datetime.now()}, {"role": True}):
        with pytest.raises(ConfigurationError):
            run(lambda iam, more=arguments: iam.tokens.rotate(ACCOUNT, old.id, **{"hand_over": print, **more}))  # type: ignore[misc]
    with pytest.raises(NotFoundError):
        run(lambda iam: iam.tokens.rotate(ACCOUNT, 99, print))
    assert list_live_tokens(fake) == before


# --- refused before anything is sent ---------------------------------------------------------------------------------

LAST = datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))
NAIVE = datetime(2027, 1, 1)
WRONG: list[tuple[str, Callable[[Any], Any]]] = [
    ("username must not be empty", lambda iam: iam.auth.login(" ", "p")),
    ("password must be a str", lambda iam: iam.auth.login("u", None)),
    ("one_time_password must be a str", lambda iam: iam.auth.login("u", "p", 123456)),
    ("refresh must", lambda iam: iam.auth.refresh("")),
    ("email must", lambda iam: iam.auth.forgot_password("")),
    ("client_id must", lambda iam: iam.auth.select_account("1")),
    ("company must", lambda iam: iam.account.create("")),
    ("nothing to change", lambda iam: iam.users.update(5)),
    ("user_id must", lambda iam: iam.users.update(1.0, name="n")),
    ("lang must", lambda iam: iam.users.update(5, lang="")),
    ("auth_types must be a list", lambda iam: iam.users.update(5, auth_types="password")),
    ("auth_types must", lambda iam: iam.users.update(5, auth_types=[1])),
    ("name must be a str", lambda iam: iam.users.update(5, name=5)),
    ("UTF-8", lambda iam: iam.users.update(5, name="\ud800")),
    ("new_email must", lambda iam: iam.users.update_email(5, "", "p")),
    ("new must", lambda iam: iam.users.change_password(5, "p", "")),
    ("user_role must be the id", lambda iam: iam.users.invite(1, "e", None)),
    ("user_role must be the id", lambda iam: iam.users.invite(1, "e", 1.0)),
    ("user_role must not be empty", lambda iam: iam.users.invite(1, "e", "")),
    ("role must be the id", lambda iam: iam.users.set_role(1, 5, 1.0)),
    ("role is a Group without", lambda iam: iam.users.set_role(1, 5, models.Group())),
    ("client_id must", lambda iam: iam.users.revoke(0, 5)),
    ("exp_date has no time zone", lambda iam: iam.tokens.create(1, "n", 2, exp_date=NAIVE)),
    ("exp_date must be a datetime", lambda iam: iam.tokens.create(1, "n", 2, exp_date="2027-01-01")),
    ("exp_date is a moment", lambda iam: iam.tokens.create(1, "n", 2, exp_date=LAST)),
    ("description must be a str", lambda iam: iam.tokens.create(1, "n", 2, description=5)),
    ("UTF-8", lambda iam: iam.tokens.create(1, "n", 2, description="\ud800")),
    ("role.id must", lambda iam: iam.users.set_role(1, 5, models.Group(id=0))),
    ("role.name must", lambda iam: iam.users.set_role(1, 5, models.Group(name=""))),  # type: ignore[arg-type]
    ("deleted must be True or False", lambda iam: iam.tokens.list(1, deleted="yes")),
    ("issued_by must", lambda iam: iam.tokens.list(1, issued_by="me")),
    ("token_id must", lambda iam: iam.tokens.delete(1, -5)),
]


@pytest.mark.parametrize(
    ("message", "call"), WRONG, ids=[f"{index} {message}" for index, (message, _) in enumerate(WRONG)]
)
def test_an_invalid_argument_is_refused_before_sending(
    run: Runner, fake: FakeIAM, message: str, call: Callable[[Any], object]
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        run(call)
    assert fake.requests == ()


# --- views and raw responses -----------------------------------------------------------------------------------------


def test_a_view_has_its_options_and_leaves_the_client_alone(client_kind: ClientKind, fake: FakeIAM) -> None:
    seen: list[httpx.Request] = []
    onward = fake.transport()

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return onward.handle_request(request)

    def use(iam: IAMClient) -> None:
        view = iam.with_options(timeout=3, retries=0, headers={"X-Team": "b"}, auth="42_other")
        for client in (iam, view, view.with_options(headers={"X-More": "c"}), iam):
            with contextlib.suppress(AuthenticationError):
                client.users.get(1)

    async def use_async(iam: AsyncIAMClient) -> None:
        view = iam.with_options(timeout=3, retries=0, headers={"X-Team": "b"}, auth="42_other")
        for client in (iam, view, view.with_options(headers={"X-More": "c"}), iam):
            with contextlib.suppress(AuthenticationError):
                await client.users.get(1)

    client_kind.run_either(
        use, use_async, fake.api_key, base_url=BASE, transport=httpx.MockTransport(handle), headers={"X-Team": "a"}
    )
    own = f"APIKey {fake.api_key}"
    shown = [
        (
            request.headers["x-team"],
            request.headers.get("x-more"),
            request.headers["authorization"],
            request.extensions["timeout"]["read"],
        )
        for request in seen
    ]
    assert shown == [
        ("a", None, own, 30.0),
        ("b", None, "APIKey 42_other", 3),
        ("b", "c", "APIKey 42_other", 3),
        ("a", None, own, 30.0),
    ]


def test_a_view_shares_the_connections_and_leaves_them_open(fake: FakeIAM, url: str) -> None:
    with IAMClient(fake.api_key, base_url=url) as iam:
        iam.users.get(1)
        with iam.with_options(timeout=5) as view:
            view.users.get(1)
        iam.users.get(1)
        with pytest.raises(ConfigurationError, match="closed"):
            view.users.get(1)
        other = iam.with_options(retries=1)
    assert fake.connections_opened == 1
    with pytest.raises(ConfigurationError, match="closed"):
        other.users.get(1)


@pytest.mark.parametrize(
    "options", [{"timeout": 0}, {"retries": -1}, {"headers": {"Authorization": "x"}}, {"auth": ""}]
)
@pytest.mark.parametrize("cls", [IAMClient, AsyncIAMClient])
def test_a_view_with_invalid_options_is_refused(
    cls: type[EitherClient], options: dict[str, Any], fake: FakeIAM
) -> None:
    client = cls(fake.api_key, transport=fake.transport())
    with pytest.raises(ConfigurationError):
        client.with_options(**options)


def test_a_raw_response_has_status_headers_and_model(run: Runner) -> None:
    got = run(lambda iam: iam.with_raw_response.users.get(5))
    assert isinstance(got, RawResponse)
    assert got.status == 200
    assert got.headers["Content-Type"].startswith("application/json")
    assert got.request_id == got.headers["x-request-id"]
    assert got.model.id == 5
    assert repr(got) == "RawResponse(status=200)"
    assert run(lambda iam: iam.with_raw_response.account.create("Another Ltd")).status == 201
    gone = run(lambda iam: iam.with_raw_response.users.revoke(ACCOUNT, 6))
    assert (gone.status, gone.model) == (200, None)
    assert run(lambda iam: iam.with_raw_response.tokens.list(ACCOUNT)).model[0].id == 1
    assert run(lambda iam: iam.with_raw_response.auth.login("ada@example.com", PASSWORD)).model.access
    with pytest.raises(NotFoundError):
        run(lambda iam: iam.with_raw_response.users.get(99))


def test_each_method_of_one_request_has_a_raw_response() -> None:
    iam = IAMClient("42_k", transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    more_than_once = {"iam.users.list", "iam.account.logins"}
    for entry in INVENTORY:
        if entry.overlay_method not in more_than_once:
            assert entry.overlay_method is not None
            method = functools.reduce(getattr, entry.overlay_method.split(".")[1:], iam)
            raw = functools.reduce(getattr, entry.overlay_method.split(".")[1:], iam.with_raw_response)
            assert raw.__doc__ == method.__doc__


@pytest.mark.parametrize("name", ["users.list", "account.logins", "tokens.rotate"])
@pytest.mark.parametrize("cls", [IAMClient, AsyncIAMClient])
def test_a_method_without_raw_response_says_what_to_call(cls: type[EitherClient], name: str, fake: FakeIAM) -> None:
    resource, method = name.split(".")
    raw = getattr(cls(fake.api_key, transport=fake.transport()).with_raw_response, resource)
    assert not hasattr(raw, method)
    with pytest.raises(AttributeError, match=rf"'{method}': .* more than one request; call it without with_raw_respo"):
        getattr(raw, method)
    with pytest.raises(AttributeError, match=r"no attribute 'lsit'$"):
        raw.lsit  # noqa: B018


# --- a client of the user's own --------------------------------------------------------------------------------------


def test_an_httpx_client_of_the_users_is_used_and_left_open(fake: FakeIAM) -> None:
    seen: list[str] = []
    with fake.serve() as url:
        own = httpx.Client(
            event_hooks={"request": [lambda request: seen.append(str(request.url))]},
            headers={"X-Own": "1"},
            timeout=7,
            follow_redirects=True,
        )
        with IAMClient(fake.api_key, base_url=url, http_client=own) as iam:
            assert iam.users.get(1).id == 1
            fake.inject(Status(503), times=1)
            assert iam.with_options(retries=RetryPolicy(base=0)).users.get(1).id == 1
            with pytest.raises(NotFoundError):
                iam.users.get(99)
        assert not own.is_closed
        own.close()
    assert len(seen) == 4
    assert {request.revealed().headers["authorization"] for request in fake.requests} == {f"APIKey {fake.api_key}"}
    assert {request.headers["x-own"] for request in fake.requests} == {"1"}


@pytest.mark.anyio
async def test_an_async_httpx_client_of_the_users_is_left_open(fake: FakeIAM) -> None:
    with fake.serve() as url:
        async with httpx.AsyncClient() as own:
            async with AsyncIAMClient(fake.api_key, base_url=url, http_client=own) as iam:
                assert (await iam.users.get(1)).id == 1
            assert not own.is_closed


def test_hooks_that_raise_for_a_status_lead_to_our_errors(fake: FakeIAM, url: str) -> None:
    own = httpx.Client(
        transport=fake.transport(), event_hooks={"response": [lambda r: r.read(), httpx.Response.raise_for_status]}
    )
    with own, IAMClient(fake.api_key, base_url=BASE, http_client=own) as iam, pytest.raises(NotFoundError):
        iam.users.get(99)
    with httpx.Client(event_hooks={"response": [httpx.Response.raise_for_status]}) as own:
        iam = IAMClient(fake.api_key, base_url=url, http_client=own)
        with pytest.raises(NotFoundError):  # raised before there is a body
            iam.users.get(99)
        view = iam.with_options(timeout=1)
        iam.close()
        for closed in (iam, view):
            with pytest.raises(ConfigurationError, match="closed"):
                closed.users.get(1)


@pytest.mark.parametrize("cls", [IAMClient, AsyncIAMClient])
def test_clients_and_transports_of_the_wrong_kind_are_refused(cls: type) -> None:
    closed = httpx.Client()
    closed.close()
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    own = httpx.Client(transport=transport) if cls is IAMClient else httpx.AsyncClient(transport=transport)
    other = httpx.AsyncClient(transport=transport) if cls is IAMClient else httpx.Client(transport=transport)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"http_client": object()}, "http_client must be an httpx"),
        ({"http_client": other}, "http_client must be an httpx"),
        ({"http_client": own, "transport": transport}, "not both"),
    ]
    for arguments, message in wrong:
        with pytest.raises(ConfigurationError, match=message):
            cls("42_k", **arguments)
    with pytest.raises(ConfigurationError, match="closed"):
        IAMClient("42_k", http_client=closed)


def test_plain_http_to_another_machine_needs_allow_http() -> None:
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json=[])

    with pytest.raises(ConfigurationError, match="allow_http=True"):
        IAMClient("42_k", base_url="http://gateway.example.com", transport=httpx.MockTransport(handle))
    with IAMClient(
        "42_k", base_url="http://gateway.example.com", transport=httpx.MockTransport(handle), allow_http=True
    ) as iam:
        iam.users.list().collect()
    assert seen == ["APIKey 42_k"]
