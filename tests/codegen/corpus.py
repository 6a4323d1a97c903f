"""A small spec with one operation for each feature of OpenAPI, generated once, called over a mock transport."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import httpx

from codegen import generate, inventory, spec_files
from tests.codegen.support import Document

STRING = {"type": "string"}
ARRAY = {"type": "array", "items": STRING}
COLORS = {"type": "object", "properties": {"R": {"type": "integer"}, "G": {"type": "integer"}}}

STYLES: dict[str, tuple[str, Document, Document, str]] = {
    # operation: (location, what the parameter `color` says, its schema, what goes over the wire)
    "path_simple_text": ("path", {}, STRING, "/blue"),
    "path_simple_array": ("path", {}, ARRAY, "/blue,bl%2Cack"),
    "path_simple_array_exploded": ("path", {"explode": True}, ARRAY, "/blue,bl%2Cack"),
    "path_simple_object": ("path", {}, COLORS, "/R,100,G,200"),
    "path_simple_object_exploded": ("path", {"explode": True}, COLORS, "/R=100,G=200"),
    "path_label_text": ("path", {"style": "label"}, STRING, "/.blue"),
    "path_label_array": ("path", {"style": "label"}, ARRAY, "/.blue,bl%2Cack"),
    "path_label_array_exploded": ("path", {"style": "label", "explode": True}, ARRAY, "/.blue.bl%2Cack"),
    "path_label_object": ("path", {"style": "label"}, COLORS, "/.R,100,G,200"),
    "path_label_object_exploded": ("path", {"style": "label", "explode": True}, COLORS, "/.R=100.G=200"),
    "path_matrix_text": ("path", {"style": "matrix"}, STRING, "/;color=blue"),
    "path_matrix_array": ("path", {"style": "matrix"}, ARRAY, "/;color=blue,bl%2Cack"),
    "path_matrix_array_exploded": ("path", {"style": "matrix", "explode": True}, ARRAY, "/;color=blue;color=bl%2Cack"),
    "path_matrix_object": ("path", {"style": "matrix"}, COLORS, "/;color=R,100,G,200"),
    "path_matrix_object_exploded": ("path", {"style": "matrix", "explode": True}, COLORS, "/;R=100;G=200"),
    "query_form_text": ("query", {}, STRING, "color=blue"),
    "query_form_array": ("query", {"explode": False}, ARRAY, "color=blue,bl%2Cack"),
    "query_form_array_exploded": ("query", {}, ARRAY, "color=blue&color=bl%2Cack"),
    "query_form_object": ("query", {"explode": False}, COLORS, "color=R,100,G,200"),
    "query_form_object_exploded": ("query", {}, COLORS, "R=100&G=200"),
    "query_space_array": ("query", {"style": "spaceDelimited"}, ARRAY, "color=blue%20bl%2Cack"),
    "query_space_array_exploded": (
        "query", {"style": "spaceDelimited", "explode": True}, ARRAY, "color=blue&color=bl%2Cack",
    ),
    "query_space_object": ("query", {"style": "spaceDelimited"}, COLORS, "color=R%20100%20G%20200"),
    "query_pipe_array": ("query", {"style": "pipeDelimited"}, ARRAY, "color=blue%7Cbl%2Cack"),
    "query_pipe_object": ("query", {"style": "pipeDelimited"}, COLORS, "color=R%7C100%7CG%7C200"),
    "query_deep_object": (
        "query", {"style": "deepObject", "explode": True}, COLORS, "color%5BR%5D=100&color%5BG%5D=200",
    ),
    "query_json": ("query", {"content": {"application/json": {}}}, COLORS, "color=%7B%22R%22%3A100%2C%22G%22%3A200%7D"),
    "header_simple_text": ("header", {}, STRING, "blue"),
    "header_simple_array": ("header", {}, ARRAY, "blue,bl,ack"),
    "header_simple_object": ("header", {}, COLORS, "R,100,G,200"),
    "header_simple_object_exploded": ("header", {"explode": True}, COLORS, "R=100,G=200"),
    "cookie_form_text": ("cookie", {}, STRING, "color=blue"),
    "cookie_form_array": ("cookie", {"explode": False}, ARRAY, "color=blue,bl%2Cack"),
    "cookie_form_array_exploded": ("cookie", {}, ARRAY, "color=blue&color=bl%2Cack"),
    "cookie_form_object": ("cookie", {"explode": False}, COLORS, "color=R,100,G,200"),
    "cookie_form_object_exploded": ("cookie", {}, COLORS, "R=100&G=200"),
}  # fmt: skip
"""The table of parameter styles (OpenAPI 3.1.1, "Style Examples"), for values that need escaping."""


def build_style_paths() -> Document:
    """Build one operation for each line of `STYLES`."""
    paths: Document = {}
    for name, (location, options, schema, _) in STYLES.items():
        parameter = {"name": "color", "in": location, "required": True, **options}
        if "content" in options:
            parameter["content"] = {"application/json": {"schema": schema}}
        else:
            parameter["schema"] = schema
        path = f"/styles/{name}" + ("/{color}" if location == "path" else "")
        operation = {"operationId": name, "parameters": [parameter], "responses": {"204": {"description": ""}}}
        paths[path] = {"get": operation}
    return paths


@attrs.frozen
class Corpus:
    """A generated package."""

    name: str
    path: Path

    def module(self, name: str) -> ModuleType:
        """Import one of its modules."""
        return importlib.import_module(f"{self.name}.{name}")

    @property
    def models(self) -> ModuleType:
        return self.module("models")

    def file(self, content: bytes, **options: Any) -> Any:
        """Build a file to upload."""
        from io import BytesIO

        return self.module("types").File(BytesIO(content), **options)

    def send(self, operation: str, *arguments: Any, response: Any = None, **options: Any) -> httpx.Request:
        """Call a function and return the request that it sends."""
        return self.exchange(operation, *arguments, response=response, **options)[0]

    def receive(self, operation: str, response: Any, *arguments: Any, **options: Any) -> Any:
        """Call a function and return what it makes of a response: an `httpx.Response`, or the JSON of one."""
        return self.exchange(operation, *arguments, response=response, **options)[1]

    def exchange(
        self,
        operation: str,
        *arguments: Any,
        response: Any = None,
        client: Callable[..., object] | None = None,
        **options: Any,
    ) -> tuple[httpx.Request, Any]:
        """Call a function and return the request, and what the function makes of the response."""
        seen: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            request.read()
            seen.append(request)
            if isinstance(response, httpx.Response):
                return response
            return httpx.Response(204) if response is None else httpx.Response(200, json=response)

        transport = {"transport": httpx.MockTransport(handle)}
        make = client or self.module("client").Client
        result = self.module(f"api.default.{operation}").sync(
            *arguments, client=make(base_url="http://api.example/v1", httpx_args=transport), **options
        )
        return seen[0], result


def generate_corpus(document: Document, name: str, folder: Path, config: Path) -> Path:
    """Generate a package; nothing of the spec may be missing."""
    source = folder / f"{name}.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    with generate.generate_package(spec_files.load(source), (), config, beside=folder) as package:
        assert inventory.find_missing(package.document, package.path, package.config, typed=False) == []
        generate.replace(package, folder / name)
    return folder / name
