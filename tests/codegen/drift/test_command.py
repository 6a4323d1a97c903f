"""`python -m codegen drift`: where specs come from, exit statuses, gates, accepted changes, output."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

from codegen.drift import load
from codegen.drift.fail_on import parse_fail_on
from tests.codegen.drift.conftest import NEW, OLD, RESPONSE, TEXT
from tests.codegen.drift.pairs import Document, document
from tests.codegen.support import RunCommand, run_git

ROOT = Path(__file__).parents[3]


def reference(name: str) -> Document:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


pytestmark = pytest.mark.usefixtures("folder")


# --- where specs come from ----------------------------------------------------------------------------------


@pytest.fixture
def file_server(folder: Path) -> Iterator[str]:
    """Serves the folder; /moved leads to new.json /empty holds nothing, and /large holds 32 MiB."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/moved"):
                self.send_response(302)
                self.send_header("Location", "/new.json")
                self.end_headers()
            elif self.path == "/empty":
                self.send_response(204)
                self.end_headers()
            elif self.path == "/large":
                self.send_response(200)
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    for _ in range(512):
                        self.wfile.write(b" " * 65_536)
            else:
                super().do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def test_a_spec_can_be_a_url_and_its_secrets_are_not_shown(run_drift: RunCommand, file_server: str) -> None:
    url = file_server.replace("://", "://user:hunter2@") + "/moved?token=hunter2"
    status, out, _ = run_drift("old.json", url, "--wire-only", "--format", "json")

    assert status == 0
    assert json.loads(out)["new"]["source"] == f"{file_server}/moved"
    assert json.loads(out)["verdict"]["wire"] == "breaking"
    assert "hunter2" not in out


@pytest.mark.parametrize("path", ["/gone.json", "/gone.json?x"])
def test_a_url_with_an_error_response_is_unreadable(run_drift: RunCommand, file_server: str, path: str) -> None:
    status, _, err = run_drift("old.json", f"{file_server}{path}", "--wire-only")

    assert status == 3
    assert "the server returned 404" in err


def test_a_success_without_a_spec_is_unreadable(run_drift: RunCommand, file_server: str) -> None:
    status, _, err = run_drift("old.json", f"{file_server}/empty", "--wire-only")

    assert status == 3
    assert "the server returned 204" in err


def test_a_large_spec_is_read_to_the_limit_only(
    run_drift: RunCommand, file_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "MAX_BYTES", 10_000)
    tracemalloc.start()
    try:
        status, _, err = run_drift("old.json", f"{file_server}/large", "--wire-only")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert status == 3
    assert "is larger than 10,000 bytes" in err
    assert peak < 8_000_000


def test_a_large_file_is_not_read_in_part(run_drift: RunCommand, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "large.json").write_bytes((folder / "old.json").read_bytes().ljust(10_001))
    monkeypatch.setattr(load, "MAX_BYTES", 10_000)
    status, _, err = run_drift("old.json", "large.json", "--wire-only")

    assert status == 3
    assert "large.json: is larger than 10,000 bytes" in err


def test_an_error_of_httpx_may_quote_the_url(run_drift: RunCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str, url: str, **__: object) -> NoReturn:
        raise httpx.ConnectError(f"cannot connect to {url}")

    monkeypatch.setattr(httpx, "stream", fail)
    status, _, err = run_drift("old.json", "https://user:hunter2@a.test/api.yaml?token=hunter2", "--wire-only")

    assert status == 3
    assert "cannot connect to https://a.test/api.yaml" in err
    assert "hunter2" not in err


def test_a_warning_on_the_wire_suggests_a_minor_version(run_drift: RunCommand, folder: Path) -> None:
    parameter = {"name": "q", "in": "query", "schema": TEXT}
    (folder / "older.json").write_text(json.dumps(document(response=RESPONSE, parameters=[parameter])))
    found = json.loads(run_drift("older.json", "old.json", "--wire-only", "--format", "json")[1])

    assert (found["verdict"]["wire"], found["suggested_bump"]) == ("warning", "minor")


