"""Clients, their resources and their pagers as objects: how they are shown, entered, copied and pickled."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from gcore_iam import AsyncIAMClient, ConfigurationError, IAMClient, Session
from gcore_iam.testing import FakeIAM
from gcore_iam_client.api.users import iam_get_user

from .conftest import ClientKind

BASE = "base_url='https://api.example.com'"

CLIENTS = pytest.mark.parametrize("cls", [IAMClient, AsyncIAMClient])


@CLIENTS
def test_what_a_client_offers_says_what_it_is(cls: Any) -> None:
    iam = cls(Session("ada@example.com", "s3cret-mark"), base_url="https://api.example.com", headers={"X": "mark"})
    prefix = "Async" if cls is AsyncIAMClient else ""
    shown = {
        "IAMClient": iam,
        "RawIAMClient": iam.with_raw_response,
        "Auth": iam.auth,
        "Account": iam.account,
        "Users": iam.users,
        "Tokens": iam.tokens,
        "LegacyTokens": iam.tokens.legacy,
        "RawAuth": iam.with_raw_response.auth,
        "RawAccount": iam.with_raw_response.account,
        "RawUsers": iam.with_raw_response.users,
        "RawTokens": iam.with_raw_response.tokens,
        "RawLegacyTokens": iam.with_raw_response.tokens.legacy,
    }
    assert [repr(each) for each in shown.values()] == [f"{prefix}{name}({BASE})" for name in shown]
    pager = iam.users.list(page_size=7)
    assert repr(pager) == f"<{prefix}Pager of iamGetUsers>"
    assert repr(pager.pages()) == f"<{prefix}Pages of iamGetUsers>"


def test_a_closed_client_is_shown_as_closed_and_not_entered(client_kind: ClientKind, fake: FakeIAM) -> None:
    views: list[Any] = []

    def use(iam: IAMClient) -> None:
        views.extend((iam, iam.with_options(retries=0)))

    async def use_async(iam: AsyncIAMClient) -> None:
        views.extend((iam, iam.with_options(retries=0)))

    async def enter(closed: AsyncIAMClient) -> None:
        async with closed:
            pass

    client_kind.run_either(use, use_async, fake.api_key, transport=fake.transport())
    for closed in views:
        assert repr(closed) == f"{type(closed).__name__}(base_url='https://api.gcore.com', closed)"
        with pytest.raises(ConfigurationError, match=r"^the client is closed; make a new one$"):
            anyio.run(enter, closed) if client_kind.is_async else closed.__enter__()


def test_a_closed_view_leaves_its_client_open(fake: FakeIAM) -> None:
    with IAMClient(fake.api_key, transport=fake.transport()) as iam:
        with iam.with_options(retries=0) as view:
            pass
        assert repr(view).endswith(", closed)")
        assert "closed" not in repr(iam)


@CLIENTS
@pytest.mark.parametrize("function", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_client_is_neither_copied_nor_pickled(cls: Any, function: Callable[[Any], object]) -> None:
    iam = cls("42_k")
    for each in (iam, iam.with_options(retries=0), iam.api):
        with pytest.raises(ConfigurationError, match=r"create one in each worker process; .* call with_options\(\)$"):
            function(each)


@CLIENTS
def test_a_method_of_a_client_is_not_pickled(cls: Any) -> None:
    """A pool of processes pickles the function that it calls."""
    for each in (cls("42_k").users, cls("42_k").users.get):
        with pytest.raises(ConfigurationError, match="create one in each worker process"):
            pickle.dumps(each)


@CLIENTS
def test_a_generated_function_without_api_says_what_it_needs(cls: Any) -> None:
    iam = cls("42_k")
    with pytest.raises(AttributeError, match=r"has no attribute 'call': .* as in client=iam\.api$"):
        iam_get_user.sync(1, client=iam)
    with pytest.raises(AttributeError, match=r"has no attribute 'call_async': .* as in client=iam\.api$"):
        anyio.run(lambda: iam_get_user.asyncio(1, client=iam))


@CLIENTS
def test_an_unknown_attribute_is_an_ordinary_error(cls: Any) -> None:
    iam = cls("42_k")
    with pytest.raises(AttributeError, match=f"^'{cls.__name__}' object has no attribute 'user'$") as caught:
        iam.user  # noqa: B018
    assert (caught.value.name, caught.value.obj) == ("user", iam)
    assert not hasattr(iam, "call")
