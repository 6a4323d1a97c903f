"""Runs openapi-python-client on the normalized document and replaces the package completely or not at all."""

from __future__ import annotations

import contextlib
import datetime
import errno
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import attrs
from jinja2 import TemplateError
from openapi_python_client import Project
from openapi_python_client.config import ClassOverride, Config, ConfigFile, MetaType
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import GeneratorData
from openapi_python_client.strings import PythonIdentifier
from pydantic import ValidationError

from . import contract, escaping, generator_input, static_check, wire_format
from .class_names import separate_class_names
from .corrections import Correction
from .dropped import find_dropped, format_dropped, format_reason, join_lines
from .errors import CodegenError
from .field_names import rename_colliding_names, restore_names
from .inventory import find_missing
from .limits import clip_text
from .names import (
    RESERVED_CLASS_NAMES,
    check_modules,
    check_paths,
    get_module_name,
    rename_reserved_names,
    separate_modules,
)
from .normalize import normalize
from .schemas import Document
from .spec import Spec, escape, iterate_operations, load_yaml
from .template_cache import TEMPLATE_CACHE
from .template_functions import build_template_functions

TEMPLATES = Path(__file__).parent / "templates"
GENERATOR_VERSION = version("openapi-python-client")

_ON_DEMAND = ("serialization", "unions")
"""Modules that a package has only if something in it imports them."""

_SHARED = ("json_values", "model_base", "open_enums", "pydantic_schemas", *_ON_DEMAND)
"""Modules that the generator itself does not know."""

_UNSUPPORTED_OPTIONS = ("content_type_overrides", "generate_all_tags", "literal_enums")
"""Options of the generator that the templates do not follow."""


@attrs.frozen
class Package:
    """A generated package in a temporary folder."""

    path: Path
    document: Document
    """The normalized document that it was generated from."""
    config: Config
    data: GeneratorData
    notes: tuple[str, ...]
    """Corrections that do not fit the document (lenient mode only)."""
    dropped: tuple[str, ...]
    """The dropped parts of the document (tolerant mode only)."""
    report: tuple[str, ...]
    """The same as lines for a person: causes with their places, each followed by its results."""

    def read_files(self) -> dict[str, bytes]:
        """Read the files of the package by path inside it."""
        return read_tree(self.path)


def read_tree(path: Path) -> dict[str, bytes]:
    """Read the files of a package by path inside it, without compiled ones."""
    return {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }


@contextlib.contextmanager
def generate_package(
    spec: Spec,
    corrections: tuple[Correction, ...],
    config_path: Path,
    *,
    lenient: bool = False,
    tolerant: bool = False,
    beside: Path | None = None,
    spec_date: datetime.date | None = None,
) -> Iterator[Package]:
    """Generate a package into a temporary folder, which is removed at the end.

    Args:
        spec: The vendored document.
        corrections: The corrections of the spec.
        config_path: openapi-python-client's configuration file.
        lenient: Apply corrections wherever they match, however often.
        tolerant: Go on when the generator loses a part of the document, and say so in the package's `dropped`.
        spec_date: The day of the spec, which the package states; None if it is unknown.
        beside: A folder to make the temporary one in, so that the package can be moved from there.

    Yields:
        The complete, formatted package, checked without running any of it.

    Raises:
        CodegenError: The input is wrong, or, unless `tolerant`, the generator would lose a part of it.
    """
    normalized = normalize(spec, corrections, lenient=lenient, tolerant=tolerant)
    with tempfile.TemporaryDirectory(prefix=".generating-", dir=beside) as folder:
        work = Path(folder)
        source = work / "openapi.json"
        config = _load_config(config_path, source, work / "package")
        separate_modules(normalized.document, config)
        separate_class_names(normalized.document, config)
        given = generator_input.build_input(normalized.document, config)
        renamed = rename_colliding_names(given, config)
        source.write_text(json.dumps(given), encoding="utf-8")
        data = _parse(source, spec, config)
        restore_names(data, renamed, config)
        generator_input.restore(normalized.document, data, config)
        parts = list(find_dropped(normalized.document, data, config))
        report = [*normalized.replaced.values(), *format_dropped(parts, normalized.document, spec)]
        if report and not tolerant:
            raise CodegenError("\n".join(report))
        check_modules(data, spec)
        rename_reserved_names(data)
        check_paths(data, spec)
        _render(data, normalized.document, config, spec, spec_date)
        (work / "package" / "description.py").write_text(
            contract.render_contract(normalized.corrected), encoding="utf-8"
        )
        _finish(config, spec)
        _check_code(work / "package", spec)
        texts = [*normalized.replaced, *(str(part) for part in parts)]
        if not texts:  # else the same is reported twice
            texts = find_missing(normalized.document, work / "package", config, typed=False)
            report = [f"{spec.name}: {text}" for text in texts]
        if report and not tolerant:
            raise CodegenError("\n".join(report))
        yield Package(
            work / "package", normalized.document, config, data, normalized.notes, tuple(texts), tuple(report)
        )


