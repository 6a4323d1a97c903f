"""Generated models in pydantic and FastAPI."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import attrs
import pydantic
import pytest
from gcore_iam import IAMClient, models
from gcore_iam.testing import FakeIAM
from gcore_iam_client.types import File
from pydantic.json_schema import JsonSchemaMode


@pytest.fixture(scope="module")
def user() -> models.User:
    fake = FakeIAM(1)
    with IAMClient(fake.api_key, transport=fake.transport()) as iam:
        return next(iter(iam.users.list()))


@pytest.fixture
def adapter() -> pydantic.TypeAdapter[list[models.User]]:
    return pydantic.TypeAdapter(list[models.User])


def test_pydantic_validates_models_and_their_json_form(
    adapter: pydantic.TypeAdapter[list[models.User]], user: models.User
) -> None:
    body = {**user.to_dict(), "shoe_size": 42, "lang": "fr"}
    same, read = adapter.validate_python([user, body])
    assert same is user
    assert isinstance(read, models.User)
    assert read.to_dict() == body
    assert adapter.validate_json(json.dumps([body])) == [read]


def test_pydantic_serializes_models_to_their_json_form(
    adapter: pydantic.TypeAdapter[list[models.User]], user: models.User
) -> None:
    assert adapter.dump_python([user]) == [user.to_dict()]
    assert json.loads(adapter.dump_json([user])) == [user.to_dict()]


@pytest.mark.parametrize("wrong", [5, "text", None, [], models.Group(id=1)])
def test_pydantic_refuses_what_is_not_the_model(
    adapter: pydantic.TypeAdapter[list[models.User]], wrong: object
) -> None:
    with pytest.raises(pydantic.ValidationError, match="a User, or an object with its fields, is expected"):
        adapter.validate_python([wrong])


def test_pydantic_reports_where_a_key_is_missing(
    adapter: pydantic.TypeAdapter[list[models.User]], user: models.User
) -> None:
    body = user.to_dict()
    del body["email"]
    with pytest.raises(pydantic.ValidationError, match="required key 'email' is missing") as caught:
        adapter.validate_python([user, body])
    assert caught.value.errors()[0]["loc"] == (1,)


def test_the_json_schema_has_every_field_under_its_wire_name(
    adapter: pydantic.TypeAdapter[list[models.User]], user: models.User
) -> None:
    schema = adapter.json_schema()["$defs"]["User"]
    assert list(schema["properties"]) == list(user.to_dict())
    assert schema["required"] == list(user.to_dict())
    assert schema["description"] == "A user, with the accounts that are open to them."
    assert schema["additionalProperties"] is True
    features = pydantic.TypeAdapter(models.PaidFeatureList).json_schema()
    assert "CDN" in features["properties"]
    assert "required" not in features


@pytest.mark.parametrize("mode", ["validation", "serialization"])
@pytest.mark.parametrize("name", [name for name in dir(models) if name not in ("Model", "UNSET", "Unset")])
def test_every_model_and_enum_has_a_json_schema(name: str, mode: JsonSchemaMode) -> None:
    if isinstance(model := getattr(models, name), type):
        schema = pydantic.TypeAdapter(model).json_schema(mode=mode)
        assert "UNSET" not in json.dumps(schema)


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_json_schema_of_a_timestamp_has_its_format(mode: JsonSchemaMode) -> None:
    schema = pydantic.TypeAdapter(models.TokenResponse).json_schema(mode=mode)
    assert schema["properties"]["created"] == {"format": "date-time", "title": "Created", "type": "string"}


def test_the_json_schema_of_an_enum_is_open() -> None:
    schema = pydantic.TypeAdapter(models.Language).json_schema()
    assert schema["anyOf"] == [{"enum": ["az", "de", "en", "ru", "zh"], "type": "string"}, {"type": "string"}]
    assert pydantic.TypeAdapter(models.Language).validate_json('"fr"') == models.Language("fr")


class Report(pydantic.BaseModel):
    user: models.User | None = None
    lang: models.Language = models.Language.EN
    at: models.Timestamp
    anything: Any = None


def test_models_are_fields_of_pydantic_models(user: models.User) -> None:
    text = "2026-05-15T06:37:28.230000Z"
    report = Report.model_validate({"user": user.to_dict(), "lang": "fr", "at": text, "anything": user})
    assert report.user == user
    assert report.lang == "fr"
    assert report.at.raw == text
    again = json.loads(report.model_dump_json())
    assert again == {"user": user.to_dict(), "lang": "fr", "at": text, "anything": user.to_dict()}
    with pytest.raises(pydantic.ValidationError, match="at"):
        Report.model_validate({"at": "soon"})


@pytest.fixture
def client(user: models.User) -> Iterator[Any]:
    fastapi = pytest.importorskip("fastapi")
    testclient = pytest.importorskip("fastapi.testclient")
    app, body_of_request = fastapi.FastAPI(), fastapi.Body()

    def get_me() -> models.User:
        return user

    def get_users() -> object:
        return [user]

    def invite(body: models.InviteUserRequest = body_of_request, lang: models.Language = models.Language.EN) -> str:
        assert isinstance(body, models.InviteUserRequest)
        return f"{body.email} {lang}"

    app.get("/me")(get_me)
    app.get("/users", response_model=list[models.User])(get_users)
    app.get("/untyped")(get_users)
    app.get("/without-email", response_model_exclude={"email"})(get_me)
    app.post("/invitations")(invite)
    with testclient.TestClient(app) as client:
        yield client


def test_fastapi_returns_models(client: Any, user: models.User) -> None:
    assert client.get("/me").json() == user.to_dict()
    assert client.get("/users").json() == [user.to_dict()]
    assert client.get("/untyped").json() == [user.to_dict()]


def test_fastapi_leaves_out_what_an_endpoint_excludes(client: Any, user: models.User) -> None:
    assert client.get("/without-email").json().keys() == user.to_dict().keys() - {"email"}


def test_vars_of_a_model_is_its_json_form_for_fastapi_alone(user: models.User) -> None:
    program = """
