"""One refactor is one entry, and other entries name it as their cause."""

from __future__ import annotations

import attrs

from codegen.drift.group import group_refactors
from codegen.drift.report import Change

MOVED = [
    Change(
        "endpoint-moved",
        "wire",
        "error",
        f"`{name}` moved",
        (f"GET /{name}",),
        before=f"/{name}",
        after=f"/admin/{name}",
        symbols=(f"api.{name}",),
        fingerprint=name,
    )
    for name in ("users", "keys", "clients")
]
BROKEN = Change("overlay-symbol-broken", "overlay", "error", "a line", fingerprint="line", causes=("keys", "other"))


def test_operations_that_moved_under_one_prefix_are_one_entry() -> None:
    first, second = group_refactors([*MOVED, BROKEN])

    assert first.message == "3 operations moved from `/` to `/admin`"
    assert first.operations == ("GET /users", "GET /keys", "GET /clients")
    assert first.symbols == ("api.users", "api.keys", "api.clients")
    assert first.before == ["/users", "/keys", "/clients"]
    assert second.causes == (first.fingerprint, "other")


def test_operations_that_moved_elsewhere_stay_entries_of_their_own() -> None:
    other = attrs.evolve(MOVED[0], after="/v2/users")

    assert group_refactors([other, MOVED[1], BROKEN]) == [other, MOVED[1], BROKEN]


def test_a_refactor_of_one_more_has_another_fingerprint() -> None:
    both, all_three = group_refactors(MOVED[:2]), group_refactors(MOVED)

    assert both[0].fingerprint != all_three[0].fingerprint
    assert group_refactors(MOVED[::-1])[0].operations[0] == "GET /clients"
