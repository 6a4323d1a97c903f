"""The API's models: attrs classes and open enums, generated from the spec.

Each is loaded when it is first used. `UNSET` (of the type `Unset`) stands for a property that is absent; a date with a
time is a `Timestamp`, a `datetime` whose `raw` is the text that the server sent.
"""

from typing import TYPE_CHECKING, Any

from gcore_iam_client import models as _generated

if TYPE_CHECKING:
    from gcore_iam_client.models import *  # noqa: F403 # pyright: ignore[reportWildcardImportFromLibrary]
    from gcore_iam_client.types import UNSET as UNSET
    from gcore_iam_client.types import Timestamp as Timestamp
    from gcore_iam_client.types import Unset as Unset

_SHARED = ("UNSET", "Timestamp", "Unset")


if not TYPE_CHECKING:  # with this function, type checkers would accept any name

    def __getattr__(name: str) -> Any:
        from gcore_iam_client import types

        value = globals()[name] = getattr(types if name in _SHARED else _generated, name)  # found there from now on
        return value


def __dir__() -> list[str]:
    return sorted([*_generated.__all__, *_SHARED])
