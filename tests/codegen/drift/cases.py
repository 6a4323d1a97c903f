"""Pairs of small specs that differ in one thing, so that each rule of the wire and docs layers is reported once."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from codegen.drift.normalized_schema import BOUNDS, CONDITIONS
from tests.codegen.drift.pairs import Document, document

Case = tuple[Document, Document]

TEXT: Document = {"type": "string"}
NUMBER: Document = {"type": "integer"}
FLAG: Document = {"type": "boolean"}
LIST: Document = {"type": "array", "items": TEXT}
USER: Document = {"type": "object", "properties": {"id": NUMBER, "name": TEXT}, "required": ["id"]}
PAST, FUTURE, LATER = "2026-05-01", "2026-12-01", "2027-01-31"


def obj(*required: str, **properties: Any) -> Document:
    """An object schema."""
    return {"type": "object", "properties": properties, **({"required": [*required]} if required else {})}


def refer(name: str) -> Document:
    """A reference to a schema of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def on_both_sides(schema: Document, **schemas: Document) -> Document:
    """A spec that takes a schema, and returns it."""
    return document(body=obj(v=schema), response=obj(v=schema), schemas=schemas)


def schema_case(old: Document, new: Document, **schemas: Document) -> Case:
    """A schema that changes in the request and in the response."""
    return on_both_sides(old, **schemas), on_both_sides(new, **schemas)


def with_parameters(*parameters: Document, **operation: Any) -> Document:
    """A spec whose operation has parameters."""
    return document(parameters=list(parameters), **operation)


def with_path_parameters(*parameters: Document) -> Document:
    """A spec whose path has parameters: the first one that is no `part`, and `part`."""
    name = next(value["name"] for value in parameters if value["name"] != "part")
    operation = {"parameters": [*parameters], "responses": {}}
    return {**document(), "paths": {f"/things/{{{name}}}/{{part}}": {"get": operation}}}


def parameter(name: str = "q", place: str = "query", schema: Any = None, **more: Any) -> Document:
    """A parameter, in the query if not said otherwise."""
    return {"name": name, "in": place, "schema": schema or TEXT, **more}


EMPTY = {"description": "Made."}


def with_body(**keys: Any) -> Document:
    """A spec whose operation takes a user."""
    return edit(document(body=USER), "paths", "/things", "post", "requestBody", **keys)


def with_response(code: str = "200", response: Document | None = None, others: Document | None = None) -> Document:
    """A spec whose operation has a response, and perhaps others."""
    return document(responses={code: {**EMPTY, **(response or {})}, **(others or {})})


def returning(schema: Document) -> Document:
    """A response of one schema."""
    return {**EMPTY, "content": {"application/json": {"schema": schema}}}


def with_headers(**headers: Document) -> Document:
    """A spec whose response has headers."""
    return with_response(response={"headers": {name.replace("_", "-"): value for name, value in headers.items()}})


def with_media(side: str, name: str = "application/json", **media: Any) -> Document:
    """A spec that takes or returns a body of one media type."""
    content = {name: media}
    return (
        document(requestBody={"content": content})
        if side == "request"
        else with_response(response={"content": content})
    )


def as_webhook(spec: Document) -> Document:
    """A spec whose operation is called by the API."""
    return {**document(), "webhooks": {"made": spec["paths"]["/things"]}}


def as_callback(spec: Document) -> Document:
    """A spec whose operation is a callback."""
    return document(callbacks={"made": {"{$request.body#/url}": spec["paths"]["/things"]}})


def with_security(*security: Document, **schemes: Document) -> Document:
    """A spec whose operation needs credentials."""
    spec = document(security=list(security))
    spec["components"]["securitySchemes"] = schemes
    return spec


def with_global_security(*security: Document, **schemes: Document) -> Document:
    """A spec that needs credentials for all that it has."""
    spec = {**document(), "security": list(security)}
    spec["components"]["securitySchemes"] = schemes
    return spec


def edit(spec: Document, *keys: Any, **values: Any) -> Document:
    """A copy of a spec with other values at a place."""
    spec = copy.deepcopy(spec)
    place = spec
    for key in keys:
        place = place[key]
    place.update(values)
    return spec


# --- schemas -----------------------------------------------------------------------------------------------------

CAT, DOG = obj("claws", claws=NUMBER), obj("bark", bark=TEXT)
PETS = {"Cat": CAT, "Dog": DOG}
CAT_OR_DOG = {"oneOf": [refer("Cat"), refer("Dog")]}


def mapped(name: str = "kind", **mapping: str) -> Document:
    """A union with a discriminator."""
    return {**CAT_OR_DOG, "discriminator": {"propertyName": name, **({"mapping": mapping} if mapping else {})}}


def bounds() -> Iterator[tuple[str, Case]]:
    """Each bound: set, and raised."""
    for keyword in BOUNDS:
        yield f"{keyword} is set", schema_case({}, {keyword: 2})
        yield f"{keyword} is raised", schema_case({keyword: 2}, {keyword: 3})
        yield f"{keyword} is 0", schema_case({}, {keyword: 0})


def conditions() -> Iterator[tuple[str, Case]]:
    """Each condition: added, added as false, and changed inside."""
    for keyword in CONDITIONS:
        yield f"{keyword} is added", schema_case({}, {keyword: TEXT})
        yield f"{keyword} allows nothing", schema_case({}, {keyword: False})
        yield f"{keyword} changes inside", schema_case({keyword: TEXT}, {keyword: NUMBER})


