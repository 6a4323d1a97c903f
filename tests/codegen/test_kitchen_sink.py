"""One description that holds everything odd at once: what comes of it imports, type-checks and does what it says."""

from __future__ import annotations

import datetime
import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints
from uuid import UUID

import attrs
import httpx
import pytest
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from codegen import generate, inventory, spec

NAME = "kitchen_sink"
DAY = datetime.date(2020, 1, 31)
MOMENT = datetime.datetime(2020, 1, 31, 12, tzinfo=datetime.UTC)
ID = UUID("12345678-1234-5678-1234-567812345678")

Sink = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """The generated package."""
    folder = tmp_path_factory.mktemp("sink")
    description = spec.load(Path(__file__).with_name("kitchen_sink.yaml"))
    with generate.generate_package(description, (), root / "generator-config.yml", beside=folder) as generated:
        # The check reports responses of any type.
        problems = inventory.find_missing(generated.document, generated.path, generated.config)
        (problem,) = problems
        assert problem.startswith("operation anything: has the success type Any; the spec leaves it open")
        generate.replace(generated, folder / NAME)
    return folder / NAME


@pytest.fixture(scope="module")
def sink(package: Path) -> Iterator[Sink]:
    """Imports a module of the generated package."""
    sys.path.insert(0, str(package.parent))
    yield lambda name: importlib.import_module(f"{NAME}.{name}")
    sys.path.remove(str(package.parent))
    for name in [name for name in sys.modules if name.split(".")[0] == NAME]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def models(sink: Sink) -> ModuleType:
    return sink("models")


class Server:
    """Returns the same response to every request and remembers the last request."""

    def __init__(self, client: Any) -> None:
        self.response = httpx.Response(204)
        self.request = httpx.Request("GET", "https://sink.example")
        self.client = client
        settings: dict[str, Any] = {"transport": httpx.MockTransport(self.handle), "base_url": "https://sink.example"}
        client.set_httpx_client(httpx.Client(**settings))
        client.set_async_httpx_client(httpx.AsyncClient(**settings))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        # A new one each time: httpx reads one either synchronously or asynchronously.
        return httpx.Response(self.response.status_code, headers=self.response.headers, content=self.response.content)

    def url(self) -> str:
        return self.request.url.raw_path.decode()


@pytest.fixture
def server(sink: Sink) -> Server:
    return Server(sink("client").Client("https://sink.example"))


@pytest.fixture
def receive(server: Server, sink: Sink) -> Callable[..., Any]:
    """Calls a function of the tag `default` with a response of the server, and returns the result."""

    def receive(module: str, status: int, content: Any = None, /, **arguments: Any) -> Any:
        server.response = httpx.Response(status, json=content) if content is not None else httpx.Response(status)
        return sink(f"api.default.{module}").sync(client=server.client, **arguments)

    return receive


# --- types ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_mypy_finds_nothing_in_it(package: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=../mypy", NAME],
        cwd=package.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout.startswith("Success: no issues found in "), run.stdout


@pytest.mark.slow
def test_pyright_finds_nothing_in_it(package: Path) -> None:
    settings = {"include": [NAME], "pythonVersion": "3.11"}
    (package.parent / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=package.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    report = json.loads(run.stdout)
    assert report["generalDiagnostics"] == []
    assert report["summary"]["filesAnalyzed"] == len(list(package.rglob("*.py")))


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("Client", "ClientModel"), ("Response", "ResponseModel"), ("Unset", "UnsetModel"), ("File", "FileModel"),
        ("Any", "AnyModel"), ("UUID", "UUIDModel"), ("Operation", "OperationModel"), ("Timestamp", "TimestampModel"),
        ("StrEnum", "StrEnumModel"), ("Self", "SelfModel"), ("Mapping", "MappingModel"), ("User2", "User2"),
        ("class", "Class"), ("import", "Import"), ("datetime", "Datetime"), ("Exception", "Exception_"),
    ],
)  # fmt: skip
def test_a_schema_may_have_the_name_of_something_else(models: ModuleType, schema: str, name: str) -> None:
    assert getattr(models, name).__name__ == name
    names = models.Names(client=models.ClientModel(a=1), response=models.ResponseModel())
    assert models.Names.from_dict(names.to_dict()) == names


