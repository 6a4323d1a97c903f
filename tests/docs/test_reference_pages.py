"""What the reference shows of a class: examples as code, fields of models, the constructors that attrs makes."""

from __future__ import annotations

import textwrap
from pathlib import Path

import griffe
import pytest

from codegen.reference_pages import ReferencePages, build_constructor, describe_attributes, format_example

SOURCE = '''
from typing import ClassVar
import attrs

@attrs.frozen
class Base:
    _first: int
    second: str = "2"
    count: ClassVar[int] = 0
    hidden: int = attrs.field(default=3, init=False)

@attrs.define
class Item(Base):
    """An item.

    Example:
        item = Item(1)
        print(item)

    More text.
    """
    third: list[int] = attrs.field(factory=list, kw_only=True)
    fourth: int = attrs.field(default=4, repr=False)

class Plain:
    def __init__(self, value: int) -> None:
        """Keep the value."""
'''


@pytest.fixture
def module(tmp_path: Path) -> griffe.Module:
    (tmp_path / "sample.py").write_text(SOURCE, encoding="utf-8")
    extensions = griffe.load_extensions(ReferencePages())
    loaded = griffe.load("sample", search_paths=[tmp_path], extensions=extensions)
    assert isinstance(loaded, griffe.Module)
    return loaded


def test_an_example_becomes_a_code_block(module: griffe.Module) -> None:
    docstring = module["Item"].docstring
    assert docstring is not None
    assert docstring.value == textwrap.dedent(
        """\
        An item.

        Example:
            ```python
            item = Item(1)
            print(item)
            ```

        More text."""
    )


def test_an_example_at_the_end_becomes_a_code_block() -> None:
    assert (
        format_example("Text.\n\nExample:\n    run()").rstrip()
        == "Text.\n\nExample:\n    ```python\n    run()\n    ```"
    )


def test_a_class_of_attrs_gets_its_constructor(module: griffe.Module) -> None:
    constructor = build_constructor(module["Item"])
    shown = [(each.name, str(each.annotation), str(each.default), each.kind) for each in constructor.parameters][1:]
    plain, keyword = griffe.ParameterKind.positional_or_keyword, griffe.ParameterKind.keyword_only
    assert shown == [
        ("first", "int", "None", plain),
        ("second", "str", "'2'", plain),
        ("fourth", "int", "4", plain),
        ("third", "list[int]", "None", keyword),
    ]


def test_the_reference_uses_that_constructor(module: griffe.Module) -> None:
    assert "__init__" in module["Item"].members
    assert [each.name for each in module["Plain"]["__init__"].parameters] == ["self", "value"]


def test_fields_of_a_model_are_described() -> None:
    model = griffe.load("gcore_iam_client.models.user", extensions=griffe.load_extensions(ReferencePages()))["User"]
    assert model.docstring is not None
    assert "\n\nAttributes:\n" in model.docstring.value
    assert "    email: " in model.docstring.value


def test_a_class_without_fields_has_no_section(module: griffe.Module) -> None:
    assert describe_attributes(module["Plain"]) == ""
