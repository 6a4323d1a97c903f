"""Serves the fake over HTTP from the command line: `python -m gcore_iam.testing`."""

from __future__ import annotations

import argparse
import contextlib
import errno
import inspect
import signal
import sys
import time
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM and returns the exit status."""
    try:
        from . import FakeIAM
    except ImportError as error:
        return _fail(str(error))
    defaults = {name: parameter.default for name, parameter in inspect.signature(FakeIAM).parameters.items()}
    parser = argparse.ArgumentParser(
        prog="python -m gcore_iam.testing",
        description="A fake of Gcore's IAM API over HTTP on 127.0.0.1. Ends on SIGINT or SIGTERM.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 picks a free one")
    parser.add_argument("--users", type=int, default=defaults["users"], help="number of users")
    parser.add_argument("--api-key", default=defaults["api_key"], help="the API key to accept")
    parser.add_argument("--seed", type=int, default=defaults["seed"], help="seed of the population")
    options = parser.parse_args(arguments)

    stopping: list[int] = []
    # Set before the line that invites signals is printed. The handler does no more than append, since locks
    # (an Event has one) may be held by the very code it interrupts.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: stopping.append(received))
    with contextlib.ExitStack() as stack:
        try:
            fake = FakeIAM(options.users, api_key=options.api_key, seed=options.seed)
            url = stack.enter_context(fake.serve(options.port))
        except ValueError as error:
            parser.error(str(error))
        except ImportError as error:
            return _fail(str(error))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return _fail(f"port {options.port} is in use; choose another --port, or 0 for a free one")
            return _fail(f"cannot listen on port {options.port}: {error.strerror}")
        print(f"listening on {url}", flush=True)
        while not stopping:
            time.sleep(0.05)
    return 0


def _fail(message: str) -> int:
    print(f"python -m gcore_iam.testing: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
