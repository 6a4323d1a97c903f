"""A spec runs no code: hostile texts in every place of a spec that holds text, generated, imported, reviewed.

Each text tries to call `injected_marker`, which every process of the test offers as a builtin, or to make a file.
"""

from __future__ import annotations

import builtins
import itertools
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from codegen import generate, spec
from codegen.__main__ import main
from codegen.errors import CodegenError
from tests.codegen.support import Document

ROOT = Path(__file__).parents[2]
MARKER = "MARKER"
"""The file that a text makes, in the working folder."""

CALL = f"(injected_marker(), open('{MARKER}', 'w'))"
COPIES = 40
"""How often a large spec holds each place: for more than 2,000 texts."""

FEW_COPIES = 4
"""The same for `make test`: for more than 200 texts."""

OPENINGS = [
    *(
        '"',
        "'",
        '"""',
        "'''",
        '\\"',
        "\\",
        '\\\\"""',
        '\\\\\\"""',
        '"]',
        '")',
        '"})',
        "'])",
        '",',
        '"}}',
        ")",
        "]",
        "}",
    ),
    *("{{", "}}", "{%", "%}", "#}", "{#", '{{"', "${", 'f"{', "{", "\\N{QUOTATION MARK}", "\\x22\\x22\\x22", "\\u0022"),
    *(
        "\ufeff",
        "\u202e",
        "\u2066",
        "\x00",
        "\x1b[2J",
        "\x7f",
        "\xad",
        "\u200b",
        "\x08" * 40,
        "",
        " ",
        "#",
        "# ",
        "*/",
        "-->",
    ),
]
LINE_ENDS = ["\n", "\r", "\r\n", "\n\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\\\n", ""]
BODIES = [
    CALL,
    f";{CALL};",
    f"import os; {CALL}",
    f"raise SystemExit({CALL})",
    f"@(lambda _: {CALL})",
    f"{{{{ {CALL} }}}}",
    f"{{% set x = {CALL} %}}",
    "{{ cycler.__init__.__globals__.__builtins__.injected_marker() }}",
    "{{ self._TemplateReference__context.environment.finalize(1) }}",
    f"{{{CALL}}}",
    f"{{{CALL}!r:>{{9}}}}",
    f"%s %({CALL})s",
    f"+ACIAIgAi-;{CALL};x=+ACIAIgAi-",
    f"+AAo-{CALL}",
    f"\\u000a{CALL}\\u000a",
    f"\\x0a{CALL}",
    "# coding: utf-7",
    "# -*- coding: raw_unicode_escape -*-",
    "# vim: set fileencoding=punycode :",
    "coding=unicode_escape",
    f"# type: {CALL}",
    "# type: ignore",
    "# noqa",
    "# ruff: noqa\n# fmt: off",
    "# mypy: ignore-errors, plugins=injected",
    "# pyright: basic",
]
DECLARATIONS = [
    "1.0 coding: utf-7",
    "coding=utf_7",
    "# -*- coding: utf-7 -*-",
    "1\n# coding: utf-7\n",
    "1\rcoding: utf-7",
    "1\u2028coding: utf-7",
    "1\x0ccoding: raw_unicode_escape",
    "coding: unicode_escape",
    "coding: punycode",
    "coding: utf-16",
    "coding: \x00",
    '1"""',
    '1"\n',
    "1\\",
]
TITLES = [
    f"+ACIAIgAi-;{CALL};x=+ACIAIgAi-",
    f"+AAo-{CALL}+AAo-",
    f"\\u000a{CALL}\\u000a",
    f'"""\n{CALL}\n"""',
    f"\n{CALL}\n",
    f'\\"""\n{CALL}#',
]


