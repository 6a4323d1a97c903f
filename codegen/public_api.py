"""Compares the public names of the library with those of an earlier commit."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import griffe

from .errors import CodegenError

PACKAGE = "gcore_iam"
MODULES = ("", "auth", "errors", "events", "observe", "testing")
"""The modules of the package whose `__all__` is public; "" is the package itself."""


def find_breaking_changes(repository: Path, folder: str, ref: str) -> list[str]:
    """Find what a program written for an earlier commit no longer finds.

    Args:
        repository: The git repository.
        folder: The folder of the package in the repository.
        ref: The earlier commit, branch or tag.

    Returns:
        One line for each name, parameter or base class that is removed or changed; none if there are only additions.

    Raises:
        CodegenError: Git does not know the commit, or the commit does not hold the package.
    """
    known = subprocess.run(  # noqa: S603 - no shell, and what follows is no option
        ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"],  # noqa: S607
        cwd=repository,
        capture_output=True,
        check=False,
    )
    if known.returncode:
        raise CodegenError(f"{ref}: git knows no such commit, branch or tag here; `git tag` lists the releases")
    try:
        old = griffe.load_git(PACKAGE, ref=ref, repo=repository, search_paths=[folder])
    except (RuntimeError, OSError, ImportError) as error:
        raise CodegenError(f"{ref}: no commit with the package {PACKAGE} in {folder}/: {error}") from error
    new = griffe.load(PACKAGE, search_paths=[repository / folder])
    public = dict(_list_public_objects(old))
    remaining = dict(_list_public_objects(new))
    lines = [f"{name}: is removed" for name in public if name not in remaining]
    name_of = {path: name for name, path in reversed(public.items()) if name in remaining}
    for change in griffe.find_breaking_changes(old, new):
        path, members = change.obj.canonical_path, ""
        while path and path not in name_of:
            path, _, last = path.rpartition(".")
            members = f".{last}{members}"
        if path:
            lines.append(f"{name_of[path]}{members}: {change.kind.value.lower()}")
    return sorted({*lines})


def _list_public_objects(package: griffe.Object | griffe.Alias) -> Iterator[tuple[str, str]]:
    """List the names in `__all__`, each with the path of what it stands for, where that is in the same package."""
    for module in MODULES:
        if module and module not in package.members:
            continue
        parent = package[module] if module else package
        for name in sorted(str(export) for export in parent.exports or ()):
            member = parent.members.get(name)
            with suppress(griffe.AliasResolutionError):  # of the generated package, which the drift review compares
                if member is not None and not member.is_module:
                    yield ".".join(filter(None, (PACKAGE, module, name))), member.canonical_path
