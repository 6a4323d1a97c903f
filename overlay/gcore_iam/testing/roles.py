"""The five roles of the API, their ranks, and how requests name them."""

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
"""From the lowest to the highest rank, in the order of Gcore's page on users."""


def serialize_role(role: int) -> dict[str, Any]:
    """Return a role in the API's form (schema Group)."""
    return {"id": role, "name": NAMES[role]}


def is_higher(role: int, than: int) -> bool:
    """Return whether a role ranks above another."""
    return _ASCENDING.index(role) > _ASCENDING.index(than)


def find_role(given: Mapping[str, Any]) -> int | None:
    """Return the role that a `Group` of a request names by id, name or both; None if there is no such role."""
    matches = [
        role for role, name in NAMES.items() if given.get("id", role) == role and given.get("name", name) == name
    ]
    return matches[0] if len(matches) == 1 else None
