"""Takes a new description into the project: review, vendored file, generated client, changelog, all or nothing."""

from __future__ import annotations

import contextlib
import datetime
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from .. import generate
from ..drift.load import Input, UnreadableError, parsed, read
from ..drift.render import FORMATS, Options
from ..drift.render.markdown import code_span
from ..drift.report import Review
from ..drift.review import GenerationError, Project, review
from ..errors import CodegenError
from .prose import in_our_words

_UNRELEASED = "## Unreleased"

_LONGEST_VERSION = 100
"""Characters of a version that the changelog repeats."""


@attrs.frozen
class UpdatePaths:
    """Where what an update writes stands."""

    spec: Path
    """The vendored description; `source.toml` lies beside it."""
    package: Path
    """The generated package."""
    changelog: Path
    reviews: Path
    """Folder of the reviews."""

    @property
    def source(self) -> Path:
        """What the description was taken from."""
        return self.spec.with_name("source.toml")


@attrs.frozen
class Outcome:
    """What an update did."""

    review: Review
    page: Path
    """The review, as Markdown."""
    files: int
    """Generated files that changed."""
    unwritten: tuple[str, ...]
    """JSON pointers of prose that is not this project's own."""


def update(
    name: str, project: Project, places: UpdatePaths, *, own_prose: bool, today: datetime.date
) -> Outcome | None:
    """Take a new description into the project.

    Args:
        name: The description, as `sources.read` takes it.
        project: What generates the client and stands on it.
        places: Where everything stands.
        own_prose: Keep the words of the vendored description where the new one speaks of the same thing.
        today: The day of the update.

    Returns:
        What was done; None when the new description is the vendored one, or what that was made from.

    Raises:
        UnreadableError: A description cannot be read.
        GenerationError: No client can be generated from the new one; nothing has been touched.
        CodegenError: A file of the project is not as it must be; nothing has been touched.
    """
    old, new = read(str(places.spec), generating=True), read(name, generating=True)
    if new.notes:
        raise UnreadableError("\n".join(new.notes))
    if new.source.sha256 in (old.source.sha256, _taken(places.source)):
        return None
    vendored, unwritten = in_our_words(old.spec, new.spec, today) if own_prose else (new.data, ())
    given = parsed(vendored, new.source.source, generating=True)
    page = places.reviews / f"{today.isoformat()}-{new.source.sha256[:8]}.md"
    with _package(given, project, places.package) as package:
        # With other words, corrections may fit the vendored description and not the new one.
        reviewed = None if own_prose else package
        found = review(old, _named_shortly(new), project, package=reviewed, today=today)
        texts = {
            places.spec: vendored,
            places.source: _source(places.source, given, new, today).encode(),
            page: FORMATS["markdown"](found, Options(docs=True)).encode(),
            places.changelog: _changelog(places.changelog, found, page).encode(),
        }
        with _written(texts):
            changed = generate.replace(package, places.package)
    return Outcome(found, page, len(changed), tuple(unwritten))


def _named_shortly(given: Input) -> Input:
    """A description whose name makes sense to readers elsewhere: that of a file outside the project without folders."""
    path = Path(given.source.source)
    if path.is_absolute() or ".." in path.parts:
        return attrs.evolve(given, source=attrs.evolve(given.source, source=path.name))
    return given


@contextlib.contextmanager
def _package(given: Input, project: Project, output: Path) -> Iterator[generate.Package]:
    """Generate the client of a description as `make generate` would make it, still aside."""
    generate.check_output(output)
    beside = generate.find_existing_parent(output)
    with contextlib.ExitStack() as stack:
        try:
            package = stack.enter_context(  # lenient and tolerant, to name all problems and not the first one only
                generate.generate_package(
                    given.spec, project.corrections, project.config, lenient=True, tolerant=True, beside=beside
                )
            )
            problems = [*package.notes, *(f"{given.source.source}: {loss}" for loss in package.dropped)]
            if problems:
                raise CodegenError("\n".join(problems))
        except CodegenError as error:
            advice = "correct spec/corrections.yaml, where it no longer fits, or the description, and try again"
            raise GenerationError(f"{error}\nnothing has been changed; {advice}") from error
        yield package


