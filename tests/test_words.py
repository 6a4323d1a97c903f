"""One concept has one word: prose, comments and names do not use the words that `words.toml` replaces."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

from tests.docs.prose import MODULES, PAGES, ROOT, WORDS, find_words, read_module, read_page

PROGRAMS = sorted({*MODULES, *ROOT.glob("tests/**/*.py")})
TEXTS = [
    path
    for pattern in (".github/**/*", ".ci/*", "Makefile", "*.toml", "spec/*.yaml", "docs/**/*.svg", "codegen/**/*.jinja")
    for path in sorted(ROOT.glob(pattern))
    if path.is_file()
]

NOT_PARTICIPLES = {"deprecated", "embed", "exceed", "feed", "need", "proceed", "read", "seed", "speed"}
PREPOSITIONS = {"after", "at", "before", "by", "from", "in", "of", "on", "over", "to", "under", "with", "within"}


def name_path(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read_kept(path: Path) -> set[str]:
    """Return the words that a file keeps for a reason."""
    return {
        word
        for key in WORDS["kept"]
        for word in key.partition(": ")[2].split()
        if key.partition(": ")[0] == name_path(path)
    }


def read_comments(path: Path) -> str:
    """Return the comments of a program, with its lines where they were."""
    source = path.read_text("utf-8")
    lines = [""] * source.count("\n")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0] - 1] = token.string
    return "\n".join(lines)


@cache
def list_names(path: Path) -> list[tuple[int, str, bool]]:
    """Return line and name of what a program defines, and whether it is a function that is called."""
    names = [(1, path.stem.strip("_"), False)]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            is_property = any("property" in ast.unparse(each) for each in node.decorator_list)
            is_function = not isinstance(node, ast.ClassDef) and not is_property
            names.append((node.lineno, node.name.strip("_"), is_function))
        if isinstance(node, ast.ClassDef | ast.Module):
            targets = [target for each in node.body if isinstance(each, ast.Assign) for target in each.targets]
            names += [(each.lineno, each.id.strip("_"), False) for each in targets if isinstance(each, ast.Name)]
    return names


def test_the_list_of_words_finds_them() -> None:
    assert find_words("The answer came.\nNothing else.\nHe was TOLD what came of it.") == [
        (1, "answer", "response, responds"),
        (3, "TOLD", "reported"),
        (3, "what came of it", "the result"),
    ]
    assert find_words("Answerable storytold bedrooms `x.for_ever`") == []


@pytest.mark.parametrize("path", PAGES, ids=name_path)
def test_pages_use_our_words(path: Path) -> None:
    assert find_words(read_page(path)) == []


def test_docstrings_messages_and_comments_use_our_words() -> None:
    assert len(PROGRAMS) > 400
    found = [
        f"{name_path(path)}:{line}: {word}: {instead}"
        for path in PROGRAMS
        for line, word, instead in find_words(f"{read_module(path)}\n") + find_words(read_comments(path))
        if word.lower() not in read_kept(path)
    ]
    assert found == []


def test_workflows_settings_and_the_spec_use_our_words() -> None:
    assert len(TEXTS) > 20
    found = [
        f"{name_path(path)}:{line}: {word}: {instead}"
        for path in TEXTS
        for line, word, instead in find_words(path.read_text("utf-8"))
    ]
    assert found == []


def test_names_use_our_words() -> None:
    found = []
    for path in PROGRAMS:
        folder, *rest = path.relative_to(ROOT).parts
        area = "testing" if "testing" in rest else folder
        replaced = set(WORDS["names"].get(area, "").split()) - read_kept(path)
        found += [f"{name_path(path)}:{line}: {name}" for line, name, _ in list_names(path) if name in replaced]
    assert found == []


def test_functions_are_verbs() -> None:
    """Neither a participle, such as `stopped`, nor a preposition, such as `within`."""
    found = []
    for path in PROGRAMS:
        if path.relative_to(ROOT).parts[0] != "tests":
            for line, name, is_function in list_names(path):
                is_participle = re.fullmatch("[a-z]+ed", name) and name not in NOT_PARTICIPLES
                if is_function and (is_participle or name in PREPOSITIONS) and name not in read_kept(path):
                    found.append(f"{name_path(path)}:{line}: {name}")
    assert found == []


def test_what_is_kept_is_there() -> None:
    """An exception is removed with the last word that needs it."""
    for key in WORDS["kept"]:
        path, _, words = key.partition(": ")
        names = {name for _, name, _ in list_names(ROOT / path)}
        prose = {word.lower() for _, word, _ in find_words(read_module(ROOT / path))}
        others = {word for word in words.split() if word in read_module(ROOT / path)}
        assert set(words.split()) <= names | prose | others, key
