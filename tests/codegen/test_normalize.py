"""Normalising: what each rule makes of what the generator cannot take, and what it leaves alone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen import corrections, spec
from codegen.errors import CodegenError
from codegen.normalize import normalize
from codegen.rules import NORMALIZATION_RULES
from tests.codegen.support import Api, Document, Load, Normalize, Save

NULL = {"type": "null"}


def ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def build_response(schema: Document) -> Document:
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def body(schema: Document) -> Document:
    return {"content": {"application/json": {"schema": schema}}}


def thing(method: str = "get", **operation: Any) -> Document:
    """The paths of a spec with one operation."""
    return {"/thing": {method: {"operationId": "getThing", "responses": {}, **operation}}}


@pytest.fixture
def schemas(normalized: Normalize, api: Api) -> Callable[..., Document]:
    """What becomes of component schemas that nothing refers to."""
    return lambda **given: normalized(api(schemas=given))["components"]["schemas"]


@pytest.fixture
def operation(normalized: Normalize, api: Api) -> Callable[..., Document]:
    """What becomes of an operation."""

    def operation(given: Document, **rest: Any) -> Document:
        changed: Document = normalized(api(thing(**given), **rest))["paths"]["/thing"]["get"]
        return changed

    return operation


@pytest.fixture
def refusal(normalized: Normalize, save: Save) -> Callable[[Document], tuple[str, str]]:
    """The one line with which a spec is refused: (line:column, problem)."""

    def refusal(document: Document) -> tuple[str, str]:
        with pytest.raises(CodegenError) as caught:
            normalized(document)
        message = str(caught.value)
        assert "\n" not in message
        place, _, problem = message.removeprefix(f"{save(document)}:").partition(": ")
        return place, problem

    return refusal


@pytest.fixture
def place(save: Save) -> Callable[[Document, str], str]:
    """Where something stands in the file of a spec, as line:column."""

    def place(document: Document, pointer: str) -> str:
        path = save(document)
        return spec.load_yaml(path).format_place(pointer).removeprefix(f"{path}:")

    return place


# --- the whole -----------------------------------------------------------------------------------------------------


def test_the_vendored_description_stays_as_it_is(root: Path) -> None:
    description = spec.load(root / "spec" / "iam_api.yaml")
    entries = corrections.load(root / "spec" / "corrections.yaml")
    before = copy.deepcopy(description.document)
    first = normalize(description, entries)
    assert description.document == before
    assert normalize(description, entries) == first


def test_normalizing_what_is_normal_changes_nothing(root: Path, normalized: Normalize) -> None:
    description = spec.load(root / "spec" / "iam_api.yaml")
    once = normalize(description, corrections.load(root / "spec" / "corrections.yaml")).document
    assert normalized(once) == once


def test_every_rule_says_what_it_is_for() -> None:
    assert all(rule.__doc__ and len(rule.__doc__.split()) > 5 for rule in NORMALIZATION_RULES)
    assert len(set(NORMALIZATION_RULES)) == len(NORMALIZATION_RULES)


@pytest.mark.parametrize(
    ("changed", "value", "where", "problem"),
    [
        ("/info/title", ["x"], "/info/title", "`title`: Input should be a valid string"),
        ("/info/version", {}, "/info/version", "`version`: Input should be a valid string"),
        ("/components", [], "/components", "`components`: Input should be a valid dictionary"),
        ("/components/schemas/A", "x", "/components/schemas/A", "`A`: Input should be a valid dictionary"),
        ("/components/schemas/A", {"type": "a"}, "/components/schemas/A/type", "`type`: Input should be 'string'"),
        ("/components/schemas/A/properties", [], "/components/schemas/A/properties", "`properties`: Input should be"),
        ("/components/schemas/A/allOf", {}, "/components/schemas/A/allOf", "`allOf`: Input should be a valid list"),
        ("/components/schemas/A/required", True, "/components/schemas/A/required", "`required`: Input should be"),
        ("/paths/~1thing/get/parameters", {"a": 1}, "/paths/~1thing/get/parameters", "`parameters`: Input should be"),
        ("/paths/~1thing/get/parameters", [{"in": "query"}], "/paths/~1thing/get/parameters/0", "`name`: is missing"),
        ("/paths/~1thing/get/tags", "a", "/paths/~1thing/get/tags", "`tags`: Input should be a valid list"),
        ("/paths/~1thing/get/responses/200", [], "/paths/~1thing/get/responses/200", "`200`: Input should be"),
    ],
)
def test_what_has_the_wrong_shape_is_refused_with_its_place(
    api: Api,
    refusal: Callable[[Document], tuple[str, str]],
    place: Callable[[Document, str], str],
    changed: str,
    value: Any,
    where: str,
    problem: str,
) -> None:
    document = api(schemas={"A": {"type": "object"}})
    holder, _, key = changed.rpartition("/")
    (spec.resolve(document, f"#{holder}") if holder else document)[key] = value
    at, message = refusal(document)
    assert at == place(document, where)
    assert message.startswith(f"is not valid OpenAPI: {problem}")


def test_several_wrong_shapes_are_one_line_each(normalized: Normalize, api: Api) -> None:
    with pytest.raises(CodegenError) as caught:
        normalized(api(schemas={"A": {"type": "a"}, "B": {"type": "string"}, "C": {"required": "a"}}))
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert all("is not valid OpenAPI: " in line for line in lines)


def test_keywords_without_a_value_count_as_absent(normalized: Normalize, api: Api) -> None:
    given = {"type": "object", "properties": None, "required": None, "description": None, "enum": None}
    document = api(thing(parameters=None, requestBody=None, tags=None), {"A": given})
    document["components"]["parameters"] = None
    changed = normalized(document)
    assert changed["components"]["schemas"] == {"A": {"type": "object"}}
    assert set(changed["paths"]["/thing"]["get"]) == {"operationId", "responses", "security"}


# --- operations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/a/{b}", "/a/b"], ["get_a_b", "get_a_b_2"]),
        (["/a-b", "/a_b", "/a.b", "/aB"], ["get_a_b", "get_a_b_2", "get_a_b_3", "get_aB_4"]),
        (["/"], ["get"]),
        (["/clients/{clientId}/users/{userId}.json"], ["get_clients_clientId_users_userId_json"]),
        (["/a", "/{a}"], ["get_a", "get_a_2"]),
    ],
)
def test_operations_without_an_id_get_a_module_of_their_own(
    normalized: Normalize, api: Api, paths: list[str], names: list[str]
) -> None:
    document = normalized(api({path: {"get": {"responses": {}}} for path in paths}))
    assert [operation["operationId"] for _, _, operation in spec.iterate_operations(document)] == names


def test_a_made_id_avoids_those_that_are_given(normalized: Normalize, api: Api) -> None:
    paths: Document = {"/a": {"get": {"responses": {}}}, "/b": {"get": {"operationId": "getA", "responses": {}}}}
    document = normalized(api(paths))
    assert [operation["operationId"] for _, _, operation in spec.iterate_operations(document)] == ["get_a_2", "getA"]


@pytest.mark.parametrize(
    ("outer", "inner", "result"),
    [
        ({}, {}, []),
        ({"security": [{"key": []}]}, {}, [{"key": []}]),
        ({"security": [{"key": []}]}, {"security": []}, []),
        ({"security": [{"key": []}]}, {"security": [{}]}, []),
        ({"security": [{"key": []}]}, {"security": [{"token": []}, {}]}, [{"token": []}, {}]),
        ({}, {"security": [{"token": []}]}, [{"token": []}]),
        ({"security": [{}]}, {}, []),
    ],
)
def test_security_is_inherited_unless_stated(
    operation: Callable[..., Document], outer: Document, inner: Document, result: list[Any]
) -> None:
    assert operation(inner, **outer)["security"] == result


def test_error_responses_go_and_successes_stay(operation: Callable[..., Document]) -> None:
    codes = ["100", "200", "201", "2XX", "304", "400", "404", "4XX", "500", "5XX", "default", "x-note"]
    kept = operation({"responses": {code: {"description": ""} for code in codes}})["responses"]
    assert list(kept) == ["100", "200", "201", "2XX", "304"]


def test_default_is_the_success_where_there_is_no_other(operation: Callable[..., Document]) -> None:
    responses = {"404": {"description": ""}, "default": {"description": ""}}
    assert list(operation({"responses": responses})["responses"]) == ["default"]


def test_schemas_that_only_errors_reach_go_and_orphans_stay(normalized: Normalize, api: Api) -> None:
    responses = {
        "200": build_response(ref("Both")),
        "400": {"$ref": "#/components/responses/Bad"},
        "404": build_response(ref("Error")),
    }
    document = api(
        thing(responses=responses),
        {
            "Both": {"type": "object"},
            "Error": {"type": "object", "properties": {"inner": ref("Inner"), "both": ref("Both")}},
            "Inner": {"type": "string"},
            "Bad": {"type": "string"},
            "Orphan": {"type": "object", "properties": {"shared": ref("Shared")}},
            "Shared": {"type": "string"},
            "Alone": {"type": "string"},
        },
        components={
            "responses": {
                "Bad": build_response({"oneOf": [ref("Bad"), ref("Shared")]}),
                "Unused": build_response(ref("Alone")),
            },
            "requestBodies": {"Unused": body(ref("Alone"))},
            "parameters": {"Unused": {"name": "a", "in": "query", "schema": {"type": "string"}}},
        },
    )
    components = normalized(document)["components"]
    assert set(components["schemas"]) == {"Both", "Orphan", "Shared", "Alone"}
    assert components["responses"] == components["requestBodies"] == components["parameters"] == {}


def test_what_examples_refer_to_is_data(normalized: Normalize, api: Api) -> None:
    schema = {"type": "object", "example": {"$ref": "#/nothing"}, "properties": {"$ref": {"type": "string"}}}
    changed = normalized(api(thing(responses={"200": build_response(schema)})))
    assert changed["paths"]["/thing"]["get"]["responses"]["200"] == build_response(schema)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"paths": {"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}}}, "#/paths/~1b refers to itself"),
        (
            {"schemas": {"A": {"properties": {"b": {"$ref": "#/paths/~1thing/get/responses/200"}}}}},
            "$ref '#/paths/~1thing/get/responses/200' leads to something that is no schema",
        ),
        (
            {"schemas": {"A": {"type": "object", "properties": {"b": {"$ref": "#/info/title"}}}}},
            "$ref '#/info/title' leads to something that is no schema",
        ),
        ({"schemas": {"A": ref("B"), "B": ref("A")}}, "#/components/schemas/B refers to itself in a circle"),
    ],
)
def test_references_that_cannot_be_followed_are_refused(
    api: Api, refusal: Callable[[Document], tuple[str, str]], document: Document, message: str
) -> None:
    at, problem = refusal(api(**document))
    assert at.count(":") == 1
    assert problem.startswith(message)


def test_a_parameter_is_described_where_the_generator_looks(normalized: Normalize, api: Api) -> None:
    def named(name: str, **schema: Any) -> Document:
        return {"name": name, "in": "query", "description": f"About {name}.", "schema": schema}

    paths = thing(parameters=[named("a", type="string"), named("b", type="string", description="Any text.")])
    paths["/thing"]["parameters"] = [named("c", type="string"), {"$ref": "#/components/parameters/D"}]
    document = normalized(
        api(paths, {"E": {"type": "string"}}, components={"parameters": {"D": named("d", type="string")}})
    )
    item = document["paths"]["/thing"]
    listed = [*item["get"]["parameters"], item["parameters"][0], document["components"]["parameters"]["D"]]
    assert [parameter["schema"]["description"] for parameter in listed] == [f"About {name}." for name in "abcd"]


# --- titles, types, demands ----------------------------------------------------------------------------------------


def test_titles_go_and_properties_of_that_name_stay(schemas: Callable[..., Document]) -> None:
    inner = {"title": "Inner", "type": "object", "properties": {"title": {"title": "T", "type": "string"}}}
    changed = schemas(A={"title": "Outer", "oneOf": [inner, {"title": "Other", "type": "array", "items": inner}]})
    plain = {"type": "object", "properties": {"title": {"type": "string"}}}
    assert changed["A"] == {"oneOf": [plain, {"type": "array", "items": plain}]}


def test_titled_inline_objects_in_error_bodies_leave_no_trace(normalized: Normalize, api: Api) -> None:
    errors = {"oneOf": [{"title": "Not found", "type": "object"}, {"title": "Gone", "type": "object"}]}
    document = normalized(
        api(thing(responses={"200": build_response({"type": "object"}), "404": build_response(errors)}))
    )
    assert document["paths"]["/thing"]["get"]["responses"] == {"200": build_response({"type": "object"})}


@pytest.mark.parametrize(
    ("given", "result"),
    [
        ({"items": {"type": "string"}}, {"items": {"type": "string"}, "type": "array"}),
        ({"properties": {}}, {"properties": {}, "type": "object"}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": "array", "prefixItems": [{}]}, {"type": "array", "prefixItems": [{}]}),
        ({"type": ["string"]}, {"type": "string"}),
        ({"type": ["string", "integer"]}, {"type": ["string", "integer"]}),
        ({"type": "string", "enum": ["a", "b", "a"]}, {"type": "string", "enum": ["a", "b"]}),
        ({"type": "array", "items": {}, "default": ["a"]}, {"type": "array", "items": {}}),
        ({"type": "object", "default": {}}, {"type": "object"}),
        ({"type": "string", "default": "a"}, {"type": "string", "default": "a"}),
        ({}, {}),
        ({"properties": {"a": {"items": {}}}}, {"type": "object", "properties": {"a": {"type": "array", "items": {}}}}),
    ],
)
def test_what_a_schema_implies_is_written_out(
    schemas: Callable[..., Document], given: Document, result: Document
) -> None:
    assert schemas(A=given)["A"] == result


@pytest.mark.parametrize(
    ("default", "moment"),
    [
        ("2026-05-15T10:00:00", "2026-05-15T10:00:00+00:00"),
        ("2026-05-15T10:00:00+02:00", "2026-05-15T10:00:00+02:00"),
        ("2026-05-15T10:00:00Z", "2026-05-15T10:00:00Z"),
    ],
)
def test_a_default_moment_keeps_its_offset_or_is_utc(
    schemas: Callable[..., Document], default: str, moment: str
) -> None:
    given = {"type": "string", "format": "date-time"}
    assert schemas(A={**given, "default": default})["A"] == {**given, "default": moment}


@pytest.mark.parametrize(
    ("given", "result"),
    [
        ({"^a": {"type": "string"}, "^b": False}, {"type": "string"}),
        ({"^a": {"type": "string"}, "^b": {"type": "string"}}, {"type": "string"}),
        ({"^a": {"type": "string"}, "^b": {"type": "integer"}}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
    ],
)
def test_properties_of_patterns_are_additional_ones(
    normalized: Normalize, api: Api, given: Document, result: Document
) -> None:
    schema = {"type": "object", "patternProperties": given, "additionalProperties": False}
    document = normalized(api(schemas={"A": schema}, openapi="3.1.0"))
    assert document["components"]["schemas"]["A"]["additionalProperties"] == result


def test_a_forbidden_property_is_not_required(normalized: Normalize, api: Api) -> None:
    schema = {"type": "object", "properties": {"a": False, "b": True}, "required": ["a", "b"]}
    document = normalized(api(schemas={"A": schema}, openapi="3.1.0"))
    assert document["components"]["schemas"]["A"] == {"type": "object", "properties": {"b": {}}, "required": ["b"]}


def test_an_array_without_further_items_keeps_its_first_ones(normalized: Normalize, api: Api) -> None:
    first = {"type": "array", "prefixItems": [{"type": "string"}]}
    document = normalized(api(schemas={"A": {**first, "items": False}}, openapi="3.1.0"))
    assert document["components"]["schemas"]["A"] == first


def test_a_parameter_that_a_path_has_twice_is_declared_once(normalized: Normalize, api: Api) -> None:
    paths = {"/a/{id}/b/{id}": {"get": {"operationId": "getB", "responses": {}}}}
    declared = normalized(api(paths))["paths"]["/a/{id}/b/{id}"]["get"]["parameters"]
    assert [parameter["name"] for parameter in declared] == ["id"]


def test_the_response_to_head_has_no_content(normalized: Normalize, api: Api) -> None:
    document = normalized(api(thing("head", responses={"200": build_response({"type": "object"})})))
    assert "content" not in document["paths"]["/thing"]["head"]["responses"]["200"]


def test_true_is_no_whole_number_of_an_enum(schemas: Callable[..., Document]) -> None:
    assert schemas(A={"type": "integer", "enum": [1, True, 2.0, "3", "x"]})["A"]["enum"] == [1, 2, 3]


def test_a_long_enum_of_numbers_is_cut_in_the_description(schemas: Callable[..., Document]) -> None:
    values = [number + 0.5 for number in range(21)]
    described = schemas(A={"type": "number", "enum": values})["A"]["description"]
    assert described.endswith("18.5, 19.5, …")


@pytest.mark.parametrize("key", ["oneOf", "anyOf"])
def test_alternatives_that_only_demand_properties_go(schemas: Callable[..., Document], key: str) -> None:
    plain = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    demands = [{"required": ["a"]}, {"required": ["b"], "description": "B."}, {"type": "object", "not": {}}]
    assert schemas(A={**plain, key: demands})["A"] == plain
    assert schemas(A={"allOf": [plain, {key: demands}]})["A"] == plain


def test_properties_beside_alternatives_go_into_each(schemas: Callable[..., Document]) -> None:
    given = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "string"}},
        "oneOf": [{"properties": {"b": {"type": "integer"}}}, {"$ref": "#/components/schemas/C"}],
    }
    other = {"type": "object", "required": ["c"], "properties": {"c": {"type": "integer"}}}
    changed = schemas(A=given, C=other)["A"]["oneOf"]
    assert [sorted(member["properties"]) for member in changed] == [["a", "b"], ["a", "c"]]
    assert [sorted(member["required"]) for member in changed] == [["a"], ["a", "c"]]


# --- allOf ---------------------------------------------------------------------------------------------------------

BASE: Document = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}, "b": ref("Full")}}
FULL: Document = {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}}
MORE: Document = {"type": "object", "required": ["c", "a"], "properties": {"c": {"type": "string"}}}


@pytest.mark.parametrize(
    ("given", "result"),
    [
        # annotations only
        ({"allOf": [ref("Base"), {"description": "D."}]}, {"allOf": [ref("Base")], "description": "D."}),
        ({"allOf": [{"description": "D."}, {"example": 1}]}, {"description": "D.", "example": 1}),
        ({"allOf": [{"x-note": 1}, {"type": "string"}], "description": "D."},
         {"x-note": 1, "type": "string", "description": "D."}),
        ({"allOf": [ref("Base")], "readOnly": True}, {"allOf": [ref("Base")], "readOnly": True}),
        ({"allOf": [{}, ref("Base")]}, {"allOf": [ref("Base")]}),
        ({"allOf": [ref("Kind"), {"default": "one"}]}, {"allOf": [ref("Kind")], "default": "one"}),
        # a lone reference with its type once more
        ({"allOf": [ref("Base")], "type": "object"}, {"allOf": [ref("Base")]}),
        # a lone member
        ({"allOf": [{"type": "string", "format": "date"}]}, {"type": "string", "format": "date"}),
        ({"allOf": [{"format": "date"}], "type": "string"}, {"type": "string", "format": "date"}),
        ({"allOf": [{"oneOf": [ref("Base"), ref("Full")]}], "description": "D."},
         {"oneOf": [ref("Base"), ref("Full")], "description": "D."}),
        # objects
        ({"allOf": [ref("Base"), MORE]},
         {"type": "object", "required": ["a", "c"], "properties": {**BASE["properties"], **MORE["properties"]}}),
        ({"allOf": [ref("Base")], "properties": {"c": {"type": "string"}}},
         {**BASE, "properties": {**BASE["properties"], "c": {"type": "string"}}}),
        ({"allOf": [ref("Base"), {"required": ["b"]}], "description": "D."},
         {**BASE, "required": ["a", "b"], "description": "D."}),
        ({"allOf": [ref("Joined"), {"description": "D."}]}, {"allOf": [ref("Joined")], "description": "D."}),
        ({"allOf": [ref("Joined"), MORE]},
         {"type": "object", "required": ["a", "c"], "properties": {**BASE["properties"], "d": {"type": "string"},
                                                                    "c": {"type": "string"}}}),
        ({"allOf": [ref("Alias"), {"required": ["b"]}]}, {**BASE, "required": ["a", "b"], "description": "Same."}),
        # a property that two members define
        ({"allOf": [ref("Base"), {"properties": {"a": {"type": "string"}}}]},
         {**BASE, "properties": {**BASE["properties"], "a": {"type": "string"}}}),
        ({"allOf": [ref("Base"), {"properties": {"a": {"description": "A."}}}]},
         {**BASE, "properties": {**BASE["properties"], "a": {"type": "integer", "description": "A."}}}),
        ({"allOf": [ref("Base"), {"properties": {"b": {"description": "B."}}}]},
         {**BASE, "properties": {**BASE["properties"], "b": {"description": "B.", "allOf": [ref("Full")]}}}),
        ({"allOf": [{"properties": {"b": {"type": "object", "properties": {"x": {"type": "string"}}}}},
                    {"properties": {"b": ref("Full")}}]},
         {"type": "object", "properties": {"b": ref("Full")}}),
        ({"allOf": [{"properties": {"b": ref("Full")}},
                    {"properties": {"b": {"type": "object", "properties": {"x": {"type": "string"}}}}}]},
         {"type": "object", "properties": {"b": {"type": "object", "properties": {"x": {"type": "string"},
                                                                                  "y": {"type": "integer"}}}}}),
        ({"allOf": [{"properties": {"b": ref("Full")}}, {"properties": {"b": {"oneOf": [ref("Base"), ref("List")]}}}]},
         {"type": "object", "properties": {"b": {"oneOf": [ref("Base"), ref("List")]}}}),
        # arrays
        ({"allOf": [{"type": "array", "items": ref("Base")}, {"type": "array", "maxItems": 3}]},
         {"type": "array", "items": ref("Base"), "maxItems": 3}),
        ({"allOf": [{"type": "array", "items": {"type": "string"}}, {"items": {"description": "One."}}]},
         {"type": "array", "items": {"type": "string", "description": "One."}}),
        ({"allOf": [ref("List"), {"minItems": 1}]}, {"type": "array", "items": ref("Full"), "minItems": 1}),
        # enums and other scalars
        ({"allOf": [ref("Kind"), {"type": "string", "enum": ["two", "three"]}]}, {"type": "string", "enum": ["two"]}),
        ({"allOf": [{"enum": ["a"]}, {"type": "string", "enum": ["b"]}]}, {"type": "string", "enum": ["b"]}),
        ({"allOf": [{"type": "number", "minimum": 1}, {"type": "integer", "maximum": 9}]},
         {"type": "integer", "minimum": 1, "maximum": 9}),
        ({"allOf": [{"type": "integer", "minimum": 1}, {"type": "number", "maximum": 9}]},
         {"type": "integer", "minimum": 1, "maximum": 9}),
        ({"allOf": [{"type": "object", "properties": {}}, {"type": ["object", "null"], "minProperties": 1}]},
         {"type": "object", "properties": {}, "minProperties": 1}),
        # null
        ({"allOf": [{"type": "string", "nullable": True}, {"maxLength": 3, "type": "string"}]},
         {"type": "string", "maxLength": 3}),
        ({"allOf": [{"type": "string", "minLength": 1}, {"maxLength": 3, "type": "string"}], "nullable": True},
         {"type": "string", "minLength": 1, "maxLength": 3, "nullable": True}),
        ({"allOf": [{"type": "string", "minLength": 1, "nullable": True}, {"maxLength": 3, "nullable": True}]},
         {"type": "string", "minLength": 1, "maxLength": 3, "nullable": True}),
        ({"allOf": [{"type": "string"}, {"nullable": True}]}, {"type": "string", "nullable": True}),
        # beside a reference
        ({**ref("Base"), "description": "D."}, {**ref("Base"), "description": "D."}),
        ({**ref("Base"), "required": ["b"]}, {**BASE, "required": ["a", "b"]}),
    ],
)  # fmt: skip
def test_all_of_becomes_one_schema_that_says_the_same(
    schemas: Callable[..., Document], given: Document, result: Document
) -> None:
    others = {
        "Base": BASE,
        "Full": FULL,
        "Kind": {"type": "string", "enum": ["one", "two"]},
        "List": {"type": "array", "items": ref("Full")},
        "Joined": {"allOf": [ref("Base"), {"properties": {"d": {"type": "string"}}}]},
        "Alias": {"allOf": [ref("Base")], "description": "Same."},
    }
    # As a property, so that null is not moved to where a component is referred to.
    holder = {"type": "object", "properties": {"p": given}}
    assert schemas(**others, Holder=holder)["Holder"]["properties"]["p"] == result


@pytest.mark.parametrize(
    "given",
    [
        {"allOf": [BASE, {"oneOf": [{"type": "object", "properties": {"x": {}}}, MORE]}]},
        {"allOf": [BASE], "oneOf": [{"type": "object", "properties": {"x": {}}}, MORE]},
        {"allOf": [ref("Base"), ref("Either")]},
        {"allOf": [ref("Base"), {"oneOf": [{"type": "object", "properties": {"x": {}}}, {"type": "null"}, MORE]}]},
    ],
)
def test_all_of_is_combined_with_each_alternative(schemas: Callable[..., Document], given: Document) -> None:
    either = {"oneOf": [{"type": "object", "properties": {"x": {}}}, MORE]}
    found = schemas(Base=BASE, Full=FULL, Either=either, Holder={"type": "object", "properties": {"p": given}})
    members = found["Holder"]["properties"]["p"]["oneOf"]
    assert [set(member["properties"]) for member in members] == [
        {*BASE["properties"], "x"}, {*BASE["properties"], *MORE["properties"]},
    ]  # fmt: skip
    assert [member["required"] for member in members] == [["a"], ["a", "c"]]


def test_flattening_leaves_the_members_as_they_are(schemas: Callable[..., Document]) -> None:
    changed = schemas(Base=BASE, Full=FULL, A={"allOf": [ref("Base"), MORE]}, B={"allOf": [ref("Base"), MORE]})
    assert changed["Base"] == BASE
    assert changed["A"] == changed["B"]
    assert changed["A"]["properties"]["b"] is not changed["B"]["properties"]["b"]


@pytest.mark.parametrize(
    ("components", "message"),
    [
        ({"A": {"allOf": [{"type": "string", "minLength": 1}, {"type": "object", "properties": {}}]}},
         "allOf combines string with object; nothing can be both"),
        ({"A": {"allOf": [{"type": ["string", "null"]}, {"type": ["integer", "null"], "minimum": 1}]}},
         "allOf combines integer or null with string or null; nothing can be both"),
        ({"A": {"allOf": [ref("B"), {"type": "array", "items": {}}]}, "B": {"type": "object"}},
         "allOf combines object with array; nothing can be both"),
        ({"A": {"allOf": [ref("A"), MORE]}}, "schema A contains itself through allOf"),
        ({"A": {"allOf": [ref("B"), MORE]}, "B": {"allOf": [ref("A"), MORE]}}, "schema B contains itself through"),
        ({"A": {"allOf": [{"oneOf": [MORE, BASE], "anyOf": [MORE, BASE]}, BASE]}, "Full": FULL},
         "allOf combines a schema that has both oneOf and anyOf"),
    ],
)  # fmt: skip
def test_all_of_that_makes_no_schema_is_refused_with_its_place(
    api: Api,
    refusal: Callable[[Document], tuple[str, str]],
    place: Callable[[Document, str], str],
    components: Document,
    message: str,
) -> None:
    document = api(schemas=components)
    at, problem = refusal(document)
    assert at == place(document, "/components/schemas/A")
    assert problem.startswith(message)


def test_what_stands_beside_a_reference_must_be_a_schema(
    api: Api, refusal: Callable[[Document], tuple[str, str]], place: Callable[[Document, str], str]
) -> None:
    document = api(schemas={"A": {**ref("B"), "allOf": {"3": {"items": {}}}}, "B": BASE, "Full": FULL})
    at, problem = refusal(document)
    assert at == place(document, "/components/schemas/A/allOf")
    assert problem == "is not valid OpenAPI: `allOf`: Input should be a valid list"


# --- null ----------------------------------------------------------------------------------------------------------

ENUM = {"type": "string", "enum": ["a", "b"]}


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ({"type": "string", "nullable": True, "enum": ["a", "b", None]}, ENUM),
        ({"type": "string", "nullable": True, "enum": ["a", "b"]}, ENUM),
        ({"type": "string", "enum": ["a", None, "b"]}, ENUM),
        ({"type": ["string", "null"], "enum": ["a", "b", None]}, ENUM),
        ({"type": ["null", "string"], "enum": ["a", "b"]}, ENUM),
        ({"enum": ["a", "b", None]}, {"enum": ["a", "b"]}),
        ({"type": "integer", "nullable": True, "enum": [1, 2]}, {"type": "integer", "enum": [1, 2]}),
        ({**FULL, "nullable": True}, FULL),
        ({**FULL, "type": ["object", "null"]}, FULL),
        ({"properties": {}, "nullable": True}, {"properties": {}, "type": "object"}),
        ({"type": "array", "nullable": True, "items": FULL}, {"type": "array", "items": FULL}),
        ({"allOf": [FULL, {"properties": {"z": ENUM}}], "nullable": True},
         {"type": "object", "properties": {**FULL["properties"], "z": ENUM}}),
    ],
)  # fmt: skip
def test_null_moves_out_of_what_becomes_a_class(
    schemas: Callable[..., Document], given: Document, plain: Document
) -> None:
    holder = {"type": "object", "properties": {"inline": given, "named": ref("Named"), "list": {"items": ref("Named")}}}
    changed = schemas(Named=given, Holder=holder)
    assert changed["Named"] == plain
    assert changed["Holder"]["properties"] == {
        "inline": {"oneOf": [plain, NULL]},
        "named": {"oneOf": [ref("Named"), NULL]},
        "list": {"type": "array", "items": {"oneOf": [ref("Named"), NULL]}},
    }


@pytest.mark.parametrize(
    "given",
    [
        {"type": "string", "nullable": True},
        {"type": ["integer", "null"]},
        {"type": "null"},
        {"type": "object", "properties": {}, "nullable": False},
        {"oneOf": [FULL, ENUM], "nullable": True},
        {"type": ["object", "string", "null"]},
    ],
)
def test_null_stays_where_no_class_comes_of_it(schemas: Callable[..., Document], given: Document) -> None:
    assert schemas(Named=given, Holder={"type": "object", "properties": {"p": ref("Named")}}) == {
        "Named": given,
        "Holder": {"type": "object", "properties": {"p": ref("Named")}},
    }


@pytest.mark.parametrize(
    "given",
    [
        {"allOf": [ref("Named")], "nullable": True},
        {"allOf": [ref("Named"), {"nullable": True}]},
        {"allOf": [ref("Named"), {"type": "object", "nullable": True}]},
        {**ref("Named"), "nullable": True},
    ],
)
def test_a_nullable_reference_is_a_union_with_null(schemas: Callable[..., Document], given: Document) -> None:
    changed = schemas(Named=FULL, Holder={"type": "object", "properties": {"p": {**given, "description": "D."}}})
    assert changed["Holder"]["properties"]["p"] == {"description": "D.", "oneOf": [ref("Named"), NULL]}
    assert changed["Named"] == FULL


def test_a_reference_to_a_nullable_enum_keeps_its_null(schemas: Callable[..., Document]) -> None:
    holder = {"type": "object", "properties": {"p": {"allOf": [ref("Named")], "description": "D."}, "q": ref("Other")}}
    changed = schemas(Named={**ENUM, "nullable": True}, Other={"allOf": [ref("Named")]}, Holder=holder)
    assert changed["Holder"]["properties"] == {
        "p": {"description": "D.", "oneOf": [ref("Named"), NULL]},
        "q": {"oneOf": [ref("Other"), NULL]},
    }
    assert changed["Other"] == {"allOf": [ref("Named")]}


def test_keywords_of_a_nullable_property_move_to_its_union(schemas: Callable[..., Document]) -> None:
    said = {"description": "D.", "default": "a", "readOnly": True, "deprecated": True, "example": "b", "x-secret": True}
    changed = schemas(Holder={"type": "object", "properties": {"p": {**ENUM, **said, "nullable": True}}})
    assert changed["Holder"]["properties"]["p"] == {**said, "oneOf": [{**ENUM, "description": "D."}, NULL]}


# --- secrets -------------------------------------------------------------------------------------------------------


def test_a_secret_component_is_copied_to_where_it_is_used(schemas: Callable[..., Document]) -> None:
    secret = {"type": "string", "x-secret": True}
    properties = {"a": ref("Token"), "b": {"items": ref("Alias")}, "c": {"allOf": [ref("Token")], "description": "C."}}
    changed = schemas(Token=secret, Alias=ref("Token"), Pair={"properties": properties})
    assert changed["Pair"]["properties"] == {
        "a": secret,
        "b": {"type": "array", "items": secret},
        "c": {**secret, "description": "C."},
    }
    assert changed["Pair"]["properties"]["a"] is not changed["Token"]


def test_a_secret_mark_beside_a_reference_stays_with_it(schemas: Callable[..., Document]) -> None:
    changed = schemas(Named=FULL, Holder={"properties": {"p": {**ref("Named"), "x-secret": True}}})
    assert changed["Holder"]["properties"]["p"] == {"allOf": [ref("Named")], "x-secret": True}


# --- requests ------------------------------------------------------------------------------------------------------

READ_ONLY = {"type": "integer", "readOnly": True}
USER = {"type": "object", "required": ["id", "name"], "properties": {"id": READ_ONLY, "name": {"type": "string"}}}
USER_INPUT = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}


@pytest.fixture
def sent(normalized: Normalize, api: Api) -> Callable[..., tuple[Document, Document]]:
    """What becomes of a request's schema, and of the components, when a response uses some of them too."""

    def sent(schema: Document, response_schema: Document | None = None, **given: Document) -> tuple[Document, Document]:
        responses = {"200": build_response(response_schema or {"type": "string"})}
        document = normalized(api(thing("post", requestBody=body(schema), responses=responses), given))
        changed = document["paths"]["/thing"]["post"]
        assert changed["responses"]["200"] == build_response(response_schema or {"type": "string"})
        return changed["requestBody"]["content"]["application/json"]["schema"], document["components"]["schemas"]

    return sent


