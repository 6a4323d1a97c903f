"""Unions, views, references and null of generated models, seen from what functions return and send."""

from __future__ import annotations

import datetime
import inspect
import json
from typing import Any
from uuid import UUID

import attrs
import httpx
import pytest

from tests.codegen.corpus import Corpus

DAY = datetime.date(2026, 1, 2)
ID = UUID("12345678-1234-5678-1234-567812345678")


def fields(model: type[attrs.AttrsInstance]) -> set[str]:
    return {field.name for field in attrs.fields(model) if field.init}


# --- unions ----------------------------------------------------------------------------------------------------------


def test_a_discriminator_chooses_the_model(corpus: Corpus) -> None:
    # `Animal` has no mapping, so that its name stands for it.
    bodies = [{"kind": "robot", "serial": 7}, {"kind": "person"}, {"kind": "Animal"}, {"kind": "Robot", "name": "a"}]
    actors = corpus.receive("actors", bodies)
    assert [type(actor).__name__ for actor in actors] == ["Robot", "Person", "Animal", "Robot"]


def test_a_discriminator_chooses_inside_a_nullable_union(corpus: Corpus) -> None:
    assert type(corpus.receive("unions", {"actor": {"kind": "robot"}}).actor).__name__ == "Robot"
    assert corpus.receive("unions", {"actor": None}).actor is None


def test_a_discriminator_that_names_nothing_leaves_the_choice(corpus: Corpus) -> None:
    assert corpus.receive("actors", [{"kind": "ghost", "legs": 4}])[0].to_dict() == {"kind": "ghost", "legs": 4}


@pytest.mark.parametrize(("value", "expected"), [(1, "V1"), (2, "V2"), (True, "V2"), (3, "V1")])
def test_a_discriminator_may_be_no_text(corpus_3_1: Corpus, value: object, expected: str) -> None:
    assert type(corpus_3_1.receive("unions", {"numbered": {"v": value}}).numbered).__name__ == expected


def test_a_discriminator_without_mapping_uses_component_names(corpus_3_1: Corpus) -> None:
    assert type(corpus_3_1.receive("unions", {"chosen": {"type": "B", "x": 1}}).chosen).__name__ == "B"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("names", ["a"], ["a"]),
        ("names", [], []),
        ("key", str(ID), ID),
        ("key", "2026-01-02", DAY),
        ("key", "neither", "neither"),
        ("moment", "2026-01-02", DAY),
        ("moment", "2026-01-02T03:04:05Z", datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)),
        ("moment", "green", "green"),
        ("word", "large", "large"),
        ("number", 1.5, 1.5),
        ("number", 2, 2),
        ("address", "2026-01-02", DAY),  # no e-mail address
        ("address", "a@example.com", "a@example.com"),
        ("flag", True, True),
        ("flag", 2, 2),
    ],
)
def test_a_union_takes_the_first_member_that_fits(corpus: Corpus, key: str, value: object, expected: object) -> None:
    got = getattr(corpus.receive("unions", {key: value}), key)
    assert got == expected
    assert isinstance(got, type(expected))
    assert corpus.receive("unions", {key: value}).to_dict() == {key: value}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("pet", {"name": "a", "type": "dog"}, "Dog"),  # the enum of `type`
        ("pet", {"name": "a"}, "Cat"),
        ("pet", {"name": "a", "type": "cow", "age": 3}, "Dog"),  # fits none; `Dog` knows one key more
        ("keyed", {"key": str(ID)}, "Keyed"),
        ("keyed", {"key": "2026-01-02"}, "Dated"),  # the format of `key`
        ("closed", {"b": 1}, "Open"),  # `Closed` takes no other key
        ("required_first", {"a": 1}, "UnionsRequiredFirstType1"),
    ],
)
def test_a_model_is_chosen_by_what_it_asks_for(corpus: Corpus, key: str, value: object, expected: str) -> None:
    assert type(getattr(corpus.receive("unions", {key: value}), key)).__name__ == expected


def test_each_item_of_an_array_is_chosen_alone(corpus: Corpus) -> None:
    pets = [{"name": "a", "type": "dog"}, {"name": "b", "type": "cat"}]
    assert [type(pet).__name__ for pet in corpus.receive("unions", {"pets": pets}).pets] == ["Dog", "Cat"]
    assert corpus.receive("unions", {"names": [{"n": 1}]}).names == [corpus.models.Foo(n=1)]