@pytest.mark.parametrize("name", ["--output=stolen:api.yaml", ":api.yaml"])
def test_a_revision_is_no_option_of_git(name: str) -> None:
    with pytest.raises(load.UnreadableError, match="is neither a file nor `git-ref:path`"):
        load.read(name, generating=False)


def test_a_url_that_nobody_serves_is_unreadable(run_drift: RunCommand) -> None:
    status, _, err = run_drift("old.json", "http://user:hunter2@127.0.0.1:9/api.yaml", "--wire-only")

    assert status == 3
    assert "http://127.0.0.1:9/api.yaml: cannot be read" in err
    assert "hunter2" not in err


def test_other_urls_are_unreadable(run_drift: RunCommand) -> None:
    status, _, err = run_drift("old.json", "ftp://host/x", "--wire-only")

    assert status == 3
    assert "only http and https URLs can be read" in err


@pytest.mark.parametrize("url", ["http://[bad", "https://user:hunter2@host:99999999/x"])
def test_what_is_no_url_is_unreadable(run_drift: RunCommand, url: str) -> None:
    status, _, err = run_drift("old.json", url, "--wire-only")

    assert status == 3
    assert "a URL cannot be read" in err
    assert "hunter2" not in err


def test_a_description_can_come_from_standard_input(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "codegen", "drift", "old.json", "-", "--wire-only", "--format", "json"],
        input=json.dumps(NEW).encode(),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )

    assert json.loads(done.stdout)["new"]["source"] == "-"


def test_a_description_can_come_from_a_revision(run_drift: RunCommand, folder: Path) -> None:
    run_git(folder, "init", "--quiet")
    run_git(folder, "add", "old.json")
    run_git(folder, "commit", "--quiet", "--message", "one")
    (folder / "old.json").write_text(json.dumps(NEW))

    assert run_drift("HEAD:old.json", "old.json", "--wire-only", "--fail-on", "wire")[0] == 1
    assert run_drift("HEAD:old.json", "HEAD:old.json", "--wire-only", "--fail-on", "docs")[0] == 0
    status, _, err = run_drift("HEAD:nothing.json", "old.json", "--wire-only")
    assert status == 3
    assert "HEAD:nothing.json" in err


@pytest.mark.parametrize("name", ["--output=x:y", ":x", "-c:x"])
def test_a_revision_is_no_option(run_drift: RunCommand, name: str) -> None:
    assert run_drift("--wire-only", "--", "old.json", name)[0] == 3


# --- exit statuses -------------------------------------------------------------------------------------------------