def test_requests_lose_read_only_properties_in_place(sent: Callable[..., tuple[Document, Document]]) -> None:
    assert sent(USER)[0] == USER_INPUT
    assert sent({"type": "array", "items": {"type": "array", "items": USER}})[0] == {
        "type": "array",
        "items": {"type": "array", "items": USER_INPUT},
    }
    nested = {"type": "object", "properties": {"user": USER, "map": {"type": "object", "additionalProperties": USER}}}
    assert sent(nested)[0]["properties"] == {
        "user": USER_INPUT,
        "map": {"type": "object", "additionalProperties": USER_INPUT},
    }


def test_nothing_is_required_when_all_that_was_is_read_only(sent: Callable[..., tuple[Document, Document]]) -> None:
    assert sent({**USER, "required": ["id"]})[0] == {"type": "object", "properties": USER_INPUT["properties"]}


def test_a_component_that_only_requests_use_loses_them_itself(sent: Callable[..., tuple[Document, Document]]) -> None:
    schema, components = sent({"type": "array", "items": ref("User")}, User=USER)
    assert schema == {"type": "array", "items": ref("User")}
    assert components == {"User": USER_INPUT}


def test_a_component_of_responses_gets_a_copy_for_requests(
    sent: Callable[..., tuple[Document, Document]],
) -> None:
    schema, components = sent(ref("User"), ref("User"), User=USER)
    assert schema == ref("UserInput")
    assert components == {"User": USER, "UserInput": USER_INPUT}


