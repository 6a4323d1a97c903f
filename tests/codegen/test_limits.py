"""Hostile and huge specs: a typed error with one clear line, or a right result, never a traceback or an endless run."""

from __future__ import annotations

import datetime
import json
import math
import os
import resource
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen import capacity, limits, spec, yaml_tree
from codegen.drift import pair_graph, wire
from codegen.drift.load import parse_input
from codegen.drift.render import FORMATS, Options
from codegen.drift.review import Project, review
from codegen.errors import CodegenError
from codegen.graph import find_connected_components
from codegen.limits import CopyBudget, LimitError
from codegen.source_record import SourceRecord, find_date, write_record
from tests.codegen.support import Document, Normalize, Run, Save

ROOT = Path(__file__).parents[2]
TODAY = datetime.date(2026, 6, 1)
TEXT = {"type": "string"}


def ref(number: int) -> Document:
    return {"$ref": f"#/components/schemas/S{number}"}


def build_chain(length: int, link: Callable[[int], Document], end: Document | None = None) -> Document:
    """The schemas S0, S1, … of which each is made from the number of the next one."""
    return {**{f"S{i}": link(i + 1) for i in range(length)}, f"S{length}": end or {"type": "object"}}


def build_spec(schemas: Document, **changes: Any) -> Document:
    """A spec whose one operation `GET /a` returns S0."""
    response = {"description": "Done.", "content": {"application/json": {"schema": ref(0)}}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": response}}}},
        "components": {"schemas": schemas},
        **changes,
    }


def refusal(data: str | bytes) -> str:
    """The one line with which reading is refused."""
    with pytest.raises(CodegenError) as caught:
        spec.parse_yaml(data.encode() if isinstance(data, str) else data, "api.yaml")
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


def compare(old: Document, new: Document) -> list[Any]:
    sides = [parse_input(json.dumps(side).encode(), "api.json", generating=False).spec for side in (old, new)]
    return wire.find_changes(sides[0], sides[1], TODAY)


# --- numbers and texts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    ["0x" + "f" * 400_000, "0o" + "7" * 5_000, "9" * 6_000, "-" + "1" * 6_000, "1." + "0" * 6_000, "1e" + "9" * 6_000],
)
@pytest.mark.parametrize("template", ["a: %s\n", '{"a": %s}\n', "a: [1, %s]\n"])
def test_a_number_of_any_spelling_has_a_bounded_length(number: str, template: str) -> None:
    assert "MAX_NUMBER_LENGTH" in refusal(template % number)


@pytest.mark.parametrize(
    "number",
    ["1e999", "-1e999", "1E400", "9" * 310, "0x" + "f" * 300, ".inf", "-.INF", "+.Inf", ".nan", "!!float 1e999"],
)
@pytest.mark.parametrize("template", ["a: %s\n", '{"a": %s}\n'])
def test_a_number_that_is_not_finite_is_refused(number: str, template: str) -> None:
    assert "has no place in JSON: a number must be finite" in refusal(template % number)


@pytest.mark.parametrize(
    "value",
    [
        "!!int 0b101",
        "!!int 1_000",
        "!!int 190:20:30",
        "!!int ''",
        "!!float 1_0",
        "!!float ''",
        "!!bool maybe",
        "!!null no",
    ],
)
def test_a_value_is_written_as_its_tag_says(value: str) -> None:
    assert refusal(f"a: {value}\n").startswith("api.yaml:1:4: ")


@pytest.mark.parametrize("number", ["1.7976931348623157e308", "9" * 308, "0x1F", "0o17", "-0", "2026"])
def test_numbers_that_json_readers_hold_are_read(number: str) -> None:
    value = spec.parse_yaml(f"a: {number}\n".encode(), "api.yaml").value["a"]
    assert math.isfinite(value)
    assert json.loads(json.dumps(value, allow_nan=False)) == value


@pytest.mark.parametrize("text", ["2026-99-99", "2026-02-30T25:61:61Z", "0000-00-00", "1_000", "12:30:45", "0b11"])
def test_what_only_yaml_1_1_knows_is_text(text: str) -> None:
    assert spec.parse_yaml(f"a: {text}\n".encode(), "api.yaml").value == {"a": text}