def replace(package: Package, output: Path) -> list[str]:
    """Put a package where the old one is, in one step.

    Args:
        package: What to put there; it must lie on the same file system.
        output: The package's folder. It may be missing or empty, or hold generated files.

    Returns:
        The files that changed, came or went, by path inside the package; empty when the bytes are the same.

    Raises:
        CodegenError: The folder holds something that was not generated; nothing has been changed then.
    """
    check_output(output)
    changed = list_differences(read_tree(output), package.read_files())
    if not changed:
        return []
    package.path.chmod(0o755)
    output.parent.mkdir(parents=True, exist_ok=True)
    old = package.path.with_name("replaced")
    try:
        if output.exists():
            output.rename(old)
        package.path.rename(output)
    except BaseException:  # an interruption too must not leave the folder empty
        if old.exists() and not output.exists():
            old.rename(output)
        raise
    return changed


def list_differences(old: dict[str, bytes], new: dict[str, bytes]) -> list[str]:
    """List the paths whose bytes differ between two trees, or that only one has."""
    return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))


def check_output(output: Path) -> None:
    """Refuse to replace a folder that holds anything but a generated package.

    Raises:
        CodegenError: It cannot be a package's folder, or holds a file that does not say that it is generated.
    """
    if not output.absolute().name.isidentifier():
        raise CodegenError(f"{output}: a package cannot have this name; end the path in letters, digits and _")
    for path in (output, *output.parents):
        if path.exists() and not path.is_dir():
            raise CodegenError(f"{path}: is not a folder")
    for name, content in read_tree(output).items():
        if name != "py.typed" and not content.startswith(escaping.MARK.encode()):
            raise CodegenError(
                f"{output}: holds files that were not generated; name another output folder, or move {name}"
            )


def find_existing_parent(output: Path) -> Path:
    """Find the nearest existing folder: generating there lets the result be moved to its place."""
    return next(path for path in output.absolute().parents if path.exists())


# --- steps ---------------------------------------------------------------------------------------------------------


def _load_config(path: Path, source: Path, output: Path) -> Config:
    file = load_yaml(path)
    options = {} if file.value is None else file.value
    if not isinstance(options, dict):
        raise CodegenError(f"{file.format_place('')}: the generator's options must be a mapping")
    for key in options:
        if key not in ConfigFile.model_fields:
            raise CodegenError(f"{file.format_place(f'/{escape(key)}')}: openapi-python-client has no option {key!r}")
        if key in _UNSUPPORTED_OPTIONS and options[key]:
            raise CodegenError(f"{file.format_place(f'/{escape(key)}')}: the templates do not support {key!r}")
    try:
        config = ConfigFile.model_validate(options)
    except ValidationError as error:
        detail = error.errors()[0]
        where = "".join(f"/{escape(str(token))}" for token in detail["loc"])
        raise CodegenError(f"{file.format_place(where)}: {where[1:]}: {detail['msg']}") from None
    overrides = dict(config.class_overrides or {})
    for name in sorted(RESERVED_CLASS_NAMES - overrides.keys()):
        overrides[name] = ClassOverride.model_validate(
            {"class_name": f"{name}Model", "module_name": PythonIdentifier(f"{name}Model", "")}
        )
    config.class_overrides = overrides
    return Config.from_sources(
        config, MetaType.NONE, document_source=source, file_encoding="utf-8", overwrite=False, output_path=output
    )


