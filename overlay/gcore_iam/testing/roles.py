"""The five roles of the API, their order, and how requests name them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

ADMINISTRATORS = 1
USERS = 2

NAMES: Mapping[int, str] = MappingProxyType(
    {
        ADMINISTRATORS: "Administrators",
        USERS: "Users",
        5: "Engineers",
        3009: "Purge and Prefetch only (API+Web)",
        3022: "Purge and Prefetch only (API)",
    }
)

_ASCENDING = (USERS, 3022, 3009, 5, ADMINISTRATORS)
"""From the lowest to the highest, as Gcore's page on users orders what each may grant."""


def group(role: int) -> dict[str, Any]:
    """A role in the API's form (schema Group)."""
    return {"id": role, "name": NAMES[role]}


def is_higher(role: int, than: int) -> bool:
    """Whether a role ranks above another."""
    return _ASCENDING.index(role) > _ASCENDING.index(than)


def named(given: Mapping[str, Any]) -> int | None:
    """The role that a `Group` of a request means, by id, name or both; None when there is no such role."""
    meant = [role for role, name in NAMES.items() if given.get("id", role) == role and given.get("name", name) == name]
    return meant[0] if len(meant) == 1 else None
