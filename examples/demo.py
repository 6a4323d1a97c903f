"""Show the library at work: the account, all users, one user, an unknown user; sync, then async.

Then, with FakeIAM only: a session that renews its tokens, a token that is rotated, a network that fails.

The demo uses FakeIAM, a server for tests, over HTTP on this machine. With --live it uses the real API, read-only, with
the key in GCORE_API_KEY.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from gcore_iam import (
    SPEC_VERSION,
    AmbiguousOutcomeError,
    AsyncIAMClient,
    IAMClient,
    NotFoundError,
    RetryPolicy,
    Session,
    __version__,
    models,
)
from gcore_iam._config import DEFAULT_BASE_URL
from gcore_iam.testing import FakeIAM, Reset, Status
from gcore_iam_client import SPEC_DATE
from rich.console import Console
from rich.progress import track

USERS = 250
PAGE_SIZE = 40
NOBODY = 2_147_483_647

NEXT_STEPS = [
    ("your account, read-only", "GCORE_API_KEY=42_… LIVE=1 make demo"),
    ("a server for your tests", ".venv/bin/python -m gcore_iam.testing"),
    ("complete programs", "examples/recipes/"),
    ("the documentation", "make docs, then open build/site/index.html"),
    ("all commands", "make help"),
]

console = Console(highlight=False)


class DemoError(Exception):
    """The demo saw something that must not happen."""


def main() -> int:
    """Run the demo; the exit status is 0 only when everything was as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--live", action="store_true", help="use the real API, read-only, with GCORE_API_KEY")
    live: bool = parser.parse_args().live
    console.rule(f"gcore-iam {__version__} for {name_api(SPEC_VERSION, SPEC_DATE)}")
    started = time.monotonic()
    fake = None if live else FakeIAM(USERS)
    with server(fake) as (base_url, api_key):
        seen = sync_demo(base_url, api_key)
        asyncio.run(async_demo(base_url, api_key, expected=seen))
        if fake is not None and base_url is not None:
            changing_demo(base_url, fake)
    if not live:
        expect(seen == USERS, f"{USERS} users were served, {seen} came")
    console.print(f"\n[bold]Everything worked, in {time.monotonic() - started:.1f} s. What to try next:[/bold]")
    for what, command in NEXT_STEPS:
        console.print(f"  {what:<26} {command}", markup=False)
    return 0


def name_api(version: str, date: str) -> str:
    """Name the spec that the client is made from by its day, and by its version where that is something else."""
    if not date:
        return f"the IAM API, version {version}"
    return f"the IAM API of {date}" if version.startswith(date) else f"the IAM API of {date}, version {version}"


@contextlib.contextmanager
def server(fake: FakeIAM | None) -> Iterator[tuple[str | None, str | None]]:
    """Where to send requests, and with which key; None leaves the choice to the environment."""
    if fake is None:
        say(f"This demo reads from {os.environ.get('GCORE_BASE_URL', DEFAULT_BASE_URL)}. It changes nothing there.")
        yield None, None
        return
    with fake.serve() as url:
        say(f"FakeIAM, a server for tests, has {USERS} users at {url}.")
        yield url, fake.api_key


