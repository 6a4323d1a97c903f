"""What generated models must do with whatever the server sends."""

from __future__ import annotations

import copy
import datetime
import gc
import importlib
import json
import pickle
import pkgutil
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import gcore_iam_client
import pytest
from gcore_iam.models import Model
from gcore_iam_client import models
from gcore_iam_client.errors import InvalidBody
from gcore_iam_client.types import UNSET, Timestamp, Unset

USER: dict[str, Any] = {
    "id": 7,
    "email": "seven@example.com",
    "name": None,
    "lang": "en",
    "phone": "+13035550107",
    "company": "Example Widgets",
    "reseller": 1,
    "client": 1001,
    "deleted": False,
    "groups": [{"id": 1, "name": "Administrators"}],
    "activated": True,
    "sso_auth": False,
    "two_fa": True,
    "auth_types": ["password", "sso"],
    "user_type": "common",
    "is_active": True,
    "client_and_roles": [
        {"client_id": 1001, "client_company_name": "Example Widgets", "user_id": 7, "user_roles": ["1"]}
    ],
}
TOKEN: dict[str, Any] = {
    "name": "deploy",
    "description": "used by CI",
    "exp_date": None,
    "client_user": {
        "deleted": False,
        "user_id": 7,
        "user_name": "Seven",
        "user_email": "seven@example.com",
        "client_id": 1001,
        "role": {"id": 2, "name": "Users"},
    },
    "id": 42,
    "deleted": False,
    "expired": False,
    "created": "2021-01-01T12:00:00.000000Z",
    "last_usage": "2024-11-13T15:23:30Z",
}
COPIES: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    lambda value: pickle.loads(pickle.dumps(value)),
    lambda value: pickle.loads(pickle.dumps(value, protocol=0)),
]


def get_type(model: type, field: str) -> str:
    """A field's type, as its annotation spells it."""
    return str(attrs.fields_dict(model)[field].type)


def list_classes() -> Iterator[type]:
    for name in models.__all__:
        yield getattr(models, name)


def test_every_generated_module_imports() -> None:
    names = [module.name for module in pkgutil.walk_packages(gcore_iam_client.__path__, "gcore_iam_client.")]
    for name in names:
        importlib.import_module(name)
    broken_in_raw_output = {"iam_create_api_token", "iam_create_api_token_v2", "iam_update_user_email"}
    assert broken_in_raw_output <= {name.rsplit(".", 1)[-1] for name in names}


def test_models_package_lists_every_class_and_refuses_others() -> None:
    assert {"User", "UserPublic", "ClientBase", "TokenResponse", "Language"} <= set(dir(models))
    with pytest.raises(AttributeError, match="NoSuchModel"):
        _ = models.NoSuchModel  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]


# --- types -------------------------------------------------------------------------------------------------------


def test_token_response_knows_its_issuer() -> None:
    token = models.TokenResponse.from_dict(TOKEN)
    assert isinstance(token.client_user, models.ClientUser)
    assert token.client_user.user_email == "seven@example.com"
    assert get_type(models.TokenResponse, "client_user") == "ClientUser"


def test_logins_are_a_list_of_login_items() -> None:
    login = {
        "id": 1,
        "login_at": "2024-11-13T15:23:30Z",
        "ip_address": "192.0.2.1",
        "user_agent": "curl/8",
        "is_successful": True,
        "auth_type": "OAUTH",
        "user": 7,
    }
    page = models.LastLoginTimeSchema.from_dict({"count": 1, "result": [login]})
    assert isinstance(page.result[0], models.LastLoginTimeItem)
    assert get_type(models.LastLoginTimeSchema, "result") == "list[LastLoginTimeItem]"


@pytest.mark.parametrize("model", [models.User, models.UserPublic, models.BaseUser])
def test_ids_are_integers(model: type) -> None:
    for name in ("id", "client", "reseller"):
        assert get_type(model, name) in ("int", "int | Unset")


