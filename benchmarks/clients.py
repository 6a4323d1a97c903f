"""Defines each row: this library compared with the official SDK, the generator's unchanged output, and bare httpx."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from itertools import chain

import attrs

from .measure import OURS, Comparison, Row, Sample, measure
from .peers import Peers, start_peers
from .server import start_server
from .ways import KEY, USERS

LATENCY = 0.02
"""Seconds per response."""

LATENCIES = {4: 26, 8: 14}
"""For each number of pages in flight: how many latencies pass, if one page comes first and then that many at a time."""

OFFICIAL, GENERATOR, BARE = "gcore", "generator", "httpx"
"""Names of the peers in the table; `WAYS` maps them to modules."""

WAYS = {OURS: "ours", OFFICIAL: "official", GENERATOR: "generator", BARE: "bare"}

IMPORTS = {
    OURS: "import gcore_iam",
    OFFICIAL: "import gcore",
    GENERATOR: "import untouched",
    BARE: "import httpx",
}

_AUTH = f'headers={{"Authorization": "APIKey {KEY}"}}'

FIRST_RESPONSES = {
    OURS: f"from gcore_iam import IAMClient\nIAMClient({KEY!r}, base_url=sys.argv[1]).users.get(1)",
    OFFICIAL: f"from gcore import Gcore\nGcore(api_key={KEY!r}, base_url=sys.argv[1]).iam.users.get(user_id=1)",
    GENERATOR: f"""
