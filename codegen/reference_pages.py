"""Griffe extension for the reference of `make docs`: examples become code, and fields of models become a table."""

from __future__ import annotations

import textwrap
from typing import Any

import griffe

_MODELS = "gcore_iam_client.models."


class ReferencePages(griffe.Extension):
    """Changes docstrings before they are rendered; the source stays as it is."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Turn the text of an `Example:` section into a block of Python code."""
        docstring = obj.docstring
        if docstring is not None and "Example:\n" in docstring.value:
            docstring.value = format_example(docstring.value)

    def on_class(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        """Describe the fields of a model, and the values of an enum, in an `Attributes:` section."""
        if cls.path.startswith(_MODELS):
            text = cls.docstring.value if cls.docstring is not None else ""
            cls.docstring = griffe.Docstring(text + describe_attributes(cls), parent=cls)


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
