"""cattrs: models inside your own attrs classes and dataclasses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from gcore_iam_client.types import Model, Timestamp, decode_datetime, encode

from .._records import is_model


class Converter(Protocol):
    """The methods that `register` calls; `cattrs.Converter` and the converters of `cattrs.preconf` have them."""

    def register_structure_hook(self, cl: Any, func: Callable[[Any, Any], Any], /) -> Any: ...
    def register_structure_hook_func(self, check_func: Callable[[Any], bool], func: Callable[..., Any], /) -> Any: ...
    def register_unstructure_hook(self, cls: Any, func: Callable[[Any], Any], /) -> Any: ...
    def register_unstructure_hook_func(self, check_func: Callable[[Any], bool], func: Callable[..., Any], /) -> Any: ...


def register(converter: Converter) -> None:
    """Teach a converter the API's models: to structure them from their JSON form, and to unstructure them to it.

    A model is read by `from_dict` and written by `to_dict`, so that names on the wire, unknown properties, open enums
    and absent properties survive. A timestamp is written as the text that it was read from.

    Args:
        converter: The converter to change.

    Example:
        converter = cattrs.Converter()
        register(converter)
        users = converter.structure(json.loads(text), list[models.User])
    """
    converter.register_structure_hook_func(is_model, _structure_model)
    converter.register_unstructure_hook_func(is_model, encode)
    converter.register_structure_hook(Timestamp, _structure_timestamp)
    converter.register_unstructure_hook(Timestamp, encode)


def _structure_model(value: Any, cls: type[Model]) -> Model:
    return value if isinstance(value, cls) else cls.from_dict(value)


def _structure_timestamp(value: Any, _: type[Timestamp]) -> Timestamp:
    moment = decode_datetime(value)
    if not isinstance(moment, Timestamp):
        raise ValueError(f"a timestamp in ISO 8601 is expected, not {type(value).__name__}")  # noqa: TRY004 # as cattrs
    return moment
