"""The sync half of the library from its async half: the same code without waiting.

A token at a time would leave docstrings behind, so names are replaced wherever they stand as whole words. What cannot
be said in both kinds of code is a helper with a twin: `name_async`, and `name` for sync code.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .errors import CodegenError

RULES: tuple[tuple[str, str], ...] = (
    # syntax
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait (?=[\w(`])", ""),
    # types
    (r"\bAwaitable\[(\w+(?:\[\w+\])?)\]", r"\1"),
    (r"\bAsyncByteStream\b", "SyncByteStream"),
    (r"\bStopAsyncIteration\b", "StopIteration"),
    (r"\baiter\b", "iter"),
    (r"\bAsync(?=[A-Z])", ""),
    (r"\b_Async(?=[A-Z])", "_"),
    # names of the language, of httpx, of the generated client, of our own twins
    (r"\b__aenter__\b", "__enter__"),
    (r"\b__aexit__\b", "__exit__"),
    (r"\b__aiter__\b", "__iter__"),
    (r"\b__anext__\b", "__next__"),
    (r"\baclosing\b", "closing"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\baclose\b", "close"),
    (r"\baread\b", "read"),
    (r"\bhandle_async_request\b", "handle_request"),
    (r"\basyncio_detailed\b", "sync_detailed"),
    (r"\bset_async_httpx_client\b", "set_httpx_client"),
    (r"\b(\w+)_async\b", r"\1"),
    # prose
    (r"for async code", "for sync code"),
    (r"by tasks of one event loop", "by threads"),
)
"""What becomes of what, in this order."""

HEADER = "# Derived from aio/{name} by `make generate`. Do not edit: change that file.\n\n"

_PACKAGE_DOCSTRING = '"""Everything that waits for the network, for sync code; derived from `gcore_iam.aio`."""\n'


def derived(overlay: Path) -> dict[str, str]:
    """The files of the sync half.

    Args:
        overlay: Folder of the hand-written package.

    Returns:
        Their text by their path within `sync/`.

    Raises:
        CodegenError: The async half is missing, or what comes out is not Python.
    """
    source = overlay / "aio"
    files = sorted(source.rglob("*.py"))
    if not files:
        raise CodegenError(f"{source}: holds no Python files to derive the sync half from")
    texts: dict[str, str] = {}
    for file in files:
        name = file.relative_to(source).as_posix()
        text = _PACKAGE_DOCSTRING if name == "__init__.py" else _without_waiting(file.read_text("utf-8"))
        texts[name] = _formatted(HEADER.format(name=name) + text, overlay / "sync" / name)
    return texts


def _without_waiting(text: str) -> str:
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    return text


def _formatted(text: str, path: Path) -> str:
    ruff = [sys.executable, "-m", "ruff"]
    name = ["--stdin-filename", str(path), "-"]
    for command in (
        [*ruff, "check", "--select", "I,F401", "--fix-only", "--quiet", *name],
        [*ruff, "format", "--quiet", *name],
    ):
        run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        if run.returncode:
            raise CodegenError(f"{path}: what is derived is not Python: {run.stderr.strip()}")
        text = run.stdout
    return text


def differences(overlay: Path) -> list[str]:
    """One line for each file of the sync half that is not what the async half gives; empty when all is well."""
    target = overlay / "sync"
    expected = derived(overlay)
    found = {path.relative_to(target).as_posix(): path for path in target.rglob("*.py")}
    told = [
        f"{target / name}: is not derived from {overlay / 'aio'}; move it away"
        for name in found
        if name not in expected
    ]
    for name, text in expected.items():
        if name not in found:
            told.append(f"{target / name}: is missing; run `make generate`")
        elif found[name].read_text("utf-8") != text:
            told.append(f"{target / name}: is not what {overlay / 'aio' / name} gives; run `make generate`")
    return told


def write(overlay: Path) -> list[str]:
    """Write the sync half.

    Returns:
        The paths of the files that have changed.
    """
    target = overlay / "sync"
    changed: list[str] = []
    for name, text in derived(overlay).items():
        path = target / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            changed.append(name)
    return changed
