"""Replays the history of a spec in git, one line for each commit that changed more than its version."""

from __future__ import annotations

import contextlib
import copy
import datetime
import posixpath
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from ..bundle import ReadFile
from ..errors import CodegenError
from ..spec import Json, iterate_mappings
from .load import Input, UnreadableError, parse_input
from .normalized_schema import PROSE
from .python_surface import GeneratedClient
from .report import LEVELS, Change, Layer, Review
from .review import GenerationError, Project, compare, generate_client, review


@attrs.frozen
class Step:
    """A commit that changed the spec."""

    commit: str
    """The full hash, in hexadecimal."""
    date: str
    """The date of the commit, `YYYY-MM-DD`."""
    review: Review | None
    """None when the spec of this commit or of the one before cannot be compared."""
    problem: str = ""
    """Why there is no review, or no client was compared; "" if all went well."""

    @property
    def headline(self) -> str:
        """The gravest change that is not prose, and how many there are beside it."""
        if self.review is None:
            return self.problem
        changes = [change for change in self.review.changes if change.layer != "docs"]
        if not changes:
            prose = len(self.review.changes)
            return self.problem or (f"{prose} in prose" if prose else "the same, written in another way")
        worst: Change = min(changes, key=lambda change: LEVELS.index(change.level))
        more = f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""
        where = f"{worst.operations[0]}: " if worst.operations and worst.operations[0] not in worst.message else ""
        return f"{worst.id}: {where}{worst.message}{more}"


def replay(
    repository: Path,
    path: str,
    project: Project,
    *,
    since: str | None = None,
    layers: Sequence[Layer] = ("wire", "python", "docs"),
    today: datetime.date,
) -> Iterator[Step]:
    """Review every step of a spec's history.

    Args:
        repository: A git repository.
        path: The spec in it.
        project: The project that generates the clients.
        since: A revision to begin after; None for the first commit that has the file.
        layers: The layers to look at.
        today: The day that the sunset of a deprecated operation is compared with.

    Yields:
        One step for each commit that changes the spec, oldest first; a commit that changes nothing
        but `info.version` is left out.

    Raises:
        UnreadableError: There is no such repository, revision or file.
    """
    generating = bool({"python", "overlay"} & set(layers))
    with contextlib.ExitStack() as clients:
        before: _Version | None = None
        for commit, date, data in _iterate_commits(repository, path, since):
            if before is not None and data == before.data:
                continue
            after = _Version(data, f"{commit[:9]}:{path}", generating, _build_reader(repository, commit, path))
            if before is None:
                before = after
                after.generate_client(project, clients)
                continue
            if after.input and before.input and _get_content(after.input) == _get_content(before.input):
                continue
            is_reused = after.reuse_client(before)
            with contextlib.ExitStack() as opened:
                if not is_reused:
                    after.generate_client(project, opened)
                yield Step(commit, date, *_review(before, after, project, layers, today))
                if not is_reused:
                    clients.close()
                    clients.push(opened.pop_all())
            before = after


@attrs.define
class _Version:
    """The spec of one commit, and the client that is made from it if that is possible."""

    data: bytes
    name: str
    generating: bool
    read_file: ReadFile
    input: Input | None = None
    side: GeneratedClient | None = None
    problem: str = ""

    def __attrs_post_init__(self) -> None:
        try:
            self.input = parse_input(self.data, self.name, generating=False, read_file=self.read_file)
        except UnreadableError as error:
            self.problem = _get_first_line(error)

    def reuse_client(self, before: _Version) -> bool:
        """Use the client of the version before if only prose has changed since, which no client depends on."""
        if not (
            self.input and before.input and before.side and _remove_prose(self.input) == _remove_prose(before.input)
        ):
            return False
        self.side = attrs.evolve(before.side, input=self.input)
        return True

    def generate_client(self, project: Project, stack: contextlib.ExitStack) -> None:
        """Generate the client if one is wanted and possible; it is kept as long as the stack is open."""
        if self.input and self.generating:
            try:
                given = parse_input(self.data, self.name, generating=True, read_file=self.read_file)
                self.side = stack.enter_context(generate_client(given, project))
            except (UnreadableError, GenerationError) as error:
                self.problem = _get_first_line(error)


