"""How a review is shown: each format is one function of the review and the reader's options, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..report import Review
from . import github, html, json, junit, markdown, text
from .common import Options

__all__ = ["FORMATS", "Options"]

FORMATS: Mapping[str, Callable[[Review, Options], str]] = {
    "text": text.render,
    "json": json.render,
    "markdown": markdown.render,
    "html": html.render,
    "github": github.render,
    "junit": junit.render,
}
"""What `--format` may say. The same review and options give the same text, always."""