def test_fields_of_such_types_hold_them(models: ModuleType) -> None:
    names = models.Names.from_dict(
        {"client": {"a": 1}, "response": {}, "unset": "a", "uuid": {"a": str(ID)}, "class": {"a": 2}, "import": "x",
         "datetime": {"date": "2020-01-31T12:00:00Z"}, "self": {"self": {}}, "mapping": {"m": {"n": {}}},
         "exception": {"KeyError": "k"}, "day": "2020-01-31", "id": str(ID), "$ref": "r"}
    )  # fmt: skip
    assert names.client == models.ClientModel(a=1)
    assert names.unset is models.UnsetModel.A
    assert names.uuid.a == ID
    assert names.class_.a == 2
    assert names.datetime_.date == MOMENT
    assert names.self_.self_ == models.SelfModel()
    assert names.mapping["m"]["n"] == models.MappingModel()
    assert (names.day, names.id, names.ref) == (DAY, ID, "r")


LOCALS: dict[str, Any] = {
    "self": "1", "cls": "2", "value": 3, "get": "2020-01-31T12:00:00Z", "model": 1, "key": "6", "src_dict": "7",
    "body": "8", "missing": "9", "additional_properties": "10", "additional_keys": "11", "to_dict": "12",
    "from_dict": "13", "from_dict_": "14", "to_multipart": "15", "items": ["2020-01-31"], "encode": str(ID),
    "decode_int": 18, "UNSET": "19", "datetime": "2020-01-31T12:00:00Z", "name": "21", "Level": "22", "level": -3,
    'a "quoted" \\ key': "24", "1st": "25", "_x": "26", "schöne Größe": 27, "camelCase": "28", "camel_case": "29",
}  # fmt: skip


def test_a_property_may_have_the_name_of_something_else(models: ModuleType) -> None:
    got = models.Locals.from_dict({**LOCALS, "unknown": "30"})
    assert got.to_dict() == {**LOCALS, "unknown": "30"}
    assert (got.self_, got.cls, got.value, got.get, got.model) == ("1", "2", 3, MOMENT, models.Level.VALUE_1)
    assert (got.additional_properties_, got.to_dict_, got.from_dict__, got.from_dict_) == ("10", "12", "13", "14")
    assert (got.items, got.encode, got.decode_int, got.unset) == ([DAY], ID, 18, "19")
    assert (got.Level_, got.level, got.camelCase, got.camel_case) == ("22", models.Level(-3), "28", "29")
    assert got.additional_properties == {"unknown": "30"}
    assert got.additional_keys == ["unknown"]


def test_a_missing_key_is_named_whatever_it_is(models: ModuleType, sink: Sink) -> None:
    for key in ("self", "cls", "value", "get", "model", "key", "src_dict"):
        with pytest.raises(sink("errors").InvalidBody, match=f"^Locals: required key '{key}' is missing$"):
            models.Locals.from_dict({name: value for name, value in LOCALS.items() if name != key})


def test_operations_of_one_name_have_a_module_for_each_tag(sink: Sink) -> None:
    assert sink("api.a.get_same").OPERATION.id == "getSame"
    assert sink("api.b.get_same").OPERATION.id == "get_same"
    assert sink("api.b.get_same").OPERATION.path == "/same/b"


def test_operations_without_an_id_are_distinguished(sink: Sink) -> None:
    assert sink("api.default.get_queries_id").OPERATION.path == "/queries/{id}"
    assert sink("api.default.get_queries_id_2").OPERATION.path == "/queries/id"


# --- requests ------------------------------------------------------------------------------------------------------


def segments(models: ModuleType, **changes: Any) -> dict[str, Any]:
    """The path parameters of the operation `odd`."""
    given = {"self_path": "a", "class_": 1, "user_id": ID, "field_x": True, "client_path": ["a"], "body_path": DAY}
    return {**given, "id": models.Level.VALUE_1, **changes}