@contextlib.contextmanager
def _written(texts: Mapping[Path, bytes]) -> Iterator[None]:
    """Write files, and put them back if anything goes wrong before the context ends."""
    kept = {path: path.read_bytes() if path.exists() else None for path in texts}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        yield
    except BaseException:
        for path, old in kept.items():
            if old is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(old)
        raise


def _source(path: Path, vendored: Input, upstream: Input, today: datetime.date) -> str:
    """`source.toml` with the new hashes, its comments as they were."""
    text = path.read_text("utf-8")
    values: dict[tuple[str, str], datetime.date | str] = {
        ("upstream", "date"): _date_in(upstream.source.version) or today,
        ("upstream", "sha256"): upstream.source.sha256,
        ("vendored", "version"): vendored.source.version,
        ("vendored", "sha256"): vendored.source.sha256,
    }
    for (table, key), value in values.items():
        text = _set(text, path, table, key, value.isoformat() if isinstance(value, datetime.date) else _quote(value))
    try:
        read_back = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CodegenError(f"{path}: would no longer be TOML: {error}; write it as one key a line") from error
    for (table, key), value in values.items():
        if read_back[table][key] != value:
            raise CodegenError(f"{path}: `{key}` in [{table}] cannot be replaced; write it as one key a line")
    return text


def _date_in(version: str) -> datetime.date | None:
    """The date that a version begins with, None if it begins with none."""
    try:
        return datetime.date.fromisoformat(version[:10]) if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", version) else None
    except ValueError:
        return None


def _quote(text: str) -> str:
    """A text as a basic string of TOML 1.0, in ASCII."""
    characters = []
    for character in text:
        code = ord(character)
        if character in '"\\':
            characters.append(f"\\{character}")
        elif 0x20 <= code < 0x7F:
            characters.append(character)
        elif 0xD800 <= code < 0xE000:
            characters.append("\\uFFFD")  # TOML has no halves of surrogate pairs
        else:
            characters.append(f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}")
    return f'"{"".join(characters)}"'


def _taken(path: Path) -> str:
    """The hash of the description that the vendored one was made from."""
    try:
        return str(tomllib.loads(path.read_text("utf-8"))["upstream"]["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise CodegenError(f"{path}: needs `sha256` in a table [upstream]") from error


def _set(text: str, path: Path, table: str, key: str, value: str) -> str:
    pattern = rf"(?ms)(^\[{table}\]$(?:(?!^\[).)*?^{key} = )[^\n]*"
    changed, count = re.subn(pattern, lambda found: found[1] + value, text, count=1)
    if not count:
        raise CodegenError(f"{path}: needs `{key}` in a table [{table}]")
    return changed


def _changelog(path: Path, found: Review, page: Path) -> str:
    """The changelog with an entry for the update under what is not released yet."""
    text = path.read_text("utf-8")
    if text.count(f"{_UNRELEASED}\n") != 1:
        raise CodegenError(f"{path}: needs one section `{_UNRELEASED}`")
    verdict = found.verdict
    version = code_span(found.new.version[:_LONGEST_VERSION])
    words = f"wire {verdict.wire}, Python {verdict.python}, hand-written code {verdict.overlay}, prose {verdict.docs}"
    entry = (
        f"- The API's description in its version {version} ({found.new.sha256[:8]}): {words}; suggested bump: "
        f"{found.suggested_bump}. See {page.as_posix()}.\n"
    )
    head, _, rest = text.partition(f"{_UNRELEASED}\n")
    section, mark, later = rest.partition("\n## ")
    if "### Changed\n\n" in section:
        section = section.replace("### Changed\n\n", f"### Changed\n\n{entry}", 1)
    else:
        section = f"{section.rstrip()}\n\n### Changed\n\n{entry}"
    return f"{head}{_UNRELEASED}\n{section}{mark}{later}"
