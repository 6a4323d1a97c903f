"""Each format: what a reader must find, and that nothing in a spec becomes more than text."""

from __future__ import annotations

import html
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints
from xml.etree import ElementTree

import attrs
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from codegen.drift.render import FORMATS, Options
from codegen.drift.render.common import escape_controls, list_reasons
from codegen.drift.report import LEVELS, Acceptance, Change, Location, ObservedFact, Review, Verdict, serialize_review
from tests.codegen.drift import sample

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "codegen" / "drift" / "report.schema.json").read_text("utf-8"))
REVIEWS = {
    "review": sample.review(),
    "hostile": sample.hostile(),
    "nothing": sample.nothing(),
    "observed": sample.observed(),
    "hostile-observed": sample.hostile_observed(),
}
HOSTILE = [sample.hostile(), sample.hostile_observed()]


def render(name: str, review: Review, **options: Any) -> str:
    return FORMATS[name](review, Options(**options))


def only(*changes: Change, **values: Any) -> Review:
    """The sample with these changes and nothing else."""
    return attrs.evolve(sample.review(), changes=changes, notes=(), **values)


def change(**values: Any) -> Change:
    return attrs.evolve(Change("some-rule", "wire", "error", "Something changed"), **values)


# --- All formats ------------------------------------------------------------------------------------


@pytest.mark.parametrize("review", REVIEWS.values(), ids=REVIEWS)
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_plain_text_and_ends_with_a_line_break(name: str, review: Review) -> None:
    for options in (Options(), Options(docs=True, color=True)):
        text = FORMATS[name](review, options)
        assert text.encode().decode() == text
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("github", "json")])
def test_formats_for_people_name_the_layers_and_the_changes(name: str) -> None:
    text = render(name, sample.review())
    for word in ("wire", "python", "overlay", "api-removed-without-deprecation", "spec/iam_api.yaml:28:5"):
        assert word in text
    for file in ("overlay/gcore_iam/aio/resources/tokens.py:88:9", "overlay/gcore_iam/testing/state.py:141:22"):
        assert file in text


def test_the_same_review_gives_the_same_bytes_in_every_process() -> None:
    program = (
        "import hashlib\n"
        "from codegen.drift.render import FORMATS, Options\n"
        "from tests.codegen.drift import sample\n"
        "for name, render in FORMATS.items():\n"
        "    for review in (sample.observed(), sample.hostile()):\n"
        "        for options in (Options(), Options(docs=True, color=True)):\n"
        "            print(name, hashlib.sha256(render(review, options).encode()).hexdigest())\n"
    )
    surroundings = (
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "COLUMNS": "40", "NO_COLOR": "1", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "COLUMNS": "200", "FORCE_COLOR": "1", "LC_ALL": "C.UTF-8"},
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=os.environ | extra, capture_output=True, check=True
        ).stdout
        for extra in surroundings
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0].splitlines()) == 4 * len(FORMATS)


# --- Text -------------------------------------------------------------------------------------------


def test_text_begins_with_the_verdicts_the_bump_and_both_sides() -> None:
    head = render("text", sample.review()).split("\n\nwire:")[0]
    words = [line.split() for line in head.splitlines()]
    assert ["wire", "breaking"] in words
    assert ["overlay", "broken"] in words
    assert ["bump", "major", "(suggested)"] in words
    assert "spec/iam_api.yaml (version 2026-05-15)" in head
    assert "downloads/new.yaml (version 2026-06-30)" in head


def test_text_names_skipped_layers_and_that_nothing_changed() -> None:
    text = render("text", sample.nothing())
    assert re.findall(r"^ +(\w+) +not reviewed$", text, re.MULTILINE) == ["python", "overlay", "docs"]
    assert text.endswith("\nno changes\n")
    assert "no changes" not in render("text", sample.review())


def test_text_gathers_what_one_rule_found_in_one_component() -> None:
    text = render("text", sample.review())
    assert text.count("response-property-enum-value-added") == 1
    start = text.index("  warning response-property-enum-value-added in schemas/User\n")
    lines = [line for line in text[start:].splitlines() if "fingerprint" not in line]
    assert lines[1:4] == [
        "    operations: GET /iam/users, POST /iam/users, GET /iam/users/{userId} and 3 more",
        "    `User.status` may be `blocked`  spec/iam_api.yaml:60:11 -> downloads/new.yaml:55:11",
        "    `User.groups[].name` may be `Auditors`  spec/iam_api.yaml:72:17 -> downloads/new.yaml:67:17",
    ]


