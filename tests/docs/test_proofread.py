"""What `make docs` proofreads: which text of a page and of a program is prose, and what is found in it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.prose import ROOT, read_module, read_page

PAGE = """\
---
hide: [toc]
---
# Title

An `Observer` of [the guide](guide.md), `a.b()` and iam.users.get.

```python
wrnog = 1
```
::: gcore_iam.errors
Last line.
"""

PROGRAM = '''\
"""Says what it does.

    wrnog = 1
"""

def run(value: int) -> None:
    """Run it.

    Args:
        value: Seconds, above 0, which
            are added up.

    Example:
        run(wrnog)
    """
    raise ValueError(f"value {value} is too low")


parser.add_argument("--wrnog", help="what to run (%(default)s)")
'''


def number_lines(read: Callable[[Path], str], path: Path, text: str) -> dict[int, str]:
    """Return the lines that are left of a text, by their numbers."""
    path.write_text(text, encoding="utf-8")
    return {number: line for number, line in enumerate(read(path).splitlines(), 1) if line}


def test_the_prose_of_a_page_keeps_its_lines(tmp_path: Path) -> None:
    assert number_lines(read_page, tmp_path / "page.md", PAGE) == {
        4: "# Title",
        6: "An Item of the guide, Value and Value.",
        12: "Last line.",
    }


def test_the_prose_of_a_program_keeps_its_lines(tmp_path: Path) -> None:
    assert number_lines(read_module, tmp_path / "program.py", PROGRAM) == {
        1: "Says what it does.",
        7: "Run it.",
        10: "- Seconds, above 0, which",
        11: "are added up.",
        16: "Value Value is too low.",
        19: "What to run (Value).",
    }


def test_mistakes_are_found_where_they_are() -> None:
    python = ROOT / ".venv-docs" / "bin" / "python"
    if not python.with_name("harper").exists():
        pytest.skip("`make docs` sets up its environment first")
    text = "One line.\n\nThis is an mistake in a sentense. Obviously gcore-iam is right.\n"
    program = (
        "import json, sys; from tests.docs.proofread import find_mistakes; "
        "print(json.dumps(find_mistakes(json.load(sys.stdin))))"
    )
    run = subprocess.run(
        [str(python), "-c", program],
        cwd=ROOT, input=json.dumps({"a/b.md": text}), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = [line.rpartition(": ")[0] for line in json.loads(run.stdout)]
    assert found == ["a/b.md:3: AnA: an", "a/b.md:3: SpellCheck: sentense"]
