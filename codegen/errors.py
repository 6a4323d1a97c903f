"""The one exception that build-time code raises for wrong input."""

from typing import ClassVar


class CodegenError(Exception):
    """Wrong input: one line that names the file and the place and says what to do."""

    status: ClassVar[int] = 2
    """The exit status of a command that ends with it."""
