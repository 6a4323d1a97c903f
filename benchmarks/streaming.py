"""`python -m benchmarks.streaming URL USERS`: streams so many users, and prints the peak of its resident memory."""

from __future__ import annotations

import resource
import sys

from gcore_iam import IAMClient


def main(url: str, users: int) -> None:
    """Stream, and print kilobytes."""
    with IAMClient("42_benchmark", base_url=url) as iam:
        count = 0
        for _ in iam.users.list(max_items=users):
            count += 1
    assert count == users
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