VALUES: dict[str, Case] = {
    "a constant is added": schema_case(TEXT, {**TEXT, "const": "a"}),
    "a constant changes": schema_case({"const": "a"}, {"const": "b"}),
    "a constant is another type of value": schema_case({"const": 1}, {"const": True}),
    "a constant of a parameter has another type": (
        with_parameters(parameter(schema={"const": 1})),
        with_parameters(parameter(schema={"const": "1"})),
    ),
    "a constant becomes an enum of it": schema_case({"const": "a"}, {"enum": ["a"]}),
    "a constant becomes an enum": schema_case({"const": "a"}, {"enum": ["a", "b"]}),
    "a pattern is added": schema_case(TEXT, {**TEXT, "pattern": "^a"}),
    "a pattern changes": schema_case({**TEXT, "pattern": "^a"}, {**TEXT, "pattern": "^b"}),
    "a pattern matches anything": schema_case({**TEXT, "pattern": "^a"}, {**TEXT, "pattern": ".*"}),
    "a pattern matches any line": schema_case({**TEXT, "pattern": "^a"}, {**TEXT, "pattern": "^.*$"}),
    "a pattern is none": schema_case({**TEXT, "pattern": "^"}, {**TEXT, "pattern": ".*$"}),
    "a pattern that is none is added": schema_case(TEXT, {**TEXT, "pattern": "^.*"}),
    "a keyword is about another type": schema_case(
        NUMBER, {**NUMBER, "maxLength": 4, "pattern": "a", "maxItems": 1, "uniqueItems": True, "minProperties": 2}
    ),
    "a number's keyword is about another type": schema_case(TEXT, {**TEXT, "maximum": 4, "multipleOf": 2}),
    "a keyword is about one of several types": schema_case(
        {"type": ["string", "integer"]}, {"type": ["string", "integer"], "maxLength": 4}
    ),
    "a multiple is set": schema_case(NUMBER, {**NUMBER, "multipleOf": 5}),
    "a multiple changes": schema_case({**NUMBER, "multipleOf": 5}, {**NUMBER, "multipleOf": 10}),
    "a multiple is another": schema_case({"multipleOf": 0.4}, {"multipleOf": 0.6}),
    "a multiple of a fraction": schema_case({"multipleOf": 0.3}, {"multipleOf": 0.1}),
    "a multiple of 1": schema_case(NUMBER, {**NUMBER, "multipleOf": 1.0}),
    "a multiple of nothing": schema_case({"multipleOf": 0}, {"multipleOf": 2}),
    "items must differ": schema_case(LIST, {**LIST, "uniqueItems": True}),
    "a default is added": schema_case(TEXT, {**TEXT, "default": "a"}),
    "a default becomes null": schema_case({**TEXT, "default": "a"}, {**TEXT, "default": None}),
    "a default of 1 becomes true": schema_case({"default": 1}, {"default": True}),
    "a default of a query is written as text": (
        with_parameters(parameter(schema={**NUMBER, "default": 1})),
        with_parameters(parameter(schema={**TEXT, "default": "1"})),
    ),
    "a content media type changes": schema_case(
        {**TEXT, "contentMediaType": "text/csv"}, {**TEXT, "contentMediaType": "text/html"}
    ),
    "a content encoding is added": schema_case(TEXT, {**TEXT, "contentEncoding": "base64"}),
    "an enum is added": schema_case(TEXT, {**TEXT, "enum": ["a", "b"]}),
    "an enum changes": schema_case({"enum": ["a", "b", 1]}, {"enum": ["a", "c", 1.0]}),
    "an enum of numbers becomes one of texts": schema_case({"enum": [1, 2]}, {"enum": ["1", "3"]}),
    "an enum of whole numbers becomes one of numbers": schema_case(
        {**NUMBER, "enum": [1, 2]}, {"type": "number", "enum": [1, 2.5]}
    ),
    "an enum of a query becomes one of texts": (
        with_parameters(parameter(schema={"enum": [1, 2]})),
        with_parameters(parameter(schema={"enum": ["1", "3"]})),
    ),
    "a boolean of a query becomes an enum": (
        with_parameters(parameter(schema=FLAG)),
        with_parameters(parameter(schema={"enum": ["true"]})),
    ),
    "an extensible enum changes": schema_case(
        {**TEXT, "x-extensible-enum": ["a", "b"]}, {**TEXT, "x-extensible-enum": ["b", "c"]}
    ),
    "an extensible enum is no list": schema_case(
        {**TEXT, "x-extensible-enum": ["a", "b"]}, {**TEXT, "x-extensible-enum": "b"}
    ),
    "a read-only enum loses a value": schema_case(
        {"enum": ["a", "b"], "readOnly": True}, {"enum": ["a"], "readOnly": True}
    ),
    "a read-only bound is raised": schema_case(
        {**NUMBER, "minimum": 1, "readOnly": True}, {**NUMBER, "minimum": 2, "readOnly": True}
    ),
    "a write-only enum has a new value": schema_case(
        {"enum": ["a"], "writeOnly": True}, {"enum": ["a", "b"], "writeOnly": True}
    ),
    "an enum of a whole response loses a value": (
        document(response={"enum": ["a", "b"]}),
        document(response={"enum": ["a"]}),
    ),
}

TYPES: dict[str, Case] = {
    "a whole number becomes a number": schema_case(NUMBER, {"type": "number"}),
    "a type is added": schema_case({}, TEXT),
    "a type becomes several": schema_case(TEXT, {"type": ["string", "integer"]}),
    "several types become others": schema_case({"type": ["string", "integer"]}, {"type": ["string", "boolean"]}),
    "a type becomes null": schema_case(TEXT, {"type": "null"}),
    "a type that may be null becomes null": schema_case({"type": ["string", "null"]}, {"type": "null"}),
    "a value may be null": schema_case(TEXT, {"type": ["string", "null"]}),
    "a body may be null": (
        document(body=USER, response=USER),
        document(body={**USER, "nullable": True}, response={**USER, "nullable": True}),
    ),
    "a format is added": schema_case(TEXT, {**TEXT, "format": "uuid"}),
    "a format changes": schema_case({**TEXT, "format": "date"}, {**TEXT, "format": "date-time"}),
    "a format is wider": schema_case({**NUMBER, "format": "int32"}, {**NUMBER, "format": "int64"}),
    "a format holds every value": schema_case(NUMBER, {**NUMBER, "format": "int64"}),
    "a UUID has a version": schema_case({**TEXT, "format": "uuid"}, {**TEXT, "format": "uuid4"}),
    "a UUID has another version": schema_case({**TEXT, "format": "uuid1"}, {**TEXT, "format": "uuid4"}),
    "a list of numbers becomes a list of texts": schema_case({"type": "array", "items": NUMBER}, LIST),
    "a type of a header": (
        with_headers(X_Total={"schema": NUMBER}),
        with_headers(X_Total={"schema": TEXT}),
    ),
    "an object in brackets explodes": (
        with_parameters(parameter(schema=USER, style="deepObject")),
        with_parameters(parameter(schema=USER, style="deepObject", explode=True)),
    ),
    "an array of a parameter becomes a text": (
        with_parameters(parameter(schema=LIST, explode=False)),
        with_parameters(parameter(explode=False)),
    ),
    "a repeated parameter becomes a text": (with_parameters(parameter(schema=LIST)), with_parameters(parameter())),
    "a parameter becomes a list": (with_parameters(parameter()), with_parameters(parameter(schema=LIST))),
    "a number of a query becomes a list of texts": (
        with_parameters(parameter(schema=NUMBER)),
        with_parameters(parameter(schema=LIST)),
    ),
    "a text of a query becomes a list of numbers": (
        with_parameters(parameter()),
        with_parameters(parameter(schema={"type": "array", "items": NUMBER})),
    ),
    "a text of a query becomes a list of any value": (
        with_parameters(parameter()),
        with_parameters(parameter(schema={"type": "array"})),
    ),
    "a text of a query becomes a list of nothing": (
        with_parameters(parameter()),
        with_parameters(parameter(schema={"type": "array", "items": False})),
    ),
    "an enum of a query becomes a list of some of it": (
        with_parameters(parameter(schema={"enum": ["a", "b"]})),
        with_parameters(parameter(schema={"type": "array", "items": {"enum": ["a"]}})),
    ),
    "an enum of a query becomes a list of more": (
        with_parameters(parameter(schema={"enum": ["a", "b"]})),
        with_parameters(parameter(schema={"type": "array", "items": {"enum": ["c", "b", "a"]}})),
    ),
    "a date of a query becomes a list of dates": (
        with_parameters(parameter(schema={**TEXT, "format": "date"})),
        with_parameters(parameter(schema={"type": "array", "items": {**TEXT, "format": "date"}})),
    ),
    "a text of a query becomes a list of dates": (
        with_parameters(parameter()),
        with_parameters(parameter(schema={"type": "array", "items": {**TEXT, "format": "date"}})),
    ),
    "a parameter may also be a list": (
        with_parameters(parameter()),
        with_parameters(parameter(schema={"type": ["string", "array"]})),
    ),
    "a number of a form becomes a text": (
        with_media("request", "application/x-www-form-urlencoded", schema=obj(v=NUMBER)),
        with_media("request", "application/x-www-form-urlencoded", schema=obj(v=TEXT)),
    ),
    "a number of a form becomes a short text": (
        with_media("request", "multipart/form-data", schema=obj(v=NUMBER)),
        with_media("request", "multipart/form-data", schema=obj(v={**TEXT, "maxLength": 1})),
    ),
    "a number of an XML response becomes a text": (
        with_media("response", "application/xml", schema=obj(v=NUMBER)),
        with_media("response", "application/xml", schema=obj(v=TEXT)),
    ),
    "a number of a text response becomes a text": (
        with_media("response", "text/csv", schema=NUMBER),
        with_media("response", "text/csv", schema=TEXT),
    ),
}

