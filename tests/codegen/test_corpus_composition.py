"""Schemas that are put together out of others, seen from what functions return and send."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.codegen.corpus import Corpus, generate_corpus

NAME = "corpus_composition"
DAY = datetime.date(2026, 1, 2)


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Corpus]:
    """The package of the spec."""
    folder = tmp_path_factory.mktemp("composition")
    document = yaml.safe_load(Path(__file__).with_name(f"{NAME}.yaml").read_text(encoding="utf-8"))
    sys.path.insert(0, str(folder))
    yield Corpus(NAME, generate_corpus(document, NAME, folder, root / "generator-config.yml"))
    sys.path.remove(str(folder))
    for module in [module for module in sys.modules if module.split(".")[0] == NAME]:
        del sys.modules[module]


def list_class_names(values: Iterable[object]) -> list[str]:
    """The names of the classes of values."""
    return [type(value).__name__ for value in values]


@pytest.mark.slow
def test_mypy_accepts_the_package(composed: Corpus) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=mypy", NAME],
        cwd=composed.path.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout.startswith("Success: no issues found in "), run.stdout


# --- bases -----------------------------------------------------------------------------------------------------------


def test_what_extends_a_base_comes_where_the_base_is_named(composed: Corpus) -> None:
    bodies: list[Any] = [
        {"wheels": "four", "id": 1, "doors": 4}, {"wheels": "six", "load": 2.5}, {"wheels": "Trailer"},
        {"wheels": "Vehicle"}, {"wheels": "none"},
    ]  # fmt: skip
    vehicles = composed.receive("vehicles", bodies)
    assert list_class_names(vehicles) == ["Car", "Lorry", "Trailer", "VehicleBase", "VehicleBase"]
    assert (vehicles[0].id, vehicles[0].doors, vehicles[1].load) == (1, 4, 2.5)
    assert [vehicle.to_dict() for vehicle in vehicles] == bodies
    inner = composed.receive("vehicles", [{"wheels": "Trailer", "towedBy": {"wheels": "four"}}])[0].towed_by
    assert list_class_names([inner]) == ["Car"]


def test_what_extends_a_base_is_sent_without_what_is_read_only(composed: Corpus) -> None:
    car = composed.models.CarInput(wheels="four", doors=2)
    request = composed.send("add_vehicle", body=car, response={"wheels": "six"})
    assert request.content == b'{"wheels":"four","doors":2}'


def test_a_base_may_list_what_extends_it(composed: Corpus) -> None:
    steps = composed.receive("steps", [{"kind": "Wait", "seconds": 3}, {"kind": "Send", "to": "a"}])
    assert list_class_names(steps) == ["Wait", "Send"]
    assert (steps[0].seconds, steps[1].kind) == (3, "Send")


# --- alternatives ----------------------------------------------------------------------------------------------------


def test_properties_beside_alternatives_belong_to_each(composed: Corpus) -> None:
    orders = composed.receive("orders", [{"kind": "cash", "total": 1, "given": 2}, {"kind": "card", "number": "4"}])
    assert list_class_names(orders) == ["OrderCash", "OrderCard"]
    assert (orders[0].total, orders[0].given, orders[1].number) == (1, 2, "4")


def test_all_of_combines_alternatives_with_everything_else(composed: Corpus) -> None:
    rules = composed.receive("rules", [{"active": True, "pays": "card"}, {"active": False, "pays": "cash", "given": 2}])
    assert list_class_names(rules) == ["RuleCard", "RuleCash"]
    assert (rules[0].active, rules[1].given) == (True, 2)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"id": "1", "state": "up"}, "Run"),
        ({"items": [1], "total": 1}, "Listing"),
        ({"total": 1}, "Listing"),
        ({"total": 1, "more": 2}, "Listing"),
        ({}, "Run"),
        ({"state": "up", "more": "a"}, "Run"),
        ({"more": "a"}, "Run"),
    ],
)
def test_the_alternative_that_names_most_keys_is_chosen(composed: Corpus, body: Any, name: str) -> None:
    chosen = composed.receive("choices", [body])
    assert list_class_names(chosen) == [name]
    assert chosen[0].to_dict() == body


def test_a_value_of_any_depth_keeps_its_shape(composed: Corpus) -> None:
    body = {"a": ["b", None, {"c": ["d"]}], "e": {"f": "g"}}
    assert composed.receive("values", body).to_dict() == body
    assert composed.receive("values", ["a", ["b"]]) == ["a", ["b"]]


# --- references ------------------------------------------------------------------------------------------------------


def test_a_reference_beside_a_description_is_what_it_refers_to(composed: Corpus) -> None:
    leaves = composed.receive("wrapped", [{"size": {"unit": {"name": "cm"}}, "kind": "oak"}])
    assert list_class_names(leaves) == ["Leaf"]
    assert leaves[0].size.unit.name == "cm"


def test_references_lead_into_paths_and_definitions(composed: Corpus) -> None:
    body = {"page": {"items": [{"kind": "ash"}]}, "size": {"unit": {}}, "kind": "oak"}
    for operation in ("originals", "copies"):
        request, result = composed.exchange(operation, 7, response=body)
        assert request.url.path == f"/v1/{operation}/7"
        assert list_class_names([*result.page.items, result.size, result.kind]) == ["Leaf", "LeafSize", "LeafKind"]


# --- operations ------------------------------------------------------------------------------------------------------


def test_an_operation_needs_no_responses(composed: Corpus) -> None:
    assert composed.receive("silent", None) is None


def test_parameters_of_almost_the_same_name_are_told_apart(composed: Corpus) -> None:
    meta = composed.models.Run(id="1")
    request = composed.send("parameters", x_meta=meta, ab=1, a_b=2, a_b_2=3, XDay=DAY, x_day_2=DAY, X_Day=DAY)
    assert request.url.query == b"a.b=1&a_b=2&a-b=3"
    assert request.headers["X-Meta"] == '{"id":"1"}'
    assert [request.headers[name] for name in ("X-Day", "X.Day", "X_Day")] == ["2026-01-02"] * 3


def test_a_form_may_have_alternatives(composed: Corpus) -> None:
    models = composed.models
    assert composed.send("tokens", body=models.ByPassword(password="a b")).content == b"password=a+b"
    request = composed.send("tokens", body=models.ByCode(code="c", scopes=["x", "y"]))
    assert request.content == b"code=c&scopes=x+y"