from untouched import AuthenticatedClient
from untouched.api.users import iam_get_user
iam_get_user.sync(1, client=AuthenticatedClient(sys.argv[1], token={KEY!r}, prefix="APIKey"))
""",
    BARE: f"import httpx\nhttpx.Client(base_url=sys.argv[1], {_AUTH}).get('/iam/users/1').json()",
}


def measure_rows(only: str, *, quick: bool) -> Iterator[Row]:
    """Measure this library and its peers.

    Args:
        only: A word: comparisons whose names do not contain it are left out.
        quick: Whether to measure each way nine times, with fewer calls, and to leave out the generator and slow cases.
    """
    with start_peers() as started, start_server(USERS) as near, start_server(USERS, LATENCY) as far:
        first = build_tls_comparison(started) if only in FIRST_OVER_TLS else ()
        for comparison in chain(build_comparisons(started, near, far, quick=quick), first):
            if only in comparison.what:
                yield from measure(drop_way(GENERATOR, comparison) if quick else comparison, 9 if quick else 15)
                started.finish()


_FIRST_LIMIT = (
    "the limit is httpx: importing it and httpcore takes 3/4 of ours, attrs 1/10, our modules and models 1/10; what a "
    "first call does not need is loaded later, certificates included where there is no TLS"
)

_TLS_LIMIT = (
    "no client that is made of httpx and attrs is below: bare httpx takes 0.45 of gcore's time, and 1.10 of its own "
    "once attrs is imported too; the bounds are of a client without httpx"
)

FIRST_OVER_TLS = "import to first response, over TLS"


def build_tls_comparison(peers: Peers) -> Iterator[Comparison]:
    """Build the comparison that runs last, because from then on the environment names certificates."""
    with start_server(1, certificate=peers.trust_certificate()) as url:
        yield Comparison(
            FIRST_OVER_TLS,
            {name: peers.sample_script(text, url) for name, text in FIRST_RESPONSES.items()},
            {OFFICIAL: 0.40, GENERATOR: 1.0, BARE: 1.10},
            limits={OFFICIAL: _TLS_LIMIT, BARE: _TLS_LIMIT},
        )


def drop_way(name: str, comparison: Comparison) -> Comparison:
    """Return a comparison without one of its ways."""
    return attrs.evolve(
        comparison,
        ways={key: sample for key, sample in comparison.ways.items() if key != name},
        bounds={key: bound for key, bound in comparison.bounds.items() if key != name},
        tail={key: bound for key, bound in comparison.tail.items() if key != name},
    )


def build_comparisons(peers: Peers, near: str, far: str, *, quick: bool) -> Iterator[Comparison]:
    """Build all comparisons, on a server without latency and one with."""
    calls = 100 if quick else 400

    def ways(case: str, url: str, times: int, *names: str) -> dict[str, Sample]:
        return {name: peers.sample_case(WAYS[name], case, url, times) for name in (OURS, *names)}

    yield Comparison(
        "import",
        {name: peers.sample_script(text) for name, text in IMPORTS.items()},
        {OFFICIAL: 0.03, GENERATOR: 1.0, BARE: 1.0},
    )
    yield Comparison(
        "import to first response",
        {name: peers.sample_script(text, near) for name, text in FIRST_RESPONSES.items()},
        {OFFICIAL: 0.60, GENERATOR: 1.0, BARE: 1.15},
        limits={OFFICIAL: _FIRST_LIMIT, BARE: _FIRST_LIMIT},
    )
    yield Comparison("making a second client", ways("construct", near, 5, OFFICIAL, BARE), {OFFICIAL: 0.05, BARE: 0.05})
    yield Comparison(
        "one user, sync",
        ways("get", near, calls, OFFICIAL, GENERATOR, BARE),
        {OFFICIAL: 0.60, GENERATOR: 1.0, BARE: 1.05},
        tail={OFFICIAL: 1.0, GENERATOR: 1.25, BARE: 1.25},
    )
    yield Comparison(
        "one user, async, one call at a time",
        ways("async_get", near, calls, OFFICIAL, GENERATOR, BARE),
        {OFFICIAL: 0.70, GENERATOR: 1.0, BARE: 1.05},
        tail={OFFICIAL: 1.0, GENERATOR: 1.25, BARE: 1.25},
    )
    yield Comparison(
        "one user, async, 50 calls at a time",
        ways("async_concurrent", near, 1, OFFICIAL, GENERATOR, BARE),
        {OFFICIAL: 1.0, GENERATOR: 1.0, BARE: 0.60},
    )
    yield Comparison(
        f"the first of 10,000 users, {LATENCY * 1000:.0f} ms of latency",
        ways("first_item", far, 3, OFFICIAL, GENERATOR, BARE),
        {OFFICIAL: 1.0, GENERATOR: 1.40, BARE: 1.40},
    )
    yield Comparison(
        "1,000 users from decoded JSON",
        {
            **ways("build", near, 5, OFFICIAL, GENERATOR),
            "json.loads": peers.sample_case("bare", "loads", near, 5),
        },
        {OFFICIAL: 0.05, GENERATOR: 1 / 3, "json.loads": 0.80},
    )
    yield Comparison("to_dict of 1,000 users", ways("unbuild", near, 5, GENERATOR), {GENERATOR: 1.0})
    yield Comparison(
        "10,000 users in pages of 100, one page at a time",
        ways("walk", near, 1, OFFICIAL, GENERATOR, BARE),
        {OFFICIAL: 0.10, GENERATOR: 1.0, BARE: 1.30},
        limits={BARE: "making models takes a quarter of ours; from process to process it is 1.2 to 1.4"},
    )
    yield Comparison(
        "10,000 users in pages of 1,000, one page at a time, with the extra fast",
        {
            OURS: peers.sample_case("ours+orjson", "stream", near),
            "without it": peers.sample_case("ours", "stream", near),
            BARE: peers.sample_case("bare", "stream", near),
        },
        {"without it": 1.0, BARE: 1.30},
    )
    walk = f"10,000 users in pages of 100, {LATENCY * 1000:.0f} ms of latency"
    for prefetch, bound in ((4, 1 / 5),) if quick else ((4, 1 / 5), (8, 1 / 9)):
        waiting = f"waiting {LATENCIES[prefetch]} x {LATENCY * 1000:.0f} ms"
        samples: dict[str, Sample] = {waiting: partial(_wait, LATENCIES[prefetch])}
        if not quick:
            samples |= {name: peers.sample_case(WAYS[name], "walk", far) for name in (OFFICIAL, GENERATOR, BARE)}
        bounds = {waiting: 1.30, OFFICIAL: bound, GENERATOR: 1.0, BARE: 1.0}
        ours = {OURS: peers.sample_case("ours", f"walk_{prefetch}", far)}
        what = f"{walk}, {prefetch} pages at a time"
        limits = {OFFICIAL: "the latency alone takes five sixths of ours, decoding in Python the rest"}
        yield Comparison(what, {**ours, **samples}, {name: bounds[name] for name in samples}, limits=limits)
        ours = {OURS: peers.sample_case("ours", f"async_walk_{prefetch}", far)}
        yield Comparison(f"{what}, async", {**ours, waiting: samples[waiting]}, {waiting: 1.30})
    ahead = {OFFICIAL: 1.0, GENERATOR: 1.5, BARE: 1.5}
    for case, in_ours, what, bounds in (
        ("stream", "stream", "streaming, one page at a time", {OFFICIAL: 0.40, GENERATOR: 1.0, BARE: 1.0}),
        ("stream", "stream_ahead", "streaming, 4 pages at a time", ahead),
        ("keep", "keep", "keeping, 4 pages at a time", {OFFICIAL: 0.45, GENERATOR: 1.0, BARE: 1.0}),
    ):
        if quick and bounds is ahead:
            continue
        names = (OURS, OFFICIAL) if quick else WAYS
        memory = {name: peers.sample_memory(WAYS[name], in_ours if name == OURS else case, near) for name in names}
        what = f"10,000 users in pages of 1,000, {what}"
        more, in_all = ({name: samples[which] for name, samples in memory.items()} for which in (0, 1))
        yield Comparison(
            f"memory more than before, {what}", more, {name: bounds[name] for name in names if name != OURS}
        )
        if not quick:
            in_all_bounds = {OFFICIAL: 1.0, GENERATOR: 1.15, BARE: 1.15}
            yield Comparison(f"peak memory of the process, {what}", in_all, in_all_bounds)
    yield from build_long_list_comparisons(peers, near, rounds=3 if quick else 5)


def build_long_list_comparisons(peers: Peers, url: str, rounds: int) -> Iterator[Comparison]:
    """Compare a list of 1,000,000 users with one of 100,000, streamed from a transport in the process."""
    shorter = "100,000 users"
    cases = {OURS: ("stream_1_000_000", 1_000_000), shorter: ("stream_100_000", 100_000)}
    growth: dict[str, Sample] = {}
    time_per_user: dict[str, Sample] = {}
    for name, (case, users) in cases.items():
        growth[name], _, seconds = peers.sample_memory("ours", case, url)
        time_per_user[name] = partial(_divide_by_users, seconds, users)
    what = "1,000,000 users streamed in process"
    yield Comparison(f"memory more than before, {what}", growth, {shorter: 1.25}, rounds=rounds)
    yield Comparison(f"time per user, {what}", time_per_user, {shorter: 1.05}, rounds=rounds)


def _divide_by_users(sample: Sample, users: int) -> list[float]:
    return [seconds / users for seconds in sample()]


def _wait(rounds: int) -> list[float]:
    began = time.perf_counter()
    for _ in range(rounds):
        time.sleep(LATENCY)
    return [time.perf_counter() - began]
