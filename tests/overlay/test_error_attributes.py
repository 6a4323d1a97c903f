"""What errors keep of their arguments, what they show, and what an ambiguous one finds out; without a client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from gcore_iam import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APIStatusError,
    ConfigurationError,
    DecodeError,
    IAMError,
    PaginationError,
    ResponseTooLargeError,
    TokenRotationError,
)

URL = "https://api.example.com/iam/users/5"


def make_status_error(**changes: Any) -> APIStatusError:
    """An error response."""
    details: dict[str, Any] = {
        "errors": {"name": ["is odd"]},
        "message": "name: is odd",
        "request_id": "r-1",
        "retry_after": 2.5,
        "body": {"a": 1},
        "method": "GET",
        "url": URL,
    }
    return APIStatusError(418, **{**details, **changes})


def make_ambiguous_error(**changes: Any) -> AmbiguousOutcomeError:
    """An error of a write that may have happened."""
    details: dict[str, Any] = {"operation": "iamInviteUser", "method": "POST", "url": URL, "attempts": 2}
    return AmbiguousOutcomeError("no response", **{**details, **changes})


# --- attributes ------------------------------------------------------------------------------------------------------


def get_attributes(error: IAMError) -> dict[str, Any]:
    """The public attributes of an error."""
    return {name: value for name, value in vars(error).items() if not name.startswith("_")}


def test_a_connection_error_keeps_its_details() -> None:
    details = {"method": "GET", "url": URL, "sent": False, "attempts": 3}
    error = APIConnectionError("no connection", **details)  # type: ignore[arg-type]
    assert (str(error), get_attributes(error)) == ("no connection", details)
    assert get_attributes(APIConnectionError("no connection", method="GET", url=URL)) == {
        **details,
        "sent": True,  # unless it is known that it was not
        "attempts": 1,
    }


def test_a_status_error_keeps_its_details() -> None:
    error = make_status_error(attempts=4)
    assert get_attributes(error) == {
        "status": 418,
        "errors": {"name": ["is odd"]},
        "message": "name: is odd",
        "request_id": "r-1",
        "retry_after": 2.5,
        "body": {"a": 1},
        "method": "GET",
        "url": URL,
        "attempts": 4,
    }
    assert make_status_error().attempts == 1


def test_a_status_error_shows_the_request_id_that_it_has() -> None:
    assert str(make_status_error()) == f"418 for GET {URL}: name: is odd (request id r-1)"
    assert str(make_status_error(request_id=None)) == f"418 for GET {URL}: name: is odd"


def test_a_decode_error_keeps_its_details() -> None:
    details: dict[str, Any] = {"model": "User", "key": "email", "status": 200, "request_id": "r-1", "body": [1]}
    details |= {"method": "GET", "url": URL}
    error = DecodeError("email is missing", operation="iamGetUser", **details)
    assert str(error) == "iamGetUser: email is missing (request id r-1)"
    assert get_attributes(error) == {"operation": "iamGetUser", **details}
    bare = DecodeError("no JSON", operation="iamGetUser")
    assert str(bare) == "iamGetUser: no JSON"
    assert get_attributes(bare) == {"operation": "iamGetUser", **dict.fromkeys(details)}


def test_a_response_that_is_too_large_keeps_the_bound() -> None:
    error = ResponseTooLargeError("too large", operation="iamGetUsers", max_response_bytes=10, status=200)
    assert str(error) == "iamGetUsers: too large"
    assert (error.operation, error.max_response_bytes, error.status) == ("iamGetUsers", 10, 200)


def test_a_rotation_error_keeps_which_tokens_exist() -> None:
    details = {"stage": "verify", "old_id": 7, "new_id": 8, "existing": (7, 8)}
    error = TokenRotationError("the new token is refused", **details)  # type: ignore[arg-type]
    assert (str(error), get_attributes(error)) == ("the new token is refused", details)


def test_a_pagination_error_keeps_its_offset() -> None:
    error = PaginationError("a page is missing", offset=40)
    assert (str(error), get_attributes(error)) == ("a page is missing", {"offset": 40})


def test_an_ambiguous_error_keeps_its_details() -> None:
    details: dict[str, Any] = {"advice": "look at the list", "status": 502, "request_id": "r-1"}
    error = make_ambiguous_error(**details)
    assert str(error) == "iamInviteUser may or may not have happened (no response); look at the list"
    rest = {"operation": "iamInviteUser", "method": "POST", "url": URL, "attempts": 2}
    assert get_attributes(error) == {**details, **rest}
    bare = make_ambiguous_error()
    assert get_attributes(bare) == {"advice": "look before you repeat it", "status": None, "request_id": None, **rest}


# --- repr ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ConfigurationError("bad key"), "ConfigurationError('bad key')"),
        (
            make_status_error(request_id=None),
            f"APIStatusError('418 for GET {URL}: name: is odd', method='GET', path='/iam/users/5', status=418)",
        ),
        (
            DecodeError("no JSON", operation="iamGetUser", method="GET", url=f"{URL}?a=1"),
            "DecodeError('iamGetUser: no JSON', operation='iamGetUser', method='GET', path='/iam/users/5')",
        ),
    ],
)
def test_a_repr_shows_the_details_that_are_known(error: IAMError, shown: str) -> None:
    assert repr(error) == shown


def test_a_repr_shows_the_details_of_the_cause() -> None:
    error = PaginationError("a page is missing", offset=40)
    error.__cause__ = make_status_error()
    assert repr(error).endswith(
        "('a page is missing', method='GET', path='/iam/users/5', status=418, request_id='r-1')"
    )
    error.__cause__ = OSError("no details")
    assert repr(error) == "PaginationError('a page is missing')"


# --- ambiguous outcomes ----------------------------------------------------------------------------------------------


def test_an_ambiguous_error_without_reconciler_says_what_to_do() -> None:
    error = make_ambiguous_error(advice="look at the list")
    message = "^iamInviteUser cannot be looked up from here; look at the list$"
    with pytest.raises(ConfigurationError, match=message):
        error.reconcile()
    with pytest.raises(ConfigurationError, match=message):
        asyncio.run(error.reconcile_async())


@pytest.mark.parametrize("attach", [AmbiguousOutcomeError.attach_reconciler, AmbiguousOutcomeError.advise])
def test_the_first_reconciler_stays(
    attach: Callable[[AmbiguousOutcomeError, str, Callable[[], object] | None], None],
) -> None:
    error = make_ambiguous_error()
    attach(error, "look at the users", lambda: "ada")
    attach(error, "look at the accounts", lambda: "an account")
    assert (error.advice, error.reconcile()) == ("look at the users", "ada")


def test_a_reconciler_may_have_nothing_to_look_at() -> None:
    error = make_ambiguous_error()
    error.attach_reconciler("ask the user", None)
    error.attach_reconciler("look at the accounts", lambda: "an account")
    with pytest.raises(ConfigurationError, match="ask the user"):
        error.reconcile()


@pytest.mark.parametrize("is_async", [False, True])
def test_what_is_found_must_be_of_the_expected_class(is_async: bool) -> None:
    def reconcile(found: object, *expected: type[object]) -> object:
        async def find() -> object:
            return found

        error = make_ambiguous_error()
        error.attach_reconciler("look", find if is_async else lambda: found)
        return asyncio.run(error.reconcile_async(*expected)) if is_async else error.reconcile(*expected)

    assert reconcile("ada") == "ada"
    assert reconcile("ada", str) == "ada"
    assert reconcile(None) is None
    assert reconcile(None, str) is None
    with pytest.raises(ConfigurationError, match=r"^iamInviteUser has happened; its result is a str, not a int$"):
        reconcile("ada", int)


def test_async_code_awaits_a_result_that_was_found_at_once() -> None:
    error = make_ambiguous_error()
    error.attach_reconciler("look", lambda: "ada")
    assert asyncio.run(error.reconcile_async(str)) == "ada"


def test_sync_code_gets_an_awaitable_unless_it_names_a_class() -> None:
    async def find() -> str:
        return "ada"

    error = make_ambiguous_error()
    error.attach_reconciler("look", find)
    found = error.reconcile()
    assert isinstance(found, Coroutine)
    assert asyncio.run(found) == "ada"
    with pytest.raises(ConfigurationError, match=r"^this error comes from async code: await reconcile_async\(\)$"):
        error.reconcile(str)
