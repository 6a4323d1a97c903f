"""Names in a spec that are spelled as keywords, extensions or words of this project, and bodies that cannot be."""

from __future__ import annotations

import pytest

from codegen.mappings import iterate_references
from tests.codegen.support import Api, Document, Normalize

REF = {"$ref": "#/components/schemas/Pet"}
OBJECT = {"type": "object", "properties": {"name": {"type": "string"}}}


@pytest.mark.parametrize("name", ["default", "example", "enum", "x-world/x-3dmf"])
@pytest.mark.parametrize("keyword", ["content", "encoding", "webhooks", "responses", "headers", "properties"])
def test_a_name_may_be_spelled_as_a_keyword(keyword: str, name: str) -> None:
    assert list(iterate_references({keyword: {name: {"schema": REF}}})) == [
        (
            f"/{keyword}/{name.replace('/', '~1')}/schema",
            REF["$ref"],
        )
    ]


@pytest.mark.parametrize("keyword", ["default", "example", "x-world/x-3dmf"])
def test_what_a_keyword_for_data_holds_is_no_reference(keyword: str) -> None:
    assert list(iterate_references({"schema": {keyword: {"schema": REF}}})) == []


def test_a_mapping_may_have_a_value_named_ref() -> None:
    assert list(iterate_references({"discriminator": {"propertyName": "$ref", "mapping": {"$ref": "Pet"}}})) == []


@pytest.mark.parametrize("keyword", ["content", "encoding"])
def test_a_name_without_a_value_counts_as_absent(keyword: str, normalized: Normalize, api: Api) -> None:
    media: Document = {"schema": OBJECT}
    content = {"multipart/form-data": media, **({"text/csv": None} if keyword == "content" else {})}
    if keyword == "encoding":
        media["encoding"] = {"name": None}
    operation = {"operationId": "putThing", "requestBody": {"content": content}, "responses": {}}
    body = normalized(api({"/thing": {"put": operation}}))["paths"]["/thing"]["put"]["requestBody"]
    assert list(body["content"]) == ["multipart/form-data"]
    assert not body["content"]["multipart/form-data"].get("encoding")


def test_an_operation_may_be_named_as_a_request(normalized: Normalize, api: Api) -> None:
    def read(operation_id: str) -> tuple[list[Document], list[str]]:
        content = {"multipart/form-data": {"schema": OBJECT}, "application/json": {"schema": OBJECT}}
        responses = {"200": {"description": "Done.", "content": content}}
        document = normalized(api({"/thing": {"get": {"operationId": operation_id, "responses": responses}}}))
        response = document["paths"]["/thing"]["get"]["responses"]["200"]
        return list(response["content"].values()), list(document["components"]["schemas"])

    media, schemas = read("request thing")
    other_media, other_schemas = read("thing")
    assert schemas == [f"request_{name}" for name in other_schemas] == ["request_thing_response_200"]
    assert media[0] == other_media[0]
    assert "properties" not in media[0]["schema"]


@pytest.mark.parametrize(
    ("status", "has_body"),
    [("100", False), ("1XX", False), ("204", False), ("205", False), ("304", False), ("200", True), ("302", True)],
)
def test_responses_of_some_statuses_have_no_body(normalized: Normalize, api: Api, status: str, has_body: bool) -> None:
    response = {"description": "Done.", "content": {"application/json": {"schema": OBJECT}}}
    operation = {"operationId": "getThing", "responses": {status: response}}
    document = normalized(api({"/thing": {"get": operation}}))
    assert ("content" in document["paths"]["/thing"]["get"]["responses"][status]) is has_body
