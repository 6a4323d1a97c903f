"""`models.Timestamp` does what a `datetime` does, and never loses its text in silence."""

from __future__ import annotations

import copy
import datetime
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from gcore_iam.models import Timestamp, TokenResponse, encode_for_json
from gcore_iam_client.types import decode_datetime

TEXT = "2026-05-15T06:37:28.230Z"
ISO = "2026-05-15T06:37:28.230000+00:00"
DAY = datetime.timedelta(days=1)


@pytest.fixture
def moment() -> Timestamp:
    timestamp = decode_datetime(TEXT)
    assert isinstance(timestamp, Timestamp)
    return timestamp


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda moment: pickle.loads(pickle.dumps(moment)), lambda moment: moment]
)
def test_a_copy_of_a_timestamp_has_its_text(moment: Timestamp, duplicate: Callable[[Timestamp], Timestamp]) -> None:
    again = duplicate(moment)
    assert again.raw == TEXT
    assert again == moment
    assert type(again) is Timestamp


@pytest.mark.parametrize(
    ("compute", "text"),
    [
        (lambda moment: moment.replace(year=2001), "2001-05-15T06:37:28.230000+00:00"),
        (lambda moment: moment + DAY, "2026-05-16T06:37:28.230000+00:00"),
        (lambda moment: moment - DAY, "2026-05-14T06:37:28.230000+00:00"),
        (lambda moment: copy.copy(moment + DAY), "2026-05-16T06:37:28.230000+00:00"),
        (lambda moment: moment.astimezone(datetime.timezone(2 * DAY / 24)), "2026-05-15T08:37:28.230000+02:00"),
        (lambda _: Timestamp(2026, 5, 15, tzinfo=datetime.UTC), "2026-05-15T00:00:00+00:00"),
    ],
)
def test_a_computed_timestamp_has_its_iso_form_as_text(
    moment: Timestamp, compute: Callable[[Timestamp], Timestamp], text: str
) -> None:
    assert compute(moment).raw == text


def test_a_timestamp_becomes_a_plain_datetime(moment: Timestamp) -> None:
    plain = moment.to_datetime()
    assert type(plain) is datetime.datetime
    assert plain == moment
    assert plain.tzinfo is moment.tzinfo
    later = decode_datetime("2026-10-25T02:30:00").replace(fold=1)
    assert later.to_datetime().fold == 1


def test_a_computed_timestamp_goes_out_in_iso_form(moment: Timestamp) -> None:
    body = {"name": "a", "client_user": None, "id": 1, "deleted": False, "expired": False, "created": TEXT}
    token = TokenResponse.from_dict({**body, "exp_date": TEXT, "last_usage": None})
    assert token.to_dict()["exp_date"] == TEXT
    assert isinstance(token.exp_date, Timestamp)
    token.exp_date = token.exp_date.replace(year=2001)
    assert token.to_dict()["exp_date"] == "2001-05-15T06:37:28.230000+00:00"


def test_orjson_takes_timestamps(moment: Timestamp) -> None:
    orjson = pytest.importorskip("orjson")
    assert json.loads(orjson.dumps(moment, default=encode_for_json)) == TEXT
    assert json.loads(orjson.dumps(moment.replace(year=2026), default=encode_for_json)) == ISO
    assert json.loads(orjson.dumps(moment.to_datetime())) == ISO


def test_msgspec_takes_timestamps(moment: Timestamp) -> None:
    msgspec = pytest.importorskip("msgspec")
    assert json.loads(msgspec.json.encode(moment, enc_hook=encode_for_json)) == TEXT
    assert msgspec.json.decode(msgspec.json.encode(moment.to_datetime()), type=datetime.datetime) == moment


def test_pandas_and_polars_take_timestamps(moment: Timestamp) -> None:
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    assert pandas.Timestamp(moment) == moment
    assert polars.Series([moment.to_datetime()])[0] == moment


def test_the_text_of_a_timestamp_can_be_set(moment: Timestamp) -> None:
    moment.raw = "another"
    assert moment.raw == "another"
    wrong: Any = moment
    with pytest.raises(AttributeError):
        wrong.text = "no such attribute"