SPELLINGS: dict[str, Case] = {
    "a list is implied by its items": schema_case(LIST, {"items": TEXT}),
    "any item implies a list": schema_case({"type": "array"}, {"items": {}}),
    "an object is implied by its properties": schema_case(USER, {"properties": USER["properties"], "required": ["id"]}),
    "a type is implied by an enum": schema_case({"enum": ["a", 1, 2.0, None]}, {"type": ["string", "integer", "null"]}),
    "a type is implied by a constant": schema_case({"const": 1.5}, {"type": "number", "const": 1.5}),
    "a constant is null": schema_case({"const": None}, {"type": "null"}),
    "an enum is null": schema_case({"enum": [None]}, {"type": "null"}),
    "a text may be a constant of null": schema_case(
        {"oneOf": [TEXT, {"const": None}]}, {"oneOf": [TEXT, {"enum": [None]}]}
    ),
    "a lone member may be null": schema_case({"oneOf": [{**TEXT, "nullable": True}]}, {"type": ["string", "null"]}),
    "a lone member stands beside null": schema_case({"anyOf": [{"type": "null"}, CAT]}, {**CAT, "nullable": True}),
    "a named member stands beside null": schema_case(
        {"anyOf": [refer("Cat"), {"type": "null"}]}, {"anyOf": [refer("Dog"), {"type": "null"}]}, **PETS
    ),
    "a member of several may be null": schema_case(
        {"oneOf": [{**CAT, "nullable": True}, DOG]}, {"oneOf": [CAT, DOG, {"type": "null"}]}
    ),
    "a union of null alone": schema_case({"oneOf": [{"type": "null"}]}, {"type": "null"}),
    "a union inside a union": schema_case({"oneOf": [CAT, {"anyOf": [DOG, LIST]}]}, {"oneOf": [CAT, DOG, LIST]}),
    "bare types become another type": schema_case({"oneOf": [TEXT, NUMBER]}, FLAG),
    "a reference to a type is no bare type": schema_case(
        {"oneOf": [refer("Text"), NUMBER]}, {"oneOf": [TEXT, NUMBER]}, Text=TEXT
    ),
    "both number types are a number": schema_case({"type": ["integer", "number"]}, {"type": "number"}),
    "types that hold together are what both have": schema_case(
        {"allOf": [{"type": ["string", "integer"]}, {"type": ["integer", "boolean"]}]}, NUMBER
    ),
    "a whole number that is a number": schema_case({"allOf": [{"type": "number"}, NUMBER]}, NUMBER),
    "a text that is a number or a whole number": schema_case(
        {"allOf": [{"type": ["string", "integer"]}, {"type": ["string", "number"]}]}, {"type": ["string", "integer"]}
    ),
    "types that cannot hold together": schema_case({"allOf": [TEXT, NUMBER]}, NUMBER),
    "null that only one member allows": schema_case({"allOf": [{"type": ["string", "null"]}, TEXT]}, TEXT),
    "null that all members allow": schema_case(
        {"allOf": [{"type": ["string", "null"]}, {"type": ["null", "string"]}]}, {"type": ["string", "null"]}
    ),
    "enums that hold together": schema_case(
        {"allOf": [{"enum": ["a", "b", 1]}, {"enum": ["c", "b", True]}]}, {"enum": ["b"]}
    ),
    "bounds that hold together": schema_case(
        {"allOf": [{"minimum": 2, "maximum": 9}, {"minimum": 1, "maximum": 8}]}, {"minimum": 2, "maximum": 8}
    ),
    "multiples that hold together": schema_case({"allOf": [{"multipleOf": 2}, {"multipleOf": 4}]}, {"multipleOf": 4}),
    "patterns that hold together": schema_case(
        {"allOf": [{"pattern": "b$"}, {"pattern": "^a"}, {"pattern": "b$"}]}, {"pattern": "^a and b$"}
    ),
    "defaults of which the last one counts": schema_case({"allOf": [{"default": 1}, {"default": 2}]}, {"default": 2}),
    "a flag that one member sets": schema_case(
        {"allOf": [{**TEXT, "readOnly": True}, {"readOnly": False}]}, {**TEXT, "readOnly": True}
    ),
    "a flag that is off": schema_case({**TEXT, "readOnly": False, "deprecated": False}, TEXT),
    "properties that hold together": schema_case(
        {"allOf": [obj("a", a=TEXT), obj("b", a={"minLength": 1}, b=NUMBER)]},
        obj("a", "b", a={**TEXT, "minLength": 1}, b=NUMBER),
    ),
    "items that hold together": schema_case(
        {"allOf": [LIST, {"items": {"minLength": 1}}]}, {"type": "array", "items": {**TEXT, "minLength": 1}}
    ),
    "a member that allows nothing": schema_case({"allOf": [TEXT, False]}, TEXT),
    "a member that allows anything": schema_case({"allOf": [TEXT, True]}, TEXT),
    "a schema that refers to itself": schema_case(
        refer("Node"), refer("Node"), Node={"allOf": [refer("Node"), obj(a=TEXT)]}
    ),
    "a reference beside other keywords": schema_case(
        {**refer("Text"), "minLength": 1}, {**TEXT, "minLength": 1}, Text=TEXT
    ),
    "prose beside a reference": schema_case(
        refer("Text"), {**refer("Text"), "description": "A.", "example": None}, Text={**TEXT, "description": "B."}
    ),
    "a key without a value": schema_case({**TEXT, "minLength": None, "default": None}, {**TEXT, "default": None}),
    "an exclusive bound of 3.0": schema_case(
        {"minimum": 1, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": True},
        {"exclusiveMinimum": 1, "exclusiveMaximum": 9},
    ),
    "an exclusive bound of 3.0 that is off": schema_case(
        {"minimum": 1, "exclusiveMinimum": False, "exclusiveMaximum": True}, {"minimum": 1}
    ),
    "bytes in both spellings": schema_case({"format": "binary"}, {"contentMediaType": "application/octet-stream"}),
    "bytes of a list of types": schema_case(
        {"type": ["string"], "format": "byte"}, {"type": ["string"], "contentEncoding": "base64"}
    ),
    "bytes of another type": schema_case({**NUMBER, "format": "byte"}, {**NUMBER, "contentEncoding": "base64"}),
    "a pattern that matches every text": schema_case({**TEXT, "pattern": ""}, TEXT),
    "a keyword that says nothing": schema_case({**TEXT, "colour": "red"}, {**TEXT, "colour": "blue"}),
    "an open object": schema_case({**obj(), "additionalProperties": {}}, {**obj(), "additionalProperties": True}),
    "a name with a slash": schema_case(obj(**{"a/b": TEXT}), obj(**{"a/b": NUMBER})),
    "the kind of a list and of an object": schema_case({"enum": [[1], {"a": 1}]}, {"type": ["array", "object"]}),
}

OBJECTS: dict[str, Case] = {
    "a property is added": schema_case(obj(), obj(a=TEXT)),
    "a required property is added": schema_case(obj(), obj("a", a=TEXT)),
    "a required property with a default is added": schema_case(obj(), obj("a", a={**TEXT, "default": "x"})),
    "a read-only property is added": schema_case(obj(), obj("a", a={**TEXT, "readOnly": True})),
    "a write-only property is added": schema_case(obj(), obj(a={**TEXT, "writeOnly": True})),
    "a required write-only property is added": schema_case(obj(), obj("a", a={**TEXT, "writeOnly": True})),
    "a deprecated property is added": schema_case(obj(), obj(a={**TEXT, "deprecated": True})),
    "a property with a past sunset is added": schema_case(obj(), obj(a={**TEXT, "deprecated": True, "x-sunset": PAST})),
    "a property with a sunset is added": schema_case(obj(), obj(a={**TEXT, "deprecated": True, "x-sunset": FUTURE})),
    "a read-only deprecated property is added": schema_case(
        obj(), obj(a={**TEXT, "deprecated": True, "readOnly": True, "writeOnly": True})
    ),
    "a closed object has a new property": schema_case(
        {**obj(), "additionalProperties": False}, {**obj(a=TEXT), "additionalProperties": False}
    ),
    "a property becomes required": schema_case(obj(a=TEXT), obj("a", a=TEXT)),
    "a property with a default becomes required": schema_case(
        obj(a={**TEXT, "default": "x"}), obj("a", a={**TEXT, "default": "x"})
    ),
    "a read-only property becomes required": schema_case(
        obj(a={**TEXT, "readOnly": True}), obj("a", a={**TEXT, "readOnly": True})
    ),
    "a write-only property becomes required": schema_case(
        obj(a={**TEXT, "writeOnly": True}), obj("a", a={**TEXT, "writeOnly": True})
    ),
    "an optional property becomes read-only": schema_case(obj(a=TEXT), obj(a={**TEXT, "readOnly": True})),
    "a required property becomes read-only": schema_case(obj("a", a=TEXT), obj("a", a={**TEXT, "readOnly": True})),
    "an optional property becomes write-only": schema_case(obj(a=TEXT), obj(a={**TEXT, "writeOnly": True})),
    "a required property becomes write-only": schema_case(obj("a", a=TEXT), obj("a", a={**TEXT, "writeOnly": True})),
    "a property is renamed in its case": schema_case(obj(user_name=TEXT), obj(userName=TEXT)),
    "a read-only property is renamed": schema_case(
        obj(user_name={**TEXT, "readOnly": True}), obj(userName={**TEXT, "readOnly": True})
    ),
    "two properties change their names": schema_case(
        obj(first_name=TEXT, last_name=TEXT), obj(firstName=TEXT, lastName=TEXT)
    ),
    "a property of a parameter that moves is removed": (
        with_parameters(parameter("p"), parameter(schema=obj(a=TEXT, b=NUMBER))),
        with_parameters(parameter(schema=obj(a=TEXT)), parameter("p")),
    ),
    "a property of a parameter that moves is renamed": (
        with_parameters(parameter("p"), parameter(schema=obj(user_name=TEXT))),
        with_parameters(parameter(schema=obj(userName=TEXT)), parameter("p")),
    ),
    "a property with much content is renamed": schema_case(obj(user=USER), obj(person=USER)),
    "a required property with much content is renamed": schema_case(obj("user", user=USER), obj("person", person=USER)),
    "a property of long name is renamed": schema_case(obj(**{"a" * 99 + "b": TEXT}), obj(**{"a" * 99 + "c": TEXT})),
    "a property of very long name is renamed": schema_case(
        obj(**{"a" * 100 + "b": TEXT}), obj(**{"a" * 100 + "c": TEXT})
    ),
    "a property of unlike name is added": schema_case(obj(abcdefghij=TEXT), obj(abcdefgxyz=TEXT)),
    "a property of alike name is added": schema_case(obj(abcdefghij=TEXT), obj(abcdefghxy=TEXT)),
    "an undeclared name becomes required": schema_case(obj(a=TEXT), obj("b", a=TEXT)),
    "a header's object requires a property": (
        with_parameters(parameter("X-A", "header", obj(a=TEXT))),
        with_parameters(parameter("X-A", "header", obj("a", a=TEXT))),
    ),
    "a header's object has a new required property": (
        with_parameters(parameter("X-A", "header", obj(a=TEXT))),
        with_parameters(parameter("X-A", "header", obj("b", a=TEXT, b=NUMBER))),
    ),
    "a header's object limits a property": (
        with_parameters(parameter("X-A", "header", obj(a=TEXT))),
        with_parameters(parameter("X-A", "header", obj(a={"enum": ["x"]}))),
    ),
    "a parameter's object limits a property": (
        with_parameters(parameter(schema=obj(a=TEXT))),
        with_parameters(parameter(schema=obj("a", a={**TEXT, "enum": ["x"]}))),
    ),
    "another type has other properties": schema_case(obj("a", a=TEXT), LIST),
    "other properties are closed": schema_case(obj(a=TEXT), {**obj(a=TEXT), "additionalProperties": False}),
    "other properties have a type": schema_case(obj(a=TEXT), {**obj(a=TEXT), "additionalProperties": TEXT}),
    "other properties may be anything": schema_case(obj(a=TEXT), {**obj(a=TEXT), "additionalProperties": {}}),
    "other properties change their type": schema_case(
        {**obj(), "additionalProperties": NUMBER}, {**obj(), "additionalProperties": TEXT}
    ),
    "closed other properties have a type": schema_case(
        {**obj(), "additionalProperties": False}, {**obj(), "additionalProperties": TEXT}
    ),
    "a pattern of names is added": schema_case(obj(), {**obj(), "patternProperties": {"^x": TEXT}}),
    "a pattern of names changes inside": schema_case(
        {**obj(), "patternProperties": {"^x": TEXT}}, {**obj(), "patternProperties": {"^x": NUMBER}}
    ),
    "a dependent schema is added": schema_case(obj(), {**obj(), "dependentSchemas": {"a": obj("b", b=TEXT)}}),
    "a dependent schema changes inside": schema_case(
        {**obj(), "dependentSchemas": {"a": obj(b=TEXT)}}, {**obj(), "dependentSchemas": {"a": obj("b", b=TEXT)}}
    ),
    "a dependent name is added": schema_case(obj(), {**obj(), "dependentRequired": {"a": ["b"]}}),
    "a dependent name changes": schema_case(
        {**obj(), "dependentRequired": {"a": ["b"], "c": ["d"]}},
        {**obj(), "dependentRequired": {"a": ["d"], "c": ["d"]}},
    ),
    "leading items are added": schema_case({"type": "array"}, {"type": "array", "prefixItems": [TEXT]}),
    "leading items change": schema_case(
        {"type": "array", "prefixItems": [TEXT, TEXT]}, {"type": "array", "prefixItems": [NUMBER, TEXT, FLAG]}
    ),
    "items are added": schema_case({"type": "array"}, LIST),
    "items are not allowed": schema_case({"type": "array"}, {"type": "array", "items": False}),
    "items that are not allowed have a type": schema_case({"type": "array", "items": False}, LIST),
    "items have an enum": schema_case({"type": "array"}, {"type": "array", "items": {"enum": []}}),
    "items have items": schema_case({"type": "array"}, {"type": "array", "items": {"items": TEXT}}),
    "items have a keyword": schema_case({"type": "array"}, {"type": "array", "items": {"minLength": 1}}),
    "items are one of several": schema_case({"type": "array"}, {"type": "array", "items": CAT_OR_DOG}, **PETS),
    "a member of allOf is added": schema_case(
        {"allOf": [refer("Cat")]}, {"allOf": [refer("Cat"), refer("Dog")]}, **PETS
    ),
    "a member of allOf without a name is added": schema_case(
        {"allOf": [refer("Cat")]}, {"allOf": [refer("Cat"), DOG]}, **PETS
    ),
    "a member of allOf that requires a name is added": schema_case(
        {"allOf": [refer("Cat")]}, {"allOf": [refer("Cat"), {"required": ["bark"]}]}, **PETS
    ),
    "a member of allOf that only describes is added": schema_case(
        {"allOf": [refer("Cat")]}, {"allOf": [refer("Cat"), {"description": "A cat."}]}, **PETS
    ),
}

UNIONS: dict[str, Case] = {
    "a member of oneOf is added": schema_case({"oneOf": [TEXT, CAT]}, {"oneOf": [TEXT, CAT, DOG]}),
    "a named member of anyOf is added": schema_case(
        {"anyOf": [refer("Cat"), LIST]}, {"anyOf": [refer("Cat"), LIST, refer("Dog")]}, **PETS
    ),
    "a member of another type is added": schema_case({"oneOf": [CAT, DOG]}, {"oneOf": [CAT, DOG, TEXT]}),
    "a member of a list is added": schema_case({"oneOf": [CAT, TEXT]}, {"oneOf": [CAT, TEXT, LIST]}),
    "a member that is a whole number is added": schema_case(
        {"oneOf": [{"type": "number", "minimum": 1}, CAT]},
        {"oneOf": [{"type": "number", "minimum": 1}, CAT, {**NUMBER, "maximum": 0}]},
    ),
    "a type becomes one of types without every value": schema_case(
        FLAG, {"oneOf": [TEXT, {**NUMBER, "format": "int32"}]}
    ),
    "conditions of an object and a second union change": schema_case(
        {"allOf": [{**obj(a=TEXT), "anyOf": [CAT, DOG]}, {"oneOf": [CAT, TEXT]}]},
        {"allOf": [obj(a=TEXT), {"oneOf": [CAT, LIST]}, {"oneOf": [CAT, DOG]}]},
    ),
    "a member of a second union may be null": schema_case(
        {"allOf": [{"oneOf": [CAT, TEXT]}, {"oneOf": [refer("Dog"), LIST]}]},
        {"allOf": [{"oneOf": [CAT, TEXT]}, {"oneOf": [{"oneOf": [refer("Dog"), {"type": "null"}]}, LIST]}]},
        **PETS,
    ),
    "a number becomes one of several": schema_case({"type": "number"}, {"oneOf": [{"type": "number"}, NUMBER]}),
    "a member with a title changes": schema_case(
        {"oneOf": [{**CAT, "title": "Cat"}, {**DOG, "title": "Dog"}]},
        {"oneOf": [{**obj(claws=TEXT), "title": "Cat"}, {**obj(bark=NUMBER), "title": "Dog"}]},
    ),
    "members of one type change": schema_case({"oneOf": [CAT, DOG]}, {"oneOf": [obj(claws=TEXT), obj(bark=NUMBER)]}),
    "a member that is a number changes": schema_case(
        {"oneOf": [{**NUMBER, "minimum": 1}, CAT]}, {"oneOf": [{"type": "number", "minimum": 2}, CAT]}
    ),
    "members change their order": schema_case({"oneOf": [CAT, DOG]}, {"oneOf": [DOG, CAT]}),
    "oneOf becomes anyOf": schema_case({"oneOf": [CAT, DOG]}, {"anyOf": [CAT, DOG]}),
    "a type becomes one of plain types": schema_case(TEXT, {"oneOf": [TEXT, {**NUMBER, "format": "int64"}]}),
    "a type becomes one of types with a format": schema_case(TEXT, {"oneOf": [TEXT, {**TEXT, "format": "uuid"}]}),
    "a type becomes one of other plain types": schema_case(TEXT, {"oneOf": [FLAG, {**NUMBER, "format": "int64"}]}),
    "a type that may be null becomes one of plain types": schema_case(
        {"type": ["string", "null"]}, {"oneOf": [FLAG, {**NUMBER, "format": "int64"}]}
    ),
    "an object becomes one of several": schema_case(CAT, {"oneOf": [CAT, DOG]}),
    "a named object becomes one of several": schema_case(refer("Cat"), CAT_OR_DOG, **PETS),
    "an object becomes one of others": schema_case(CAT, {"oneOf": [obj("x", x=TEXT), obj("y", y=TEXT)]}),
    "a body becomes one of others": (
        document(body=CAT, response=CAT),
        document(body={"oneOf": [obj("x", x=TEXT), TEXT]}, response={"anyOf": [obj("x", x=TEXT), LIST]}),
    ),
    "a named body becomes one of others": (
        document(body=refer("Cat"), response=refer("Cat"), schemas=PETS),
        document(body={"oneOf": [refer("Dog"), TEXT]}, response={"anyOf": [refer("Dog"), LIST]}, schemas=PETS),
    ),
    "an object has conditions": schema_case(
        obj(a=TEXT, b=TEXT), {**obj(a=TEXT, b=TEXT), "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    ),
    "any value becomes one of several": schema_case({}, {"oneOf": [CAT, DOG]}),
    "a union of a named member loses it": schema_case(
        {"oneOf": [refer("Cat"), refer("Dog"), TEXT]}, {"oneOf": [refer("Dog"), TEXT]}, **PETS
    ),
    "a named member becomes another one": schema_case(
        {"oneOf": [refer("Cat"), TEXT]}, {"oneOf": [refer("Dog"), TEXT]}, **PETS
    ),
    "a second union is added": schema_case(
        {"allOf": [{"oneOf": [CAT, TEXT]}]}, {"allOf": [{"oneOf": [CAT, TEXT]}, {"anyOf": [DOG, LIST]}]}
    ),
    "a second union changes": schema_case(
        {"allOf": [{"oneOf": [CAT, TEXT]}, {"anyOf": [DOG, LIST]}]},
        {"allOf": [{"oneOf": [CAT, TEXT]}, {"anyOf": [DOG, LIST, NUMBER]}]},
    ),
    "a union may be null": schema_case({"oneOf": [CAT, DOG]}, {"oneOf": [CAT, DOG, {"type": "null"}]}),
    "a discriminator is added": schema_case(CAT_OR_DOG, mapped(), **PETS),
    "a discriminator has another property": schema_case(mapped(), mapped("type"), **PETS),
    "a discriminator maps another value": schema_case(mapped(), mapped(cat="Cat"), **PETS),
    "a discriminator maps a value to another schema": schema_case(mapped(cat="Cat"), mapped(cat="Dog"), **PETS),
    "a discriminator has a default": schema_case(
        mapped(), {**CAT_OR_DOG, "discriminator": {"propertyName": "kind", "defaultMapping": "Cat"}}, **PETS
    ),
    "an object with a discriminator becomes one of several": schema_case(
        {**CAT, "discriminator": {"propertyName": "kind"}}, mapped(), **PETS
    ),
}

LIFECYCLE: dict[str, Case] = {
    "a property is deprecated": schema_case(TEXT, {**TEXT, "deprecated": True}),
    "a schema of a parameter is deprecated": (
        with_parameters(parameter()),
        with_parameters(parameter(schema={**TEXT, "deprecated": True, "x-stability-level": "beta"})),
    ),
    "a property has a sunset": schema_case(TEXT, {**TEXT, "deprecated": True, "x-sunset": FUTURE}),
    "a sunset of a property is no date": schema_case(TEXT, {**TEXT, "deprecated": True, "x-sunset": "soon"}),
    "a sunset of a property becomes no date": schema_case(
        {**TEXT, "deprecated": True, "x-sunset": FUTURE}, {**TEXT, "deprecated": True, "x-sunset": "soon"}
    ),
    "a deprecated property has a sunset": schema_case(
        {**TEXT, "deprecated": True}, {**TEXT, "deprecated": True, "x-sunset": FUTURE}
    ),
    "a sunset of a property moves": schema_case(
        {**TEXT, "deprecated": True, "x-sunset": FUTURE}, {**TEXT, "deprecated": True, "x-sunset": LATER}
    ),
    "a property has a stability": schema_case(TEXT, {**TEXT, "x-stability-level": "beta"}),
    "a property is less stable": schema_case(
        {**TEXT, "x-stability-level": "beta"}, {**TEXT, "x-stability-level": "draft"}
    ),
    "a property has an unknown stability": schema_case(TEXT, {**TEXT, "x-stability-level": "soon"}),
}
_DEPRECATIONS: dict[str, Document] = {
    "is current": {},
    "is deprecated": {"deprecated": True},
    "has a sunset": {"deprecated": True, "x-sunset": FUTURE},
    "has a past sunset": {"deprecated": True, "x-sunset": PAST},
    "has a sunset that is no date": {"deprecated": True, "x-sunset": "soon"},
}
for _name, _keys in _DEPRECATIONS.items():
    LIFECYCLE |= {
        f"an operation {_name}": (document(), document(extra=_keys)),
        f"a parameter {_name}": (with_parameters(parameter()), with_parameters(parameter(**_keys))),
        f"an operation that {_name} is added": ({**document(), "paths": {}}, document(extra=_keys)),
        f"one more operation of a path that {_name} is added": (
            document(),
            edit(document(), "paths", "/things", get={"responses": {}, **_keys}),
        ),
        f"a parameter that {_name} is added": (document(), with_parameters(parameter(**_keys))),
    }
_ends: list[Document]
for _before, _after in ((FUTURE, LATER), (FUTURE, "soon"), (None, FUTURE), ("soon", "late")):
    _ends = [{"deprecated": True, **({"x-sunset": day} if day else {})} for day in (_before, _after)]
    LIFECYCLE |= {
        f"a sunset of an operation becomes {_after} from {_before}": (
            document(extra=_ends[0]),
            document(extra=_ends[1]),
        ),
        f"a sunset of a parameter becomes {_after} from {_before}": (
            with_parameters(parameter(**_ends[0])),
            with_parameters(parameter(**_ends[1])),
        ),
    }
for _level, _other in (("beta", "stable"), ("draft", "alpha"), (None, "draft"), ("beta", "soon"), ("soon", "beta")):
    _ends = [{"x-stability-level": level} if level else {} for level in (_level, _other)]
    LIFECYCLE |= {
        f"an operation becomes {_other} from {_level}": (document(extra=_ends[0]), document(extra=_ends[1])),
        f"an operation that changes its type becomes {_other} from {_level}": (
            document(response=TEXT, extra=_ends[0]),
            document(response=NUMBER, extra=_ends[1]),
        ),
    }
LIFECYCLE["a draft operation is removed"] = (
    document(extra={"x-stability-level": "draft"}),
    {**document(), "paths": {}},
)

# --- operations --------------------------------------------------------------------------------------------------

OPERATIONS: dict[str, Case] = {
    "an operation id is added": (document(operationId=None), document()),
    "an operation id changes": (document(), document(operationId="createThing")),
    "tags change": (document(tags=["a", "b"]), document(tags=["b", "c"])),
    "an operation is added": (document(), edit(document(), "paths", **{"/others": {"get": {"responses": {}}}})),
    "a webhook is added": (document(), as_webhook(document())),
    "a callback is added": (document(), as_callback(document())),
    "an operation without an id is moved": (
        {**document(), "paths": {"/v1/things": {"post": {"responses": {}}}}},
        {**document(), "paths": {"/v2/things": {"post": {"responses": {}}}}},
    ),
    "an operation is moved": (document(), {**document(), "paths": {"/objects": document()["paths"]["/things"]}}),
    "a server of the document is added": (document(), {**document(), "servers": [{"url": "https://a.example"}]}),
    "a server of a path is added": (
        document(),
        edit(document(), "paths", "/things", servers=[{"url": "https://a.example"}]),
    ),
    "a server of an operation is added": (document(), document(servers=[{"url": "https://a.example"}, {"url": "/"}])),
    "a server moves to the operation": (
        {**document(), "servers": [{"url": "https://a.example"}]},
        document(servers=[{"url": "https://a.example"}]),
    ),
    "a server has a variable": (
        {**document(), "servers": [{"url": "https://a.example/{v}"}]},
        {**document(), "servers": [{"url": "https://a.example/{v}", "variables": {"v": {"default": "1", "a": "2"}}}]},
    ),
    "a server has other variables": (
        {**document(), "servers": [{"url": "https://{a}.example/{b}", "variables": {"b": {"default": "1"}, "a": {}}}]},
        {**document(), "servers": [{"url": "https://{a}.example/{b}", "variables": {"b": {"default": "2"}, "a": {}}}]},
    ),
    "a schema of the components is removed": (document(schemas={"a/b": TEXT, "User": USER}), document()),
    "a version is decreased": (document(version="2.0.0"), document(version="1.0.0")),
    "a version is not raised": (document(version="1.0.0", body=TEXT), document(version="1.0.0", body=NUMBER)),
    "a major version is not raised": (document(version="1.0.0", body=TEXT), document(version="1.1.0", body=NUMBER)),
}

TEXT_OR_NUMBER = {"oneOf": [{**TEXT, "minLength": 1}, {**NUMBER, "minimum": 1}]}
PARAMETERS: dict[str, Case] = {
    "a parameter is added": (document(), with_parameters(parameter())),
    "a required parameter is added": (document(), with_parameters(parameter(required=True))),
    "a parameter of a path is added": (document(), edit(document(), "paths", "/things", parameters=[parameter()])),
    "a required parameter of a path is added": (
        document(),
        edit(document(), "paths", "/things", parameters=[parameter(required=True)]),
    ),
    "a parameter becomes required": (with_parameters(parameter()), with_parameters(parameter(required=True))),
    "a parameter has a schema": (with_parameters({"name": "q", "in": "query"}), with_parameters(parameter())),
    "a parameter of one style has another": (
        with_parameters(parameter(schema=LIST)),
        with_parameters(parameter(schema=LIST, style="spaceDelimited", explode=False)),
    ),
    "a list is written in one text": (
        with_parameters(parameter(schema=LIST)),
        with_parameters(parameter(schema=LIST, explode=False)),
    ),
    "a text is written in one text": (with_parameters(parameter()), with_parameters(parameter(explode=False))),
    "a union is written in one text": (
        with_parameters(parameter(schema=TEXT_OR_NUMBER)),
        with_parameters(
            parameter(schema={"oneOf": [{**TEXT, "minLength": 1}, {**NUMBER, "minimum": 1}]}, explode=False)
        ),
    ),
    "any value is written in one text": (
        with_parameters({"name": "q", "in": "query", "schema": {}}),
        with_parameters({"name": "q", "in": "query", "schema": {}, "explode": False}),
    ),
    "nothing is written in one text": (
        with_parameters({"name": "q", "in": "query"}),
        with_parameters({"name": "q", "in": "query", "explode": False}),
    ),
    "a parameter becomes JSON": (
        with_parameters(parameter()),
        with_parameters({"name": "q", "in": "query", "content": {"application/json; v=1": {"schema": NUMBER}}}),
    ),
    "a parameter may be empty": (with_parameters(parameter()), with_parameters(parameter(allowEmptyValue=True))),
    "a parameter may be reserved": (with_parameters(parameter()), with_parameters(parameter(allowReserved=True))),
    "a header may be reserved": (
        with_parameters(parameter("X-A", "header")),
        with_parameters(parameter("X-A", "header", allowReserved=True, allowEmptyValue=True)),
    ),
    "a header is written in capitals": (
        with_parameters(parameter("X-A", "header")),
        with_parameters(parameter("x-a", "header")),
    ),
    "a header has another type": (
        with_parameters(parameter("X-A", "header", LIST)),
        with_parameters(parameter("X-A", "header", NUMBER)),
    ),
    "a query is called in another way": (with_parameters(parameter("q")), with_parameters(parameter("Q"))),
    "a cookie becomes a query": (
        with_parameters(parameter("q", "cookie", LIST)),
        with_parameters(parameter("q", "query", LIST)),
    ),
    "a cookie's list becomes a text": (
        with_parameters(parameter("q", "cookie", LIST)),
        with_parameters(parameter("q", "cookie")),
    ),
    "a header that OpenAPI ignores is added": (document(), with_parameters(parameter("Accept", "header"))),
    "a parameter is described": (
        with_parameters(parameter()),
        with_parameters(parameter(description="A query.", example="a", examples={"a": {"value": "a"}})),
    ),
    "a path parameter is declared": (
        edit(with_path_parameters(parameter("id", "path")), "paths", "/things/{id}/{part}", "get", parameters=[]),
        with_path_parameters(parameter("id", "path")),
    ),
    "a path parameter has another type": tuple(  # type: ignore[dict-item]
        {
            **document(),
            "paths": {
                f"/things/{{{name}}}/{{other}}": {
                    "get": {
                        "parameters": [parameter("other", "path"), parameter(name, "path", schema)],
                        "responses": {},
                    }
                }
            },
        }
        for name, schema in (("id", TEXT), ("thing", NUMBER))
    ),
}

# --- bodies and responses ----------------------------------------------------------------------------------------

BODIES: dict[str, Case] = {
    "a body is added": (document(), document(body=USER)),
    "a required body is added": (
        document(),
        with_body(required=True),
    ),
    "a body becomes required": (
        document(body=USER),
        with_body(required=True),
    ),
    "a body is described": (
        document(body=USER),
        with_body(description="A user."),
    ),
    "a status is added": (with_response(), with_response(others={"201": EMPTY, "404": EMPTY})),
    "a status becomes a range": (
        with_response(others={"404": EMPTY}),
        with_response("2XX", others={"4XX": EMPTY}),
    ),
    "a status is written in small letters": (with_response("2XX"), with_response("2xx")),
    "a response is described": (with_response(), with_response(response={"description": "Done.", "links": {"a": {}}})),
    "an extension of responses is added": (
        document(),
        edit(document(), "paths", "/things", "post", "responses", **{"x-a": {}}),
    ),
    "the default response changes": (
        with_response("default", returning(TEXT)),
        with_response("default", returning(NUMBER)),
    ),
    "the default error changes": (
        with_response(others={"default": returning(TEXT)}),
        with_response(others={"default": returning(NUMBER)}),
    ),
    "an error changes": (
        with_response("404", {"content": {"application/json": {"schema": TEXT}}, "headers": {"X-A": {"schema": TEXT}}}),
        with_response("404", {"content": {"text/csv": {}}, "headers": {"X-A": {"required": True}, "X-B": {}}}),
    ),
    "an empty response has content": (with_response("204"), with_response("204", {"content": {"text/csv": {}}})),
    "a reset has content": (with_response("205"), with_response("205", {"content": {"text/csv": {}}})),
    "an unchanged response has content": (with_response("304"), with_response("304", {"content": {"text/csv": {}}})),
    "a provisional response has content": (with_response("100"), with_response("100", {"content": {"text/csv": {}}})),
    "a response has content": (with_response("206"), with_response("206", {"content": {"Text/CSV": {}}})),
    "a response to HEAD has content": (
        {**document(), "paths": {"/things": {"head": with_response()["paths"]["/things"]["post"]}}},
        {**document(), "paths": {"/things": {"head": document(response=TEXT)["paths"]["/things"]["post"]}}},
    ),
    "a header is added": (with_headers(), with_headers(X_Total={"schema": NUMBER})),
    "a required header is added": (with_headers(), with_headers(X_Total={"required": True, "schema": NUMBER})),
    "a header becomes required": (
        with_headers(X_Total={"schema": NUMBER}),
        with_headers(X_Total={"required": True, "schema": NUMBER, "description": "How many."}),
    ),
    "a header that is ignored": (
        with_headers(content_type={"schema": NUMBER}),
        with_headers(Content_Type={"schema": LIST, "required": True}),
    ),
    "a header that is ignored is added": (with_headers(), with_headers(Content_Type={"required": True})),
    "a header has a schema": (with_headers(X_Total={}), with_headers(X_Total={"schema": NUMBER})),
    "a header has content": (
        with_headers(X_Total={"schema": NUMBER}),
        with_headers(x_total={"content": {"application/json": {"schema": TEXT}}}),
    ),
}
for _side in ("request", "response"):
    BODIES |= {
        f"a media type of a {_side} is another": (with_media(_side), with_media(_side, "Text/CSV")),
        f"a media type of a {_side} is added": (
            with_media(_side),
            edit(
                with_media(_side),
                "paths",
                "/things",
                "post",
                *(["requestBody"] if _side == "request" else ["responses", "200"]),
                content={"application/json": {}, "text/csv": {}, "text/plain": {}},
            ),
        ),
        f"a media type of a {_side} is special": (with_media(_side), with_media(_side, "application/problem+json")),
        f"a media type of a {_side} is any": (
            with_media(_side, "text/csv", schema=TEXT),
            with_media(_side, "*/*", schema=NUMBER),
        ),
        f"a media type of a {_side} is one of a range": (
            with_media(_side, "Application/*"),
            with_media(_side, "application/json"),
        ),
        f"a media type of a {_side} is outside of a range": (with_media(_side, "text/*"), with_media(_side, "image/*")),
        f"a media type of a {_side} has a version": (with_media(_side), with_media(_side, "application/json;v=1")),
        f"a {_side} has a schema": (with_media(_side), with_media(_side, schema=USER)),
        f"a {_side} has a schema of bytes": (
            with_media(_side, "image/png"),
            with_media(_side, "image/png", schema={**TEXT, "format": "binary"}),
        ),
        f"a {_side} has a schema of short bytes": (
            with_media(_side, "image/png"),
            with_media(_side, "image/png", schema={**TEXT, "format": "binary", "maxLength": 9}),
        ),
        f"a {_side} has an encoding": (
            with_media(_side, "multipart/form-data", schema=USER),
            with_media(_side, "multipart/form-data", schema=USER, encoding={"id": {"style": "form"}}),
        ),
        f"a {_side} has an example": (
            with_media(_side, schema=USER),
            with_media(_side, schema=USER, example={"id": 1}, examples={"a": {"value": {"id": 2}}}),
        ),
        f"a stream of a {_side} has other items": (
            with_media(_side, "application/jsonl", itemSchema=USER),
            with_media(_side, "application/jsonl", itemSchema=obj("id", id=TEXT)),
        ),
    }

INCOMING: dict[str, Case] = {
    f"{name}, in a webhook": (as_webhook(old), as_webhook(new))
    for name, (old, new) in (
        *((name, BODIES[name]) for name in BODIES if name.startswith(("a body", "a header", "a required", "an error"))),
        *((name, PARAMETERS[name]) for name in PARAMETERS if name.startswith(("a parameter", "a required"))),
        ("a property is added", OBJECTS["a property is added"]),
        ("the id of a webhook changes", OPERATIONS["an operation id changes"]),
        ("a webhook needs a key", (document(), document(security=[{"key": []}]))),
    )
}

# --- security ----------------------------------------------------------------------------------------------------

KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
BEARER = {"type": "http", "scheme": "bearer"}
OPENID = {"type": "openIdConnect", "openIdConnectUrl": "https://a.example/openid"}


def oauth(flow: str = "clientCredentials", **keys: Any) -> Document:
    """An OAuth scheme of one flow."""
    return {"type": "oauth2", "flows": {flow: {"tokenUrl": "https://a.example/t", "scopes": {"read": "Read."}, **keys}}}


SCHEMES: dict[str, tuple[Document | None, Document | None]] = {
    "a scheme is added": (None, KEY),
    "a scheme has another type": (KEY, BEARER),
    "a scheme is unknown": (KEY, {"type": "secret"}),
    "an HTTP scheme is unknown": (BEARER, {"type": "http", "scheme": "Secret"}),
    "an HTTP scheme is another": (BEARER, {"type": "http", "scheme": "Basic"}),
    "an HTTP scheme is written in capitals": (BEARER, {"type": "HTTP", "scheme": "Bearer"}),
    "a key has another header": (KEY, {**KEY, "name": "X-Token"}),
    "a key has a header in small letters": (KEY, {**KEY, "name": "x-key"}),
    "a key is in the query": (KEY, {**KEY, "in": "query"}),
    "a key of the query is written in small letters": ({**KEY, "in": "query"}, {**KEY, "in": "query", "name": "x-key"}),
    "a scheme is described": (BEARER, {**BEARER, "description": "A token.", "bearerFormat": "JWT"}),
    "a scheme has an extension": (BEARER, {**BEARER, "x-a": 1}),
    "an OpenID scheme is described": (OPENID, {**OPENID, "description": "A token."}),
    "a scheme has no type": (KEY, {"in": "header", "name": "X-Key"}),
    "an HTTP scheme has no name": (BEARER, {"type": "http"}),
    "an OpenID address changes": (OPENID, {**OPENID, "openIdConnectUrl": "https://b.example/openid"}),
    "a token address changes": (oauth(), oauth(tokenUrl="https://b.example/t")),
    "a refresh address is added": (oauth(), oauth(refreshUrl="https://b.example/r")),
    "an authorization address is added": (oauth(), oauth(authorizationUrl="https://b.example/a")),
    "a scope is added": (oauth(), oauth(scopes={"read": "Read.", "write": "Write."})),
    "a scope is described": (oauth(), oauth(scopes={"read": "Read all."})),
    "a flow is another": (oauth(), oauth("password")),
    "a flow is added": (oauth(), {"type": "oauth2", "flows": {**oauth()["flows"], **oauth("password")["flows"]}}),
}

SECURITY: dict[str, Case] = {}
for _name, _sides in SCHEMES.items():
    SECURITY[_name] = tuple(  # type: ignore[assignment]
        with_security({"auth": []}, **({"auth": side} if side else {})) for side in _sides
    )
for _name in ("a scheme has another type", "a scheme is unknown", "a scope is added"):
    SECURITY[f"{_name}, which nothing needs"] = tuple(  # type: ignore[assignment]
        with_security(auth=side) for side in SCHEMES[_name] if side
    )
    SECURITY[f"{_name}, which the API needs"] = tuple(  # type: ignore[assignment]
        with_global_security({"auth": []}, auth=side) for side in SCHEMES[_name] if side
    )

_ALL = {"key": KEY, "jwt": BEARER, "oauth": oauth(scopes={"read": "", "write": ""})}
for _name, _old, _new in (
    ("credentials are needed", [], [{"key": []}]),
    ("credentials are no longer optional", [{"key": []}, {}], [{"key": []}]),
    ("credentials are others", [{"key": []}], [{"jwt": []}]),
    ("credentials are needed together", [{"key": []}], [{"key": [], "jwt": []}]),
    ("other credentials are accepted", [{"key": []}], [{"key": []}, {"jwt": []}]),
    ("another scope is needed", [{"oauth": ["read"]}], [{"oauth": ["read", "write"]}]),
    ("a scope is another", [{"oauth": ["read"]}], [{"oauth": ["write"]}]),
    ("a scope is one of two", [{"oauth": ["read"]}], [{"oauth": ["read"]}, {"oauth": ["write"]}]),
    ("unknown credentials are needed", [{"key": []}], [{"nobody": []}]),
):
    for _use, _build in (("an operation", with_security), ("the API", with_global_security)):
        SECURITY[f"{_name} by {_use}"] = _build(*_old, **_ALL), _build(*_new, **_ALL)
_OTHERS: Document = {"/others": {"get": {"responses": {}}}}
SECURITY |= {
    "a scheme is renamed": (with_security({"a": []}, a=KEY), with_security({"b": []}, b={**KEY, "description": "It."})),
    "a scheme with an extension is renamed": (
        with_security({"a": []}, a=KEY),
        with_security({"b": []}, b={**KEY, "x-a": 1}),
    ),
    "a scheme of another header is renamed": (
        with_security({"a": []}, a=KEY),
        with_security({"b": []}, b={**KEY, "name": "X-Token"}),
    ),
    "two schemes are renamed": (
        with_security({"a": []}, {"b": []}, a=KEY, b=KEY),
        with_security({"c": []}, {"d": []}, c=KEY, d=KEY),
    ),
    "credentials of the API move to the operation": (
        with_global_security({"key": []}, key=KEY),
        with_security({"key": []}, key=KEY),
    ),
    "credentials of the API are not what the operation needs": (
        {**with_security({"key": []}, **_ALL), "security": [{"jwt": []}]},
        {**with_security({"key": []}, **_ALL), "security": [{"oauth": []}]},
    ),
    "credentials of the API are what one operation needs": (
        edit(
            {**with_security({"key": []}, **_ALL), "security": [{"jwt": []}]},
            "paths",
            **{"/a": {"get": {"responses": {}}}},
        ),
        edit(
            {**with_security({"key": []}, **_ALL), "security": [{"oauth": []}]},
            "paths",
            **{"/a": {"get": {"responses": {}}}},
        ),
    ),
}

# --- prose -------------------------------------------------------------------------------------------------------

LINK = {"url": "https://a.example"}
PROSE: dict[str, Case] = {
    "a schema is described": schema_case(
        TEXT,
        {
            **TEXT,
            "title": "A",
            "description": "A.",
            "$comment": "A.",
            "externalDocs": LINK,
            "example": "a",
            "x-a": 1,
            "a": 1,
        },
    ),
    "an operation is described": (
        document(),
        document(
            summary="A",
            description="A.",
            externalDocs=LINK,
            extra={"x-codeSamples": [], "x-a": 1, "x-sunset": PAST, "x-stability-level": "beta", "a": 1},
        ),
    ),
    "the API is described": (
        document(),
        {
            **edit(document(), "info", description="A.", **{"x/a": 1}),
            "externalDocs": LINK,
            "x-b": 2,
            "x-a": 1,
            "tags": [{"name": "a", "description": "A."}],
        },
    ),
    "the API is described in another way": (
        {**edit(document(), "info", description="A."), "tags": [{"name": "a", "description": "A."}, {"name": "b"}]},
        {**edit(document(), "info", description="B."), "tags": [{"name": "b"}, {"name": "a", "description": "B."}]},
    ),
    "a path is described": (
        document(),
        edit(document(), "paths", "/things", summary="A", description="A."),
    ),
}

CASES: dict[str, Case] = {
    **dict(bounds()),
    **dict(conditions()),
    **VALUES,
    **TYPES,
    **SPELLINGS,
    **OBJECTS,
    **UNIONS,
    **LIFECYCLE,
    **OPERATIONS,
    **PARAMETERS,
    **BODIES,
    **INCOMING,
    **SECURITY,
    **PROSE,
}
