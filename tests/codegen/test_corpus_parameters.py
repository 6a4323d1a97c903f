"""Parameters and API keys go over the wire as OpenAPI's tables say."""

from __future__ import annotations

import datetime
import inspect
import subprocess
import sys
from typing import Any

import httpx
import pytest

from tests.codegen.corpus import ARRAY, COLORS, STYLES, Corpus

DAY = datetime.date(2026, 1, 2)
MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


def get_url(request: httpx.Request) -> str:
    return request.url.raw_path.decode().removeprefix("/v1")


@pytest.mark.slow
def test_mypy_accepts_the_corpus(corpora: dict[str, Corpus]) -> None:
    folder = corpora["corpus_3_0"].path.parent
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=mypy", *corpora],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout.startswith("Success: no issues found in "), run.stdout


@pytest.mark.parametrize("name", STYLES)
def test_a_parameter_goes_out_in_its_style(corpus: Corpus, name: str) -> None:
    location, _, schema, expected = STYLES[name]
    value: Any = "blue"
    if schema is ARRAY:
        value = ["blue", "bl,ack"]
    elif schema is COLORS:
        color = getattr(corpus.models, "".join(map(str.capitalize, name.split("_"))) + "Color")
        value = color(r=100, g=200)
    request = corpus.send(name, value) if location == "path" else corpus.send(name, color=value)
    path, _, query = get_url(request).partition("?")
    sent = {
        "path": path.removeprefix(f"/styles/{name}"),
        "query": query,
        "header": request.headers.get("color"),
        "cookie": request.headers.get("cookie"),
    }
    assert sent[location] == expected


def test_dates_and_arrays_go_into_headers(corpus: Corpus) -> None:
    request = corpus.send("parameter_types", x_day=DAY, x_at=MOMENT, x_maybe="a", x_levels=[1, 2], x_either=DAY)
    sent = {name: request.headers[name] for name in ("X-Day", "X-At", "X-Maybe", "X-Levels", "X-Either")}
    assert sent == {
        "X-Day": "2026-01-02", "X-At": "2026-01-02T03:04:05+00:00", "X-Maybe": "a", "X-Levels": "1,2",
        "X-Either": "2026-01-02",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "sent"),
    [([], "%2E"), ([""], "%2E"), (["."], "%2E%2E"), ([".."], "%2E%2E%2E"), (["a"], ".a"), (["a", "."], ".a,.")],
)
def test_a_label_leads_nowhere_else(corpus_3_1: Corpus, labels: list[str], sent: str) -> None:
    assert get_url(corpus_3_1.send("labels", labels)) == f"/dots/{sent}/end"


def test_any_name_may_stand_in_a_path(corpus_3_1: Corpus) -> None:
    request = corpus_3_1.send(
        "odd_path_names", user_id_path="u/1", user_id=5, field_1="one", naïve="ü", user_id_query="q"
    )
    assert get_url(request) == "/names/5/one/.%C3%BC/u%2F1?user_id=q"


def test_a_path_parameter_is_always_required(corpus_3_1: Corpus) -> None:
    assert get_url(corpus_3_1.send("optional_in_path", 1, response={})) == "/optional/1"
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'id'"):
        corpus_3_1.send("optional_in_path", response={})


def test_a_parameter_has_no_read_only_properties(corpus_3_1: Corpus) -> None:
    request, response = corpus_3_1.exchange(
        "view_of_parameter", filter_=corpus_3_1.models.ViewedInput(name="a"), response={"id": 1, "name": "a"}
    )
    assert get_url(request) == "/views?filter%5Bname%5D=a"
    assert response == corpus_3_1.models.Viewed(id=1, name="a")


def test_null_and_empty_arrays_are_left_out(corpus: Corpus, corpus_3_1: Corpus) -> None:
    request = corpus.send("parameter_types", x_maybe=None, x_levels=[], days=[], any_=None)
    assert not {"x-maybe", "x-levels"} & request.headers.keys()
    assert get_url(request) == "/parameters/types"
    assert get_url(corpus_3_1.send("parameters", maybe=["a", None], x_when=None)) == "/parameters?maybe=a"


def test_a_nested_object_goes_out_in_brackets(corpus: Corpus) -> None:
    inner = corpus.models.FilterInner(a=[1, 2])
    request = corpus.send("parameter_types", x_maybe="", deep=corpus.models.Filter(name="a&b", day=DAY, inner=inner))
    assert httpx.QueryParams(request.url.query).multi_items() == [
        ("deep[name]", "a&b"), ("deep[day]", "2026-01-02"), ("deep[inner][a]", "1"), ("deep[inner][a]", "2"),
    ]  # fmt: skip


@pytest.mark.anyio
async def test_parameters_of_the_client_go_out_as_well(corpus: Corpus) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    settings = {"transport": httpx.MockTransport(handle), "params": {"v": "2"}}
    client = corpus.module("client").Client(base_url="http://api.example", httpx_args=settings)
    function = corpus.module("api.default.query_form_array")
    function.sync(client=client, color=["blue", "bl,ack"])
    await function.asyncio(client=client, color=["blue", "bl,ack"])
    assert [request.url.query for request in seen] == [b"color=blue,bl%2Cack&v=2"] * 2


def test_values_of_any_type_are_never_python_text(corpus: Corpus) -> None:
    request = corpus.send("parameter_types", x_maybe="", any_={"a": [True, None]}, at=MOMENT, days=[DAY, DAY])
    assert get_url(request) == (
        "/parameters/types?at=2026-01-02T03%3A04%3A05%2B00%3A00&days=2026-01-02,2026-01-02&a=%5Btrue%2Cnull%5D"
    )


