"""The functions that generated models and operations use to read and write values."""

from __future__ import annotations

import datetime
import io
from uuid import UUID

import pytest
from attrs import define
from gcore_iam_client.errors import InvalidBody
from gcore_iam_client.models import Language, UserPublic
from gcore_iam_client.types import (
    UNSET,
    File,
    Model,
    OpenStrEnum,
    Timestamp,
    as_text,
    decode_date,
    decode_datetime,
    decode_list,
    decode_union,
    decode_uuid,
    encode,
    encode_json,
    find_misspelt,
    in_path,
    remade,
)

from .test_models import USER

UUID_TEXT = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
UTC = datetime.UTC


@pytest.mark.parametrize(
    ("value", "expected"),
    [("2026-07-14", datetime.date(2026, 7, 14)), ("14.07.2026", "14.07.2026"), (None, None), (7, 7)],
)
def test_a_date_is_read_if_it_is_one(value: object, expected: object) -> None:
    assert decode_date(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(UUID_TEXT, UUID(UUID_TEXT)), ("6f96", "6f96"), (None, None), (UNSET, UNSET)]
)
def test_a_uuid_is_read_if_it_is_one(value: object, expected: object) -> None:
    assert decode_uuid(value) == expected


def _parse_number(value: str) -> int:
    return int(value)


def _parse_strictly(value: str) -> str:
    if not value.startswith("x"):
        raise ValueError("no x")
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [("7", 7), ("xyz", "xyz"), ([1], [1]), (None, None)],
    ids=["first", "second", "of another type", "null"],
)
def test_a_union_takes_the_first_option_that_fits(value: object, expected: object) -> None:
    assert decode_union(value, (str, _parse_number), (str, _parse_strictly)) == expected


def test_a_union_raises_the_error_of_its_last_option() -> None:
    with pytest.raises(ValueError, match="no x"):
        decode_union("abc", (str, _parse_number), (str, _parse_strictly))


def test_only_an_array_null_or_nothing_is_a_list() -> None:
    assert decode_list([1], "Page", "results") == [1]
    assert decode_list(None, "Page", "results") is None
    assert decode_list(UNSET, "Page", "results") is UNSET
    with pytest.raises(InvalidBody, match="key 'results' must be an array, not an object"):
        decode_list({}, "Page", "results")
    with pytest.raises(InvalidBody, match="the body must be an array, not a string"):
        decode_list("[]", "Page", None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime.date(2026, 7, 14), "2026-07-14"),
        (datetime.datetime(2026, 7, 14, 12, tzinfo=UTC), "2026-07-14T12:00:00+00:00"),
        (UUID(UUID_TEXT), UUID_TEXT),
        ((1, [datetime.date(2026, 7, 14)]), [1, ["2026-07-14"]]),
        (UNSET, UNSET),
        (None, None),
        (1.5, 1.5),
    ],
)
def test_values_are_written_in_their_json_form(value: object, expected: object) -> None:
    assert encode(value) == expected


def test_a_file_is_written_as_httpx_takes_it() -> None:
    payload = io.BytesIO(b"x")
    assert encode(File(payload, "a.txt", "text/plain")) == ("a.txt", payload, "text/plain")


def test_a_time_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        encode(datetime.datetime(2026, 7, 14))


def test_a_zone_without_an_offset_is_none() -> None:
    class Nowhere(datetime.tzinfo):
        def utcoffset(self, moment: datetime.datetime | None) -> None:
            return None

        dst = utcoffset

        def tzname(self, moment: datetime.datetime | None) -> None:
            return None

    with pytest.raises(ValueError, match="no time zone"):
        encode(datetime.datetime(2026, 7, 14, tzinfo=Nowhere()))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_not_written(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode_json({"a": number})


def test_a_moment_after_the_last_year_stays_a_text() -> None:
    assert decode_datetime("9999-12-31T24:00:00Z") == "9999-12-31T24:00:00Z"


def test_a_short_word_is_no_slip_of_a_listed_one() -> None:
    class Field(OpenStrEnum):
        EMAIL = "email"

    assert find_misspelt(Field, "emails") == "email"
    assert find_misspelt(Field, "emal") is None


def test_a_value_that_is_not_listed_is_a_plain_text() -> None:
    class Shouted(str):
        __slots__ = ()

    assert type(Language(Shouted("fr")).value) is str


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), ([1, True], "1,true"), ("a b", "a b")])
def test_the_text_of_a_value_in_a_header(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("value", "segment"),
    [(7, "7"), ("a/b", "a%2Fb"), ("..", "%2E%2E"), (["a,", "b"], "a%2C,b"), (True, "true")],
)
def test_the_text_of_a_value_in_a_path(value: object, segment: str) -> None:
    assert in_path(value) == segment


def test_a_path_holds_no_null() -> None:
    with pytest.raises(ValueError, match="must not be None"):
        in_path(None)


def test_a_model_is_no_sequence() -> None:
    user = UserPublic.from_dict(USER)
    with pytest.raises(TypeError, match="to_dict"):
        list(user)  # type: ignore[call-overload] # pyright: ignore[reportArgumentType]


def test_a_subclass_reads_itself() -> None:
    class Member(UserPublic):
        pass

    member = Member.from_dict({**USER, "new": 1})
    assert type(member) is Member
    assert member["new"] == 1


def test_a_model_without_other_properties_becomes_a_subclass() -> None:
    @define
    class Point(Model):
        x: int

    class Named(Point):
        pass

    assert remade(Named, Point(1)) == Named(1)
    with pytest.raises(TypeError, match="to_dict"):
        list(Point(1))  # type: ignore[call-overload] # pyright: ignore[reportArgumentType]


def test_a_timestamp_keeps_its_text() -> None:
    moment = encode(Timestamp(2026, 7, 14, tzinfo=UTC))
    assert moment == "2026-07-14T00:00:00+00:00"