from gcore_iam import models
group = models.Group.from_dict({"id": 1})
try:
    vars(group)
except TypeError:
    import fastapi
    print(vars(group))
"""
    pytest.importorskip("fastapi")
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "{'id': 1}\n"


ACCOUNT: dict[str, Any] = {
    "companyName": "Ada Ltd",
    "serviceStatuses": {"CDN": {"status": "active", "enabled": True}, "DNS": None},
    "users": [{"id": 1, "name": None}, {"id": 2, "name": "Two"}],
}
"""What the selection sees: JSON."""


class Anything(models.Group):
    """A model whose JSON form is chosen by the test."""

    def to_dict(self) -> dict[str, Any]:
        return ACCOUNT


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"include": {"companyName"}}, {"companyName": "Ada Ltd"}),
        ({"include": {"company_name": True}}, {"companyName": "Ada Ltd"}),
        ({"include": {"users": {0: {"id"}}}}, {"users": [{"id": 1}]}),
        ({"include": {"users": {-1: ...}}}, {"users": [{"id": 2, "name": "Two"}]}),
        ({"include": {"users": {"__all__": {"id"}}}}, {"users": [{"id": 1}, {"id": 2}]}),
        ({"include": {"nothing"}}, {}),
        ({"exclude": {"users", "service_statuses"}}, {"companyName": "Ada Ltd"}),
        (
            {"exclude": {"users": True, "companyName": False, "serviceStatuses": {"CDN", "DNS"}}},
            {"companyName": "Ada Ltd", "serviceStatuses": {}},
        ),
        (
            {"exclude": {"users": {"__all__": {"name"}}, "serviceStatuses": ..., "companyName": ...}},
            {"users": [{"id": 1}, {"id": 2}]},
        ),
        ({"include": {"users"}, "exclude": {"users": {0}}}, {"users": [{"id": 2, "name": "Two"}]}),
        (
            {"include": {"serviceStatuses", "users"}, "exclude_none": True},
            {
                "serviceStatuses": {"CDN": {"status": "active", "enabled": True}},
                "users": [{"id": 1}, {"id": 2, "name": "Two"}],
            },
        ),
        ({}, ACCOUNT),
    ],
)
def test_pydantic_selects_from_the_json_form_of_a_model(options: dict[str, Any], expected: dict[str, Any]) -> None:
    adapter = pydantic.TypeAdapter(list[Anything])
    selection: dict[str, Any] = {key: value if key == "exclude_none" else {0: value} for key, value in options.items()}
    assert adapter.dump_python([Anything(1)], **selection) == [expected]
    assert json.loads(adapter.dump_json([Anything(1)], **selection)) == [expected]


def test_pydantic_writes_what_was_not_validated(user: models.User) -> None:
    assert Report.model_construct(user=user.to_dict(), at=None).model_dump()["user"] == user.to_dict()


def test_fastapi_takes_models_as_request_bodies(client: Any) -> None:
    body = {"email": "new@example.com", "user_role": {"id": 1}, "client_id": 1001}
    assert client.post("/invitations", json=body, params={"lang": "fr"}).json() == "new@example.com fr"
    refused = client.post("/invitations", json={})
    assert refused.status_code == 422
    assert "InviteUserRequest: required key" in refused.text


def test_fastapi_documents_models(client: Any) -> None:
    document = client.get("/openapi.json").json()
    assert {"User", "Group", "Language", "InviteUserRequest"} <= document["components"]["schemas"].keys()
    response = document["paths"]["/me"]["get"]["responses"]["200"]
    assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/User"}


def test_models_do_not_import_pydantic() -> None:
    program = """
import inspect, sys
from gcore_iam import models
user = models.Group.from_dict({"id": 1, "name": "Users"})
inspect.getmembers(user), user.to_dict(), models.as_record(user), models.Timestamp, models.Language.EN
print(sorted(name for name in sys.modules if name.startswith("pydantic")))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_pydantic_takes_any_model_for_their_base(user: models.User) -> None:
    base = pydantic.TypeAdapter(models.Model)
    assert base.validate_python(user) is user
    assert base.dump_python(user) == user.to_dict()
    with pytest.raises(pydantic.ValidationError):
        base.validate_python({})


def test_pydantic_takes_texts_and_datetimes_for_timestamps() -> None:
    timestamps = pydantic.TypeAdapter(models.Timestamp)
    moment = timestamps.validate_python("2026-07-14T12:00:00Z")
    assert timestamps.validate_python(moment) is moment
    assert timestamps.validate_python(datetime.datetime(2026, 7, 14, 12, tzinfo=datetime.UTC)) == moment
    assert timestamps.dump_json(moment) == b'"2026-07-14T12:00:00Z"'
    with pytest.raises(pydantic.ValidationError):
        timestamps.validate_python("noon")


def test_a_file_has_any_json_schema() -> None:
    @attrs.define
    class Upload(models.Model):
        file: File

    assert pydantic.TypeAdapter(Upload).json_schema()["properties"] == {"file": {"title": "File"}}
