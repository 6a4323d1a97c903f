"""Serves the fake over HTTP from the command line: `python -m gcore_iam.testing`.

It prints `listening on http://127.0.0.1:PORT` and `API key: KEY`, and serves until SIGINT or SIGTERM.

`--users` takes a number, or a JSON file: a list of users in the API's form, or an object with any of the lists `users`,
`tokens` and `logins`; see `FakeIAM` for what each may hold. `--verbose` writes a line for each request to stderr, with
secrets masked. `--control` adds the paths `/_fake/…`, by which programs in any language inject faults, read the state
and reset it; `gcore_iam.testing.http.control` documents them.

`--spec` serves another version of the API's spec: an OpenAPI file in JSON, or in YAML if PyYAML is installed.

`--gaps` serves nothing: it prints where the fake is behind the API's spec, one line each.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import inspect
import json
import logging
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SECTIONS = ("users", "tokens", "logins")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM, and return the exit status."""
    try:
        from . import FakeIAM, FaultError
    except ImportError as error:
        return _fail(str(error))
    defaults = {name: parameter.default for name, parameter in inspect.signature(FakeIAM).parameters.items()}
    parser = argparse.ArgumentParser(
        prog="python -m gcore_iam.testing",
        description="A fake of Gcore's IAM API over HTTP on 127.0.0.1. Ends on SIGINT or SIGTERM.",
    )
    parser.add_argument("--port", type=int, default=0, help="the port; 0 picks a free one (%(default)s)")
    parser.add_argument("--users", default=str(defaults["users"]), help="how many, or a JSON file (%(default)s)")
    parser.add_argument("--api-key", default=defaults["api_key"], help="the API key to accept (%(default)s)")
    parser.add_argument("--seed", type=int, default=defaults["seed"], help="the seed of the users (%(default)s)")
    parser.add_argument("--spec", metavar="FILE", help="another version of the API's spec to serve, in JSON or YAML")
    parser.add_argument("--verbose", action="store_true", help="log each request to stderr, secrets masked")
    parser.add_argument("--control", action="store_true", help="serve /_fake/, to inject faults and see the state")
    parser.add_argument("--gaps", action="store_true", help="print where the fake is behind the API's spec, and exit")
    options = parser.parse_args(arguments)
    if options.gaps:
        return _print_gaps()

    signals: list[int] = []
    # Set before the line that invites signals is printed. The handler only appends, since the code that it interrupts
    # may hold any lock, such as that of an Event.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: signals.append(received))
    if options.verbose:
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    with contextlib.ExitStack() as stack:
        try:
            fake = FakeIAM(**_read_users(options.users), api_key=options.api_key, seed=options.seed, spec=options.spec)
            url = stack.enter_context(fake.serve(options.port, control=options.control))
        except (TypeError, ValueError) as error:
            parser.error(str(error))
        except ImportError as error:
            return _fail(str(error))
        except OSError as error:
            if error.filename is not None:
                parser.error(f"--spec: cannot read {error.filename}: {error.strerror}")
            if error.errno == errno.EADDRINUSE:
                return _fail(f"port {options.port} is in use; choose another --port, or 0 for a free one")
            return _fail(f"cannot listen on port {options.port}: {error.strerror}")
        print(f"listening on {url}\nAPI key: {fake.api_key}", flush=True)
        while not signals:
            time.sleep(0.05)
        try:
            stack.close()
        except FaultError as error:
            return _fail(f"a fault did not fit: {error}")
    return 0


def _read_users(value: str) -> dict[str, Any]:
    """Return the arguments of `FakeIAM` that a number or a JSON file stands for."""
    with contextlib.suppress(ValueError):
        return {"users": int(value)}
    try:
        content = json.loads(Path(value).read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"--users must be a number or a JSON file; cannot read {value}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested too deep
        raise ValueError(f"--users: {value} is not JSON: {error}") from None
    if isinstance(content, list):
        return {"users": content}
    if not isinstance(content, dict) or not content.keys() <= set(_SECTIONS):
        raise ValueError(f"--users: {value} must hold a list of users, or an object with {', '.join(_SECTIONS)}")
    return content


def _print_gaps() -> int:
    from .gaps import find_gaps

    for line in find_gaps():
        print(line)
    return 0


def _fail(message: str) -> int:
    print(f"python -m gcore_iam.testing: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
