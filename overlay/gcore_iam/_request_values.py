"""Checks arguments and converts them to models of the API: optional values, enums, roles, and the body of a token."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from gcore_iam_client.types import UNSET, OpenStrEnum, Unset, find_misspelt

from ._validation import check_datetime, check_id, check_text
from .errors import ConfigurationError

if TYPE_CHECKING:
    from gcore_iam_client.models import AuthType, Group, Language, Token2

E = TypeVar("E", bound=OpenStrEnum)

ROLES = {
    1: "Administrators",
    2: "Users",
    5: "Engineers",
    3009: "Purge and Prefetch only (API+Web)",
    3022: "Purge and Prefetch only (API)",
}
"""Roles by id, as the spec lists them."""


def check_nullable_text(name: str, value: str | Unset | None) -> str | Unset | None:
    """Check an optional text, which may be None or empty; UNSET stays UNSET."""
    return value if value is None or value == "" else check_optional_text(name, value)


def check_optional_text(name: str, value: str | Unset | None) -> str | Unset:
    """Check an optional text, which must not be empty; None becomes UNSET, which stays UNSET."""
    return UNSET if value is None or isinstance(value, Unset) else check_text(name, value)


def check_bool(name: str, value: bool | Unset) -> bool | Unset:
    """Check an optional boolean; UNSET stays UNSET."""
    if isinstance(value, bool | Unset):
        return value
    raise ConfigurationError(f"{name} must be True or False, not {type(value).__name__}")


def check_optional_id(name: str, value: int | Unset) -> int | Unset:
    """Check an optional id; UNSET stays UNSET."""
    return value if isinstance(value, Unset) else check_id(name, value)


def check_listed(name: str, enum: type[E], value: str) -> E:
    """Convert a text to a value of an open enum. The spec need not list it: the server may know more values.

    Raises:
        ConfigurationError: It is not a text, or it is a listed value that is misspelt.
    """
    listed = find_misspelt(enum, check_text(name, value))
    if listed is not None:
        raise ConfigurationError(f"{name} must be spelled {listed!r}, not {str(value)!r}")
    return enum(value)


def check_language(value: Language | str | Unset | None) -> Language | Unset:
    """Convert a language or its code, which the spec need not list; None becomes UNSET, which stays UNSET."""
    from gcore_iam_client.models import Language

    return UNSET if value is None or isinstance(value, Unset) else check_listed("lang", Language, value)


def check_auth_types(values: Iterable[AuthType | str] | Unset | None) -> list[AuthType] | Unset:
    """Convert a list of authentication types, or of their names; None becomes UNSET, which stays UNSET.

    Raises:
        ConfigurationError: It is not a list, or an item is not a text, or a misspelt one.
    """
    from gcore_iam_client.models import AuthType

    if values is None or isinstance(values, Unset):
        return UNSET
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError("auth_types must be a list, such as ['password']")
    return [check_listed("auth_types", AuthType, value) for value in values]


def build_role(name: str, value: Group | int | str) -> Group:
    """Build a role from its id, its name, or a `Group`. A known role gets both its id and its name.

    Raises:
        ConfigurationError: The value is none of these, or a name that is misspelt.
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
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ConfigurationError(
            f"{name} must be the id of a role, its name, or a Group, not {type(value).__name__}; "
            f"known roles: {', '.join(f'{number} {known}' for number, known in ROLES.items())}"
        )
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
