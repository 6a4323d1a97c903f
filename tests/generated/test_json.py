"""Reading JSON: with orjson and without it the same comes out, to the type of each number."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpx
import orjson
import pytest
from gcore_iam_client import json_values
from gcore_iam_client.errors import InvalidBody
from hypothesis import given
from hypothesis import strategies as st

PADDING = b" " * 4096
"""Makes a body large enough for orjson, and changes nothing."""

ODD = [
    b"123456789012345678901234567890",
    b"18446744073709551616",
    b"18446744073709551615",
    b"9223372036854775808",
    b"-9223372036854775809",
    b"-9223372036854775808",
    b"1" * 400,
    b'{"id": 100000000000000000000}',
    b"100000000000000000000.0",
    b"12345678901234567890e0",
    b"0." + b"1" * 40,
    b"1e400",
    b"-1e400",
    b"1e-400",
    b"5e-324",
    b"1.7976931348623157e309",
    b"-0",
    b"-0.0",
    b"9007199254740993.0",
    b"NaN",
    b"[Infinity, -Infinity]",
    b'"\\ud800"',
    b'"\xed\xa0\x80"',
    b'"\xff"',
    b"\xef\xbb\xbf[1]",
    "[1, 'ä']".replace("'", '"').encode("utf-16"),
    '["ä"]'.encode("utf-32-le"),
    b'{"a": 1, "a": 2}',
    b'{"a": 1}\x00',
    b'"\x01"',
    b'"\x7f"',
    '"\u2028"'.encode(),
    b"[1,]",
    b"01",
    b"1.",
    b"tru",
    b"",
    b"[" * 900 + b"]" * 900,
    b"[" * 5000 + b"]" * 5000,
    b"<html>",
]


@pytest.fixture(autouse=True)
def _unknown_orjson() -> Iterator[None]:
    """Each test looks for orjson by itself."""
    json_values._loads.cache_clear()
    yield
    json_values._loads.cache_clear()


def describe_parsed(body: bytes) -> object:
    """Parse a body, and render the result so that numbers of different types and NaN compare as they should."""
    response = httpx.Response(200, content=body, headers={"content-type": "application/json"})
    try:
        return repr(json_values.decode_json(response, "iamGetUser"))
    except InvalidBody as error:
        return str(error)


def describe_without_orjson(body: bytes) -> object:
    """Do the same with the standard library."""
    with pytest.MonkeyPatch.context() as without:
        without.setattr(json_values, "_loads", lambda: None)
        return describe_parsed(body)


def enlarge(body: bytes) -> bytes:
    """Make a body large enough for orjson, where that does not change its encoding."""
    return PADDING + body if body[:1].isascii() and b"\x00" not in body else body


@pytest.mark.parametrize("body", ODD, ids=lambda body: repr(body[:30]))
def test_odd_bodies_are_read_the_same(body: bytes) -> None:
    assert describe_parsed(enlarge(body)) == describe_without_orjson(enlarge(body))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_VALUES, st.booleans())
def test_any_body_is_read_the_same(value: Any, is_ascii: bool) -> None:
    body = json.dumps(value, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    assert describe_parsed(PADDING + body) == describe_without_orjson(PADDING + body)


@given(st.binary())
def test_any_bytes_are_read_or_refused_the_same(body: bytes) -> None:
    assert describe_parsed(PADDING + body) == describe_without_orjson(PADDING + body)


def test_it_is_orjson_that_reads_a_large_body(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def loads(body: bytes) -> object:
        sizes.append(len(body))
        return {"from": "orjson"}

    monkeypatch.setattr(orjson, "loads", loads)
    small, large = b'{"a": 1}', PADDING + b'{"a": 1}'
    assert describe_parsed(small) == "{'a': 1}"
    assert describe_parsed(large) == "{'from': 'orjson'}"
    assert describe_parsed(PADDING + b'{"a": 1234567890123456789}') == "{'a': 1234567890123456789}", (
        "may not fit into 64 bits"
    )
    assert sizes == [len(large)]


@pytest.mark.parametrize("missing", [None, ModuleType("orjson")])
def test_without_orjson_the_standard_library_reads(monkeypatch: pytest.MonkeyPatch, missing: ModuleType | None) -> None:
    monkeypatch.setitem(sys.modules, "orjson", missing)
    assert describe_parsed(PADDING + b"[1, NaN]") == repr([1, math.nan])


@pytest.mark.parametrize("power", [31, 32, 53, 62, 63, 64, 65, 128])
def test_integers_near_the_limits_of_a_machine_are_exact(power: int) -> None:
    for number in range(2**power - 50, 2**power + 50):
        for signed in (number, -number):
            body = f'{{"id": {signed}}}'.encode()
            assert describe_parsed(PADDING + body) == repr({"id": signed})
