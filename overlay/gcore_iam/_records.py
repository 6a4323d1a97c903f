"""Converts models to flat records for tables, and to values for JSON encoders."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from enum import Enum
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import attrs
from gcore_iam_client.types import UNSET, Model, Timestamp, encode

if TYPE_CHECKING:
    from typing import TypeAlias

    Scalar: TypeAlias = str | int | float | bool | datetime.date | None


def as_record(model: Model, *, separator: str = ".") -> dict[str, Scalar]:
    """Convert a model to a flat dict, for pandas, polars, csv and SQL.

    The records of one class always have the same keys in the same order. A property that is UNSET becomes None. An
    inner model becomes a key for each of its properties (`client_user.role.name`), a list its JSON as text, an enum its
    plain value, a timestamp a plain `datetime`. Properties that the spec does not list (`additional_properties`) are
    left out. A secret, such as the `token` of a new API token, is not masked.

    Args:
        model: A model of this API.
        separator: The text between the name of an inner model and the names of its properties.

    Returns:
        Texts, numbers, booleans, dates and None by key.

    Raises:
        TypeError: It is not a model.

    Example:
        pandas.DataFrame(models.as_record(user) for user in iam.users.list())
    """
    if not isinstance(model, Model):
        raise TypeError(
            f"as_record takes one model, not {type(model).__name__}; "
            f"for several, call it for each: [as_record(user) for user in users]"
        )
    cls: Any = type(model)
    return {separator.join(path): _read_value(model, path) for path in _get_columns(cls)}


def encode_for_json(value: object) -> Any:
    """Return the JSON form of a model, an enum or a timestamp: the `default` of json and orjson, msgspec's `enc_hook`.

    Raises:
        TypeError: It is none of these; the callers of such functions expect this type.
    """
    if value is not UNSET and isinstance(value, Model | Enum | datetime.date):
        return encode(value)
    hint = "; leave the property out, or use to_dict()" if value is UNSET else ""
    raise TypeError(f"{type(value).__name__} has no JSON form{hint}")


@cache
def _get_columns(cls: Any) -> tuple[tuple[str, ...], ...]:
    return tuple(_find_columns(cls, ()))


def _find_columns(cls: type[Model], outer: tuple[type[Model], ...]) -> Iterator[tuple[str, ...]]:
    """Yield the path of each value. A model inside one of its own class is a value: they may nest without end."""
    hints = get_type_hints(cls)
    for field in attrs.fields(cls):  # type: ignore[arg-type] # every model is an attrs class
        if field.init:
            hint = hints[field.name]
            options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
            inner = [option for option in options if is_model(option)]
            if len(inner) == 1 and inner[0] not in (cls, *outer):
                yield from ((field.name, *path) for path in _find_columns(inner[0], (cls, *outer)))
            else:
                yield (field.name,)


def is_model(hint: object) -> bool:
    """Return whether a type is the class of a model."""
    return isinstance(hint, type) and issubclass(hint, Model)


def _read_value(model: Model, path: tuple[str, ...]) -> Scalar:
    value: Any = model
    for name in path:
        value = getattr(value, name, None)
    if value is None or value is UNSET:
        return None
    if isinstance(value, Timestamp):
        return value.to_datetime()
    if isinstance(value, Enum):
        plain: str | int = value.value
        return plain
    if isinstance(value, str | int | float | datetime.date):
        return value
    value = encode(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
