"""What users give, checked and put into the API's form before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from .errors import ConfigurationError

if TYPE_CHECKING:
    from gcore_iam_client.models import AuthType, Group, Language
    from gcore_iam_client.types import Unset

T = TypeVar("T")

ROLES = {
    1: "Administrators",
    2: "Users",
    5: "Engineers",
    3009: "Purge and Prefetch only (API+Web)",
    3022: "Purge and Prefetch only (API)",
}
"""Roles by id, as the API's description lists them."""

_LARGEST_ID = 2**63 - 1


def identifier(name: str, value: int) -> int:
    """An id.

    Raises:
        ConfigurationError: It is not a whole number from 1 to 2**63 - 1.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST_ID:
        raise ConfigurationError(f"{name} must be a whole number from 1 to 2**63 - 1")
    return value


def text(name: str, value: str) -> str:
    """A text that says something. The message of the error never shows it: it may be a password.

    Raises:
        ConfigurationError: It is not a str, or has nothing but white space.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a str, not {type(value).__name__}")
    if not value.strip():
        raise ConfigurationError(f"{name} must not be empty")
    if not _is_encodable(value):
        raise ConfigurationError(f"{name} must be text that UTF-8 can hold, without lone surrogates")
    return value


def nullable_text(name: str, value: str | Unset | None) -> str | Unset | None:
    """A text; None and UNSET stay what they are, and the empty text is allowed."""
    from gcore_iam_client.types import Unset

    if value is None or isinstance(value, Unset) or value == "":
        return value
    return text(name, value)


def optional_text(name: str, value: str | Unset) -> str | Unset:
    """A text that says something; UNSET stays what it is."""
    from gcore_iam_client.types import Unset

    return value if isinstance(value, Unset) else text(name, value)


def flag(name: str, value: bool | Unset) -> bool | Unset:
    """True, False or UNSET."""
    from gcore_iam_client.types import Unset

    if isinstance(value, bool | Unset):
        return value
    raise ConfigurationError(f"{name} must be True or False, not {type(value).__name__}")


def optional_identifier(name: str, value: int | Unset) -> int | Unset:
    """An id; UNSET stays what it is."""
    from gcore_iam_client.types import Unset

    return value if isinstance(value, Unset) else identifier(name, value)


def language(value: Language | str | Unset) -> Language | Unset:
    """A language, by its name or as what it is; one that the description does not list is allowed."""
    from gcore_iam_client.models import Language
    from gcore_iam_client.types import Unset

    return value if isinstance(value, Unset) else Language(text("lang", value))


def auth_types(values: Iterable[AuthType | str] | Unset) -> list[AuthType] | Unset:
    """Ways of signing in, by their names or as what they are.

    Raises:
        ConfigurationError: It is a single text, or one of them is none.
    """
    from gcore_iam_client.models import AuthType
    from gcore_iam_client.types import Unset

    if isinstance(values, Unset):
        return values
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError("auth_types must be a list, such as ['password']")
    return [AuthType(text("auth_types", value)) for value in values]


def role(name: str, value: Group | int | str) -> Group:
    """A role from its id, its name, or a `Group`. Of those that are known, id and name are both sent.

    Raises:
        ConfigurationError: It is none of these.
    """
    from gcore_iam_client.models import Group, GroupName
    from gcore_iam_client.types import Unset

    if isinstance(value, Group):
        if isinstance(value.id, Unset) and isinstance(value.name, Unset):
            raise ConfigurationError(f"{name} is a Group without an id and without a name")
        optional_identifier(f"{name}.id", value.id)
        optional_text(f"{name}.name", value.name)
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ConfigurationError(
            f"{name} must be the id of a role, its name, or a Group, not {type(value).__name__}; "
            f"known roles: {', '.join(f'{number} {known}' for number, known in ROLES.items())}"
        )
    if isinstance(value, int):
        number = identifier(name, value)
        return Group(id=number, name=GroupName(ROLES[number])) if number in ROLES else Group(id=number)
    named = GroupName(text(name, value))
    numbers = {known: number for number, known in ROLES.items()}
    return Group(id=numbers[named], name=named) if named in numbers else Group(name=named)


def role_filter(value: Group | int | str | Unset) -> str | Unset:
    """What the API's lists of tokens take as `role`: the name where it is known, otherwise the id."""
    from gcore_iam_client.types import Unset

    if isinstance(value, Unset):
        return value
    group = role("role", value)
    return str(group.id) if isinstance(group.name, Unset) else str(group.name)


def moment(name: str, value: datetime | None) -> datetime | None:
    """A moment in UTC; None stays what it is.

    Raises:
        ConfigurationError: It is not a datetime, or one without a time zone.
    """
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise ConfigurationError(f"{name} must be a datetime or None, not {type(value).__name__}")
    if value.utcoffset() is None:
        raise ConfigurationError(
            f"{name} has no time zone, so it is unclear which moment it is; "
            "give it one, as in datetime.now(UTC) or .replace(tzinfo=UTC)"
        )
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ConfigurationError(f"{name} is a moment that UTC has no year for") from None


def _is_encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
