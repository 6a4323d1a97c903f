"""Escaping: each function gives Python source that means the text and nothing else."""

from __future__ import annotations

import ast
import io
import json
import sys
import tokenize
from pathlib import Path

import pytest

from codegen import escaping
from codegen.errors import CodegenError
from codegen.generate import TEMPLATES

CHARACTERS = [chr(number) for number in (*range(0x3100), *range(0xD7F0, 0xE010), *range(0xF8F0, 0x10010), 0x1F600)]
TEXTS = [
    *(
        "",
        '"',
        "'",
        '"""',
        "'''",
        '""""',
        '\\"""',
        "\\",
        "\\\\",
        '\\"',
        "a\\",
        "\\N{DIGIT ONE}",
        "{x}",
        "{{",
        "}",
        "%s",
        "#",
    ),
    *(
        "\n",
        "\r\n",
        "a\n# coding: utf-7\nb",
        "\x00",
        "\ufeff",
        "\u202e",
        "\ud800",
        "\u2028",
        "  x  ",
        'x"',
        'x""',
        'x"""',
    ),
]


def test_a_string_literal_has_the_value_of_its_text() -> None:
    for text in [*TEXTS, *CHARACTERS, "".join(CHARACTERS), *("x" + character * 3 for character in "\"'\\")]:
        source = str(escaping.string_literal(text))
        assert ast.literal_eval(source) == text
        assert source.isprintable()


def test_a_format_literal_puts_expressions_between_its_texts() -> None:
    for text in [*TEXTS, "".join(CHARACTERS)]:
        source = str(escaping.format_literal([text, text, text], ["x", "x.y"]))
        assert source.isprintable()
        tree = ast.parse(source, mode="eval").body
        assert isinstance(tree, ast.JoinedStr)
        parts = [part.value if isinstance(part, ast.Constant) else 0 for part in tree.values]
        assert parts == [part for part in (text, 0, text, 0, text) if part != ""]
        shown = [ast.unparse(part.value) for part in tree.values if isinstance(part, ast.FormattedValue)]
        assert shown == ["x", "x.y"]


@pytest.mark.parametrize("indent", [0, 4])
def test_a_docstring_is_one_string_whatever_its_text(indent: int) -> None:
    pairs = ["\n".join([first, "", second]) for first in TEXTS for second in TEXTS]
    for text in [*TEXTS, *CHARACTERS, "".join(CHARACTERS), *pairs]:
        source = str(escaping.docstring_literal(text, indent))
        if not source:
            continue
        tree = ast.parse(source)
        assert isinstance(tree.body[0], ast.Expr)
        value = ast.literal_eval(tree.body[0].value)
        assert len(tree.body) == 1
        assert all(character.isprintable() or character == "\n" for character in source)
        kept = [character for character in text if character.isprintable() and character != " "]
        assert [character for character in value if character not in " \n"] == kept


def test_a_json_literal_has_the_value_of_its_document() -> None:
    document = {text: [text, {text: text}] for text in TEXTS}
    source = str(escaping.json_literal(document))
    assert source.isascii()
    assert json.loads(ast.literal_eval(source)) == document


@pytest.mark.parametrize("name", ["a", "größe", "_x", "A1", "match", "名"])
def test_a_name_that_python_takes_stays(name: str) -> None:
    assert str(escaping.identifier(name)) == name


@pytest.mark.parametrize(
    "name", ["", "1", "a b", "a\n", "class", "None", "a;b", "ﬁ", "\U0001d41e", "a\u200b", "\ud800", "a\x00"]
)
def test_a_name_that_python_reads_otherwise_is_refused(name: str) -> None:
    with pytest.raises(CodegenError, match="is no Python name"):
        escaping.identifier(name)


@pytest.mark.parametrize(
    "name", ["conftest", "sitecustomize", "usercustomize", "setup", "__init__", "__main__", "a" * 201]
)
def test_a_module_that_loads_by_itself_is_refused(name: str) -> None:
    with pytest.raises(CodegenError, match="module"):
        escaping.file_name(name)


@pytest.mark.parametrize(
    "source", ["int", "list[int] | None", "datetime.date", 'Literal["a b", -1]', "dict[str, Any | list[UUID]] | Unset"]
)
def test_a_type_of_the_generator_stays(source: str) -> None:
    assert ast.unparse(ast.parse(source)) == escaping.type_expression(source)


@pytest.mark.parametrize(
    "source",
    [
        *("f()", '"f()"', 'list["f()"]', "int if f() else str", "[f()]", "a[f()]", "int\nf()", "1", "a + b", ""),
        *('Literal[f("x")]', "Literal[f'{x}']", "lambda: 0", "(x := 1)", "f().x", "x\x00"),
    ],
)
def test_another_expression_is_no_type(source: str) -> None:
    with pytest.raises(CodegenError, match="the generator wrote"):
        escaping.type_expression(source)


@pytest.mark.parametrize(
    "source", ["1", "-1.5", "None", "True", "'x'", "Color.RED", "UUID('x')", "datetime.date.fromisoformat('x')"]
)
def test_a_default_of_the_generator_stays(source: str) -> None:
    assert escaping.value_expression(source) == source


@pytest.mark.parametrize(
    "source", ["inf", "nan", "f('x')", "UUID(x)", "UUID('x', y)", "a.b.c", "[1]", "f'{x}'", "UUID('\n')", "1 + 1"]
)
def test_another_expression_is_no_default(source: str) -> None:
    with pytest.raises(CodegenError):
        escaping.value_expression(source)


def test_the_first_line_decides_the_encoding() -> None:
    source = escaping.add_first_line("# coding: utf-7\n").encode()
    assert tokenize.detect_encoding(io.BytesIO(source).readline)[0] == "utf-8"
    assert source.startswith(escaping.MARK.encode())


def test_the_templates_write_no_comment_from_a_spec() -> None:
    for path in TEMPLATES.glob("*.jinja"):
        for line in path.read_text("utf-8").splitlines():
            comment = line.partition("  # ")[2]
            assert "{{" not in comment, f"{path.name}: {line}"


def test_the_stock_templates_of_the_generator_cannot_print() -> None:
    """Ours replace those that write Python; whatever else the generator may render fails, because it prints text."""
    folder = Path(sys.modules["openapi_python_client"].__file__ or "").parent / "templates"
    stock = {path.name for path in folder.glob("*.py.jinja")}
    ours = {path.name for path in TEMPLATES.glob("*.py.jinja")}
    assert stock - ours == {"endpoint_macros.py.jinja", "literal_enum.py.jinja", "setup.py.jinja"}
    with pytest.raises(CodegenError, match="a template prints a str that is not escaped"):
        escaping.require_code("text")