def test_parameters_of_any_name_go_where_they_belong(server: Server, sink: Sink, models: ModuleType) -> None:
    server.response = httpx.Response(200, json=LOCALS)
    names = ("self_query", "client_query", "kwargs", "headers", "params", "response", "name", "value")
    more = {name: name for name in (*names, "quote", "encode", "httpx", "filtera")}
    got = sink("api.odd_things.odd").sync(
        **segments(models, self_path="a/b", field_x=False, client_path=["c,d", "e f"]),
        client=server.client,
        body=models.Locals.from_dict(LOCALS),
        datetime_=MOMENT,
        **more,
    )
    assert isinstance(got, models.Locals)
    path, _, query = server.url().partition("?")
    assert path == f"/odd/a%2Fb/1/{ID}/false/c%2Cd,e%20f/2020-01-31/1"
    expected = {"self": "self_query", "client": "client_query", "filter[a]": "filtera"}
    expected |= {name: name for name in names[2:]} | {"quote": "quote", "encode": "encode", "httpx": "httpx"}
    assert dict(httpx.QueryParams(query)) == {**expected, "datetime": "2020-01-31T12:00:00+00:00"}
    assert json.loads(server.request.content) == LOCALS


@pytest.mark.parametrize("value", [".", "..", "...", "../../x", "a/../b", "%2e%2e", "?a=b#c", "ü"])
def test_a_path_parameter_stays_one_segment(server: Server, sink: Sink, models: ModuleType, value: str) -> None:
    server.response = httpx.Response(200, json=LOCALS)
    body = models.Locals.from_dict(LOCALS)
    sink("api.odd_things.odd").sync(**segments(models, self_path=value), client=server.client, body=body)
    path = server.url().partition("?")[0]
    assert path.count("/") == 8
    assert path.endswith(f"/1/{ID}/true/a/2020-01-31/1")
    assert httpx.URL(f"https://sink.example{path}").raw_path.decode() == path


def test_query_header_and_cookie_parameters_are_sent(server: Server, sink: Sink, models: ModuleType) -> None:
    server.response = httpx.Response(200, text="plain")
    got = sink("api.default.get_queries").sync(
        client=server.client, list_=["a", "b,c"], levels=[models.Level.VALUE_1, models.Level(7)],
        level=models.Level.VALUE_2, color=models.GetQueriesColor.GREEN, day=DAY, at=MOMENT, flag=True, number=2.5,
        id=ID, maybe=None, either=3, x_trace="t", x_flag=False, x_level=models.Level.VALUE_1, session="s", since=DAY,
    )  # fmt: skip
    assert got == "plain"
    assert httpx.QueryParams(server.request.url.query).multi_items() == [
        ("list", "a"), ("list", "b,c"), ("levels", "1"), ("levels", "7"), ("level", "2"), ("color", "green"),
        ("day", "2020-01-31"), ("at", "2020-01-31T12:00:00+00:00"), ("flag", "true"), ("number", "2.5"),
        ("id", str(ID)), ("either", "3"),
    ]  # fmt: skip
    headers = server.request.headers
    assert (headers["X-Trace"], headers["X-Flag"], headers["X-Level"]) == ("t", "false", "1")
    assert headers["Cookie"] == "session=s; since=2020-01-31"


def test_omitted_parameters_are_sent_only_with_their_defaults(server: Server, sink: Sink) -> None:
    server.response = httpx.Response(200, text="plain")
    sink("api.default.get_queries").sync(client=server.client, levels=[], x_trace="t")
    assert dict(httpx.QueryParams(server.request.url.query)) == {"color": "red", "flag": "false", "number": "1.5"}
    assert "Cookie" not in server.request.headers
    assert "X-Flag" not in server.request.headers