UNREADABLE = {
    "missing": (None, "bad.yaml: cannot be read"),
    "not YAML": ("a: [", "bad.yaml:2:1: is not YAML"),
    "not text": (b"\xff\xfe", "is not UTF-8"),
    "empty": ("", "is empty"),
    "a list": ("- 1", "bad.yaml:1:1: is not an OpenAPI spec"),
    "Swagger": ("swagger: '2.0'", "bad.yaml:1:1: is Swagger 2.0"),
    "a reference to nothing": (
        json.dumps({**OLD, "paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/components/x"}}}}}}),
        "points to nothing",
    ),
    "a reference in a circle": (
        json.dumps({**OLD, "components": {"schemas": {"A": reference("B"), "B": reference("A")}}}),
        "refers to itself in a circle",
    ),
    "nested too deeply": ("[" * 10_000 + "]" * 10_000, "is nested too deeply"),
    "deep blocks": ("\n".join(" " * depth + "a:" for depth in range(3_000)), "is nested too deeply"),
    "a bomb of aliases": (
        "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
        "its YAML aliases stand for more than",
    ),
    "an alias of itself": ("a: &a [*a]", "contains itself"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("side", [0, 1])
def test_what_cannot_be_read_is_status_3(
    run_drift: RunCommand, folder: Path, content: str | bytes | None, message: str, side: int
) -> None:
    if content is not None:
        (folder / "bad.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    names = ("bad.yaml", "new.json") if side == 0 else ("old.json", "bad.yaml")
    status, out, err = run_drift(*names, "--wire-only")

    assert (status, out) == (3, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "required: OLD, NEW"),
        (("old.json", "new.json", "--format", "pdf"), "invalid choice: 'pdf'"),
        (("old.json", "new.json", "--layers", "wire,weather"), "unknown layer 'weather'"),
        (("old.json", "new.json", "--layers", "wire", "--wire-only"), "not allowed with"),
        (("old.json", "new.json", "--fail-on", "weather"), "unknown layer 'weather'"),
        (("old.json", "new.json", "--fail-on", "wire:awful"), "unknown level 'awful'"),
        (
            ("old.json", "new.json", "--wire-only", "--fail-on", "python"),
            "--fail-on python:breaking: that layer is not reviewed; see --layers",
        ),
        (
            ("old.json", "new.json", "--wire-only", "--fail-on", "observed"),
            "--fail-on observed:unexplained: that layer is not reviewed; see --observed",
        ),
        (("old.json", "new.json", "--fail-on", "observed:error"), "unknown level 'error'; known: contradicted, unexpl"),
        (("old.json", "new.json", "--fail-on", "wire:contradicted"), "unknown level 'contradicted'"),
        (("-", "-", "--wire-only"), "standard input can be one side only"),
    ],
)
def test_wrong_usage_is_status_2(run_drift: RunCommand, words: tuple[str, ...], message: str) -> None:
    status, out, err = run_drift(*words)

    assert (status, out) == (2, "")
    assert message in err


def test_a_client_that_cannot_be_generated_is_status_4(run_drift: RunCommand, folder: Path) -> None:
    new = document(response=TEXT)
    new["paths"]["/others"] = {"get": {"operationId": "makeThing", "responses": {"204": {"description": ""}}}}
    (folder / "new.json").write_text(json.dumps(new))
    project = ("--config", ROOT / "generator-config.yml", "--corrections", folder / "none.yaml")
    (folder / "none.yaml").write_text("")
    status, _, err = run_drift("old.json", "new.json", "--layers", "wire,python", *project)

    assert status == 4
    assert "operationId 'makeThing' is used twice" in err


# --- layers and gates ----------------------------------------------------------------------------------------------


def test_layers_that_are_not_looked_at_have_no_verdict(run_drift: RunCommand) -> None:
    found = json.loads(run_drift("old.json", "new.json", "--layers", "docs", "--format", "json")[1])

    assert found["verdict"] == {"wire": None, "python": None, "overlay": None, "docs": "none"}
    assert found["changes"] == []
    assert found["suggested_bump"] == "none"


@pytest.mark.parametrize(
    ("gates", "status"),
    [("wire", 1), ("wire:error", 1), ("wire:breaking", 1), ("wire:info", 1), ("docs", 0), ("docs,wire:warning", 1)],
)
def test_fail_on_ends_with_1_for_what_is_grave_enough(run_drift: RunCommand, gates: str, status: int) -> None:
    found, _, err = run_drift("old.json", "new.json", "--wire-only", "--fail-on", gates)

    assert found == status
    assert ("the spec has such a change" in err) == (status == 1)


def test_fail_on_lets_milder_changes_pass(run_drift: RunCommand, folder: Path) -> None:
    (folder / "new.json").write_text(json.dumps(document(response=RESPONSE, tags=["A"])))

    assert run_drift("old.json", "new.json", "--wire-only", "--fail-on", "wire:warning")[0] == 0
    assert run_drift("old.json", "new.json", "--wire-only", "--fail-on", "wire:info")[0] == 1


def test_without_fail_on_a_review_is_no_failure(run_drift: RunCommand) -> None:
    assert run_drift("old.json", "new.json", "--wire-only")[0] == 0


def test_fail_on_reads_as_it_was_written() -> None:
    assert [str(gate) for gate in parse_fail_on("wire:error, python, overlay,docs,observed")] == [
        "wire:error",
        "python:breaking",
        "overlay:broken",
        "docs:changed",
        "observed:unexplained",
    ]