def test_text_names_the_operations_of_each_change() -> None:
    pointer = "/components/schemas/User/properties/a"
    changes = [change(message=f"change {name}", pointer=pointer, operations=(f"GET /{name}",)) for name in "ab"]
    lines = render("text", only(*changes)).splitlines()
    assert lines[-4:] == [
        f"    change a  {pointer}",
        "      operations: GET /a",
        f"    change b  {pointer}",
        "      operations: GET /b",
    ]


def test_text_says_why_a_hand_written_line_breaks() -> None:
    cause = change(id="request-property-removed", message="`User.phone` is gone", fingerprint="0" * 16)
    line = change(layer="overlay", files=("overlay/a.py:3:1",), causes=(cause.fingerprint, "f" * 16))
    text = render("text", only(cause, line))
    assert "breaks overlay/a.py:3:1\n      cause: request-property-removed: `User.phone` is gone\n" in text


def test_text_orders_by_level_then_rule_within_a_layer() -> None:
    found = re.findall(r"^  (error|warning|info) (\S+)", render("text", sample.review()), re.MULTILINE)
    start = found.index(("error", "api-removed-without-deprecation"))
    wire = found[start : found.index(("info", "new-optional-request-parameter")) + 1]
    assert wire == sorted(wire, key=lambda item: (LEVELS.index(item[0]), item[1]))


@pytest.mark.parametrize("name", ["text", "markdown", "html", "github", "junit", "json"])
def test_every_format_shows_the_line_and_what_to_write(name: str) -> None:
    review = sample.review()
    broken = attrs.evolve(review.changes[-4], code="user.phone_number", instead="mobile_number")
    shown = render(name, attrs.evolve(review, changes=(broken,)))

    assert broken.layer == "overlay"
    assert "user.phone_number" in shown
    assert ('"instead": "mobile_number"' if name == "json" else "se instead") in shown


def test_hand_written_code_comes_first() -> None:
    found = re.findall(r"^(overlay|wire|python|generator|docs): ", render("text", sample.review()), re.MULTILINE)

    assert found == ["overlay", "wire", "python", "generator", "docs"]


@pytest.mark.parametrize(
    ("count", "end"), [(1, "GET /0"), (3, "GET /0, GET /1, GET /2"), (11, "GET /0, GET /1, GET /2 and 8 more")]
)
def test_text_counts_operations_after_the_third(count: int, end: str) -> None:
    review = only(change(operations=tuple(f"GET /{number}" for number in range(count))))
    assert f"operations: {end}\n" in render("text", review)


def test_text_shows_who_accepted_what_and_why() -> None:
    text = render("text", sample.review())
    assert "accepted by ada until 2026-09-30: The client never asks for more than 100 at a time." in text
    assert "wire: 2 errors, 3 warnings, 1 info, 1 accepted\n" in text


def test_text_counts_prose_by_rule_unless_asked_to_list_it() -> None:
    folded, listed = (render("text", sample.review(), docs=docs) for docs in (False, True))
    assert "docs: 3 infos\n     2 description-removed\n     1 summary-changed\n" in folded
    assert "the spec of `lang` is gone" not in folded
    assert "the spec of `lang` is gone" in listed


def test_text_ends_with_the_notes() -> None:
    last = "notes\n  - An acceptance of `request-parameter-removed` ran out on 2026-06-01.\n"
    assert render("text", sample.review()).endswith(last)


@pytest.mark.parametrize("width", [40, 72, 100])
def test_text_keeps_to_the_width_and_breaks_no_word(width: int) -> None:
    text = render("text", sample.review(), width=width)
    assert all(len(line) <= width or len(line.split()) == 1 for line in text.splitlines())
    assert "overlay/gcore_iam/aio/resources/tokens.py:88:9" in text
    assert not re.search(r" $", text, re.MULTILINE)