def test_surrogate_pairs_of_json_are_one_character() -> None:
    data = json.dumps({"a\U0001f600": "\U0001f680", "b": "\\ud83d\\ude00"})
    assert spec.parse_yaml(data.encode(), "api.json").value == json.loads(data)


@pytest.mark.parametrize("text", [r'{"a": "\ud800"}', r'{"a": "\udc00\ud800"}', r'{"\ud800": 1}', r'a: "\ud83d\ude00"'])
def test_half_of_a_surrogate_pair_is_refused(text: str) -> None:
    assert "found invalid Unicode character escape code" in refusal(text)


def test_tags_are_not_defined_by_a_file() -> None:
    assert refusal("%TAG !x! " + "y" * 1_000 + "\n---\na: !x!z 1\n").startswith("api.yaml:1:1: the directive %TAG")


# --- size ----------------------------------------------------------------------------------------------------------


def test_a_key_has_a_bounded_length() -> None:
    assert "MAX_KEY_LENGTH" in refusal("? " + "k" * 5_000 + "\n: 1\n")


def test_a_version_has_a_bounded_length(save: Save) -> None:
    content = build_spec({"S0": TEXT}, info={"title": "Things", "version": "1" * 300})
    with pytest.raises(LimitError, match=r"api\.yaml:\d+:\d+: has more than 200 characters"):
        spec.load(save(content))


def test_a_file_has_a_bounded_size(monkeypatch: pytest.MonkeyPatch, save: Save) -> None:
    monkeypatch.setattr(spec, "MAX_BYTES", 100)
    with pytest.raises(LimitError, match="is larger than 100 bytes"):
        spec.load(save(" " * 101))


def test_a_file_has_a_bounded_number_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_tree, "MAX_NODES", 100)
    assert refusal("[" + "1," * 101 + "]").startswith("api.yaml:1:200: holds more than 100 keys and values")


def test_aliases_stand_for_a_bounded_number_of_values() -> None:
    levels = "".join(f"x{i}: &x{i} [{','.join([f'*x{i - 1}'] * 10)}]\n" for i in range(1, 12))
    assert "its YAML aliases stand for more than" in refusal("x0: &x0 [1]\n" + levels)


def test_aliases_stand_for_a_bounded_amount_of_text() -> None:
    text = f"a: &a {'word ' * 20_000}\nb: [{','.join(['*a'] * 600)}]\n"
    assert "its YAML aliases stand for more than 50,000,000 characters" in refusal(text)


def test_aliases_share_nothing_once_they_are_read() -> None:
    value = spec.parse_yaml(b"a: &a {x: [1]}\nb: *a\nc: {<<: *a, y: 2}\n", "api.yaml").value
    assert value == {"a": {"x": [1]}, "b": {"x": [1]}, "c": {"x": [1], "y": 2}}
    assert value["a"] is not value["b"]
    assert value["a"]["x"] is not value["c"]["x"]


def test_an_index_of_a_pointer_has_a_bounded_length(save: Save) -> None:
    content = build_spec({"S0": {"$ref": f"#/components/schemas/S1/oneOf/{'9' * 5_000}"}, "S1": {"oneOf": [TEXT]}})
    with pytest.raises(CodegenError, match="points to nothing"):
        spec.load(save(content))


def test_a_chain_of_references_through_an_example_must_end(save: Save) -> None:
    schemas = {"S0": {"$ref": "#/components/schemas/S1/example"}, "S1": {"example": {"$ref": "#/nothing"}}}
    with pytest.raises(CodegenError, match="'#/nothing' points to nothing"):
        spec.load(save(build_spec(schemas)))


def test_an_error_line_is_short_and_shows_no_controls(codegen: Run, save: Save) -> None:
    path = save(build_spec({"S0": TEXT}, openapi="\x1b[31m" + "x" * 100_000))
    status, _, [line] = codegen("generate", "--spec", path)
    assert status == 2
    assert len(line) < 1_100
    assert line.isprintable()


