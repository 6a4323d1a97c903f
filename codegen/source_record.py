"""Reads and writes `source.toml`, which records what the vendored spec was taken from."""

from __future__ import annotations

import contextlib
import datetime
import re
import tomllib
from pathlib import Path
from typing import Literal, TypeAlias

import attrs

from .errors import CodegenError
from .spec import Spec

Prose: TypeAlias = Literal["ours", "theirs"]

_NOTES: dict[str, str] = {
    "ours": "# Upstream's interface. Titles, summaries, descriptions and examples are this project's own.",
    "theirs": "# Upstream's file as it was published: its prose too, under the license that upstream states.",
}
"""The comment in the table [vendored]."""


@attrs.frozen
class SourceRecord:
    """What the vendored spec was taken from."""

    date: datetime.date | None
    """The day of upstream's file, None if nothing states it."""
    upstream_sha256: str
    upstream_version: str
    license: str
    """Name of the license that upstream's file states, "" if it states none."""
    taken: datetime.date
    """The day on which it was taken into this project."""
    vendored_sha256: str
    vendored_version: str
    prose: Prose
    """The author of the titles, summaries, descriptions and examples in the vendored file."""


def locate_record(spec: Path) -> Path:
    """Return the path of the record of a vendored spec."""
    return spec.with_name("source.toml")


def read_table(path: Path, name: str) -> dict[str, object]:
    """Read the table [upstream] or [vendored] of a record.

    Raises:
        CodegenError: The file is missing, is not TOML, or lacks the table.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8")).get(name)
    except OSError as error:
        raise CodegenError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise CodegenError(f"{path}: is not TOML: {error}") from error
    if not isinstance(table, dict):
        raise CodegenError(f"{path}: needs a table [{name}] with sha256 and version")
    return table


def read_prose(path: Path) -> Prose:
    """Return whose prose the vendored spec has; a record that does not say so is judged by its hashes."""
    vendored = read_table(path, "vendored")
    is_copy = vendored.get("sha256") == read_table(path, "upstream").get("sha256")
    return "theirs" if vendored.get("prose", "theirs" if is_copy else "ours") == "theirs" else "ours"


def find_date(spec: Spec, name: str = "") -> datetime.date | None:
    """Find the day of a spec: the one that its version begins with, else the one in the name of its file, else the
    one that the record beside it states for it; None if there is none.

    Args:
        spec: The spec.
        name: The name of the file or URL that it was read from.
    """
    found = re.match(r"\d{4}-\d{2}-\d{2}", spec.version, re.ASCII) or re.search(
        r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)", name.rpartition("/")[2], re.ASCII
    )
    if found:
        try:
            return datetime.date.fromisoformat(found[0])
        except ValueError:
            return None
    with contextlib.suppress(CodegenError):
        path = locate_record(Path(spec.name))
        date = read_table(path, "upstream").get("date")
        if read_table(path, "vendored").get("sha256") == spec.sha256 and isinstance(date, datetime.date):
            return date
    return None


def write_record(text: str, record: SourceRecord, path: Path) -> str:
    """Put a record into the text of `source.toml`; what it does not know, such as the repository, stays.

    Args:
        text: The file's text.
        record: The values to write.
        path: The name of the file in messages.

    Returns:
        The new text.

    Raises:
        CodegenError: The file does not have a table [upstream] and a table [vendored], or a key is not alone in its
            line.
    """
    values: dict[str, dict[str, datetime.date | str | None]] = {
        "upstream": {
            "version": record.upstream_version,
            "date": record.date,
            "sha256": record.upstream_sha256,
            "license": record.license or None,
            "taken": record.taken,
        },
        "vendored": {
            "prose": record.prose,
            "version": record.vendored_version,
            "sha256": record.vendored_sha256,
        },
    }
    for table, entries in values.items():
        text = _write_table(text, path, table, entries)
    text = re.sub(r"(?m)^\[vendored\]\n(#.*\n)*", lambda _: f"[vendored]\n{_NOTES[record.prose]}\n", text)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CodegenError(f"{path}: would no longer be TOML: {error}; write it as one key a line") from error
    for table, entries in values.items():
        for key, value in entries.items():
            if tables[table].get(key) != value:
                raise CodegenError(f"{path}: `{key}` in [{table}] cannot be replaced; write it as one key a line")
    return text


def _write_table(text: str, path: Path, table: str, entries: dict[str, datetime.date | str | None]) -> str:
    found = re.search(rf"(?ms)^\[{table}\]$\n(?P<body>.*?)(?=\n*(?:^\[|\Z))", text)
    if not found:
        raise CodegenError(f"{path}: needs a table [{table}]")
    lines = found["body"].split("\n")
    for key, value in entries.items():
        index = next((index for index, line in enumerate(lines) if re.match(rf"{key}\s*=", line)), None)
        if value is None:
            if index is not None:
                del lines[index]
            continue
        line = f"{key} = {value.isoformat() if isinstance(value, datetime.date) else _quote(value)}"
        if index is None:
            lines.append(line)
        else:
            lines[index] = line
    return text[: found.start("body")] + "\n".join(lines) + text[found.end("body") :]


def _quote(text: str) -> str:
    """Write a text as a basic string of TOML 1.0, in ASCII."""
    characters = []
    for character in text:
        code = ord(character)
        if character in '"\\':
            characters.append(f"\\{character}")
        elif 0x20 <= code < 0x7F:
            characters.append(character)
        elif 0xD800 <= code < 0xE000:
            characters.append("\\uFFFD")  # TOML has no halves of surrogate pairs
        else:
            characters.append(f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}")
    return f'"{"".join(characters)}"'
