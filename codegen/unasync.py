"""Writes the sync half of the library, `gcore_iam.sync`, from its async half, `gcore_iam.aio`.

Code is rewritten by `CODE_RULES`, docstrings and comments by the shorter `PROSE_RULES`. A rule that matches nothing is
an error: it would hide that the code has changed. What differs in more than names is a pair of functions in
`gcore_iam._concurrency`: `name_async` for async code, and `name` for sync code.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from ruff import find_ruff_bin  # type: ignore[import-untyped]

from .errors import CodegenError

Rule: TypeAlias = tuple[str, str]
"""A regular expression, and what replaces its matches."""

CODE_RULES: tuple[Rule, ...] = (
    # syntax
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait (?=[\w(])", ""),
    # types
    (r"\bAwaitable\[(\w+(?:\[\w+\])?)\]", r"\1"),
    (r"\bAsyncGenerator\[(.+), (.+)\]", r"Generator[\1, \2, None]"),
    (r"\bAsyncByteStream\b", "SyncByteStream"),
    (r"\bStopAsyncIteration\b", "StopIteration"),
    (r"\b(_?)Async(?=[A-Z])", r"\1"),
    # names of the language, of httpx, of the generated client, of `_concurrency`
    (r"\b__aenter__\b", "__enter__"),
    (r"\b__aexit__\b", "__exit__"),
    (r"\b__aiter__\b", "__iter__"),
    (r"\b__anext__\b", "__next__"),
    (r"\baiter\b", "iter"),
    (r"\baclosing\b", "closing"),
    (r"\baclose\b", "close"),
    (r"\baread\b", "read"),
    (r"\bhandle_async_request\b", "handle_request"),
    (r"\basync_auth_flow\b", "sync_auth_flow"),
    (r"\basyncio_detailed\b", "sync_detailed"),
    (r"\bget_async_httpx_client\b", "get_httpx_client"),
    (r"\b(\w+)_async\b", r"\1"),
)
"""The rules for code, in this order."""

PROSE_RULES: tuple[Rule, ...] = (
    (r"\basync (with|for)\b", r"\1"),
    (r"(?<=`)await |\bawait (?=\()", ""),
    (r"(?<=\()await ", ""),
    (r"\b(_?)Async(?=[A-Z])", r"\1"),
    (r"\bhandle_async_request\b", "handle_request"),
    (r"\basync_auth_flow\b", "sync_auth_flow"),
    (r"\basyncio_detailed\b", "sync_detailed"),
    (r"\baclosing\b", "closing"),
    (r"for async code", "for sync code"),
    (r"by tasks and by event loops", "by threads"),
    (r"in the task of the call", "in the thread of the call"),
)
"""The rules for docstrings and comments, in this order."""

HEADER = "# Derived from aio/{name} by `make generate`. Do not edit: change that file.\n\n"

_PACKAGE_DOCSTRING = '"""Everything that waits for the network, for sync code; derived from `gcore_iam.aio`."""\n'


def build_sync(overlay: Path) -> dict[str, str]:
    """Build the files of the sync half.

    Args:
        overlay: Folder of the hand-written package.

    Returns:
        Their text by their path within `sync/`.

    Raises:
        CodegenError: The async half is missing, a rule matches nothing, or the result is not Python.
    """
    source = overlay / "aio"
    files = sorted(source.rglob("*.py"))
    if not files:
        raise CodegenError(f"{source}: has no Python files to build the sync half from")
    matches: Counter[Rule] = Counter()
    texts: dict[str, str] = {}
    for file in files:
        name = file.relative_to(source).as_posix()
        text = _PACKAGE_DOCSTRING if name == "__init__.py" else rewrite(file.read_text("utf-8"), matches, str(file))
        texts[name] = _format(HEADER.format(name=name) + text, overlay / "sync" / name)
    for rules, kind in ((CODE_RULES, "CODE_RULES"), (PROSE_RULES, "PROSE_RULES")):
        for rule in rules:
            if not matches[rule]:
                raise CodegenError(f"codegen/unasync.py: {rule[0]!r} of {kind} matches nothing in {source}; remove it")
    return texts


def rewrite(text: str, matches: Counter[Rule], name: str = "<text>") -> str:
    """Rewrite the async code of a file as sync code.

    Args:
        text: The Python source.
        matches: Counts the matches of each rule.
        name: The file's name, for messages.

    Raises:
        CodegenError: It is not Python.
    """
    parts: list[str] = []
    position = 0
    for start, end in _find_prose(text, name):
        parts += (_apply(CODE_RULES, text[position:start], matches), _apply(PROSE_RULES, text[start:end], matches))
        position = end
    return "".join(parts) + _apply(CODE_RULES, text[position:], matches)


def _apply(rules: tuple[Rule, ...], text: str, matches: Counter[Rule]) -> str:
    for rule in rules:
        text, count = re.subn(*rule, text)
        matches[rule] += count
    return text


def _find_prose(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Find the docstrings and comments of a source, as positions of their start and end."""
    try:
        documented = {
            (node.body[0].value.lineno, node.body[0].value.col_offset)  # in bytes: only spaces stand before it
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
            and isinstance(node.body[0].value, ast.Constant)
            and isinstance(node.body[0].value.value, str)
        }
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (SyntaxError, tokenize.TokenError) as error:
        raise CodegenError(f"{name}: is not Python: {error}") from error
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for token in tokens:
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.start in documented):
            yield starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]


def _format(text: str, path: Path) -> str:
    ruff = [find_ruff_bin()]
    name = ["--stdin-filename", str(path), "-"]
    for command in (
        [*ruff, "check", "--select", "I,F401", "--fix-only", "--quiet", *name],
        [*ruff, "format", "--quiet", *name],
    ):
        run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        if run.returncode:
            raise CodegenError(f"{path}: the result is not Python: {run.stderr.strip()}")
        text = run.stdout
    return text


def find_differences(overlay: Path) -> list[str]:
    """Compare the sync half with what the async half gives.

    Returns:
        One line for each file that differs; empty when there is none.
    """
    target = overlay / "sync"
    expected = build_sync(overlay)
    found = {path.relative_to(target).as_posix(): path for path in target.rglob("*.py")}
    lines = [
        f"{target / name}: is not derived from {overlay / 'aio'}; move it away"
        for name in found
        if name not in expected
    ]
    for name, text in expected.items():
        if name not in found:
            lines.append(f"{target / name}: is missing; run `make generate`")
        elif found[name].read_text("utf-8") != text:
            lines.append(f"{target / name}: is not what {overlay / 'aio' / name} gives; run `make generate`")
    return lines


def write(overlay: Path) -> list[str]:
    """Write the sync half.

    Returns:
        The paths of the files that have changed.
    """
    target = overlay / "sync"
    changed: list[str] = []
    texts = build_sync(overlay)
    for name, text in texts.items():
        path = target / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            changed.append(name)
    return changed
