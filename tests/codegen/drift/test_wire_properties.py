"""The wire layer on random schemas: what is written in another way is no change, what is changed is one."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codegen.drift.pairs import Document, changes, document, on_wire

LIMITS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCALARS = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "string", "nullable": True},
        {"type": "integer", "minimum": 1},
        {"type": "boolean", "description": "A flag."},
    ]
).map(copy.deepcopy)


def _objects(inner: st.SearchStrategy[Document]) -> st.SearchStrategy[Document]:
    properties = st.dictionaries(
        st.sampled_from(["id", "name", "lang", "user", "items"]), inner, min_size=1, max_size=4
    )
    return st.tuples(properties, st.randoms(use_true_random=False)).map(_object)


def _object(drawn: tuple[dict[str, Document], random.Random]) -> Document:
    properties, chance = drawn
    required = [name for name in properties if chance.random() < 0.5]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(_objects(inner), inner.map(lambda items: {"type": "array", "items": items})),
    max_leaves=12,
)


def list_places(schema: Document) -> Iterator[tuple[Document, str]]:
    """(holder, key) of every schema inside a schema."""
    for key, value in schema.items():
        if key == "properties":
            for name in value:
                yield value, name
                yield from list_places(value[name])
        elif key == "items":
            yield schema, key
            yield from list_places(value)


# --- the same in another way ---------------------------------------------------------------------------------------


def move_to_component(chance: random.Random, schemas: Document, holder: Document, key: str) -> None:
    """Into a component."""
    name = f"Part{len(schemas)}"
    schemas[name] = holder[key]
    holder[key] = {"$ref": f"#/components/schemas/{name}"}


def wrap(chance: random.Random, schemas: Document, holder: Document, key: str) -> None:
    """Into a union or an allOf of one."""
    holder[key] = {chance.choice(["allOf", "oneOf", "anyOf"]): [holder[key]]}


def split_object(chance: random.Random, schemas: Document, holder: Document, key: str) -> None:
    """An object, by its properties."""
    schema = holder[key]
    if len(schema.get("properties", ())) > 1:
        first = chance.choice(sorted(schema["properties"]))
        rest = {name: value for name, value in schema["properties"].items() if name != first}
        holder[key] = {
            "allOf": [
                {"type": "object", "properties": {first: schema["properties"][first]}},
                {**schema, "properties": rest},
            ]
        }


def respell_null(chance: random.Random, schemas: Document, holder: Document, key: str) -> None:
    """Null."""
    schema = holder[key]
    if schema.pop("nullable", False):
        plain = {name: value for name, value in schema.items() if name != "description"}
        holder[key] = chance.choice(
            [{**schema, "type": [schema["type"], "null"]}, {"anyOf": [plain, {"type": "null"}]}]
        )


def reorder(chance: random.Random, schemas: Document, holder: Document, key: str) -> None:
    """Keys, and what is a set."""
    schema = holder[key]
    keys = sorted(schema)
    chance.shuffle(keys)
    for name in ("required", "enum"):
        if name in schema:
            chance.shuffle(schema[name])
    holder[key] = {name: schema[name] for name in keys}


Rewrite = Callable[[random.Random, Document, Document, str], None]
REWRITES: list[Rewrite] = [move_to_component, wrap, split_object, respell_null, reorder]


@LIMITS
@given(SCHEMAS, st.randoms(use_true_random=False), st.integers(1, 4), st.booleans())
def test_what_is_written_in_another_way_is_no_change(
    schema: Document, chance: random.Random, times: int, in_request: bool
) -> None:
    root: Document = {"root": copy.deepcopy(schema)}
    schemas: Document = {}
    for _ in range(times):
        spots = [(root, "root"), *list_places(root["root"])]
        holder, key = chance.choice(spots)
        if "$ref" not in holder[key]:
            chance.choice(REWRITES)(chance, schemas, holder, key)
    side = "body" if in_request else "response"
    old, new = api(side, schema), api(side, root["root"], schemas)

    assert on_wire(old, new) == set()
    assert on_wire(new, old) == set()


# --- one change ----------------------------------------------------------------------------------------------------


def change_type(holder: Document, key: str) -> None:
    """Another type."""
    holder[key] = {"type": "number" if holder[key].get("type") == "string" else "string"}


def add_bound(holder: Document, key: str) -> None:
    """A bound that was not there."""
    holder[key] = {**holder[key], "maxLength": 7} if holder[key].get("type") == "string" else {"type": "null"}


def allow_null(holder: Document, key: str) -> None:
    """Null, which could not be before."""
    kind = holder[key]["type"]
    if holder[key].pop("nullable", False):
        return
    holder[key] = {**holder[key], "type": [kind, "null"]}
    if "enum" in holder[key]:
        holder[key]["enum"] = [*holder[key]["enum"], None]


@LIMITS
@given(SCHEMAS, st.randoms(use_true_random=False), st.sampled_from([change_type, add_bound, allow_null]), st.booleans())
def test_one_change_is_reported_at_its_operation(
    schema: Document, chance: random.Random, change: Callable[[Document, str], None], in_request: bool
) -> None:
    root: Document = {"root": copy.deepcopy(schema)}
    holder, key = chance.choice([(root, "root"), *list_places(root["root"])])
    change(holder, key)
    side = "body" if in_request else "response"
    found = [entry for entry in changes(api(side, schema), api(side, root["root"])) if entry.layer == "wire"]

    assert found
    assert {entry.operations for entry in found} == {("POST /things",)}


def api(side: str, schema: Any, schemas: Document | None = None) -> Document:
    """A spec with a schema in its request or its response."""
    if side == "body":
        return document(body=schema, schemas=schemas)
    return document(response=schema, schemas=schemas)
