"""Models as rows of tables, in JSON encoders and in cattrs."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable, Iterable
from typing import Any

import attrs
import pytest
from gcore_iam import IAMClient, models
from gcore_iam.integrations import cattrs as integration
from gcore_iam.testing import FakeIAM

TEXT = "2026-05-15T06:37:28.230000Z"
MOMENT = datetime.datetime(2026, 5, 15, 6, 37, 28, 230000, tzinfo=datetime.UTC)
ISSUER = {
    "deleted": False,
    "user_id": 7,
    "user_name": "Seven",
    "user_email": "seven@example.com",
    "client_id": 1001,
    "role": {"id": 2, "name": "Users"},
}
TOKEN: dict[str, Any] = {
    "name": "deploy",
    "exp_date": None,
    "client_user": ISSUER,
    "id": 42,
    "deleted": False,
    "expired": False,
    "created": TEXT,
    "last_usage": None,
}


@pytest.fixture(scope="module")
def users() -> list[models.User]:
    fake = FakeIAM(3)
    with IAMClient(fake.api_key, transport=fake.transport()) as iam:
        return list(iam.users.list())


def test_a_record_is_flat_and_has_none_for_unset() -> None:
    token = models.TokenResponse.from_dict(TOKEN)
    assert token.description is models.UNSET
    assert models.as_record(token) == {
        "name": "deploy",
        "exp_date": None,
        **{f"client_user.{key}": value for key, value in ISSUER.items() if key != "role"},
        "client_user.role.id": 2,
        "client_user.role.name": "Users",
        "id": 42,
        "deleted": False,
        "expired": False,
        "created": MOMENT,
        "last_usage": None,
        "description": None,
    }
    assert type(models.as_record(token)["created"]) is datetime.datetime
    assert type(models.as_record(token)["client_user.role.name"]) is str


def test_unset_is_null_where_an_encoder_writes_values_of_enums() -> None:
    token = models.TokenResponse.from_dict(TOKEN)
    orjson = pytest.importorskip("orjson")
    written = orjson.dumps(attrs.asdict(token), default=models.encode_for_json)
    assert json.loads(written)["description"] is None
    msgspec = pytest.importorskip("msgspec")
    group = models.Group.from_dict({"id": 1})
    assert json.loads(msgspec.json.encode(group))["name"] is None
    assert models.Unset("UNSET") is models.UNSET  # a pickle of an earlier release


@pytest.mark.parametrize("change", [{"client_user": None}, {"description": "CI"}, {"surprise": 1}, {"created": None}])
def test_records_of_one_model_have_the_same_keys(change: dict[str, Any]) -> None:
    record = models.as_record(models.TokenResponse.from_dict(TOKEN))
    assert list(models.as_record(models.TokenResponse.from_dict({**TOKEN, **change}))) == list(record)


def test_the_separator_of_a_records_keys_can_be_chosen() -> None:
    record = models.as_record(models.TokenResponse.from_dict(TOKEN), separator="_")
    assert record["client_user_role_id"] == 2


def test_a_list_in_a_record_is_json(users: list[models.User]) -> None:
    record = models.as_record(users[0])
    assert json.loads(str(record["groups"])) == users[0].to_dict()["groups"]
    assert json.loads(str(record["auth_types"])) == users[0].to_dict()["auth_types"]


@pytest.mark.parametrize("odd", [[1], {"a": 1}, 5, True, "text"])
@pytest.mark.parametrize("key", ["name", "created", "id"])
def test_a_record_has_only_flat_values(key: str, odd: object) -> None:
    record = models.as_record(models.TokenResponse.from_dict({**TOKEN, key: odd}))
    flat = (str, int, float, bool, datetime.datetime, type(None))
    assert {type(value) for value in record.values()} <= set(flat)


@pytest.mark.parametrize("wrong", [[], None, "text", {}, models.User])
def test_a_record_is_made_of_one_model(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"as_record takes one model, not .*\[as_record\(user\) for user in users\]"):
        models.as_record(wrong)


def test_records_become_csv_without_a_trace_of_unset() -> None:
    file = io.StringIO()
    record = models.as_record(models.TokenResponse.from_dict(TOKEN))
    writer = csv.DictWriter(file, record)
    writer.writeheader()
    writer.writerow(record)
    assert "UNSET" not in file.getvalue().upper()


def test_records_become_pandas_data_frames(users: list[models.User]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(map(models.as_record, users))
    assert list(frame["email"]) == [user.email for user in users]
    assert frame["id"].dtype == "int64"
    tokens = pandas.DataFrame([models.as_record(models.TokenResponse.from_dict(TOKEN))])
    assert tokens["created"][0] == MOMENT


def test_records_become_polars_data_frames(users: list[models.User]) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(map(models.as_record, users))
    assert frame["email"].to_list() == [user.email for user in users]
    tokens = polars.DataFrame([models.as_record(models.TokenResponse.from_dict(TOKEN))])
    assert tokens["created"].dtype == polars.Datetime("us", "UTC")


# --- iteration ---


@pytest.mark.parametrize("convert", [list, tuple, dict, set, iter, lambda user: user[0], lambda user: [*user]])
def test_iterating_over_a_model_says_what_to_use(
    convert: Callable[[Any], Iterable[object]], users: list[models.User]
) -> None:
    with pytest.raises(TypeError, match=r"User is not iterable.*to_dict\(\).*as_record\(\)"):
        list(convert(users[0]))


def test_models_keep_the_access_to_unknown_keys(users: list[models.User]) -> None:
    user = models.User.from_dict({**users[0].to_dict(), "shoe_size": 42})
    assert user["shoe_size"] == 42
    assert "shoe_size" in user
    assert "height" not in user
    with pytest.raises(KeyError, match="height"):
        user["height"]


# --- JSON encoders ---


def test_json_encodes_models_enums_and_timestamps(users: list[models.User]) -> None:
    value = {"users": users, "lang": models.Language("fr"), "at": models.TokenResponse.from_dict(TOKEN).created}
    text = json.dumps(value, default=models.encode_for_json)
    assert json.loads(text) == {"users": [user.to_dict() for user in users], "lang": "fr", "at": TEXT}


@pytest.mark.parametrize("wrong", [object(), b"bytes", {1}, models.UNSET])
def test_json_refuses_other_values_as_before(wrong: object) -> None:
    with pytest.raises(TypeError, match="has no JSON form"):
        json.dumps([wrong], default=models.encode_for_json)


def test_json_says_what_to_do_with_unset() -> None:
    with pytest.raises(TypeError, match=r"Unset has no JSON form; leave the property out, or use to_dict\(\)"):
        models.encode_for_json(models.UNSET)


def test_orjson_encodes_models_and_timestamps(users: list[models.User]) -> None:
    orjson = pytest.importorskip("orjson")
    token = models.TokenResponse.from_dict(TOKEN)
    text = orjson.dumps([users, token, token.created], default=models.encode_for_json)
    assert json.loads(text) == [[user.to_dict() for user in users], TOKEN, TEXT]


def test_msgspec_encodes_timestamps() -> None:
    msgspec = pytest.importorskip("msgspec")
    token = models.TokenResponse.from_dict(TOKEN)
    assert json.loads(msgspec.json.encode([token.created], enc_hook=models.encode_for_json)) == [TEXT]
    assert json.loads(msgspec.json.encode(models.as_record(token)))["id"] == 42


# --- cattrs ---


@attrs.define
class Report:
    """A user's own class that holds models."""

    users: list[models.User]
    owner: models.User | None
    at: models.Timestamp
    languages: list[models.Language]


