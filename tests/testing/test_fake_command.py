"""`python -m gcore_iam.testing` as a person or a script runs it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from gcore_iam.testing import FakeIAM

COMMAND = (sys.executable, "-m", "gcore_iam.testing")
SECONDS = 60


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running command and its URL; killed at the end if it still runs."""
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # A command that prints nothing must fail the test rather than hang it.
    guard = threading.Timer(SECONDS, process.kill)
    guard.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
        assert match, (line, process.communicate())
        yield process, match[1]
    finally:
        guard.cancel()
        process.kill()
        process.communicate()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False)


def get(url: str, key: str) -> httpx.Response:
    return httpx.get(url, headers={"Authorization": f"APIKey {key}"}, trust_env=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_ends_cleanly(number: signal.Signals) -> None:
    with started("--users", "7", "--api-key", "42_abc", "--seed", "5") as (process, url):
        assert get(f"{url}/iam/users", "42_abc").json() == list(FakeIAM(7, seed=5).users)
        assert get(f"{url}/iam/users", FakeIAM().api_key).status_code == 401
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=SECONDS)
    assert (process.returncode, stdout, stderr) == (0, "", "")


def test_two_signals_in_a_row_and_an_open_connection_change_nothing() -> None:
    with started() as (process, url), httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/").status_code == 404
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=SECONDS)
    assert (process.returncode, stdout, stderr) == (0, "", "")


def test_the_defaults_are_those_of_the_class() -> None:
    fake = FakeIAM()
    with started() as (_, url):
        assert get(f"{url}/iam/users", fake.api_key).json() == list(fake.users)


def test_a_port_of_ones_own_and_a_busy_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"port {port} is in use" in done.stderr
    with started("--port", str(port)) as (_, url):
        assert url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "x"),
        ("--port", "-1"),
        ("--port", "65536"),
        ("--users", "-1"),
        ("--users", "many"),
        ("--seed", "x"),
        ("--api-key", ""),
        ("--api-key", "se cret"),
        ("--surprise", "1"),
        ("8080",),
    ],
)
def test_bad_arguments_end_with_2_and_say_why(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "cret" not in done.stderr


@pytest.mark.parametrize("name", ["aiohttp", "jwt", "pyotp", "jsonschema_rs"])
def test_without_the_extra_one_line_says_what_to_install(name: str) -> None:
    code = (
        f"import sys, runpy; sys.modules[{name!r}] = None; runpy.run_module('gcore_iam.testing', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert 'pip install "gcore-iam[testing]"' in done.stderr