@pytest.mark.anyio
async def test_files_and_forms_go_out_sync_and_async(server: Server, sink: Sink, models: ModuleType) -> None:
    file_type, upload = sink("types").File, sink("api.default.upload")

    def body() -> Any:
        return models.UploadBody(
            file=file_type(BytesIO(b"\x00\xff"), "f.bin", "image/png"), count=3, flag=True, day=DAY, tags=["a", "b"],
            more=models.UploadBodyMore(a=1),
        )  # fmt: skip

    upload.sync(client=server.client, body=body())
    first = server.request.read()
    boundary = server.request.headers["Content-Type"].partition("boundary=")[2].encode()
    await upload.asyncio(client=server.client, body=body())
    second = await server.request.aread()
    assert second.replace(server.request.headers["Content-Type"].partition("boundary=")[2].encode(), boundary) == first
    parts = [part.partition(b"\r\n\r\n") for part in first.split(b"--" + boundary)[1:-1]]
    found = [(head.split(b'name="')[1].split(b'"')[0].decode(), content[:-2]) for head, _, content in parts]
    assert found == [
        ("file", b"\x00\xff"), ("count", b"3"), ("flag", b"true"), ("day", b"2020-01-31"), ("tags", b"a"),
        ("tags", b"b"), ("more", b'{"a": 1}'),
    ]  # fmt: skip
    assert b'filename="f.bin"' in first
    assert b"Content-Type: image/png" in first


@pytest.mark.anyio
async def test_bytes_go_out_and_come_back_sync_and_async(server: Server, sink: Sink) -> None:
    file_type, send = sink("types").File, sink("api.default.send_bytes")
    server.response = httpx.Response(200, content=b"back")
    got = send.sync(client=server.client, body=file_type(BytesIO(b"there")))
    assert (server.request.content, server.request.headers["Content-Type"]) == (b"there", "application/octet-stream")
    assert got.payload.read() == b"back"
    got = await send.asyncio(client=server.client, body=file_type(BytesIO(b"there")))
    assert (server.request.content, got.payload.read()) == (b"there", b"back")
    server.response = httpx.Response(201, content=b"raw")
    assert send.sync(client=server.client, body=file_type(BytesIO())) == b"raw"


def test_an_optional_form_may_be_left_out(server: Server, sink: Sink, models: ModuleType) -> None:
    send = sink("api.default.send_form")
    send.sync(client=server.client)
    assert server.request.content == b""
    assert "Content-Type" not in server.request.headers
    send.sync(client=server.client, body=models.SendFormBody(a="x y", b=True), body_query="other")
    assert server.url() == "/form?body=other"
    assert server.request.content == b"a=x+y&b=true"
    assert server.request.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_of_several_bodies_the_one_that_was_given_goes_out(server: Server, sink: Sink, models: ModuleType) -> None:
    send = sink("api.default.many")
    expected = [
        (models.ManyJsonBody(a=1), "application/json", b'{"a":1}'),
        (models.ManyDataBody(a=1), "application/x-www-form-urlencoded", b"a=1"),
        (models.ManyFilesBody(a=1), "multipart/form-data", b"\r\n1\r\n"),
        ([1, 2], "application/vnd.list+json", b"[1,2]"),
    ]
    for body, media_type, content in expected:
        send.sync(client=server.client, body=body)
        assert server.request.headers["Content-Type"].split(";")[0] == media_type
        assert content in server.request.read()


def test_a_body_of_any_kind_goes_out(receive: Callable[..., Any], server: Server) -> None:
    assert receive("anything", 200, {"a": [1]}, body=[1, None]) == {"a": [1]}
    assert json.loads(server.request.content) == [1, None]
    receive("anything", 200, 1)
    assert server.request.content == b""


def test_credentials_go_only_where_they_are_wanted(sink: Sink, models: ModuleType) -> None:
    seen: dict[str, str | None] = {}

    def handle(request: httpx.Request) -> httpx.Response:
        seen[request.extensions["operation"].id] = request.headers.get("Authorization")
        return httpx.Response(200, json=LOCALS)

    transport = httpx.MockTransport(handle)
    client = sink("client").AuthenticatedClient(
        "https://sink.example", token="secret", httpx_args={"transport": transport}
    )
    body = models.Locals.from_dict(LOCALS)
    sink("api.odd_things.odd").sync(**segments(models), client=client, body=body)
    sink("api.default.anything").sync(client=client)
    assert seen == {"odd": None, "anything": "Bearer secret"}


