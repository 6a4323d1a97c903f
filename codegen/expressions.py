"""Python expressions that templates write into models: they decode and encode the values of properties.

Null is always accepted: upstream forgets to declare it, and one null must not make a page unreadable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from types import UnionType

from openapi_python_client.parser.properties import EnumProperty, ModelProperty, Property
from openapi_python_client.parser.properties.any import AnyProperty
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.const import ConstProperty
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.file import FileProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol
from openapi_python_client.parser.properties.string import StringProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.parser.properties.uuid import UuidProperty
from openapi_python_client.schema import Reference, Schema
from openapi_python_client.strings import remove_string_escapes

from .discriminators import has_format, read_discriminators
from .docstrings import strip_text
from .escaping import (
    format_identifier,
    format_string_literal,
    format_type_expression,
    format_value_expression,
    unwrap_text,
)
from .schemas import SECRET

JSON = "json_"
"""The prefix of a variable that holds a property's JSON value."""

_BY_FUNCTION: dict[type, str] = {
    DateTimeProperty: "decode_datetime",
    DateProperty: "decode_date",
    UuidProperty: "decode_uuid",
}


def decode(
    prop: PropertyProtocol,
    source: str,
    model: str,
    key: str | None,
    *,
    in_model: bool = True,
    in_place: bool = False,
) -> str:
    """Format the expression that makes a property's value out of decoded JSON.

    Args:
        prop: The generator's view of the property.
        source: Python source of the JSON value; a name, or an expression that is to be evaluated once.
        model: The name of the model, for messages.
        key: The property's name on the wire, None for a whole body.
        in_model: Whether it stands in a model's module, which has the members of its enums at hand.
        in_place: Whether nothing else uses the JSON value, so that a model may take over its lists.

    Returns:
        Python source, `source` itself where nothing has to be done. It may assign to the name `value`.
    """
    name, first = (source, source) if source.isidentifier() else ("value", f"(value := {source})")
    if isinstance(prop, UnionProperty):
        return _decode_union(prop, source, model, key, in_model=in_model, in_place=in_place)
    if isinstance(prop, EnumProperty):
        cls, kind = format_identifier(prop.class_info.name), prop.value_type.__name__
        if not in_model:
            return f"decode_enum({source}, {cls}, {kind})"
        # Calling an enum takes ten times as long as looking its member up.
        found = f"{name_member_table(cls)}.get({name}) or {cls}({name})"
        return f"({found}) if {first}.__class__ is {kind} else decode_enum({name}, {cls}, {kind})"
    if isinstance(prop, ModelProperty):
        cls = format_identifier(prop.class_info.name)
        reader = "read" if cls == model else name_reader(cls)
        call = f"{reader}({name})" if in_model else _read_model(prop, name, in_place=in_place)
        return f"{call} if {first}.__class__ is dict else decode_model({name}, {cls})"
    if isinstance(prop, ListProperty):
        inner = decode(prop.inner_property, "item", model, key, in_model=in_model)
        wire = "None" if key is None else format_string_literal(key)
        listed = name if inner == "item" else f"[{inner} for item in {name}]"
        return f"{listed} if {first}.__class__ is list else decode_list({name}, {format_string_literal(model)}, {wire})"
    if isinstance(prop, IntProperty):
        return f"{name} if {first}.__class__ is int else decode_int({name})"
    function = _BY_FUNCTION.get(type(prop))
    return f"{function}({source})" if function else source


def name_json_variable(prop: PropertyProtocol) -> str:
    """Return the name that a model's module has for the JSON value of a property."""
    return format_identifier(f"{JSON}{prop.python_name}")


def name_target(prop: PropertyProtocol, model: str) -> str:
    """Return the target of a required property's JSON value: the property itself if nothing has to be done."""
    is_plain = decode(prop, name_json_variable(prop), model, None) == name_json_variable(prop) and not decode_item(
        prop, model
    )
    return f"model.{format_identifier(prop.python_name)}" if is_plain else name_json_variable(prop)


def decode_item(prop: PropertyProtocol, model: str) -> str:
    """Format the expression for `item` of a property that is only a list, "" if nothing has to be done."""
    item = _get_item(prop)
    inner = decode(item, "item", model, unwrap_text(prop.name)) if item else "item"
    return "" if inner == "item" else inner


def find_text_enum(prop: PropertyProtocol) -> str:
    """Find the enum of texts that is the only type of a property, "" for any other: it needs no search for members."""
    part = _get_single_member(prop)
    return format_identifier(part.class_info.name) if isinstance(part, EnumProperty) and part.value_type is str else ""


def find_item_text_enum(prop: PropertyProtocol) -> str:
    """Find the enum of texts that is the only type of a list's items, "" for any other."""
    item = _get_item(prop)
    return find_text_enum(item) if item else ""


