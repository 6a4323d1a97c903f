"""Marks deprecated functions for type checkers and editors (PEP 702), and warns at the line of the user's code."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing_extensions import deprecated as deprecated
else:
    F = TypeVar("F", bound=Callable[..., object])

    def deprecated(message: str) -> Callable[[F], F]:
        """Set `__deprecated__` of a function; the function itself warns when it is called."""

        def add_marker(function: F) -> F:
            function.__deprecated__ = message
            return function

        return add_marker


_PACKAGES = ("gcore_iam", "gcore_iam_client")


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn at the line of the user's code that called this library."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _PACKAGES:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
