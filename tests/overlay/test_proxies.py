"""What the environment says of proxies, certificates and the base URL: it works, or the error names the variable."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import httpx
import pytest
from gcore_iam import APIConnectionError, AsyncIAMClient, ConfigurationError, IAMClient
from gcore_iam._proxies import ProxySettings, parse_bypass_rule, read_proxy_settings
from gcore_iam._urls import parse_url
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import ClientKind, ClientOptions

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that responds to every request itself, and the URLs of these requests."""
    requested: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requested.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, format: str, *words: object) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", requested
        server.shutdown()


@pytest.mark.parametrize(
    "no_proxy",
    [
        "localhost,[::1]",
        "localhost,fd07:b51a:cc66:f0::/64",
        "[fd07::]/64,::1",
        "[::1]:8080,10.0.0.0/8",
        "[::1",
        "::1]",
        "fe80::1%eth0",
        "fd00::/200",
        "a:b:c",
        "http://",
        "exa mple..com",
        ":8080",
        "host:99999999",
        "\udcff\udcfe",
        "*.example.com,,  ,",
        "x" * 100_000,
    ],
)
def test_no_entry_of_no_proxy_stops_a_client(
    no_proxy: str, proxy: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, client_kind: ClientKind
) -> None:
    url, requested = proxy
    monkeypatch.setenv("HTTP_PROXY", url)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    options: ClientOptions = {"base_url": "http://iam.invalid", "allow_http": True, "retries": 0}
    assert client_kind.run(lambda iam: iam.tokens.list(1), "42_k", **options) == []
    assert requested == ["http://iam.invalid/iam/v2/clients/1/tokens"]


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_bypassed"),
    [
        ("example.com", "https://example.com", True),
        ("example.com", "https://api.example.com", True),
        ("EXAMPLE.com.", "https://api.example.COM.", True),
        ("example.com", "https://badexample.com", False),
        ("example.com", "https://example.com.evil.test", False),
        (".example.com", "https://api.example.com", True),
        (".example.com", "https://example.com", True),
        ("*.example.com", "https://api.example.com", True),
        ("example.com:8443", "https://example.com:8443", True),
        ("example.com:8443", "https://example.com", False),
        ("example.com:443", "https://example.com", True),
        ("https://example.com", "https://example.com", True),
        ("http://example.com", "https://example.com", False),
        ("all://example.com", "https://example.com", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/255.0.0.0", "https://10.1.2.3", True),
        ("10.1.2.3", "https://10.1.2.3:8443", True),
        ("10.1.2.3:8443", "https://10.1.2.3:8443", True),
        ("0.1.2", "https://10.0.1.2", False),
        ("fd07:b51a::/32", "https://[fd07:b51a::1]", True),
        ("fd07:b51a::/32", "https://[fd08:b51a::1]", False),
        ("[fd07:b51a::]/32", "https://[fd07:b51a::1]:8443", True),
        ("[2001:db8::1]", "https://[2001:DB8:0:0::1]", True),
        ("2001:db8::1", "https://[2001:db8::1]", True),
        ("2001:db8::1:443", "https://[2001:db8::1]", False),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443", True),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]", False),
        ("10.0.0.0/8", "https://[::ffff:10.0.0.1]", True),
        ("bücher.example", "https://xn--bcher-kva.example", True),
        ("a.test b.test,c.test", "https://b.test", True),
        ("a.test,*", "https://example.com", True),
        ("", "https://example.com", False),
    ],
)
def test_no_proxy_is_read_as_curl_reads_it(
    no_proxy: str, url: str, is_bypassed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    found = read_proxy_settings()
    proxy = None if found is None else found.find_proxy(httpx.URL(url))
    assert proxy == (None if is_bypassed else "http://proxy.test:3128")


def test_each_scheme_has_its_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "one.test:1")
    monkeypatch.setenv("ALL_PROXY", "http://two.test:2")
    found = read_proxy_settings()
    assert found is not None
    assert found.find_proxy(httpx.URL("https://a.test")) == "http://one.test:1"
    assert found.find_proxy(httpx.URL("http://a.test")) == "http://two.test:2"


def test_a_network_may_be_named_by_any_of_its_addresses() -> None:
    rule = parse_bypass_rule("10.1.2.3/8")
    assert rule is not None
    found = ProxySettings({"all": "http://p.test"}, [rule])
    assert found.find_proxy(httpx.URL("http://10.200.0.1")) is None
    assert found.find_proxy(httpx.URL("http://11.0.0.1")) == "http://p.test"


def test_local_variables_show_no_password_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:c4n4ry@proxy.test:3128")
    found = read_proxy_settings()
    assert found is not None
    proxy = found.find_proxy(httpx.URL("https://a.test"))
    assert proxy == "http://ada:c4n4ry@proxy.test:3128"
    assert "c4n4ry" not in repr([proxy, vars(found)])


def test_a_scheme_without_a_proxy_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    found = read_proxy_settings()
    assert found is not None
    assert found.find_proxy(httpx.URL("http://a.test")) is None


