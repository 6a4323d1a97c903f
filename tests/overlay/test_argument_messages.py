"""Messages about arguments that are not valid: they name what came, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest
from gcore_iam import APIKey, AsyncIAMClient, ConfigurationError, IAMClient, RetryPolicy, Session
from gcore_iam._validation import describe_value
from gcore_iam.observe import Observer


async def coroutine_function(_: object) -> None:
    pass


class AsyncCallable:
    async def __call__(self, _: object) -> None:
        pass


class AsyncStore:
    async def load(self) -> None:
        pass


NOT_AWAITED = "must be an ordinary function, not a coroutine function: it is not awaited"


@pytest.mark.parametrize("function", [coroutine_function, partial(coroutine_function), AsyncCallable()])
def test_a_function_that_is_not_awaited_is_ordinary(function: Any) -> None:
    for client in (IAMClient, AsyncIAMClient):
        with pytest.raises(ConfigurationError, match=f"^on_event {NOT_AWAITED}$"):
            client("42_k", on_event=function)
    with pytest.raises(ConfigurationError, match=f"^on_finding {NOT_AWAITED}$"):
        Observer(on_finding=function)
    with pytest.raises(ConfigurationError, match=f"^predicate {NOT_AWAITED}$"):
        RetryPolicy(predicate=function)


def test_the_methods_of_a_store_are_not_awaited() -> None:
    store: Any = AsyncStore()
    with pytest.raises(ConfigurationError, match=r"^store\.load must be an ordinary method: it is not awaited$"):
        Session("ada@example.com", "s3cret", store=store)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"observer": Observer}, r"observer must be a gcore_iam\.observe\.Observer, not the class gcore_iam.Observer"),
        ({"retries": RetryPolicy}, "retries must be a RetryPolicy, .*, not the class gcore_iam.RetryPolicy"),
        ({"auth": Session}, "auth must be an APIKey, .*, not the class gcore_iam.Session"),
        ({"auth": APIKey}, "auth must be an APIKey, .*, not the class gcore_iam.APIKey"),
        ({"transport": httpx.HTTPTransport}, r"transport must be an httpx\.\w+, not the class httpx.HTTPTransport"),
        ({"http_client": httpx.Client}, r"http_client must be an httpx\.\w+, not the class httpx.Client"),
        # The package gcore, if a test has imported it, says that the class is its own.
        ({"timeout": httpx.Timeout}, r"timeout must be .* httpx\.Timeout, not the class (httpx|gcore)\.Timeout"),
    ],
)
@pytest.mark.parametrize("client", [IAMClient, AsyncIAMClient])
def test_a_class_in_place_of_its_object_is_refused(client: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{message}$"):
        client(**{"auth": "42_k", **arguments})


@pytest.mark.parametrize(
    ("arguments", "type_name"),
    [
        ({"headers": [("a", "b")]}, "list"),
        ({"headers": "x"}, "str"),
        ({"base_url": ["https://api.gcore.com"]}, "list"),
        ({"base_url": 5}, "int"),
        ({"auth": b"42_k"}, "bytes"),
    ],
)
@pytest.mark.parametrize("client", [IAMClient, AsyncIAMClient])
def test_a_message_names_the_type_that_the_user_passed(client: Any, arguments: dict[str, Any], type_name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"not {type_name}$"):
        client(**{"auth": "42_k", **arguments})


NUMBERS: list[Any] = [
    (5.0, "5.0"),
    (True, "True"),
    (0, "0"),
    (2**63, str(2**63)),
    pytest.param(10**5000, "int", id="huge"),
    ("5", "str"),
    ("ada@example.com", "str"),
    (None, "NoneType"),
    (float("nan"), "nan"),
]


@pytest.mark.parametrize(("value", "shown"), NUMBERS)
def test_an_invalid_id_is_shown(value: Any, shown: str) -> None:
    message = rf"must be a whole number from 1 to 2\*\*63 - 1, not {shown}$"
    with IAMClient("42_k") as iam:
        with pytest.raises(ConfigurationError, match=f"^user_id {message}"):
            iam.users.get(value)
        with pytest.raises(ConfigurationError, match=f"^token_id {message}"):
            iam.tokens.get(1, value)


@pytest.mark.parametrize(("value", "shown"), [("5", "str"), (True, "True"), ([5], "list"), (-1.0, "-1.0")])
def test_an_invalid_number_is_shown(value: Any, shown: str) -> None:
    with IAMClient("42_k") as iam:
        functions: list[Callable[[], object]] = [
            lambda: iam.with_options(timeout=value),
            lambda: iam.with_options(max_response_bytes=value),
            lambda: RetryPolicy(value),
            lambda: RetryPolicy(base=value),
            lambda: Observer(value),
            lambda: iam.users.list(page_size=value),
            lambda: iam.users.list(prefetch=value),
        ]
        for function in functions:
            with pytest.raises(ConfigurationError, match=f", not {shown}$"):
                function()


@pytest.mark.parametrize("step", ["connect", "read", "write", "pool"])
@pytest.mark.parametrize("value", [-1, "5", True, float("nan"), 1e7])
def test_each_part_of_a_timeout_is_checked(step: str, value: Any) -> None:
    parts: Any = {step: value}
    timeout = httpx.Timeout(1, **parts)
    message = (
        rf"timeout\.{step} must be a number of seconds.*, at most 1e6, or None, not {re.escape(describe_value(value))}$"
    )
    with pytest.raises(ConfigurationError, match=f"^{message}"):
        IAMClient("42_k", timeout=timeout)
    with httpx.Client(timeout=timeout) as http, pytest.raises(ConfigurationError, match=f"^http_client: {message}"):
        IAMClient("42_k", http_client=http)


@pytest.mark.parametrize("step", ["connect", "read", "write"])
def test_only_the_wait_for_the_pool_may_be_0(step: str) -> None:
    IAMClient("42_k", timeout=httpx.Timeout(1, pool=0)).close()
    parts: Any = {step: 0}
    with pytest.raises(ConfigurationError, match=rf"timeout\.{step} must be a number of seconds above 0"):
        IAMClient("42_k", timeout=httpx.Timeout(None, **parts))
