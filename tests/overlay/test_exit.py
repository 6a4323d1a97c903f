"""Python exits at once and prints nothing while clients, sessions and iterations are open, and requests hang."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from gcore_iam.testing import FakeIAM, Hang

SECONDS = 25
"""Less than the 30 seconds that a read of a hanging request may take: no exit waits for one."""

PROGRAM = """
import asyncio, os, sys
from gcore_iam import AsyncIAMClient, IAMClient, Session

first, second, third = sys.argv[1:]
iam, async_iam = IAMClient(base_url=first), AsyncIAMClient(base_url=second)
with_session = IAMClient(Session("ada@example.com", "correct-horse-battery"), base_url=first)
with_session.users.get(1)
users = iter(iam.users.list(page_size=10, prefetch=8))
next(users)  # the pages that follow hang, in threads

async def main():
    global async_users
    await async_iam.users.get(1)
    async_users = aiter(async_iam.users.list(page_size=10, prefetch=8))
    await anext(async_users)

asyncio.run(main())
cycle = [users, async_users]
cycle.append(cycle)
"""

LEAVE = """
async def leave():
    async for user in AsyncIAMClient(base_url=third).users.list(page_size=10):
        raise LookupError("of the loop")

asyncio.run(leave())
"""

ENDS: dict[str, tuple[str, int, str]] = {
    "sys.exit": ("sys.exit(3)", 3, ""),
    "an exception": ("raise LookupError('of the program')", 1, "LookupError: of the program"),
    "a closing __del__": ("class Owner:\n    def __del__(self): iam.close()\nowner = Owner()", 0, ""),
    "a fork": ("child = os.fork()\nif child: sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))", 0, ""),
    "a loop that is left by an exception": (LEAVE, 1, "LookupError: of the loop"),
}
"""How the program ends: its last lines, its exit status, and the last line that it writes to stderr."""


@pytest.fixture
def urls() -> Iterator[list[str]]:
    """Three servers, of each of which only the first page of users comes."""
    with ExitStack() as stack:
        urls = []
        for _ in range(3):
            fake = FakeIAM([{"email": "ada@example.com"}, *({} for _ in range(59))])
            fake.inject(Hang(), path="/iam/users", after=1, times=None)
            urls.append(stack.enter_context(fake.serve()))
        yield urls


@pytest.mark.parametrize("end", ENDS)
def test_python_exits_at_once_and_in_silence(urls: list[str], end: str) -> None:
    lines, status, last_line = ENDS[end]
    if "fork" in lines and not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    # From Python 3.12 on, a fork beside threads is a DeprecationWarning of Python itself.
    options = ["-W", "ignore"] if "fork" in lines else []
    done = subprocess.run(
        [sys.executable, *options, "-c", PROGRAM + lines, *urls],
        env={**os.environ, "GCORE_API_KEY": FakeIAM(1).api_key},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert done.stderr.rstrip().rpartition("\n")[2] == last_line
    assert done.stderr.count("Traceback") == bool(last_line)
    assert "ignored" not in done.stderr


AT_EXIT = """
import atexit, sys, threading, time
from gcore_iam import IAMClient

iam = IAMClient(base_url=sys.argv[1])

def read():
    print(len(iam.users.list(page_size=10).collect()))

def read_later():
    threading.main_thread().join()
    read()

threading.Thread(target=read_later).start()
atexit.register(read)
"""


def test_pages_can_be_read_while_python_exits() -> None:
    """Python 3.12 starts no more threads then, so pages are not requested ahead."""
    fake = FakeIAM(60)
    with fake.serve() as url:
        done = subprocess.run(
            [sys.executable, "-c", AT_EXIT, url],
            env={**os.environ, "GCORE_API_KEY": fake.api_key},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "60\n60\n", "")
