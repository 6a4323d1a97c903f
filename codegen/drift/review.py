"""Reviews two specs: runs the layers and computes the verdict."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import attrs

from .. import generate
from ..corrections import Correction
from ..errors import CodegenError
from ..spec import Json
from . import overlay, python, wire
from .baseline import BaselineEntry, apply
from .group import group_refactors
from .load import Input, UnreadableError
from .python_names import add_symbols
from .python_surface import GeneratedClient
from .report import CHOICES, LAYERS, LEVELS, Change, Layer, Review, Verdict
from .settings import Settings

_WORDS: Mapping[Layer, tuple[str, ...]] = {
    "wire": ("breaking", "warning", "compatible", "none"),
    "python": ("breaking", "additive", "additive", "none"),
    "overlay": ("broken", "broken", "broken", "ok"),
    "docs": ("changed", "changed", "changed", "none"),
}
"""For each layer, the verdict by the gravest change, and the one without changes."""


class GenerationError(CodegenError):
    """A client cannot be made from a spec; names the operation."""

    status = 4


@attrs.frozen
class Project:
    """The parts of the project that a review needs beside the two specs."""

    corrections: tuple[Correction, ...]
    config: Path
    """openapi-python-client's configuration file."""
    overlay: Path
    """Folder of the hand-written package."""


@contextlib.contextmanager
def generate_client(given: Input, project: Project) -> Iterator[GeneratedClient]:
    """Generate a client aside.

    Raises:
        GenerationError: That is not possible.
    """
    with contextlib.ExitStack() as stack:
        try:
            package = stack.enter_context(
                generate.generate_package(given.spec, project.corrections, project.config, lenient=True, tolerant=True)
            )
        except CodegenError as error:
            raise GenerationError(str(error)) from error
        except RecursionError:
            name = given.source.source
            raise GenerationError(f"{name}: its schemas refer to each other too deeply for a client") from None
        yield GeneratedClient.read(given, package)


def review(
    old: Input,
    new: Input,
    project: Project,
    *,
    package: generate.Package | None = None,
    layers: Sequence[Layer] = CHOICES,
    accepted: Sequence[BaselineEntry] = (),
    settings: Settings = Settings(),  # noqa: B008 - it cannot change
    today: datetime.date,
) -> Review:
    """Find out what a new spec changes.

    Args:
        old: The spec that the client was generated from.
        new: The spec that it will be generated from.
        project: The project that uses it.
        package: The client of `new`, if it has been generated already.
        layers: The layers to review, of `report.CHOICES`.
        accepted: The accepted changes.
        settings: The reader's settings.
        today: The day that expiry and sunset dates are compared with.

    Returns:
        The review.

    Raises:
        GenerationError: A client cannot be made from one of the specs (layers python and overlay).
        UnreadableError: A spec is not valid OpenAPI.
        CodegenError: The type checker does not run.
    """
    if not {"python", "overlay"} & set(layers):
        return _assemble(old, new, _compare_wire(old, new, settings, today), layers, accepted, settings, today)
    with contextlib.ExitStack() as stack:
        before = stack.enter_context(generate_client(old, project))
        if package is None:
            after = stack.enter_context(generate_client(new, project))
        else:
            after = GeneratedClient.read(new, package)
        return compare(before, after, project, layers=layers, accepted=accepted, settings=settings, today=today)


def compare(
    old: GeneratedClient,
    new: GeneratedClient,
    project: Project,
    *,
    layers: Sequence[Layer],
    accepted: Sequence[BaselineEntry] = (),
    settings: Settings = Settings(),  # noqa: B008 - it cannot change
    today: datetime.date,
) -> Review:
    """Find out what a new spec changes when both clients exist already; see `review`."""
    found = add_symbols(_compare_wire(old.input, new.input, settings, today), old, new)
    on_wire = [change for change in found if change.layer == "wire"]
    in_python = python.find_changes(old, new, on_wire)
    found += in_python
    if "overlay" in layers:
        found += overlay.find_changes(project.overlay, (old, new), [*on_wire, *in_python])
    return _assemble(old.input, new.input, found, layers, accepted, settings, today)


def _compare_wire(old: Input, new: Input, settings: Settings, today: datetime.date) -> list[Change]:
    try:
        return wire.find_changes(old.spec, new.spec, today, settings)
    except CodegenError as error:
        raise UnreadableError(str(error)) from error


def _assemble(
    old: Input,
    new: Input,
    changes: Sequence[Change],
    layers: Sequence[Layer],
    accepted: Sequence[BaselineEntry],
    settings: Settings,
    today: datetime.date,
) -> Review:
    reviewed = {*layers, *(["generator"] if "python" in layers else [])}
    single, notes = apply(
        accepted, settings.apply([change for change in changes if change.layer in reviewed]), layers, today
    )
    joined, joint_notes = apply(accepted, group_refactors(single), layers, today)
    notes = [*old.notes, *new.notes, *(note for note in notes if note in joint_notes)]
    joined.sort(key=_build_sort_key)
    unfit = sum(change.layer == "generator" for change in joined)
    if unfit:
        notes.append(
            f"`make update-spec` will not take this spec in (corrections or parts that do not fit: {unfit}); "
            "what they would have corrected may be told as a change"
        )
    verdict = _compute_verdict(joined, layers)
    return Review(old.source, new.source, verdict, _compute_bump(verdict), tuple(joined), tuple(notes))


def _build_sort_key(change: Change) -> tuple[object, ...]:
    place = change.old or change.new
    where = (place.line, place.column) if place else (0, 0)
    return LAYERS.index(change.layer), LEVELS.index(change.level), where, change.id, change.message, change.fingerprint


def _compute_verdict(changes: Sequence[Change], layers: Sequence[Layer]) -> Verdict:
    """Compute one word for each layer. Accepted changes count as well; only `--fail-on` lets them pass."""

    def compute_word(layer: Layer) -> Json:
        found = [LEVELS.index(change.level) for change in changes if _get_verdict_layer(change) == layer]
        return _WORDS[layer][min(found, default=-1)] if layer in layers else None

    return Verdict(*map(compute_word, CHOICES))


def _get_verdict_layer(change: Change) -> Layer:
    return "python" if change.id == "gen-response-dropped" else change.layer


def _compute_bump(verdict: Verdict) -> Literal["major", "minor", "patch", "none"]:
    """Return the part of the client's version to raise (semver.org). `versions.md` says what it means before 1.0."""
    if "breaking" in (verdict.wire, verdict.python) or verdict.overlay == "broken":
        return "major"
    if verdict.wire in ("warning", "compatible") or verdict.python == "additive":
        return "minor"
    return "patch" if verdict.docs == "changed" else "none"