@pytest.mark.parametrize(
    "body",
    [
        {"nothing": None, "nothings": [None], "hidden": "\u202e", "space": "\r\n"},
        {"nothing": 1, "nothings": [], "hidden": "a", "space": None},
        {"space": "\u2028"},
    ],
)
def test_null_alone_and_unprintable_values_stay_as_they_are(corpus_3_1: Corpus, body: dict[str, Any]) -> None:
    values = corpus_3_1.receive("values", body)
    assert {key: getattr(values, key) for key in body} == body
    assert values.to_dict() == body


def test_an_enum_of_a_union_stays_open(corpus: Corpus) -> None:
    word = corpus.receive("unions", {"word": "huge"}).word
    assert (word, type(word).__name__, word.is_known) == ("huge", "Color", False)
    assert type(corpus.receive("unions", {"word": "small"}).word).__name__ == "Size"


def test_constants_tell_models_apart(corpus_3_1: Corpus) -> None:
    assert type(corpus_3_1.receive("unions", {"by_const": {"type": "b"}}).by_const).__name__ == "B"
    assert corpus_3_1.receive("unions", {"either": "a"}).either == "a"


def test_nested_unions_take_linear_work(corpus: Corpus) -> None:
    expression: Any = {"value": 1}
    for depth in range(60):
        expression = {"left": expression, "right": {"value": depth}, "op": "or"}
    result = corpus.receive("expressions", expression)
    assert (type(result).__name__, result.to_dict()) == ("Or", expression)


# --- readOnly, writeOnly ---------------------------------------------------------------------------------------------

RESPONSE = {"id": 1, "name": "a", "owner": {"id": 2}, "cards": [{"masked": "**"}], "by_name": {"b": {"id": 3}}}


def test_responses_need_no_write_only_properties(corpus: Corpus) -> None:
    (account,) = corpus.receive("get_accounts", [RESPONSE])
    assert account.to_dict() == RESPONSE
    assert fields(type(account)) == {"id", "name", "owner", "cards", "by_name"}
    assert fields(type(account.owner)) == {"id", "parent"}


def test_requests_need_no_read_only_properties(corpus: Corpus) -> None:
    models = corpus.models
    body = models.AccountInput(
        name="a", password="p", owner=models.OwnerInput(pin="1", parent=models.OwnerInput(pin="2")),
        cards=[models.AccountInputCardsItem(number="n")],
    )  # fmt: skip
    request, _ = corpus.exchange("create_account", body=body, response=httpx.Response(204))
    assert json.loads(request.content) == {
        "name": "a", "password": "p", "owner": {"pin": "1", "parent": {"pin": "2"}}, "cards": [{"number": "n"}],
    }  # fmt: skip


def test_a_schema_of_requests_only_keeps_its_name(corpus: Corpus) -> None:
    assert fields(corpus.models.Login) == {"user", "secret"}
    assert not hasattr(corpus.models, "LoginInput")


def test_keywords_beside_a_reference_count(corpus_3_1: Corpus) -> None:
    models = corpus_3_1.models
    got = corpus_3_1.receive("siblings", {"foo": {"n": 1}, "id": 2, "stricter": {"n": 1, "m": "x"}})
    assert (got.foo, got.id) == (models.Foo(n=1), 2)
    assert fields(type(got.stricter)) == {"n", "m"}
    assert fields(models.Siblings) == {"foo", "id", "stricter"}
    assert fields(models.SiblingsInput) == {"foo", "stricter", "secret"}


# --- references and null ---------------------------------------------------------------------------------------------


def test_a_type_beside_a_reference_is_ignored_in_3_0(corpus: Corpus) -> None:
    found = corpus.receive("get_siblings", {"member": {"id": 1, "role": "admin"}, "page": None})
    assert (type(found.member).__name__, found.member.id, found.page) == ("Member", 1, None)
    assert corpus.receive("get_siblings", {"page": 2}).page == 2


def test_an_alias_is_a_class_of_its_own_name(corpus: Corpus) -> None:
    member = corpus.receive("get_alias", {"id": 1, "role": "admin"})
    assert (type(member).__name__, type(member.role).__name__) == ("Member", "RoleAlias")
    assert {"Member", "Renamed", "Person2"} <= set(corpus.models.__all__)


