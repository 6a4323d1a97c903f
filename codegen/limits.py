"""Every bound on a spec that codegen accepts, and the error for a spec that exceeds one.

The bounds keep a wrong or hostile spec from taking minutes or gigabytes. Each is far above what published specs
have; raise the constant here for a larger one.
"""

from __future__ import annotations

from typing import Any

from .errors import CodegenError


class LimitError(CodegenError):
    """A spec exceeds a bound of this module."""

    def __init__(self, problem: str, bound: str) -> None:
        """Describe the problem and the way out.

        Args:
            problem: One line that names the file, the place and the bound.
            bound: The constant of this module that is exceeded.
        """
        super().__init__(f"{problem}; if the spec is right, raise {bound} in codegen/limits.py")


def clip_text(text: str, length: int = 80) -> str:
    """Shorten a text of a spec to what fits into an error message."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


# --- reading -------------------------------------------------------------------------------------------------------

MAX_BYTES = 50_000_000
"""Size of a spec in bytes."""

MAX_DEPTH = 150
"""Levels of nesting of a file, aliases written out: recursion over one document stays far from Python's limit."""

MAX_NODES = 400_000
"""Keys and values of a file, aliases written out: those of a file of about 12 MB."""

MAX_KEY_LENGTH = 4_000
"""Characters of a key: regular expressions over paths and names take quadratic time at worst."""

MAX_NUMBER_LENGTH = 400
"""Characters of a number. The largest double has 309 digits, and some specs write it out."""

MAX_VERSION_LENGTH = 200
"""Characters of `info.version`, which goes into file headers, reports, `source.toml` and the changelog."""

# --- comparing -----------------------------------------------------------------------------------------------------

MAX_COMBINED_SCHEMAS = 200
"""Schemas that `allOf` and `$ref` combine into one."""

MAX_COMBINATIONS = 5_000
"""Combinations of schemas that `allOf` makes: members that define the same property in a circle would never end."""

MAX_STEPS = 1_500_000
"""Parameters, headers, responses and requirements that the operations of one side have, `$ref`s written out."""

MAX_PAIRS = 200_000
"""Pairs of schemas to compare: two circles of references of different lengths pair each schema with each."""

MAX_REACHED = 1_000_000
"""Operations that the changes of a review reach, summed over all changes: a report lists each of them."""

MAX_NAME_COMPARISONS = 2_000
"""Names of properties that are compared letter by letter, to find renamed ones; no more are found then."""

# --- generating ----------------------------------------------------------------------------------------------------

MAX_OPERATIONS = 3_000
"""Operations of a client: the generator takes 5 ms for each."""

MAX_PARAMETERS = 20_000
"""Parameters of all operations, `$ref`s and those of their paths included."""

MAX_OPERATION_PARAMETERS = 500
"""Parameters of one operation, those of its path included: the generator compares each with each."""

MAX_PROPERTIES = 3_000
"""Properties of one object: the generator compares each with each."""

MAX_ALL_PROPERTIES = 20_000
"""Properties of all objects, after `allOf` is merged."""

MAX_ENUM_VALUES = 30_000
"""Values of one enum."""

MAX_ALL_ENUM_VALUES = 100_000
"""Values of all enums."""

MAX_PROSE = 5_000_000
"""Characters of all descriptions, each counted for each `$ref` to it: docstrings repeat them."""

MAX_NAME_LENGTH = 200
"""UTF-8 bytes of a name that becomes a module: file systems take 255."""

MAX_COPIED_NODES = 300_000
"""Keys and values that are copied to merge `allOf`, to mark secrets and to split requests from responses."""

MAX_ALL_OF_LEVELS = 100
"""Levels of `allOf` in `allOf`, `$ref`s followed."""

MAX_TYPE_MEMBERS = 1_000
"""Types that a union stands for: the generator writes unions of unions out."""

MAX_TYPE_LEVELS = 50
"""Unions and arrays inside each other without a class between them."""

MAX_CLASS_CHAIN = 100
"""Classes that refer to one another in a row: Python imports their modules inside each other."""


class CopyBudget:
    """Copies parts of a document, and stops before the copies outgrow `MAX_COPIED_NODES`."""

    def __init__(self) -> None:
        """Start to count."""
        self._nodes = 0
        self._characters = 0

    def copy(self, value: Any) -> Any:
        """Copy JSON, mappings and lists within included.

        Raises:
            LimitError: The copies are too large together, or too deep.
        """
        return self._copy(value, 0)

    def _copy(self, value: Any, level: int) -> Any:
        self._nodes += 1
        if isinstance(value, str):
            self._characters += len(value)
        if self._nodes > MAX_COPIED_NODES or self._characters > MAX_BYTES:
            text = f"merging allOf, secrets and requests copies more than {MAX_COPIED_NODES:,} values"
            raise LimitError(text, "MAX_COPIED_NODES")
        if level > MAX_DEPTH:
            raise LimitError(f"merging allOf nests schemas in more than {MAX_DEPTH} levels", "MAX_DEPTH")
        if isinstance(value, dict):
            self._nodes += len(value)
            return {key: self._copy(item, level + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self._copy(item, level + 1) for item in value]
        return value