# --- comparing -----------------------------------------------------------------------------------------------------


def test_a_long_chain_of_references_is_one_schema() -> None:
    old, new = ({**build_chain(2_000, ref, {"type": "integer", "maximum": most})} for most in (5, 6))
    [change] = compare(build_spec(old), build_spec(new))
    assert (change.id, change.pointer) == ("response-body-max-increased", "/components/schemas/S2000/maximum")
    wrapped = build_spec({"S0": {"allOf": [ref(1)]}, **{k: v for k, v in new.items() if k != "S0"}})
    assert compare(build_spec(new), wrapped) == []


def test_a_union_that_doubles_at_each_level_is_read_once() -> None:
    schemas = build_chain(60, lambda i: {"oneOf": [ref(i), {"oneOf": [ref(i), TEXT]}]}, {"type": "integer"})
    assert [change.id for change in compare(build_spec({"S0": {"type": "integer"}}), build_spec(schemas))] != []


def test_a_union_of_many_members_is_compared_once_for_each() -> None:
    members = [{"type": "object", "title": f"T{i}", "properties": {f"p{i}": TEXT}} for i in range(700)]
    changes = compare(build_spec({"S0": {"oneOf": members}}), build_spec({"S0": {"oneOf": members[::-1][:-1]}}))
    assert [change.id for change in changes] == ["response-body-one-of-removed"]


def test_schemas_that_pair_each_with_each_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_graph, "MAX_PAIRS", 1_000)

    def circle(length: int, bound: int) -> Document:
        link = {"maxProperties": bound, "type": "object"}
        return build_spec({f"S{i}": {**link, "properties": {"a": ref((i + 1) % length)}} for i in range(length)})

    with pytest.raises(LimitError, match="MAX_PAIRS"):
        compare(circle(40, 1), circle(41, 2))


def test_a_report_lists_a_bounded_number_of_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_REACHED", 1_000)
    operation = build_spec({})["paths"]["/a"]["get"]
    paths = {f"/a{i}": {"get": {**operation, "operationId": f"a{i}"}} for i in range(40)}
    schema = {"type": "object", "properties": {f"p{i}": TEXT for i in range(40)}}
    with pytest.raises(LimitError, match="MAX_REACHED"):
        compare(build_spec({"S0": {"type": "object"}}, paths=paths), build_spec({"S0": schema}, paths=paths))


def test_operations_that_share_a_circle_reach_the_same_changes() -> None:
    circle = {f"S{i}": {"type": "object", "properties": {"a": ref((i + 1) % 3), f"b{i}": TEXT}} for i in range(3)}
    changed = {**circle, "S2": {"type": "object", "properties": {"a": ref(0)}}}
    response = {"description": "Done.", "content": {"application/json": {"schema": ref(1)}}}
    paths = {**build_spec({})["paths"], "/b": {"get": {"operationId": "b", "responses": {"200": response}}}}
    [change] = compare(build_spec(circle, paths=paths), build_spec(changed, paths=paths))
    assert change.operations == ("GET /a", "GET /b")


def test_a_version_of_many_digits_is_compared() -> None:
    old, new = (build_spec({"S0": TEXT}, info={"title": "Things", "version": f"{'9' * n}.0.0"}) for n in (1, 150))
    assert compare(old, new) == []


def test_enum_values_that_differ_only_in_type_are_kept(normalized: Normalize) -> None:
    document = normalized(build_spec({"S0": {"enum": [1, True, "1", 1]}}))
    assert document["components"]["schemas"]["S0"] == {
        "type": ["boolean", "integer", "string"],
        "description": 'One of: 1, true, "1"',
    }


@pytest.mark.parametrize(
    ("inside", "components"),
    [
        ([[1], [2], []], [{2}, {1}, {0}]),
        ([[1], [2], [0]], [{0, 1, 2}]),
        ([[], [0], [1, 3], [2]], [{0}, {1}, {2, 3}]),
        ([[i + 1] for i in range(20_000)] + [[]], [{i} for i in range(20_000, -1, -1)]),
    ],
)
def test_connected_components_come_after_what_they_lead_to(inside: list[list[int]], components: list[set[int]]) -> None:
    assert [set(component) for component in find_connected_components(inside)] == components