def test_a_socks_proxy_is_used_if_its_package_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    package = types.ModuleType("socksio")
    package.__spec__ = ModuleSpec("socksio", None)
    monkeypatch.setitem(sys.modules, "socksio", package)
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.test:1080")
    found = read_proxy_settings()
    assert found is not None
    assert found.find_proxy(httpx.URL("https://a.test")) == "socks5://proxy.test:1080"


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(codec=None)) | st.text("[]:/.*%0123456789abcdef", max_size=30))
def test_any_text_in_no_proxy_is_a_rule_or_passed_over(entry: str) -> None:
    rule = parse_bypass_rule(entry)
    if rule is not None:
        found = ProxySettings({"all": "http://p.test"}, (rule,))
        for url in ("https://a.test", "http://[::1]:80", "https://127.0.0.1"):
            assert found.find_proxy(httpx.URL(url)) in (None, "http://p.test")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "value",
    [
        "http://[::1",
        "http://proxy:port",
        "http://proxy:99999",
        "http://user:c4n4ry/pass@proxy:3128",
        "http://user:c4n4ry[@proxy:x",
        "ftp://proxy:21",
        "://",
        "http://",
        "http://a..b:3128",
        f"http://{'a' * 64}:3128",
        "http://pro xy:3128",
        "http://proxy\x7f:3128",
        "http://\udcff:3128",
        "http://proxy/\udcff",
        "socks5://proxy:1080",
    ],
)
@pytest.mark.parametrize("cls", [IAMClient, AsyncIAMClient])
def test_a_wrong_proxy_is_an_error_that_names_the_variable(
    cls: type, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name) as caught:
        cls("42_k")
    assert "c4n4ry" not in str(caught.value) + repr(caught.value.__cause__)
    str(caught.value).encode("utf-8")


def test_a_proxy_password_shows_nowhere(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="gcore_iam")

    class Refusing(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_response(407, f"no {self.headers['proxy-authorization']} c4n4ry/pw")
            self.end_headers()

        def log_message(self, format: str, *words: object) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:c4n4ry%2Fpw@127.0.0.1:{server.server_port}")
        with IAMClient("42_k", retries=0) as iam, pytest.raises(APIConnectionError) as caught:
            iam.users.get(1)
        server.shutdown()
    shown = str(caught.value) + repr(vars(caught.value)) + repr(caught.value.__cause__) + caplog.text
    assert "407" in shown
    assert "c4n4ry" not in shown
    assert "dXNlcj" not in shown
    assert "c4n4ry" not in repr(read_proxy_settings())


def test_a_user_given_transport_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://[::1")
    with IAMClient("42_k", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[]))) as iam:
        assert iam.tokens.list(1) == []


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "no certificates", "empty"])
def test_a_wrong_certificate_file_is_an_error_that_names_it(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "certificates"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind != "missing":
        path.write_bytes(b"" if kind == "empty" else b"\xff\x00 no certificates")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    for cls in (IAMClient, AsyncIAMClient):
        with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
            cls("42_k")


@pytest.mark.parametrize(("name", "value"), [("SSL_CERT_DIR", "/no/such\udcff"), ("SSLKEYLOGFILE", "/no/such/file")])
def test_a_wrong_certificate_setting_is_an_error(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name) as caught:
        IAMClient("42_k")
    str(caught.value).encode("utf-8")


BAD_URLS = [
    "https://a/\ud800",
    "https://\ud800.com",
    "https://xn--zzzzz--.com",
    "https://a:99999",
    "https://a:-1",
    "https://a:0",
    "https://a b",
    "https://%41.com",
    "https://a..b",
    f"https://{'a' * 64}.com",
    "https://[::1",
    "https://[zz]",
    "https://user:c4n4ry/x@host:1",
    "https://user:c4n4ry@host:port",
    "https://a\x00b",
    "https://" + "a" * 70_000,
    "https://",
    "//host",
    "host",
    "",
    "ftp://host",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_base_url_that_cannot_be_one_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for cls in (IAMClient, AsyncIAMClient):
        with pytest.raises(ConfigurationError, match="base_url") as caught:
            cls("42_k", base_url=url)
        assert "c4n4ry" not in str(caught.value) + repr(caught.value.__cause__)
        str(caught.value).encode("utf-8")
    if url and "\x00" not in url and "\ud800" not in url and len(url) < 10_000:
        monkeypatch.setenv("GCORE_BASE_URL", url)
        with pytest.raises(ConfigurationError, match="GCORE_BASE_URL"):
            IAMClient("42_k")


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(codec=None), max_size=40), st.sampled_from(["", "https://", "https://h/", "https://h:"]))
def test_any_text_as_a_url_is_parsed_or_refused(text: str, start: str) -> None:
    try:
        url = parse_url(start + text)
    except ValueError as error:
        str(error).encode("utf-8")
    else:
        url.host.encode("idna")
        assert url.scheme


@pytest.mark.parametrize("name", ["X\ud800", "X Y", "", "X\n", "é", "X:"])
@pytest.mark.parametrize("value", ["v", "\ud800", "a\nb", "\x00", " v", None, b"v", 5])
def test_headers_that_cannot_be_sent_are_refused(name: str, value: Any) -> None:
    for headers in ({name: "v"}, {"X-Y": value}, {name: value}):
        if headers == {"X-Y": "v"}:
            continue
        with pytest.raises(ConfigurationError) as caught:
            IAMClient("42_k", headers=headers)
        str(caught.value).encode("utf-8")


def test_ipv6_in_no_proxy_leads_to_errors_of_this_library() -> None:
    program = """
import gcore_iam
try:
    with gcore_iam.IAMClient("42_k", retries=0) as iam:
        iam.users.get(1)
except gcore_iam.IAMError as error:
    print(type(error).__name__)
"""
    environment = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "localhost,[::1],fd07::/64"}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )
    assert run.stdout == "APIConnectionError\n", run.stderr
