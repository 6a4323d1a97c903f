"""The API's models: attrs classes and open enums, generated from the spec.

Each is loaded when it is first used. `UNSET` (of the type `Unset`) stands for a property that is absent; a date with a
time is a `Timestamp`, a `datetime` whose `raw` is the text that the server sent.

To get values out of a model:

- `user.to_dict()` returns its JSON form, without the properties that are UNSET.
- `as_record(user)` returns a flat dict for pandas, polars and csv, with None for a property that is UNSET.
- `encode_for_json` is for `json.dumps(…, default=…)`, `orjson.dumps(…, default=…)` and msgspec's `enc_hook`.
- `attrs.asdict(user)` leaves UNSET where it is: a CSV file or a data frame would hold the text `Unset.UNSET`.
"""

from typing import TYPE_CHECKING, Any

from gcore_iam_client import models as _generated

if TYPE_CHECKING:
    from gcore_iam_client.models import *  # noqa: F403 # pyright: ignore[reportWildcardImportFromLibrary]
    from gcore_iam_client.types import UNSET as UNSET
    from gcore_iam_client.types import Model as Model
    from gcore_iam_client.types import Timestamp as Timestamp
    from gcore_iam_client.types import Unset as Unset

    from ._records import as_record as as_record
    from ._records import encode_for_json as encode_for_json

_SHARED = ("UNSET", "Model", "Timestamp", "Unset")
_FUNCTIONS = ("as_record", "encode_for_json")


if not TYPE_CHECKING:  # with this function, type checkers would accept any name

    def __getattr__(name: str) -> Any:
        from gcore_iam_client import types

        if name in _FUNCTIONS:
            from . import _records as module
        else:
            module = types if name in _SHARED else _generated
        value = globals()[name] = getattr(module, name)  # found there from now on
        return value


def __dir__() -> list[str]:
    return sorted([*_generated.__all__, *_SHARED, *_FUNCTIONS])
