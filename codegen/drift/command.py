"""The commands `drift` and `history` of `python -m codegen`: their options and exit status."""

from __future__ import annotations

import argparse
import datetime
import functools
import gc
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import attrs

from .. import corrections
from ..arguments import parse_path
from ..errors import CodegenError
from ..observations import load_observations
from . import baseline, history
from .fail_on import OBSERVED, FailCondition, parse_fail_on
from .load import Input, read, read_both_ways
from .observed import add_observed
from .render import FORMATS, Options
from .render.common import format_line
from .report import CHOICES, Layer, Review
from .review import GenerationError, Project, review
from .settings import load_settings

ACCEPTED = Path("spec/accepted-drift.yaml")


if TYPE_CHECKING:
    _Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_STATUS = """\
exit status:
  0  all is well
  1  a change or an observation that --fail-on names
  2  the command line, a file of the project, or the type checker
  3  a spec cannot be read
  4  a client cannot be generated from a spec; the wire and docs layers are reported all the same
"""


def add_drift(commands: _Commands, project: argparse.ArgumentParser) -> None:
    """Add the command `drift`."""
    drift = commands.add_parser(
        "drift",
        parents=[project],
        help="review what a new spec changes",
        description="Review what a new spec changes: on the wire, in Python, in our own code, in prose.",
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_sides(drift)
    add_layers(drift)
    drift.add_argument("--format", choices=tuple(FORMATS), default="text", help="how to show it (%(default)s)")
    drift.add_argument("--output", type=parse_path, metavar="FILE", help="where to write it (standard output)")
    drift.add_argument("--docs", action="store_true", help="list changes of prose one by one (text, markdown)")
    drift.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colors (text)")
    drift.add_argument(
        "--fail-on",
        type=_parse_fail_on,
        default=(),
        metavar="CONDITIONS",
        help="layers whose changes end in status 1, such as wire:error,python:breaking,overlay,observed",
    )
    drift.add_argument(
        "--accepted",
        type=parse_path,
        default=ACCEPTED,
        metavar="FILE",
        help="changes that --fail-on lets pass (%(default)s)",
    )
    drift.add_argument(
        "--settings",
        type=parse_path,
        metavar="FILE",
        help="levels, paths and sunset policy (drift.toml, or [tool.gcore-iam.drift] in pyproject.toml)",
    )
    add_observations(drift, "observations to compare with both specs (several files are allowed)")
    drift.set_defaults(run=_run_drift)


def add_sides(parser: argparse.ArgumentParser) -> None:
    """Add the two specs."""
    parser.add_argument("old", metavar="OLD", help="a path, a URL, - (standard input), or git-ref:path")
    parser.add_argument("new", metavar="NEW", help="the same")


def add_observations(parser: argparse.ArgumentParser, text: str, *, is_required: bool = False) -> None:
    """Add the observation files."""
    parser.add_argument("--observed", type=parse_path, action="append", metavar="FILE", required=is_required, help=text)


def add_layers(parser: argparse.ArgumentParser) -> None:
    """Add the choice of layers."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--layers",
        type=_parse_layers,
        default=CHOICES,
        metavar="LAYERS",
        help=f"what to look at ({','.join(CHOICES)})",
    )
    group.add_argument(
        "--wire-only",
        action="store_const",
        dest="layers",
        const=("wire", "docs"),
        help="the layers that need no client: any two OpenAPI specs",
    )


def _parse_layers(text: str) -> tuple[Layer, ...]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in CHOICES]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown layer {unknown[0]!r}; known: {', '.join(CHOICES)}")
    return tuple(layer for layer in CHOICES if layer in names)


def _parse_fail_on(text: str) -> tuple[FailCondition, ...]:
    try:
        return parse_fail_on(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run_drift(arguments: argparse.Namespace) -> int:
    layers: tuple[Layer, ...] = arguments.layers
    conditions: tuple[FailCondition, ...] = arguments.fail_on
    for condition in conditions:
        if condition.layer not in (*layers, *([OBSERVED] if arguments.observed else [])):
            option = f"--{OBSERVED if condition.layer == OBSERVED else 'layers'}"
            print(f"codegen: --fail-on {condition}: that layer is not reviewed; see {option}", file=sys.stderr)
            return 2
    gc.disable()  # the objects live until the end, and scanning them repeatedly takes longer than reading the specs
    try:
        found, problem = run_review(arguments, layers)
    finally:
        gc.enable()
    text = FORMATS[arguments.format](found, build_options(arguments))
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8", newline="\n")
    else:
        if isinstance(sys.stdout, io.TextIOWrapper):  # the default encoding may lack characters of the report
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        sys.stdout.write(text)
        sys.stdout.flush()
    violations = [condition for condition in conditions if condition.is_met_by(found)]
    for condition in violations:
        what = "there is such an observation" if condition.layer == OBSERVED else "the spec has such a change"
        print(f"codegen: --fail-on {condition}: {what}", file=sys.stderr)
    if problem:
        print(f"codegen: {problem}", file=sys.stderr)
        return GenerationError.status
    return 1 if violations else 0


def run_review(arguments: argparse.Namespace, layers: Sequence[Layer]) -> tuple[Review, str]:
    """Review what the command line names, without the layers that need a client if none can be made.

    Returns:
        The review, and why no client can be made, "" if one was made or none was needed.
    """
    if arguments.old == arguments.new == "-":
        raise CodegenError("standard input can be one side only")
    observations = load_observations(arguments.observed or ())
    generating = bool({"python", "overlay"} & set(layers))
    compare = functools.partial(
        review,
        project=load_project(arguments, generating=generating),
        accepted=baseline.load(arguments.accepted),
        settings=load_settings(arguments.settings),
        today=get_today(),
    )
    read_side = read_both_ways if generating else functools.partial(read, generating=False)
    old, new = (read_side(name) for name in (arguments.old, arguments.new))
    found, problem = _review_layers(old, new, layers, compare)
    if arguments.observed:
        has_corrections = generating or arguments.corrections.exists()
        project = load_project(arguments, generating=has_corrections)
        found = add_observed(found, (old.spec, new.spec), observations, project.corrections)
    return found, problem


def _review_layers(
    old: Input, new: Input, layers: Sequence[Layer], compare: Callable[..., Review]
) -> tuple[Review, str]:
    try:
        if {"python", "overlay"} & set(layers):
            for side in (old, new):
                if side.client_problem:
                    raise GenerationError(side.client_problem)
        return compare(old, new, layers=layers), ""
    except GenerationError as error:
        plain: list[Layer] = [layer for layer in layers if layer not in ("python", "overlay")]
        if not plain:
            raise
        found = compare(old, new, layers=plain)
        note = f"no client can be made, so Python and the overlay are not compared: {str(error).splitlines()[0]}"
        return attrs.evolve(found, notes=(note, *found.notes)), str(error)


def add_history(commands: _Commands, project: argparse.ArgumentParser) -> None:
    """Add the command `history`."""
    past = commands.add_parser(
        "history",
        parents=[project],
        help="review every step of a spec's history in git",
        description="Print a line for each commit that changed more of a spec than its version.",
    )
    past.add_argument("repository", type=parse_path, metavar="REPO", help="a git repository")
    past.add_argument("path", metavar="PATH", help="the spec in it")
    past.add_argument("--since", metavar="REV", help="a revision to begin after")
    past.add_argument(
        "--layers", type=_parse_layers, default=("wire", "python", "docs"), metavar="LAYERS", help="what to look at"
    )
    past.add_argument("--format", choices=("text", "json"), default="text")
    past.set_defaults(run=_run_history)


def _run_history(arguments: argparse.Namespace) -> int:
    generating = bool({"python", "overlay"} & set(arguments.layers))
    steps = history.replay(
        arguments.repository,
        arguments.path,
        load_project(arguments, generating=generating),
        since=arguments.since,
        layers=arguments.layers,
        today=get_today(),
    )
    count = 0
    for step in steps:
        count += 1
        verdict = step.review.verdict if step.review else None
        words = {layer: getattr(verdict, layer, None) for layer in arguments.layers}
        if arguments.format == "json":
            line = {"commit": step.commit, "date": step.date, "verdict": words, "headline": step.headline}
            print(json.dumps(line, ensure_ascii=False), flush=True)
        else:
            text = "  ".join(f"{layer} {word or '-':10}" for layer, word in words.items())
            print(f"{step.date} {step.commit[:9]}  {text}  {format_line(step.headline)}", flush=True)
    if not count:
        since = f" since {arguments.since}" if arguments.since else ""
        text = f"no commit{since} changes more of {arguments.path} than its version"
        print(f"codegen: {arguments.repository}: {text}", file=sys.stderr)
    return 0


def load_project(arguments: argparse.Namespace, *, generating: bool) -> Project:
    """Load what a review needs of the project beside the two specs."""
    return Project(
        corrections=corrections.load(arguments.corrections) if generating else (),
        config=arguments.config,
        overlay=arguments.overlay,
    )


def build_options(arguments: argparse.Namespace) -> Options:
    """Build the rendering options from the command line."""
    color: Callable[[], bool] = {
        "always": lambda: True,
        "never": lambda: False,
        "auto": lambda: arguments.output is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR"),
    }[arguments.color]
    return Options(color=color(), docs=arguments.docs)


def get_today() -> datetime.date:
    """Return today's date, or the date of SOURCE_DATE_EPOCH (reproducible-builds.org) if it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = int(epoch) if epoch and epoch.isdecimal() else None
    now = datetime.datetime.now(datetime.UTC)
    return (now if moment is None else datetime.datetime.fromtimestamp(moment, datetime.UTC)).date()