def find_item_model(prop: PropertyProtocol) -> str:
    """Find the model that is the only type of a list's items, "" for any other."""
    item = _get_item(prop)
    return format_identifier(item.class_info.name) if isinstance(item, ModelProperty) else ""


def format_default(prop: PropertyProtocol) -> str:
    """Format the expression for a property's default, UNSET when the spec states none."""
    if prop.default is None:
        return "UNSET"
    raw, code = prop.default.raw_value, prop.default.python_code.as_unembedded_code()
    # The generator escapes a text once too often.
    is_text = isinstance(raw, str) and code == repr(remove_string_escapes(raw))
    return format_string_literal(raw) if is_text else format_value_expression(code)


def format_type(prop: PropertyProtocol, *, optional: bool = True) -> str:
    """Format the type of a property's value; without that of UNSET unless `optional`."""
    return format_type_expression(prop.get_type_string(no_optional=not optional).as_unembedded_code())


def format_parameter(prop: PropertyProtocol) -> str:
    """Format the declaration of a function's parameter."""
    default = "" if prop.required and prop.default is None else f" = {format_default(prop)}"
    return f"{format_identifier(prop.python_name)}: {format_type(prop)}{default}"


def decode_response(prop: PropertyProtocol, source: str, operation: str) -> str:
    """Build the expression that makes a response's model from its decoded body, with a type for type checkers."""
    if isinstance(prop, ModelProperty):
        return _read_model(prop, source, in_place=True)
    expression = decode(prop, source, operation, None, in_model=False, in_place=True)
    if isinstance(prop, AnyProperty):
        return expression
    if " if " in expression and isinstance(prop, EnumProperty | ListProperty | ModelProperty):
        return expression
    return f"_cast({format_type(prop)}, {expression})"


def list_body_types(prop: PropertyProtocol) -> str:
    """List the classes of decoded JSON that a body of arrays or of several models may have, "" for any other."""
    kinds = {_name_json_class(part) for part in list_members(prop)}
    return ", ".join(sorted(kinds)) if kinds <= {"dict", "list"} and kinds != {"dict"} else ""


def encode(prop: PropertyProtocol, value: str, function: str = "encode") -> str:
    """Format the expression that makes JSON out of a property's value; `value` itself if nothing has to be done."""
    return value if _is_json(prop) else f"{function}({value})"


def encode_in_model(prop: PropertyProtocol, source: str) -> str:
    """Format what `encode` does, for a model's module: a model or an enum member needs no function of ours there.

    Args:
        prop: The generator's view of the property.
        source: Python source of the value; a name, or an expression that is to be evaluated once.

    Returns:
        Python source. It may assign to the name `value`.
    """
    name, first = (source, source) if source.isidentifier() else ("value", f"(value := {source})")
    part = _get_single_member(prop)
    if isinstance(part, EnumProperty):  # `value` of an enum's member is a property, and takes three times as long
        return f"{name}._value_ if {first}.__class__ is {format_identifier(part.class_info.name)} else encode({name})"
    if isinstance(part, ModelProperty):
        return f"{name}.to_dict() if {first}.__class__ is {format_identifier(part.class_info.name)} else encode({name})"
    return encode(prop, source)


def encode_item(prop: PropertyProtocol) -> str:
    """Format the expression for `item` of a property that is only a list, "" if nothing has to be done."""
    item = _get_item(prop)
    inner = encode_in_model(item, "item") if item else "item"
    return "" if inner == "item" else inner


def list_members(prop: PropertyProtocol) -> list[PropertyProtocol]:
    """List the members of a property's union, however deep, or the property itself."""
    inner = prop.inner_properties if isinstance(prop, UnionProperty) else []
    return [part for member in inner for part in list_members(member)] if inner else [prop]


def is_file(prop: PropertyProtocol) -> bool:
    """Return whether a property holds only a file, or only several files."""
    part = _get_single_member(prop)
    return isinstance(part, FileProperty) or (isinstance(part, ListProperty) and is_file(part.inner_property))


def is_value_assigned(properties: Iterable[PropertyProtocol]) -> bool:
    """Return whether `encode_in_model` or a loop over `encode_item` assigns to `value` for any property."""
    return any(encode_item(prop) or "value :=" in encode_in_model(prop, "held.here") for prop in properties)


def _get_single_member(prop: PropertyProtocol) -> PropertyProtocol | None:
    """Return the only type of a property beside null; None if there are several."""
    parts = [part for part in list_members(prop) if not isinstance(part, NoneProperty)]
    return parts[0] if len(parts) == 1 else None


def _get_item(prop: PropertyProtocol) -> PropertyProtocol | None:
    """Return what the items are of a property that is only a list; None for any other."""
    part = _get_single_member(prop)
    return part.inner_property if isinstance(part, ListProperty) else None


def name_member_table(enum: str) -> str:
    """Return the name that a model's module has for the members of an enum by their values."""
    return f"_MEMBERS_OF_{format_identifier(enum)}"