# --- what the generator gets ---------------------------------------------------------------------------------------


def test_the_generator_gets_short_chains_of_references(normalized: Normalize) -> None:
    schemas = normalized(build_spec(build_chain(1_000, ref)))["components"]["schemas"]
    assert all(schema == ref(1_000) for name, schema in schemas.items() if name != "S1000")
    assert next(iter(schemas)) == "S1000"


def test_all_of_that_doubles_with_each_level_is_merged_once(normalized: Normalize) -> None:
    leaf = {"type": "object", "properties": {"a": TEXT}}
    schemas = normalized(build_spec(build_chain(26, lambda i: {"allOf": [ref(i), ref(i), {"required": ["a"]}]}, leaf)))
    assert schemas["components"]["schemas"]["S0"]["properties"] == {"a": TEXT}


@pytest.mark.parametrize(
    ("schemas", "bound"),
    [
        (
            build_chain(
                26,
                lambda i: {
                    "type": "object",
                    "properties": {key: {"allOf": [ref(i), {"properties": {"q": TEXT}}]} for key in "ab"},
                },
            ),
            "MAX_COPIED_NODES",
        ),
        (build_chain(26, lambda i: {"oneOf": [ref(i), {"type": "array", "items": ref(i)}]}), "MAX_TYPE_MEMBERS"),
        (build_chain(26, lambda i: {"anyOf": [ref(i), {"type": "array", "items": ref(i)}, TEXT]}), "MAX_TYPE_MEMBERS"),
        (build_chain(200, lambda i: {"type": "array", "items": ref(i)}), "MAX_TYPE_LEVELS"),
        (build_chain(500, lambda i: {"type": "object", "properties": {"a": ref(i)}}), "MAX_CLASS_CHAIN"),
        (build_chain(900, lambda i: {"allOf": [ref(i), {"properties": {f"p{i}": TEXT}}]}), "MAX_COPIED_NODES"),
        (
            {
                "S0": {"allOf": [ref(1), ref(2)]},
                "S1": {"type": "object", "properties": {"x": ref(1), "p": TEXT}},
                "S2": {"type": "object", "properties": {"x": ref(2)}},
            },
            "MAX_ALL_OF_LEVELS",
        ),
        ({"S0": {"type": "string", "enum": [f"v{i}" for i in range(limits.MAX_ENUM_VALUES + 1)]}}, "MAX_ENUM_VALUES"),
        (
            {"S0": {"type": "object", "properties": {f"p{i}": TEXT for i in range(limits.MAX_PROPERTIES + 1)}}},
            "MAX_PROPERTIES",
        ),
        ({"S0": {"type": "object", "description": "w" * 5_000_001}}, "MAX_PROSE"),
        ({"n" * 300: TEXT, "S0": TEXT}, "MAX_NAME_LENGTH"),
    ],
    ids=["copies", "union", "any-of", "arrays", "classes", "all-of", "override", "enum", "properties", "prose", "name"],
)
def test_what_a_client_cannot_be_made_of_is_refused_before(
    normalized: Normalize, schemas: Document, bound: str
) -> None:
    with pytest.raises(CodegenError, match=rf"api\.yaml.*; if the spec is right, raise {bound} in codegen/limits\.py$"):
        normalized(build_spec(schemas))


