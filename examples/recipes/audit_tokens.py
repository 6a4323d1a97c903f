"""List the API tokens that need attention: about to expire, unused for a long time, or of the old form with a `$`.

python audit_tokens.py [FILE WITH THE KEYS IN USE, ONE A LINE]
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gcore_iam import IAMClient

EXPIRY_WARNING = timedelta(days=30)
UNUSED_FOR = timedelta(days=90)


def audit_tokens(iam: IAMClient, now: datetime) -> Iterator[str]:
    """Yield one line for each token that expires soon, or that nobody uses."""
    for token in iam.tokens.list(iam.account.get().id, deleted=False):
        name = f"token {token.id} ({token.name})"
        if token.exp_date is not None and not token.expired and token.exp_date - now < EXPIRY_WARNING:
            yield f"{name} expires on {token.exp_date:%Y-%m-%d}"
        # Null if nobody has used the token yet, although the spec has no null here.
        last_usage = token.last_usage if token.last_usage is not None else token.created
        if now - last_usage > UNUSED_FOR:
            yield f"{name} is unused since {last_usage:%Y-%m-%d}"


def audit_keys(keys: Iterable[str]) -> Iterator[str]:
    """Yield one line for each key of the old form. The line names the position of the key, and not the key."""
    for number, key in enumerate(keys, 1):
        if "$" in key:
            yield f"the key in line {number} has the old form with a $: replace it by a token of version 2"


def main(path: str | None) -> int:
    """Print all findings; the exit status is 1 if there is one."""
    keys = Path(path).read_text("utf-8").splitlines() if path else []
    with IAMClient() as iam:
        findings = [*audit_tokens(iam, datetime.now(UTC)), *audit_keys(keys)]
    print(*findings, sep="\n")
    return 1 if findings else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="FILE", nargs="?", help="the keys in use, one a line")
    arguments = parser.parse_args()
    sys.exit(main(arguments.path))
