"""Compares reading pages of users with an observer and without one."""

from __future__ import annotations

import time
from collections.abc import Iterator

from gcore_iam import IAMClient
from gcore_iam.observe import Observer

from .measure import OURS, Comparison, Sample
from .server import start_server
from .ways import KEY, PAGE, USERS, count_items

_ROUNDS = 100
"""Enough for a difference of 1 %."""

_BOUNDS = {0.01: 1.02, 1.0: 2.0}
"""How many times as long the work may take, by the share of responses that the observer checks."""


def build_comparisons() -> Iterator[Comparison]:
    """Compare a client without an observer with clients that have one, all in this process."""
    without = "no observer"
    for share, bound in _BOUNDS.items():
        with (
            start_server(USERS) as url,
            Observer(sample=share) as observer,
            IAMClient(KEY, base_url=url, observer=observer) as observed,
            IAMClient(KEY, base_url=url) as unobserved,
        ):
            ways = {OURS: _build_sample(observed, observer), without: _build_sample(unobserved, None)}
            what = f"CPU time of {USERS:,} users in pages of {PAGE}, with an observer of {share:.0%} of responses"
            yield Comparison(what, ways, {without: bound}, rounds=_ROUNDS)


def _build_sample(iam: IAMClient, observer: Observer | None) -> Sample:
    """Build the function that reads all users once, and waits for the observer.

    It measures the CPU time of all threads of the process: what the observer does while the client waits counts, and
    what other processes do does not.
    """
    work = count_items(lambda: iam.users.list(page_size=PAGE))

    def sample() -> list[float]:
        began = time.process_time()
        work()
        if observer is not None:
            observer.flush()
        return [time.process_time() - began]

    return sample
