"""The commands `drift` and `history` of `python -m codegen`: what the user may say, and the exit status."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import corrections
from ..errors import CodegenError
from . import accept
from .gate import Gate, parse_gates
from .render import FORMATS, Options
from .report import CHOICES, Layer, Review
from .review import Project, review
from .sources import read

ACCEPTED = Path("spec/accepted-drift.yaml")

_EXIT = """\
exit status:
  0  all is well
  1  a gate was tripped (--fail-on)
  2  the command line, a file of the project, or the type checker
  3  a description cannot be read
  4  a client cannot be generated from a description
"""


def add_drift(commands: argparse._SubParsersAction[argparse.ArgumentParser], project: argparse.ArgumentParser) -> None:
    """Add the command `drift`."""
    drift = commands.add_parser(
        "drift",
        parents=[project],
        help="review what a new description changes",
        description="Review what a new description changes: on the wire, in Python, in our own code, in prose.",
        epilog=_EXIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_sides(drift)
    add_layers(drift)
    drift.add_argument("--format", choices=tuple(FORMATS), default="text", help="how to show it (%(default)s)")
    drift.add_argument("--output", type=Path, metavar="FILE", help="where to write it (standard output)")
    drift.add_argument("--docs", action="store_true", help="list changes of prose one by one (text, markdown)")
    drift.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colour (text)")
    drift.add_argument(
        "--fail-on",
        type=_gates,
        default=(),
        metavar="GATES",
        help="layers whose changes end in status 1, such as wire:error,python:breaking,overlay",
    )
    drift.add_argument(
        "--accepted", type=Path, default=ACCEPTED, metavar="FILE", help="changes that gates let pass (%(default)s)"
    )
    drift.set_defaults(run=_drift)


def add_sides(parser: argparse.ArgumentParser) -> None:
    """Add the two descriptions."""
    parser.add_argument("old", metavar="OLD", help="a path, a URL, - (standard input), or git-ref:path")
    parser.add_argument("new", metavar="NEW", help="the same")


def add_layers(parser: argparse.ArgumentParser) -> None:
    """Add the choice of layers."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--layers",
        type=_layers,
        default=CHOICES,
        metavar="LAYERS",
        help=f"what to look at ({','.join(CHOICES)})",
    )
    group.add_argument(
        "--wire-only",
        action="store_const",
        dest="layers",
        const=("wire", "docs"),
        help="the layers that need no client: any two OpenAPI 3.0 or 3.1 descriptions",
    )


def _layers(text: str) -> tuple[Layer, ...]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in CHOICES]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown layer {unknown[0]!r}; known: {', '.join(CHOICES)}")
    return tuple(layer for layer in CHOICES if layer in names)


def _gates(text: str) -> tuple[Gate, ...]:
    try:
        return parse_gates(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _drift(arguments: argparse.Namespace) -> int:
    layers: tuple[Layer, ...] = arguments.layers
    gates: tuple[Gate, ...] = arguments.fail_on
    for gate in gates:
        if gate.layer not in layers:
            print(f"codegen: --fail-on {gate}: that layer is not looked at; see --layers", file=sys.stderr)
            return 2
    found = reviewed(arguments, layers)
    shown = FORMATS[arguments.format](found, options(arguments))
    if arguments.output:
        arguments.output.write_text(shown, encoding="utf-8")
    else:
        sys.stdout.write(shown)
        sys.stdout.flush()
    tripped = [gate for gate in gates if gate.trips(found)]
    for gate in tripped:
        print(f"codegen: gate {gate} was tripped", file=sys.stderr)
    return 1 if tripped else 0


def reviewed(arguments: argparse.Namespace, layers: Sequence[Layer]) -> Review:
    """Review what the command line names."""
    if arguments.old == arguments.new == "-":
        raise CodegenError("standard input can be one side only")
    generating = bool({"python", "overlay"} & set(layers))
    accepted = accept.load(arguments.accepted)
    project = Project(
        corrections=corrections.load(arguments.corrections) if generating else (),
        config=arguments.config,
        overlay=arguments.overlay,
    )
    old, new = (read(name, generating=generating) for name in (arguments.old, arguments.new))
    return review(old, new, project, layers=layers, accepted=accepted, today=today())


def options(arguments: argparse.Namespace) -> Options:
    """What the command line says of the way to show a review."""
    color: Callable[[], bool] = {
        "always": lambda: True,
        "never": lambda: False,
        "auto": lambda: arguments.output is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR"),
    }[arguments.color]
    return Options(color=color(), docs=arguments.docs)


def today() -> datetime.date:
    """The day that dates are held against: that of SOURCE_DATE_EPOCH (reproducible-builds.org) if it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = int(epoch) if epoch and epoch.isdecimal() else None
    now = datetime.datetime.now(datetime.UTC)
    return (now if moment is None else datetime.datetime.fromtimestamp(moment, datetime.UTC)).date()
