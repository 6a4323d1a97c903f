"""The wire layer: how two specs differ, on small pairs."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from codegen.drift import pair_graph
from codegen.drift.checks import properties, rules
from codegen.errors import CodegenError
from codegen.limits import LimitError
from codegen.spec import resolve
from tests.codegen.drift.pairs import Document, changes, document, on_wire

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
USER = {"type": "object", "properties": {"id": NUMBER, "name": TEXT}, "required": ["id"]}


def obj(required: list[str] | None = None, **properties: Any) -> Document:
    """An object schema."""
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def parameter(name: str = "q", schema: Any = None, **more: Any) -> Document:
    """A query parameter."""
    return {"name": name, "in": "query", "schema": schema or TEXT, **more}


def refer(name: str) -> Document:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def described(text: str) -> Document:
    """A text with a description."""
    return {**TEXT, "description": text}


def ok(content: Document | None = None, **more: Any) -> Document:
    """The responses of an operation that succeeds with some content."""
    return {"200": {"description": "", **({"content": content} if content else {})}, **more}


def get_operation(content: Document) -> Document:
    """The one operation of a spec."""
    found: Document = content["paths"]["/things"]["post"]
    return found


# --- the same in another form --------------------------------------------------------------------------------------

REF = {"$ref": "#/components/schemas/User"}
PAGE = obj(["count"], count=NUMBER, results={"type": "array", "items": USER})
ONE, TWO = {"$ref": "#/components/schemas/One"}, {"$ref": "#/components/schemas/Two"}
SAME: dict[str, tuple[Document, Document]] = {
    "inline schemas moved into components": (
        document(response=PAGE, body=USER),
        document(
            response={"$ref": "#/components/schemas/Page"},
            body=REF,
            schemas={
                "Page": obj(["count"], count=NUMBER, results={"type": "array", "items": REF}),
                "User": USER,
            },
        ),
    ),
    "a component renamed": (
        document(response=REF, schemas={"User": USER}),
        document(response={"$ref": "#/components/schemas/Member"}, schemas={"Member": USER}),
    ),
    "allOf unfolded": (
        document(response={"allOf": [obj(["id"], id=NUMBER), obj(name=TEXT)]}),
        document(response=USER),
    ),
    "allOf around one reference": (
        document(response=obj(user=REF), schemas={"User": USER}),
        document(response=obj(user={"allOf": [REF]}), schemas={"User": USER}),
    ),
    "an allOf member that only annotates": (
        document(response=obj(user={"allOf": [USER]})),
        document(response=obj(user={"allOf": [USER, {"description": "The user."}]})),
    ),
    "nullable and a list of types": (
        document(response=obj(name={"type": "string", "nullable": True})),
        document(response=obj(name={"type": ["string", "null"]})),
    ),
    "a list of types and a union with null": (
        document(response=obj(name={"type": ["string", "null"]})),
        document(response=obj(name={"anyOf": [TEXT, {"type": "null"}]})),
    ),
    "a nullable reference and a union with null": (
        document(
            response=obj(user={"allOf": [REF], "nullable": True}),
            schemas={"User": USER},
        ),
        document(
            response=obj(user={"oneOf": [REF, {"type": "null"}]}),
            schemas={"User": USER},
        ),
    ),
    "null in an enum": (
        document(response=obj(lang={"type": "string", "nullable": True, "enum": ["de", "en", None]})),
        document(response=obj(lang={"oneOf": [{"type": "string", "enum": ["en", "de"]}, {"type": "null"}]})),
    ),
    "a union of types and a list of types": (
        document(response=obj(id={"anyOf": [NUMBER, TEXT]})),
        document(response=obj(id={"type": ["string", "integer"]})),
    ),
    "anyOf and oneOf, in another order": (
        document(response={"anyOf": [USER, {"type": "array", "items": USER}]}),
        document(response={"oneOf": [{"type": "array", "items": USER}, USER]}),
    ),
    "a union of one": (document(response={"oneOf": [USER]}), document(response=USER)),
    "a parameter of the path and of the operation": (
        document(parameters=[parameter(required=True)]),
        {
            **(base := document()),
            "paths": {"/things": {"parameters": [parameter(required=True)], **base["paths"]["/things"]}},
        },
    ),
    "a parameter as a component": (
        document(parameters=[parameter()]),
        {
            **document(parameters=[{"$ref": "#/components/parameters/Q"}]),
            "components": {"parameters": {"Q": parameter()}},
        },
    ),
    "another order of keys": (
        document(response=obj(["id", "name"], id=NUMBER, name=TEXT)),
        document(response={"required": ["name", "id"], "properties": {"name": TEXT, "id": NUMBER}, "type": "object"}),
    ),
    "a type that properties imply": (
        document(response=USER),
        document(response={k: v for k, v in USER.items() if k != "type"}),
    ),
    "a bound as 3.0 and as 3.1 write it": (
        document(parameters=[parameter(schema={"type": "integer", "minimum": 0, "exclusiveMinimum": True})]),
        document(parameters=[parameter(schema={"type": "integer", "exclusiveMinimum": 0})]),
    ),
    "a flag that is off": (
        document(response=obj(id={**NUMBER, "readOnly": False}), deprecated=False),
        document(response=obj(id=NUMBER)),
    ),
    "what a style means when it is left out": (
        document(parameters=[parameter(style="form", explode=True, required=False)]),
        document(parameters=[parameter()]),
    ),
    "a component written out inside another one": (
        document(response=obj(user=REF), schemas={"User": obj(place=refer("Location")), "Location": USER}),
        document(response=obj(user=REF), schemas={"User": obj(place=USER)}),
    ),
    "a base folded away": (
        document(body={"allOf": [refer("Base"), obj(name=TEXT)]}, schemas={"Base": obj(id=NUMBER)}),
        document(body=obj(id=NUMBER, name=TEXT)),
    ),
    "members of a union that swap their names": (
        document(body={"oneOf": [ONE, TWO]}, schemas={"One": USER, "Two": obj(x=TEXT)}),
        document(body={"oneOf": [ONE, TWO]}, schemas={"One": obj(x=TEXT), "Two": USER}),
    ),
    "a union inside a union": (
        document(response={"anyOf": [TEXT, {"oneOf": [NUMBER, USER]}]}),
        document(response={"anyOf": [TEXT, NUMBER, USER]}),
    ),
    "null in a member and beside the members": (
        document(response=obj(a={"anyOf": [{**USER, "nullable": True}, TEXT]})),
        document(response=obj(a={"anyOf": [USER, TEXT, {"type": "null"}]})),
    ),
    "a constant and an enum of one": (
        document(body=obj(kind={"const": "x"})),
        document(body=obj(kind={"type": "string", "enum": ["x"]})),
    ),
    "patterns that two members of allOf demand": (
        document(body=obj(name={"allOf": [{**TEXT, "pattern": "^a"}, {"pattern": "b$"}]})),
        document(body=obj(name={"allOf": [{**TEXT, "pattern": "b$"}, {"pattern": "^a"}]})),
    ),
    "how one value is repeated": (
        document(parameters=[parameter(explode=True)]),
        document(parameters=[parameter(explode=False)]),
    ),
    "no security, said in two ways": (document(security=[]), document(security=[{}])),
    "security of the document and of its operations": (
        {**document(), "security": [{"key": []}]},
        document(security=[{"key": []}]),
    ),
    "parameters of a media type, in quotes or not": (
        document(responses=ok({'application/json; charset="utf-8"; version=1': {"schema": USER}})),
        document(responses=ok({'application/json;Version="1";charset=UTF-8': {"schema": USER}})),
    ),
    "a parameter of a media type that one side leaves out": (
        document(responses=ok({"application/json; charset=utf-8": {"schema": USER}})),
        document(response=USER),
    ),
    "the server that is meant when none is named": (document(), {**document(), "servers": [{"url": "/"}]}),
    "a number written in another way": (
        document(body=obj(a={**NUMBER, "default": 1})),
        document(body=obj(a={**NUMBER, "default": 1.0})),
    ),
    "another version": (document(response=USER, version="1"), document(response=USER, version="2026-05-15")),
}


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME)
def test_the_same_content_in_another_form_is_no_change(old: Document, new: Document) -> None:
    assert on_wire(old, new) == set()
    assert on_wire(new, old) == set()


@pytest.mark.parametrize("content", [pair[side] for pair in SAME.values() for side in (0, 1)])
def test_a_description_does_not_differ_from_itself(content: Document) -> None:
    assert changes(content, copy.deepcopy(content)) == []


# --- changes -------------------------------------------------------------------------------------------------------

GROUP = obj(["title"], title=TEXT)
POINT = {"$ref": "#/components/schemas/Point"}
PLACE = {"$ref": "#/components/schemas/Location"}
CHANGED: dict[str, tuple[Document, Document, set[tuple[str, str]]]] = {
    # properties
    "a response's required property is gone": (
        document(response=USER),
        document(response=obj(name=TEXT)),
        {("response-required-property-removed", "error")},
    ),
    "a response's optional property is gone": (
        document(response=USER),
        document(response=obj(["id"], id=NUMBER)),
        {("response-optional-property-removed", "warning")},
    ),
    "a property is renamed": (
        document(response=PAGE),
        document(response=obj(["count"], count=NUMBER, result=PAGE["properties"]["results"])),
        {("response-property-renamed", "error")},
    ),
    "a property that says much is renamed to what has nothing in common": (
        document(body=obj(results=PAGE["properties"]["results"])),
        document(body=obj(items=PAGE["properties"]["results"])),
        {("request-property-renamed", "warning")},
    ),
    "a property with a description of its own is renamed to what has nothing in common": (
        document(response=obj(two_fa=described("Second factor."), other=described("Else."))),
        document(response=obj(strong_login=described("Second factor."), other=described("Else."))),
        {("response-property-renamed", "warning")},
    ),
    "two properties of one type are renamed": (
        document(response=obj(two_fa=described("Second factor."), activated=described("Email."))),
        document(response=obj(strong_login=described("Second factor."), confirmed=described("Email."))),
        {("response-property-renamed", "warning")},
    ),
    "a property of a described component is renamed to a longer name": (
        document(response=obj(phone=refer("Text")), schemas={"Text": described("A number.")}),
        document(response=obj(phoneNumberOfHome=refer("Text")), schemas={"Text": described("A number.")}),
        {("response-property-renamed", "warning")},
    ),
    "one of several properties with one description goes and another one comes": (
        document(response=obj(made=described("A moment."), read=described("A moment."))),
        document(response=obj(made=described("A moment."), ended=described("A moment."))),
        {("response-optional-property-removed", "warning"), ("response-optional-property-added", "info")},
    ),
    "one value of a described component goes and another one comes": (
        document(response=obj(made=refer("Text")), schemas={"Text": described("A moment.")}),
        document(response=obj(read=refer("Text")), schemas={"Text": described("A moment.")}),
        {("response-optional-property-removed", "warning"), ("response-optional-property-added", "info")},
    ),
    "an optional property goes and a required one of its description comes": (
        document(response=obj(made=described("A moment."))),
        document(response=obj(["read"], read=described("A moment."))),
        {("response-optional-property-removed", "warning"), ("response-required-property-added", "info")},
    ),
    "one text goes and another one comes": (
        document(response=obj(name=TEXT)),
        document(response=obj(colour=TEXT)),
        {("response-optional-property-removed", "warning"), ("response-optional-property-added", "info")},
    ),
    "a request needs a new property": (
        document(body=USER),
        document(body=obj(["id", "age"], id=NUMBER, name=TEXT, age=NUMBER)),
        {("new-required-request-property", "error")},
    ),
    "a request may have a new property": (
        document(body=USER),
        document(body=obj(["id"], id=NUMBER, name=TEXT, age=NUMBER)),
        {("new-optional-request-property", "info")},
    ),
    "a request's property becomes required": (
        document(body=USER),
        document(body=obj(["id", "name"], id=NUMBER, name=TEXT)),
        {("request-property-became-required", "error")},
    ),
    "a response's property becomes required": (
        document(response=USER),
        document(response=obj(["id", "name"], id=NUMBER, name=TEXT)),
        {("response-property-became-required", "info")},
    ),
    "a response's property becomes optional": (
        document(response=USER),
        document(response=obj(id=NUMBER, name=TEXT)),
        {("response-property-became-optional", "error")},
    ),
    "a response's property may be null": (
        document(response=USER),
        document(response=obj(["id"], id=NUMBER, name={"type": ["string", "null"]})),
        {("response-property-became-nullable", "warning")},
    ),
    "a request's property may not be null": (
        document(body=obj(name={"type": "string", "nullable": True})),
        document(body=obj(name=TEXT)),
        {("request-property-became-not-nullable", "error")},
    ),
    "a read-only property of a request becomes required": (
        document(body=obj(id={**NUMBER, "readOnly": True})),
        document(body=obj(["id"], id={**NUMBER, "readOnly": True})),
        {("request-property-became-required", "info")},
    ),
    "an object takes no other properties": (
        document(body=USER),
        document(body={**USER, "additionalProperties": False}),
        {("request-body-additional-properties-closed", "warning")},
    ),
    # types
    "a type narrows in a request": (
        document(body=obj(id={"type": "number"})),
        document(body=obj(id=NUMBER)),
        {("request-property-type-changed", "error")},
    ),
    "a type narrows in a response": (
        document(response=obj(id={"type": "number"})),
        document(response=obj(id=NUMBER)),
        {("response-property-type-specialized", "info")},
    ),
    "a type widens in a response": (
        document(response=obj(id=NUMBER)),
        document(response=obj(id={"type": "number"})),
        {("response-property-type-generalized", "error")},
    ),
    "a type changes": (
        document(response=obj(id=NUMBER)),
        document(response=obj(id=TEXT)),
        {("response-property-type-changed", "error")},
    ),
    "a response that was a list or a page is a page": (
        document(response={"oneOf": [{"type": "array", "items": USER}, PAGE]}),
        document(response=PAGE),
        {("response-body-type-changed", "error")},
    ),
    "a response of another class": (
        document(response=REF, schemas={"User": USER, "Group": obj(["title"], title=TEXT)}),
        document(
            response={"$ref": "#/components/schemas/Group"}, schemas={"User": USER, "Group": obj(["title"], title=TEXT)}
        ),
        {
            ("response-required-property-removed", "error"),
            ("response-optional-property-removed", "warning"),
            ("response-required-property-added", "info"),
        },
    ),
    # values
    "a response's enum has a new value": (
        document(response=obj(lang={"enum": ["de"]})),
        document(response=obj(lang={"enum": ["de", "fr"]})),
        {("response-property-enum-value-added", "warning")},
    ),
    "a request's enum lost a value": (
        document(body=obj(lang={"enum": ["de", "fr"]})),
        document(body=obj(lang={"enum": ["de"]})),
        {("request-property-enum-value-removed", "error")},
    ),
    "a text is limited to an enum": (
        document(body=obj(lang=TEXT)),
        document(body=obj(lang={**TEXT, "enum": ["de"]})),
        {("request-property-became-enum", "error")},
    ),
    "a bound is lower": (
        document(parameters=[parameter(schema={**NUMBER, "maximum": 1000})]),
        document(parameters=[parameter(schema={**NUMBER, "maximum": 100})]),
        {("request-parameter-max-decreased", "error")},
    ),
    "a bound is new": (
        document(body=obj(id=NUMBER)),
        document(body=obj(id={**NUMBER, "maximum": 9})),
        {("request-property-max-set", "warning")},
    ),
    "a keyword without a rule": (
        document(body=obj(name=TEXT)),
        document(body=obj(name={**TEXT, "dependencies": {"a": ["b"]}})),
        {("request-property-keyword-changed", "warning")},
    ),
    "a default changes": (
        document(parameters=[parameter(schema={**NUMBER, "default": 10})]),
        document(parameters=[parameter(schema={**NUMBER, "default": 20})]),
        {("request-parameter-default-value-changed", "warning")},
    ),
    # unions
    "a request may no longer be one of several": (
        document(body={"oneOf": [USER, TEXT]}),
        document(body=USER),
        {("request-body-one-of-removed", "error")},
    ),
    "a member of a union changes": (
        document(response={"oneOf": [POINT, TEXT]}, schemas={"Point": obj(["x"], x=NUMBER)}),
        document(response={"oneOf": [POINT, TEXT]}, schemas={"Point": obj(["x"], x=TEXT)}),
        {("response-property-type-changed", "error")},
    ),
    "a member is exchanged for a component of the same content that both have": (
        document(body={"oneOf": [POINT, TEXT]}, schemas={"Point": USER, "Location": USER}),
        document(
            body={"oneOf": [{"$ref": "#/components/schemas/Location"}, TEXT]}, schemas={"Point": USER, "Location": USER}
        ),
        {("request-body-one-of-removed", "error"), ("request-body-one-of-added", "info")},
    ),
    "an object is wrapped in a union": (
        document(body=obj(["a", "b"], a=TEXT, b=TEXT)),
        document(body={"oneOf": [obj(["a"], a=TEXT, b=TEXT), obj(["b"], a=TEXT, b=TEXT)]}),
        {("request-body-wrapped-in-one-of", "error")},
    ),
    "a member of a union that is written out changes": (
        document(response={"oneOf": [obj(a=TEXT), {"type": "array", "items": TEXT}]}),
        document(response={"oneOf": [obj(a=NUMBER), {"type": "array", "items": TEXT}]}),
        {("response-property-type-changed", "error")},
    ),
    "what holds beside a union": (
        document(body={"anyOf": [POINT, TEXT]}, schemas={"Point": USER}),
        document(body={"anyOf": [POINT, TEXT], "minProperties": 2, "deprecated": True}, schemas={"Point": USER}),
        {("request-body-min-properties-set", "warning"), ("request-body-deprecated", "info")},
    ),
    "a request takes fewer numbers": (
        document(body=obj(a={"type": "integer", "format": "int64"})),
        document(body=obj(a={"type": "integer", "format": "int32"})),
        {("request-property-type-changed", "error")},
    ),
    "a response has fewer numbers": (
        document(response=obj(a={"type": "integer", "format": "int64"})),
        document(response=obj(a={"type": "integer", "format": "int32"})),
        {("response-property-type-specialized", "info")},
    ),
    "a number must not be negative": (
        document(body=obj(a=NUMBER)),
        document(body=obj(a={**NUMBER, "minimum": 0})),
        {("request-property-min-set", "warning")},
    ),
    "two properties are gone that a new one may rename": (
        document(body=obj(user_name=TEXT, username=TEXT)),
        document(body=obj(userName=TEXT)),
        {("request-property-removed", "warning"), ("new-optional-request-property", "info")},
    ),
    "a second union": (
        document(body={"allOf": [{"oneOf": [TEXT, USER]}, {"anyOf": [USER, POINT]}]}, schemas={"Point": GROUP}),
        document(
            body={"allOf": [{"oneOf": [TEXT, USER]}, {"anyOf": [USER, PLACE]}]}, schemas={"Location": obj(x=TEXT)}
        ),
        {("request-property-removed", "warning"), ("new-optional-request-property", "info")},
    ),
    "a response may be of another kind": (
        document(response=USER),
        document(response={"oneOf": [USER, GROUP]}),
        {("response-body-one-of-added", "warning")},
    ),
    # items and other properties
    "items are said": (
        document(body={"type": "array"}),
        document(body={"type": "array", "items": TEXT}),
        {("request-body-items-added", "error")},
    ),
    "items are no longer said": (
        document(response={"type": "array", "items": TEXT}),
        document(response={"type": "array"}),
        {("response-body-items-removed", "warning")},
    ),
    "other properties are said": (
        document(body={"type": "object", "additionalProperties": True}),
        document(body={"type": "object", "additionalProperties": TEXT}),
        {("request-body-additional-properties-schema-added", "error")},
    ),
    "a name that is required and not declared": (
        document(body=USER),
        document(body={**USER, "required": ["id", "age"]}),
        {("request-property-became-required", "warning")},
    ),
    "1 and true": (
        document(body=obj(a={"enum": [1, 2]})),
        document(body=obj(a={"enum": [True, 2]})),
        {
            ("request-property-enum-value-removed", "error"),
            ("request-property-enum-value-added", "info"),
            ("request-property-list-of-types-widened", "info"),
        },
    ),
    # operations
    "an operation id": (
        document(),
        document(operationId="createThing"),
        {("api-operation-id-removed", "info")},
    ),
    "a tag": (
        document(tags=["A"]),
        document(tags=["B"]),
        {("api-tag-removed", "info"), ("api-tag-added", "info")},
    ),
    "an operation is deprecated": (document(), document(deprecated=True), {("endpoint-deprecated", "info")}),
    "an operation is deprecated until a day": (
        document(),
        document(deprecated=True, extra={"x-sunset": "2026-07-17"}),
        {("endpoint-deprecated-with-sunset", "info")},
    ),
    "a parameter is gone": (
        document(parameters=[parameter()]),
        document(),
        {("request-parameter-removed", "warning")},
    ),
    "a parameter is new and required": (
        document(),
        document(parameters=[parameter(required=True)]),
        {("new-required-request-parameter", "error")},
    ),
    "a parameter is written in another way": (
        document(parameters=[parameter(schema={"type": "array", "items": TEXT})]),
        document(parameters=[parameter(schema={"type": "array", "items": TEXT}, explode=False)]),
        {("request-parameter-explode-changed", "error")},
    ),
    "a parameter's text has a format": (
        document(parameters=[parameter(schema=NUMBER)]),
        document(parameters=[parameter(schema={**TEXT, "format": "uuid"})]),
        {("request-parameter-type-changed", "error")},
    ),
    "a parameter may be any text": (
        document(parameters=[parameter(schema=NUMBER)]),
        document(parameters=[parameter(schema=TEXT)]),
        {("request-parameter-type-generalized", "info")},
    ),
    "what was read-only and required must be sent": (
        document(body=obj(["id"], id={**NUMBER, "readOnly": True})),
        document(body=obj(["id"], id=NUMBER)),
        {("request-property-became-required", "error"), ("request-required-property-became-not-read-only", "info")},
    ),
    "a parameter is sent as JSON": (
        document(parameters=[parameter()]),
        document(parameters=[{"name": "q", "in": "query", "content": {"application/json": {"schema": TEXT}}}]),
        {("request-parameter-content-changed", "error")},
    ),
    "a parameter may hold more characters": (
        document(parameters=[parameter()]),
        document(parameters=[parameter(allowReserved=True, allowEmptyValue=True)]),
        {("request-parameter-became-allow-reserved", "info"), ("request-parameter-became-allow-empty-value", "info")},
    ),
    "a parameter is written in another style": (
        document(parameters=[parameter(schema={"type": "array", "items": TEXT})]),
        document(parameters=[parameter(schema={"type": "array", "items": TEXT}, style="pipeDelimited")]),
        {("request-parameter-style-changed", "error")},
    ),
    "a parameter has no schema any more": (
        document(parameters=[parameter()]),
        document(parameters=[{"name": "q", "in": "query"}]),
        {("request-parameter-schema-removed", "info")},
    ),
    "the server of an operation": (
        document(),
        document(servers=[{"url": "https://other.example.com"}]),
        {("api-server-removed", "warning"), ("api-server-added", "info")},
    ),
    "a variable of a server": (
        {**document(), "servers": [{"url": "https://{x}.example.com", "variables": {"x": {"default": "a"}}}]},
        {**document(), "servers": [{"url": "https://{x}.example.com", "variables": {"x": {"default": "b"}}}]},
        {("api-server-removed", "warning"), ("api-server-added", "info")},
    ),
    "how a part of a form is written": (
        document(requestBody={"content": {"multipart/form-data": {"schema": USER}}}),
        document(
            requestBody={"content": {"multipart/form-data": {"schema": USER, "encoding": {"id": {"style": "form"}}}}}
        ),
        {("request-body-media-type-encoding-changed", "warning")},
    ),
    "what a callback takes": (
        document(callbacks={"made": {"{$request.body#/url}": {"post": get_operation(document(body=USER))}}}),
        document(
            callbacks={"made": {"{$request.body#/url}": {"post": get_operation(document(body=obj(["id"], id=TEXT)))}}}
        ),
        {("response-property-type-changed", "error"), ("response-optional-property-removed", "warning")},
    ),
    "a body is new and required": (
        document(),
        document(requestBody={"required": True, "content": {"application/json": {"schema": USER}}}),
        {("request-body-added-required", "error")},
    ),
    "a success is gone": (
        document(response=USER),
        document(responses={"204": {"description": "Nothing."}}),
        {("response-success-status-removed", "error"), ("response-success-status-added", "info")},
    ),
    "an error's body changes": (
        document(responses=ok(**{"400": ok({"application/json": {"schema": USER}})["200"]})),
        document(responses=ok(**{"400": ok({"application/json": {"schema": TEXT}})["200"]})),
        {("response-body-type-changed", "info")},
    ),
    "a media type": (
        document(response=USER),
        document(responses={"200": {"description": "", "content": {"text/csv": {"schema": TEXT}}}}),
        {("response-media-type-removed", "error"), ("response-media-type-added", "info")},
    ),
    "a header is gone": (
        document(responses={"200": {"description": "", "headers": {"X-Total": {"required": True, "schema": NUMBER}}}}),
        document(responses={"200": {"description": ""}}),
        {("required-response-header-removed", "error")},
    ),
    "security": (
        document(security=[{"key": []}]),
        document(security=[]),
        {("api-security-removed", "info")},
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), CHANGED.values(), ids=CHANGED)
def test_a_change_is_reported_by_its_rule_and_level(
    old: Document, new: Document, expected: set[tuple[str, str]]
) -> None:
    assert on_wire(old, new) == expected


@pytest.mark.parametrize(("old", "new"), [(old, new) for old, new, _ in CHANGED.values()], ids=CHANGED)
def test_every_change_is_seen_from_the_other_side_too(old: Document, new: Document) -> None:
    assert on_wire(new, old)


def test_paths_that_are_gone_and_new() -> None:
    old, new = document(), document(operationId="makeOther")
    new["paths"]["/others"] = new["paths"].pop("/things")
    found = {(change.id, change.operations) for change in changes(old, new)}

    assert found == {
        ("api-path-removed-without-deprecation", ("POST /things",)),
        ("endpoint-added", ("POST /others",)),
    }


def test_an_address_counts_for_more_than_an_operation_id() -> None:
    post = document()["paths"]["/things"]["post"]
    old = {**document(), "servers": [{"url": "https://a.example/v1"}], "paths": {"/things/{id}": {"post": post}}}
    paths = {"/v1/things/{id}": {"post": {**post, "operationId": "other"}}, "/things/{number}": {"post": post}}
    new = {**document(), "servers": [{"url": "https://a.example"}], "paths": paths}
    found = {(change.id, change.operations) for change in changes(old, new)}

    assert ("endpoint-added", ("POST /things/{number}",)) in found


def test_an_operation_moves_to_no_one_of_several_places() -> None:
    old = document(response=USER)
    copies = {f"/{name}/things": document(response=USER, operationId=name)["paths"]["/things"] for name in ("a", "b")}

    assert {rule for rule, _ in on_wire(old, {**document(), "paths": copies})} == {
        "api-path-removed-without-deprecation",
        "endpoint-added",
    }


@pytest.mark.parametrize(
    ("sunset", "expected"),
    [
        (None, "api-path-removed-with-deprecation"),
        ("2026-05-31", "api-path-removed-with-deprecation"),
        ("2026-06-02", "api-path-removed-before-sunset"),
        ("soon", "api-path-sunset-parse"),
    ],
)
def test_a_deprecated_operation_may_go_after_its_sunset(sunset: str | None, expected: str) -> None:
    old = document(deprecated=True, extra={"x-sunset": sunset} if sunset else {})
    new = {**document(), "paths": {}}

    assert [change.id for change in changes(old, new)] == [expected]


def test_a_deprecated_operation_is_not_moved_but_replaced() -> None:
    old, new = document(deprecated=True), document()
    new["paths"]["/v2/things"] = new["paths"].pop("/things")

    assert on_wire(old, new) == {("api-path-removed-with-deprecation", "warning"), ("endpoint-added", "info")}


def test_what_a_path_parameter_is_called_does_not_count() -> None:
    def api(name: str) -> Document:
        path = {"name": name, "in": "path", "required": True, "schema": NUMBER}
        return {
            **document(),
            "paths": {f"/things/{{{name}}}": {"get": document(parameters=[path])["paths"]["/things"]["post"]}},
        }

    assert changes(api("thingId"), api("id")) == []


@pytest.mark.parametrize(
    ("media_type", "is_text"),
    [
        ("application/xml", True),
        ("Application/XML; charset=utf-8", True),
        ("application/problem+xml", True),
        ("TEXT/csv", True),
        ("Application/X-WWW-Form-Urlencoded", True),
        ("multipart/form-data; boundary=x", True),
        ("application/json", False),
        ("application/json; schema=xml", False),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", False),
    ],
)
def test_media_types_whose_values_are_all_text(media_type: str, is_text: bool) -> None:
    old, new = (document(responses=ok({media_type: {"schema": obj(v=schema)}})) for schema in (NUMBER, TEXT))

    rule = ("response-property-type-compatible", "info") if is_text else ("response-property-type-changed", "error")
    assert on_wire(old, new) == {rule}


def test_webhooks_are_compared_as_what_the_client_receives() -> None:
    def api(body: Document) -> Document:
        return {**document(), "webhooks": {"made": document(body=body)["paths"]["/things"]}}

    found = changes(api(USER), api(obj(["id", "age"], id=NUMBER, name=TEXT, age=NUMBER)))

    assert [(change.id, change.operations) for change in found] == [
        ("response-required-property-added", ("POST webhook:made",))
    ]


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("1.0.0", "1.0.0", "api-version-not-bumped"),
        ("1.0.0", "1.1.0", "api-major-version-not-bumped"),
        ("1.0.0", "2.0.0", None),
        ("1.1.0", "1.0.0", "api-version-decreased"),
        ("2026-05-15T06:37:28", "2026-05-16T06:37:28", None),
    ],
)
def test_a_semantic_version_says_that_something_breaks(before: str, after: str, rule: str | None) -> None:
    found = changes(document(response=USER, version=before), document(response=TEXT, version=after))

    assert {change.id for change in found} == {"response-body-type-changed", *([rule] if rule else [])}


# --- entries -------------------------------------------------------------------------------------------------------


def build_shared_and_inline(component: Document, inline: Document | None = None) -> Document:
    """Three operations that lead to one component, and one with a copy written in place."""
    reference = REF
    content = document(response=obj(user=reference), body=reference, schemas={"User": component})
    content["paths"]["/users"] = {
        "get": get_operation(document(response={"type": "array", "items": reference}, operationId="list"))
    }
    if inline:
        for path in ("/a", "/b"):
            content["paths"][path] = {"get": get_operation(document(response=inline, operationId=path))}
    return content


def test_a_changed_component_is_one_entry_for_all_its_users() -> None:
    found = changes(build_shared_and_inline(USER), build_shared_and_inline(obj(["id", "name"], id=NUMBER, name=TEXT)))

    assert [(change.id, change.operations) for change in found] == [
        ("request-property-became-required", ("POST /things",)),
        ("response-property-became-required", ("POST /things", "GET /users")),
    ]
    assert {change.pointer for change in found} == {"/components/schemas/User/properties/name"}


def test_copies_of_a_schema_that_change_alike_are_one_entry() -> None:
    page = obj(["count"], count=NUMBER)
    found = changes(build_shared_and_inline(USER, page), build_shared_and_inline(USER, obj(count=NUMBER)))

    assert [(change.id, change.operations) for change in found] == [
        ("response-property-became-optional", ("GET /a", "GET /b"))
    ]


def test_copies_inside_bodies_that_differ_are_one_entry_too() -> None:
    def api(kind: Document) -> Document:
        content = document(response=obj(user=obj(id=kind)))
        other = document(response=obj(count=NUMBER, user=obj(id=kind)), operationId="other")
        content["paths"]["/a"] = {"get": get_operation(other)}
        return content

    assert [change.operations for change in changes(api(NUMBER), api(TEXT))] == [("POST /things", "GET /a")]


def test_copies_of_a_parameter_are_one_entry() -> None:
    def api(most: int) -> Document:
        limit = parameter("limit", {**NUMBER, "maximum": most})
        content = document(parameters=[limit])
        content["paths"]["/a"] = {"get": get_operation(document(parameters=[parameter(), limit], operationId="other"))}
        return content

    assert [change.operations for change in changes(api(9), api(8))] == [("POST /things", "GET /a")]


def test_operations_are_listed_in_the_order_of_the_description() -> None:
    def api(name: Document) -> Document:
        content = document(response=REF, schemas={"User": obj(name=name)})
        for number in range(5):
            code = "400" if number % 2 else "200"
            responses = {code: ok({"application/json": {"schema": REF}})["200"]}
            content["paths"][f"/{number}"] = {
                "get": get_operation(document(responses=responses, operationId=f"o{number}"))
            }
        return content

    [found] = changes(api(TEXT), api(NUMBER))
    assert found.operations == ("POST /things", *(f"GET /{number}" for number in range(5)))
    assert found.level == "error"


def test_a_tag_or_security_scheme_is_one_entry_for_all() -> None:
    def api(tag: str, scheme: str) -> Document:
        content = document(tags=[tag], security=[{scheme: []}])
        content["paths"]["/a"] = {
            "get": get_operation(document(tags=[tag], security=[{scheme: []}], operationId="other"))
        }
        return content

    found = changes(api("A", "key"), api("B", "token"))

    assert [change.id for change in found] == [
        "api-tag-removed",
        "api-tag-added",
        "api-security-removed",
        "api-security-added",
    ]
    assert {change.operations for change in found} == {("POST /things", "GET /a")}


def test_copies_that_change_differently_stay_apart() -> None:
    old, new = build_shared_and_inline(USER, obj(count=NUMBER)), build_shared_and_inline(USER, obj(count=NUMBER))
    new["paths"]["/b"] = {"get": get_operation(document(response=obj(count=TEXT), operationId="/b"))}

    assert [change.operations for change in changes(old, new)] == [("GET /b",)]


@pytest.mark.parametrize(("old", "new"), [(old, new) for old, new, _ in CHANGED.values()], ids=CHANGED)
def test_an_entry_knows_where_it_stands_on_both_sides(old: Document, new: Document) -> None:
    for change in changes(old, new):
        assert change.old or change.new
        for content, place in ((old, change.old), (new, change.new)):
            if place:
                if not place.pointer:
                    continue  # the whole document
                resolve(content, f"#{place.pointer}")
                line = json.dumps(content, indent=1).splitlines()[place.line - 1]
                key = place.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
                assert key.isdecimal() or line[place.column - 1 :].startswith(f'"{key}"')
                assert place.end_line >= place.line
        assert change.pointer in {place.pointer for place in (change.old, change.new) if place}


def test_a_fingerprint_depends_on_the_change_and_not_its_place() -> None:
    old, new = document(response=USER), document(response=obj(["id"], id=TEXT, name=TEXT))
    other = document(response=obj(["id"], id={"type": "boolean"}, name=TEXT))
    moved = {"x-first": "line", **new}
    prints = [
        {change.fingerprint for change in changes(old, to) if change.layer == "wire"} for to in (new, moved, other)
    ]

    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


def test_values_at_one_place_are_changes_of_their_own() -> None:
    found = changes(
        document(body=obj(a={"enum": ["x", "y", "z"]}), tags=["A", "B"]),
        document(body=obj(a={"enum": ["x"]}), tags=[]),
    )

    assert [(change.id, change.before) for change in found] == [
        ("api-tag-removed", "A"),
        ("api-tag-removed", "B"),
        ("request-property-enum-value-removed", "y"),
        ("request-property-enum-value-removed", "z"),
    ]


def test_prose_beside_a_reference_is_prose_of_its_place() -> None:
    old = document(response=obj(user=REF, other=REF), schemas={"User": USER})
    new = document(response=obj(user={**REF, "description": "Who it is."}, other=REF), schemas={"User": USER})
    [found] = changes(old, new)

    assert (found.id, found.after) == ("docs-description-changed", "Who it is.")
    assert found.new
    assert found.new.pointer.endswith("/properties/user/description")


def test_callbacks_may_be_referred_to() -> None:
    content = document(callbacks={"made": {"$ref": "#/components/callbacks/Made"}})
    content["components"]["callbacks"] = {"Made": {"{$url}": {"post": get_operation(document(body=USER))}}}
    new = copy.deepcopy(content)
    new["components"]["callbacks"]["Made"]["{$url}"]["post"] = get_operation(document(body=GROUP))

    assert {change.operations for change in changes(content, new)} == {("POST callback:made {$url}",)}


# --- prose ---------------------------------------------------------------------------------------------------------


def test_prose_is_no_wire_change_and_is_reported() -> None:
    old = document(
        response=obj(id={**NUMBER, "description": "The id.", "example": 1, "title": "Id"}),
        parameters=[parameter(description="A query.")],
        summary="Make",
    )
    new = document(
        response=obj(id={**NUMBER, "description": "Its id.", "example": 2, "title": "ID"}),
        parameters=[parameter(description="What to look for.")],
        summary="Make a thing",
        extra={"x-codeSamples": [{"lang": "curl"}]},
    )
    new["info"]["description"] = "New."
    new["tags"] = [{"name": "things", "description": "About things."}]
    found = changes(old, new)

    assert {change.layer for change in found} == {"docs"}
    assert {change.level for change in found} == {"info"}
    assert sorted(change.id for change in found) == [
        "docs-code-sample-changed",
        "docs-description-changed",
        "docs-description-changed",
        "docs-example-changed",
        "docs-info-changed",
        "docs-summary-changed",
        "docs-tag-changed",
        "docs-title-changed",
    ]


def test_properties_named_like_keywords_are_properties() -> None:
    found = on_wire(document(response=obj(description=TEXT, example=TEXT)), document(response=obj(description=NUMBER)))

    assert found == {("response-property-type-changed", "error"), ("response-optional-property-removed", "warning")}


# --- recursion and wrong input -------------------------------------------------------------------------------------


def test_recursive_schemas_are_compared() -> None:
    def api(name: Document) -> Document:
        node = obj(name=name, children={"type": "array", "items": {"$ref": "#/components/schemas/Node"}})
        return document(response={"$ref": "#/components/schemas/Node"}, schemas={"Node": node})

    assert on_wire(api(TEXT), api(TEXT)) == set()
    assert on_wire(api(TEXT), api(NUMBER)) == {("response-property-type-changed", "error")}


def test_a_schema_that_holds_itself_in_all_of_is_compared() -> None:
    def api(name: Document) -> Document:
        return document(
            response={"$ref": "#/components/schemas/Node"},
            schemas={"Node": {"allOf": [{"$ref": "#/components/schemas/Node"}, obj(name=name)]}},
        )

    assert on_wire(api(TEXT), api(NUMBER)) == {("response-property-type-changed", "error")}


def test_what_all_of_puts_together_in_too_many_ways_is_an_error() -> None:
    schemas = {f"S{number}": obj(a=refer(f"S{number + 1}"), b=refer(f"S{number + 1}")) for number in range(1, 20)}
    schemas |= {"S0": obj(a=refer("S0"), b={"allOf": [refer("S0"), refer("S1")]}), "S20": obj(a=TEXT)}
    content = document(response=refer("S0"), schemas=schemas)

    with pytest.raises(CodegenError, match=r"^old\.yaml:\d+:\d+: .* combines in too many ways to be compared"):
        changes(content, content)


def test_a_long_chain_of_all_of_is_an_error() -> None:
    schemas = {f"S{number}": {"allOf": [refer(f"S{number + 1}")]} for number in range(1000)}
    content = document(response=refer("S0"), schemas={**schemas, "S1000": USER})

    with pytest.raises(CodegenError, match="put more than 200 schemas together here"):
        changes(content, content)


def test_more_pairs_of_schemas_than_the_limit_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = document(response=obj(a=TEXT, b=TEXT)), document(response=obj(a=NUMBER, b=NUMBER))
    monkeypatch.setattr(pair_graph, "MAX_PAIRS", 3)
    assert len(changes(old, new)) == 2

    monkeypatch.setattr(pair_graph, "MAX_PAIRS", 2)
    with pytest.raises(
        LimitError, match=r"^new\.yaml: makes more than 2 pairs of schemas to compare; .* raise MAX_PAIRS in"
    ):
        changes(old, new)


def test_names_are_compared_by_letter_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def api(name: str) -> Document:
        fields: Document = {f"{name}{number}": {**TEXT, "maxLength": number} for number in (1, 2, 3)}
        return document(response=obj(**fields))

    monkeypatch.setattr(properties, "MAX_NAME_COMPARISONS", 2)
    found = [(change.id, change.before) for change in changes(api("colour"), api("color"))]

    assert found == [
        ("response-optional-property-removed", "colour3"),
        ("response-optional-property-added", None),
        ("response-property-renamed", "colour1"),
        ("response-property-renamed", "colour2"),
    ]


BROKEN: dict[str, tuple[Callable[[Document], Any], str]] = {
    "parameters that are a mapping": (lambda api: get_operation(api).update(parameters={}), "a list is expected here"),
    "responses that are a list": (lambda api: get_operation(api).update(responses=[]), "a mapping is expected here"),
    "paths that are a list": (lambda api: api.update(paths=[]), "a mapping is expected here"),
    "an operation that is a text": (
        lambda api: api["paths"]["/things"].update(get="x"),
        "an operation is expected here",
    ),
}


@pytest.mark.parametrize(("breaks", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_not_openapi_is_an_error_that_names_the_place(breaks: Callable[[Document], Any], message: str) -> None:
    old = document(response=obj(user=REF), schemas={"User": USER})
    new = copy.deepcopy(old)
    breaks(new)

    with pytest.raises(CodegenError, match=rf"^new\.yaml:\d+:\d+: .*{message}"):
        changes(old, new)


# --- rules ---------------------------------------------------------------------------------------------------------


def test_every_row_is_a_rule_of_requests_and_of_responses() -> None:
    for kind in rules.build_schema_rules():
        for direction in ("request", "response"):
            found = rules.find_rule(f"{direction}-property-{kind}")
            assert "{what}" in found.text


def test_there_are_no_other_rules() -> None:
    with pytest.raises(KeyError):
        rules.find_rule("request-property-was-painted")


def test_every_level_and_text_of_the_table_is_a_known_one() -> None:
    for name in rules.list_rule_ids():
        rule = rules.find_rule(name)

        assert rule.level in rules.READER_LEVELS
        assert rule.text.format(what="a", before="b", after="c") != rule.text


@pytest.mark.parametrize("guard", rules.GUARDS)
def test_the_clients_view_makes_a_change_milder_and_says_why(guard: str) -> None:
    level, reason = rules.GUARDS[guard]

    assert reason
    assert rules.CLIENT_VIEW.get_level("response-property-type-changed", frozenset({guard})) == level
    assert rules.CLIENT_VIEW.get_level("endpoint-added", frozenset({guard})) == "info"
