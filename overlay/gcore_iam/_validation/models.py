"""Checks values that a request sends: arguments that may be left out, enums, and operations."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Set
from typing import TYPE_CHECKING, Any, TypeVar

from gcore_iam_client.types import UNSET, OpenStrEnum, Unset, find_misspelt

from ..errors import ConfigurationError
from . import check_id, check_instance, check_text

if TYPE_CHECKING:
    from gcore_iam_client.models import AuthType, Language

E = TypeVar("E", bound=OpenStrEnum)

_PAGER_PARAMETERS = {"limit", "offset", "client"}
"""Parameters of an operation that the pager sets."""


def check_nullable_text(name: str, value: str | Unset | None) -> str | Unset | None:
    """Check an optional text, which may be None or empty; UNSET stays UNSET."""
    return value if value is None or value == "" else check_optional_text(name, value)


def check_optional_text(name: str, value: str | Unset | None) -> str | Unset:
    """Check an optional text, which must not be empty; None becomes UNSET, which stays UNSET."""
    return UNSET if value is None or isinstance(value, Unset) else check_text(name, value)


def check_bool(name: str, value: bool | Unset) -> bool | Unset:
    """Check an optional boolean; UNSET stays UNSET."""
    check_instance(name, value, bool | Unset, "True or False")
    return value


def check_optional_id(name: str, value: int | Unset) -> int | Unset:
    """Check an optional id; UNSET stays UNSET."""
    return value if isinstance(value, Unset) else check_id(name, value)


def check_listed(name: str, enum: type[E], value: str) -> E:
    """Convert a text to a value of an open enum. The spec need not list it: the server may know more values."""
    listed = find_misspelt(enum, check_text(name, value))
    if listed is not None:
        raise ConfigurationError(f"{name} must be spelled {listed!r}, not {str(value)!r}")
    return enum(value)


def check_language(value: Language | str | Unset | None) -> Language | Unset:
    """Convert a language or its code, which the spec need not list; None becomes UNSET, which stays UNSET."""
    from gcore_iam_client.models import Language

    return UNSET if value is None or isinstance(value, Unset) else check_listed("lang", Language, value)


def check_auth_types(values: Iterable[AuthType | str] | Unset | None) -> list[AuthType] | Unset:
    """Convert a list of authentication types, or of their names; None becomes UNSET, which stays UNSET."""
    from gcore_iam_client.models import AuthType

    if values is None or isinstance(values, Unset):
        return UNSET
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError("auth_types must be a list, such as ['password']")
    return [check_listed("auth_types", AuthType, value) for value in values]


def check_list_operation(operation: Callable[..., object], arguments: Set[str]) -> str:
    """Check a generated list operation, and the names of its arguments; return its id."""
    is_function = inspect.isfunction(operation) and operation.__name__ in ("sync_detailed", "asyncio_detailed")
    parameters = set(inspect.signature(operation).parameters) if is_function else set[str]()
    metadata: Any = getattr(sys.modules.get(operation.__module__), "OPERATION", None) if is_function else None
    if metadata is None or not parameters >= _PAGER_PARAMETERS:
        raise ConfigurationError(
            "operation must be sync_detailed or asyncio_detailed of a generated operation with limit and offset, such "
            "as iam_get_users.sync_detailed"
        )
    unknown = sorted(arguments - (parameters - _PAGER_PARAMETERS))
    if unknown:
        raise ConfigurationError(f"{metadata.id} takes no {' and no '.join(unknown)} here")
    return str(metadata.id)
