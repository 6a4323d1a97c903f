"""A YAML text is edited in place: what does not change keeps its bytes."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
import yaml

from codegen.errors import CodegenError
from codegen.yaml_edit import edit_yaml
from codegen.yaml_tree import parse_tree

TEXT = """\
# A comment at the top.
info:
  version: '1'   # quoted, with a comment
  words: |-
    Two lines
    of words.

  # A comment between two keys.
  flow: {a: 1, b: [x, y]}
list:
- one
- name: two
  size: 2

- three
empty: {}
last:
  inner:
    deep: yes
"""


def changes(target: object) -> list[str]:
    """Edit the text and return the lines that differ, as `-old` and `+new`."""
    edited = edit_yaml(TEXT, target, "t.yaml")
    assert parse_tree(edited, "t.yaml")[1] == target
    lines = difflib.unified_diff(TEXT.splitlines(), edited.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[:2] != "@@"][2:]


def value() -> Any:
    return parse_tree(TEXT, "t.yaml")[1]


def test_an_equal_value_changes_nothing() -> None:
    target = dict(reversed(value().items()))
    assert edit_yaml(TEXT, target, "t.yaml") == TEXT


def test_a_scalar_keeps_its_quotes_and_its_comment() -> None:
    target = value()
    target["info"]["version"] = "it's 1e5"
    assert changes(target) == [
        "-  version: '1'   # quoted, with a comment",
        "+  version: 'it''s 1e5'   # quoted, with a comment",
    ]


def test_a_text_in_double_quotes_stays_readable() -> None:
    assert edit_yaml('a: "x"  # a word\n', {"a": 'é "y"'}, "t") == 'a: "é \\"y\\""  # a word\n'


@pytest.mark.parametrize(
    "text", ["0o17", "1e3", "no", "~", "", " x ", "a: b", "- a", "#", "'", "null", "é", "a\nb", "\t"]
)
def test_a_text_that_looks_like_something_else_stays_a_text(text: str) -> None:
    target = value()
    target["list"][0] = text
    target["info"]["words"] = text
    target["info"]["flow"]["b"] = [text]
    edited = edit_yaml(TEXT, target, "t.yaml")
    assert parse_tree(edited, "t.yaml")[1] == target


def test_a_key_is_added_after_the_one_before_it() -> None:
    target = {"info": {}, **value()}
    target["info"] = {"version": "1", "new": {"a": [1, {"b": None}]}, **value()["info"]}
    assert changes(target) == ["+  new:", "+    a:", "+    - 1", "+    - b: null"]


def test_a_key_is_added_before_all_others() -> None:
    target = {"first": True, **value()}
    assert changes(target) == ["+first: true"]


def test_keys_that_are_added_in_one_place_stay_in_order() -> None:
    target = {**value(), "z": 1, "y": 2, "x": 3}
    assert changes(target) == ["+z: 1", "+y: 2", "+x: 3"]


def test_a_key_is_removed_with_its_lines() -> None:
    target = value()
    del target["info"]["words"], target["last"]
    assert changes(target) == [
        *("-  words: |-", "-    Two lines", "-    of words."),
        *("-last:", "-  inner:", "-    deep: yes"),
    ]


def test_the_last_line_may_lack_its_end() -> None:
    text = "a: 1\nb: 2"
    assert edit_yaml(text, {"a": 1}, "t") == "a: 1\n"
    assert edit_yaml(text, {"a": 1, "b": 2, "c": 3}, "t") == f"{text}\nc: 3"


def test_what_cannot_be_seen_is_escaped_in_quotes() -> None:
    edited = edit_yaml("a: 'x'\nb: \"y\"\n", {"a": "é\u2028\t", "b": "é\t"}, "t")
    assert edited == 'a: "é\\L\\t"\nb: "é\\t"\n'


def test_items_are_added_and_removed_where_they_stand() -> None:
    target = value()
    target["list"] = ["zero", "one", {"name": "two", "size": 3, "more": [1]}, {"a": {"b": 1}}]
    assert changes(target) == [
        "+- zero",
        "-  size: 2",
        "+  size: 3",
        "+  more:",
        "+  - 1",
        "-- three",
        "+- a:",
        "+    b: 1",
    ]


def test_a_flow_collection_stays_in_its_line() -> None:
    target = value()
    target["info"]["flow"] = {"a": 2, "b": ["x", "y", "z"], "c": {}}
    assert changes(target) == ["-  flow: {a: 1, b: [x, y]}", "+  flow: {a: 2, b: [x, y, z], c: {}}"]


def test_a_scalar_becomes_a_collection_and_back() -> None:
    target = value()
    target["info"]["version"] = {"a": "b"}
    target["last"]["inner"] = "text"
    target["empty"] = [1]
    edited = edit_yaml(TEXT, target, "t.yaml")
    assert parse_tree(edited, "t.yaml")[1] == target
    assert "# A comment between two keys." in edited


def test_json_stays_json() -> None:
    assert edit_yaml('{"a": {"b": 1},\n "c": ["x"]}\n', {"a": {"b": 2}, "c": ["x"]}, "t") == (
        '{"a": {"b": 2},\n "c": ["x"]}\n'
    )
    edited = edit_yaml('{"a": {"b": 1},\n "c": ["x"]}\n', {"a": {"b": 1, "d": None}, "c": ["x"]}, "t")
    assert edited == '{"a": {"b": 1, "d": null},\n "c": ["x"]}\n'


@pytest.mark.parametrize("start", [" ", "\n  ", "\r\n"])
def test_json_may_begin_with_blanks(start: str) -> None:
    edited = edit_yaml(f'{start}{{"a": {{"b": 1}}}}', {"a": {"b": 1, "d": {"e": True}}}, "t")
    assert edited == f'{start}{{"a": {{"b": 1, "d": {{"e": true}}}}}}'


def test_what_aliases_share_is_not_edited() -> None:
    with pytest.raises(CodegenError, match="write its YAML aliases"):
        edit_yaml("a: &x {b: 1}\nc: *x\n", {"a": {"b": 2}, "c": {"b": 1}}, "t.yaml")


def test_random_edits_give_the_target() -> None:
    """Every subset of removals, with an addition, of a nested document; the result is checked by `edit_yaml` too."""
    document = {"a": {"b": [1, {"c": "x"}, [2, 3]], "d": "text"}, "e": [{"f": 1, "g": {}}, "h"], "i": None}
    text = yaml.safe_dump(document, sort_keys=False)
    paths: list[list[Any]] = [
        ["a"],
        ["a", "b"],
        ["a", "b", 1],
        ["a", "b", 2, 0],
        ["a", "d"],
        ["e", 0],
        ["e", 0, "g"],
        ["i"],
    ]
    for mask in range(1, 2 ** len(paths)):
        target = yaml.safe_load(text)
        for index, path in sorted(enumerate(paths), key=lambda pair: pair[1][-1:] == [0]):
            if mask & 1 << index:
                holder = target
                try:
                    for token in path[:-1]:
                        holder = holder[token]
                    del holder[path[-1]]
                except (LookupError, TypeError):
                    continue
        target["new"] = {"x": [mask]}
        assert parse_tree(edit_yaml(text, target, "t"), "t")[1] == target
