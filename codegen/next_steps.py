"""Lists what a maintainer does after an update of the spec, file by file."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from .check import list_fake_gaps
from .drift.render.common import format_line
from .inventory import build_inventory
from .spec import Spec


def list_next_steps(
    spec: Spec,
    *,
    added: Collection[tuple[str, str]],
    package: Path,
    overlay: Path,
    unwritten: Iterable[str],
    broken: Iterable[str],
    page: Path,
    changelog: Path,
    bump: str,
) -> list[str]:
    """List what a maintainer does after an update of the spec.

    Args:
        spec: The vendored spec, after the update.
        added: Method and path of each operation that the update adds.
        package: Folder of the generated package, after the update.
        overlay: Folder of the hand-written package.
        unwritten: JSON pointers into the spec where prose is to be written.
        broken: Lines of the hand-written package that no longer fit, each as `file:line: problem`.
        page: The review of the update.
        changelog: The changelog.
        bump: The version bump that the review suggests.

    Returns:
        One line for each thing to do, which begins with the file.
    """
    steps = [f"{page}: read the review"]
    steps += [
        f"{spec.format_place(pointer)}: write {pointer.rpartition('/')[2]} in your own words" for pointer in unwritten
    ]
    steps += [_format_broken_line(line) for line in broken]
    steps += _list_missing_methods(spec, added, package, overlay)
    steps += [_put_file_first(gap) for gap in list_fake_gaps(package)]
    steps.append(f"{changelog}: say what the update means to users under `## Unreleased` (suggested bump: {bump})")
    return steps


def _format_broken_line(line: str) -> str:
    if "/aio/" in line.partition(": ")[0]:
        return f"{line}; adapt it, and run `make generate`, which derives sync/ from it"
    return f"{line}; adapt it"


def list_failures(log: str, steps: str) -> list[str]:
    """List what the checks and tests after an update found, as far as the steps do not name its line.

    Args:
        log: The output of mypy and pytest.
        steps: The steps so far.

    Returns:
        One line for each thing to do, which begins with the file.
    """
    found = []
    for line in log.splitlines():
        error = re.match(r"(?!generated/|overlay/gcore_iam/sync/)([\w./-]+:\d+): error: (.*?)(?:  \[[\w-]+\])?$", line)
        test = re.match(r"(?:FAILED|ERROR) ([\w./-]+)(?:::([\w:]+))?", line)
        if error and f"{error[1]}:" not in steps:
            found.append(_format_broken_line(f"{error[1]}: {error[2]}"))
        elif test:
            found.append(f"{test[1]}: {test[2] or 'it'} fails; adapt the test, or what it tests")
    return list(dict.fromkeys(found))


def _list_missing_methods(
    spec: Spec, added: Collection[tuple[str, str]], package: Path, overlay: Path
) -> Iterator[str]:
    for entry in build_inventory(spec, package, overlay):
        if (entry.method, entry.path) in added and entry.overlay_method is None:
            tag = entry.module.split(".")[-2] if entry.module else ""
            place = overlay / "aio" / "resources" / f"{tag}.py"
            place = place if place.is_file() else place.parent
            yield f"{place}: add a method that calls {entry.module}, and a line to docs/reference/methods.md"


def _put_file_first(gap: str) -> str:
    """Let a gap of FakeIAM begin with the file to change, like all other steps."""
    place = re.search(r"\boverlay/[\w/.]*\w", gap)
    return f"{place[0]}: {gap}" if place else gap


def main() -> None:
    """Print the file of steps, and what the checks and tests found whose output is on standard input."""
    steps = Path(sys.argv[1]).read_text("utf-8")
    print(steps, end="")
    for line in list_failures(sys.stdin.read(), steps):
        print(f"  {format_line(line)}")


if __name__ == "__main__":
    main()