def _parse(source: Path, spec: Spec, config: Config) -> GeneratorData:
    try:
        data = GeneratorData.from_dict(json.loads(source.read_text("utf-8")), config=config)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        problem = join_lines(str(error))
        raise CodegenError(f"{spec.name}: the generator cannot take this spec: {problem}") from error
    if isinstance(data, GeneratorError):
        raise CodegenError(f"{spec.name}: is not a valid OpenAPI spec: {join_lines(data.detail or data.header)}")
    return data


def _render(
    data: GeneratorData, document: Document, config: Config, spec: Spec, spec_date: datetime.date | None
) -> None:
    project = Project(openapi=data, config=attrs.evolve(config, post_hooks=[]), custom_template_path=TEMPLATES)
    project.env.globals.update(
        provenance={
            "title": str(spec.document["info"].get("title", "API")),
            "spec_version": spec.version,
            "spec_date": spec_date.isoformat() if spec_date else "",
            "spec_sha256": spec.sha256,
            "generator_version": GENERATOR_VERSION,
        },
        operations={
            ".".join(get_module_name(operation, config)): wire_format.build_wire(document, path, method, operation)
            for path, method, operation in iterate_operations(document)
        },
        **build_template_functions(),
    )
    project.env.bytecode_cache = TEMPLATE_CACHE
    project.env.autoescape = True  # so that Jinja distinguishes `Code` from text
    project.env.finalize = escaping.require_code
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            errors = project.build()
    except TemplateError as error:
        raise CodegenError(f"{TEMPLATES}: a template fails on {spec.name}: {join_lines(str(error))}") from error
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        name = clip_text(Path(str(error.filename)).name)
        raise CodegenError(
            f"{spec.name}: the names of nested schemas make a file name that is too long: {name}"
        ) from error
    except CodegenError as error:
        raise CodegenError(f"{spec.name}: {error}") from None
    for name in _SHARED:
        source = project.env.get_template(f"{name}.py.jinja").render()
        (Path(config.output_path or "") / f"{name}.py").write_text(source, encoding="utf-8")
    reported = [error for collection in data.endpoint_collections_by_tag.values() for error in collection.parse_errors]
    problems = [error for error in errors if error not in data.errors and error not in reported]
    if problems:
        raise CodegenError(f"{spec.name}: the generator failed{format_reason(problems)}")


def _finish(config: Config, spec: Spec) -> None:
    """Format, mark as generated and as typed."""
    package = Path(config.output_path or "")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    for hook in config.post_hooks:
        # Commands of our own configuration file, run as the generator itself would run them.
        run = subprocess.run(hook, shell=True, cwd=package, env=environment, capture_output=True, check=False)  # noqa: S602
        if run.returncode:
            output = join_lines((run.stderr or run.stdout).decode(errors="replace"))
            raise CodegenError(f"{spec.name}: post hook failed: {hook}: {output[:500]}")
    sources = {file: file.read_text("utf-8") for file in package.glob("*/**/*.py")}
    for name in _ON_DEMAND:
        if not any(f"..{name} import" in source for source in sources.values()):
            (package / f"{name}.py").unlink()
    for file in package.rglob("*.py"):
        file.write_text(escaping.add_first_line(file.read_text("utf-8")), encoding="utf-8")
    (package / "py.typed").write_text("", encoding="utf-8")
    for cache in package.rglob(".ruff_cache"):
        shutil.rmtree(cache)


def _check_code(package: Path, spec: Spec) -> None:
    problem = next(static_check.check_package(package), None)
    if problem is not None:
        raise CodegenError(f"{spec.name}: the generated package cannot be used: {join_lines(problem)}")
