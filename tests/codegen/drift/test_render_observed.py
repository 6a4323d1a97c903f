"""Each format shows observations, and no such section without them."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import attrs
import pytest

from codegen.drift.render import FORMATS, Options
from codegen.drift.report import Review
from tests.codegen.drift import sample

FOR_PEOPLE = ("text", "markdown", "html", "github", "junit")
ASIDE = r"(?s)<style>.*?</style>|<script>.*?</script>"


def render(name: str, review: Review) -> str:
    return FORMATS[name](review, Options(width=200))


@pytest.mark.parametrize("name", FORMATS)
def test_without_observations_no_format_speaks_of_them(name: str) -> None:
    text = re.sub(ASIDE, "", render(name, sample.review()))
    assert "observed" not in text.lower()
    assert "production" not in text.lower()


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_every_format_shows_each_fact_with_its_agreement(name: str) -> None:
    text = render(name, sample.observed())
    for word in ("contradicted", "unexplained", "explained", "unannounced_null", "418", "with the spec"):
        if name != "github" or word != "unannounced_null":  # an annotation has the message
            assert word in text


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_every_format_counts_observations_of_changes(name: str) -> None:
    text = re.sub(r"&#45;|\u200b", lambda found: "-" if found[0] == "&#45;" else "", render(name, sample.observed()))
    assert text.count("observed 3 times, last 2026-11-29") == 2
    assert text.count("observed 12 times, last 2026-11-27") == 1
    assert "observed 1 time, last 2026-11-02" in text


def test_text_lists_what_needs_a_look_first() -> None:
    text = render("text", sample.observed())
    assert "  observed contradicted\n" in text
    assert "observed: 1 contradicted, 1 unexplained, 1 explained\n" in text
    assert re.findall(r"^  (\w+ed) ", text, re.MULTILINE)[-3:] == ["contradicted", "unexplained", "explained"]


def test_markdown_has_a_row_and_a_section() -> None:
    text = render("markdown", sample.observed())
    assert "| observed | **contradicted** |\n" in text
    assert "### Observed (3)\n" in text
    assert "Observations: 1 contradicted, 1 unexplained, 1 explained.\n" in text


def test_html_links_a_fact_to_its_change() -> None:
    text = render("html", sample.observed())
    articles = text.split("<article ")
    article = next(part for part in articles if "blocked" in part)
    number = re.findall(r"change-(\d+)", article)[0]
    assert f'<a href="#change-{number}">' in text
    assert text.count('class="change fact"') == 3


def test_github_warns_of_what_is_not_explained() -> None:
    lines = [line for line in render("github", sample.observed()).splitlines() if "title=observed" in line]
    assert [line.split()[0] for line in lines] == ["::error", "::warning", "::notice"]
    assert lines[0].startswith("::error file=downloads/new.yaml,line=")


def test_junit_fails_for_a_contradicted_fact_only() -> None:
    root = ElementTree.fromstring(render("junit", sample.observed()))  # noqa: S314 - our own
    suite = root.find("testsuite[@name='drift.observed']")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert suite[0].find("failure") is not None


def test_json_links_facts_and_changes() -> None:
    report = json.loads(render("json", sample.observed()))
    (change,) = [change for change in report["changes"] if "observed" in change]
    assert report["verdict"]["observed"] == "contradicted"
    assert report["observed"][2]["changes"] == [change["fingerprint"]]
    assert change["observed"] == {"count": 3, "last_seen": "2026-11-29T06:00:00+00:00"}


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_an_empty_file_of_observations_is_shown_as_such(name: str) -> None:
    text = render(name, attrs.evolve(sample.nothing(), observed=()))
    assert "othing was observed" in text or "observed: none" in text
