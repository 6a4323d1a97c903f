"""`python -m gcore_iam.testing` as a person or a script runs it."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from gcore_iam.testing import FakeIAM
from gcore_iam_client.description import DESCRIPTION

COMMAND = (sys.executable, "-m", "gcore_iam.testing")
SECONDS = 60


@contextmanager
def start(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
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
        assert process.stdout.readline().startswith("API key: ")
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
    with start("--users", "7", "--api-key", "42_abc", "--seed", "5") as (process, url):
        assert get(f"{url}/iam/users", "42_abc").json() == list(FakeIAM(7, seed=5).users)
        assert get(f"{url}/iam/users", FakeIAM().api_key).status_code == 401
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=SECONDS)
    assert (process.returncode, stdout, stderr) == (0, "", "")


def test_two_signals_and_an_open_connection_end_it_cleanly() -> None:
    with start() as (process, url), httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/").status_code == 404
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=SECONDS)
    assert (process.returncode, stdout, stderr) == (0, "", "")


def test_the_defaults_are_those_of_the_class() -> None:
    fake = FakeIAM()
    with start() as (_, url):
        assert get(f"{url}/iam/users", fake.api_key).json() == list(fake.users)


def test_a_given_port_and_a_busy_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"port {port} is in use" in done.stderr
    with start("--port", str(port)) as (_, url):
        assert url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "x"),
        ("--port", "-1"),
        ("--port", "65536"),
        ("--users", "-1"),
        ("--users", "many"),
        ("--users", "99999999"),
        ("--seed", "x"),
        ("--api-key", ""),
        ("--api-key", "se cret"),
        ("--surprise", "1"),
        ("--spec", "nowhere.json"),
        ("--spec", "pyproject.toml"),
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


def test_another_spec_is_served(tmp_path: Path) -> None:
    document = copy.deepcopy(DESCRIPTION)
    del document["paths"]["/iam/users"]
    (tmp_path / "spec.json").write_text(json.dumps(document), "utf-8")
    with start("--spec", str(tmp_path / "spec.json")) as (_, url):
        assert get(f"{url}/iam/users", FakeIAM().api_key).status_code == 404
        assert get(f"{url}/iam/users/1", FakeIAM().api_key).status_code == 200


# --- users from a file, verbose, control ---------------------------------------------------------------------------


def test_it_prints_the_key() -> None:
    process = subprocess.Popen([*COMMAND, "--api-key", "42_abc"], stdout=subprocess.PIPE, text=True)
    guard = threading.Timer(SECONDS, process.kill)
    guard.start()
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on http://127.0.0.1:")
        assert process.stdout.readline() == "API key: 42_abc\n"
    finally:
        guard.cancel()
        process.kill()
        process.communicate()


def test_users_come_from_a_json_file(tmp_path: Path) -> None:
    file = tmp_path / "users.json"
    file.write_text(json.dumps([{"email": "ada@example.com"}, {"email": "bob@example.com"}]), encoding="utf-8")
    with start("--users", str(file)) as (_, url):
        users = get(f"{url}/iam/users", FakeIAM().api_key).json()
    assert [user["email"] for user in users] == ["ada@example.com", "bob@example.com"]


def test_a_json_file_holds_tokens_and_logins_too(tmp_path: Path) -> None:
    content = {"users": [{}, {}], "tokens": [{"token": "7_abcdef", "client_user": {"user_id": 2}}], "logins": [{}]}
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    with start("--users", str(file)) as (_, url):
        assert get(f"{url}/iam/users/2", "7_abcdef").status_code == 200
        assert get(f"{url}/iam/activity_log/logins", FakeIAM().api_key).json()["count"] == 1


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (None, "must be a number or a JSON file; cannot read "),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON: maximum recursion depth exceeded"),
        ('{"people": []}', "must hold a list of users, or an object with users, tokens, logins"),
        ("7", "must hold a list of users"),
        ('[{"emial": "a"}]', "users[0] has an unknown key 'emial'"),
        ('{"tokens": [{"token": ""}]}', "tokens[0].token must be one or more visible ASCII characters"),
    ],
)
def test_a_wrong_file_of_users_ends_with_2_and_says_why(tmp_path: Path, content: str | None, hint: str) -> None:
    file = tmp_path / "users.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    done = run("--users", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_verbose_logs_each_request_without_secrets() -> None:
    with start("--verbose", "--api-key", "42_0123456789abcdef") as (process, url):
        get(f"{url}/iam/users?limit=2&q=42_0123456789abcdef", "42_0123456789abcdef")
        get(f"{url}/nowhere", "wrong-secret")
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=SECONDS)
    assert stderr.splitlines() == ["GET /iam/users?limit=2&q=*** 200 iamGetUsers", "GET /nowhere 404 -"]


def test_without_control_there_are_no_control_paths() -> None:
    with start() as (_, url):
        assert httpx.get(f"{url}/_fake/state", trust_env=False).status_code == 404


def test_with_control_a_program_injects_faults() -> None:
    with start("--control") as (process, url):
        fault = {"faults": [{"fault": "Status", "status": 503}]}
        assert httpx.post(f"{url}/_fake/faults", json=fault, trust_env=False).status_code == 201
        statuses = [get(f"{url}/iam/users/1", FakeIAM().api_key).status_code for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)
    assert statuses == [503, 200]
    assert process.returncode == 0


def test_a_shell_script_injects_faults_and_reads_the_state() -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    script = """
    set -eu
    curl -s -o /dev/null -X POST "$URL/_fake/faults" -d '{"faults": [{"fault": "Status", "status": 429}], "times": 2}'
    for attempt in 1 2 3; do
        curl -s -o /dev/null -w '%{http_code} ' "$URL/iam/users/1" -H "Authorization: APIKey $KEY"
    done
    curl -s "$URL/_fake/calls"
    """
    with start("--control", "--api-key", "42_abc") as (_, url):
        environment = {**os.environ, "URL": url, "KEY": "42_abc", "NO_PROXY": "*"}
        done = subprocess.run(
            ["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    assert (done.stdout, done.stderr) == ('429 429 200 {"iamGetUser":3}', "")


def test_the_container_recipe_runs_this_command() -> None:
    root = Path(__file__).parents[2]
    recipe = (root / "examples" / "fake-iam-container" / "Dockerfile").read_text("utf-8")
    for line in re.findall(r"^COPY (.*) \S+$", recipe, re.MULTILINE):
        for source in line.split():
            assert (root / source).exists(), source
    (command,) = re.findall(r"^ENTRYPOINT (.*)$", recipe, re.MULTILINE)
    program, *arguments = json.loads(command)
    assert [program, *arguments[:2]] == ["python", *COMMAND[1:]]
    assert run(*arguments[2:], "--gaps").returncode == 0


def test_a_fault_that_did_not_fit_ends_the_command_with_1() -> None:
    with start("--control") as (process, url):
        httpx.post(f"{url}/_fake/faults", json={"faults": [{"fault": "Null", "field": "nothing"}]}, trust_env=False)
        assert get(f"{url}/iam/users/1", FakeIAM().api_key).status_code == 500
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "Null finds no 'nothing' in the response 200" in stderr
    assert "Traceback" not in stderr
