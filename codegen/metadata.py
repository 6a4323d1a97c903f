"""Hatch metadata hook: the project's URLs, and a README whose links work outside the repository.

The address of the repository is not written down here: a fork has another one. In a GitHub workflow, the environment
names it; elsewhere the metadata has the URL of the API's spec alone, and the README names pages without linking them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

SPEC_URL = "https://github.com/G-Core/product-documentation"


class ProjectMetadata(MetadataHookInterface):
    """Fills the dynamic fields `readme` and `urls`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the fields; hatchling calls this."""
        repository = find_repository(os.environ)
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": render_readme(text, repository)}
        metadata["urls"] = build_urls(repository)


def find_repository(environment: Mapping[str, str]) -> str | None:
    """Return the address of the repository whose workflow runs; None outside a workflow."""
    server, name = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    return f"{server}/{name}" if server and name else None


def build_urls(repository: str | None) -> dict[str, str]:
    """Return the project's URLs by their names on the package index."""
    urls = {"API spec": SPEC_URL}
    if repository is not None:
        urls |= {
            "Homepage": repository,
            "Documentation": f"{repository}/blob/HEAD/docs/index.md",
            "Changelog": f"{repository}/blob/HEAD/CHANGELOG.md",
            "Source": repository,
            "Issues": f"{repository}/issues",
        }
    return urls


def render_readme(text: str, repository: str | None) -> str:
    """Make the relative links and pictures of the README absolute; without a repository, leave their texts."""
    if repository is None:
        text = re.sub(r"!\[[^\]]*\]\((?!\w+:)[^)]+\)\n?", "", text)
        return re.sub(r"\[([^\]]+)\]\((?!\w+:)[^)#][^)]*\)", r"\1", text)
    text = re.sub(r"(!\[[^\]]*\]\()(?!\w+:)([^)]+\))", rf"\g<1>{repository}/raw/HEAD/\2", text)
    return re.sub(r"((?<!!)\[[^\]]+\]\()(?!\w+:)([^)#][^)]*\))", rf"\g<1>{repository}/blob/HEAD/\2", text)
