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


if not TYPE_CHECKING:  # a type checker shall know the names, and that there are no others

    def __getattr__(name: str) -> Any:
        if name in _SHARED:
            from gcore_iam_client import types

            value = getattr(types, name)
        else:
            value = getattr(_generated, name)
        globals()[name] = value  # the next access does not call this function
        return value


def __dir__() -> list[str]:
    return sorted([*_generated.__all__, *_SHARED])
