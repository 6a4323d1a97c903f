"""Request and response bodies of every media type, forms and files."""

from __future__ import annotations

import base64
import datetime
import inspect
import json
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import httpx
import pytest

from codegen import generate, spec
from codegen.errors import CodegenError
from tests.codegen.corpus import Corpus
from tests.codegen.support import Api, Load

DAY = datetime.date(2026, 1, 2)
MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


def build_response(content: bytes, media_type: str) -> httpx.Response:
    return httpx.Response(200, content=content, headers={"content-type": media_type})


def parse_parts(request: httpx.Request) -> list[tuple[str, str | None, str, bytes]]:
    """The name, file name, media type and content of each part of a multipart body."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + request.content)
    parts: list[tuple[str, str | None, str, bytes]] = []
    for part in message.walk():
        if part is not message and isinstance(part, Message):
            name = str(part.get_param("name", header="content-disposition"))
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            parts.append((name, part.get_filename(), part.get_content_type(), payload))
    return parts


# --- responses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "media_type", "expected"),
    [
        (b"a,b", "text/csv; charset=utf-8", "a,b"),
        (b"<a/>", "application/xml", b"<a/>"),
        (b"GIF", "image/gif", b"GIF"),
        (b"GIF", "IMAGE/GIF", b"GIF"),
    ],
)
def test_a_response_is_read_by_its_media_type(
    corpus: Corpus, content: bytes, media_type: str, expected: object
) -> None:
    assert corpus.receive("media_responses", build_response(content, media_type)) == expected


def test_each_json_media_type_has_its_own_model(corpus: Corpus) -> None:
    models = corpus.models
    assert corpus.receive("media_responses", {"a": "x"}) == models.MediaResponsesResponse200(a="x")
    problem = corpus.receive("media_responses", build_response(b'{"title": "t"}', "application/problem+json"))
    assert problem == models.MediaResponsesResponse200ApplicationProblemJson(title="t")
    first = corpus.receive(
        "media_versions", build_response(b'{"a": 1}', "application/json; version=1"), body=build_version_1(corpus)
    )
    second = corpus.receive(
        "media_versions", build_response(b'{"b": 2}', 'application/json;version="2"'), body=build_version_1(corpus)
    )
    assert (first.to_dict(), second.to_dict()) == ({"a": 1}, {"b": 2})
    assert type(first) is not type(second)


def build_version_1(corpus: Corpus) -> Any:
    """The body of version 1."""
    return corpus.models.MediaVersionsJsonBody(a=1)


def test_a_file_keeps_its_media_type(corpus: Corpus) -> None:
    file = corpus.receive("media_responses", build_response(b"%PDF", "application/pdf"))
    assert (file.payload.read(), file.mime_type) == (b"%PDF", "application/pdf")


def test_a_caller_asks_for_a_media_type(corpus: Corpus) -> None:
    assert corpus.send("media_responses", accept="text/csv", response={"a": "x"}).headers["accept"] == "text/csv"
    assert corpus.send("media_responses", response={"a": "x"}).headers["accept"] == "*/*"
    assert "accept" not in inspect.signature(corpus.module("api.default.media_any").sync).parameters


def test_default_responses_have_several_media_types(corpus: Corpus) -> None:
    assert corpus.receive("media_default", 7) == 7
    assert corpus.receive("media_default", build_response(b"text", "text/plain")) == "text"


def test_odd_media_types_of_json_are_json(corpus: Corpus) -> None:
    assert corpus.receive("media_range", {"id": 1}) == corpus.models.Member(id=1)
    assert corpus.receive("media_any", {"a": [1]}) == {"a": [1]}
    assert corpus.receive("media_upper", 3) == 3


def test_a_form_in_a_response_is_bytes(corpus: Corpus) -> None:
    for media_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert corpus.receive("media_forms", build_response(b"a=1", media_type)) == b"a=1"


@pytest.mark.parametrize("operation", ["head_only", "no_content", "any_success", "any_status"])
def test_a_response_that_cannot_have_a_body_is_none(corpus_3_1: Corpus, operation: str) -> None:
    status = 200 if operation == "head_only" else 204
    assert corpus_3_1.receive(operation, httpx.Response(status)) is None
    if operation.startswith("any"):
        assert corpus_3_1.receive(operation, "x") == "x"


# --- requests --------------------------------------------------------------------------------------------------------


def test_a_body_goes_out_as_its_class_says(corpus: Corpus) -> None:
    sent = [
        (corpus.models.Member(id=1), "application/json", b'{"id":1}'),
        ("text", "text/plain", b"text"),
        (b"<a/>", "application/xml", b"<a/>"),
        (corpus.file(b"<b/>"), "application/xml", b"<b/>"),
    ]
    for body, media_type, content in sent:
        request = corpus.send("media_requests", body=body)
        assert (request.headers["content-type"], request.content) == (media_type, content)
    with pytest.raises(TypeError, match="mediaRequests: the body cannot be a int"):
        corpus.send("media_requests", body=1)


def test_versions_of_a_media_type_are_kept_apart(corpus: Corpus) -> None:
    second = corpus.models.MediaVersionsApplicationJsonVersion2(b=2)
    for body, version, content in ((build_version_1(corpus), 1, b'{"a":1}'), (second, 2, b'{"b":2}')):
        request = corpus.send(
            "media_versions", body=body, response=build_response(b'{"a": 1}', "application/json; version=1")
        )
        assert (request.headers["content-type"], request.content) == (f"application/json; version={version}", content)


def test_one_class_goes_out_as_the_argument_says(corpus: Corpus) -> None:
    body = corpus.models.Member(id=1, role=corpus.models.RoleAlias.ADMIN)
    assert corpus.send("media_shared", body=body).content == b'{"id":1,"role":"admin"}'
    form = corpus.send("media_shared", body=body, content_type="application/x-www-form-urlencoded")
    assert (form.headers["content-type"], form.content) == ("application/x-www-form-urlencoded", b"id=1&role=admin")
    parts = parse_parts(corpus.send("media_shared", body=body, content_type="multipart/form-data"))
    assert parts == [("id", None, "text/plain", b"1"), ("role", None, "text/plain", b"admin")]
    with pytest.raises(TypeError, match="cannot be a Member for text/plain"):
        corpus.send("media_shared", body=body, content_type="text/plain")


def test_a_file_of_any_image_type_says_which(corpus: Corpus) -> None:
    assert (
        corpus.send("media_image", body=corpus.file(b"x", mime_type="image/gif")).headers["content-type"] == "image/gif"
    )
    request = corpus.send("media_image", body=b"x")
    assert (request.headers["content-type"], request.content) == ("application/octet-stream", b"x")
    assert "content-type" not in corpus.send("media_image").headers


def test_bytes_need_no_schema_in_3_1(corpus_3_1: Corpus) -> None:
    request, response = corpus_3_1.exchange("upload_raw", body=b"\x00", response=build_response(b"\x01", "x/y"))
    assert (request.content, request.headers["content-type"], response) == (
        b"\x00",
        "application/octet-stream",
        b"\x01",
    )


# --- forms -----------------------------------------------------------------------------------------------------------


def test_a_form_follows_its_encoding(corpus: Corpus) -> None:
    models = corpus.models
    body = models.Form(
        text="a b&c", flag=True, at=MOMENT, note=None, tags=["x", "y"], address=models.Filter(name="n", day=DAY),
        addresses=[models.Filter(name="m")], piped=["1", "2"], deep=models.Filter(name="d"), joined=["3", "4,5"],
        reserved="a/b",
    )  # fmt: skip
    request = corpus.send("urlencoded", body=body)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.content.decode().split("&") == [
        "text=a+b%26c", "flag=true", "at=2026-01-02T03%3A04%3A05%2B00%3A00", "tags=x", "tags=y",
        "address=%7B%22name%22%3A+%22n%22%2C+%22day%22%3A+%222026-01-02%22%7D", "addresses=%7B%22name%22%3A+%22m%22%7D",
        "piped=1%7C2", "deep%5Bname%5D=d", "joined=3,4%2C5", "reserved=a/b",
    ]  # fmt: skip


def test_a_multipart_form_follows_its_encoding(corpus: Corpus) -> None:
    models = corpus.models
    body = models.MultipartBody(
        file=corpus.file(b"png"), files=[corpus.file(b"1", file_name="one.txt"), b"2"], note=None, at=MOMENT, count=3,
        address=models.Filter(day=DAY), addresses=[models.Filter(name="a"), models.Filter(name="b")], tags=["x", "y"],
        text="*hi*",
    )  # fmt: skip
    assert parse_parts(corpus.send("multipart", body=body)) == [
        ("file", "file", "image/png", b"png"),
        ("files", "one.txt", "text/plain", b"1"),
        ("files", "files", "application/octet-stream", b"2"),
        ("address", None, "application/json", b'{"day": "2026-01-02"}'),
        ("addresses", None, "application/json", b'{"name": "a"}'),
        ("addresses", None, "application/json", b'{"name": "b"}'),
        ("at", None, "text/plain", b"2026-01-02T03:04:05+00:00"),
        ("tags", None, "text/plain", b"x"),
        ("tags", None, "text/plain", b"y"),
        ("count", None, "text/plain", b"3"),
        ("text", None, "text/markdown", b"*hi*"),
    ]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize(
    ("operation", "argument", "wrapper"),
    [
        ("values", "x_json", None), ("values", "json", None),
        ("send_values", "body", "SendValuesBody"), ("upload_values", "body", "UploadValuesBody"),
    ],
)  # fmt: skip
def test_a_number_that_json_lacks_is_refused(
    corpus_3_1: Corpus, operation: str, argument: str, wrapper: str | None, number: float
) -> None:
    value = corpus_3_1.models.Values(number=number)
    if wrapper:
        value = getattr(corpus_3_1.models, wrapper)(values=value)
    with pytest.raises(ValueError, match="not JSON compliant"):
        corpus_3_1.send(operation, **{argument: value}, response={})


def test_null_is_left_out_of_a_multipart_form(corpus: Corpus) -> None:
    body = corpus.models.MultipartBody(note=None, count=1, tags=["a", None])
    assert parse_parts(corpus.send("multipart", body=body)) == [
        ("tags", None, "text/plain", b"a"), ("count", None, "text/plain", b"1"),
    ]  # fmt: skip


def test_content_media_types_are_uploads_in_3_1(corpus_3_1: Corpus) -> None:
    file = corpus_3_1.file
    body = corpus_3_1.models.UploadBody(
        file=file(b"\x00\xff"), image=file(b"png", file_name="a.png"), encoded=file(b"\x89"), shared=file(b"s"),
        files=[file(b"1"), file(b"2")], maybe=None, meta=corpus_3_1.models.UploadBodyMeta(thumbnail="aGk="),
    )  # fmt: skip
    assert parse_parts(corpus_3_1.send("upload", body=body)) == [
        ("file", "file", "application/octet-stream", b"\x00\xff"),
        ("image", "a.png", "image/png", b"png"),
        ("encoded", "encoded", "image/png", base64.b64encode(b"\x89")),
        ("files", "files", "application/octet-stream", b"1"),
        ("files", "files", "application/octet-stream", b"2"),
        ("shared", "shared", "application/octet-stream", b"s"),
        ("meta", None, "application/json", b'{"thumbnail": "aGk="}'),
    ]


def test_a_schema_of_a_form_and_of_json_has_two_classes(corpus_3_1: Corpus) -> None:
    models = corpus_3_1.models
    form = models.DocumentForm(name="a", content=corpus_3_1.file(b"x"))
    assert parse_parts(corpus_3_1.send("upload_shared", body=form, response={"name": "a", "content": "x"})) == [
        ("name", None, "text/plain", b"a"), ("content", "content", "application/octet-stream", b"x"),
    ]  # fmt: skip
    text = models.Document(name="a", content="x")
    request, response = corpus_3_1.exchange("upload_shared", body=text, response={"name": "a", "content": "x"})
    assert (json.loads(request.content), response) == ({"name": "a", "content": "x"}, text)


def test_a_multipart_form_has_alternatives(corpus_3_1: Corpus) -> None:
    models = corpus_3_1.models

    def send(body: object) -> list[tuple[str, str | None, str, bytes]]:
        return parse_parts(corpus_3_1.send("form_alternatives", body=body))

    assert send(models.ByFile(file=b"%PDF", meta=models.ByFileMeta(n=1))) == [
        ("file", "file", "application/pdf", b"%PDF"),
        ("meta", None, "application/vnd.meta+json", b'{"n": 1}'),
    ]
    assert send(models.ByTextType0(text="t", note=None)) == [("text", None, "text/plain", b"t")]
    data = parse_parts(corpus_3_1.send("form_alternatives", body=models.ByTextType1(data=b"\x00")))
    assert data == [("data", "data", "application/octet-stream", base64.b64encode(b"\x00"))]
    assert corpus_3_1.send("form_alternatives", body=models.Foo(n=1)).content == b'{"n":1}'


def test_binary_texts_are_files_in_forms_only(corpus: Corpus) -> None:
    models = corpus.models
    text = models.Attachment(data="x", more=["y"])
    text["z"] = "w"
    request, response = corpus.exchange("media_binary", body=text, response=text.to_dict())
    assert (json.loads(request.content), response) == ({"data": "x", "more": ["y"], "z": "w"}, text)
    form = models.AttachmentForm(data=b"x", more=[corpus.file(b"y")])
    form["z"] = b"w"
    assert [(name, content) for name, _, _, content in parse_parts(corpus.send("media_binary", body=form))] == [
        ("data", b"x"), ("more", b"y"), ("z", b"w"),
    ]  # fmt: skip


def test_a_form_that_may_be_null_may_be_left_out(corpus_3_1: Corpus) -> None:
    sent = corpus_3_1.send("form_optional", body=corpus_3_1.models.Foo(n=1))
    assert parse_parts(sent) == [("n", None, "text/plain", b"1")]
    assert corpus_3_1.send("form_optional").content == b""


def test_a_form_without_a_schema_has_any_parts(corpus_3_1: Corpus) -> None:
    form = corpus_3_1.models.FormOpenBody()
    form["file"], form["n"], form["none"], form["list"] = corpus_3_1.file(b"x"), {"a": None}, None, [1, True]
    assert parse_parts(corpus_3_1.send("form_open", body=form)) == [
        ("file", "file", "application/octet-stream", b"x"),
        ("n", None, "application/json", b'{"a": null}'),
        ("list", None, "text/plain", b"1"),
        ("list", None, "text/plain", b"true"),
    ]
    empty = corpus_3_1.models.FormOpenBody()
    empty["none"] = None
    request = corpus_3_1.send("form_open", body=empty)
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert (request.content, parse_parts(request)) == (b"--empty--\r\n", [])
    pairs = corpus_3_1.models.FormOpenUrlencodedBody()
    pairs["a b"], pairs["c"] = "d&e", [1, 2]
    assert corpus_3_1.send("form_open_urlencoded", body=pairs).content == b"a+b=d%26e&c=1&c=2"


# --- dropped ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media_type", "media", "problem"),
    [
        (
            "multipart/form-data",
            {"schema": {"type": "object", "properties": {"a": {"type": "object", "properties": {}}}},
             "encoding": {"a": {"contentType": "application/xml"}}},
            "its property 'a' is an object that is to be sent as application/xml",
        ),
        (
            "application/x-www-form-urlencoded",
            {"schema": {"type": "object", "properties": {"a": {"type": "string", "format": "binary"}}}},
            "its property 'a' is a file, which only multipart/form-data can hold",
        ),
        (
            "application/x-www-form-urlencoded",
            {"schema": {"type": "object", "properties": {"a": {"type": "string"}}},
             "encoding": {"a": {"style": "odd"}}},
            "OpenAPI has no style 'odd' for its property 'a'",
        ),
        (
            "multipart/form-data",
            {"schema": {"oneOf": [{"type": "object", "properties": {"a": {"type": "string", "contentMediaType": kind}}}
                                  for kind in ("image/png", "image/gif")]}},
            "its alternatives send the property 'a' as different media types",
        ),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_sent_is_reported(
    load: Load, api: Api, root: Path, media_type: str, media: dict[str, Any], problem: str
) -> None:
    body = {"content": {media_type: media}}
    operation = {"operationId": "x", "requestBody": body, "responses": {"204": {"description": ""}}}
    document: spec.Spec = load(api({"/x": {"post": operation}}))
    with (
        pytest.raises(CodegenError, match=f"operation x loses its {media_type} request body: {problem}"),
        generate.generate_package(document, (), root / "generator-config.yml"),
    ):
        pass
