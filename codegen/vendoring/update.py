"""Takes a new spec into the project: review, vendored file, generated client, changelog, all or nothing."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from .. import generate
from ..drift.load import Input, UnreadableError, parse_input, read
from ..drift.render import FORMATS, Options
from ..drift.render.markdown import format_code_span
from ..drift.report import Review
from ..drift.review import GenerationError, Project, review
from ..errors import CodegenError
from ..source_record import Prose, SourceRecord, find_date, locate_record, read_prose, read_table, write_record
from ..spec import Spec, load
from .prose import keep_our_prose

_UNRELEASED = "## Unreleased"

_LONGEST_VERSION = 100
"""Characters of a version that the changelog repeats."""


@attrs.frozen
class UpdatePaths:
    """The files that an update writes."""

    spec: Path
    """The vendored spec; `source.toml` lies beside it."""
    package: Path
    """The generated package."""
    changelog: Path
    reviews: Path
    """Folder of the reviews."""

    @property
    def source(self) -> Path:
        """The record of the source of the spec."""
        return locate_record(self.spec)


@attrs.frozen
class Outcome:
    """The result of an update."""

    review: Review
    page: Path
    """The review, as Markdown."""
    files: int
    """Generated files that changed."""
    spec: Spec
    """The vendored spec, after the update."""
    added: tuple[tuple[str, str], ...]
    """Method and path of each operation that the update adds."""
    unwritten: tuple[str, ...]
    """JSON pointers where prose is to be written."""


def update(
    name: str,
    project: Project,
    places: UpdatePaths,
    *,
    own_prose: bool,
    today: datetime.date,
    date: datetime.date | None = None,
) -> Outcome | None:
    """Take a new spec into the project.

    Args:
        name: The spec, as `drift.load.read` takes it.
        project: The project that generates the client.
        places: The files to write.
        own_prose: Keep the prose of the vendored spec for everything that both specs have.
        today: The day of the update.
        date: The day of the new spec; by default the one in its version or in its name.

    Returns:
        The result; None when the new spec is the vendored one, or what that was made from.

    Raises:
        UnreadableError: A spec cannot be read.
        GenerationError: No client can be generated from the new one; nothing has been touched.
        CodegenError: A file of the project is not as it must be; nothing has been touched.
    """
    old, new = read(str(places.spec), generating=True), read(name, generating=True)
    if new.notes:
        raise UnreadableError("\n".join(new.notes))
    if new.source.sha256 in (old.source.sha256, _read_upstream_hash(places.source)):
        return None
    if own_prose and read_prose(places.source) == "theirs":
        raise CodegenError(
            f"{places.spec}: has upstream's prose, so there is none of ours to keep; leave PROSE=ours out"
        )
    date = date or find_date(new.spec, name)
    vendored, unwritten = keep_our_prose(old.spec, new.spec) if own_prose else (new.data, ())
    given = parse_input(vendored, str(places.spec) if own_prose else new.source.source, generating=True)
    record = _build_record(given, new, "ours" if own_prose else "theirs", date, today)
    page = places.reviews / f"{today.isoformat()}-{new.source.sha256[:8]}.md"
    with _generate_aside(given, project, places.package, date) as package:
        # A spec with our prose is reviewed with our prose: a list of all changed words helps no reader.
        reviewed = attrs.evolve(given, source=attrs.evolve(given.source, sha256=new.source.sha256))
        found = review(old, _shorten_name(reviewed), project, package=package, today=today)
        texts = {
            places.spec: vendored,
            places.source: write_record(places.source.read_text("utf-8"), record, places.source).encode(),
            page: FORMATS["markdown"](found, Options(docs=True)).encode(),
            places.changelog: _write_changelog(places.changelog, found, page, date).encode(),
        }
        with _write_files(texts):
            changed = generate.replace(package, places.package)
    old_operations = _list_operations(old.spec)
    added = [operation for operation in _list_operations(given.spec) if operation not in old_operations]
    return Outcome(found, page, len(changed), load(places.spec), tuple(added), tuple(unwritten))


def _list_operations(spec: Spec) -> list[tuple[str, str]]:
    return [(method.upper(), path) for path, method, _ in spec.iterate_operations()]


def _shorten_name(given: Input) -> Input:
    """Name a spec so that the name makes sense elsewhere: a file outside the project without its folders."""
    path = Path(given.source.source)
    if path.is_absolute() or ".." in path.parts:
        return attrs.evolve(given, source=attrs.evolve(given.source, source=path.name))
    return given


@contextlib.contextmanager
def _generate_aside(
    given: Input, project: Project, output: Path, date: datetime.date | None
) -> Iterator[generate.Package]:
    """Generate the client of a spec as `make generate` would, in a folder of its own."""
    generate.check_output(output)
    beside = generate.find_existing_parent(output)
    with contextlib.ExitStack() as stack:
        try:
            package = stack.enter_context(  # lenient and tolerant, to name all problems and not the first one only
                generate.generate_package(
                    given.spec,
                    project.corrections,
                    project.config,
                    lenient=True,
                    tolerant=True,
                    beside=beside,
                    spec_date=date,
                )
            )
            problems = [*package.notes, *(f"{given.source.source}: {part}" for part in package.dropped)]
            if problems:
                raise CodegenError("\n".join(problems))
        except CodegenError as error:
            advice = "correct spec/corrections.yaml, where it no longer fits, or the spec, and try again"
            raise GenerationError(f"{error}\nnothing has been changed; {advice}") from error
        yield package


@contextlib.contextmanager
def _write_files(texts: Mapping[Path, bytes]) -> Iterator[None]:
    """Write files, and put them back if anything goes wrong before the context ends."""
    backups = {path: path.read_bytes() if path.exists() else None for path in texts}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        yield
    except BaseException:
        for path, old in backups.items():
            if old is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(old)
        raise


def _read_upstream_hash(path: Path) -> object:
    """Read the hash of the spec that the vendored one was made from."""
    try:
        return read_table(path, "upstream")["sha256"]
    except KeyError as error:
        raise CodegenError(f"{path}: needs `sha256` in a table [upstream]") from error


def _build_record(
    vendored: Input, upstream: Input, prose: Prose, date: datetime.date | None, today: datetime.date
) -> SourceRecord:
    """Record what is vendored, for `source.toml`."""
    license_name = (upstream.spec.document["info"].get("license") or {}).get("name", "")
    return SourceRecord(
        date=date,
        upstream_sha256=upstream.source.sha256,
        upstream_version=upstream.source.version,
        license=str(license_name),
        taken=today,
        vendored_sha256=vendored.source.sha256,
        vendored_version=vendored.source.version,
        prose=prose,
    )


def _write_changelog(path: Path, found: Review, page: Path, date: datetime.date | None) -> str:
    """Return the changelog with an entry for the update in the section of unreleased changes."""
    text = path.read_text("utf-8")
    if text.count(f"{_UNRELEASED}\n") != 1:
        raise CodegenError(f"{path}: needs one section `{_UNRELEASED}`")
    verdict = found.verdict
    version = format_code_span(found.new.version[:_LONGEST_VERSION])
    day = f" of {date.isoformat()}" if date else ""
    words = f"wire {verdict.wire}, Python {verdict.python}, hand-written code {verdict.overlay}, prose {verdict.docs}"
    entry = (
        f"- The API's spec{day}, version {version} ({found.new.sha256[:8]}): {words}; suggested bump: "
        f"{found.suggested_bump}. See {page.as_posix()}.\n"
    )
    head, _, rest = text.partition(f"{_UNRELEASED}\n")
    section, mark, later = rest.partition("\n## ")
    if "### Changed\n\n" in section:
        section = section.replace("### Changed\n\n", f"### Changed\n\n{entry}", 1)
    else:
        section = f"{section.rstrip()}\n\n### Changed\n\n{entry}"
    return f"{head}{_UNRELEASED}\n{section}{mark}{later}"