def test_the_copy_avoids_a_name_that_is_taken(sent: Callable[..., tuple[Document, Document]]) -> None:
    schema, components = sent(ref("User"), ref("User"), User=USER, UserInput={"type": "string"})
    assert schema == ref("UserInputInput")
    assert components["UserInput"] == {"type": "string"}


def test_components_without_read_only_properties_are_not_copied(
    sent: Callable[..., tuple[Document, Document]],
) -> None:
    schema, components = sent(ref("Full"), ref("Full"), Full=FULL)
    assert schema == ref("Full")
    assert components == {"Full": FULL}


def test_what_refers_to_a_copied_component_is_copied_too(sent: Callable[..., tuple[Document, Document]]) -> None:
    team = {"type": "object", "properties": {"users": {"type": "array", "items": ref("User")}, "full": ref("Full")}}
    schema, components = sent(ref("Team"), ref("Team"), Team=team, User=USER, Full=FULL)
    assert schema == ref("TeamInput")
    assert components["Team"] == team
    assert components["TeamInput"]["properties"] == {
        "users": {"type": "array", "items": ref("UserInput")},
        "full": ref("Full"),
    }
    assert "FullInput" not in components


@pytest.mark.parametrize("shared", [True, False])
def test_recursive_schemas_lose_all_read_only_properties(
    sent: Callable[..., tuple[Document, Document]], shared: bool
) -> None:
    tree = {"type": "object", "properties": {"id": READ_ONLY, "up": ref("Tree"), "down": {"items": ref("Tree")}}}
    schema, components = sent(ref("Tree"), ref("Tree") if shared else None, Tree=tree)
    name = "TreeInput" if shared else "Tree"
    assert schema == ref(name)
    assert components[name]["properties"] == {"up": ref(name), "down": {"type": "array", "items": ref(name)}}
    assert ("id" in components["Tree"]["properties"]) is shared


