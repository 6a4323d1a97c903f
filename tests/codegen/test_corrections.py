"""Corrections: what an entry may say, how often it must match, what it does; and the project's own entries."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from codegen import corrections, spec
from codegen.errors import CodegenError
from codegen.normalize import normalize
from codegen.schemas import SECRET
from tests.codegen.support import Api, Load, Save

ENTRY: dict[str, Any] = {
    "id": "a-name",
    "rule": "merge",
    "where": "$.info",
    "matches": 1,
    "why": "Because.",
    "what": {"title": "Better things"},
}


def entry(**changes: Any) -> dict[str, Any]:
    """A good entry but for the changes; None takes a key away."""
    return {key: value for key, value in {**ENTRY, **changes}.items() if value is not None}


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(CodegenError) as caught:
        read()
    message = str(caught.value)
    assert "\n" not in message
    return message


# --- the file ------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert refusal(lambda: corrections.load(path)) == f"{path}: cannot be read: No such file or directory"


@pytest.mark.parametrize("content", ["", "# nothing\n", "[]", "~"])
def test_a_file_without_entries_corrects_nothing(save: Save, content: str) -> None:
    assert corrections.load(save(content)) == ()


@pytest.mark.parametrize("content", ["id: x\n", "text\n", "7\n"])
def test_a_file_that_is_no_list_is_refused(save: Save, content: str) -> None:
    path = save(content)
    assert refusal(lambda: corrections.load(path)) == f"{path}:1:1: a list of corrections is expected"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rule": "marge"}, "unknown rule 'marge' in correction 'a-name'; known: merge, overlap, secret"),
        ({"id": None}, "the correction needs `id`, a non-empty text"),
        ({"id": 7}, "the correction needs `id`, a non-empty text"),
        ({"id": " "}, "the correction needs `id`, a non-empty text"),
        ({"rule": None}, "the correction needs `rule`, a non-empty text"),
        ({"rule": ["merge"]}, "the correction needs `rule`, a non-empty text"),
        ({"where": None}, "the correction needs `where`, a non-empty text"),
        ({"where": {}}, "the correction needs `where`, a non-empty text"),
        ({"why": None}, "the correction needs `why`, a non-empty text"),
        ({"why": ""}, "the correction needs `why`, a non-empty text"),
        ({"matches": None}, "correction 'a-name' needs `matches`, a whole number of 1 or more, `>= n`, or `each`"),
        ({"matches": 0}, "correction 'a-name' needs `matches`, a whole number of 1 or more, `>= n`, or `each`"),
        ({"matches": True}, "correction 'a-name' needs `matches`, a whole number of 1 or more, `>= n`, or `each`"),
        ({"matches": "4"}, "correction 'a-name' needs `matches`, a whole number of 1 or more, `>= n`, or `each`"),
        ({"matches": "> 4"}, "correction 'a-name' needs `matches`, a whole number of 1 or more, `>= n`, or `each`"),
        ({"matches": ">= 0"}, "correction 'a-name' needs `matches`, a whole number of 1 or more, `>= n`, or `each`"),
        ({"matches": "all"}, "correction 'a-name' needs `matches`, a whole number of 1 or more, `>= n`, or `each`"),
        ({"matches": 1.5}, "correction 'a-name' needs `matches`, a whole number of 1 or more, `>= n`, or `each`"),
        ({"what": None}, "rule 'merge' of correction 'a-name' needs `what`, a mapping"),
        ({"what": "x"}, "rule 'merge' of correction 'a-name' needs `what`, a mapping"),
        ({"rule": "secret"}, "rule 'secret' of correction 'a-name' takes no 'what'"),
        ({"match": 1}, "rule 'merge' of correction 'a-name' takes no 'match'"),
        ({"where": "$.paths["}, "'$.paths[' is not a JSONPath: unexpected end of query"),
        ({"where": "$.a[?nothing(@)]"}, "'$.a[?nothing(@)]' is not a JSONPath: function 'nothing' is not defined"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(save: Save, change: dict[str, Any], problem: str) -> None:
    path = save([entry(id="another"), entry(**change)])
    message = refusal(lambda: corrections.load(path))
    assert message.startswith(f"{path}:")
    assert int(message.removeprefix(f"{path}:").split(":")[0]) > len(ENTRY)
    assert message.endswith(problem)


def test_an_entry_that_is_no_mapping_is_refused(save: Save) -> None:
    path = save("- just text\n")
    assert refusal(lambda: corrections.load(path)) == f"{path}:1:3: a correction must be a mapping"


def test_an_id_that_stands_twice_is_refused(save: Save) -> None:
    path = save([entry(), entry(where="$.paths")])
    assert refusal(lambda: corrections.load(path)).endswith("correction 'a-name' stands twice")


# --- matching ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "matches", "found"),
    [
        ("$.components.schemas.Gone", 1, "none"),
        ("$.components.schemas.*", 3, "2"),
        ("$.components.schemas.*", 1, "2"),
    ],
)
def test_another_number_of_matches_is_refused_with_both_numbers(
    save: Save, api: Api, where: str, matches: int, found: str
) -> None:
    what = "  what: {type: integer}\n"
    path = save(
        f"- id: a-name\n  rule: merge\n  where: {where}\n  matches: {matches}\n  why: '-'\n{what}", "corrections.yaml"
    )
    entries = corrections.load(path)
    document = api(schemas={"A": {"type": "string"}, "B": {"type": "string"}})
    before = copy.deepcopy(document)
    number = f"{matches} place" + "s" * (matches != 1)
    expected = f"{path}:1:3: correction 'a-name' must match {number}, but {where} matches {found}: upstream has moved; "
    expected += "remove the entry" if found == "none" else f"make it {found} at `matches` in line 4 if that is right"
    expected += ", or correct `where` in line 3"
    assert refusal(lambda: corrections.apply(entries, document, lenient=False)) == expected
    assert document == before
    assert corrections.apply(entries, document, lenient=True) == [expected]


def test_corrections_of_another_spec_are_one_line(save: Save, api: Api) -> None:
    wheres = ("$.components.schemas.Gone", "$.paths['/gone']", "$..[?@.type == 'string']")
    listed = [{**entry(where=where), "id": f"a-{number}"} for number, where in enumerate(wheres)]
    path = save(listed, "corrections.yaml")
    entries = corrections.load(path)
    document = api(schemas={"A": {"type": "string"}})
    before = copy.deepcopy(document)
    message = f"{path}: its corrections are of another spec: none of the 2 that name a place matches"

    assert corrections.apply(entries, document, lenient=True) == [f"{message}, so none is applied"]
    assert refusal(lambda: corrections.apply(entries, document, lenient=False)) == (
        f"{message}; LENIENT=1 (--lenient) goes on without them"
    )
    assert document == before
    document["components"]["schemas"]["Gone"] = {"type": "integer"}
    (note,) = corrections.apply(entries, document, lenient=True)
    assert "correction 'a-1' must match 1 place" in note


@pytest.mark.parametrize("matches", [">= 1", ">=2", "each"])
def test_an_entry_may_match_more_places_as_the_spec_grows(save: Save, api: Api, matches: str) -> None:
    entries = corrections.load(save([entry(where="$.components.schemas.*", matches=matches, what={"type": "integer"})]))
    document = api(schemas={"A": {"type": "string"}, "B": {"type": "string"}})
    assert corrections.apply(entries, document, lenient=False) == []
    assert document["components"]["schemas"] == {"A": {"type": "integer"}, "B": {"type": "integer"}}


@pytest.mark.parametrize(("matches", "number"), [(">= 3", "at least 3 places"), ("each", "at least 1 place")])
def test_an_entry_that_may_match_more_must_match_enough(save: Save, api: Api, matches: str, number: str) -> None:
    where = "$.components.schemas.*" if matches != "each" else "$.components.schemas.Gone"
    entries = corrections.load(save([entry(where=where, matches=matches)]))
    document = api(schemas={"A": {"type": "string"}, "B": {"type": "string"}})
    assert f"must match {number}, but" in refusal(lambda: corrections.apply(entries, document, lenient=False))


def test_new_operations_do_not_stop_the_weekly_update(
    description: spec.Spec, entries: tuple[corrections.Correction, ...]
) -> None:
    document = copy.deepcopy(description.document)
    document["paths"]["/iam/new"] = {
        "get": {"responses": {"200": {"description": "OK"}}},
        "post": {"requestBody": {"content": {}}, "responses": {"200": {"description": "OK"}}},
    }
    document["components"]["schemas"]["New"] = {
        "type": "object",
        "properties": {
            "created": {"type": "string"},
            "name": {"type": "string", "nullable": True},
            "password": {"type": "string"},
        },
    }
    assert corrections.apply(entries, document, lenient=False) == []
    assert "401" in document["paths"]["/iam/new"]["get"]["responses"]
    assert document["components"]["schemas"]["New"]["properties"]["password"][SECRET] is True


def test_a_lenient_run_still_applies_what_matches(save: Save, api: Api) -> None:
    entries = corrections.load(save([entry(where="$.components.schemas.*", matches=5, what={"type": "integer"})]))
    document = api(schemas={"A": {"type": "string"}, "B": {"type": "string"}})
    corrections.apply(entries, document, lenient=True)
    assert document["components"]["schemas"] == {"A": {"type": "integer"}, "B": {"type": "integer"}}


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("$", "the whole document"),
        ("$.info.title", "$['info']['title'], which is no mapping"),
        ("$.paths['/thing'].get.tags", "$['paths']['/thing']['get']['tags'], which is no mapping"),
    ],
)
@pytest.mark.parametrize("lenient", [True, False])
def test_a_match_that_is_no_mapping_is_refused(save: Save, api: Api, where: str, what: str, lenient: bool) -> None:
    document = api()
    document["paths"]["/thing"]["get"]["tags"] = ["a"]
    entries = corrections.load(save([entry(where=where)]))
    message = refusal(lambda: corrections.apply(entries, document, lenient=lenient))
    assert message.endswith(f"correction 'a-name' must not match {what}")


def test_a_document_that_is_too_deep_for_a_path_is_refused(save: Save) -> None:
    document: dict[str, Any] = {}
    for _ in range(200):
        document = {"a": document}
    path = save([entry(where="$..title")])
    message = refusal(lambda: corrections.apply(corrections.load(path), document, lenient=True))
    assert message.startswith(f"{path}:2:2: correction 'a-name': $..title fails: ")
    assert "recursion" in message


def test_a_reference_in_a_correction_must_lead_somewhere(save: Save, api: Api) -> None:
    schema = {"$ref": "#/components/schemas/Gone"}
    entries = corrections.load(save([entry(where="$.components.schemas.A", what={"items": schema})]))
    document = api(schemas={"A": {"type": "array"}})
    before = copy.deepcopy(document)
    message = refusal(lambda: corrections.apply(entries, document, lenient=False))
    assert "correction 'a-name' refers to '#/components/schemas/Gone', which is not there" in message
    notes = corrections.apply(entries, document, lenient=True)
    assert len(notes) == 1
    assert "refers to '#/components/schemas/Gone'" in notes[0]
    assert document == before


# --- rules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({"a": 1}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": [1]}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({"a": {"b": 1}, "c": 3}, {"a": {"d": 2}}, {"a": {"b": 1, "d": 2}, "c": 3}),
    ],
)
def test_merge_is_a_json_merge_patch(save: Save, before: object, patch: object, after: object) -> None:
    """The examples of RFC 7396, appendix A, that change a mapping into a mapping."""
    document = {"x": before}
    corrections.apply(corrections.load(save([entry(where="$.x", what=patch)])), document, lenient=False)
    assert document == {"x": after}


def test_merging_into_two_places_shares_nothing_between_them(save: Save) -> None:
    document: dict[str, Any] = {"x": {}, "y": {}}
    where = "$['x', 'y']"
    corrections.apply(
        corrections.load(save([entry(where=where, matches=2, what={"a": {"b": 1}, "c": [[1]]})])),
        document,
        lenient=False,
    )
    document["x"]["a"]["b"] = 2
    document["x"]["c"][0].append(2)
    assert document["y"] == {"a": {"b": 1}, "c": [[1]]}


def test_a_match_inside_a_match_is_corrected_too(save: Save) -> None:
    document: dict[str, Any] = {"a": {"b": {"c": {}}}}
    fixes = corrections.load(save([entry(where="$..*", matches=3, what={"x": 1})]))
    corrections.apply(fixes, document, lenient=False)
    assert document == {"a": {"b": {"c": {"x": 1}, "x": 1}, "x": 1}}


def test_a_later_entry_sees_what_an_earlier_one_did(save: Save) -> None:
    document: dict[str, Any] = {"a": {}}
    fixes = [entry(id="1", where="$.a", what={"b": {"c": 1}}), entry(id="2", where="$.a.b", what={"c": 2})]
    corrections.apply(corrections.load(save(fixes)), document, lenient=False)
    assert document == {"a": {"b": {"c": 2}}}


def test_secret_marks_the_schema_and_keeps_the_rest(save: Save) -> None:
    document = {"a": {"type": "string", "description": "d"}}
    corrections.apply(corrections.load(save([entry(rule="secret", where="$.a", what=None)])), document, lenient=False)
    assert document == {"a": {"type": "string", "description": "d", SECRET: True}}


def test_overlap_turns_one_of_into_any_of_and_keeps_the_rest(save: Save) -> None:
    document = {"a": {"description": "d", "oneOf": [{"type": "object"}, {"properties": {}}]}}
    corrections.apply(corrections.load(save([entry(rule="overlap", where="$.a", what=None)])), document, lenient=False)
    assert document == {"a": {"description": "d", "anyOf": [{"type": "object"}, {"properties": {}}]}}


# --- a corrected document ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "what", "problem"),
    [
        ("$.paths['/thing'].get", {"responses": None}, "the operation has no `responses`"),
        ("$.paths['/thing'].get", {"operationId": ""}, "operationId must be a non-empty text"),
        ("$.components.schemas.A", {"type": "strin"}, "is not valid OpenAPI: `type`: Input should be 'string'"),
    ],
)
def test_what_a_correction_breaks_is_reported_with_its_place(
    load: Load, save: Save, api: Api, where: str, what: object, problem: str
) -> None:
    document = load(api(schemas={"A": {"type": "string"}}))
    entries = corrections.load(save([entry(where=where, what=what)], "corrections.yaml"))
    message = refusal(lambda: normalize(document, entries))
    assert message.startswith(f"{document.name}:")
    assert problem in message


# --- the project's own ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def description(root: Path) -> spec.Spec:
    return spec.load(root / "spec" / "iam_api.yaml")


@pytest.fixture(scope="module")
def entries(root: Path) -> tuple[corrections.Correction, ...]:
    return corrections.load(root / "spec" / "corrections.yaml")


def test_every_entry_fits_the_vendored_description(
    description: spec.Spec, entries: tuple[corrections.Correction, ...]
) -> None:
    assert entries
    assert normalize(description, entries).notes == ()


def test_every_entry_is_needed(description: spec.Spec, entries: tuple[corrections.Correction, ...]) -> None:
    def corrected(chosen: tuple[corrections.Correction, ...]) -> dict[str, Any]:
        document = copy.deepcopy(description.document)
        corrections.apply(chosen, document, lenient=True)  # a later entry may build on one that is left out
        return document

    whole = corrected(entries)
    for left_out in entries:
        rest = tuple(other for other in entries if other is not left_out)
        assert corrected(rest) != whole, f"{left_out.id} changes nothing"


def test_every_place_of_an_entry_is_changed_by_it(
    description: spec.Spec, entries: tuple[corrections.Correction, ...]
) -> None:
    document = copy.deepcopy(description.document)
    for correction in entries:
        before = {match.path: copy.deepcopy(match.obj) for match in correction.path.finditer(document)}
        corrections.apply((correction,), document, lenient=False)
        after = {match.path: match.obj for match in correction.path.finditer(document)}
        unchanged = [path for path, value in before.items() if after.get(path) == value]
        assert unchanged == [], f"{correction.id} has nothing to correct there"


def test_an_entry_that_matches_otherwise_fails_the_build(
    description: spec.Spec, entries: tuple[corrections.Correction, ...]
) -> None:
    document = copy.deepcopy(description.document)
    for correction in entries:
        moved = attrs.evolve(correction, matches=correction.matches + 1)
        with pytest.raises(CodegenError, match=rf"'{correction.id}' must match (at least )?{correction.matches + 1} "):
            corrections.apply((moved,), document, lenient=False)
        corrections.apply((correction,), document, lenient=False)
    moved = attrs.evolve(entries[-1], matches=entries[-1].matches + 1)
    with pytest.raises(CodegenError, match=f"correction '{moved.id}' must match"):
        normalize(description, (*entries[:-1], moved))