def test_an_integer_spelled_as_a_decimal_becomes_an_integer() -> None:
    user = models.User.from_dict({**USER, "client": 1001.0})
    assert user.client == 1001
    assert type(user.client) is int


def test_a_new_account_has_an_id() -> None:
    assert get_type(models.CreateAccountRequest, "id") == "int"
    assert models.CreateAccountRequest.from_dict({"id": 5, "company": "Second"}).id == 5
    with pytest.raises(InvalidBody, match="required key 'id' is missing"):
        models.CreateAccountRequest.from_dict({"company": "Second"})


def test_requests_have_no_read_only_properties() -> None:
    assert "id" not in attrs.fields_dict(models.CreateAccountRequestInput)
    assert "id" in attrs.fields_dict(models.CreateAccountRequest)
    assert set(attrs.fields_dict(models.PutUser)) == {
        "email",
        "name",
        "lang",
        "phone",
        "auth_types",
        "additional_properties",
    }


# --- round trips -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "body"), [(models.User, USER), (models.TokenResponse, TOKEN)])
def test_a_round_trip_gives_back_what_came_in(
    model: type[models.User | models.TokenResponse], body: dict[str, Any]
) -> None:
    assert model.from_dict(body).to_dict() == body
    assert json.loads(json.dumps(model.from_dict(body).to_dict())) == body


@pytest.mark.parametrize(
    ("key", "odd"),
    [
        ("groups", None),
        ("groups", []),
        ("groups", [{"id": 2, "name": "Users"}, None, {"id": 3, "name": "Engineers", "more": [1]}]),
        ("auth_types", ["sso", "new", None, 5]),
        ("client_and_roles", None),
    ],
)
def test_a_model_takes_over_lists_only_if_it_may(key: str, odd: object) -> None:
    page = {"count": 1, "results": [USER, {**USER, key: odd}]}
    given = copy.deepcopy(page)

    model = models.PaginatedUsersArray.from_dict(given)
    assert (given, model.to_dict()) == (page, page)

    same = models.PaginatedUsersArray.from_dict(given, in_place=True)
    assert same.results is given["results"]
    assert (same, same.to_dict()) == (model, page)


@pytest.mark.parametrize("odd", ["fr", "", None, 5, 1.5, True, [], {}, ["en"], {"a": [1]}])
@pytest.mark.parametrize("key", ["lang", "user_type", "groups", "auth_types", "email", "id"])
def test_a_round_trip_gives_back_what_nobody_expected(key: str, odd: object) -> None:
    for body in ({**USER, key: odd}, {**USER, key: [odd]}):
        try:
            user = models.User.from_dict(body)
        except InvalidBody:  # a list that is none, or an item that is no object
            continue
        assert user.to_dict() == body


def test_known_types_are_not_replaced_by_unknown_ones() -> None:
    user = models.User.from_dict(USER)
    user["id"] = 8
    user["shoe_size"] = 42
    assert user.to_dict() == {**USER, "shoe_size": 42}
    user.additional_properties = {}
    assert user.to_dict() == USER


def test_reading_leaves_the_given_dict_alone() -> None:
    before = copy.deepcopy(USER)
    models.User.from_dict(before)
    assert before == USER


def test_unknown_fields_are_kept() -> None:
    body = {**USER, "shoe_size": 42, "nested": {"a": [1]}}
    user = models.User.from_dict(body)
    assert user.additional_properties == {"shoe_size": 42, "nested": {"a": [1]}}
    assert user["shoe_size"] == 42
    assert "nested" in user
    assert user.to_dict() == body


@pytest.mark.parametrize("make", COPIES)
def test_models_survive_copies(make: Callable[[Any], Any]) -> None:
    token = models.TokenResponse.from_dict({**TOKEN, "extra": 1})
    again = make(token)
    assert again == token
    assert again.to_dict() == token.to_dict()


