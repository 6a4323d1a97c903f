"""One refactor is one entry, and other entries name it as their cause."""

from __future__ import annotations

import attrs

from codegen.drift.group import group_refactors
from codegen.drift.report import Acceptance, Change

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


def test_operations_that_moved_elsewhere_stay_apart() -> None:
    other = attrs.evolve(MOVED[0], after="/v2/users")

    assert group_refactors([other, MOVED[1], BROKEN]) == [other, MOVED[1], BROKEN]


def many(count: int, **changed: str) -> list[Change]:
    """The same change of some properties."""
    return [
        Change(
            "response-property-became-required",
            "wire",
            "info",
            f"User.p{number} became required",
            fingerprint=f"p{number}",
            **changed,  # type: ignore[arg-type]
        )
        for number in range(count)
    ]


def test_one_change_in_many_places_is_one_entry() -> None:
    (entry,) = group_refactors(many(93))

    assert entry.message == "User.p0 became required, and 92 more in the same way"
    assert len(entry.members) == 93
    assert entry.members[92] == "User.p92 became required"
    assert len(group_refactors(many(9))) == 9


def test_an_accepted_change_stays_out_of_the_group() -> None:
    accepted = Acceptance("Seen.", "ada", "2026-12-31")
    first, *others = many(30)
    entries = group_refactors([attrs.evolve(first, accepted=accepted), *others])

    assert [(len(entry.members), entry.accepted) for entry in entries] == [(0, accepted), (29, None)]


def test_changes_of_other_values_are_not_one_entry() -> None:
    changes = [*many(9, after="a"), *many(9, after="b")]

    assert group_refactors(changes) == changes


def test_a_refactor_of_one_more_has_another_fingerprint() -> None:
    both, all_three = group_refactors(MOVED[:2]), group_refactors(MOVED)

    assert both[0].fingerprint != all_three[0].fingerprint
    assert group_refactors(MOVED[::-1])[0].operations[0] == "GET /clients"