# --- responses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "content", "expected"),
    [
        ("scalar_int", 7, 7), ("scalar_int", 7.0, 7), ("scalar_date", "2020-01-31", DAY), ("scalar_uuid", str(ID), ID),
        ("scalar_enum", 2, 2), ("scalar_enum", 99, 99), ("maybe", [1], [1]), ("get_queries_id_2", ["a"], ["a"]),
    ],
)  # fmt: skip
def test_a_response_may_be_a_scalar_or_an_array(
    receive: Callable[..., Any], module: str, content: Any, expected: Any
) -> None:
    got = receive(module, 200, content)
    assert got == expected
    assert isinstance(got, type(expected))


def test_a_response_may_be_an_array_of_arrays(receive: Callable[..., Any], models: ModuleType) -> None:
    got = receive("nested", 200, [[{"meows": True}], []])
    assert got == [[models.Cat(meows=True)], []]


def test_each_success_has_its_own_type(
    receive: Callable[..., Any], server: Server, sink: Sink, models: ModuleType
) -> None:
    body = [1]
    assert receive("many", 200, {"meows": True}, body=body) == models.Cat(meows=True)
    assert receive("many", 201, {"barks": True}, body=body) == models.Dog(barks=True)
    assert receive("many", 204, body=body) is None
    assert receive("many", 299, "2020-01-31T12:00:00Z", body=body) == MOMENT
    assert receive("many", 404, {"meows": True}, body=body) is None
    assert receive("many", 520, {"meows": True}, body=body) is None
    server.response = httpx.Response(202, html="<p>ü</p>")
    assert sink("api.default.many").sync(client=server.client, body=body) == "<p>ü</p>"


def test_a_lone_default_is_for_successes(receive: Callable[..., Any], models: ModuleType) -> None:
    assert receive("only_default", 200, {"barks": True, "born": "2020-01-31"}) == models.Dog(barks=True, born=DAY)
    assert receive("only_default", 500, {"meows": True}) is None
    assert receive("only_default", 404, "nothing here") is None


def test_an_operation_without_successes_returns_nothing(server: Server, sink: Sink) -> None:
    assert sink("api.import_.import_").sync(client=server.client) is None


# --- models --------------------------------------------------------------------------------------------------------


def test_defaults_are_what_the_description_says(models: ModuleType, sink: Sink) -> None:
    got = models.Defaults()
    assert got.to_dict() == {
        "needed": 3, "count": 5, "ratio": 0.5, "flag": True, "text": r'say "hi"\n', "color": "green", "inline": "off",
        "level": 2, "day": "2020-01-31", "at": "2020-01-31T00:00:00+00:00", "id": str(ID), "maybe_color": "red",
        "either": 7,
    }  # fmt: skip
    assert got.color is models.Color.GREEN
    assert got.map_ is sink("types").UNSET
    assert models.Defaults.from_dict({"needed": 4}).to_dict() == {"needed": 4}


def test_quotes_and_backslashes_stay_in_a_docstring(models: ModuleType) -> None:
    assert models.Defaults.__doc__ == "Ends with a backslash \\ and quotes " + '"' * 3
    assert models.Level.__doc__.startswith('How high. A "quote"\n')


