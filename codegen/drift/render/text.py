"""Renders a review as text for a terminal or a log."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

from ..report import Review
from . import common
from .common import Options

_LEAST = 20
"""The minimum width of text in columns."""

_STYLES = {"bad": "bold red", "warn": "yellow", "note": "cyan", "good": "green", "off": "dim"}
"""The styles of `common.TONES`."""


def render(review: Review, options: Options) -> str:
    """Show a review as lines of text.

    Args:
        review: What to show.
        options: `color`, `width` and `docs` count here.

    Returns:
        Lines, each ended by a line break, that are no wider than asked for unless a single word is.
    """
    file = io.StringIO()
    console = Console(
        file=file,
        width=options.width,
        force_terminal=options.color,
        no_color=not options.color,
        color_system="standard" if options.color else None,
        highlight=False,
        legacy_windows=False,
    )
    environment = common.build_environment(plain=common.format_line, words=common.format_words, style=_style)
    template = environment.get_template("page.txt.jinja")
    text = template.render(review=review, options=options, common=common)
    for line in text.replace("##[", "## [").splitlines():  # it would begin a command anywhere in a log of GitHub's
        indent = len(line) - len(line.lstrip(" "))
        hanging = indent + 2
        for number, part in enumerate(_wrap_line(Text.from_ansi(line[indent:]), max(options.width - hanging, _LEAST))):
            margin = " " * (hanging if number else indent)
            console.print(Text.assemble(margin, part) if part else part, soft_wrap=True)
    return file.getvalue()


def _style(text: str, style: str = "") -> str:
    """Mark a text with a style, or with that of its tone; it has no escape sequences of its own."""
    return Style.parse(style or _STYLES[common.TONES[text]]).render(text)


def _wrap_line(line: Text, width: int) -> Iterator[Text]:
    """Break a line between words only, so that every place and every name stays whole."""
    start = 0
    breaks: list[int] = []
    for word in re.finditer(r"\S+(?:\s+::\S*)*", line.plain):  # so would `::` in a line's beginning
        if word.start() > start and cell_len(line.plain[start : word.end()]) > width:
            start = word.start()
            breaks.append(start)
    for part in line.divide(breaks):
        part.rstrip()
        yield part
