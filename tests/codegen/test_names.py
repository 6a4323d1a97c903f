"""Names that would collide, enums of any type and boolean schemas: generated once, imported, sent and read back."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import httpx
import pytest
import yaml

from codegen import generate, spec
from tests.codegen.support import Document

from .conftest import ROOT

TEXT = {"type": "string"}
OBJECT: Document = {"type": "object", "properties": {"a": TEXT}}
SCHEMAS: Document = {
    "foo_bar": {"type": "object", "properties": {"one": TEXT}},
    "FooBar": {"type": "object", "properties": {"two": TEXT}},
    "Client": OBJECT,
    "ClientModel": OBJECT,
    "AB": OBJECT,
    "Ab": OBJECT,
    # The class of an inner schema would be that of a component.
    "Pet": {
        "type": "object",
        "properties": {
            "owner": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
            "kind": {"type": "string", "enum": ["cat"], "default": "cat"},
            "home": OBJECT,
            "tags": {"type": "array", "items": {"type": "object", "properties": {"x": TEXT}}},
        },
    },
    "PetOwner": {"type": "object", "properties": {"s": TEXT}},
    "PetKind": {"enum": ["dog"]},
    "PetTagsItem": {"type": "object", "properties": {"y": TEXT}},
    # Titles say nothing about the names of classes.
    "TitledA": {"type": "object", "properties": {"inner": {**OBJECT, "title": "Inner"}}},
    "TitledB": {"type": "object", "properties": {"inner": {"type": "object", "title": "Inner"}}},
    "Members": {
        "type": "object",
        "properties": {
            "same": {"enum": ["a b", "a_b", "A-B"]},
            "signs": {"enum": ["+", "value_0", ""]},
            "named": {"enum": ["a", "b"], "x-enum-varnames": ["one", "One"]},
            "digit": {"enum": ["a"], "x-enum-varnames": ["1st"]},
            "mixed": {"enum": [1, "a"]},
            "float": {"enum": [1.5, 2]},
            "bool": {"enum": [True]},
            "bool_or_null": {"enum": [True, None]},
            "texts": {"type": "string", "enum": [False, True, 0, "x"]},
            "numbers": {"type": "integer", "enum": ["1", 2, "x"]},
            "const": {"const": 1.5},
            "quoted": {"const": 'x"y'},
            "wrong_default": {"type": "string", "enum": ["a"], "default": "b"},
            "wrong_date": {"type": "string", "format": "date", "default": "today"},
        },
    },
    "Fields": {
        "type": "object",
        "required": ["+1"],
        "properties": {
            "a_b": TEXT,
            "a-b": TEXT,
            "a.b": {"type": "string", "description": "With a dot."},
            "+1": {"type": "integer"},
            "-1": {"type": "integer", "x-secret": True},
        },
    },
    "Booleans": {
        "type": "object",
        "required": ["any", "never"],
        "properties": {
            "any": True,
            "never": False,
            "items": {"type": "array", "items": True},
            "of": {"anyOf": [True, False]},
        },
        "additionalProperties": False,
    },
    "Anything": True,
}


def refer(name: str) -> Document:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


PATHS: Document = {
    "/things/{id}/{kind}": {
        "get": {
            "operationId": "getThing",
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                {"name": "gone", "in": "path", "required": True, "schema": TEXT},
                {"name": "state", "in": "query", "schema": {"type": "string", "enum": [True, False]}},
                # Names that differ in case only stay as they are, and would hide what the function uses.
                *({"name": name, "in": "query", "schema": TEXT} for name in ("Unset", "UNSET", "Pet", "pet")),
            ],
            "responses": {"200": {"description": "", **refer("Pet")}},
        },
    },
    "/copies/{id}": {"$ref": "#/paths/~1things~1%7Bid%7D~1%7Bkind%7D"},
    "/inner": {
        "get": {
            "operationId": "getInner",
            "responses": {
                "200": {
                    "description": "",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet/properties/home"}}},
                }
            },
        },
    },
}
for path, name, key in (("/one", "getIt", "a"), ("/two", "get_it", "b"), ("/three/{x}", "get-it", "c")):
    answer = {"description": "", "content": {"application/json": {"schema": {"type": "object", "required": [key]}}}}
    PATHS[path] = {"get": {"operationId": name, "responses": {"200": answer}}}
PATHS["/two"]["post"] = {"operationId": "get-it-get", "responses": {"204": {"description": ""}}}
PATHS["/copies/{id}"] = {"$ref": "#/paths/~1things~1{id}~1{kind}"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The models of the generated package."""
    folder = tmp_path_factory.mktemp("names")
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Names", "version": "1"},
        "paths": PATHS,
        "components": {"schemas": SCHEMAS},
    }
    path = folder / "api.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    with generate.generate_package(spec.load(path), (), ROOT / "generator-config.yml", beside=folder) as made:
        generate.replace(made, folder / "names_client")
    sys.path.insert(0, str(folder))
    try:
        importlib.import_module("names_client")
        yield importlib.import_module("names_client.models")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "names_client"]:
            del sys.modules[name]


def test_components_of_one_class_name_get_a_number(models: ModuleType) -> None:
    assert models.FooBar(one="x").to_dict() == {"one": "x"}
    assert models.FooBar2(two="x").to_dict() == {"two": "x"}
    assert models.ClientModel is not models.ClientModel2
    assert models.AB is not models.Ab2