def test_text_has_colour_only_when_asked_for() -> None:
    plain, coloured = (render("text", sample.review(), color=color) for color in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


@pytest.mark.parametrize("review", HOSTILE, ids=["changes", "observed"])
def test_text_sends_no_control_character_to_a_terminal(review: Review) -> None:
    text = render("text", review, docs=True)
    assert [character for character in text if not character.isprintable() and character != "\n"] == []
    assert r"\x1b[31mred" in text


@pytest.mark.parametrize("width", range(20, 60))
def test_no_line_of_text_is_a_command_of_a_workflow(width: int) -> None:
    text = render("text", only(change(message="a ::error::b  ::add-mask::c ##[add-mask]d")), width=width)
    assert "::add-mask::c" in text
    assert not re.search(r"^ *::|##\[", text, re.MULTILINE)


# --- JSON -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("review", REVIEWS.values(), ids=REVIEWS)
def test_json_is_the_report_and_fits_its_schema(review: Review) -> None:
    text = render("json", review)
    assert json.loads(text) == json.loads(json.dumps(serialize_review(review)))
    jsonschema_rs.validator_for(SCHEMA).validate(json.loads(text.replace("\\ud800", "")))


def test_json_stays_readable() -> None:
    assert '"message": "Größe"' in render("json", only(change(message="Größe")))


def test_the_schema_is_one_and_lists_all_that_there_is() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    definitions = SCHEMA["$defs"]
    change_ = definitions["change"]
    assert list(change_["properties"]) == [*change_["required"], "observed"]
    assert change_["required"] == [field.name for field in attrs.fields(Change)]
    observed = definitions["observed"]
    assert list(observed["properties"]) == observed["required"] == [field.name for field in attrs.fields(ObservedFact)]
    typing = get_type_hints(Verdict)
    for field in attrs.fields(Verdict):
        words = [word for part in get_args(typing[field.name]) for word in get_args(part) or (None,)]
        assert definitions["verdict"]["properties"][field.name]["enum"] == words
    objects = [SCHEMA, *definitions.values()]
    assert all(part["additionalProperties"] is False for part in objects)
    described = [rule for part in objects for rule in part["properties"].values() if "$ref" not in rule]
    assert all("description" in rule for rule in [*objects, *described])


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("extra",), 1),
        (("schema_version",), 2),
        (("verdict", "wire"), "broken"),
        (("suggested_bump",), None),
        (("changes", 0, "level"), "fatal"),
        (("changes", 0, "layer"), "paint"),
        (("changes", 0, "old", "end_line"), 3),
        (("changes", 0, "old", "line"), 0),
        (("changes", 1, "accepted", "expires"), "soon"),
        (("changes", 0, "fingerprint"), "xyz"),
    ],
)
def test_the_schema_refuses_what_a_report_never_holds(keys: tuple[str | int, ...], value: object) -> None:
    report: Any = json.loads(render("json", sample.review()))
    place = report
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    assert not jsonschema_rs.validator_for(SCHEMA).is_valid(report)


# --- Markdown ---------------------------------------------------------------------------------------

OWN_HTML = re.compile(r"(<details>\n<summary>\w+ \(\d+\)</summary>|</details>)\n")
LINKED = re.compile(r"@\w|#\d|\bGH-\d|https?://|www\.|\b[0-9a-f]{7,40}\b|:\w+:")


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(text):
        yield token
        yield from token.children or ()


def test_markdown_begins_with_a_table_of_verdicts_and_the_bump() -> None:
    lines = render("markdown", sample.review()).splitlines()
    assert lines[0].startswith("## ")
    assert lines[2:8] == [
        "| Layer | Verdict |",
        "| --- | --- |",
        "| wire | **breaking** |",
        "| python | **breaking** |",
        "| overlay | **broken** |",
        "| docs | changed |",
    ]
    assert "**Suggested bump:** major" in lines


def test_markdown_shows_errors_and_warnings_and_folds_the_rest() -> None:
    text = render("markdown", sample.review())
    open_, folded = text[: text.index("<details>")], text[text.index("<details>") :]
    assert "### Errors (7)" in open_
    assert "### Warnings (4)" in open_
    assert "<summary>Infos (2)</summary>" in folded
    assert "<summary>Accepted (1)</summary>" in folded
    assert "`request-parameter-max-decreased`" not in open_
    assert "3 changes in prose: `description-removed` 2, `summary-changed` 1" in open_
    assert "Prose (3)" not in text
    assert "<summary>Prose (3)</summary>" in render("markdown", sample.review(), docs=True)


def test_markdown_without_changes_says_so() -> None:
    assert render("markdown", sample.nothing()).endswith("\nNo changes.\n")


