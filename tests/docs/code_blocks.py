"""Finds the code blocks of the documentation, and runs its programs against FakeIAM."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *ROOT.glob("docs/**/*.md")])

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w-]*|\{\.python [^\n]*\})\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@attrs.frozen
class CodeBlock:
    """A fenced code block of a page.

    Attributes:
        page: The path of the page from the root.
        line: The line of its first line of code.
        language: The word after the fence.
        code: The text.
    """

    page: str
    line: int
    language: str
    code: str = attrs.field(repr=False)

    @property
    def file(self) -> str | None:
        """The name of the file in the first line, such as `# test_tokens.py`; None if there is none."""
        match = re.match(r"# (test_\w+\.py)\n", self.code)
        return match[1] if match else None

    @property
    def needs(self) -> list[str]:
        """The packages beyond the project's own that the block imports, from its first line `# needs: one, two`."""
        match = re.match(r"# needs: (.+)\n", self.code)
        return re.split(r",\s*", match[1]) if match else []

    @property
    def source(self) -> str | None:
        """The file that the block quotes, from its first line `# part of codegen/spec.py`; None if it quotes none."""
        match = re.match(r"# part of (\S+)\n", self.code)
        return match[1] if match else None

    def run(self) -> None:
        """Run the block as a program of its own."""
        # As many empty lines in front as the page has, so that a traceback names the line of the page.
        source = "\n" * (self.line - 1) + self.code
        exec(compile(source, self.page, "exec"), {"__name__": "__main__"})  # noqa: S102 - our own pages


def find_blocks(page: Path) -> list[CodeBlock]:
    """Return the code blocks of a page, in its order."""
    text = page.read_text("utf-8")
    name = page.relative_to(ROOT).as_posix()
    return [
        CodeBlock(name, text.count("\n", 0, match.start("code")) + 1, match["language"], match["code"])
        for match in _FENCE.finditer(text)
        if not match["code"].startswith("--8<--")  # a file that the page includes
    ]


BLOCKS = [block for page in PAGES for block in find_blocks(page)]
PROGRAMS = [block for block in BLOCKS if block.language == "python" and block.file is None and block.source is None]
TEST_FILES = {block.file: block for block in BLOCKS if block.file is not None}