def test_reserved_characters_stay_where_they_are_allowed(corpus: Corpus) -> None:
    assert get_url(corpus.send("parameter_types", x_maybe="", raw="a/b?c:d e&f#g")).partition("?")[2] == (
        "raw=a/b?c:d%20e%26f%23g"
    )


def test_a_cookie_cannot_smuggle_another_one(corpus: Corpus) -> None:
    request = corpus.send("parameter_types", x_maybe="", session="a; admin=1")
    assert request.headers["cookie"] == "session=a%3B%20admin=1"


def test_dates_go_into_paths(corpus: Corpus) -> None:
    path = get_url(corpus.send("path_types", DAY, MOMENT, "a/b"))
    assert path == "/parameters/days/2026-01-02/2026-01-02T03%3A04%3A05%2B00%3A00/a%2Fb"
    with pytest.raises(ValueError, match="must not be None"):
        corpus.send("path_types", DAY, MOMENT, None)


def test_a_datetime_without_an_offset_is_refused(corpus: Corpus) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        corpus.send("parameter_types", x_maybe="", at=MOMENT.replace(tzinfo=None))


def test_a_received_datetime_goes_out_with_an_offset(corpus: Corpus) -> None:
    moment = corpus.module("types").decode_datetime("2026-01-02T03:04:05")
    request = corpus.send("parameter_types", x_maybe="", at=moment, x_at=moment)
    assert (request.url.params["at"], request.headers["x-at"]) == ("2026-01-02T03:04:05+00:00",) * 2
    form = corpus.send("urlencoded", body=corpus.models.Form(at=moment))
    assert form.content == b"at=2026-01-02T03%3A04%3A05%2B00%3A00"


def test_headers_that_openapi_ignores_are_no_parameters(corpus: Corpus) -> None:
    assert list(inspect.signature(corpus.module("api.default.ignored_headers").sync).parameters) == ["client", "x_kept"]


def test_one_name_in_several_places_goes_to_each(corpus: Corpus) -> None:
    request = corpus.send("same_names", name_path="a", name_query=["b", "c"], name=["d", "e"])
    assert (get_url(request), request.headers["name"]) == ("/parameters/same/a?name=b&name=c", "d,e")


def test_a_parameter_of_two_types_goes_out_in_its_style(corpus_3_1: Corpus) -> None:
    either = corpus_3_1.models.ParametersEither(a="x y")
    assert get_url(corpus_3_1.send("parameters", either=either)) == "/parameters?either%5Ba%5D=x%20y"


@pytest.mark.parametrize(
    ("operation", "arguments", "options", "sent"),
    [
        ("fixed_query", [], {"text": "a&b", "list_": ["c", "d"]}, "/queries?fixed=1&flag&text=a%26b&list=c%7Cd"),
        ("fixed_query", [], {}, "/queries?fixed=1&flag"),
        ("fixed_query_and_text", [], {"text": "?a"}, "/queries?fixed=2&text=%3Fa"),
        ("fixed_query_and_path", ["a?"], {"text": "b"}, "/queries/a%3F?fixed=3&text=b"),
        ("fragment", [], {"list_": ["a", "b"]}, "/queries?list=a,b"),
    ],
)
def test_a_path_may_have_a_query_or_a_fragment(
    corpus_3_1: Corpus, operation: str, arguments: list[str], options: dict[str, Any], sent: str
) -> None:
    assert get_url(corpus_3_1.send(operation, *arguments, **options)) == sent


def test_json_in_a_header_is_ascii(corpus_3_1: Corpus) -> None:
    values = corpus_3_1.models.Values(text="é")
    request = corpus_3_1.send("values", x_json=values, response={})
    assert request.headers["x-json"] == r'{"text":"\u00e9"}'


def test_an_enum_may_list_line_breaks(corpus_3_1: Corpus) -> None:
    assert get_url(corpus_3_1.send("values", delimiter="\t", response={})) == "/values/hidden?delimiter=%09"
    assert get_url(corpus_3_1.send("values", response={})) == "/values/hidden?delimiter=%0A"


# --- API keys --------------------------------------------------------------------------------------------------------


def authorize(corpus: Corpus, operation: str, **options: Any) -> httpx.Request:
    """The request of an operation from a client with the token `t/1`."""
    make = corpus.module("client").AuthenticatedClient
    return corpus.send(operation, client=lambda **settings: make(token="t/1", **settings), **options)


def test_an_api_key_goes_into_the_query(corpus: Corpus) -> None:
    assert get_url(authorize(corpus, "query_key")) == "/keys/query?api%20key=t%2F1"
    request = authorize(corpus, "query_key", a=["b", "c,d"])
    assert get_url(request) == "/keys/query?a=b,c%2Cd&api%20key=t%2F1"
    assert "authorization" not in request.headers


def test_an_api_key_goes_into_a_cookie(corpus: Corpus) -> None:
    assert authorize(corpus, "cookie_key").headers["cookie"] == "sid=t/1"
    assert authorize(corpus, "cookie_key", a="b").headers["cookie"] == "a=b; sid=t/1"


def test_an_api_key_goes_into_its_header(corpus: Corpus) -> None:
    request = authorize(corpus, "header_key")
    assert (request.headers["x-api-key"], "authorization" in request.headers) == ("t/1", False)
    assert authorize(corpus, "bearer_token").headers["authorization"] == "Bearer t/1"
    assert "authorization" not in authorize(corpus, "no_key").headers