@pytest.mark.parametrize("review", HOSTILE, ids=["changes", "observed"])
@pytest.mark.parametrize("docs", [False, True])
def test_nothing_in_a_description_becomes_markup(docs: bool, review: Review) -> None:
    found = list(tokens(render("markdown", review, docs=docs)))
    kinds = {token.type for token in found}
    assert kinds.isdisjoint({"html_inline", "link_open", "image", "em_open", "s_open", "hr", "fence", "code_block"})
    assert all(OWN_HTML.fullmatch(token.content) for token in found if token.type == "html_block")
    assert {token.tag for token in found if token.type == "heading_open"} <= {"h2", "h3"}
    strong = [after.content for token, after in itertools.pairwise(found) if token.type == "strong_open"]
    assert set(strong) <= {"breaking", "Suggested bump:", "wire", "docs", "contradicted"}
    assert sum(token.type == "tr_open" for token in found) == 5 + (review.observed is not None)


@pytest.mark.parametrize("review", HOSTILE, ids=["changes", "observed"])
def test_nothing_in_a_spec_mentions_people_or_makes_links(review: Review) -> None:
    texts = [token.content for token in tokens(render("markdown", review, docs=True)) if token.type == "text"]
    assert any("octocat" in text for text in texts)
    assert [found for text in texts for found in LINKED.findall(text)] == []
    assert LINKED.findall(sample.HOSTILE)


def test_what_a_description_says_is_still_what_one_reads() -> None:
    texts = "".join(token.content for token in tokens(render("markdown", sample.hostile())) if token.type == "text")
    assert "<script>alert(1)</script> </details> <img src=x onerror=alert(1)>" in texts
    assert "*bold* [link](https://example.com)" in texts.replace("\u200b", "")


@pytest.mark.parametrize("text", ["- item", "1. item", "# title", "> quote", "+ item", "~~~", "    code", "***", "a  "])
def test_a_note_that_looks_like_a_block_is_a_sentence(text: str) -> None:
    review = attrs.evolve(sample.nothing(), notes=(text,))
    found = list(tokens(render("markdown", review)))
    lists = [token for token in found if token.type.endswith("_list_open")]
    assert len(lists) == 2
    assert {token.tag for token in lists} == {"ul"}
    assert text.strip() in [token.content for token in found if token.type == "text"]


@pytest.mark.parametrize("text", ["`", "``", "a`", "`a", "", "a``b", "x" * 300])
def test_a_code_span_holds_backticks(text: str) -> None:
    found = list(tokens(render("markdown", only(change(operations=(text,))))))
    assert (text or "-") in [token.content for token in found if token.type == "code_inline"]


def entries(text: str) -> list[str]:
    return re.findall(r"^- (?:\*\*.*|.*ran out.*)\n(?:  .*\n)*", text, re.MULTILINE)


def test_markdown_keeps_its_limit_by_dropping_mild_entries() -> None:
    review = sample.review()
    review = attrs.evolve(review, changes=review.changes * 4, notes=review.notes * 3)
    full = render("markdown", review, docs=True)
    every = entries(full)
    size = len(full.encode())
    assert "Left out" not in full
    assert len(every) == 4 * len(review.changes) // 4 + 3
    kept: list[int] = []
    for cap in [*range(1_200, size, 613), size - 1, size]:
        text = render("markdown", review, docs=True, max_bytes=cap)
        assert len(text.encode()) <= cap
        assert text.count("<details>") == text.count("</details>") == text.count("<summary>")
        there = entries(text)
        assert there == every[: len(there)]
        kept.append(len(there))
        left = [int(count) for count in re.findall(r"(\d+) of \d+ ", text.partition("**Left out")[2])]
        assert sum(left) == len(every) - len(there)
        assert ("--format html" in text) is bool(left)
    assert kept == sorted(kept)
    assert kept[0] < len(every) // 10
    assert kept[-1] == len(every)


def test_markdown_uses_the_room_that_it_has() -> None:
    review = only(*(change(message=f"change {number}", pointer="/info") for number in range(2_000)))
    size = len(render("markdown", review).encode())
    assert 59_900 < size <= 60_000


def test_markdown_keeps_its_head_even_where_there_is_no_room() -> None:
    text = render("markdown", sample.review(), max_bytes=0)
    assert "| wire | **breaking** |" in text
    assert "7 of 7 errors, 4 of 4 warnings, 1 of 1 note, 1 of 1 accepted change, 2 of 2 infos" in text
    assert entries(text) == []


# --- GitHub -----------------------------------------------------------------------------------------

COMMAND = re.compile(r"::(error|warning|notice) ([^:\r\n]*)::([^\r\n]*)")


