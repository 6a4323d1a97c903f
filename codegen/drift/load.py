"""Finds a spec where the user says it is: a file, a URL, standard input, a revision of a git repository."""

from __future__ import annotations

import posixpath
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import httpx

from ..bundle import ReadFile, bundle
from ..errors import CodegenError
from ..limits import MAX_BYTES, LimitError
from ..spec import Spec, as_spec, check, check_refs, parse_yaml
from . import structure
from .matching import same_templates
from .report import Source

_TIMEOUT = httpx.Timeout(30)


class UnreadableError(CodegenError):
    """A spec cannot be read; names the file, the line and the reason."""

    status = 3


@attrs.frozen
class Input:
    """A spec and what a report says of it."""

    spec: Spec
    source: Source
    data: bytes = attrs.field(repr=False)
    """As it was read."""
    notes: tuple[str, ...] = ()
    """What is wrong with it and does not end the comparison."""
    client_problem: str = ""
    """Why no client can be made from it; "" if nothing is known to prevent that."""


def read(name: str, *, generating: bool) -> Input:
    """Read a spec.

    Args:
        name: A path, a URL (http or https), `-` for standard input, or `git-ref:path` as in `HEAD~3:spec/api.yaml`.
        generating: Whether a client shall be made from it, which asks for more than a comparison.

    Returns:
        The spec.

    Raises:
        UnreadableError: It cannot be found or read, or is not an OpenAPI spec that holds together.
    """
    return parsed(_fetch(name), _shown(name), generating=generating, read_file=_reader(name))


def read_both_ways(name: str) -> Input:
    """Read a spec for a comparison, and find out whether a client can be made from it; see `read`."""
    found = read(name, generating=False)
    try:
        check(found.spec)
    except CodegenError as error:
        return attrs.evolve(found, client_problem=str(error))
    return found


def parsed(data: bytes, shown: str, *, generating: bool, read_file: ReadFile | None = None) -> Input:
    """Take bytes for a spec; see `read`.

    Args:
        data: The bytes.
        shown: What reports and messages call it.
        generating: Whether a client shall be made from it.
        read_file: Reads another file that it refers to; None for a source that is one file.
    """
    try:
        file = parse_yaml(data, shown)
        spec = as_spec(file)
        if read_file:
            spec = Spec(bundle(file, read_file))
        (check if generating else check_refs)(spec)
        malformed = structure.drop_malformed(spec)
    except CodegenError as error:
        raise UnreadableError(str(error)) from error
    try:
        check_refs(spec)
    except CodegenError as error:  # a reference leads into what has been left out
        raise UnreadableError("\n".join([*malformed, str(error)])) from error
    notes = (*malformed, *same_templates(spec))
    source = Source(shown, file.sha256, spec.version, tuple(file.text.splitlines()))
    return Input(spec, source, data, notes)


def _fetch(name: str) -> bytes:
    if name == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    elif _is_url(name):
        data = _download(name)
    elif "://" in name:
        raise UnreadableError(f"{name.partition('://')[0]}: only http and https URLs can be read")
    elif Path(name).exists() or ":" not in name:
        data = _file(Path(name))
    else:
        data = _revision(name)
    if len(data) > MAX_BYTES:
        error = LimitError(f"{_shown(name)}: is larger than {MAX_BYTES:,} bytes", "MAX_BYTES")
        raise UnreadableError(str(error)) from error
    return data


def _reader(name: str) -> ReadFile | None:
    """Return what reads the files beside a spec; None for a URL and standard input."""
    if name == "-" or "://" in name:
        return None
    if Path(name).exists() or ":" not in name:
        folder = Path(name).resolve().parent

        def read_beside(path: str) -> bytes:
            if not (folder / path).resolve().is_relative_to(folder):
                raise UnreadableError(f"{path}: leaves the folder of the spec")
            return _file(folder / path)

        return read_beside
    revision, _, file = name.partition(":")
    return lambda path: _revision(f"{revision}:{posixpath.join(posixpath.dirname(file), path)}")


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be read: {error.strerror}") from error


def _download(url: str) -> bytes:
    shown = _shown(url)
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=_TIMEOUT) as response:
            if response.status_code != 200:
                raise UnreadableError(f"{shown}: cannot be read: the server returned {response.status_code}")
            data = bytearray()
            for part in response.iter_bytes():
                data += part
                if len(data) > MAX_BYTES:
                    break
            return bytes(data)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        problem = str(error) or type(error).__name__
        raise UnreadableError(f"{shown}: cannot be read: {problem.replace(url, shown)}") from None


def _revision(name: str) -> bytes:
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
        said = run.stderr.decode(errors="replace").strip().splitlines()
        raise UnreadableError(f"{name}: is no file, and git does not know it: {said[0] if said else run.returncode}")
    return run.stdout


def _is_url(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))


def _shown(name: str) -> str:
    """A name without what may be secret in a URL: user, password, query."""
    if not _is_url(name):
        return name
    try:
        parts = urlsplit(name)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise UnreadableError(f"a URL cannot be read: {str(error).partition(':')[0]}") from None
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
