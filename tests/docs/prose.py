"""The prose of pages, of docstrings and of messages, each sentence on the line where its file has it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

WORDS = tomllib.loads((ROOT / "tests" / "words.toml").read_text("utf-8"))
"""The words that we replace, in prose and in names."""

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
"""Pages that people read. The reference, which has no text of its own, is in docstrings."""

MODULES = [
    path
    for folder in ("overlay", "codegen", "examples", "benchmarks", "generated/gcore_iam_client/models")
    for path in sorted(ROOT.glob(f"{folder}/**/*.py"))
    if "gcore_iam/sync/" not in path.as_posix()  # the same as in `aio`
]
"""Modules whose docstrings and messages people read."""

_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1", re.MULTILINE | re.DOTALL)
_NOT_PROSE = re.compile(
    r"\A---\n(?s:.*?)^---$|(?s:<!--.*?-->)|^:::.*$|^ +options:.*$|^--8<--.*$|^!!! \w+", re.MULTILINE
)
_SECTION = re.compile(r"^ *(Args|Arguments|Attributes|Returns|Raises|Yields|Note|Notes|Example|Examples|Warns):$")
_ENTRY = re.compile(r"^ +(?:\*{0,2}\w+|\w+(?:, \w+)+)(?: \([^)]*\))?: ")


def _use_plain_groups(patterns: Iterable[str]) -> Iterator[str]:
    """Yield patterns whose groups have no number."""
    for pattern in patterns:
        yield re.sub(r"\((?!\?)", "(?:", pattern)


_REPLACED = {**WORDS["prose"], **WORDS["phrases"]}
_ANY_REPLACED = re.compile(
    rf"(?<![\w.-])(?:{'|'.join(f'({pattern})' for pattern in _use_plain_groups(_REPLACED))})(?![\w-])", re.IGNORECASE
)


def find_words(text: str) -> list[tuple[int, str, str]]:
    """Return the line, the word and what we use instead, for each word of a text that we replace."""
    return [
        (text.count("\n", 0, match.start()) + 1, match[0], list(_REPLACED.values())[(match.lastindex or 1) - 1])
        for match in _ANY_REPLACED.finditer(text)
    ]


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def read_page(path: Path) -> str:
    """Return the text of a page without code, directives and comments, with its lines where they were."""
    text = _NOT_PROSE.sub(_blank, _FENCE.sub(_blank, path.read_text("utf-8")))
    return replace_code(text)


def replace_code(text: str) -> str:
    """Return a text with a word in place of each span of code, and without the addresses of links.

    After "an", the word begins with a vowel: whether the code does is unknown.
    """
    text = re.sub(r"%\(\w+\)s|\b\w+=…|(?<![\w/])[\w/-]*\w(?:[._]+\w+)+\b(?:\(\))?", "Value", text)
    text = re.sub(r"(\b[Aa]n )?`[^`\n]*(?:\n[^`\n]*)?`", _choose_word, text)
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"- \1", text)  # the text of a picture is no sentence
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)


def _choose_word(code: re.Match[str]) -> str:
    return (f"{code[1]}Item" if code[1] else "Value") + _blank(code)


def read_module(path: Path) -> str:
    """Return the docstrings and the messages of a module, with its lines where they were."""
    source = path.read_text("utf-8")
    lines = [""] * (source.count("\n") + 2)
    tree = ast.parse(source)
    for line, text in [*_find_docstrings(tree), *_find_messages(tree)]:
        for number, part in enumerate(text.splitlines(), line - 1):
            if number < len(lines):
                lines[number] = part
    return replace_code("\n".join(lines))


def _find_docstrings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the prose of each string that is a statement: docstrings, and those of attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, _FENCE.sub(_blank, _strip_sections(node.value.value, node.col_offset))


def _strip_sections(docstring: str, indent: int) -> str:
    """Return a docstring in Google's style without the headings of its sections and the names of its entries."""
    lines: list[str] = []
    in_example = False
    for line in docstring.splitlines():
        if match := _SECTION.match(line):
            in_example = match[1].startswith("Example")
            lines.append("")
        elif line.startswith(" " * (indent + 4)) and (in_example or not any(lines[-1:])) and not _ENTRY.match(line):
            in_example = True
            lines.append("")
        else:
            in_example = in_example and not line.strip()
            lines.append(_ENTRY.sub("- ", line).strip())
    return "\n".join(lines)


def _find_messages(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each message of an error, and of each line of `--help`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            texts = node.exc.args
        elif isinstance(node, ast.Call):
            texts = [each.value for each in node.keywords if each.arg in ("help", "description", "epilog")]
        else:
            continue
        for text in texts:
            if isinstance(text, ast.Constant) and isinstance(text.value, str) and " " in text.value:
                yield text.lineno, _start_sentence(text.value)
            elif isinstance(text, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "`value`" for part in text.values]
                yield text.lineno, _start_sentence("".join(parts))


def _start_sentence(message: str) -> str:
    """Return a message, which Python's habits start with a small letter, as a sentence on one line."""
    message = message.replace("\n", " ").strip()
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")