def name_reader(model: str) -> str:
    """Return the name that a model's module has for the function that reads another model."""
    return f"_read_{format_identifier(model)}"


def list_class_names(
    prop: PropertyProtocol, kinds: type | UnionType = EnumProperty | ModelProperty
) -> list[tuple[str, str]]:
    """List the models and enums, or only one of the kinds, that `decode` names, as (module, class)."""
    if isinstance(prop, UnionProperty):
        return [name for inner in prop.inner_properties for name in list_class_names(inner, kinds)]
    if isinstance(prop, ListProperty):
        return list_class_names(prop.inner_property, kinds)
    if isinstance(prop, EnumProperty | ModelProperty) and isinstance(prop, kinds):
        return [(str(prop.class_info.module_name), str(prop.class_info.name))]
    return []


def _read_model(prop: ModelProperty, source: str, *, in_place: bool) -> str:
    return f"{format_identifier(prop.class_info.name)}.from_dict({source}{', in_place=True' if in_place else ''})"


def _decode_union(
    prop: UnionProperty, source: str, model: str, key: str | None, *, in_model: bool, in_place: bool
) -> str:
    members = [inner for inner in prop.inner_properties if not isinstance(inner, NoneProperty)]
    if not members:
        return source
    if len(members) == 1:
        return decode(members[0], source, model, key, in_model=in_model, in_place=in_place)
    kinds = Counter(kind for inner in members for kind in _get_json_kinds(inner))
    is_distinct = max(kinds.values()) == 1  # the JSON type alone tells the members apart: only one of them is tried
    in_place = in_place and is_distinct
    decoded = [(inner, decode(inner, "option", model, key, in_model=in_model, in_place=in_place)) for inner in members]
    if all(code == "option" for _, code in decoded):
        return source
    if is_distinct:
        options = [f"({_name_json_class(inner)}, lambda option: {code})" for inner, code in decoded if code != "option"]
        return f"decode_union({', '.join([source, *options])})"
    # A text with a format that Python has no type for fits after those that it has one for.
    decoded.sort(
        key=lambda option: isinstance(option[0], StringProperty) and has_format(unwrap_text(option[0].example))
    )
    options = [
        f"({format_type(inner, optional=False)}, {'None' if code == 'option' else f'lambda option: {code}'})"
        for inner, code in decoded
    ]
    arguments = [source, f"({', '.join(options)},)"]
    if found := _list_discriminators(prop, members):
        arguments.append(f"({', '.join(found)},)")
    return f"decode_best({', '.join(arguments)})"


def _list_discriminators(prop: UnionProperty, members: list[PropertyProtocol]) -> list[str]:
    """List the arguments of `decode_best` for the discriminators of a union."""
    classes = {str(member.class_info.name) for member in members if isinstance(member, ModelProperty)}
    found = []
    for name, mapping in read_discriminators(unwrap_text(prop.example)):
        models = {value: cls for value, cls in mapping.items() if cls in classes}
        if models:
            pairs = ", ".join(
                f"{format_string_literal(value)}: {format_identifier(cls)}" for value, cls in models.items()
            )
            found.append(f"({format_string_literal(name)}, {{{pairs}}})")
    return found


def _get_json_kinds(prop: PropertyProtocol) -> frozenset[str]:
    """Return the JSON types of a union member's values; a boolean is a number, as in Python."""
    if isinstance(prop, AnyProperty):
        return frozenset({"object", "array", "string", "number"})
    if isinstance(prop, ConstProperty):
        return frozenset({"string" if isinstance(prop.value.raw_value, str) else "number"})
    if isinstance(prop, IntProperty | FloatProperty | BooleanProperty):
        return frozenset({"number"})
    return frozenset({{"dict": "object", "list": "array", "int": "number"}.get(_name_json_class(prop), "string")})


def _name_json_class(prop: PropertyProtocol) -> str:
    """Return the class of the JSON values that a member of a union may take."""
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
    """Return whether the spec marks a property of a model as one that no repr may show."""
    return _has_secret((model.data.properties or {}).get(prop.name))


def _has_secret(schema: Schema | Reference | None) -> bool:
    """Return whether a schema, an item or an alternative is marked; components are classes and mask their own."""
    if not isinstance(schema, Schema):
        return False
    inner = [*schema.allOf, *schema.oneOf, *schema.anyOf, *schema.prefixItems, schema.items]
    marked = (schema.model_extra or {}).get(SECRET) is True or schema.schema_format == "password"
    return marked or any(_has_secret(item) for item in inner)


def get_description(model: ModelProperty, prop: Property) -> str:
    """Return a property's description: the one beside a `$ref` before the one at its target."""
    schema = (model.data.properties or {}).get(prop.name)
    beside = getattr(schema, "description", None)
    return strip_text(beside or prop.description)