@pytest.mark.parametrize("make", [lambda value: value, *COPIES])
def test_a_model_that_was_read_is_like_one_that_was_made(make: Callable[[Any], Any]) -> None:
    """Properties beyond the spec take no memory until they are read."""
    read = make(models.Group.from_dict({"id": 1, "name": "Users"}))
    made = models.Group(id=1, name=models.GroupName.USERS)
    assert read == made
    assert repr(make(models.Group.from_dict({"id": 1, "name": "Users"}))) == repr(made)
    assert read.additional_properties == {}
    assert read.additional_keys == []
    read["more"] = 1
    assert read.additional_properties == {"more": 1}
    assert models.Group.from_dict({"id": 1}).to_dict() == {"id": 1}
    with pytest.raises(AttributeError, match="'Group' object has no attribute 'nmae'"):
        _ = read.nmae


@pytest.mark.parametrize(
    "body", [{"id": 1, "more": 2}, {"name": "Users", "more": 2}, {"id": 1, "name": "Users", "more": 2}, {"more": 2}]
)
def test_unknown_fields_are_kept_if_known_ones_are_missing(body: dict[str, Any]) -> None:
    assert models.Group.from_dict(body).additional_properties == {"more": 2}


def test_reading_subclasses_gives_subclasses() -> None:
    @attrs.define
    class MyUser(models.User):
        note: str = "mine"

        def __attrs_post_init__(self) -> None:
            self.note += f", {self.id}"

    user = MyUser.from_dict({**USER, "shoe_size": 42})
    assert type(user) is MyUser
    assert user.note == f"mine, {user.id}"
    assert user.additional_properties == {"shoe_size": 42}
    assert user.to_dict() == {**USER, "shoe_size": 42}


# --- UNSET -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", COPIES)
def test_unset_stays_itself(make: Callable[[Any], Any]) -> None:
    assert make(UNSET) is UNSET
    update = models.PutUser(name="Seven")
    again = make(update)
    assert again.email is UNSET
    assert again.to_dict() == {"name": "Seven"}


def test_unset_is_one_false_value_with_a_name() -> None:
    assert isinstance(UNSET, Unset)
    assert list(Unset) == [UNSET]
    assert not UNSET
    assert repr(UNSET) == "UNSET"


# --- open enums --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "cls"),
    [("lang", "fr", models.Language), ("user_type", "auditor", models.UserType)],
)
def test_an_unknown_enum_value_is_kept_as_the_enums_type(field: str, value: str, cls: type[models.Language]) -> None:
    user = models.User.from_dict({**USER, field: value})
    got = getattr(user, field)
    assert isinstance(got, cls)
    assert got == value
    assert got == cls(value)
    assert not got.is_known
    assert str(got) == value
    assert user.to_dict()[field] == value


def test_unknown_enum_values_in_lists_and_inner_models_are_kept() -> None:
    user = models.User.from_dict({**USER, "auth_types": ["passkey"], "groups": [{"id": 9, "name": "Auditors"}]})
    assert isinstance(user.auth_types[0], models.AuthType)
    assert user.auth_types == ["passkey"]
    assert user.groups[0].name == "Auditors"


@pytest.mark.parametrize("make", [*COPIES, lambda value: models.Language(json.loads(json.dumps(value)))])
def test_unknown_enum_values_survive_copies(make: Callable[[Any], Any]) -> None:
    value = models.Language("fr")
    again = make(value)
    assert again == value == "fr"
    assert hash(again) == hash("fr")
    assert isinstance(again, models.Language)


