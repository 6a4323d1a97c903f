"""Faults of one field of a JSON body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import attrs

from ..contract import get_own_contract
from ..messages import Response
from ..validation import require_json
from .base import Fault, FaultError, check_text


@attrs.frozen
class FieldFault(Fault):
    """Changes one field of a JSON body.

    Args:
        field: Path of the field, key by key, as in `results.0.lang`; `*` stands for every item of a list.
    """

    field: str = attrs.field(validator=check_text)

    def alter_response(self, response: Response | None) -> Response | None:
        if response is None:
            return None
        *path, last = self.field.split(".")
        hits: list[bool] = []

        def edit(holder: Any) -> Any:
            if not isinstance(holder, dict) or (last in holder) is not self._is_present:
                return holder
            edited = self._edit(holder, last)
            hits.append(edited != holder)
            return edited

        payload = _edit_at(response.payload, path, edit)
        if not any(hits):
            effect = "changes nothing in" if hits else "finds no" if self._is_present else "finds no place for"
            raise FaultError(f"{type(self).__name__} {effect} {self.field!r} in the response {response.status}")
        return attrs.evolve(response, payload=payload)

    _is_present: ClassVar[bool] = True
    """Whether the field must be present before."""

    def _edit(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        raise NotImplementedError


@attrs.frozen
class UnknownEnum(FieldFault):
    """A value that no enum of the spec lists.

    Args:
        field: Path of the field, key by key, as in `results.0.lang`; `*` stands for every item of a list.
        value: The value, which no enum of the spec may list.
    """

    value: str = attrs.field(default="unheard-of", validator=check_text)

    def __attrs_post_init__(self) -> None:
        if self.value in get_own_contract().schemas.enum_values:
            raise ValueError(f"value {self.value!r} is listed in the API's spec; choose another one")

    def _edit(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        return {**holder, key: self.value}


@attrs.frozen
class Null(FieldFault):
    """Null in place of a value.

    Args:
        field: Path of the field, key by key, as in `results.0.lang`; `*` stands for every item of a list.
    """

    def _edit(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        return {**holder, key: None}


@attrs.frozen
class Missing(FieldFault):
    """A field that is missing.

    Args:
        field: Path of the field, key by key, as in `results.0.lang`; `*` stands for every item of a list.
    """

    def _edit(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        return {name: value for name, value in holder.items() if name != key}


@attrs.frozen
class ExtraField(FieldFault):
    """A field that the spec does not list.

    Args:
        field: Path of the new field, key by key, as in `results.0.unheard_of`; `*` stands for every item of a list.
        value: Its value, anything that can be written as JSON.
    """

    field: str = attrs.field(default="unheard_of", validator=check_text)
    value: Any = "unheard-of"
    _is_present: ClassVar[bool] = False

    def __attrs_post_init__(self) -> None:
        require_json("value", self.value)

    def _edit(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        return {**holder, key: self.value}


def _find_children(node: Any, key: str) -> dict[Any, Any]:
    if isinstance(node, dict):
        return {key: node[key]} if key in node else {}
    if isinstance(node, list) and key == "*":
        return dict(enumerate(node))
    if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
        return {int(key): node[int(key)]}
    return {}


def _edit_at(node: Any, path: Sequence[str], edit: Callable[[Any], Any]) -> Any:
    """Return a copy with the value at a path of keys changed; `*` stands for every item of a list."""
    if not path:
        return edit(node)
    changed = {key: _edit_at(child, path[1:], edit) for key, child in _find_children(node, path[0]).items()}
    if isinstance(node, dict):
        return {**node, **changed}
    return [changed.get(index, item) for index, item in enumerate(node)] if isinstance(node, list) else node
