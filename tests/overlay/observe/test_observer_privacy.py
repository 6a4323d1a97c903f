"""No personal data and no secret of a response reaches an observation, a file, a report, a log line or an event."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from gcore_iam import IAMError
from gcore_iam.events import Event
from gcore_iam.observe import Observation, Observer, worker
from gcore_iam.observe.report import RENDERERS
from gcore_iam_client.description import DESCRIPTION
from gcore_iam_client.types import Operation

from ..conftest import ClientKind, ClientOptions
from ..test_canary import CALLS

CANARIES = {
    "an email address": "canary.crow@example.com",
    "a name": "Canary Crow",
    "a long name": "Ada Canary van der Crow",
    "one word": "Canarycrow",
    "one word in lower case": "canarycrow",
    "a name with an accent": "Canarycr\u00f6w",
    "an API key": "42$canary0123456789abcdef",
    "a token": "canary-c4n4ry-token",
    "a session token": "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.canarycrow",
    "hexadecimal digits": "ca4a7fdeadbeefcafe0123456789",
    "letters of base64": "CanaryQmFzZVNpeHR5Rm91clRvA2Vu",
    "a number": "canary4915112345678",
    "a password": "canary/s3cr&t",
    "control characters": "canary\x1b[31m\n",
    "a long text": "canary" * 20,
}

ALONE = {"one word", "one word in lower case"}
"""What cannot be distinguished from a new enum value, unless another text of the response has it, too."""

OPERATIONS = {
    operation["operationId"]: operation for item in DESCRIPTION["paths"].values() for operation in item.values()
}
"""The spec of each operation."""


def resolve_reference(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema or response that a reference in the spec leads to."""
    while "$ref" in node:
        section, name = node["$ref"].removeprefix("#/components/").split("/")
        node = DESCRIPTION["components"][section][name]
    return node


def build_bodies(schema: Mapping[str, Any], text: str) -> list[Any]:
    """Build bodies with a text as each string, as names of fields that the spec does not list, and as keys of maps."""
    schema = resolve_reference(schema)
    if "allOf" in schema:
        parts = [build_bodies(part, text)[0] for part in schema["allOf"]]
        return [{name: value for part in parts if isinstance(part, dict) for name, value in part.items()} or text]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return [body for part in schema[keyword] for body in build_bodies(part, text)]
    types = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else "string")
    kind = types if isinstance(types, str) else types[0]
    if kind == "object":
        fields = {name: build_bodies(inner, text)[0] for name, inner in schema.get("properties", {}).items()}
        return [{**fields, text: {text: [text]}}]
    if kind == "array":
        return [[item, item] for item in build_bodies(schema.get("items", {}), text)]
    return [text if kind == "string" else 1]


def iterate_responses(operation: str, text: str) -> Iterator[httpx.Response]:
    """Iterate over responses of an operation, documented or not, which hold a text wherever they can."""
    headers = [("Sunset", text), ("Deprecation", text), ("X-Request-ID", text)]
    responses = {**OPERATIONS[operation]["responses"], "418": {}, "503": {}}
    for status, response in responses.items():
        content = resolve_reference(response).get("content", {})
        bodies = [body for media in content.values() for body in build_bodies(media["schema"], text)]
        types = [f"application/{text}", text, *["application/json"] * len(bodies)]
        for body, media_type in zip([{text: text}, {text: text}, *bodies], types, strict=True):
            pairs = [(name.encode(), value.encode()) for name, value in (*headers, ("Content-Type", media_type))]
            yield httpx.Response(int(status), content=json.dumps(body).encode(), headers=pairs)


def assert_absent(canary: str, *shown: str) -> None:
    text = "\n".join(shown).casefold()
    for part in (canary.casefold()[:12], "canary", "crow"):
        assert part not in text


@pytest.mark.parametrize("name", CANARIES)
def test_no_observation_shows_what_a_response_holds(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_MAX_RESPONSES", 10_000)
    caplog.set_level(logging.DEBUG, logger="gcore_iam")
    path = tmp_path / "observations.json"
    found: list[Observation] = []
    observer = Observer(path=path, on_finding=found.append)
    for operation in OPERATIONS:
        if name in ALONE and operation == "iamGetClientUserRole":  # its only text is an enum value
            continue
        for response in iterate_responses(operation, CANARIES[name]):
            info = Operation(id=operation, method="GET", path="/", requires_auth=True, success=(200,))
            observer.observe(info, response.status_code, response.headers, response.content)
    observer.close()
    assert len(observer.observations) > len(OPERATIONS)
    assert observer.counts.dropped == 0
    shown = [repr(found), repr(observer.observations), repr(observer), caplog.text]
    reports = [render(observer.observations) for render in RENDERERS.values()]
    assert_absent(CANARIES[name], path.read_text("utf-8"), *shown, *reports)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("client_kind", "name"),
    [("sync", "an email address"), ("asyncio", "a name"), ("trio", "a token")],
    indirect=["client_kind"],
)
def test_no_call_with_an_observer_shows_it(
    name: str, client_kind: ClientKind, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="gcore_iam")
    path = tmp_path / "observations.json"
    events: list[Event] = []
    responses: dict[str, Iterator[httpx.Response]] = {}

    def respond(request: httpx.Request) -> httpx.Response:
        operation = request.extensions["operation"].id
        response = next(responses.setdefault(operation, iterate_responses(operation, CANARIES[name])), None)
        response = response or httpx.Response(404)
        response.headers.pop("X-Request-ID", None)  # the server's own: events show it
        return response

    with Observer(path=path) as observer:
        options: ClientOptions = {
            "transport": httpx.MockTransport(respond),
            "observer": observer,
            "on_event": events.append,
            "retries": 0,
        }
        for call in CALLS.values():
            for _ in range(6):
                with suppress(IAMError):
                    client_kind.run(call, "42_key", **options)
    assert len(observer.observations) > len(OPERATIONS)
    assert_absent(CANARIES[name], path.read_text("utf-8"), repr(events), caplog.text)
