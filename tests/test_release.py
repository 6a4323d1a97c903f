"""What a release is made of: metadata, README on the package index, locks of its tools."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import gcore_iam
import pytest
import yaml

from codegen.metadata import build_urls, find_repository, render_readme

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
REPOSITORY = "https://git.example.com/owner/gcore-iam"


def find_relative_links(text: str) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]


def test_links_of_the_readme_are_absolute_on_the_index() -> None:
    assert find_relative_links(README)
    text = render_readme(README, REPOSITORY)
    assert find_relative_links(text) == []
    assert f"![typed]({REPOSITORY}/raw/HEAD/docs/badges/typed.svg)" in text
    assert f"[Install]({REPOSITORY}/blob/HEAD/docs/start/install.md)" in text


def test_without_a_repository_the_readme_has_no_broken_link() -> None:
    text = render_readme(README, None)
    assert find_relative_links(text) == []
    assert "![" not in text
    assert "Install, First call" in text


def test_the_repository_comes_from_the_workflow() -> None:
    environment = {"GITHUB_SERVER_URL": "https://git.example.com", "GITHUB_REPOSITORY": "owner/gcore-iam"}
    assert find_repository(environment) == REPOSITORY
    assert find_repository({}) is None
    assert {"Documentation", "Changelog", "Source", "Issues", "Homepage"} <= set(build_urls(REPOSITORY))
    assert list(build_urls(None)) == ["API spec"]


def test_the_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert str(citation["version"]) == gcore_iam.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    headings = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1] == f"{gcore_iam.__version__} - {citation['date-released']}"


@pytest.mark.parametrize("group", ["docs", "release"])
def test_tools_of_the_site_and_the_release_are_locked(group: str) -> None:
    lock = (ROOT / f"requirements-{group}.txt").read_text("utf-8")
    assert "://" not in lock
    for requirement in PYPROJECT["dependency-groups"][group]:
        assert re.search(rf"^{requirement.partition('==')[0]}==\S+.*\\\n    --hash=sha256:", lock, re.MULTILINE)