def _review(
    before: _Version, after: _Version, project: Project, layers: Sequence[Layer], today: datetime.date
) -> tuple[Review | None, str]:
    """Review a step, without the layers that need a client if there is none; return the problem, too."""
    problem = after.problem or before.problem
    if before.input is None or after.input is None:
        return None, problem
    try:
        if before.side and after.side:
            return compare(before.side, after.side, project, layers=layers, today=today), ""
        plain: list[Layer] = [layer for layer in layers if layer not in ("python", "overlay")]
        return review(before.input, after.input, project, layers=plain, today=today), problem
    except CodegenError as error:
        return None, _get_first_line(error)


def _iterate_commits(repository: Path, path: str, since: str | None) -> Iterator[tuple[str, str, bytes]]:
    """Yield (commit, date, content) for each commit that touched a file, oldest first."""
    # Git takes `./path` only in a working tree; a path from the root of the repository is understood in a bare one too.
    from_root = f"{_run_git(repository, 'rev-parse', '--show-prefix').decode().strip()}{path}"
    if since is not None:
        if since.startswith("-"):
            raise UnreadableError(f"{since}: is no revision")
        try:
            commit = _run_git(repository, "rev-parse", "--verify", "--quiet", f"{since}^{{commit}}").decode().strip()
        except UnreadableError:
            raise UnreadableError(f"{repository}: has no revision {since}") from None
        with contextlib.suppress(UnreadableError):  # it may have come later
            yield commit, "", _run_git(repository, "show", f"{commit}:{from_root}")
    span = f"{since}..HEAD" if since else "HEAD"
    log = _run_git(repository, "log", "--first-parent", "--reverse", "--format=%H %cs", span, "--", path).decode()
    if not log and not _run_git(repository, "log", "--first-parent", "--max-count=1", "--format=%H", "--", path):
        raise UnreadableError(f"{repository}: has no commit with {path}")
    for line in log.splitlines():
        commit, date = line.split()
        with contextlib.suppress(UnreadableError):  # the commit that removed it
            yield commit, date, _run_git(repository, "show", f"{commit}:{from_root}")


def _build_reader(repository: Path, commit: str, path: str) -> ReadFile:
    """Build a function that reads the files beside the spec of a commit."""
    prefix = _run_git(repository, "rev-parse", "--show-prefix").decode().strip()
    folder = posixpath.dirname(f"{prefix}{path}")
    return lambda name: _run_git(repository, "show", f"{commit}:{posixpath.join(folder, name)}")


def _run_git(repository: Path, *words: str) -> bytes:
    try:
        run = subprocess.run(  # noqa: S603 - no shell; what the user names is checked not to be an option
            ["git", "-C", str(repository), *words],  # noqa: S607
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise UnreadableError(f"{repository}: git: {error.strerror}") from error
    if run.returncode:
        lines = run.stderr.decode(errors="replace").strip().splitlines() or [f"git {words[0]} found nothing"]
        raise UnreadableError(f"{repository}: {lines[0]}")
    return run.stdout


def _get_content(given: Input) -> dict[str, Json]:
    document = copy.copy(given.spec.document)
    document["info"] = {key: value for key, value in document["info"].items() if key != "version"}
    return document


def _remove_prose(given: Input) -> dict[str, Json]:
    """Return a document without its prose."""
    document = copy.deepcopy(_get_content(given))
    for _, mapping in list(iterate_mappings(document)):
        for key in [key for key in mapping if key in PROSE or key == "summary" or key.startswith("x-")]:
            del mapping[key]
    return {key: value for key, value in document.items() if key not in ("info", "tags")}


def _get_first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
