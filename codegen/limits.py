"""Every bound on a spec that codegen accepts, and the error for a spec that exceeds one.

The bounds keep a wrong or hostile spec from taking minutes or gigabytes. Each is far above what published specs
have; whoever has a larger one raises the constant here.
"""

from __future__ import annotations

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
    """Shorten a text of a spec to what an error message has room for."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


# --- reading -------------------------------------------------------------------------------------------------------

MAX_BYTES = 50_000_000
"""Size of a spec in bytes."""

MAX_DEPTH = 150
"""Levels of nesting of a file, aliases written out: recursion over one document stays far from Python's limit."""

MAX_NODES = 500_000
"""Keys and values of a file, aliases written out: those of a file of about 15 MB."""

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

MAX_NAME_LENGTH = 200
"""Characters of a name that becomes a module: file systems take 255 bytes."""
