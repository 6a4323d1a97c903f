"""Credentials go to one origin: that of the base URL, compared by scheme, host and port (RFC 6454)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Any

import httpx
import pytest
from gcore_iam import IAMClient
from gcore_iam._bound_client import format_origin as origin
from gcore_iam._bound_client import parse_origin as origin_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

KEY = "42_c4n4ry"


def is_key_sent(base_url: str, url: str) -> bool:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    with IAMClient(KEY, base_url=base_url, allow_http=True, transport=httpx.MockTransport(handle)) as iam:
        iam.api.get_httpx_client().get(url)
    return KEY in str(seen[0].headers.raw)


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1:8443]/x"),
        ("https://[2001:db8::1]", "https://[2001:db8::1:443]/x"),
        ("https://[6161:6161:6161:6161:6161:6161:6161:6161]", "https://aaaaaaaaaaaaaaaa/x"),
        ("https://[::ffff:127.0.0.1]", "https://127.0.0.1/x"),
        ("https://api.gcore.com", "http://api.gcore.com/x"),
        ("https://api.gcore.com", "http://api.gcore.com:443/x"),
        ("https://api.gcore.com", "https://api.gcore.com:80/x"),
        ("https://api.gcore.com", "https://api.gcore.com./x"),
        ("https://api.gcore.com", "https://api.gcore.com.evil.example/x"),
        ("https://api.gcore.com", "https://evil-api.gcore.com/x"),
        ("https://api.gcore.com", "https://api.gcore.com@evil.example/x"),
        ("https://api.gcore.com", "https://api.gcore.com:443@evil.example/x"),
        ("https://api.gcore.com", "https://api.gcore.com\\@evil.example/x"),
        ("https://api.gcore.com", "https://evil.example/@api.gcore.com/x"),
        ("https://api.gcore.com", "https://evil.example#@api.gcore.com/x"),
        ("https://api.gcore.com", "https://evil.example?@api.gcore.com/x"),
        ("https://api.gcore.com", "https://аpi.gcore.com/x"),  # noqa: RUF001 - a Cyrillic letter
        ("https://faß.example", "https://fass.example/x"),
        ("https://api.gcore.com:8443", "https://api.gcore.com:84430/x"),
    ],
)
def test_the_key_stays_with_its_origin(base_url: str, url: str) -> None:
    assert not is_key_sent(base_url, url)
    assert origin(httpx.URL(base_url)) != origin(httpx.URL(url))


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://[2001:db8::1]:8443", "https://[2001:DB8:0::0:1]:8443/x"),
        ("https://api.gcore.com", "https://api.gcore.com:443/x"),
        ("https://api.gcore.com:443", "https://API.GCORE.com/x"),
        ("http://api.gcore.com:80", "http://api.gcore.com/x"),
        ("https://bücher.example", "https://xn--bcher-kva.example/x"),
        ("https://api.gcore.com", "https://user@api.gcore.com/x"),
        ("https://api.gcore.com/base", "//evil.example/x"),
        ("https://api.gcore.com/base", "/x"),
    ],
)
def test_the_key_goes_to_its_origin_in_each_spelling(base_url: str, url: str) -> None:
    assert is_key_sent(base_url, url)


HOSTS = st.sampled_from(["a", "b", "a.b", "ab", "a.", "xn--bcher-kva", "127.0.0.1", "127.0.0.11", "aaaaaaaaaaaaaaaa"])
ADDRESSES = st.integers(0, 2**128 - 1).map(IPv6Address) | st.sampled_from(
    [IPv6Address(text) for text in ("::1", "::1:80", "::1:443", "2001:db8::1", "2001:db8::1:8443", "::8443")]
)
PORTS = st.none() | st.sampled_from([1, 80, 443, 8443, 65535])
ORIGINS = st.tuples(st.sampled_from(["http", "https"]), HOSTS | ADDRESSES, PORTS)


def spell(parts: tuple[str, Any, int | None], *, is_long: bool, userinfo: str = "") -> httpx.URL:
    scheme, host, port = parts
    if isinstance(host, IPv6Address):
        host = f"[{host.exploded.upper() if is_long else host.compressed}]"
    return httpx.URL(f"{scheme}://{userinfo}{host}{'' if port is None else f':{port}'}/x")


@settings(deadline=None, max_examples=500)
@given(ORIGINS, ORIGINS, st.sampled_from(["", "u@", "u:p@", "a:443@"]))
def test_two_urls_have_one_origin_only_if_all_parts_agree(
    first: tuple[str, Any, int | None], second: tuple[str, Any, int | None], userinfo: str
) -> None:
    def normalize(parts: tuple[str, Any, int | None]) -> tuple[str, Any, int]:
        scheme, host, port = parts
        return scheme, host, port or {"http": 80, "https": 443}[scheme]

    is_same = normalize(first) == normalize(second)
    one, other = spell(first, is_long=False), spell(second, is_long=True, userinfo=userinfo)
    assert (origin_of(one) == origin_of(other)) is is_same
    assert (origin(one) == origin(other)) is is_same


@settings(deadline=None, max_examples=100)
@given(ORIGINS, ORIGINS)
def test_no_other_origin_gets_the_key(first: tuple[str, Any, int | None], second: tuple[str, Any, int | None]) -> None:
    base_url, url = spell(first, is_long=False), spell(second, is_long=True)
    assume(origin_of(base_url) != origin_of(url))
    assert not is_key_sent(str(base_url), str(url))


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443"),
        ("https://api.gcore.com:443", "https://api.gcore.com"),
        ("https://u:p@api.gcore.com:8443", "https://api.gcore.com:8443"),
    ],
)
def test_an_origin_is_written_as_rfc_6454_says(url: str, text: str) -> None:
    assert origin(httpx.URL(url)) == text