def commands(review: Review) -> list[tuple[str, dict[str, str], str]]:
    """Workflow commands as GitHub reads them."""

    def unescaped(text: str, *more: tuple[str, str]) -> str:
        for code, character in (*more, ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            text = text.replace(code, character)
        return text

    found: list[tuple[str, dict[str, str], str]] = []
    for line in render("github", review).split("\n")[:-1]:
        match = COMMAND.fullmatch(line)
        assert match, line
        pairs = [pair.split("=", 1) for pair in match[2].split(",")]
        properties = {key: unescaped(value, ("%3A", ":"), ("%2C", ",")) for key, value in pairs}
        found.append((match[1], properties, unescaped(match[3])))
    return found


def test_github_annotates_the_old_spec_for_what_is_removed() -> None:
    found = {(kind, properties["title"]): properties for kind, properties, _ in commands(sample.review())}
    gone = found["error", "wire: api-removed-without-deprecation"]
    assert (gone["file"], gone["line"], gone["col"]) == ("spec/iam_api.yaml", "28", "5")
    changed = found["error", "wire: response-property-became-nullable"]
    assert (changed["file"], changed["line"], changed["col"]) == ("downloads/new.yaml", "50", "9")
    assert ("warning", "generator: lost-parameter") in found
    assert ("notice", "wire: new-optional-request-parameter") in found
    assert ("notice", "wire: request-parameter-max-decreased") in found, "accepted"


def test_github_annotates_each_line_of_ours_that_breaks() -> None:
    broken = [properties for _, properties, _ in commands(sample.review()) if "import-broken" in properties["title"]]
    assert [(place["file"], place["line"], place["col"]) for place in broken] == [
        ("overlay/gcore_iam/aio/resources/tokens.py", "88", "9"),
        ("overlay/gcore_iam/sync/resources/tokens.py", "86", "9"),
    ]


def test_github_says_how_much_prose_changed_once() -> None:
    prose = [message for _, _, message in commands(sample.review()) if "prose" in message]
    assert prose == ["3 changes in prose: description-removed 2, summary-changed 1"]
    assert not any("docs: description-removed" in str(found) for found in commands(sample.review()))


def test_github_gives_the_verdicts_first() -> None:
    kind, _, message = commands(sample.nothing())[0]
    assert kind == "notice"
    assert message.startswith("wire: none, python: not reviewed")
    assert commands(sample.nothing())[1][2] == "no changes"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("spec/api.yaml", "spec/api.yaml"),
        ("HEAD~1:spec/api.yaml", "spec/api.yaml"),
        ("-", None),
        ("https://example.com/api.yaml", None),
    ],
)
def test_github_points_only_at_files_of_the_repository(name: str, file: str | None) -> None:
    review = only(change(new=Location(3, 4, 3)), new=sample.source(name, sample.NEW, "2"))
    properties = next(properties for kind, properties, _ in commands(review) if kind == "error")
    assert properties.get("file") == file
    assert ("line" in properties) is (file is not None)


def test_github_escapes_what_would_end_a_command_or_a_property() -> None:
    review = only(change(id="a,b:c%d", message="100%, x::y\nz %0A", files=("odd,name:%.py:1:2",)))
    text = render("github", review)
    assert "file=odd%2Cname%3A%25.py,line=1,col=2,title=wire%3A a%2Cb%3Ac%25d::100%25, x::y z %250A\n" in text
    message = next(message for kind, _, message in commands(only(change(operations=("GET /a",)))) if kind == "error")
    assert message == "Something changed\noperations: GET /a"


def test_github_takes_no_command_from_a_description() -> None:
    found = commands(sample.hostile())
    assert len(found) == 4
    assert [properties.get("title", "")[:5] for kind, properties, _ in found if kind == "error"] == ["wire:"]


# --- JUnit ------------------------------------------------------------------------------------------


def test_junit_fails_for_errors_that_nobody_accepted() -> None:
    root = ElementTree.fromstring(render("junit", sample.review()))  # noqa: S314 - our own
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["drift.overlay", "drift.wire", "drift.python", "drift.generator", "drift.docs"]
    wire = suites["drift.wire"]
    assert (wire.get("tests"), wire.get("failures"), wire.get("skipped")) == ("7", "2", "0")
    assert (root.get("tests"), root.get("failures")) == ("17", "7")
    cases = {case.get("name", "").split()[0]: case for case in wire}
    failure = cases["response-property-became-nullable"].find("failure")
    assert failure is not None
    assert failure.get("message") == "`User.email` may be null"
    assert "downloads/new.yaml:50:9" in (failure.text or "")
    accepted = cases["request-parameter-max-decreased"]
    assert accepted.find("failure") is None
    assert "accepted by ada" in (accepted.findtext("system-out") or "")


