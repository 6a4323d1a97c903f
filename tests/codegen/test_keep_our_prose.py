"""Which facts and which prose a vendored spec holds after a new one is merged into it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen import spec
from codegen.vendoring.prose import keep_our_prose

SPEC = """\
openapi: 3.1.0
info:
  title: Things
  version: '1'
servers:
  - url: https://a.example.com
    description: The first server.
  - url: https://b.example.com
    description: The second server.
paths:
  /things:
    parameters:
      - name: limit
        in: query
        description: How many things.
        schema: {type: integer, default: 10}
    get:
      operationId: listThings
      summary: List things.
      parameters:
        - name: kind
          in: query
          description: The kind of thing.
          schema:
            $ref: '#/components/schemas/Kind'
      responses:
        '200':
          description: The things.
          content:
            application/json:
              schema:
                description: One of three.
                oneOf:
                  - description: A thing.
                    type: object
                    required: [id, name]
                    properties:
                      id: {type: integer, description: Its number.}
                      name: {type: string, description: Its name.}
                  - description: A text.
                    type: string
                  - description: A number.
                    type: number
components:
  schemas:
    Kind:
      description: A kind.
      type: string
      enum: [small, large]
"""

Edit = Callable[[dict[str, Any]], object]


def _schema(document: dict[str, Any]) -> dict[str, Any]:
    response = document["paths"]["/things"]["get"]["responses"]["200"]
    schema: dict[str, Any] = response["content"]["application/json"]["schema"]
    return schema


def _kind(document: dict[str, Any]) -> dict[str, Any]:
    kind: dict[str, Any] = document["components"]["schemas"]["Kind"]
    return kind


def _inline_kind(document: dict[str, Any]) -> None:
    document["paths"]["/things"]["get"]["parameters"][0]["schema"] = {"type": "string"}


def _drop_components(document: dict[str, Any]) -> None:
    _inline_kind(document)
    del document["components"]


EDITS: dict[str, Edit] = {
    "nothing": lambda _: None,
    "another type": lambda document: _schema(document)["oneOf"][0]["properties"]["id"].update(type="string"),
    "another default": lambda document: document["paths"]["/things"]["parameters"][0]["schema"].update(default=20),
    "an enum value more": lambda document: _kind(document)["enum"].append("huge"),
    "an enum value less": lambda document: _kind(document)["enum"].remove("small"),
    "an enum value first": lambda document: _kind(document)["enum"].insert(0, "huge"),
    "a property less": lambda document: _schema(document)["oneOf"][0]["properties"].pop("name"),
    "a property more": lambda document: _schema(document)["oneOf"][0]["properties"].update(size={"type": "integer"}),
    "a member more": lambda document: _schema(document)["oneOf"].insert(1, {"type": "boolean"}),
    "a member less": lambda document: _schema(document)["oneOf"].pop(1),
    "another member": lambda document: _schema(document)["oneOf"][1].update(maxLength=5),
    "a server less": lambda document: document["servers"].pop(0),
    "a parameter less": lambda document: document["paths"]["/things"].pop("parameters"),
    "a path more": lambda document: document["paths"].update({"/others": {}}),
    "inline in place of a reference": _inline_kind,
    "no components": _drop_components,
}


def _sort_sets(value: Any, key: str = "") -> Any:
    """Sort lists whose order has no meaning."""
    if isinstance(value, dict):
        return {name: _sort_sets(item, name) for name, item in value.items()}
    if isinstance(value, list):
        items = [_sort_sets(item) for item in value]
        return sorted(items, key=str) if key in {"enum", "required"} else items
    return value


@pytest.fixture
def merge(tmp_path: Path) -> Callable[[dict[str, Any], dict[str, Any]], tuple[Any, list[str]]]:
    def merge(old: dict[str, Any], new: dict[str, Any]) -> tuple[Any, list[str]]:
        specs = []
        for name, document in (("old.yaml", old), ("new.yaml", new)):
            (tmp_path / name).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
            specs.append(spec.load(tmp_path / name))
        text, unwritten = keep_our_prose(*specs)
        return yaml.safe_load(text), unwritten

    return merge


@pytest.mark.parametrize("name", EDITS)
def test_facts_are_the_new_ones_and_prose_stays(
    name: str, merge: Callable[[dict[str, Any], dict[str, Any]], tuple[Any, list[str]]]
) -> None:
    old = yaml.safe_load(SPEC)
    new = copy.deepcopy(old)
    EDITS[name](new)
    merged, unwritten = merge(old, new)
    assert _sort_sets(merged) == _sort_sets(new)
    assert unwritten == []


@pytest.mark.parametrize("name", EDITS)
def test_prose_of_upstream_is_never_copied(
    name: str, merge: Callable[[dict[str, Any], dict[str, Any]], tuple[Any, list[str]]]
) -> None:
    old = yaml.safe_load(SPEC)
    new = yaml.safe_load(SPEC.replace("The ", "Their ").replace("A ", "Their ").replace("Its ", "Their "))
    EDITS[name](new)
    merged, _ = merge(old, new)
    assert "Their" not in yaml.safe_dump(merged)


def test_new_members_are_listed_for_their_prose(
    merge: Callable[[dict[str, Any], dict[str, Any]], tuple[Any, list[str]]],
) -> None:
    old = yaml.safe_load(SPEC)
    new = copy.deepcopy(old)
    _schema(new)["oneOf"].append({"type": "boolean", "description": "Their words."})
    new["paths"]["/things"]["get"]["responses"]["default"] = {"description": "Their words."}
    merged, unwritten = merge(old, new)
    assert _schema(merged)["oneOf"][3] == {"type": "boolean"}
    assert merged["paths"]["/things"]["get"]["responses"]["default"] == {"description": "default"}
    assert sorted(unwritten) == [
        "/paths/~1things/get/responses/200/content/application~1json/schema/oneOf/3/description",
        "/paths/~1things/get/responses/default/description",
    ]


def test_one_of_two_copies_takes_the_prose_of_what_they_replace(
    merge: Callable[[dict[str, Any], dict[str, Any]], tuple[Any, list[str]]],
) -> None:
    old = yaml.safe_load(SPEC)
    new = copy.deepcopy(old)
    _drop_components(old)
    _drop_components(new)
    old["components"] = {"schemas": {"Size": {"description": "A size.", "type": "string", "maxLength": 9}}}
    new["components"] = {"schemas": {name: {"type": "string", "maxLength": 9} for name in ("First", "Second")}}
    schemas = merge(old, new)[0]["components"]["schemas"]
    assert {name: schema.get("description") for name, schema in schemas.items()} == {"First": "A size.", "Second": None}


def test_one_server_in_place_of_two_has_the_prose_of_none(
    merge: Callable[[dict[str, Any], dict[str, Any]], tuple[Any, list[str]]],
) -> None:
    old = yaml.safe_load(SPEC)
    new = copy.deepcopy(old)
    new["servers"] = [{"url": "https://c.example.com"}]
    assert merge(old, new)[0]["servers"] == [{"url": "https://c.example.com"}]