def sync_demo(base_url: str | None, api_key: str | None) -> int:
    """Show the sync client, and return the number of users."""
    console.print("\n[bold]The sync client, IAMClient[/bold]")
    with IAMClient(api_key, base_url=base_url) as iam:
        account = iam.account.get()
        say(f"The key belongs to the account {account.id}, {account.company_name}.")

        pager = iam.users.list(page_size=PAGE_SIZE)
        languages: Counter[str] = Counter()
        ids: set[int] = set()
        for user in track(pager, description="  Reading all users", total=pager.total(), console=console):
            languages[user.lang] += 1
            ids.add(user.id)
        pages = -(-len(ids) // PAGE_SIZE)
        spoken = ", ".join(f"{language} {count}" for language, count in languages.most_common())
        say(f"It has {len(ids)} users, on {pages} pages of {PAGE_SIZE}: {spoken}.")

        stopped = iam.users.list(page_size=PAGE_SIZE)
        read = [user.id for user in itertools.islice(stopped, len(ids) // 2)]
        rest = [user.id for user in iam.users.list(resume=stopped.checkpoint())]
        expect({*read, *rest} == ids, "what was read before and after a checkpoint is not all")
        say(f"A loop stopped after {len(read)} users; its checkpoint continued with the other {len(rest)}.")

        first = iam.users.get(min(ids))
        roles = ", ".join(str(group.name) for group in first.groups)
        say(f"User {first.id} is {first.name}, {first.email}, in the role {roles}.")
        try:
            iam.users.get(NOBODY)
        except NotFoundError as error:
            say(f"User {NOBODY} raises NotFoundError: {error.message}")
        else:
            raise DemoError(f"user {NOBODY} should not exist")
    return len(ids)


async def async_demo(base_url: str | None, api_key: str | None, *, expected: int) -> None:
    """Show the async client: two calls at once, then every user."""
    console.print("\n[bold]The async client, AsyncIAMClient[/bold]")
    async with AsyncIAMClient(api_key, base_url=base_url) as iam:
        account, first = await asyncio.gather(iam.account.get(), iam.users.list().first())
        expect(first is not None, "the account has no users")
        ids = {user.id async for user in iam.users.list(page_size=PAGE_SIZE)}
        expect(len(ids) == expected, f"sync saw {expected} users, async {len(ids)}")
        say(f"Two calls at the same time, and then all {len(ids)} users of {account.company_name}.")


def changing_demo(base_url: str, fake: FakeIAM) -> None:
    """Show what changes something or takes a fault, against the fake only."""
    console.print("\n[bold]Sessions, API tokens and failures[/bold]")
    email = fake.users[0]["email"]
    session = Session(email, "correct-horse-battery")
    with IAMClient(session, base_url=base_url, retries=RetryPolicy(base=0.05)) as iam:
        iam.users.get(1)
        fake.clock.advance(hours=2)
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(iam.users.get, range(1, 21)))
        renewals = fake.calls["iamRefreshToken"]
        expect(renewals == 1, f"20 threads with an expired session made {renewals} renewals")
        say("20 threads share a session with an expired token: 1 renewal, no failure.")

        token = iam.tokens.create(fake.account_id, "demo", "Users")
        new = iam.tokens.rotate(fake.account_id, token.id, lambda _: None)
        left = [each.id for each in iam.tokens.list(fake.account_id) if each.name == "demo"]
        expect(left == [new.id], f"after the rotation there are {left}")
        say(f"Token {token.id} is replaced by token {new.id}: {new!r:.34}…")

        fake.inject(Status(503), times=2)
        iam.users.get(1)
        say("Two responses with status 503: a read is retried, and succeeds.")

        fake.inject(Reset(after_work=True), method="POST")
        try:
            iam.tokens.create(fake.account_id, "demo-2", "Users")
        except AmbiguousOutcomeError as error:
            found = error.reconcile(models.TokenResponse)
            if found is None or found.name != "demo-2":
                raise DemoError("the token was created, but not found") from error
            say("A connection breaks while a token is created: it is not created twice;")
            say(f"reconcile() finds it: token {found.id}.")
        else:
            raise DemoError("the connection should have broken")


def say(sentence: str) -> None:
    """Print one sentence, indented."""
    console.print(f"  {sentence}", markup=False)


def expect(condition: bool, otherwise: str) -> None:
    """Stop the demo when something is not as it must be."""
    if not condition:
        raise DemoError(otherwise)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the demo has failed
        Console(stderr=True).print(f"[bold red]demo failed:[/bold red] {type(error).__name__}: {error}")
        sys.exit(1)
