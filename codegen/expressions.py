"""Python expressions that templates write into models: from JSON to what a property holds, and back.

Whatever the description says, null passes: upstream forgets to declare it, and one null must not lose a page.
"""

from __future__ import annotations

from openapi_python_client.parser.properties import EnumProperty, ModelProperty, Property
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.file import FileProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.parser.properties.uuid import UuidProperty

_BY_FUNCTION: dict[type, str] = {
    DateTimeProperty: "decode_datetime",
    DateProperty: "decode_date",
    UuidProperty: "decode_uuid",
}


def decode(prop: PropertyProtocol, source: str, model: str, key: str | None) -> str:
    """The expression that makes what a property holds out of decoded JSON.

    Args:
        prop: The generator's view of the property.
        source: Python source of the JSON value; a name, or an expression that is to be evaluated once.
        model: Who the property belongs to, for messages.
        key: The property's name on the wire, None for a whole body.

    Returns:
        Python source, `source` itself where nothing has to be done. It may assign to the name `value`.
    """
    name, first = (source, source) if source.isidentifier() else ("value", f"(value := {source})")
    if isinstance(prop, UnionProperty):
        return _decode_union(prop, source, model, key)
    if isinstance(prop, EnumProperty):
        return f"{prop.class_info.name}({name}) if isinstance({first}, {prop.value_type.__name__}) else {name}"
    if isinstance(prop, ModelProperty):
        cls = prop.class_info.name
        return f"{cls}.from_dict({name}) if {first}.__class__ is dict else decode_model({name}, {cls})"
    if isinstance(prop, ListProperty):
        inner = decode(prop.inner_property, "item", model, key)
        if inner == "item":
            return f"decode_list({source}, {model!r}, {key!r})"
        listed = f"[{inner} for item in {name}]"
        return f"{listed} if {first}.__class__ is list else decode_list({name}, {model!r}, {key!r})"
    if isinstance(prop, IntProperty):
        return f"{name} if {first}.__class__ is int else decode_int({name})"
    function = _BY_FUNCTION.get(type(prop))
    return f"{function}({source})" if function else source


def encode(prop: PropertyProtocol, value: str) -> str:
    """The expression that makes JSON out of what a property holds; `value` itself where nothing has to be done."""
    return value if _is_json(prop) else f"encode({value})"


def model_names(prop: PropertyProtocol) -> list[tuple[str, str]]:
    """The models and enums that `decode` names, as (module, class)."""
    if isinstance(prop, UnionProperty):
        return [name for inner in prop.inner_properties for name in model_names(inner)]
    if isinstance(prop, ListProperty):
        return model_names(prop.inner_property)
    if isinstance(prop, EnumProperty | ModelProperty):
        return [(str(prop.class_info.module_name), str(prop.class_info.name))]
    return []


def _decode_union(prop: UnionProperty, source: str, model: str, key: str | None) -> str:
    members = [inner for inner in prop.inner_properties if not isinstance(inner, NoneProperty)]
    if len(members) == 1:
        return decode(members[0], source, model, key)
    options = [
        f"({_accepts(inner)}, lambda option: {decode(inner, 'option', model, key)})"
        for inner in members
        if decode(inner, "option", model, key) != "option"
    ]
    return f"decode_union({', '.join([source, *options])})" if options else source


def _accepts(prop: PropertyProtocol) -> str:
    """The class of the JSON values that a member of a union may take."""
    if isinstance(prop, ModelProperty):
        return "dict"
    if isinstance(prop, ListProperty):
        return "list"
    if isinstance(prop, EnumProperty):
        return prop.value_type.__name__
    return "float" if isinstance(prop, IntProperty) else "str"


def _is_json(prop: PropertyProtocol) -> bool:
    if isinstance(prop, UnionProperty):
        return all(_is_json(inner) for inner in prop.inner_properties)
    if isinstance(prop, ListProperty):
        return _is_json(prop.inner_property)
    encoded = (EnumProperty, ModelProperty, DateTimeProperty, DateProperty, UuidProperty, FileProperty)
    return not isinstance(prop, encoded)


def is_secret(model: ModelProperty, prop: Property) -> bool:
    """Whether the description marks a property of a model as one that no repr may show."""
    schema = (model.data.properties or {}).get(prop.name)
    extra = getattr(schema, "model_extra", None) or {}
    return extra.get("x-secret") is True


def meaning(model: ModelProperty, prop: Property) -> str:
    """A property's description: what stands beside a `$ref` before what stands at its target."""
    schema = (model.data.properties or {}).get(prop.name)
    beside = getattr(schema, "description", None)
    text = beside or prop.description
    return text.get_untrusted_value() if text else ""
