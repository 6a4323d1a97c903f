"""Marks functions as deprecated, for type checkers and editors (PEP 702)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing_extensions import deprecated as deprecated
else:
    F = TypeVar("F", bound=Callable[..., object])

    def deprecated(message: str) -> Callable[[F], F]:
        """Set `__deprecated__` of a function; the function itself warns when it is called."""

        def mark(function: F) -> F:
            function.__deprecated__ = message
            return function

        return mark