def generate_texts(seed: int) -> Iterator[str]:
    """Hostile texts, no two alike."""
    choose = random.Random(seed)  # noqa: S311 - the same texts in every run
    seen: set[str] = set()
    while True:
        parts = [OPENINGS, LINE_ENDS, BODIES, LINE_ENDS, OPENINGS]
        text = "".join(choose.choice(part) for part in parts)
        if choose.random() < 0.02:
            text += choose.choice(["a", "\\", '"', "{", " a"]) * 3000
        if text not in seen:
            seen.add(text)
            yield text


def remove_characters(characters: str, text: str) -> str:
    return "".join(character for character in text if character not in characters)


class Builder:
    """Builds a spec that holds a text of its own in each place."""

    def __init__(self, seed: int) -> None:
        self.texts = generate_texts(seed)
        self.used: list[str] = []

    def text(self) -> str:
        """Any text."""
        self.used.append(next(self.texts))
        return self.used[-1]

    def key(self) -> str:
        """Any text that YAML takes for a key of a mapping on one line."""
        self.used.append(next(self.texts)[:160])
        return self.used[-1]

    def name(self, prefix: str) -> str:
        """A text that becomes a name: it begins with letters and a number, so that no two become the same."""
        self.used.append(f"{prefix} {next(self.texts)}"[:120])
        return self.used[-1]

    def url(self) -> str:
        return f"https://example.com/{self.text()}"

    def prose(self, schema: Document) -> Document:
        more = {"description": self.text(), "example": self.text(), f"x-{self.key()}": {self.key(): [self.text()]}}
        return {**schema, **more}

    def document(self, copies: int) -> Document:
        document: Document = {
            "openapi": "3.0.3",
            "info": {
                **{key: self.text() for key in ("title", "version", "description", "termsOfService")},
                "contact": {"name": self.text(), "url": self.url(), "email": self.text()},
                "license": {"name": self.text(), "url": self.url()},
            },
            "servers": [
                {
                    "url": self.url(),
                    "description": self.text(),
                    "variables": {
                        self.key(): {"default": self.text(), "enum": ["z" + self.text()], "description": self.text()}
                    },
                }
            ],
            "externalDocs": {"description": self.text(), "url": self.url()},
            "tags": [{"name": self.text(), "description": self.text()}],
            "security": [{"key": []}],
            "paths": {},
            "components": {
                "schemas": {},
                "securitySchemes": {"key": {"type": "apiKey", "name": self.text(), "in": "header"}},
            },
        }
        for scheme in (
            {"type": "http", "scheme": self.text(), "bearerFormat": self.text(), "description": self.text()},
            {"type": "openIdConnect", "openIdConnectUrl": self.url()},
        ):
            document["components"]["securitySchemes"][self.key()] = scheme
        for number in range(copies):
            document["components"]["schemas"] |= self.schemas(number)
            document["paths"] |= self.path(number, list(document["components"]["schemas"])[-3:])
        return document

    def schemas(self, number: int) -> Document:
        properties = {
            self.name(f"a{number}"): self.prose({"type": "string", "title": self.text(), "default": self.text()}),
            self.name(f"b{number}"): self.prose({"type": "string", "pattern": self.text(), "format": self.text()}),
            self.name(f"c{number}"): self.prose({"type": "array", "items": self.prose({"type": "string"})}),
            self.name(f"d{number}"): self.prose({"type": "string", "x-secret": True}),
            self.name(f"e{number}"): {"oneOf": [{"type": "string", "title": self.text()}, {"type": "integer"}]},
            self.name(f"f{number}"): {"type": "string", "format": "date-time", "description": self.text()},
        }
        required = [self.name(f"r{number}"), self.name(f"s{number}")]
        properties |= {name: self.prose({"type": "string"}) for name in required}
        properties["inner"] = self.prose({"type": "object", "properties": {self.name("g"): {"type": "integer"}}})
        values = [self.text(), "b" + self.text()]
        enum = {"type": "string", "enum": values, "x-enum-varnames": [self.name("m"), self.name("n")]}
        return {
            remove_characters("/~", self.name(f"Model{number}")): self.prose(
                {
                    "type": "object",
                    "properties": properties,
                    "required": required,
                    "discriminator": {"propertyName": self.text()},
                }
            ),
            remove_characters("/~", self.name(f"Enum{number}")): self.prose(enum),
            remove_characters("/~", self.name(f"List{number}")): self.prose(
                {"type": "array", "items": {"type": "string"}}
            ),
        }

    def path(self, number: int, names: Sequence[str]) -> Document:
        model, enum, listing = ({"$ref": f"#/components/schemas/{name}"} for name in names)
        parameters = [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": self.text()},
            {"name": self.name("q"), "in": "query", "schema": {"type": "string", "default": self.text()}},
            {"name": self.name("e"), "in": "query", "schema": enum, "description": self.text()},
            {"name": self.name("h"), "in": "header", "schema": {"type": "string"}, "description": self.text()},
            {"name": self.name("k"), "in": "cookie", "schema": {"type": "string"}, "example": self.text()},
        ]
        body = {
            "type": "object",
            "properties": {self.name("p"): self.prose({"type": "string", "default": self.text()}), "list": listing},
        }
        responses = {
            "200": {
                "description": self.text(),
                "headers": {self.key(): {"description": self.text(), "schema": {"type": "string"}}},
                "links": {self.key(): {"operationId": self.text(), "description": self.text()}},
                "content": {"application/json": {"schema": model, "examples": {self.key(): {"summary": self.text()}}}},
            },
            "404": {"description": self.text()},
        }
        operation: Document = {
            "operationId": self.name(f"op{number}"),
            "tags": [self.name(f"t{number}"), self.text()],
            "summary": self.text(),
            "description": self.text(),
            "externalDocs": {"description": self.text(), "url": self.url()},
            "security": [{self.key(): []}] if number % 2 else [],
            "parameters": parameters,
            "requestBody": {"description": self.text(), "content": {"application/json": {"schema": body}}},
            "responses": responses,
            "callbacks": {self.key(): {}},
            f"x-{self.key()}": self.text(),
        }
        path = f"/{number}/{remove_characters('{}', self.key())}/{{id}}/{remove_characters('{}', self.key())}"
        return {path: {"put": operation, "summary": self.text(), "description": self.text()}}


