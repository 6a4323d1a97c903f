"""Names in a spec that are spelled as keywords, extensions or words of this project, and bodies that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codegen.mappings import iterate_references

Document = dict[str, Any]

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
def test_a_name_without_a_value_counts_as_absent(
    keyword: str, normalized: Callable[..., Document], api: Callable[..., Document]
) -> None:
    media: Document = {"schema": OBJECT}
    content = {"multipart/form-data": media, **({"text/csv": None} if keyword == "content" else {})}
    if keyword == "encoding":
        media["encoding"] = {"name": None}
    operation = {"operationId": "putThing", "requestBody": {"content": content}, "responses": {}}
    body = normalized(api({"/thing": {"put": operation}}))["paths"]["/thing"]["put"]["requestBody"]
    assert list(body["content"]) == ["multipart/form-data"]
    assert not body["content"]["multipart/form-data"].get("encoding")