def test_enums_of_every_kind_round_trip(models: ModuleType) -> None:
    assert [color.value for color in models.Color] == ["blue-ish", "green", "red", "", "*", "1"]
    assert [level.value for level in models.Level] == [1, 2, -3]
    assert models.Color("mauve") == "mauve"
    assert models.Level(99) == 99


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("Counts", {"a": 1, "b": 2}), ("Dates", {"a": "x", "b": "2020-01-31T12:00:00Z"}), ("Empty", {}),
        ("Cats", {"tom": {"meows": True, "kind": "grey"}}), ("Inline", {"x": {"a": 1, "b": 2}}), ("Strict", {"a": 1}),
        ("Tree", {"name": "a", "parent": {"name": "b", "parent": None}, "children": [{"name": "c", "children": []}],
                  "by_name": {"d": {"name": "d"}}}),
        ("Owner", {"pet": {"barks": True}, "pets": [{"meows": False}, {"barks": True}], "thing": str(ID), "when": 5}),
        ("Owner", {"thing": 3, "when": "2020-01-31T12:00:00Z", "status": None, "object": None, "ids": None}),
        ("Owner", {"thing": [{"meows": True}], "when": None, "matrix": [[1, 99], []], "anything": {"a": [None]}}),
        ("Owner", {"thing": {"x": 1}, "list_of_any": [1, "a", None], "status": "up", "object": {"a": 1}, "ids": [1],
                   "number": 1.5, "choice": True, "nothing": None, "fixed": "cat", "pair": ["a", "2020-01-31"]}),
    ],
)  # fmt: skip
def test_what_came_in_goes_out(models: ModuleType, name: str, data: dict[str, Any]) -> None:
    assert getattr(models, name).from_dict(data).to_dict() == data


def test_unions_hold_what_fits(models: ModuleType) -> None:
    owner = models.Owner.from_dict(
        {"pet": {"barks": True}, "pets": [{"meows": False}], "thing": str(ID), "when": "2020-01-31T12:00:00Z"}
    )
    assert (owner.pet, owner.pets) == (models.Dog(barks=True), [models.Cat(meows=False)])
    assert (owner.thing, owner.when) == (ID, MOMENT)
    assert models.Owner.from_dict({"thing": [{"meows": True}]}).thing == [models.Cat(meows=True)]
    assert models.Owner.from_dict({"thing": {"x": 1}}).thing == models.OwnerThingType3(x=1)


def test_recursive_models_hold_themselves(models: ModuleType) -> None:
    tree = models.Tree.from_dict({"name": "a", "parent": {"name": "b"}, "by_name": {"c": {"name": "c"}}})
    assert tree.parent == models.Tree(name="b")
    assert tree.by_name["c"] == models.Tree(name="c")


def test_additional_properties_have_the_type_that_is_stated(models: ModuleType) -> None:
    assert models.Dates.from_dict({"b": "2020-01-31T12:00:00Z"})["b"] == MOMENT
    assert models.Cats.from_dict({"tom": {"meows": True}})["tom"] == models.Cat(meows=True)
    assert models.Inline.from_dict({"x": {"a": 1}})["x"] == models.InlineAdditionalProperty(a=1)
    assert not hasattr(models.Strict(a=1), "additional_properties")


def test_no_repr_shows_what_is_marked_as_secret(models: ModuleType) -> None:
    data = {"one": "s3cret", "many": ["s3cret"], "maybe": "s3cret", "either": "s3cret", "plain": "shown"}
    got = models.Secrets.from_dict(data)
    assert "s3cret" not in repr(got)
    assert "shown" in repr(got)
    assert got.to_dict() == data


# --- frameworks ------------------------------------------------------------------------------------------------------


def test_annotations_of_every_model_resolve(models: ModuleType) -> None:
    for name in models.__all__:
        model = getattr(models, name)
        get_type_hints(model)
        if attrs.has(model):
            get_type_hints(model.__init__)
            inspect.signature(model, eval_str=True)


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_pydantic_describes_every_model(models: ModuleType, mode: JsonSchemaMode) -> None:
    for name in models.__all__:
        schema = TypeAdapter(getattr(models, name)).json_schema(mode=mode)
        assert '"default": "UNSET"' not in json.dumps(schema)


def test_pydantic_describes_a_model_that_contains_itself(models: ModuleType) -> None:
    trees: TypeAdapter[Any] = TypeAdapter(models.Tree)
    schema = trees.json_schema()
    assert schema["$defs"]["Tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    body = {"name": "a", "children": [{"name": "b"}]}
    assert trees.dump_python(trees.validate_python(body)) == body


def test_a_model_without_additional_properties_is_not_iterable(models: ModuleType) -> None:
    with pytest.raises(TypeError, match=r"Empty is not iterable.*to_dict\(\)"):
        list(models.Empty())
    assert TypeAdapter(models.Empty).json_schema().get("additionalProperties") is not True