def test_an_inner_class_gets_a_suffix_from_its_place(models: ModuleType) -> None:
    pet = models.Pet.from_dict({"owner": {"n": 1}, "tags": [{"x": "t"}]})
    assert isinstance(pet.owner, models.PetOwnerProperty)
    assert isinstance(pet.tags[0], models.PetTagsItemItem)
    assert pet.to_dict() == {"owner": {"n": 1}, "tags": [{"x": "t"}]}
    assert models.Pet().kind == "cat"
    assert models.PetOwner(s="x").to_dict() == {"s": "x"}
    assert list(models.PetKind) == ["dog"]


def test_titles_make_no_collisions(models: ModuleType) -> None:
    assert models.TitledA.from_dict({"inner": {"a": "x"}}).inner.a == "x"
    assert models.TitledBInner is not models.TitledAInner


def test_members_of_one_name_get_a_number(models: ModuleType) -> None:
    assert {member.name: member.value for member in models.MembersSame} == {
        "A_B": "a b",
        "A_B_2": "a_b",
        "A_B_3": "A-B",
    }
    assert [member.value for member in models.MembersSigns] == ["+", "value_0", ""]
    assert [member.name for member in models.MembersNamed] == ["ONE", "ONE_2"]
    assert [member.value for member in models.MembersDigit] == ["a"]


def test_enums_of_other_types_hold_their_values(models: ModuleType) -> None:
    sent = {"mixed": 1, "float": 2.5, "bool": False, "bool_or_null": None, "const": 1.5, "quoted": 'x"y'}
    assert models.Members.from_dict(sent).to_dict() == sent
    assert [member.value for member in models.MembersTexts] == ["false", "true", "0", "x"]
    assert [member.value for member in models.MembersNumbers] == [1, 2]
    assert models.Members(bool_=True).to_dict() == {"bool": True}
    assert models.Members().to_dict() == {}


def test_properties_of_one_field_name_get_a_number(models: ModuleType) -> None:
    sent = {"a_b": "1", "a-b": "2", "a.b": "3", "+1": 4, "-1": 5}
    fields = models.Fields.from_dict(sent)
    assert fields.to_dict() == sent
    source = Path(str(sys.modules[models.Fields.__module__].__file__)).read_text("utf-8")
    assert source.count("With a dot.") == 1
    assert "5" not in repr(fields)


def test_boolean_schemas_admit_anything_or_nothing(models: ModuleType) -> None:
    sent = {"any": [1], "items": [1, "a", None], "of": {"x": 1}}
    assert models.Booleans.from_dict(sent).to_dict() == sent
    assert "never" not in models.Booleans.__annotations__


def send(operation: ModuleType, **arguments: object) -> httpx.Request:
    """Call an operation, and return the request."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    client = sys.modules["names_client"].Client("http://x", httpx_args={"transport": httpx.MockTransport(handle)})
    operation.sync_detailed(**arguments, client=client)
    (request,) = seen
    return request


def test_a_path_parameter_is_what_the_path_says(models: ModuleType) -> None:
    module = importlib.import_module("names_client.api.default.get_thing")
    assert "gone" not in inspect.signature(module.sync_detailed).parameters
    assert send(module, id=1, kind="x y").url.raw_path == b"/things/1/x%20y"


def test_a_parameter_hides_nothing_that_the_function_uses(models: ModuleType) -> None:
    module = importlib.import_module("names_client.api.default.get_thing")
    names = {"Unset_query": "1", "UNSET_query": "2", "Pet_query": "3", "pet": "4"}
    sent = send(module, id=1, kind="x", **names)
    assert dict(sent.url.params) == {"Unset": "1", "UNSET": "2", "Pet": "3", "pet": "4"}
    assert send(module, id=1, kind="x").url.query == b""


def test_a_path_that_is_a_reference_has_its_operations(models: ModuleType) -> None:
    module = importlib.import_module("names_client.api.default.get_copies_id")
    assert send(module, id=1).url.path == "/copies/1"


def test_a_reference_into_a_schema_shares_its_class(models: ModuleType) -> None:
    module = importlib.import_module("names_client.api.default.get_inner")
    assert "PetHome" in str(module.sync_detailed.__annotations__["return"])


@pytest.mark.parametrize(
    ("module", "operation_id", "method", "url", "key"),
    [
        ("get_it", "getIt", "GET", "http://x/one", "a"),
        ("get_it_get_two", "get_it", "GET", "http://x/two", "b"),  # `get_it_get` is an operation's own name
        ("get_it_get", "get-it-get", "POST", "http://x/two", ""),
        ("get_it_get_three_x", "get-it", "GET", "http://x/three/y", "c"),
    ],
)
def test_operations_of_one_module_get_a_suffix(
    models: ModuleType, module: str, operation_id: str, method: str, url: str, key: str
) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={key: 1}) if key else httpx.Response(204)

    client = sys.modules["names_client"].Client("http://x", httpx_args={"transport": httpx.MockTransport(handle)})
    operation = importlib.import_module(f"names_client.api.default.{module}")
    found = operation.sync(*(["y"] if "three" in url else []), client=client)
    assert (operation.OPERATION.id, seen[0].method, str(seen[0].url)) == (operation_id, method, url)
    assert found is None if not key else found.to_dict() == {key: 1}