# --- accepted changes ----------------------------------------------------------------------------------------------


@pytest.fixture
def accept(folder: Path) -> Callable[..., Path]:
    """Writes a file of accepted changes."""

    def accept(*entries: Document) -> Path:
        path = folder / "accepted.yaml"
        usual = {"reason": "So.", "author": "ada", "expires": "2999-01-01"}
        path.write_text(json.dumps([{**usual, **entry} for entry in entries]))
        return path

    return accept


def fingerprint(run_drift: RunCommand, rule: str) -> str:
    """That of the change of a rule."""
    changes = json.loads(run_drift("old.json", "new.json", "--wire-only", "--format", "json")[1])["changes"]
    found: str = next(change["fingerprint"] for change in changes if change["id"] == rule)
    return found


REMOVED = "response-required-property-removed"


def test_a_change_is_accepted_by_its_fingerprint(run_drift: RunCommand, accept: Callable[..., Path]) -> None:
    path = accept({"fingerprint": fingerprint(run_drift, REMOVED)})
    words = ("old.json", "new.json", "--wire-only", "--accepted", path, "--format", "json")
    status, out, _ = run_drift(*words, "--fail-on", "wire")
    found = json.loads(out)

    assert status == 0
    assert found["changes"][0]["accepted"] == {"reason": "So.", "author": "ada", "expires": "2999-01-01"}
    assert found["verdict"]["wire"] == "breaking"
    assert found["notes"] == []


def test_a_change_is_accepted_by_its_rule_and_place(run_drift: RunCommand, accept: Callable[..., Path]) -> None:
    path = accept({"rule": REMOVED, "pointer": "/paths/~1things/*"})

    assert run_drift("old.json", "new.json", "--wire-only", "--accepted", path, "--fail-on", "wire")[0] == 0
    path = accept({"rule": REMOVED, "pointer": "/paths/~1others/*"})
    assert run_drift("old.json", "new.json", "--wire-only", "--accepted", path, "--fail-on", "wire")[0] == 1


