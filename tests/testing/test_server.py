"""The fake as an HTTP server: threads, keep-alive, its end, its bugs, and clients that break the protocol."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest
from gcore_iam.testing import FakeIAM
from gcore_iam.testing.http import server
from gcore_iam.testing.messages import Response

from .support import authorize

THREADS = 32
REQUESTS = 15


def get_port(url: str) -> int:
    return httpx.URL(url).port or 0


@contextmanager
def raw_connection(url: str, data: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", get_port(url)), timeout=10) as connection:
        connection.sendall(data)
        yield connection


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def refuses_connections(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", get_port(url))) != 0


def test_the_url_names_the_loopback_address_and_a_free_port() -> None:
    with FakeIAM().serve() as url, FakeIAM().serve() as other:
        assert url == f"http://127.0.0.1:{get_port(url)}"
        assert url != other


def test_a_port_of_ones_own_can_be_taken_again_after_the_end() -> None:
    with FakeIAM(1).serve() as url:
        port = get_port(url)
    for _ in range(3):
        with FakeIAM(1).serve(port) as again:
            assert again == url
            assert httpx.get(f"{again}/iam/users", trust_env=False).status_code == 401


def test_connections_are_kept_alive() -> None:
    fake = FakeIAM(1)
    with fake.serve() as url:
        connection = HTTPConnection("127.0.0.1", get_port(url), timeout=10)
        local_ports = set()
        for _ in range(5):
            connection.request("GET", "/iam/users/1", headers=authorize(fake))
            response = connection.getresponse()
            assert (response.status, response.will_close) == (200, False)
            response.read()
            local_ports.add(connection.sock.getsockname())
        connection.close()
    assert len(local_ports) == 1


@pytest.mark.slow
def test_many_threads_get_only_right_responses() -> None:
    fake = FakeIAM(200, max_page_size=50)
    users = list(fake.users)

    def hammer(client: httpx.Client, thread: int) -> None:
        for turn in range(REQUESTS):
            offset = (thread * 7 + turn * 13) % 230
            page = client.get("/iam/users", params={"limit": 10, "offset": offset}).raise_for_status().json()
            assert (page["count"], page["results"]) == (200, users[offset : offset + 10])
            one = client.get(f"/iam/users/{offset + 1}")
            assert one.status_code == (200 if offset < 200 else 404)
            assert offset >= 200 or one.json()["email"] == users[offset]["email"]

    with (
        fake.serve() as url,
        httpx.Client(base_url=url, headers=authorize(fake), trust_env=False) as client,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        for result in [pool.submit(hammer, client, thread) for thread in range(THREADS)]:
            result.result(timeout=120)


def test_hundreds_of_connections_at_once() -> None:
    fake = FakeIAM(1)
    request = (
        f"GET /iam/users/1 HTTP/1.1\r\nHost: x\r\nAuthorization: APIKey {fake.api_key}\r\nConnection: close\r\n\r\n"
    )
    with fake.serve() as url:
        connections = [socket.create_connection(("127.0.0.1", get_port(url)), timeout=10) for _ in range(300)]
        for connection in connections:
            connection.sendall(request.encode())
        answers = [read_all(connection) for connection in connections]
        for connection in connections:
            connection.close()
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)


def test_leaving_ends_thread_socket_and_idle_connections() -> None:
    threads = threading.active_count()
    with FakeIAM(1).serve() as url, raw_connection(url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as idle:
        assert idle.recv(65536).startswith(b"HTTP/1.1 404")
        assert threading.active_count() == threads + 1
    assert threading.active_count() == threads
    assert refuses_connections(url)


def test_idle_connections_do_not_delay_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_SHUTDOWN_SECONDS", 60)
    with ExitStack() as serving:
        url = serving.enter_context(FakeIAM(1).serve())
        with raw_connection(url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as idle:
            assert idle.recv(65536)
            began = time.monotonic()
            serving.close()
            assert time.monotonic() - began < 30
            assert idle.recv(65536) == b""


def test_a_client_that_stops_halfway_delays_the_end_briefly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "_SHUTDOWN_SECONDS", 0.1)
    half = b"POST /iam/users HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab"
    with ExitStack() as serving:
        url = serving.enter_context(FakeIAM(1).serve())
        with raw_connection(url, half), raw_connection(url, half[:30]):
            began = time.monotonic()
            serving.close()
            assert time.monotonic() - began < 10
            assert refuses_connections(url)


def test_connections_accepted_in_the_last_moment_are_closed_too() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(40):
            with ExitStack() as connections, FakeIAM(1).serve() as url:
                for _ in range(5):
                    connections.enter_context(raw_connection(url, b"GET /iam"))
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_an_exception_passes_through_and_the_server_ends() -> None:
    threads = threading.active_count()
    urls: list[str] = []

    def scenario() -> None:
        with FakeIAM(1).serve() as url:
            urls.append(url)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        scenario()
    assert threading.active_count() == threads
    assert refuses_connections(urls[0])


def test_a_thread_that_cannot_start_is_the_callers_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_loop(*_: object) -> None:
        raise OSError("too many open files")

    threads = threading.active_count()
    monkeypatch.setattr(server, "_serve", no_loop)
    with pytest.raises(OSError, match="too many open files"), FakeIAM(1).serve():
        pytest.fail("served without a loop")
    assert threading.active_count() == threads


def test_it_can_be_served_from_inside_a_running_event_loop() -> None:
    fake = FakeIAM(30)

    async def scenario() -> list[int]:
        with fake.serve() as url:
            async with httpx.AsyncClient(base_url=url, headers=authorize(fake), trust_env=False) as client:
                answers = await asyncio.gather(*(client.get(f"/iam/users/{user['id']}") for user in fake.users))
                return [answer.json()["id"] for answer in answers]

    assert asyncio.run(scenario()) == list(range(1, 31))


def test_a_busy_port_is_the_callers_error() -> None:
    threads = threading.active_count()
    with FakeIAM(1).serve() as url:
        with pytest.raises(OSError, match=str(get_port(url))), FakeIAM(1).serve(get_port(url)):
            pytest.fail("served on a busy port")
        assert httpx.get(f"{url}/", trust_env=False).status_code == 404
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    ("port", "error"), [(-1, ValueError), (65536, ValueError), ("80", TypeError), (True, TypeError), (None, TypeError)]
)
def test_a_bad_port_is_refused_before_the_block(port: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="port"):
        FakeIAM(1).serve(port)


@contextmanager
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail(*_: object) -> Response:
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr("gcore_iam.testing.router.build_response", fail)
        yield


def test_a_bug_surfaces_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeIAM(1)
    with (
        broken(monkeypatch),
        httpx.Client(base_url="http://fake", transport=fake.transport()) as client,
        pytest.raises(ZeroDivisionError),
    ):
        client.get("/iam/users")


def test_a_bug_is_logged_and_answered_with_500_over_http(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fake = FakeIAM(1)
    with fake.serve() as url, httpx.Client(base_url=url, headers=authorize(fake), trust_env=False) as client:
        with broken(monkeypatch):
            response = client.get("/iam/users?limit=1")
        assert client.get("/iam/users").status_code == 200
    assert response.status_code == 500
    assert set(response.json()) == {"message"}
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Request-ID"]
    (record,) = [record for record in caplog.records if record.name.startswith("gcore_iam.testing")]
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
    assert fake.api_key not in caplog.text


@pytest.mark.parametrize(
    "authorization_line",
    [
        b"Authorization: APIKey \xff\xfe\x80\r\n",
        b"Authorization:\r\n",
        b"Authorization:    \r\n",
        b"Authorization: APIKey\r\n",
        b"aUTHORIZATION: \xc3\xa9 \xc3\xa9\r\n",
    ],
)
def test_odd_header_bytes_give_401(authorization_line: bytes) -> None:
    request = b"GET /iam/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + authorization_line + b"\r\n"
    with FakeIAM(1).serve() as url, raw_connection(url, request) as connection:
        assert read_all(connection).startswith(b"HTTP/1.1 401 ")


def test_bytes_that_are_not_http_do_not_end_the_server() -> None:
    fake = FakeIAM(1)
    with fake.serve() as url:
        for data in (b"\x16\x03\x01\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"\r\n\r\nnonsense\r\n\r\n"):
            with raw_connection(url, data) as connection:
                assert b" 400 " in read_all(connection)
        assert httpx.get(f"{url}/iam/users", headers=authorize(fake), trust_env=False).status_code == 200


def test_a_client_that_disconnects_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    fake = FakeIAM(1)
    half = b"POST /iam/users HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab"
    with fake.serve() as url:
        for _ in range(20):
            with raw_connection(url, half):
                pass
        assert httpx.get(f"{url}/iam/users", headers=authorize(fake), trust_env=False).status_code == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_an_absolute_request_target_is_understood() -> None:
    fake = FakeIAM(1)
    request = (
        f"GET http://api.example/iam/users?limit=1 HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n"
        f"Authorization: APIKey {fake.api_key}\r\n\r\n"
    )
    with fake.serve() as url, raw_connection(url, request.encode()) as connection:
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"count":1' in answer


def test_without_aiohttp_serving_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['aiohttp'] = None\n"
        "from gcore_iam.testing import FakeIAM\n"
        "fake = FakeIAM(); fake.transport()\n"
        "try: fake.serve()\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout == 'serving needs aiohttp: pip install "gcore-iam[testing]"\n'
