"""Options of an iteration: their ranges, and what they imply."""

from __future__ import annotations

from typing import Any

import pytest
from gcore_iam import ConfigurationError
from gcore_iam.pagination.options import Identity, PageOptions

from .out_of_range import OUT_OF_RANGE


@pytest.mark.parametrize(("name", "value"), OUT_OF_RANGE)
def test_an_option_out_of_range_raises(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be"):
        PageOptions(**{name: value})


@pytest.mark.parametrize(
    "options",
    [
        {"page_size": 1, "start": 0, "max_items": 0, "prefetch": 1, "prefetch_bytes": 1},
        {"page_size": 1000, "start": 10**9, "max_items": 10**9, "prefetch": 64, "consistency": "fast"},
    ],
)
def test_options_at_their_bounds_are_accepted(options: dict[str, Any]) -> None:
    built = PageOptions(**options)
    assert {name: getattr(built, name) for name in options} == options


def test_options_have_documented_defaults() -> None:
    options = PageOptions()
    assert (options.page_size, options.start, options.max_items) == (100, 0, None)
    assert (options.prefetch, options.consistency, options.prefetch_bytes) == (4, "strict", 16 * 2**20)


@pytest.mark.parametrize(
    ("max_items", "limit", "expected"),
    [(None, None, None), (None, 3, 3), (5, None, 5), (5, 3, 3), (3, 5, 3), (5, 0, 0)],
)
def test_the_smaller_limit_counts(max_items: int | None, limit: int | None, expected: int | None) -> None:
    assert PageOptions(max_items=max_items).with_limit(limit).max_items == expected


@pytest.mark.parametrize("key", [True, None, 2.5, ("a", 1)])
def test_a_row_without_a_key_is_recognised_by_content(key: object) -> None:
    identity = Identity[str](lambda _: key, is_unique=True)
    assert identity.get_keys(["a", "b"]) == ["content:'a'", "content:'b'"]


def test_a_key_function_may_fail_for_null() -> None:
    identity = Identity[Any](lambda row: row["id"], is_unique=True)
    assert identity.get_keys([{"id": 1}, None, {"id": 2}]) == [1, "content:None", 2]


@pytest.mark.parametrize("row", [{"name": "secret"}, [], 5])
def test_a_key_function_that_fails_is_named(row: object) -> None:
    def get_id(row: Any) -> object:
        return row["id"]

    identity = Identity[Any](get_id, is_unique=True)
    with pytest.raises(ConfigurationError, match=r"key function .*get_id raised (Key|Type)Error for an item") as caught:
        identity.get_keys([{"id": 1}, row])
    assert type(row).__name__ in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("limit", [-1, True, 1.5, "3"])
def test_a_limit_out_of_range_raises(limit: Any) -> None:
    with pytest.raises(ConfigurationError, match="limit"):
        PageOptions().with_limit(limit)


def test_keys_are_numbers_or_texts() -> None:
    """Everything else is recognised by its content."""
    identity = Identity[Any](lambda row: row.real, is_unique=True, content=lambda row: f"content {row}")
    assert identity.get_keys([1, 2]) == [1, 2]
    assert identity.get_keys([1, 2.5]) == [1, "content:content 2.5"]
    assert identity.get_keys([1, None]) == [1, "content:content None"]
    assert identity.get_key(None) == "content:content None"
