"""After a fork each process spends its own refresh tokens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gcore_iam.testing import Delay, FakeIAM

from .page_transport import wait_until

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.fake_iam([{"email": "ada@example.com", "groups": [{"id": 1}]}]),
]

START = """
import multiprocessing, os, sys, threading, time, warnings
from gcore_iam import *
warnings.simplefilter("ignore", DeprecationWarning)
url, path = sys.argv[1:]
LOGIN = "ada@example.com", "correct-horse-battery"

def logged_in(store=None):
    with IAMClient("none", base_url=url) as iam:
        token = iam.auth.login(*LOGIN)
    return Session.from_tokens(token.access, token.refresh, store=store)

def expire():
    print("expire", flush=True)
    sys.stdin.readline()

def get(iam):
    try:
        return str(iam.users.get(1).id)
    except IAMError as error:
        return type(error).__name__ + ("" if "FileTokenStore" in str(error) else "?")

def in_child(work):
    child = os.fork()
    if not child:
        try:
            print("child", work(), flush=True)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
"""


def run_program(fake: FakeIAM, program: str, tmp_path: Path) -> list[str]:
    """Run a program; where it asks for it, let tokens expire or wait for its refresh; return what else it prints."""
    with fake.serve() as url:
        arguments = [sys.executable, "-c", START + program, url, str(tmp_path / "tokens.json")]
        with subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            lines = []
            for line in process.stdout:
                if line in ("expire\n", "wait for refresh\n"):
                    if line == "expire\n":
                        fake.clock.advance(hours=1)
                    else:
                        assert wait_until(lambda: fake.calls["iamRefreshToken"] == 1)
                    process.stdin.write("\n")
                    process.stdin.flush()
                else:
                    lines.append(line.strip())
            errors = process.stderr.read()
    assert errors == ""
    return lines


def count_exchanges(fake: FakeIAM) -> tuple[int, int]:
    return fake.calls["iamLoginUser"], fake.calls["iamRefreshToken"]


def test_a_child_logs_in_itself(fake: FakeIAM, tmp_path: Path) -> None:
    program = """
iam = IAMClient(Session(*LOGIN), base_url=url)
iam.users.get(1)
def child():
    before = get(iam)  # the parent's access token serves until its end
    expire()
    return before, get(iam), get(iam)
in_child(child)
print("parent", get(iam))
"""
    assert run_program(fake, program, tmp_path) == ["child ('1', '1', '1')", "parent 1"]
    assert count_exchanges(fake) == (2, 1)


def test_a_child_without_a_password_is_told_what_to_do(fake: FakeIAM, tmp_path: Path) -> None:
    program = """
iam = IAMClient(logged_in(), base_url=url)
iam.users.get(1)
def child():
    before = get(iam)
    expire()
    return before, get(iam), get(iam)
in_child(child)
print("parent", get(iam))
"""
    assert run_program(fake, program, tmp_path) == [
        "child ('1', 'ConfigurationError', 'ConfigurationError')",
        "parent 1",
    ]
    assert count_exchanges(fake) == (1, 1)


def test_a_session_of_the_child_leaves_the_parents_store_alone(fake: FakeIAM, tmp_path: Path) -> None:
    program = """
store = MemoryTokenStore()
iam = IAMClient(Session(*LOGIN, store=store), base_url=url)
iam.users.get(1)
def child():
    again = iam.with_options(auth=Session(*LOGIN, store=store))
    expire()
    return get(again), get(iam)
in_child(child)
print("parent", get(iam))
"""
    assert run_program(fake, program, tmp_path) == ["child ('1', '1')", "parent 1"]
    assert count_exchanges(fake) == (2, 1)


def test_a_grandchild_leaves_the_childs_token_alone(fake: FakeIAM, tmp_path: Path) -> None:
    program = """
iam = IAMClient(Session(*LOGIN), base_url=url)
iam.users.get(1)
def grandchild():
    expire()
    return get(iam)
def child():
    expire()
    first = get(iam)
    in_child(grandchild)
    return first, get(iam)
in_child(child)
print("parent", get(iam))
"""
    assert run_program(fake, program, tmp_path) == ["child 1", "child ('1', '1')", "parent 1"]
    assert count_exchanges(fake) == (3, 2)


def test_multiprocessing_children_log_in_themselves(fake: FakeIAM, tmp_path: Path) -> None:
    program = """
iam = IAMClient(Session(*LOGIN), base_url=url)
iam.users.get(1)
expire()
def one(_):
    return get(iam)
with multiprocessing.get_context("fork").Pool(3) as pool:
    print(*pool.map(one, [0] * 6, chunksize=2))
print("parent", get(iam))
"""
    assert run_program(fake, program, tmp_path) == ["1 1 1 1 1 1", "parent 1"]
    logins, refreshes = count_exchanges(fake)
    assert (logins <= 4, refreshes) == (True, 1)


@pytest.mark.slow
def test_a_fork_during_a_refresh_leaves_no_lock(fake: FakeIAM, tmp_path: Path) -> None:
    program = """
iam = IAMClient(Session(*LOGIN), base_url=url)
iam.users.get(1)
expire()
thread = threading.Thread(target=get, args=[iam])
thread.start()
print("wait for refresh", flush=True)
sys.stdin.readline()
def child():
    began = time.monotonic()
    with IAMClient(Session(*LOGIN), base_url=url) as other:
        both = get(iam), get(other)
    iam.close()
    return both, time.monotonic() - began < 20
in_child(child)
thread.join()
print("parent", get(iam))
"""
    fake.inject(Delay(1.0), path="/iam/auth/jwt/refresh")
    assert run_program(fake, program, tmp_path) == ["child (('1', '1'), True)", "parent 1"]
    assert count_exchanges(fake) == (3, 1)


def test_processes_that_share_a_file_refresh_once(fake: FakeIAM, tmp_path: Path) -> None:
    program = """
iam = IAMClient(logged_in(FileTokenStore(path)), base_url=url)
iam.users.get(1)
def child():
    expire()
    first = get(iam)
    in_child(lambda: get(iam))
    return first
in_child(child)
print("parent", get(iam))
"""
    assert run_program(fake, program, tmp_path) == ["child 1", "child 1", "parent 1"]
    assert count_exchanges(fake) == (1, 1)