def test_known_enum_values_stay_members() -> None:
    assert models.Language("de") is models.Language.DE
    assert models.Language.DE.is_known
    assert not models.Language("DE").is_known
    assert models.User.from_dict(USER).lang is models.Language.EN
    with pytest.raises(ValueError, match="5 is not a valid Language"):
        models.Language(5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


# --- null where the spec forgot it ------------------------------------------------------------------------


@pytest.mark.parametrize("field", sorted(USER))
def test_a_null_does_not_fail_a_page(field: str) -> None:
    page = models.PaginatedUsersArray.from_dict({"count": 2, "results": [USER, {**USER, field: None}]})
    assert len(page.results) == 2
    assert page.results[1].to_dict()[field] is None


@pytest.mark.parametrize("field", sorted(TOKEN))
def test_a_null_does_not_fail_a_token(field: str) -> None:
    assert models.TokenResponse.from_dict({**TOKEN, field: None}).to_dict() == {**TOKEN, field: None}


# --- timestamps --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-01-01T12:00:00.000000Z", datetime.datetime(2021, 1, 1, 12, tzinfo=datetime.UTC)),
        ("2021-01-01T14:00:00+02:00", datetime.datetime(2021, 1, 1, 12, tzinfo=datetime.UTC)),
        ("2021-01-01T12:00:00", datetime.datetime(2021, 1, 1, 12, tzinfo=datetime.UTC)),
        ("20210101T120000Z", datetime.datetime(2021, 1, 1, 12, tzinfo=datetime.UTC)),
        ("2021-01-01T24:00:00Z", datetime.datetime(2021, 1, 2, tzinfo=datetime.UTC)),
        ("2021-01-01T12:00:00.1234567Z", datetime.datetime(2021, 1, 1, 12, 0, 0, 123456, tzinfo=datetime.UTC)),
    ],
)
def test_a_timestamp_is_an_aware_datetime_and_keeps_its_text(text: str, expected: datetime.datetime) -> None:
    token = models.TokenResponse.from_dict({**TOKEN, "created": text})
    assert isinstance(token.created, datetime.datetime)
    assert token.created == expected
    assert token.created.tzinfo is not None
    assert token.to_dict()["created"] == text
    assert isinstance(token.created, Timestamp)
    assert token.created.raw == text


@pytest.mark.parametrize("text", ["", "soon", "2021-02-30T00:00:00Z", "2021-01-01T12:00:00+99:00", "01/02/2021"])
def test_an_unreadable_timestamp_keeps_its_text(text: str) -> None:
    token = models.TokenResponse.from_dict({**TOKEN, "created": text})
    assert str(token.created) == text
    assert token.to_dict()["created"] == text


@pytest.mark.parametrize("make", COPIES)
def test_a_timestamp_keeps_its_text_in_copies(make: Callable[[Any], Any]) -> None:
    token = models.TokenResponse.from_dict(TOKEN)
    assert make(token.created).raw == TOKEN["created"]


def test_a_changed_timestamp_does_not_go_out_with_the_old_text() -> None:
    token = models.TokenResponse.from_dict(TOKEN)
    token.created += datetime.timedelta(days=1)
    assert token.to_dict()["created"] == "2021-01-02T12:00:00+00:00"
    token.created = datetime.datetime(2022, 1, 1, tzinfo=datetime.UTC)
    assert token.to_dict()["created"] == "2022-01-01T00:00:00+00:00"


def test_the_six_timestamps_are_datetimes() -> None:
    found = {
        f"{cls.__name__}.{field.name}"
        for cls in list_classes()
        if attrs.has(cls)
        for field in attrs.fields(cls)
        if "datetime" in str(field.type)
    }
    assert {
        "FreeFeature.create_date",
        "PaidFeature.create_date",
        "LastLoginTimeItem.login_at",
        "Token2.exp_date",
        "TokenResponse.created",
        "TokenResponse.last_usage",
    } <= found


# --- wrong bodies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", sorted(USER))
def test_a_missing_required_key_is_named(key: str) -> None:
    body = {name: value for name, value in USER.items() if name != key}
    with pytest.raises(InvalidBody, match=f"User: required key '{key}' is missing") as caught:
        models.User.from_dict(body)
    assert (caught.value.model, caught.value.key) == ("User", key)


def test_a_missing_key_of_an_inner_model_names_the_inner_model() -> None:
    user = {key: value for key, value in USER.items() if key != "email"}
    with pytest.raises(InvalidBody, match="User: required key 'email' is missing"):
        models.PaginatedUsersArray.from_dict({"count": 1, "results": [user]})


