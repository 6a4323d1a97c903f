"""The library at work: the account, every user across pages, one user, an unknown user; sync, then async.

Then, against FakeIAM only: a session that renews itself, a token that is rotated, a network that fails.

Runs against the embedded FakeIAM over real HTTP on loopback. With `--live` it runs the same, read-only, against the
real API with the key in GCORE_API_KEY.
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
from rich.table import Table

USERS = 250
PAGE_SIZE = 40
NOBODY = 2_147_483_647

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
    console.rule(f"all as it should be, in {time.monotonic() - started:.1f} s")
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
        console.print(f"Server    {os.environ.get('GCORE_BASE_URL', DEFAULT_BASE_URL)}; nothing is changed there")
        yield None, None
        return
    with fake.serve() as url:
        console.print(f"Server    FakeIAM with {USERS} users at {url}")
        yield url, fake.api_key


def sync_demo(base_url: str | None, api_key: str | None) -> int:
    """The sync client; gives the number of users it saw."""
    console.print("\n[bold]Sync: IAMClient[/bold]")
    with IAMClient(api_key, base_url=base_url) as iam:
        account = iam.account.get()
        console.print(f"Account   {account.id} {account.company_name} (status {account.status})")

        pager = iam.users.list(page_size=PAGE_SIZE)
        languages: Counter[str] = Counter()
        ids: set[int] = set()
        for user in track(pager, description="Users    ", total=pager.total(), console=console):
            languages[user.lang] += 1
            ids.add(user.id)
        pages = -(-len(ids) // PAGE_SIZE)
        spoken = ", ".join(f"{language} {count}" for language, count in languages.most_common())
        console.print(f"          {len(ids)} on {pages} pages of {PAGE_SIZE}; languages: {spoken}")

        stopped = iam.users.list(page_size=PAGE_SIZE)
        read = [user.id for user in itertools.islice(stopped, len(ids) // 2)]
        rest = [user.id for user in iam.users.list(resume=stopped.checkpoint())]
        expect({*read, *rest} == ids, "what was read before and after a checkpoint is not all")
        console.print(f"          stopped after {len(read)}, gone on with from a checkpoint: {len(rest)} more")

        show(iam.users.get(min(ids)))
        try:
            iam.users.get(NOBODY)
        except NotFoundError as error:
            console.print(f"No such   NotFoundError: {error.message}")
        else:
            raise DemoError(f"user {NOBODY} should not exist")
    return len(ids)


async def async_demo(base_url: str | None, api_key: str | None, *, expected: int) -> None:
    """The async client: two calls at once, then every user."""
    console.print("\n[bold]Async: AsyncIAMClient[/bold]")
    async with AsyncIAMClient(api_key, base_url=base_url) as iam:
        account, first = await asyncio.gather(iam.account.get(), iam.users.list().first())
        expect(first is not None, "the account has no users")
        console.print(f"Account   {account.id} {account.company_name}")
        ids = {user.id async for user in iam.users.list(page_size=PAGE_SIZE)}
        console.print(f"Users     {len(ids)}")
        expect(len(ids) == expected, f"sync saw {expected} users, async {len(ids)}")
        try:
            await iam.users.get(NOBODY)
        except NotFoundError as error:
            console.print(f"No such   NotFoundError: {error.message}")
        else:
            raise DemoError(f"user {NOBODY} should not exist")


def changing_demo(base_url: str, fake: FakeIAM) -> None:
    """What changes something or takes a fault, against the fake only."""
    console.print("\n[bold]Sessions, tokens, faults: FakeIAM only[/bold]")
    email = fake.users[0]["email"]
    session = Session(email, "correct-horse-battery")
    with IAMClient(session, base_url=base_url, retries=RetryPolicy(base=0.05)) as iam:
        iam.users.get(1)
        fake.clock.advance(hours=2)
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(iam.users.get, range(1, 21)))
        renewals = fake.calls["iamRefreshToken"]
        expect(renewals == 1, f"20 threads with an expired session made {renewals} renewals")
        console.print("Session   20 threads with an expired access token: 1 renewal, no failure")

        token = iam.tokens.create(fake.account_id, "demo", "Users")
        new = iam.tokens.rotate(fake.account_id, token.id, lambda _: None)
        left = [each.id for each in iam.tokens.list(fake.account_id) if each.name == "demo"]
        expect(left == [new.id], f"after the rotation there are {left}")
        console.print(f"Tokens    {token.id} created, then replaced by {new.id}: {new!r:.60}…")

        fake.inject(Status(503), times=2)
        iam.users.get(1)
        console.print("Faults    503 twice: a read is tried again and succeeds")
        fake.inject(Reset(after_work=True), method="POST")
        try:
            iam.tokens.create(fake.account_id, "demo-2", "Users")
        except AmbiguousOutcomeError as error:
            found = error.reconcile(models.TokenResponse)
            if found is None or found.name != "demo-2":
                raise DemoError("the token was created, but not found") from error
            console.print(f"          a token creation breaks off: not repeated, and found as token {found.id}")
        else:
            raise DemoError("the connection should have broken")


def show(user: models.UserPublic) -> None:
    """Print one user in detail."""
    table = Table("field", "value", title=f"User {user.id}", title_justify="left", show_header=False)
    for field in ("name", "email", "lang", "phone", "two_fa", "auth_types"):
        value = getattr(user, field)
        table.add_row(field, ", ".join(value) if isinstance(value, list) else str(value))
    table.add_row("groups", ", ".join(str(group.name) for group in user.groups))
    console.print(table)


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