def test_an_acceptance_ends(
    run_drift: RunCommand, accept: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = accept({"fingerprint": fingerprint(run_drift, REMOVED), "expires": "2026-06-01"})
    words = ("old.json", "new.json", "--wire-only", "--accepted", path, "--format", "json", "--fail-on", "wire")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780272000")  # 2026-06-01T00:00:00Z

    assert run_drift(*words)[0] == 0
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780358400")  # a day later
    status, out, _ = run_drift(*words)
    assert status == 1
    assert "was accepted until 2026-06-01 only" in json.loads(out)["notes"][0]


def test_an_acceptance_of_nothing_is_reported(run_drift: RunCommand, accept: Callable[..., Path]) -> None:
    path = accept({"rule": "endpoint-added", "pointer": "*"})
    found = json.loads(run_drift("old.json", "new.json", "--wire-only", "--accepted", path, "--format", "json")[1])

    assert found["notes"] == [f"{path}:1:2: endpoint-added at * is about nothing that changed; remove it"]


@pytest.mark.parametrize("entry", [{"fingerprint": "0123456789abcdef"}, {"rule": "py-class-removed", "pointer": "*"}])
def test_an_acceptance_of_what_was_not_looked_at_is_left_alone(
    run_drift: RunCommand, accept: Callable[..., Path], entry: Document
) -> None:
    words = ("old.json", "new.json", "--wire-only", "--accepted", accept(entry), "--format", "json")

    assert json.loads(run_drift(*words)[1])["notes"] == []


def test_an_acceptance_of_one_value_is_none_of_another(
    run_drift: RunCommand, folder: Path, accept: Callable[..., Path]
) -> None:
    """Two values that are gone at one place are two changes."""

    def api(*values: str) -> str:
        return json.dumps(document(body={"type": "string", "enum": values}))

    (folder / "old.json").write_text(api("x", "y", "z"))
    (folder / "new.json").write_text(api("x", "y"))
    path = accept({"fingerprint": fingerprint(run_drift, "request-body-enum-value-removed")})
    words = ("old.json", "new.json", "--wire-only", "--accepted", path, "--fail-on", "wire:error")
    assert run_drift(*words)[0] == 0

    (folder / "new.json").write_text(api("x"))
    assert run_drift(*words)[0] == 1


def test_in_a_pattern_only_the_star_stands_for_more(run_drift: RunCommand, accept: Callable[..., Path]) -> None:
    patterns = ("/paths/~1[t]hings/*", "/paths/~1?hings/*")
    path = accept(*({"rule": REMOVED, "pointer": pattern} for pattern in patterns))

    assert run_drift("old.json", "new.json", "--wire-only", "--accepted", path, "--fail-on", "wire")[0] == 1


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "needs either `fingerprint`, or `rule` and `pointer`"),
        ({"fingerprint": "a", "rule": REMOVED}, "needs either `fingerprint`, or `rule` and `pointer`"),
        ({"rule": "response-property-painted", "pointer": "*"}, "there is no rule 'response-property-painted'"),
        ({"rule": REMOVED}, "needs `pointer`"),
        ({"fingerprint": "a", "pointer": "*"}, "a fingerprint says the place already"),
        ({"fingerprint": "a", "expires": "soon"}, "'soon' is no date"),
        ({"fingerprint": "a", "expires": "20270101"}, "'20270101' is no date"),
        ({"fingerprint": 1234567890123456}, "YAML takes `fingerprint` for a number; put it in quotes"),
        ({"fingerprint": "a", "reason": " "}, "needs `reason`"),
        ({"fingerprint": "a", "colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_a_wrong_entry_is_an_error_that_names_the_line(
    run_drift: RunCommand, accept: Callable[..., Path], entry: Document, message: str
) -> None:
    path = accept(entry)
    status, _, err = run_drift("old.json", "new.json", "--wire-only", "--accepted", path)

    assert status == 2
    assert f"{path}:1:" in err
    assert message in err


def test_the_projects_own_file_of_accepted_changes_is_read() -> None:
    from codegen.drift import baseline, command

    baseline.load(ROOT / command.ACCEPTED)


# --- output --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text", "json", "markdown", "html", "github", "junit"])
def test_every_format_is_written(run_drift: RunCommand, folder: Path, kind: str) -> None:
    status, out, _ = run_drift("old.json", "new.json", "--wire-only", "--format", kind)

    assert status == 0
    assert REMOVED in out
    assert run_drift("old.json", "new.json", "--wire-only", "--format", kind, "--output", "report")[1] == ""
    assert (folder / "report").read_text("utf-8") == out


@pytest.mark.parametrize("kind", ["text", "markdown"])
def test_a_pipe_that_is_set_up_for_ascii_gets_the_report_too(folder: Path, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "codegen", "drift", "old.json", "new.json", "--wire-only", "--format", kind],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )

    assert REMOVED in done.stdout.decode()


@pytest.mark.parametrize(("choice", "coloured"), [("always", True), ("never", False), ("auto", False)])
def test_colour_is_for_terminals_and_for_those_who_ask(run_drift: RunCommand, choice: str, coloured: bool) -> None:
    assert ("\x1b[" in run_drift("old.json", "new.json", "--wire-only", "--color", choice)[1]) == coloured


@pytest.mark.slow
def test_reports_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    content = (ROOT / "spec" / "iam_api.yaml").read_text("utf-8")
    content = content.replace("results", "items").replace("operationId: iamGet", "operationId: get")
    (tmp_path / "new.yaml").write_text(content)
    words = ["spec/iam_api.yaml", str(tmp_path / "new.yaml"), "--layers", "wire,python,docs", "--format", "json"]
    reports = {
        subprocess.run(
            [sys.executable, "-m", "codegen", "drift", *words],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "2026")
    }

    assert len(reports) == 1
    assert len(json.loads(reports.pop())["changes"]) > 10
