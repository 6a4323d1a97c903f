"""What the tests of codegen share: types of documents and of fixtures that are functions, and git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from codegen import spec

Document: TypeAlias = dict[str, Any]
"""A part of a spec, as JSON gives it."""

Content: TypeAlias = str | bytes | Mapping[str, Any] | list[Any]
"""The content of a file: text and bytes as they are, anything else as JSON, which is YAML."""


class Save(Protocol):
    """A fixture that writes a file, by default a spec."""

    def __call__(self, content: Content, name: str = "api.yaml") -> Path: ...


class Load(Protocol):
    """A fixture that reads a spec."""

    def __call__(self, content: Content) -> spec.Spec: ...


class Api(Protocol):
    """A fixture that builds a spec."""

    def __call__(self, paths: Document | None = None, schemas: Document | None = None, **rest: Any) -> Document: ...


class Normalize(Protocol):
    """A fixture that returns what the generator gets for a spec."""

    def __call__(self, content: Content, fixes: Content = "") -> Document: ...


class Run(Protocol):
    """A fixture that runs a command, and returns its exit status, its output and the lines of its messages."""

    def __call__(self, *words: str | Path) -> tuple[int, str, list[str]]: ...


class RunOnSpec(Protocol):
    """A fixture that runs a command on a spec, and returns the same as `Run`."""

    def __call__(self, content: Content, *words: str | Path) -> tuple[int, str, list[str]]: ...


class RunCommand(Protocol):
    """A fixture that runs a command, and returns its exit status, its output and its messages."""

    def __call__(self, *words: str | Path) -> tuple[int, str, str]: ...


def run_git(folder: Path, *words: str) -> None:
    """Run git in a folder, as an author with a name."""
    who = {"NAME": "ada", "EMAIL": "ada@example.com"}
    names = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in who.items()}
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env={**os.environ, **names})
