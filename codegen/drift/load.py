"""Loads a spec from a file, a URL, standard input, or a revision of a git repository."""

from __future__ import annotations

import posixpath
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import httpx

from ..bundle import ReadFile
from ..errors import CodegenError
from ..limits import MAX_BYTES, LimitError
from ..spec import Spec, build_spec, check, check_refs, parse_yaml
from ..spec_files import build_reader, join_files
from . import structure
from .matching import find_same_templates
from .report import Source

_TIMEOUT = httpx.Timeout(30)


class UnreadableError(CodegenError):
    """A spec cannot be read; names the file, the line and the reason."""

    status = 3


@attrs.frozen
class Input:
    """A spec and its source."""

    spec: Spec
    source: Source
    data: bytes = attrs.field(repr=False)
    """The bytes as they were read."""
    notes: tuple[str, ...] = ()
    """Problems that do not end the comparison."""
    client_problem: str = ""
    """Why no client can be made from it; "" if nothing is known to prevent that."""


def read(name: str, *, generating: bool) -> Input:
    """Read a spec.

    Args:
        name: A path, a URL (http or https), `-` for standard input, or `git-ref:path` as in `HEAD~3:spec/api.yaml`.
        generating: Whether a client is generated from it, which needs more than a comparison.

    Returns:
        The spec.

    Raises:
        UnreadableError: It cannot be found or read, or is not an OpenAPI spec that holds together.
    """
    return parse_input(_fetch(name), _redact_name(name), generating=generating, read_file=_build_reader(name))


def read_both_ways(name: str) -> Input:
    """Read a spec for a comparison, and find out whether a client can be made from it; see `read`."""
    found = read(name, generating=False)
    try:
        check(found.spec)
    except CodegenError as error:
        return attrs.evolve(found, client_problem=str(error))
    return found


def parse_input(data: bytes, display_name: str, *, generating: bool, read_file: ReadFile | None = None) -> Input:
    """Parse the bytes of a spec; see `read`.

    Args:
        data: The bytes.
        display_name: Its name in reports and messages.
        generating: Whether a client is generated from it.
        read_file: Reads another file that it refers to; None for a source that is one file.
    """
    try:
        file = parse_yaml(data, display_name)
        spec = join_files(build_spec(file), read_file)
        if generating:
            check(spec)
        malformed: tuple[str, ...] = ()
        while more := structure.drop_malformed(spec):  # a reference may lead into what has just been left out
            malformed += more
    except CodegenError as error:
        raise UnreadableError(str(error)) from error
    try:
        check_refs(spec)
    except CodegenError as error:
        raise UnreadableError("\n".join([*malformed, str(error)])) from error
    notes = (*malformed, *find_same_templates(spec))
    source = Source(display_name, file.sha256, spec.version, tuple(file.text.splitlines()))
    return Input(spec, source, data, notes)


def _fetch(name: str) -> bytes:
    if name == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    elif _is_url(name):
        data = _download(name)
    elif "://" in name:
        raise UnreadableError(f"{name.partition('://')[0]}: only http and https URLs can be read")
    elif Path(name).exists() or ":" not in name:
        data = _read_file(Path(name))
    else:
        data = _read_revision(name)
    if len(data) > MAX_BYTES:
        error = LimitError(f"{_redact_name(name)}: is larger than {MAX_BYTES:,} bytes", "MAX_BYTES")
        raise UnreadableError(str(error)) from error
    return data


def _build_reader(name: str) -> ReadFile | None:
    """Build a function that reads the files beside a spec; None for a URL and standard input."""
    if name == "-" or "://" in name:
        return None
    if Path(name).exists() or ":" not in name:
        return build_reader(Path(name).resolve().parent)
    revision, _, file = name.partition(":")
    return lambda path: _read_revision(f"{revision}:{posixpath.join(posixpath.dirname(file), path)}")


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be read: {error.strerror}") from error


def _download(url: str) -> bytes:
    display_name = _redact_name(url)
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=_TIMEOUT) as response:
            if response.status_code != 200:
                raise UnreadableError(f"{display_name}: cannot be read: the server returned {response.status_code}")
            data = bytearray()
            for part in response.iter_bytes():
                data += part
                if len(data) > MAX_BYTES:
                    break
            return bytes(data)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        problem = str(error) or type(error).__name__
        raise UnreadableError(f"{display_name}: cannot be read: {problem.replace(url, display_name)}") from None


def _read_revision(name: str) -> bytes:
    revision, _, path = name.partition(":")
    if not revision or revision.startswith("-"):
        raise UnreadableError(f"{name}: is neither a file nor `git-ref:path`")
    try:
        run = subprocess.run(  # noqa: S603 - no shell, and a revision is no option
            ["git", "show", f"{revision}:{path}"],  # noqa: S607
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise UnreadableError(f"{name}: cannot be read: git: {error.strerror}") from error
    if run.returncode:
        lines = run.stderr.decode(errors="replace").strip().splitlines()
        raise UnreadableError(f"{name}: is no file, and git does not know it: {lines[0] if lines else run.returncode}")
    return run.stdout


def _is_url(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))


def _redact_name(name: str) -> str:
    """Return a name without the parts of a URL that may be secret: user, password, query."""
    if not _is_url(name):
        return name
    try:
        parts = urlsplit(name)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise UnreadableError(f"a URL cannot be read: {str(error).partition(':')[0]}") from None
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
