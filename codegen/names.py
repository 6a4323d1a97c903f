"""Names that the generator gives, those that clash, and those that generated code needs for itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from openapi_python_client.config import Config
from openapi_python_client.parser.openapi import GeneratorData
from openapi_python_client.parser.properties.protocol import PropertyProtocol
from openapi_python_client.strings import PythonIdentifier

from .errors import CodegenError
from .escaping import format_file_name, unwrap_text
from .schemas import FUNCTION_NAME, Document
from .spec import Spec, iterate_operations
from .wire_format import list_accepted

RESERVED_CLASS_NAMES = frozenset(
    {"Any", "BinaryIO", "BytesIO", "File", "FileTypes", "Generator", "Literal", "Mapping", "Operation", "Self"}
    | {"Response", "TextIO", "Timestamp", "UNSET", "UUID", "Unset", "Client", "AuthenticatedClient", "OPERATION"}
    | {"IntEnum", "StrEnum"}
)
"""Names that generated modules use for other things; a schema of such a name becomes `<Name>Model`."""

RESERVED_FIELD_NAMES = frozenset(
    {"additional_keys", "additional_properties", "from_dict", "to_dict", "to_multipart"}
    | {"masked", "masked_values"}  # the functions that a model's fields are masked with
)
"""What every model has or uses; a property of such a name becomes the field `<name>_`."""


def get_module_name(operation: Document, config: Config) -> tuple[str, str]:
    """Return the generated module of an operation, as (tag's package, module)."""
    tag = (operation.get("tags") or ["default"])[0]
    return str(PythonIdentifier(tag, "tag")), str(PythonIdentifier(get_function_name(operation), config.field_prefix))


def get_function_name(operation: Document) -> str:
    """Return the name that the module of an operation and its classes are named after."""
    return str(operation.get(FUNCTION_NAME, operation["operationId"]))


def separate_modules(document: Document, config: Config) -> None:
    """Give operations that would become the module of an earlier one a suffix from their place.

    The suffix is the method, then the path, then a number, whichever is free first. The `operationId` stays.

    Args:
        document: The normalized document; changed in place.
        config: The generator's configuration, for the names that it gives.
    """
    operations = list(iterate_operations(document))
    named = {get_module_name(operation, config) for _, _, operation in operations}
    taken: set[tuple[str, str]] = set()
    for path, method, operation in operations:
        if get_module_name(operation, config) in taken:
            base = f"{operation['operationId']}_{method}"
            for suffix in _iterate_suffixes(path):
                operation[FUNCTION_NAME] = f"{base}{suffix}"
                if get_module_name(operation, config) not in named:
                    break
            named.add(get_module_name(operation, config))
        taken.add(get_module_name(operation, config))


def _iterate_suffixes(path: str) -> Iterator[str]:
    words = "_".join(["", *re.findall(r"\w+", path)])
    yield ""
    yield words
    yield from (f"{words}_{number}" for number in count(2))


def check_modules(data: GeneratorData, spec: Spec) -> None:
    """Raise if two classes would get the same module."""
    modules: dict[str, str] = {}
    for prop in [*data.models, *data.enums]:
        name, module = str(prop.class_info.name), str(prop.class_info.module_name)
        other = modules.setdefault(module, name)
        if other != name:
            raise CodegenError(
                f"{spec.name}: classes {other} and {name} would both stand in the module {module}; "
                f"rename one under class_overrides in the generator's configuration"
            )


def check_paths(data: GeneratorData, spec: Spec) -> None:
    """Refuse names that cannot be those of files, before any file is written.

    Raises:
        CodegenError: A tag, an operation or a schema would become such a name.
    """
    names: dict[str, str] = {}
    for tag, collection in data.endpoint_collections_by_tag.items():
        names[str(tag)] = "a tag"
        for endpoint in collection.endpoints:
            names[str(endpoint.name)] = f"{endpoint.method.upper()} {ascii(unwrap_text(endpoint.path))[:100]}"
    names.update((str(prop.class_info.module_name), "a schema") for prop in [*data.models, *data.enums])
    for name, origin in names.items():
        try:
            format_file_name(name)
        except CodegenError as error:
            raise CodegenError(f"{spec.name}: {origin}: {error}") from None


def rename_reserved_names(data: GeneratorData) -> None:
    """Give fields and parameters other names than those that generated code needs for itself."""
    classes = {str(prop.class_info.name) for prop in [*data.models, *data.enums]}
    for model in data.models:
        fields = [*(model.required_properties or ()), *(model.optional_properties or ())]
        taken = {str(field.python_name) for field in fields} | RESERVED_FIELD_NAMES | RESERVED_CLASS_NAMES | classes
        for field in fields:
            name = str(field.python_name)
            if name in RESERVED_FIELD_NAMES | RESERVED_CLASS_NAMES | classes:
                _set_name(field, _find_free_name(f"{name}_", taken))
    for collection in data.endpoint_collections_by_tag.values():
        for endpoint in collection.endpoints:
            taken = {str(parameter.python_name) for _, parameter in endpoint.iter_all_parameters()}
            used = RESERVED_CLASS_NAMES | classes | ({"body"} if endpoint.bodies else set())
            used |= {"content_type"} if len(endpoint.bodies) > 1 else set()
            used |= {"accept"} if list_accepted(endpoint) else set()
            for location, parameter in list(endpoint.iter_all_parameters()):
                if (name := str(parameter.python_name)) in used:
                    _set_name(parameter, _find_free_name(f"{name}_{location}", taken))


def _find_free_name(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _set_name(prop: PropertyProtocol, name: str) -> None:
    prop.python_name = PythonIdentifier(name, "", skip_snake_case=True)
