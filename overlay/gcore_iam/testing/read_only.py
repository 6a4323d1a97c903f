"""Dicts and lists that raise when a test edits them: an edit of a copy would change nothing, without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from .seed import Record

_HINT = (
    "this is a read-only view of the fake's state: change it as a client does, such as iam.users.update(…), or seed it "
    "with FakeIAM(users=…, tokens=…, logins=…); copy.deepcopy(…) of it gives a plain copy to edit"
)


def _raise_read_only(*_: object, **__: object) -> NoReturn:
    raise TypeError(_HINT)


class ReadOnlyDict(dict[str, Any]):
    """A dict that cannot be edited. It equals a plain dict, and JSON encoders accept it."""

    if not TYPE_CHECKING:  # to type checkers it is a plain one
        __setitem__ = __delitem__ = __ior__ = _raise_read_only
        clear = pop = popitem = setdefault = update = _raise_read_only

    def __copy__(self) -> Record:
        return dict(self)

    def __deepcopy__(self, _: object) -> Record:
        plain: Record = thaw(self)
        return plain

    def __reduce__(self) -> tuple[type[Record], tuple[Record]]:
        return dict, (thaw(self),)


class ReadOnlyList(list[Any]):
    """A list that cannot be edited. It equals a plain list, and JSON encoders accept it."""

    if not TYPE_CHECKING:  # to type checkers it is a plain one
        __setitem__ = __delitem__ = __iadd__ = __imul__ = _raise_read_only
        append = clear = extend = insert = pop = remove = reverse = sort = _raise_read_only

    def __copy__(self) -> list[Any]:
        return list(self)

    def __deepcopy__(self, _: object) -> list[Any]:
        plain: list[Any] = thaw(self)
        return plain

    def __reduce__(self) -> tuple[type[list[Any]], tuple[list[Any]]]:
        return list, (thaw(self),)


def freeze(value: Any) -> Any:
    """Return a read-only copy of decoded JSON."""
    if isinstance(value, dict):
        return ReadOnlyDict({key: freeze(inner) for key, inner in value.items()})
    return ReadOnlyList(map(freeze, value)) if isinstance(value, list) else value


def thaw(value: Any) -> Any:
    """Return a plain copy of read-only JSON."""
    if isinstance(value, dict):
        return {key: thaw(inner) for key, inner in value.items()}
    return [thaw(inner) for inner in value] if isinstance(value, list) else value