@pytest.mark.parametrize("body", [[], "text", 5, None, True])
def test_a_body_of_another_kind_is_reported_without_showing_it(body: Any) -> None:
    with pytest.raises(InvalidBody, match="User: an object is expected, not"):
        models.User.from_dict(body)


def test_a_text_where_an_array_must_be_is_reported() -> None:
    with pytest.raises(InvalidBody, match="key 'results' must be an array, not a string"):
        models.PaginatedUsersArray.from_dict({"count": 1, "results": "secret"})


# --- secrets -----------------------------------------------------------------------------------------------------

MARK = "s3cr3t-mark"
SECRETS = {
    "LoginRequest": {"password", "one_time_password"},
    "RefreshRequest": {"refresh"},
    "Token": {"access", "refresh"},
    "ChangePasswordRequest": {"old", "new", "double"},
    "UpdateUserEmailRequest": {"password"},
    "CreateTokenResponse": {"token"},
    "CreateTokenResponseV2": {"token"},
}


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_no_repr_shows_a_secret(name: str) -> None:
    cls = getattr(models, name)
    values = {field.name: None for field in attrs.fields(cls) if field.init}
    model = cls(**{**values, **dict.fromkeys(SECRETS[name], MARK)})
    for text in (repr(model), str(model), f"{model}", repr([model])):
        assert MARK not in text
    for field in SECRETS[name]:
        assert model.to_dict()[field] == MARK
        assert getattr(model, field) == MARK


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_repr_tells_whether_there_is_a_secret(name: str) -> None:
    cls = getattr(models, name)
    field = sorted(SECRETS[name])[0]
    values = {each.name: None for each in attrs.fields(cls) if each.init}
    assert f"{field}=None" in repr(cls(**values))
    assert f"{field}='***'" in repr(cls(**{**values, field: MARK}))


def test_no_field_that_sounds_secret_is_shown() -> None:
    suspicious = ("password", "secret", "token", "passcode")
    shown = {
        f"{cls.__name__}.{field.name}"
        for cls in list_classes()
        if attrs.has(cls)
        for field in attrs.fields(cls)
        if any(word in field.name for word in suspicious) and field.repr is True
    }
    assert shown == set()


def test_values_that_the_spec_does_not_know_are_not_shown() -> None:
    user = models.User.from_dict({**USER, "api_secret": MARK})
    assert MARK not in repr(user)
    assert "api_secret" in repr(user)


# --- memory ------------------------------------------------------------------------------------------------------


def test_users_take_less_memory_than_the_json_they_came_from() -> None:
    """Not by the clock, nor by the machine: what Python allocates for both."""
    text = json.dumps([{**USER, "id": number, "email": f"{number}@example.com"} for number in range(1000)])

    def allocated(make: Callable[[Any], Any]) -> int:
        tracemalloc.start()
        try:
            kept = make(json.loads(text))
            gc.collect()
            return tracemalloc.get_traced_memory()[0] if kept else 0
        finally:
            tracemalloc.stop()

    as_json, as_models = allocated(list), allocated(lambda data: [models.User.from_dict(each) for each in data])
    assert as_models < 0.6 * as_json


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (models.LoginRequest, {"password": "s3cret"}),
        (models.ChangePasswordRequest, {"old": "s3cret", "new": "s3cret"}),
        (models.Token, {"access": "s3cret"}),
        (models.Token, "s3cret"),
        (models.TokenResponse, {"token": "s3cret", "client_user": {"deleted": "s3cret"}}),
    ],
)
def test_a_body_that_cannot_be_read_is_in_no_traceback(model: type[Model], body: Any) -> None:
    """Monitors show local variables; `traceback` up to Python 3.12 fails at a model without all its properties."""
    with pytest.raises(InvalidBody) as caught:
        model.from_dict(body)
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = [frame.locals or {} for frame in report.stack if frame.filename != __file__]
    assert shown
    assert "s3cret" not in str(shown)
