"""The checks of `make check` that are specific to this project: hash, sync, completeness."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .corrections import Correction
from .generate import generate_package, list_differences, read_tree
from .inventory import find_missing
from .source_record import find_date, locate_record, read_table
from .spec import Spec

CLIENT_PACKAGE = "gcore_iam_client"
"""The name under which FakeIAM imports the generated package."""


def find_problems(spec: Spec, corrections: tuple[Correction, ...], config: Path, package: Path) -> list[str]:
    """Compare the generated package with what the spec gives now.

    Args:
        spec: The vendored spec.
        corrections: What it gets wrong.
        config: openapi-python-client's configuration file.
        package: Folder of the generated package.

    Returns:
        One line for each problem, naming the file or the operation; empty when all is well.

    Raises:
        CodegenError: The input is wrong, so there is nothing to compare with.
    """
    problems = check_source(Path(spec.name), spec)
    with generate_package(spec, corrections, config, spec_date=find_date(spec)) as fresh:
        old, new = read_tree(package), fresh.read_files()
        for path in list_differences(old, new):
            problems.append(f"{package / path}: {_describe_difference(path, old, new)}; run `make generate`")
        problems += [
            f"{path}: was not generated; generated code is all that belongs there" for path in find_stray_files(package)
        ]
        problems += [f"{package}: {line}" for line in find_missing(fresh.document, fresh.path, fresh.config)]
    return problems


def list_fake_gaps(package: Path) -> list[str]:
    """List where FakeIAM is behind the spec of a generated package: operations without a handler, missing properties.

    Gaps are no errors: FakeIAM completes its responses from the spec. It runs in a process of its own, because build
    time and run time share no imports, and the package may just have been generated.

    Args:
        package: Folder of the generated package; a folder of another name than `gcore_iam_client` has no FakeIAM.

    Returns:
        One line for each gap.
    """
    if package.name != CLIENT_PACKAGE:
        return []
    path = os.pathsep.join(filter(None, (str(package.parent.resolve()), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "gcore_iam.testing", "--gaps"]
    run = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    if run.returncode != 0:
        reason = run.stderr.strip().rpartition("\n")[2]
        return [f"FakeIAM: its gaps cannot be listed: {reason}"]
    return run.stdout.splitlines()


def find_stray_files(package: Path) -> list[Path]:
    """Find files beside a package in its folder."""
    beside = package.parent.iterdir() if package.parent.name == "generated" else ()
    return sorted(path for path in beside if path.name not in (package.name, "__pycache__"))


def _describe_difference(path: str, old: dict[str, bytes], new: dict[str, bytes]) -> str:
    if path not in new:
        return "is not generated from the spec"
    return "is missing" if path not in old else "differs from what the spec gives (edited by hand?)"


def check_source(path: Path, spec: Spec) -> list[str]:
    """Compare a vendored spec with `source.toml` beside it, which says what it was taken from."""
    source = locate_record(path)
    recorded = read_table(source, "vendored")
    found = {"sha256": spec.sha256, "version": spec.version}
    return [
        f"{path}: {key} is {value}, but {source} says {recorded.get(key)!r}; once reviewed, write it there"
        for key, value in found.items()
        if recorded.get(key) != value
    ]
