"""Checks that the users, tokens and logins of a test share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jsonschema_rs import Draft202012Validator

from .schemas import Schemas, describe_problem
from .seed import Record
from .validation import require_json, require_type

LARGEST_ID = 10**18 - 1


def parse_record(
    place: str,
    given: Mapping[str, Any],
    schemas: Schemas,
    component: str,
    validator: Draft202012Validator,
    additional: str = "",
) -> Record:
    """Check a record in the API's form, in which any property may be left out.

    Args:
        place: Name of the record in messages, such as `users[0]`.
        given: The record.
        schemas: The schemas of the spec.
        component: The schema that lists its properties.
        validator: What checks their values.
        additional: A key that the record may have, although the schema has no such property.

    Returns:
        A copy of plain dicts and lists.

    Raises:
        TypeError: The record is not a mapping, or JSON has no form for a value.
        ValueError: A key is unknown, or a value contradicts the spec.
    """
    require_type(place, given, Mapping, "a mapping")
    require_json(place, dict(given))
    record: Record = json.loads(json.dumps(dict(given)))
    known = [*schemas.collect_properties(schemas.get_schema(component)), *([additional] if additional else [])]
    if unknown := sorted(record.keys() - set(known)):
        names = ", ".join(sorted(known, key=lambda name: (name == additional, name)))
        raise ValueError(f"{place} has an unknown key {unknown[0]!r}; known are {names}")
    public = {key: value for key, value in record.items() if key != additional}
    if problem := next(map(describe_problem, validator.iter_errors(public)), None):
        raise ValueError(f"{place}.{'.'.join(problem[0])}: {problem[1]}")
    return record


def require_unique(name: str, keys: Mapping[str, Sequence[Any]]) -> None:
    """Raise if two records have the same value of a key.

    Args:
        name: Name of the argument, such as `users`.
        keys: The values of each key, in the order of the records.

    Raises:
        ValueError: Two records have the same value. The message does not show strings, which may be secrets.
    """
    for key, values in keys.items():
        first: dict[Any, int] = {}
        for index, value in enumerate(values):
            if (other := first.setdefault(value, index)) != index:
                shown = f": {value}" if isinstance(value, int) else ""
                raise ValueError(f"{name}[{index}] has the same {key} as {name}[{other}]{shown}")


def require_records(name: str, value: Any, *, or_number: bool) -> None:
    """Raise unless an argument is an iterable of records, or a number where that is allowed."""
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        allowed = "an integer, or mappings in a list" if or_number else "mappings in a list"
        raise TypeError(f"{name} must be {allowed}, not {type(value).__name__}")
