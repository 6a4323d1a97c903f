"""Shows observations as text, JSON, Markdown or HTML."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from .observation import Observation, ObservationKind, Observations

_TITLES: Mapping[ObservationKind, str] = {
    ObservationKind.UNDOCUMENTED_FIELD: "undocumented field",
    ObservationKind.UNDOCUMENTED_ENUM_VALUE: "undocumented enum value",
    ObservationKind.UNANNOUNCED_NULL: "null, which the spec does not allow",
    ObservationKind.MISSING_REQUIRED_KEY: "required key is missing",
    ObservationKind.OTHER_TYPE: "other type",
    ObservationKind.UNREADABLE_TIMESTAMP: "unreadable timestamp",
    ObservationKind.UNDOCUMENTED_STATUS: "undocumented status",
    ObservationKind.UNDOCUMENTED_MEDIA_TYPE: "undocumented media type",
    ObservationKind.DEPRECATED_OPERATION: "deprecated operation was called",
    ObservationKind.SUNSET_HEADER: "Sunset header",
    ObservationKind.DEPRECATION_HEADER: "Deprecation header",
}
_COLUMNS = ("operation", "status", "pointer", "observed", "count", "first seen", "last seen", "spec")
_CODE_COLUMNS = ("operation", "pointer")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Observations</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem; }
main { overflow-x: auto; }
table { border-collapse: collapse; }
caption { text-align: left; padding-bottom: 1rem; }
th, td { border-bottom: 1px solid; padding: 0.3rem 0.8rem; text-align: left; vertical-align: top; }
</style>
</head>
<body>
<main tabindex="0">
<h1>Observations</h1>
%s
</main>
</body>
</html>
"""


def render_text(observations: Observations) -> str:
    """Show observations as an aligned table."""
    if not observations:
        return f"{_summarize(observations)}\n"
    rows = [_COLUMNS, *map(_build_row, observations)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join((*lines, "", _summarize(observations), ""))


def render_json(observations: Observations) -> str:
    """Show observations in the form of their file."""
    return json.dumps(observations.to_dict(), indent=1) + "\n"


def render_markdown(observations: Observations) -> str:
    """Show observations as a table of Markdown."""
    return "\n".join(_iterate_markdown(observations)) + "\n"


def render_html(observations: Observations) -> str:
    """Show observations as a page of HTML that loads nothing."""
    summary = html.escape(_summarize(observations))
    if not observations:
        return _PAGE % f"<p>{summary}</p>"
    head = "".join(f'<th scope="col">{column}</th>' for column in _COLUMNS)
    rows = "\n".join(f"<tr>{''.join(_iterate_cells(row))}</tr>" for row in map(_build_row, observations))
    table = (
        f"<table>\n<caption>{summary}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    )
    return _PAGE % table


RENDERERS: Final[Mapping[str, Callable[[Observations], str]]] = {
    "text": render_text,
    "json": render_json,
    "markdown": render_markdown,
    "html": render_html,
}
"""What shows observations, by the name of its format."""


def _build_row(observation: Observation) -> tuple[str, ...]:
    title = _TITLES[observation.kind]
    return (
        observation.operation,
        observation.status,
        observation.pointer,
        f"{title}: {observation.detail}" if observation.detail else title,
        str(observation.count),
        observation.first_seen.date().isoformat(),
        observation.last_seen.date().isoformat(),
        observation.spec_version,
    )


def _summarize(observations: Observations) -> str:
    operations = len({observation.operation for observation in observations})
    if not operations:
        return "no observations"
    return f"{_count(len(observations), 'observation')} of {_count(operations, 'operation')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _iterate_markdown(observations: Observations) -> Iterator[str]:
    yield _summarize(observations)
    if observations:
        yield ""
        yield f"| {' | '.join(_COLUMNS)} |"
        yield f"|{'---|' * len(_COLUMNS)}"
        for observation in observations:
            yield f"| {' | '.join(map(_quote, _build_row(observation)))} |"


def _quote(text: str) -> str:
    """Quote a text as code, in which Markdown finds no other markup."""
    return "`{}`".format(text.replace("`", "'").replace("|", r"\|")) if text else ""


def _iterate_cells(row: tuple[str, ...]) -> Iterator[str]:
    for column, text in zip(_COLUMNS, map(html.escape, row), strict=True):
        yield f"<td><code>{text}</code></td>" if column in _CODE_COLUMNS else f"<td>{text}</td>"
