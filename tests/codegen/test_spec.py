"""Reading a spec: what is refused, in one line that names file and place, and what YAML means."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen import spec
from codegen.errors import CodegenError
from tests.codegen.support import Api, Load, Save

HEAD = "openapi: 3.0.3\ninfo: {title: Things, version: '1'}\n"


def refusal(read: Callable[[], object]) -> str:
    """The one line with which reading is refused."""
    with pytest.raises(CodegenError) as caught:
        read()
    message = str(caught.value)
    assert "\n" not in message
    return message


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.yaml"
    assert refusal(lambda: spec.load(path)) == f"{path}: cannot be read: No such file or directory"


def test_a_folder_is_no_description(tmp_path: Path) -> None:
    assert refusal(lambda: spec.load(tmp_path)) == f"{tmp_path}: cannot be read: Is a directory"


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "loop.yaml"
    path.symlink_to(path)
    assert refusal(lambda: spec.load(path)).startswith(f"{path}: cannot be read: ")


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        (b"openapi: 3.0.3\ninfo: caf\xe9\n", ":2", "is not UTF-8 text (byte 24)"),
        ("openapi: 3.0.3".encode("utf-16"), ":1", "is not UTF-8 text (byte 0)"),
        (b"a: 1\nb: \x00\n", ":2", "is not YAML: it holds the control character U+0000"),
        ("a: 1\nb: c: d\n", ":2:5", "is not YAML: mapping values are not allowed in this context"),
        ("a:\n\tb: 1\n", ":2:1", "is not YAML: found character that cannot start any token"),
        ("a: *b\n", ":1:4", "is not YAML: found undefined alias"),
        ("a: 1\n---\nb: 2\n", ":2:1", "is not YAML: but found another document"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", ":4:3", "the key 'c' stands twice in one mapping"),
        ("a: {200: 1, '200': 2}\n", ":1:13", "the key '200' stands twice in one mapping"),
        ("a: &x\n  b: [*x]\n", ":1:4", "a YAML alias contains itself"),
        ("? [a]\n: b\n", ":1:3", "a key must be a plain text"),
        ("a: !!timestamp 2020-01-01\n", ":1:4", "the YAML tag !!timestamp has no place in JSON"),
        ("a: !!python/object:os.system x\n", ":1:4", "the YAML tag !!python/object:os.system has no place in JSON"),
        ("[" * 200 + "]" * 200, ":1:151", "is nested too deeply: more than 150 levels"),
        ("[" * 100_000, ":1:1001", "is nested too deeply: more than 150 levels"),
        (
            f"a: &a {'[' * 100}{']' * 100}\nb: {'[' * 100}*a{']' * 100}\n",
            ":1:57",
            "is nested too deeply: more than 150",
        ),
        ("", "", "is empty; an OpenAPI 3 spec is expected"),
        ("# only a comment\n", "", "is empty; an OpenAPI 3 spec is expected"),
        ("- a\n- b\n", ":1:1", "is not an OpenAPI spec: a mapping is expected, not a list"),
        ("<html>Not found</html>\n", ":1:1", "is not an OpenAPI spec: a mapping is expected, not a text"),
        ("name: x\non:\n  push:\n", ":1:1", "is not an OpenAPI spec: it has no `openapi` version"),
        ("info: {}\nswagger: '2.0'\n", ":2:1", "is Swagger 2.0; convert it to OpenAPI 3 first"),
        ("info: {}\nopenapi: 4.0.0\n", ":2:1", "`openapi` must be 3.0.x, 3.1.x or 3.2.x, not 4.0.0"),
        ("openapi: 3.0\n", ":1:1", "`openapi` must be 3.0.x, 3.1.x or 3.2.x, not 3.0"),
        ("openapi: 3.1.0\npaths: {}\n", ":1:1", "`info` with title and version is missing"),
        (HEAD, ":1:1", "`paths` is missing or empty: there is nothing to generate"),
        (HEAD + "paths: {}\n", ":3:1", "`paths` is missing or empty: there is nothing to generate"),
        (HEAD + "paths: [/a]\n", ":3:1", "`paths` is missing or empty: there is nothing to generate"),
        (HEAD + "paths:\n  /a: []\n", ":4:3", "path '/a' must hold a mapping, not a list"),
        (HEAD + "paths:\n  a: {}\n", ":4:3", "path 'a' must begin with a slash"),
        (HEAD + "paths:\n  /a:\n    get: x\n", ":5:5", "an operation must be a mapping"),
        (HEAD + "paths:\n  /a:\n    get: {operationId: a}\n", ":5:5", "the operation has no `responses`"),
        (
            HEAD + "paths:\n  /a:\n    get: {operationId: 1, responses: {}}\n",
            ":5:11",
            "operationId must be a non-empty",
        ),
    ],
)
def test_what_is_no_description_is_refused_with_its_place(
    save: Save, content: str | bytes, place: str, problem: str
) -> None:
    path = save(content)
    assert refusal(lambda: spec.load(path)).startswith(f"{path}{place}: {problem}")


# --- references and operation ids ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("#/components/schemas/Nothing", "points to nothing"),
        ("#/components/schemas/Thing/properties/b", "points to nothing"),
        ("#/paths/~1a/get/tags/7", "points to nothing"),
        ("#/info/title/x", "points to nothing"),
        ("other.yaml#/components/schemas/Thing", "leaves the file"),
        ("https://example.com/api.yaml", "leaves the file"),
    ],
)
def test_a_reference_to_nothing_is_named_with_its_place(save: Save, reference: str, problem: str) -> None:
    path = save(
        f"{HEAD}paths:\n  /a:\n    get:\n      tags: [t]\n      responses: {{}}\n"
        f"components:\n  schemas:\n    Thing:\n      properties:\n        a:\n          $ref: '{reference}'\n"
    )
    message = refusal(lambda: spec.load(path))
    assert message.startswith(f"{path}:13:11: $ref {reference!r} {problem}")


@pytest.mark.parametrize(
    "holder",
    [
        "{type: object, properties: {$ref: {type: string}}}",
        "{type: object, properties: {example: {type: string}}, example: {$ref: '#/nothing'}}",
        "{type: object, default: {$ref: nothing}}",
        "{type: string, enum: [{$ref: nothing}]}",
        "{type: string, x-extra: {$ref: nothing}}",
    ],
)
def test_a_ref_that_is_a_name_or_data_is_no_reference(load: Load, holder: str) -> None:
    text = f"{HEAD}paths: {{/a: {{get: {{responses: {{}}}}}}}}\ncomponents: {{schemas: {{Thing: {holder}}}}}\n"
    assert list(spec.iterate_references(load(text).document)) == []


@pytest.mark.parametrize("name", ["example", "default", "enum", "x-thing", "properties"])
def test_a_property_may_have_the_name_of_a_keyword(load: Load, name: str) -> None:
    text = (
        f"{HEAD}paths: {{/a: {{get: {{responses: {{}}}}}}}}\n"
        f"components: {{schemas: {{Thing: {{properties: {{{name}: {{$ref: '#/components/schemas/Nothing'}}}}}}}}}}\n"
    )
    assert "points to nothing" in refusal(lambda: load(text))


@pytest.mark.parametrize(
    "section", ["schemas", "parameters", "responses", "requestBodies", "securitySchemes", "links", "callbacks"]
)
def test_a_component_may_have_the_name_of_a_keyword(load: Load, api: Api, section: str) -> None:
    document = api(components={section: {"default": {"$ref": "#/components/schemas/Nothing"}}})
    assert "points to nothing" in refusal(lambda: load(document))


def test_an_operation_id_used_twice_is_named_with_both_places(save: Save) -> None:
    path = save(
        f"{HEAD}paths:\n  /a:\n    get:\n      operationId: same\n      responses: {{}}\n"
        "  /b:\n    get:\n      responses: {}\n      operationId: same\n"
    )
    assert refusal(lambda: spec.load(path)) == (f"{path}:11:7: operationId 'same' is used twice; first at {path}:6:7")


def test_extensions_beside_paths_are_left_alone(load: Load, api: Api) -> None:
    document = api()
    document["paths"]["x-groups"] = ["a"]
    assert [path for path, _, _ in load(document).iterate_operations()] == ["/thing"]


# --- what YAML means -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("y", "y"), ("2021-01-01", "2021-01-01"), ("12:30:00", "12:30:00"),
        ("2026-05-15T06:37:28Z", "2026-05-15T06:37:28Z"), ("1_000", "1_000"), ("3.0.3", "3.0.3"), ("0b11", "0b11"),
        ("017", 17), ("0o17", 15), ("0x1F", 31), ("+1", 1), ("-1", -1), ("1e3", 1000.0), ("1.", 1.0), (".5", 0.5),
        ("~", None), ("null", None), ("", None), ("True", True), ("false", False), ("'no'", "no"), ("'1'", "1"),
        ("=", "="),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(save: Save, text: str, value: object) -> None:
    found = spec.load_yaml(save(f"a: {text}\n")).value["a"]
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("key", ["200", "2XX", "0o17", "1e3", "007", "on", "True", "~", "null", "2021-01-01", "1.0"])
def test_keys_are_the_text_that_stands_there(save: Save, key: str) -> None:
    assert spec.load_yaml(save(f"{key}: a\n")).value == {key: "a"}


def test_merge_keys_work_and_own_keys_win(save: Save) -> None:
    value = spec.load_yaml(save("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n")).value
    assert value["b"] == {"x": 1, "y": 3}


def test_what_an_alias_shares_can_change_in_one_place(save: Save) -> None:
    value = spec.load_yaml(save("a: &a {x: [1]}\nb: *a\n")).value
    value["a"]["x"].append(2)
    assert value["b"] == {"x": [1]}


def test_json_is_read_as_well(load: Load, api: Api) -> None:
    assert load(api()).version == "1"


def test_a_byte_order_mark_is_no_content(load: Load, api: Api) -> None:
    assert load("﻿" + f"{HEAD}paths: {{/a: {{get: {{responses: {{}}}}}}}}\n").version == "1"


def test_the_hash_is_that_of_the_bytes(save: Save) -> None:
    data = "a: 1\r\n# ü\n".encode()
    assert spec.load_yaml(save(data)).sha256 == hashlib.sha256(data).hexdigest()


# --- places --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("", "1:1"), ("/a", "1:1"), ("/a/b~1c", "2:3"), ("/a/b~1c/1", "4:7"), ("/a/b~1c/1/d~0e", "4:7"),
        ("/a/nothing/at/all", "1:1"), ("/a/b~1c/7", "2:3"), ("/a/b~1c/1/d~0e/deeper", "4:7"),
    ],
)  # fmt: skip
def test_a_place_is_that_of_the_nearest_thing_there_is(save: Save, pointer: str, place: str) -> None:
    path = save("a:\n  b/c:\n    - first\n    - d~e: second\n")
    assert spec.load_yaml(path).format_place(pointer) == f"{path}:{place}"


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ({"/a": {"GET": {"responses": {"204": {"description": "d"}}}}}, "'GET' is no method (they are lower case)"),
        ({"/a": {}}, "`paths` holds no operation"),
    ],
)
def test_a_spec_whose_operations_would_be_missed_is_refused(
    paths: dict[str, object], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "api.yaml"
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(CodegenError, match=re.escape(message)):
        spec.load(file)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan"])
def test_numbers_that_json_does_not_know_are_refused(save: Save, text: str) -> None:
    with pytest.raises(CodegenError, match=rf":1:4: {re.escape(text)} has no place in JSON"):
        spec.load_yaml(save(f"a: {text}\n"))
