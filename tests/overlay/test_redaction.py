"""Masking: each secret of a request, in each spelling, in linear time; and texts that can be printed anywhere."""

from __future__ import annotations

import base64
import html
import json
import time
import unicodedata
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import httpx
import pytest
from gcore_iam._redaction import Redactor, escape_unprintable, mask_secret_fields
from gcore_iam._secrets import find_proxy_secrets, find_secrets
from hypothesis import example, given, settings
from hypothesis import strategies as st


def utf16_units(text: str) -> list[str]:
    code = text.encode("utf-16-be", "surrogatepass").hex()
    return [code[start : start + 4] for start in range(0, len(code), 4)]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "URL": quote,
    "URL, all characters": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "form": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON, all characters": lambda text: "".join(f"\\u{unit}" for unit in utf16_units(text)),
    "HTML": html.escape,
    "HTML, decimal": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x00{ord(character):X};" for character in text),
    "Python": lambda text: "".join(f"\\U{ord(character):08x}" for character in text),
    "JavaScript": lambda text: "".join(f"\\u{{{ord(character):x}}}" for character in text),
    "URL in JSON": lambda text: json.dumps(quote(text)),
    "JSON in HTML": lambda text: html.escape(json.dumps(text)[1:-1]),
    "URL in a URL": lambda text: quote(quote(text)),
}
SECRETS = [
    "42_c4n4rysecretkey",
    "1234$abcdef",
    "p&ss/wörd é+ '\"\\ x",
    "with%41escape&amp;and\\n",
    "&lt;",
    "\U0001f600 smile",
    "a\nb\tc",
    "%%%",
    "ends with backslash\\",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_of_a_secret_is_masked(secret: str, spelling: str) -> None:
    spelled = SPELLINGS[spelling](secret)
    for before, after in (("", ""), ("<p>", "</p>"), ('{"message":"', '"}'), ("é ", " é"), ("\\n", "\\n")):
        masked = Redactor([secret]).mask(before + spelled + after)
        assert "***" in masked
        assert masked.startswith(before)
        assert spelled not in masked


@pytest.mark.parametrize("escape", ["%c0%af", "%e0%80%af", "%f7%bf%bf%bf"])
def test_an_escape_of_no_character_stays(escape: str) -> None:
    assert Redactor(["s3cret-mark"]).mask(f"{escape} s3cret%2Dmark") == f"{escape} ***"


@pytest.mark.parametrize("before", ["%", "\\", "\\u", "\\x", "&", "&#", "&#x", "%%", "\\\\"])
@pytest.mark.parametrize("after", ["", "41", "amp;", "n", ";", "\\", '"'])
def test_a_secret_that_touches_an_escape_is_masked(before: str, after: str) -> None:
    for secret in ("1234$abcdef", "4141&abc%", "necret/\\", "u0041$u0041\\u", "x41/x41%4"):
        for spell in (str, quote, html.escape, lambda text: json.dumps(text)[1:-1].replace("/", "\\/")):
            spelled = spell(secret)
            masked = Redactor([secret]).mask(f"<{before}{spelled}{after}>")
            assert "***" in masked
            assert spelled[:-4] not in masked


@settings(deadline=None, max_examples=100)
@given(
    secret=st.text(min_size=3, max_size=30).filter(lambda text: text.isprintable()),
    before=st.text(alphabet="ab <>'\"=:é", max_size=10),
    after=st.text(alphabet="ab <>'\"=:é", max_size=10),
    spelling=st.sampled_from(sorted(set(SPELLINGS) - {"form"})),
)
def test_no_spelled_secret_survives(secret: str, before: str, after: str, spelling: str) -> None:
    spelled = SPELLINGS[spelling](secret)
    masked = Redactor([secret]).mask(before + spelled + after)
    assert "***" in masked
    assert len(masked) <= len(before) + len(after) + 5 or secret in before + after


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="ab", min_size=3, max_size=8), st.text(alphabet="ab", max_size=60))
@example("abcdefghia", "abcdefghiabcdefghiabcdefghia")
@example("aaaa", "aaaaaaa")
@example("abcab", "abcabcab")
def test_overlapping_secrets_are_masked_whole(secret: str, text: str) -> None:
    covered = [False] * len(text)
    for start in range(len(text)):
        if text.startswith(secret, start):
            covered[start : start + len(secret)] = [True] * len(secret)
    expected = "".join("\0" if is_secret else character for character, is_secret in zip(text, covered, strict=True))
    masked = Redactor([secret]).mask(text)
    assert masked.replace("***", "").replace("*", "") == expected.replace("\0", "")


def test_secrets_that_overlap_each_other_are_masked() -> None:
    assert Redactor(["abcdef", "defghi"]).mask("<abcdefghi>") == "<***>"