def test_references_to_references_are_followed(corpus: Corpus) -> None:
    request, response = corpus.exchange("shared_parts", body=corpus.models.Member(id=1), page=2, response={"id": 3})
    assert (request.url.query, json.loads(request.content)) == (b"page=2", {"id": 1})
    assert response == corpus.models.Renamed(id=3)
    hint = inspect.signature(corpus.module("api.default.shared_parts").sync).parameters["page"].annotation
    assert hint == int | corpus.module("types").Unset


def test_a_path_may_be_a_reference(corpus_3_1: Corpus) -> None:
    for operation, path in (("shared_path", "/path"), ("get_references_path_again", "/path/again")):
        request, response = corpus_3_1.exchange(operation, response={"inner": {"n": 1}})
        assert request.url.path == f"/v1/references{path}"
        assert response.inner == corpus_3_1.models.NestedOuterInner(n=1)


def test_references_may_lead_anywhere_in_the_file(corpus_3_1: Corpus) -> None:
    request, response = corpus_3_1.exchange("deep_references", maybe=["a"], response="text")
    assert (request.url.query, response) == (b"maybe=a", "text")
    assert corpus_3_1.receive("deep_model", {"foo": {"n": 1}, "id": 2}).id == 2
    assert corpus_3_1.receive("deep_nested", {"n": 3}) == corpus_3_1.models.NestedOuterInner(n=3)


def test_references_may_name_anchors_and_identifiers(corpus_3_1: Corpus) -> None:
    models = corpus_3_1.models
    leaf = {"v": 2, "part": {"p": 1}}
    got = corpus_3_1.receive("named_references", {"tree": {"v": 1, "kids": [leaf], "root": leaf}, "foo": {"n": 1}})
    assert got.tree.kids == [got.tree.root] == [models.Tree(v=2, part=models.TreeDefsPart(p=1))]
    assert got.foo == models.Foo(n=1)
    assert corpus_3_1.receive("named_references", {"part": {"p": 3}}).part == models.TreeDefsPart(p=3)


@pytest.mark.parametrize(
    "body",
    [
        {"text": None, "ref": None, "list": None, "enum": None, "union": None},
        {"text": "a", "ref": {"n": 1}, "list": [None, "b"], "enum": "a", "union": {"n": 1}},
    ],
)
def test_null_is_kept_where_it_may_be(corpus: Corpus, body: dict[str, Any]) -> None:
    assert corpus.receive("nullable", body).to_dict() == body


# --- odd values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("object", {"a": 1}),
        ("array", [1, 2]),
        ("nothing", None),
        ("const", "a"),
        ("closed", {"s": "x", "day": "2026-01-02"}),
        ("single", {"a": 1, "o": {"n": 1}}),
        ("beside", {"o": {"n": 1}, "x": "text"}),
        ("open", {"o": {"n": 1}, "x": [1]}),
    ],
)
def test_odd_values_come_and_go_as_they_are(corpus_3_1: Corpus, key: str, value: object) -> None:
    assert corpus_3_1.receive("odd_values", {key: value}).to_dict() == {key: value}


def test_a_null_that_is_not_set_is_left_out(corpus_3_1: Corpus) -> None:
    assert corpus_3_1.models.OddValues().to_dict() == {}


def test_pattern_properties_have_their_types(corpus_3_1: Corpus) -> None:
    body = {"closed": {"s": "x", "day": "2026-01-02"}, "single": {"o": {"n": 1}}, "beside": {"o": {"n": 1}, "x": "t"}}
    values = corpus_3_1.receive("odd_values", body)
    assert values.closed.additional_properties == {"s": "x", "day": DAY}
    assert values.single["o"] == corpus_3_1.models.Foo(n=1)
    assert values.beside.additional_properties == {"o": corpus_3_1.models.Foo(n=1), "x": "t"}


def test_a_default_of_several_types_keeps_its_own(corpus_3_1: Corpus) -> None:
    sent = json.dumps(corpus_3_1.models.Defaults().to_dict())
    assert sent == '{"number": 3, "text": "3", "truth": true, "whole": 3, "first": 3}'
