"""Griffe extension for the reference of `make docs`: examples become code, attrs classes get their constructors."""

from __future__ import annotations

import textwrap
from typing import Any

import griffe

_MODELS = "gcore_iam_client.models."
_ATTRS_DECORATORS = ("attrs.frozen", "attrs.define", "frozen", "define", "_define")


class ReferencePages(griffe.Extension):
    """Changes objects before they are rendered; the source stays as it is."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Turn the text of an `Example:` section into a block of Python code."""
        docstring = obj.docstring
        if docstring is not None and "Example:\n" in docstring.value:
            docstring.value = format_example(docstring.value)

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Describe the fields of a model in its docstring, and give any other attrs class its constructor."""
        if cls.path.startswith(_MODELS):
            text = cls.docstring.value if cls.docstring is not None else ""
            cls.docstring = griffe.Docstring(text + describe_attributes(cls), parent=cls)
        elif is_attrs_class(cls) and "__init__" not in cls.members:
            cls.set_member("__init__", build_constructor(cls))


def format_example(text: str) -> str:
    """Put the code of the `Example:` section of a docstring into a fence."""
    head, _, tail = text.partition("Example:\n")
    lines = tail.splitlines()
    end = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith("    ")), len(lines))
    code = textwrap.dedent("\n".join(lines[:end])).strip()
    fence = textwrap.indent(f"```python\n{code}\n```", "    ")
    return f"{head}Example:\n{fence}\n\n" + "\n".join(lines[end:])


def describe_attributes(cls: griffe.Class) -> str:
    """Return the `Attributes:` section of a class; empty if it has no attributes."""
    lines = []
    for name, attribute in cls.attributes.items():
        if name.startswith("_") or "property" in attribute.labels:
            continue
        text = " ".join(attribute.docstring.value.split()) if attribute.docstring is not None else ""
        lines.append(f"    {name}: {text or f'`{attribute.value}`'}\n")
    return "\n\nAttributes:\n" + "".join(lines) if lines else ""


def is_attrs_class(cls: griffe.Class) -> bool:
    """Return whether a decorator of attrs makes the constructor of a class."""
    return any(decorator.callable_path in _ATTRS_DECORATORS for decorator in cls.decorators)


def build_constructor(cls: griffe.Class) -> griffe.Function:
    """Build the constructor that attrs makes from the fields of a class and of its bases."""
    fields: dict[str, griffe.Attribute] = {}
    for owner in (*reversed(cls.mro()), cls):
        if isinstance(owner, griffe.Class) and is_attrs_class(owner):
            fields.update(
                (name, field)
                for name, field in owner.members.items()
                if isinstance(field, griffe.Attribute)
                and field.annotation is not None
                and "instance-attribute" in field.labels  # which griffe gives to all but `ClassVar`
                and "init=False" not in str(field.value)
            )
    parameters = [
        griffe.Parameter(
            name.lstrip("_"),
            annotation=field.annotation,
            default=find_default(field),
            kind=griffe.ParameterKind.keyword_only
            if "kw_only=True" in str(field.value)
            else griffe.ParameterKind.positional_or_keyword,
        )
        for name, field in fields.items()
    ]
    parameters.sort(key=lambda parameter: parameter.kind is griffe.ParameterKind.keyword_only)
    function = griffe.Function("__init__", lineno=cls.lineno, endlineno=cls.lineno)
    function.parameters = griffe.Parameters(griffe.Parameter("self"), *parameters)
    return function


def find_default(field: griffe.Attribute) -> str | griffe.Expr | None:
    """Return the default of a field, which may be the argument `default` of `attrs.field`."""
    value = field.value
    if not isinstance(value, griffe.ExprCall) or "field" not in str(value.function):
        return value
    for argument in value.arguments:
        if isinstance(argument, griffe.ExprKeyword) and argument.name == "default":
            return argument.value
    return None
