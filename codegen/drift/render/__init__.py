"""The formats of a review: each is one function of the review and the reader's options."""

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
"""The values of `--format`. Equal reviews and options always give the same text."""