@pytest.mark.parametrize(
    "bound",
    ["MAX_OPERATIONS", "MAX_PARAMETERS", "MAX_OPERATION_PARAMETERS", "MAX_ALL_PROPERTIES", "MAX_ALL_ENUM_VALUES"],
)
def test_what_takes_the_generator_time_is_counted(
    normalized: Normalize, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(capacity, bound, 2)
    operation = build_spec({})["paths"]["/a"]["get"]
    parameters = [{"name": f"q{i}", "in": "query", "schema": TEXT} for i in range(3)]
    paths = {f"/a{i}": {"get": {**operation, "operationId": f"a{i}", "parameters": parameters[i:]}} for i in range(3)}
    schema = {"type": "object", "properties": {f"p{i}": {"type": "string", "enum": [f"v{i}"]} for i in range(3)}}
    with pytest.raises(CodegenError, match=bound):
        normalized(build_spec({"S0": schema}, paths=paths))


def test_every_bound_is_a_positive_number_with_an_explanation() -> None:
    lines = (ROOT / "codegen" / "limits.py").read_text("utf-8").splitlines()
    names = [name for name in vars(limits) if name.startswith("MAX_")]
    assert len(names) > 20
    for name in names:
        assert getattr(limits, name) > 0
        [line] = [number for number, text in enumerate(lines) if text.startswith(f"{name} = ")]
        assert lines[line + 1].startswith('"""')


def test_copies_are_bounded_in_number_text_and_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_COPIED_NODES", 1_000)
    budget = CopyBudget()
    assert budget.copy({"a": [1, {"b": "c"}]}) == {"a": [1, {"b": "c"}]}
    with pytest.raises(LimitError, match="copies more than"):
        budget.copy(list(range(1_000)))
    deep: Any = 1
    for _ in range(limits.MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(LimitError, match="levels"):
        CopyBudget().copy(deep)


# --- what is written -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "version",
    [
        "2026-99-99",
        "2026-02-30T00:00",
        "\u0662\u0660\u0662\u0666-\u0660\u0661-\u0660\u0661",
        "2026-05-15",
        'a"\\b',
        "\U0001f600 é \x7f\x00\t\n\x1b",
        "\u2028'''",
        "",
    ],
)
def test_source_toml_stays_toml_whatever_the_version_is(tmp_path: Path, version: str) -> None:
    path = tmp_path / "source.toml"
    content = build_spec({"S0": TEXT}, info={"title": "Things", "version": version})
    given = spec.build_spec(spec.parse_yaml(json.dumps(content).encode(), "new.json"))
    date = find_date(given, "new.json")
    text = (ROOT / "spec" / "source.toml").read_text("utf-8")
    values = tomllib.loads(write_record(text, record(version, date), path))
    assert values["vendored"]["version"] == version
    assert values["upstream"].get("date") == (datetime.date(2026, 5, 15) if version == "2026-05-15" else None)
    assert values["upstream"]["taken"] == TODAY


def record(version: str, date: datetime.date | None) -> SourceRecord:
    return SourceRecord(date, "1" * 64, version, "", TODAY, "2" * 64, version, "ours")


def test_a_source_toml_that_cannot_be_rewritten_is_refused(tmp_path: Path) -> None:
    text = (ROOT / "spec" / "source.toml").read_text("utf-8").replace('sha256 = "', 'sha256 = """\\\n', 1)
    with pytest.raises(CodegenError, match=r"source\.toml: .* one key a line"):
        write_record(text, record("1", None), tmp_path / "source.toml")


_PROGRAM = """
import contextlib, io, json, sys, traceback
from codegen.__main__ import main
from codegen.limits import clip_text
for words in json.loads(sys.stdin.read()):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(words)
        except BaseException:
            status, trace = 1, traceback.format_exc()
            err.write(trace)
    print(json.dumps([status, out.getvalue()[:2_000_000], err.getvalue()[-2_000:]]), flush=True)
"""

_HUGE: dict[str, tuple[Document | bytes, int]] = {
    "deep flow": (b"a: " + b"[" * 100_000, 3),
    "deep block": (b"".join(b" " * i + b"a:\n" for i in range(3_000)), 3),
    "alias to itself": (b"a: &a {b: *a}\n", 3),
    "NUL": (b"openapi: 3.0.3\0", 3),
    "UTF-16": ("openapi: 3.0.3\n".encode("utf-16"), 3),
    "bytes of a surrogate": (b'{"a": "\xed\xa0\x80"}', 3),
    "spaces": (b" " * 50_000_001, 3),
    "hexadecimal": (json.dumps(build_spec({"S0": {"maximum": 77}})).encode().replace(b"77", b"0x" + b"f" * 400_000), 3),
    "infinite": (json.dumps(build_spec({"S0": {"maximum": 77}})).encode().replace(b"77", b"1e999"), 3),
    "reference chain": (build_spec(build_chain(2_000, ref)), 0),
    "nested chain": (build_spec(build_chain(2_000, lambda i: {"type": "object", "properties": {"a": ref(i)}})), 0),
    "one-member unions": (build_spec(build_chain(2_000, lambda i: {"oneOf": [ref(i)]})), 0),
    "unions": (build_spec(build_chain(26, lambda i: {"oneOf": [ref(i), {"type": "array", "items": ref(i)}]})), 0),
    "all-of": (build_spec(build_chain(26, lambda i: {"allOf": [ref(i), ref(i)]})), 0),
    "all-of chain": (build_spec(build_chain(2_000, lambda i: {"allOf": [ref(i), {"required": [f"p{i}"]}]})), 3),
    "properties": (build_spec({"S0": {"type": "object", "properties": {f"p{i}": TEXT for i in range(5_000)}}}), 0),
    "enum": (build_spec({"S0": {"type": "string", "enum": [f"v{i}" for i in range(20_000)]}}), 0),
    "extensible enum": (
        build_spec({"S0": {"type": "string", "x-extensible-enum": [f"v{i}" for i in range(8_000)]}}),
        0,
    ),
    "texts": (build_spec({"S0": {"type": "object", "description": "word " * 1_000_000 + "\0\x1b\U0001f600\u202e"}}), 0),
    "braces": (
        build_spec({"S0": TEXT}, paths={"/" + "{" * 900: {"get": {"responses": {"200": {"description": "d"}}}}}),
        0,
    ),
}


@pytest.mark.slow
def test_a_review_of_a_huge_spec_ends_with_an_error_or_a_report(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    props = {f"old{i}": TEXT for i in range(600)}
    enum = {"type": "string", "x-extensible-enum": [f"w{i}" for i in range(8_000)]}
    old.write_text(json.dumps(build_spec({"S0": {"type": "object", "properties": props}})), encoding="utf-8")
    (tmp_path / "old-enum.json").write_text(json.dumps(build_spec({"S0": enum})), encoding="utf-8")
    runs = []
    for number, (name, (content, _)) in enumerate(_HUGE.items()):
        new = tmp_path / f"{number}.yaml"
        new.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        before = tmp_path / "old-enum.json" if name == "extensible enum" else old
        runs.append(["drift", str(before), str(new), "--wire-only", "--format", "json"])

    def bound_memory() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))

    run = subprocess.run(
        [sys.executable, "-c", _PROGRAM], input=json.dumps(runs), capture_output=True, text=True, encoding="utf-8",
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, preexec_fn=bound_memory, timeout=600, check=False,
    )  # fmt: skip
    results = dict(zip(_HUGE, map(json.loads, run.stdout.splitlines()), strict=False))
    assert list(results) == list(_HUGE), run.stderr[-2_000:]
    for name, (status, out, error) in results.items():
        assert (name, status) == (name, _HUGE[name][1]), error
        assert "Traceback" not in error
        assert status == 0 or (error.startswith("codegen: ") and error.count("\n") == 1), name
        assert status != 0 or out.startswith('{\n  "schema_version": 1'), name


@pytest.mark.parametrize("shape", list(FORMATS))
def test_every_report_encodes_whatever_a_spec_says(shape: str) -> None:
    texts = "\0\x1b[31m\u2028\u202e\ufeff\U0001f600\x7f]]>--><script>`|"
    old, new = (
        parse_input(
            json.dumps(build_spec({"S0": {**TEXT, "description": words, "maximum": most, "enum": [words]}})).encode(),
            "api.json",
            generating=False,
        )
        for words, most in (("before", 1e308), (texts, -1.5e308))
    )
    project = Project(corrections=(), config=Path(), overlay=Path())
    found = review(old, new, project, layers=("wire", "docs"), today=TODAY)
    text = FORMATS[shape](found, Options(docs=True))
    assert text.encode()
    if shape == "json":
        report = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
        assert report["verdict"]["wire"] != "none"
