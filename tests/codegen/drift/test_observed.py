"""Observations, compared with two specs: explained, unexplained or contradicted, and by which changes."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, TypeAlias

import jsonpath
import pytest

from codegen.corrections import Correction
from codegen.drift.observed import add_observed
from codegen.drift.report import Agreement, ObservedFact, Review
from codegen.drift.review import Project, review
from codegen.observations import Kind, Observation
from tests.codegen.drift.observations import observation
from tests.codegen.drift.pairs import TODAY, Document, document, given

TEXT, NUMBER, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
JSON = "application/json"
PROJECT = Project((), Path("generator-config.yml"), Path("overlay"))
Side: TypeAlias = dict[str, Any]


def thing(_required: tuple[str, ...] = (), _closed: bool | dict[str, Any] | None = None, **properties: Any) -> Side:
    """An object."""
    others = {} if _closed is None else {"additionalProperties": _closed}
    return {"type": "object", "properties": properties, "required": list(_required), **others}


def response(schema: Side) -> Document:
    return document(response=schema)


def responses(**content: Any) -> Document:
    """A spec whose responses are those with the status after `_`."""
    by_status = {name[1:]: {"description": "It.", **value} for name, value in content.items()}
    return document(responses={"200": {"description": "Made."}, **by_status})


def media(*names: str) -> Document:
    return responses(_200={"content": {name: {"schema": TEXT} for name in names}})


def compare(old: Document, new: Document, *seen: Observation, corrections: tuple[Correction, ...] = ()) -> Review:
    sides = given(old, "old.json"), given(new, "new.json")
    found = review(*sides, PROJECT, layers=("wire", "docs"), today=TODAY)
    return add_observed(found, (sides[0].spec, sides[1].spec), seen, corrections)


def only_fact(found: Review) -> ObservedFact:
    assert found.observed is not None
    (fact,) = found.observed
    return fact


def judge(old: Document, new: Document, seen: Observation) -> ObservedFact:
    return only_fact(compare(old, new, seen))


def build_lang(*values: str) -> Document:
    return response(thing(lang={"type": "string", "enum": list(values)}))


def name(schema: Side, *required: str) -> Document:
    return response(thing(required, name=schema))


def at(**keywords: Any) -> Document:
    return response(thing(at={"type": "string", **keywords}))


def operation(**keywords: Any) -> Document:
    return document(extra={key.replace("_", "-"): value for key, value in keywords.items()})


NULLABLE = {"type": ["string", "null"]}
OTHER = {"get": {"operationId": "other", "responses": {"200": {"description": "It."}}}}
GONE: Document = {**document(), "paths": {"/other": OTHER}}
OTHER_THING = thing(x=FLAG)
EMPTY = response(OTHER_THING)
DATED, DAY = {"format": "date-time"}, {"format": "date"}

Case: TypeAlias = tuple[Kind, str, str, str, Document, Document, Agreement]

FIELD = ("undocumented_field", "/nick", "", "200")
VALUE = ("undocumented_enum_value", "/lang", "fr", "200")
NULL = ("unannounced_null", "/name", "", "200")
MISSING = ("missing_required_key", "/id", "", "200")
TYPE = ("other_type", "/name", "integer", "200")
MOMENT = ("unreadable_timestamp", "/at", "", "200")
STATUS = ("undocumented_status", "", "", "404")
MEDIA = ("undocumented_media_type", "", "text/html", "200")
CALL = ("deprecated_operation", "", "", "200")
HEADER = ("deprecation_header", "", "2026-11-01", "200")
SUNSET = ("sunset_header", "", "2027-01-01", "200")

CASES: dict[str, tuple[tuple[str, str, str, str], Document, Document, Agreement]] = {
    "field declared": (FIELD, EMPTY, response(thing(nick=TEXT)), "explained"),
    "field fits a pattern": (FIELD, EMPTY, response({**OTHER_THING, "patternProperties": {"^n": TEXT}}), "explained"),
    "field among others": (FIELD, EMPTY, response(thing(_closed=TEXT)), "explained"),
    "field and no pattern": (FIELD, EMPTY, response({**OTHER_THING, "patternProperties": {"(": TEXT}}), "unexplained"),
    "field of a free object": (FIELD, EMPTY, response(thing()), "explained"),
    "field as before": (FIELD, EMPTY, EMPTY, "unexplained"),
    "field beside a new one": (FIELD, EMPTY, response(thing(nickname=TEXT)), "unexplained"),
    "field forbidden": (FIELD, EMPTY, response(thing(_closed=False)), "contradicted"),
    "field forbidden as before": (FIELD, response(thing(_closed=False)), response(thing(_closed=False)), "unexplained"),
    "field removed": (FIELD, response(thing(nick=TEXT)), EMPTY, "contradicted"),
    "field of a text": (FIELD, EMPTY, response(TEXT), "contradicted"),
    "value added": (VALUE, build_lang("en"), build_lang("en", "fr"), "explained"),
    "any value": (VALUE, build_lang("en"), response(thing(lang=TEXT)), "explained"),
    "value as before": (VALUE, build_lang("en"), build_lang("en"), "unexplained"),
    "another value added": (VALUE, build_lang("en"), build_lang("en", "de"), "unexplained"),
    "value removed": (VALUE, build_lang("en", "fr"), build_lang("en"), "contradicted"),
    "value of another type": (VALUE, build_lang("en"), response(thing(lang=NUMBER)), "contradicted"),
    "value of a property removed": (VALUE, build_lang("en"), EMPTY, "contradicted"),
    "value constant": (VALUE, build_lang("en"), response(thing(lang={"const": "fr"})), "explained"),
    "null allowed": (NULL, name(TEXT), name(NULLABLE), "explained"),
    "null in a union": (NULL, name(TEXT), name({"anyOf": [TEXT, {"type": "null"}]}), "explained"),
    "null as before": (NULL, name(TEXT, "name"), name(TEXT, "name"), "unexplained"),
    "null and more types": (NULL, name(TEXT), name({"type": ["string", "integer"]}), "unexplained"),
    "null and optional": (NULL, name(TEXT, "name"), name(TEXT), "unexplained"),
    "null and another type": (NULL, name(TEXT), name(NUMBER), "contradicted"),
    "null and required": (NULL, name(TEXT), name(TEXT, "name"), "contradicted"),
    "null forbidden": (NULL, name(NULLABLE), name(TEXT), "contradicted"),
    "null of a property removed": (NULL, name(TEXT), EMPTY, "contradicted"),
    "key optional": (MISSING, response(thing(("id",), id=NUMBER)), response(thing(id=NUMBER)), "explained"),
    "key removed": (MISSING, response(thing(("id",), id=NUMBER)), EMPTY, "explained"),
    "key as before": (MISSING, response(thing(("id",), id=NUMBER)), response(thing(("id",), id=TEXT)), "unexplained"),
    "key required": (MISSING, response(thing(id=NUMBER)), response(thing(("id",), id=NUMBER)), "contradicted"),
    "type changed to it": (TYPE, name(TEXT), name(NUMBER), "explained"),
    "type that holds it": (TYPE, name(TEXT), name({"type": "number"}), "explained"),
    "type added": (TYPE, name(TEXT), name({"anyOf": [TEXT, NUMBER]}), "explained"),
    "any type": (TYPE, name(TEXT), name({}), "explained"),
    "type as before": (TYPE, name(TEXT), name(TEXT), "unexplained"),
    "another type added": (TYPE, name(TEXT), name({"type": ["string", "boolean"]}), "unexplained"),
    "another type": (TYPE, name(TEXT), name(FLAG), "contradicted"),
    "type removed": (TYPE, name({"type": ["string", "integer"]}), name(TEXT), "contradicted"),
    "plain text": (MOMENT, at(**DATED), at(), "explained"),
    "timestamp as before": (MOMENT, at(**DATED), at(**DATED), "unexplained"),
    "date": (MOMENT, at(**DATED), at(**DAY), "unexplained"),
    "timestamp": (MOMENT, at(), at(**DATED), "contradicted"),
    "number": (MOMENT, at(**DATED), response(thing(at=NUMBER)), "contradicted"),
    "status added": (STATUS, responses(), responses(_404={}), "explained"),
    "status in a range": (STATUS, responses(), responses(_4XX={}), "explained"),
    "status by default": (STATUS, responses(), responses(_default={}), "explained"),
    "status as before": (STATUS, responses(), responses(_400={}), "unexplained"),
    "status removed": (STATUS, responses(_404={}), responses(), "contradicted"),
    "media type added": (MEDIA, media(JSON), media(JSON, "text/html; charset=utf-8"), "explained"),
    "media type in a range": (MEDIA, media(JSON), media("text/*"), "explained"),
    "media type as before": (MEDIA, media(JSON), media(JSON, "text/plain"), "unexplained"),
    "media type removed": (MEDIA, media(JSON, "text/html"), media(JSON), "contradicted"),
    "media type of a status removed": ((*MEDIA[:3], "404"), responses(_404={}), responses(), "contradicted"),
    "call of a deprecated one": (CALL, operation(deprecated=True), operation(deprecated=True), "explained"),
    "call of one now deprecated": (CALL, operation(), operation(deprecated=True), "explained"),
    "call of one never deprecated": (CALL, operation(), operation(), "unexplained"),
    "call of one reactivated": (CALL, operation(deprecated=True), operation(), "contradicted"),
    "call of one removed": (CALL, operation(deprecated=True), GONE, "contradicted"),
    "header of one now deprecated": (HEADER, operation(), operation(deprecated=True), "explained"),
    "header of one removed": (HEADER, operation(), GONE, "explained"),
    "header as before": (HEADER, operation(), operation(), "unexplained"),
    "header of one reactivated": (HEADER, operation(deprecated=True), operation(), "contradicted"),
    "sunset of one now deprecated": (SUNSET, operation(), operation(deprecated=True), "explained"),
    "sunset": (SUNSET, operation(), operation(deprecated=True, x_sunset="2027-01-01"), "explained"),
    "sunset of one removed": (SUNSET, operation(deprecated=True), GONE, "explained"),
    "no sunset": (SUNSET, operation(), operation(), "unexplained"),
    "another sunset": (SUNSET, operation(), operation(deprecated=True, x_sunset="2027-09-09"), "contradicted"),
}  # fmt: skip


def build_observation(case: str) -> Observation:
    kind, pointer, detail, status = CASES[case][0]
    return observation(kind, pointer, detail, status)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES)
def test_each_kind_of_fact_is_judged(case: str) -> None:
    _, old, new, agreement = CASES[case]
    assert judge(old, new, build_observation(case)).agreement == agreement


@pytest.mark.parametrize("case", CASES)
def test_the_old_spec_counts_only_for_what_is_not_explained(case: str) -> None:
    _, _, new, agreement = CASES[case]
    same = judge(new, new, build_observation(case)).agreement
    if new is not GONE:
        assert (same == "explained") == (agreement == "explained")
    assert same != "contradicted"


def test_every_kind_has_each_agreement_that_it_can_have() -> None:
    seen = {(CASES[case][0][0], CASES[case][3]) for case in CASES}
    kinds = {kind for kind, _ in seen}
    assert len(kinds) == 11
    assert len(seen) == 3 * len(kinds)


# --- where a fact is looked up -------------------------------------------------------------------------------------

USER = {"$ref": "#/components/schemas/User"}
HOLDERS: dict[str, tuple[str, Side]] = {
    "list": ("/*", {"type": "array", "items": USER}),
    "page": ("/results/*", thing(results={"type": "array", "items": USER})),
    "map": ("/by_id/*", thing(by_id={"type": "object", "additionalProperties": USER})),
    "pattern": ("/*", {"type": "object", "patternProperties": {"^u": USER}}),
    "tuple": ("/*", {"type": "array", "prefixItems": [USER]}),
    "all of": ("", {"allOf": [USER, {"required": ["lang"]}]}),
    "one of": ("/user", {"oneOf": [{"type": "array", "items": TEXT}, thing(user=USER)]}),
    "escaped": ("/a~1b/c~0d", {"properties": {"a/b": {"properties": {"c~d": USER}}}}),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_pointer_leads_through_every_kind_of_schema(holder: str) -> None:
    start, schema = HOLDERS[holder]
    old, new = (
        document(response=schema, schemas={"User": thing(lang={"type": "string", "enum": values})})
        for values in (["en"], ["en", "fr"])
    )
    fact = judge(old, new, observation("undocumented_enum_value", f"{start}/lang", "fr"))
    assert fact.agreement == "explained"
    assert "`User.lang` is `string` out of `en`, `fr`; old spec: `User.lang` is `string` out of `en`" in fact.reason


def test_an_operation_is_known_by_its_route_when_its_id_changes() -> None:
    new = document(response=thing(nick=TEXT), operationId="createThing")
    assert judge(EMPTY, new, observation("undocumented_field", "/nick")).agreement == "explained"
    renamed = observation("undocumented_field", "/nick", operation="createThing")
    assert judge(EMPTY, new, renamed).agreement == "explained"


@pytest.mark.parametrize(
    "seen",
    [
        observation("unannounced_null", "/name", operation="other"),
        observation("unannounced_null", "/nothing/here"),
        observation("missing_required_key", "/nothing/here"),
        observation("unannounced_null", "/name", status="500"),
    ],
)
def test_a_place_that_no_spec_has_stays_unexplained(seen: Observation) -> None:
    fact = judge(name(TEXT), name(NULLABLE), seen)
    assert (fact.agreement, fact.reason) == ("unexplained", "both specs: there is no such place")
    assert fact.old is fact.new is None


def test_a_fact_in_an_operation_that_is_gone_is_contradicted() -> None:
    found = compare(name(TEXT), GONE, observation("unannounced_null", "/name"))
    fact = only_fact(found)
    removed = next(change for change in found.changes if change.id.startswith("api-path-removed"))
    assert fact.agreement == "contradicted"
    assert fact.changes == (removed.fingerprint,)


def test_a_field_without_a_name_needs_other_properties() -> None:
    seen = observation("undocumented_field", "/*")
    assert judge(EMPTY, response(thing(nick=TEXT)), seen).agreement == "unexplained"
    assert judge(EMPTY, response(thing(_closed=TEXT)), seen).agreement == "explained"
    assert judge(EMPTY, EMPTY, seen).message == "an undocumented field: not recorded"


def test_a_value_that_was_not_recorded_needs_an_open_type() -> None:
    seen = observation("undocumented_enum_value", "/lang")
    assert judge(build_lang("en"), build_lang("en", "fr"), seen).agreement == "unexplained"
    assert judge(build_lang("en"), response(thing(lang=TEXT)), seen).agreement == "explained"


def test_a_correction_can_explain_a_fact() -> None:
    where = "$.paths['/things'].post.responses['200'].content['application/json'].schema.properties.name"
    correction = Correction("null", "merge", where, 1, False, "-", NULLABLE, "-", jsonpath.compile(where))  # noqa: FBT003
    found = compare(name(TEXT), name(TEXT), observation("unannounced_null", "/name"), corrections=(correction,))
    fact = only_fact(found)
    assert fact.agreement == "explained"
    assert fact.reason == "both specs: `200 response name` is `string` or null (by a correction)"


def test_facts_are_sorted_by_what_needs_a_look_first() -> None:
    seen = [observation("undocumented_field", "/name"), observation("undocumented_field", "/nick")]
    found = compare(EMPTY, response(thing(x=FLAG, name=TEXT)), *seen)
    assert [fact.agreement for fact in found.observed or ()] == ["unexplained", "explained"]
    assert found.agreement == "unexplained"


# --- changes that a fact is about ----------------------------------------------------------------------------------

LINKS: dict[str, str] = {
    "field declared": "response-optional-property-added",
    "field forbidden": "response-body-additional-properties-closed",
    "field removed": "response-optional-property-removed",
    "value added": "response-property-enum-value-added",
    "any value": "response-property-became-not-enum",
    "value removed": "response-property-enum-value-removed",
    "null allowed": "response-property-became-nullable",
    "null and another type": "response-property-type-changed",
    "null and required": "response-property-became-required",
    "null of a property removed": "response-optional-property-removed",
    "key optional": "response-property-became-optional",
    "key removed": "response-required-property-removed",
    "type changed to it": "response-property-type-changed",
    "plain text": "response-property-type-generalized",
    "status added": "response-non-success-status-added",
    "status removed": "response-non-success-status-removed",
    "media type added": "response-media-type-added",
    "media type removed": "response-media-type-removed",
    "header of one now deprecated": "endpoint-deprecated",
    "header of one removed": "api-path-removed-without-deprecation",
    "call of one reactivated": "endpoint-reactivated",
    "call of one removed": "api-path-removed-with-deprecation",
}


@pytest.mark.parametrize("case", LINKS)
def test_a_fact_names_the_change_that_it_is_about(case: str) -> None:
    _, old, new, _ = CASES[case]
    found = compare(old, new, build_observation(case))
    fact = only_fact(found)
    named = [change for change in found.changes if change.fingerprint in fact.changes]
    assert [change.id for change in named] == [LINKS[case]]
    assert found.count_observations(named[0]) == (3, "2026-11-29T06:00:00+00:00")


def test_another_value_at_the_same_place_is_another_change() -> None:
    found = compare(
        build_lang("en"), build_lang("en", "de", "fr"), observation("undocumented_enum_value", "/lang", "fr")
    )
    fact = only_fact(found)
    assert [change.after for change in found.changes if change.fingerprint in fact.changes] == ["fr"]


def test_counts_of_several_observations_add_up() -> None:
    later = datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC)
    seen = [
        observation("unannounced_null", "/name"),
        observation("unannounced_null", "/name", spec_version="2", last_seen=later),
    ]
    found = compare(name(TEXT), name(NULLABLE), *seen)
    (change,) = found.changes
    assert found.count_observations(change) == (6, "2026-12-01T00:00:00+00:00")
