"""`python -m codegen`: exit status 2 and one line for each kind of wrong input, whatever the command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen.__main__ import main
from tests.codegen.support import Api, Document, Run, RunOnSpec, Save

HEAD = "openapi: 3.0.3\ninfo: {title: Things, version: '1'}\n"
GET = "{get: {operationId: same, responses: {'200': {description: Done.}}}}"

BAD_SPECS = [
    pytest.param("", ": is empty; an OpenAPI 3 spec is expected", id="empty"),
    pytest.param("a: b: c\n", ":1:5: is not YAML: mapping values are not allowed in this context", id="not YAML"),
    pytest.param(b"\xff\xfea", ":1: is not UTF-8 text (byte 0)", id="not text"),
    pytest.param("[1, 2]\n", ":1:1: is not an OpenAPI spec: a mapping is expected, not a list", id="a list"),
    pytest.param("a: 1\n", ":1:1: is not an OpenAPI spec: it has no `openapi` version", id="not OpenAPI"),
    pytest.param("swagger: '2.0'\n", ":1:1: is Swagger 2.0; convert it to OpenAPI 3 first", id="Swagger 2"),
    pytest.param("openapi: 4.0.0\n", ":1:1: `openapi` must be 3.0.x, 3.1.x or 3.2.x, not 4.0.0", id="OpenAPI 4"),
    pytest.param(
        f"{HEAD}paths:\n  /a: {GET}\ncomponents:\n  schemas:\n    A:\n      $ref: '#/components/schemas/B'\n",
        ":8:7: $ref '#/components/schemas/B' points to nothing",
        id="reference to nothing",
    ),
    pytest.param(
        f"{HEAD}paths:\n  /a: {GET}\n  /b: {GET}\n",
        ":5:14: operationId 'same' is used twice; first at {path}:4:14",
        id="operation id twice",
    ),
]


@pytest.mark.parametrize("command", ["generate", "check", "inventory"])
@pytest.mark.parametrize(("content", "problem"), BAD_SPECS)
def test_a_wrong_description_is_one_line_and_status_2(
    codegen: Run,
    save: Save,
    output: Path,
    untouched: Callable[[], bool],
    command: str,
    content: str | bytes,
    problem: str,
) -> None:
    path = save(content)
    status, out, errors = codegen(command, "--spec", path, "--output", output)
    assert (status, out, untouched()) == (2, "", True)
    assert errors == [f"codegen: {path}{problem.replace('{path}', str(path))}"]


@pytest.mark.parametrize("command", ["generate", "check", "inventory"])
@pytest.mark.parametrize(("name", "problem"), [("nowhere.yaml", "No such file or directory"), (".", "Is a directory")])
def test_an_unreadable_spec_is_one_line_and_status_2(
    codegen: Run, tmp_path: Path, output: Path, untouched: Callable[[], bool], command: str, name: str, problem: str
) -> None:
    path = tmp_path / name
    status, out, errors = codegen(command, "--spec", path, "--output", output)
    assert (status, out, untouched()) == (2, "", True)
    assert errors == [f"codegen: {path}: cannot be read: {problem}"]


@pytest.mark.parametrize("command", ["generate", "check"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("- {id: a, rule: drop, where: $.info, matches: 1, why: W.}\n",
         ":1:11: unknown rule 'drop' in correction 'a'; known: merge, overlap, secret"),
        ("- {id: a, rule: secret, where: $.x, matches: 2, why: W.}\n",
         (":1:3: correction 'a' must match 2 places, but $.x matches none: upstream has moved; remove the entry, or "
          "correct `where` in line 1")),
        ("a: 1\n", ":1:1: a list of corrections is expected"),
        ("- [\n", ":2:1: is not YAML: did not find expected node content"),
    ],
)  # fmt: skip
def test_wrong_corrections_are_one_line_and_status_2(
    codegen: Run,
    save: Save,
    api: Api,
    root: Path,
    output: Path,
    untouched: Callable[[], bool],
    command: str,
    content: str,
    problem: str,
) -> None:
    save("[vendored]\n", "source.toml")
    path = save(content, "corrections.yaml")
    words: list[str | Path] = ["--spec", save(api()), "--corrections", path, "--config", root / "generator-config.yml"]
    status, out, errors = codegen(command, *words, "--output", output)
    assert (status, out, untouched()) == (2, "", True)
    assert errors == [f"codegen: {path}{problem}"]


def test_several_problems_are_a_line_each(generate: RunOnSpec, api: Api, untouched: Callable[[], bool]) -> None:
    status, _, errors = generate(api(schemas={"A": {"type": "a"}, "B": {"minimum": "b"}}))
    assert (status, untouched()) == (2, True)
    assert [error.rpartition("OpenAPI: ")[2].split(":")[0] for error in errors] == ["`type`", "`minimum`"]


def test_credentials_that_are_needed_together_are_a_note(generate: RunOnSpec, api: Api) -> None:
    schemes = {name: {"type": "apiKey", "in": "header", "name": f"X-{name}"} for name in ("key", "app", "one")}
    components = {"securitySchemes": schemes}
    together: Document = {"key": [], "app": []}
    alone: Document = {"one": []}

    status, out, _ = generate(api(components=components, security=[together]))
    assert status == 0
    assert "note: getThing: key and app are needed together; the client's token is one of them" in out

    status, out, _ = generate(api(components=components, security=[together, alone]))
    assert (status, "note:" in out) == (0, False)


@pytest.mark.parametrize(
    ("own", "of_path", "noted"),
    [
        ([{"url": "https://files.example"}], None, "https://files.example"),
        (None, [{"url": "https://files.example/\x1b[2J"}], r"https://files.example/\x1b[2J"),
        ([{"url": "https://api.example"}], [{"url": "https://files.example"}], ""),
        ([{"url": "https://files.example"}, {"url": "https://api.example"}], None, ""),
        ([], None, ""),
    ],
)
def test_servers_of_an_operation_are_a_note(
    generate: RunOnSpec, api: Api, own: list[Document] | None, of_path: list[Document] | None, noted: str
) -> None:
    item: Document = {"get": {"operationId": "getFile", "responses": {}}}
    item |= {"servers": of_path} if of_path is not None else {}
    item["get"] |= {"servers": own} if own is not None else {}
    document = api({"/file": item})
    document["servers"] = [{"url": "https://api.example"}]
    status, out, _ = generate(document)
    note = f"note: getFile: the server is {noted}, not the client's base URL\n"
    assert (status, note in out, "note:" in out) == (0, bool(noted), bool(noted))


def test_a_problem_of_the_system_is_one_line(
    generate: RunOnSpec, api: Api, untouched: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/some/where")

    monkeypatch.setattr("codegen.generate._render", full)
    assert generate(api())[::2] == (2, ["codegen: /some/where: No space left on device"])
    assert untouched()


@pytest.mark.parametrize("words", [[], ["nothing"], ["generate", "--nothing"], ["inventory", "--format", "xml"]])
def test_wrong_words_are_status_2(codegen: Run, words: list[str]) -> None:
    status, output, errors = codegen(*words)
    assert (status, output) == (2, "")
    assert errors[0].startswith("usage: ")


@pytest.mark.parametrize("name", ["my-client", "2nd", "a.b"])
def test_an_output_that_python_cannot_import_is_refused(
    generate: RunOnSpec, api: Api, tmp_path: Path, name: str
) -> None:
    status, _, errors = generate(api(), "--output", tmp_path / name)
    assert (status, len(errors), (tmp_path / name).exists()) == (2, 1, False)
    assert errors[0].startswith(f"codegen: {tmp_path / name}: a package cannot have this name")


def test_the_module_runs_as_a_command(root: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "codegen", "inventory", "--spec", str(tmp_path / "nowhere.yaml")],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == f"codegen: {tmp_path / 'nowhere.yaml'}: cannot be read: No such file or directory\n"


def test_generate_says_what_it_did(generate: RunOnSpec, save: Save, api: Api, output: Path) -> None:
    document = api()
    status, out, errors = generate(document)
    assert (status, errors) == (0, [])
    assert out.startswith(f"{output}: from {save(document)} (1), operations: 1, files changed: ")
    assert generate(document)[1] == f"{output}: from {save(document)} (1), operations: 1, nothing changed\n"


@pytest.mark.parametrize(
    "words",
    [
        ("generate", "--spec"),
        ("check", "--corrections"),
        ("inventory", "--config"),
        ("contract", "--output", "x"),
        ("update", "new.yaml", "--spec"),
        ("drift", "old.yaml", "new.yaml", "--observed"),
    ],
)
def test_a_url_where_a_path_is_needed_is_named(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*words, "https://user:secret@127.0.0.1:1/x.yaml"])
    message = capsys.readouterr().err

    assert caught.value.code == 2
    assert "a path is needed, and not a URL (https:); download the file first" in message
    assert "secret" not in message
