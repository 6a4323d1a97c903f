"""No local variable shows the password of a URL in the settings: the base URL, and the proxies of the environment."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest
from gcore_iam import AsyncIAMClient, ConfigurationError, IAMClient, IAMError

from .conftest import ClientKind
from .frames import find_leaks, walk_traceback

KEY, PASSWORD = "1_s3cretkey", "s3cret-password-1"


def check_error(error: BaseException) -> None:
    assert find_leaks(walk_traceback(error), ["s3cret"], str(Path(__file__).parent)) == set()
    traceback.TracebackException.from_exception(error, capture_locals=True)  # no `repr` fails


@pytest.mark.parametrize(
    "url",
    [
        f"https://ada:{PASSWORD}@example.com",
        f"https://{PASSWORD}@example.com",
        f"https://ada:{PASSWORD}@[::bad",
        f"https://ada:{PASSWORD}@example.com:0",
        f"ftp://ada:{PASSWORD}@example.com",
        f"https://example.com?token={PASSWORD}",
        f"https://ada:{PASSWORD}@example.com".encode(),
    ],
)
def test_no_frame_of_a_wrong_base_url_shows_it(url: str) -> None:
    for client in (IAMClient, AsyncIAMClient):
        with pytest.raises(ConfigurationError) as caught:
            client(KEY, base_url=url)
        check_error(caught.value)


@pytest.mark.parametrize("url", [f"https://ada:{PASSWORD}@example.com", f"https://ada:{PASSWORD}@[::bad"])
def test_no_frame_of_a_wrong_url_in_the_environment_shows_it(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("GCORE_BASE_URL", url)
    for client in (IAMClient, AsyncIAMClient):
        with pytest.raises(ConfigurationError) as caught:
            client(KEY)
        check_error(caught.value)


@pytest.mark.parametrize(
    "proxy", ["ftp://ada:{}@proxy", "http://ada:{}@[::bad", "http://ada:{}@proxy:0", "ftp://{}@proxy"]
)
def test_no_frame_of_a_wrong_proxy_shows_its_password(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.format(PASSWORD))
    for client in (IAMClient, AsyncIAMClient):
        with pytest.raises(ConfigurationError) as caught:
            client(KEY)
        check_error(caught.value)


def test_no_frame_of_a_failed_proxy_shows_its_password(
    client_kind: ClientKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://ada:{PASSWORD}@127.0.0.1:9")
    with pytest.raises(IAMError) as caught:
        client_kind.run(lambda iam: iam.users.get(1), KEY, base_url="https://example.com", retries=0)
    check_error(caught.value)


def test_a_wrong_url_leaves_an_earlier_error_as_it_is() -> None:
    def parse(text: str) -> int:
        return int(json.loads(text)["x"])

    try:
        parse('{"x": ')
    except ValueError as handled:
        with pytest.raises(ConfigurationError):
            IAMClient(KEY, base_url="https://[::bad")
        names = {frame.f_code.co_name: dict(frame.f_locals) for frame in walk_traceback(handled)}
        assert names["raw_decode"]["s"] == '{"x": '
