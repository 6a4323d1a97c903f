"""Builds values of the API from arguments: roles, and the body of a token."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from gcore_iam_client.types import Unset

from ._validation import check_datetime, check_id, check_instance, check_text
from ._validation.models import check_listed, check_optional_id, check_optional_text
from .errors import ConfigurationError

if TYPE_CHECKING:
    from gcore_iam_client.models import Group, Token2

ROLES = {
    1: "Administrators",
    2: "Users",
    5: "Engineers",
    3009: "Purge and Prefetch only (API+Web)",
    3022: "Purge and Prefetch only (API)",
}
"""Roles by id, as the spec lists them."""


def build_role(name: str, value: Group | int | str) -> Group:
    """Build a role from its id, its name, or a `Group`. A known role gets both its id and its name.

    Raises:
        ConfigurationError: The value is none of these, or a name that is misspelled.
    """
    from gcore_iam_client.models import Group, GroupName

    if isinstance(value, Group):
        if isinstance(value.id, Unset) and isinstance(value.name, Unset):
            raise ConfigurationError(f"{name} is a Group without an id and without a name")
        check_optional_id(f"{name}.id", value.id)
        check_optional_text(f"{name}.name", value.name)
        # With an id, the name may be one that the server has sent.
        if not isinstance(value.name, Unset) and (isinstance(value.id, Unset) or not isinstance(value.name, GroupName)):
            check_listed(f"{name}.name", GroupName, value.name)
        return value
    known_roles = ", ".join(f"{number} {known}" for number, known in ROLES.items())
    check_instance(name, value, int | str, f"the id of a role, its name, or a Group (known roles: {known_roles})")
    if isinstance(value, int):
        number = check_id(name, value)
        return Group(id=number, name=GroupName(ROLES[number])) if number in ROLES else Group(id=number)
    named = check_listed(name, GroupName, value)
    known_ids = [number for number, known in ROLES.items() if known == named]
    return Group(id=known_ids[0], name=named) if known_ids else Group(name=named)


def build_role_filter(value: Group | int | str | Unset) -> str | Unset:
    """Build the filter `role` for lists of tokens: the name of a known role, else its id; UNSET stays UNSET."""
    if isinstance(value, Unset):
        return value
    group = build_role("role", value)
    return str(group.id) if isinstance(group.name, Unset) else str(group.name)


def build_token(
    name: str, role: Group | int | str, exp_date: datetime | Unset | None, description: str | Unset | None
) -> Token2:
    """Build the request body for a new API token."""
    from gcore_iam_client.models import Token2, Token2ClientUser

    return Token2(
        name=check_text("name", name),
        exp_date=None if isinstance(exp_date, Unset) else check_datetime("exp_date", exp_date),
        client_user=Token2ClientUser(role=build_role("role", role)),
        description="" if description == "" else check_optional_text("description", description),
    )