def test_short_secrets_are_left_out() -> None:
    assert Redactor(["e", "no", ""]).mask("no such element") == "no such element"


@pytest.mark.parametrize("length", range(1, 40))
def test_a_cut_inside_a_secret_shows_nothing_of_it(length: int) -> None:
    secret = "c4n4ry/é&k3y-0123456789"
    for spell in SPELLINGS.values():
        shown = Redactor([secret]).redact("text " + spell(secret) + " more" * 20, max_length=len("text ") + length)
        assert "c4n4" not in shown
        assert "%63%34%6E" not in shown


def measure_seconds(work: Callable[[], object]) -> float:
    """CPU seconds, the best of three."""
    times = []
    for _ in range(3):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("0123456789", "abcdefghij"),
        ("aaaaaaaaaa", "aaaaaaaaab"),
        ("&+&+&+&+&+", "&amp;%2b+&"),
        ("\\\\\\\\\\\\\\\\\\\\", "\\\\\\\\\\\\\\\\\\\\"),
        ("%25%25%25%", "%2525252525"),
        ("ababababab", "abababababa"),
    ],
)
def test_masking_is_linear_in_secret_and_text(secret: str, text: str) -> None:
    """Ten times as much takes about ten times as long; what is quadratic takes a hundred times."""

    def mask(size: int) -> None:
        Redactor([secret * size]).mask(text * (10 * size), is_cut=True)

    small, large = measure_seconds(lambda: mask(100)), measure_seconds(lambda: mask(1000))
    assert large < 40 * max(small, 0.005)


def test_a_long_secret_in_a_long_text_is_masked() -> None:
    secret = "s3cr&t/é" * 12_500
    text = ("filler &amp; %41 \\u0041 " * 20_000) + html.escape(quote(secret)) + " end"
    masked = Redactor([secret]).mask(text)
    assert masked.endswith(" ***" + " end")


@settings(deadline=None)
@given(st.text())
@example("\ud800\x1b[31m\u202e\u2028\x85\x00\r\n\U000e0041")
def test_redacted_text_can_be_printed_anywhere(text: str) -> None:
    shown = escape_unprintable(text)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not [character for character in shown if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(shown) & set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert escape_unprintable(shown) == shown


def test_secrets_of_a_request_are_found() -> None:
    basic = base64.b64encode(b"proxy-user:proxy-pass").decode()
    request = httpx.Request(
        "POST",
        "https://ada:url-p%40ss@api.gcore.com/x",
        headers={
            "Authorization": "APIKey 42_key",
            "Proxy-Authorization": f"bASIC {basic}",
            "X-Api-Key": "other-key",
            "Cookie": "sid=cookie-value; lang=de",
            "Accept": "application/json",
        },
        json={"password": "pw-1", "inner": [{"refresh": "re-1"}], "one_time_password": 123456, "lang": "en"},
    )
    secrets = find_secrets(request)
    assert {"42_key", basic, "proxy-pass", "other-key", "cookie-value", "url-p@ss", "pw-1", "re-1", "123456"} <= secrets
    assert not secrets & {"application/json", "en", "APIKey", "bASIC", "proxy-user"}


@pytest.mark.parametrize("content", [b"", b"no JSON", b"[" * 100_000, b"\xff", b'"text"'])
def test_a_body_without_secrets_is_no_error(content: bytes) -> None:
    assert find_secrets(httpx.Request("POST", "https://api.gcore.com", content=content)) == set()


def test_a_body_that_was_not_read_is_no_error() -> None:
    assert find_secrets(httpx.Request("POST", "https://api.gcore.com", content=iter([b"{}"]))) == set()


def test_secrets_of_proxies_are_found() -> None:
    proxies = {"https": "http://user:p%2Fw@proxy:3128", "all": "user2:pw/2@proxy", "no": "a:b@c"}
    secrets = find_proxy_secrets(proxies)
    assert {"p/w", "p%2Fw", "pw/2", base64.b64encode(b"user:p/w").decode()} <= secrets
    assert "b" not in secrets


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"token": "9_abc", "id": 1', '{"token": "***", "id": 1'),
        ('{"access":"eyJ', '{"access":"***'),
        ('"{\\"refresh\\": \\"r\\"}"', '"{\\"refresh\\": \\"***\\"}"'),
        ('{"password": "a\\"b"}', '{"password": "***"}'),
        ("{'new': 'x', 'name': 'n'}", "{'new': '***', 'name': 'n'}"),
        ("nothing", "nothing"),
    ],
)
def test_issued_secrets_in_text_are_masked(text: str, masked: str) -> None:
    assert mask_secret_fields(text) == masked


def test_a_redactor_shows_no_secret_itself() -> None:
    assert "s3cret" not in repr(Redactor(["s3cret"]))
