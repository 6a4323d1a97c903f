"""Compares FakeIAM with the least work that a server of the same data has to do."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
from gcore_iam.testing import FakeIAM

from .measure import OURS, Comparison, sample_in_process

USERS = 10_000
PAGE = 1_000


def build_comparisons() -> list[Comparison]:
    """Compare pages of users, served in process, with `json.dumps` of the same users."""
    lasting = FakeIAM(USERS)
    users = list(lasting.users)

    def serve(fake: FakeIAM) -> Callable[[], object]:
        headers = {"Authorization": f"APIKey {fake.api_key}"}
        client = httpx.Client(base_url="http://fake", transport=fake.transport(), headers=headers)

        def work() -> None:
            for offset in range(0, USERS, PAGE):
                assert len(client.get(f"/iam/users?limit={PAGE}&offset={offset}").content) > PAGE

        return work

    what = f"FakeIAM, in process: {USERS:,} users in pages of {PAGE:,}"
    dumps = sample_in_process(lambda: lambda: json.dumps(users))
    limits = {"json.dumps": "half is json.dumps, a sixth each finding the account's members and checking the response"}
    return [
        Comparison(
            what,
            {OURS: sample_in_process(lambda: serve(lasting)), "json.dumps": dumps},
            {"json.dumps": 2.0},
            limits=limits,
        ),
        Comparison(
            f"{what}; from a new fake",
            {OURS: sample_in_process(lambda: serve(FakeIAM(USERS))), "json.dumps": dumps},
            {"json.dumps": 2.0},
            limits=limits,
        ),
    ]
