"""The command `update` of `python -m codegen`: its options and exit status."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..arguments import parse_path
from ..drift.command import EXIT_STATUS, get_today, load_project
from ..drift.render.common import format_line
from ..next_steps import list_next_steps
from . import update

SPEC = Path("spec/iam_api.yaml")
PACKAGE = Path("generated/gcore_iam_client")
CHANGELOG = Path("CHANGELOG.md")
REVIEWS = Path("spec/reviews")

if TYPE_CHECKING:
    _Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]


def add_update(commands: _Commands, project: argparse.ArgumentParser) -> None:
    """Add the command `update`."""
    taking = commands.add_parser(
        "update",
        parents=[project],
        help="review a new spec, vendor it and regenerate",
        description="Review a new spec, vendor it, regenerate, and write the review and a changelog entry.",
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    taking.add_argument("new", metavar="NEW", help="a path, a URL, - (standard input), or git-ref:path")
    taking.add_argument("--spec", type=parse_path, default=SPEC, help="the vendored spec (%(default)s)")
    taking.add_argument("--output", type=parse_path, default=PACKAGE, help="the generated package (%(default)s)")
    taking.add_argument("--changelog", type=parse_path, default=CHANGELOG, help="the changelog (%(default)s)")
    taking.add_argument("--reviews", type=parse_path, default=REVIEWS, help="the folder of the reviews (%(default)s)")
    taking.add_argument(
        "--prose",
        choices=("theirs", "ours"),
        default="theirs",
        help="whose words to vendor: the new spec's, or the vendored one's wherever it has some (%(default)s)",
    )
    taking.add_argument(
        "--date",
        type=_parse_date,
        metavar="YYYY-MM-DD",
        help="the day of the new spec (by default the one in its version or in its name)",
    )
    taking.add_argument(
        "--steps", type=parse_path, metavar="FILE", help="where to write what a maintainer does next (standard output)"
    )
    taking.set_defaults(run=_update)


def _parse_date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-07-14") from None


def _update(arguments: argparse.Namespace) -> int:
    places = update.UpdatePaths(arguments.spec, arguments.output, arguments.changelog, arguments.reviews)
    project = load_project(arguments, generating=True)
    outcome = update.update(
        arguments.new, project, places, own_prose=arguments.prose == "ours", today=get_today(), date=arguments.date
    )
    if outcome is None:
        print(f"{arguments.spec}: is this spec already; nothing changed")
        return 0
    verdict = outcome.review.verdict
    print(f"wire {verdict.wire}, python {verdict.python}, overlay {verdict.overlay}, docs {verdict.docs}")
    print(f"suggested bump: {outcome.review.suggested_bump}; generated files changed: {outcome.files}")
    print(f"review: {outcome.page}")
    steps = list_next_steps(
        outcome.spec,
        added=outcome.added,
        package=places.package,
        overlay=arguments.overlay,
        unwritten=outcome.unwritten,
        broken=[change.message for change in outcome.review.changes if change.layer == "overlay"],
        page=outcome.page,
        changelog=places.changelog,
        bump=outcome.review.suggested_bump,
    )
    lines = ["What to do next:", *(f"  {format_line(step)}" for step in steps)]
    if arguments.steps:
        arguments.steps.write_text("\n".join([*lines, ""]), encoding="utf-8")
    else:
        print("\n".join(lines))
    return 0
