"""Shows what observers have recorded: `python -m gcore_iam.observe FILE ...`.

It merges the files, and prints one line for each observation. `--format` prints JSON, Markdown or HTML instead. The
exit status is 1 with `--fail-on new` if there is any observation, and 2 if a file is missing or holds something else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..errors import ConfigurationError
from .observation import Observations
from .report import RENDERERS


def main(arguments: Sequence[str] | None = None) -> int:
    """Print observations, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m gcore_iam.observe",
        description="Shows where responses of the live API differed from the spec.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file that an Observer has written")
    parser.add_argument("--format", choices=list(RENDERERS), default="text", help="how to show it; text if left out")
    parser.add_argument("--fail-on", choices=["new"], help="new: exit with 1 if there is any observation")
    options = parser.parse_args(arguments)
    observations = Observations()
    try:
        for path in options.files:
            observations = observations.merge(Observations.load(path))
    except ConfigurationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        print(RENDERERS[options.format](observations), end="", flush=True)
    except BrokenPipeError:  # the next command of the pipe, such as `head`, has read enough
        sys.stdout = None  # else the interpreter writes the rest when it ends
    return 1 if options.fail_on and observations else 0


if __name__ == "__main__":
    sys.exit(main())
