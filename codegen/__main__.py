"""`python -m codegen`: what the Makefile calls."""

from __future__ import annotations

import argparse
import gc
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import attrs

from . import check, contract, corrections, generate, inventory, spec, spec_files, unasync
from .arguments import parse_path
from .drift.render.common import escape_controls, format_line
from .errors import CodegenError
from .limits import clip_text
from .security import find_joint_credentials
from .servers import find_other_servers
from .source_record import find_date

SPEC = Path("spec/iam_api.yaml")
CORRECTIONS = Path("spec/corrections.yaml")
CONFIG = Path("generator-config.yml")
PACKAGE = Path("generated/gcore_iam_client")
OVERLAY = Path("overlay/gcore_iam")

if TYPE_CHECKING:
    _Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_LIGHT = ("generate", "unasync", "check", "inventory", "api", "contract")
"""Commands that need no module of the review."""

_LINE = 1_000
"""Characters of an error message: what it quotes of a spec can be long."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The words after `python -m codegen`; those of the process when left out.

    Returns:
        The exit status: 0 for success, 1 when a check found something, 2 for wrong input; see also `drift --help`.
    """
    words = sys.argv[1:] if argv is None else argv
    arguments = _build_parser(has_all=words[:1] not in [[name] for name in _LIGHT]).parse_args(words)
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # leave no temporary folder behind
        status: int = arguments.run(arguments)
    except CodegenError as error:
        for line in str(error).splitlines():
            print(f"codegen: {clip_text(escape_controls(line), _LINE)}", file=sys.stderr)
        return error.status
    except BrokenPipeError:  # whatever reads our output has closed it
        sys.stdout = None  # else leaving tries to write the rest
        return 0
    except OSError as error:
        print(f"codegen: {error.filename or 'codegen'}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("codegen: interrupted; the generated package is the old or the new one, complete", file=sys.stderr)
        return 130
    return status


def _build_parser(*, has_all: bool) -> argparse.ArgumentParser:
    """Build the parser: with all commands, or without those whose modules take as long to load as `generate` takes."""
    parser = argparse.ArgumentParser(prog="python -m codegen", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    make = _add_command(commands, "generate", "generate the client from the vendored spec")
    _add_inputs(make)
    make.add_argument(
        "--lenient",
        action="store_true",
        help="apply each correction wherever it matches, however often; for other specs than the vendored one",
    )
    make.add_argument(
        "--tolerant",
        action="store_true",
        help="generate what can be generated, list what is dropped, and exit with status 0",
    )
    make.set_defaults(run=_run_generate)

    sync = _add_command(commands, "unasync", "write the sync half of the library from its async half")
    sync.add_argument("--overlay", type=parse_path, default=OVERLAY, help="the hand-written package (%(default)s)")
    sync.set_defaults(run=_run_unasync)

    gate = _add_command(commands, "check", "find hand edits, stale output, and lost operations or properties")
    _add_inputs(gate)
    gate.add_argument("--overlay", type=parse_path, default=OVERLAY, help="the hand-written package (%(default)s)")
    gate.set_defaults(run=_run_check)

    listing = _add_command(commands, "inventory", "list every operation and what stands for it in Python")
    _add_inputs(listing)
    listing.add_argument("--overlay", type=parse_path, default=OVERLAY, help="the hand-written package (%(default)s)")
    listing.add_argument("--format", choices=("text", "json"), default="text", help="how to show it (%(default)s)")
    listing.set_defaults(run=_run_inventory)

    api = _add_command(commands, "api", "list the public names that are removed or changed since a commit")
    api.add_argument("ref", metavar="OLD", help="the earlier commit, branch or tag")
    api.add_argument("--overlay", type=parse_path, default=OVERLAY, help="the hand-written package (%(default)s)")
    api.set_defaults(run=_run_api)

    rules = _add_command(commands, "contract", "write a version of the spec in JSON, for FakeIAM(spec=FILE)")
    rules.add_argument("spec", type=parse_path, metavar="SPEC", help="a version of the spec, in YAML or JSON")
    rules.add_argument("--corrections", type=parse_path, default=CORRECTIONS, help="its corrections (%(default)s)")
    rules.add_argument("--output", type=parse_path, required=True, metavar="FILE", help="where to write it")
    rules.set_defaults(run=_run_contract)

    if not has_all:
        return parser
    from .drift import command
    from .vendoring.command import add_update

    project = argparse.ArgumentParser(add_help=False)
    project.add_argument("--corrections", type=parse_path, default=CORRECTIONS, help="its corrections (%(default)s)")
    project.add_argument("--config", type=parse_path, default=CONFIG, help="the generator's options (%(default)s)")
    project.add_argument("--overlay", type=parse_path, default=OVERLAY, help="the hand-written package (%(default)s)")
    proposing = _add_command(
        commands, "corrections", "propose entries of spec/corrections.yaml for what production showed"
    )
    proposing.add_argument("--spec", type=parse_path, default=SPEC, help="the spec (default: %(default)s)")
    proposing.add_argument("--corrections", type=parse_path, default=CORRECTIONS, help="its corrections (%(default)s)")
    command.add_observations(proposing, "what production showed (several are allowed)", is_required=True)
    proposing.set_defaults(run=_run_corrections)
    command.add_drift(commands, project)
    command.add_history(commands, project)
    add_update(commands, project)
    return parser


def _add_command(commands: _Commands, name: str, text: str) -> argparse.ArgumentParser:
    """Add a command whose `--help` says the same as the list of commands."""
    return commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--spec", type=parse_path, default=SPEC, help="the spec (default: %(default)s)")
    parser.add_argument("--corrections", type=parse_path, default=CORRECTIONS, help="its corrections (%(default)s)")
    parser.add_argument("--config", type=parse_path, default=CONFIG, help="the generator's options (%(default)s)")
    parser.add_argument("--output", type=parse_path, default=PACKAGE, help="the generated package (%(default)s)")


def _run_generate(arguments: argparse.Namespace) -> int:
    output: Path = arguments.output
    generate.check_output(output)
    document = spec_files.load(arguments.spec)
    entries = corrections.load(arguments.corrections)
    folder = generate.find_existing_parent(output)
    gc.disable()  # it takes a sixth of the time of a large spec, and frees nothing before the end
    try:
        with generate.generate_package(
            document,
            entries,
            arguments.config,
            lenient=arguments.lenient,
            tolerant=arguments.tolerant,
            beside=folder,
            spec_date=find_date(document),
        ) as package:
            changed = generate.replace(package, output)
    finally:
        gc.enable()
    for note in package.notes:
        print(f"note: {format_line(note)}")
    for line in package.report:
        print(f"dropped: {format_line(line)}")
    for names, operations in find_joint_credentials(package.document).items():
        needed = f"{', '.join(operations)}: {' and '.join(names)} are needed together"
        print(f"note: {format_line(needed)}; the client's token is one of them, the others can be headers or cookies")
    for url, operations in find_other_servers(package.document).items():
        print(
            f"note: {format_line(', '.join(operations))}: the server is {format_line(url)}, not the client's base URL"
        )
    count = len(list(spec.iterate_operations(package.document)))
    result = f"files changed: {len(changed)}" if changed else "nothing changed"
    print(f"{output}: from {arguments.spec} ({format_line(document.version)}), operations: {count}, {result}")
    return 0


def _run_unasync(arguments: argparse.Namespace) -> int:
    changed = unasync.write(arguments.overlay)
    print(f"{arguments.overlay}/sync: {f'files changed: {len(changed)}' if changed else 'nothing changed'}")
    return 0


def _run_corrections(arguments: argparse.Namespace) -> int:
    from . import proposals
    from .observations import load_observations

    observations = load_observations(arguments.observed)
    found = proposals.propose(spec.load(arguments.spec), corrections.load(arguments.corrections), observations)
    print(found.render(), end="")
    return 0


def _run_api(arguments: argparse.Namespace) -> int:
    from . import public_api

    overlay: Path = arguments.overlay
    changes = public_api.find_breaking_changes(Path.cwd(), overlay.parent.as_posix(), arguments.ref)
    for change in changes:
        print(format_line(change))
    print(f"{overlay}: public names removed or changed since {format_line(arguments.ref)}: {len(changes)}")
    return 1 if changes else 0


def _run_check(arguments: argparse.Namespace) -> int:
    document = spec_files.load(arguments.spec)
    entries = corrections.load(arguments.corrections)
    problems = check.find_problems(document, entries, arguments.config, arguments.output)
    problems += unasync.find_differences(arguments.overlay)
    for problem in problems:
        print(escape_controls(problem), file=sys.stderr)
    for gap in check.list_fake_gaps(arguments.output):
        print(escape_controls(gap))
    if not problems:
        print(f"{arguments.output}: in sync with {arguments.spec}, nothing lost")
    return 1 if problems else 0


def _run_inventory(arguments: argparse.Namespace) -> int:
    entries = inventory.build_inventory(spec_files.load(arguments.spec), arguments.output, arguments.overlay)
    if arguments.format == "json":
        print(json.dumps([attrs.asdict(entry) for entry in entries], indent=2))
        return 0
    for entry in entries:
        words = f"{entry.method:6} {entry.path:45} {entry.success_type:36} {entry.overlay_method or entry.module}"
        print(escape_controls(words))
    return 0


def _run_contract(arguments: argparse.Namespace) -> int:
    document = spec.load(arguments.spec)
    rules, notes = contract.correct_contract(document, corrections.load(arguments.corrections))
    arguments.output.write_text(json.dumps(rules, separators=(",", ":")) + "\n", encoding="utf-8")
    for note in notes:
        print(f"note: {format_line(note)}")
    print(f"{arguments.output}: {arguments.spec} ({format_line(document.version)}) with corrections, without prose")
    return 0


if __name__ == "__main__":
    sys.exit(main())