def test_cattrs_reads_and_writes_models(users: list[models.User]) -> None:
    cattrs = pytest.importorskip("cattrs")
    converter = cattrs.Converter()
    integration.register(converter)
    body: dict[str, Any] = {
        "users": [user.to_dict() for user in users],
        "owner": None,
        "at": TEXT,
        "languages": ["en", "fr"],
    }
    body["users"][0]["shoe_size"] = 42
    report = converter.structure(body, Report)
    assert report.users[0]["shoe_size"] == 42
    assert report.users[1:] == users[1:]
    assert report.languages == [models.Language.EN, "fr"]
    assert isinstance(report.at, models.Timestamp)
    assert converter.unstructure(report) == body
    assert converter.structure({**body, "owner": users[1]}, Report).owner is users[1]


def test_cattrs_reads_properties_that_are_absent() -> None:
    cattrs = pytest.importorskip("cattrs")
    converter = cattrs.Converter()
    integration.register(converter)
    token = converter.structure(TOKEN, models.TokenResponse)
    assert token.description is models.UNSET
    assert converter.unstructure(token) == TOKEN


@pytest.mark.parametrize("name", ["json", "orjson", "msgspec"])
def test_cattrs_converters_for_json_take_models(name: str, users: list[models.User]) -> None:
    pytest.importorskip(name)
    converter = pytest.importorskip(f"cattrs.preconf.{name}").make_converter()
    integration.register(converter)
    report = Report(users, users[0], models.TokenResponse.from_dict(TOKEN).created, [models.Language("fr")])  # type: ignore[arg-type]
    assert converter.loads(converter.dumps(report), Report) == report


@pytest.mark.parametrize("wrong", ["soon", 5, None])
def test_cattrs_refuses_what_is_no_timestamp(wrong: Any) -> None:
    cattrs = pytest.importorskip("cattrs")
    converter = cattrs.Converter()
    integration.register(converter)
    with pytest.raises(ValueError, match="a timestamp in ISO 8601 is expected"):
        converter.structure(wrong, models.Timestamp)


def test_the_integration_needs_no_import_of_cattrs() -> None:
    calls: list[str] = []

    class Recorder:
        def __getattr__(self, name: str) -> Any:
            return lambda *_: calls.append(name)

    recorder: Any = Recorder()
    integration.register(recorder)
    assert len(calls) == 4