def build_small_spec(title: str, version: str) -> Document:
    operation = {"operationId": "a", "responses": {"204": {"description": "Done."}}}
    return {"openapi": "3.0.3", "info": {"title": title, "version": version}, "paths": {"/a": {"get": operation}}}


# --- nothing runs --------------------------------------------------------------------------------------------------

IMPORT_ALL = f"""
import builtins, importlib, pathlib, pkgutil, sys
from importlib.machinery import SourceFileLoader
builtins.injected_marker = lambda: pathlib.Path("{MARKER}").touch()
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
compiled = {{}}
compile_source = SourceFileLoader.source_to_code
def compile_once(loader, data, path):  # most modules are the same in every package
    if data not in compiled:
        compiled[data] = compile_source(loader, data, path)
    return compiled[data]
SourceFileLoader.source_to_code = compile_once
count = 0
for name in sys.argv[2:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        importlib.import_module(module.name)
        count += 1
    models = importlib.import_module(name + ".models")
    for each in models.__all__:
        getattr(models, each)
print(count)
"""


@pytest.fixture
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the file would be; at the end of a test there is none, and nothing has called the builtin."""
    calls: list[object] = []
    monkeypatch.setattr(builtins, "injected_marker", lambda: calls.append(1), raising=False)
    monkeypatch.chdir(tmp_path)
    yield tmp_path / MARKER
    assert not (tmp_path / MARKER).exists()
    assert not calls


def save(path: Path, document: Document) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def build(document: Document, package: Path, *, formatted: bool = True) -> str:
    """Generate a package and keep it; returns what is refused or lost, "" when nothing is."""
    package.parent.mkdir(exist_ok=True)
    config = ROOT / "generator-config.yml"
    if not formatted:
        config = package.with_suffix(".yml")
        config.write_text("post_hooks: []\n", encoding="utf-8")
    try:
        source = spec.load(save(package.with_suffix(".json"), document))
        with generate.generate_package(source, (), config, tolerant=True) as made:
            shutil.copytree(made.path, package)
            return "\n".join(made.dropped)
    except CodegenError as error:
        return str(error)


def import_all(packages: Sequence[Path]) -> int:
    """Import every module of some packages of one folder in a process of its own; returns how many there are."""
    command = [sys.executable, "-I", "-c", IMPORT_ALL, str(packages[0].parent), *(package.name for package in packages)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return int(run.stdout)


def review(folder: Path, document: Document, *words: str) -> int:
    """Review what a hostile spec changes."""
    old = save(folder / "old.json", build_small_spec("Things", "1"))
    new = save(folder / "new.json", document)
    project = ["--corrections", save(folder / "corrections.yaml", {}), "--config", ROOT / "generator-config.yml"]
    (folder / "corrections.yaml").write_text("", encoding="utf-8")
    return main(["drift", str(old), str(new), *map(str, project), "--output", str(folder / "report"), *words])


@pytest.mark.parametrize("copies", [FEW_COPIES, pytest.param(COPIES, marks=pytest.mark.slow)])
def test_a_large_hostile_spec_runs_no_code(marker: Path, tmp_path: Path, copies: int) -> None:
    builder = Builder(1)
    document = builder.document(copies)
    assert len(set(builder.used)) > 50 * copies
    package = tmp_path / "made" / "large"
    assert build(document, package) == ""
    assert import_all([package]) > 5 * copies


@pytest.mark.parametrize("copies", [FEW_COPIES, pytest.param(COPIES // 2, marks=pytest.mark.slow)])
def test_a_review_of_a_hostile_spec_runs_no_code(marker: Path, tmp_path: Path, copies: int) -> None:
    builder = Builder(2)
    document = builder.document(copies)
    assert len(set(builder.used)) > 50 * copies
    assert review(tmp_path, document, "--layers", "wire,python,docs", "--format", "markdown", "--docs") == 0
    assert "Suggested bump" in (tmp_path / "report").read_text("utf-8")


@pytest.mark.parametrize("text", ["a b", "f(", "injected_marker()", "a | b", "\u2028", "__import__('os')"])
def test_a_constant_is_no_type_in_a_review(marker: Path, tmp_path: Path, text: str) -> None:
    assert review(tmp_path, build_places()["constant"](text), "--layers", "wire,python") == 0


def test_a_version_declares_no_encoding(marker: Path, tmp_path: Path) -> None:
    pairs = [(title, version) for version in DECLARATIONS for title in TITLES]
    chosen = [pair for number, pair in enumerate(pairs) if number < len(TITLES) or number % 8 == 0]
    packages = []
    for number, (title, version) in enumerate(chosen):
        packages.append(tmp_path / "made" / f"small_{number}")
        assert build(build_small_spec(title, version), packages[-1], formatted=False) == ""
    assert import_all(packages) > 5 * len(chosen)


def test_a_review_with_all_layers_runs_no_code(marker: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "gcore_iam"
    overlay.mkdir()
    (overlay / "__init__.py").write_text("from gcore_iam_client.api.default import a\n", encoding="utf-8")
    document = build_small_spec(TITLES[0], DECLARATIONS[0])
    document["paths"]["/b"] = document["paths"].pop("/a")
    document["paths"]["/b"]["get"]["operationId"] = "b"
    assert review(tmp_path, document, "--overlay", str(overlay)) == 0
    assert "overlay-symbol-broken" in (tmp_path / "report").read_text("utf-8")


# --- texts that are refused ----------------------------------------------------------------------------------------


def build_places() -> dict[str, Callable[[str], Document]]:
    """Places where some texts are refused: each builds a spec with one."""

    def schema(**more: Any) -> Document:
        response = {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
        document = build_small_spec("Things", "1")
        document["paths"]["/a"]["get"]["responses"]["200"] = response
        document["components"] = {"schemas": {"A": {"type": "object", "properties": {"p": more}}}}
        return document

    def operation(**more: Any) -> Document:
        document = build_small_spec("Things", "1")
        document["paths"]["/a"]["get"] |= more
        return document

    def media(text: str, where: str) -> Document:
        content = {"content": {f"application/json{text}": {"schema": {"type": "object"}}}, "description": ""}
        return operation(requestBody=content) if where == "body" else operation(responses={"200": content})

    def path(text: str) -> Document:
        document = build_small_spec("Things", "1")
        document["paths"][f"/a{text}"] = document["paths"].pop("/a")
        return document

    return {
        "constant": lambda text: schema(type="string", const=text),
        "enum": lambda text: schema(type="string", enum=[text]),
        "enum name": lambda text: schema(type="string", **{"enum": ["a"], "x-enum-varnames": [text]}),
        "default of an enum": lambda text: schema(type="string", enum=["a", text], default=text),
        "number": lambda text: schema(type="number", default=text),
        "integer": lambda text: schema(type="integer", default=text),
        "boolean": lambda text: schema(type="boolean", default=text),
        "date": lambda text: schema(type="string", format="date", default=text),
        "time": lambda text: schema(type="string", format="date-time", default=text),
        "uuid": lambda text: schema(type="string", format="uuid", default=text),
        "type": lambda text: schema(type=text),
        "title": lambda text: schema(type="object", title=text),
        "operation id": lambda text: operation(operationId=text),
        "tag": lambda text: operation(tags=[text]),
        "status": lambda text: operation(responses={text: {"description": ""}}),
        "body": lambda text: media(text, "body"),
        "response": lambda text: media(text, "response"),
        "path": path,
        "parameter": lambda text: operation(parameters=[{"name": text, "in": "query", "schema": {"type": "string"}}]),
    }


ODD_NAMES = [
    *(
        "\ud800",
        "a\udfff",
        '"\ud83d\ude00',
        "\ufdd0",
        "a" * 5000,
        "\u2170\uff46",
        "__import__",
        "conftest",
        "None",
        "ªº",
        "",
    ),
    *("1e999", "nan", "-inf", "0x1_0", "\n" + "0" * 31, "urn:uuid:{" + "0" * 31 + "\x0c}", "2020-01-01\x00", "'" * 32),
]


ODD_NAMES_STEP = 12


def test_texts_that_are_refused_run_no_code(marker: Path, tmp_path: Path) -> None:
    """Every place gets every twelfth name, neighbouring places different ones, and a text of its own."""
    packages = []
    for number, (place, make) in enumerate(build_places().items()):
        chosen = [*ODD_NAMES[number % ODD_NAMES_STEP :: ODD_NAMES_STEP], next(generate_texts(len(place)))]
        packages += build_each([make(text) for text in chosen], tmp_path / "made", f"odd_{number}")
    assert import_all(packages) > len(packages) > len(build_places())


@pytest.mark.slow
@pytest.mark.parametrize("place", build_places())
def test_every_text_that_is_refused_runs_no_code(marker: Path, tmp_path: Path, place: str) -> None:
    chosen = [*ODD_NAMES, *itertools.islice(generate_texts(len(place)), 4)]
    packages = build_each([build_places()[place](text) for text in chosen], tmp_path / "made", "odd")
    if packages:
        import_all(packages)


def build_each(documents: Sequence[Document], folder: Path, name: str) -> list[Path]:
    """Generate a package of each spec that is not refused; anything but a `CodegenError` fails the test."""
    packages = [folder / f"{name}_{number}" for number in range(len(documents))]
    for package, document in zip(packages, documents, strict=True):
        build(document, package, formatted=False)
    return [package for package in packages if package.exists()]