def test_junit_has_a_case_for_a_layer_without_changes() -> None:
    root = ElementTree.fromstring(render("junit", sample.nothing()))  # noqa: S314 - our own
    cases = {suite.get("name"): list(suite) for suite in root}
    assert [case.get("name") for case in cases["drift.wire"]] == ["no changes"]
    assert list(cases["drift.wire"][0]) == []
    assert [child.tag for child in cases["drift.overlay"][0]] == ["skipped"]
    assert root.get("skipped") == "4"


def test_junit_holds_whatever_a_description_does() -> None:
    text = render("junit", sample.hostile())
    root = ElementTree.fromstring(text)  # noqa: S314 - our own
    failure = root.find(".//failure")
    assert failure is not None
    assert "</script><script>alert(1)</script>" in (failure.text or "")
    assert "\ufffd\ufffd\ufffd[31mred" in (failure.text or "")
    assert len(root.findall(".//testcase")) == 5


def test_an_acceptance_makes_an_error_pass_everywhere() -> None:
    error = change()
    accepted = attrs.evolve(error, accepted=Acceptance("known", "ada", "2030-01-01"))
    assert "<failure" in render("junit", only(error))
    assert "<failure" not in render("junit", only(accepted))
    assert "::error" in render("github", only(error))
    assert "::error" not in render("github", only(accepted))
    assert "### Errors" in render("markdown", only(error))
    assert "### Errors" not in render("markdown", only(accepted))


def test_html_shows_the_changed_piece_of_a_long_line() -> None:
    long = "{" + ", ".join(f'"key{number}": {number}' for number in range(200)) + "}"
    column = long.index('"key150"') + 1
    review = only(change(new=Location(1, column, 1)))
    page = render("html", attrs.evolve(review, new=attrs.evolve(review.new, lines=(long, "", long))))
    shown = html.unescape(page)

    assert '"key150": 150' in shown
    assert '"key100": 100' not in shown
    assert shown.count("…") == 2  # both ends of the line


def test_a_broken_line_names_three_causes_at_most() -> None:
    causes = [Change(f"rule-{number}", "wire", "error", "gone", fingerprint=f"{number}") for number in range(5)]
    line = change(layer="overlay", files=("a.py:1:1",), causes=tuple(cause.fingerprint for cause in causes))

    assert list_reasons(only(*causes, line), line) == ["rule-0: gone", "rule-1: gone", "rule-2: gone"]


def test_tabs_are_spaces_and_other_controls_are_shown() -> None:
    assert escape_controls("\ta\x1b[0m\r") == "    a\\x1b[0m\\r"


@given(st.text(st.sampled_from("ab1_`*[](){}<>&~$|^#+-=.:@/!\\\"' 0f\n")))
def test_any_text_is_read_as_it_is(text: str) -> None:
    notes = (f"x {text}", text if text.strip() else "y")
    empty, found = (
        list(tokens(render("markdown", attrs.evolve(sample.nothing(), notes=lines)))) for lines in (("x",), notes)
    )
    assert {token.type for token in found} <= {"code_inline", *(token.type for token in empty)}
    read = ["".join(part.content for part in token.children or ()) for token in found if token.type == "inline"]
    plain = {re.sub(r"(?<!`)`([^`]+)`(?!`)", r"\1", " ".join(note.split())).replace(" ", "") for note in notes}
    assert plain <= {line.replace("\u200b", "").replace(" ", "") for line in read}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("User.two_fa is called `x`", "`User.two_fa` is called `x`"),
        ("GET /iam/users/{userId}, moved", "GET `/iam/users/{userId}`, moved"),
        ('overlay/gcore_iam/a.py:69: "get_user" needs "id"', '`overlay/gcore_iam/a.py:69`: "`get_user`" needs "id"'),
        ("(#/components/schemas/User): well-formed, e.g. 5-6", "(`#/components/schemas/User`): well-formed, e.g. 5-6"),
        ("in [a](b) *now*!", r"in \[a\](b) \*now\*!"),
    ],
)
def test_markdown_can_be_read_as_it_is(text: str, line: str) -> None:
    lines = render("markdown", attrs.evolve(sample.nothing(), notes=(text,))).splitlines()
    assert f"- {line}" in lines