@pytest.mark.parametrize(
    "given",
    [
        {"type": "string", "readOnly": True},
        ref("Fixed"),
        ref("Alias"),
        {**ref("Full"), "readOnly": True},
        {"allOf": [ref("Full")], "readOnly": True},
        {"allOf": [ref("Fixed")], "description": "D."},
        {**ENUM, "nullable": True, "readOnly": True},
        {**ref("Fixed"), "nullable": True},
        ref("Maybe"),
        {"readOnly": True},
    ],
)
def test_read_only_is_found_in_every_form(sent: Callable[..., tuple[Document, Document]], given: Document) -> None:
    others = {
        "Fixed": {"type": "string", "readOnly": True},
        "Alias": ref("Fixed"),
        "Full": FULL,
        "Maybe": {**ENUM, "nullable": True, "readOnly": True},
    }
    schema, _ = sent({"type": "object", "properties": {"p": given, "q": {"type": "string"}}}, **others)
    assert set(schema["properties"]) == {"q"}


@pytest.mark.parametrize(
    "given", [{"type": "string", "readOnly": False}, {"type": "object", "properties": {"readOnly": ENUM}}, ref("Full")]
)
def test_what_may_be_written_stays(sent: Callable[..., tuple[Document, Document]], given: Document) -> None:
    schema, _ = sent({"type": "object", "properties": {"p": given}}, Full=FULL)
    assert schema["properties"] == {"p": given}


def test_shared_request_bodies_are_stripped_once_for_all(normalized: Normalize, api: Api) -> None:
    used = {"$ref": "#/components/requestBodies/User"}
    paths = {
        path: {"post": {"operationId": path, "requestBody": used, "responses": {"200": build_response(ref("User"))}}}
        for path in ("/a", "/b")
    }
    document = normalized(api(paths, {"User": USER}, components={"requestBodies": {"User": body(ref("User"))}}))
    assert document["components"]["requestBodies"]["User"] == body(ref("UserInput"))
    assert set(document["components"]["schemas"]) == {"User", "UserInput"}


def test_an_alias_does_not_tie_a_request_to_a_response(
    load: Load,
) -> None:
    text = """
openapi: 3.0.3
info: {title: Things, version: '1'}
paths:
  /thing:
    post:
      operationId: a
      requestBody: {content: {application/json: &media {schema: {type: object, properties: {id: {readOnly: true}}}}}}
      responses: {'200': {description: Done., content: {application/json: *media}}}
"""
    operation = normalize(load(text), ()).document["paths"]["/thing"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["schema"]["properties"] == {}
    assert set(operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]) == {"id"}
