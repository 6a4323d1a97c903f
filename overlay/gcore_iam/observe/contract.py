"""Calls every GET operation of the API once, and prints where responses differ from the spec: `make contract`.

    GCORE_API_KEY=… python -m gcore_iam.observe.contract

With the API key in `GCORE_API_KEY` it calls the real API, or the one at `GCORE_BASE_URL`, and changes nothing there; it
does not keep the tokens of `iamSelectAccount`. Without a key it calls FakeIAM, which needs the extra
`gcore-iam[testing]`. Ids in paths come from earlier responses. It prints operations, statuses and observations, and no
personal or secret values.

The exit status is 0 if there is no observation, and 1 if there is any. It is 2 if no operation succeeded, a setting is
not valid, or an extra is missing. That this program calls deprecated operations does not count.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from gcore_iam_client.description import DESCRIPTION

from .. import IAMClient
from ..errors import ConfigurationError, IAMError
from .observation import ObservationKind, Observations
from .observer import Observer
from .report import RENDERERS

P = ParamSpec("P")
T = TypeVar("T")

_SUCCESSES = range(200, 300)


def main(arguments: Sequence[str] | None = None) -> int:
    """Call the operations, print the observations, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m gcore_iam.observe.contract",
        description="Calls every GET operation once, and prints where responses differ from the spec. "
        "With GCORE_API_KEY it calls the real API; without, FakeIAM.",
    )
    parser.add_argument("--output", metavar="FILE", help="a file to add the observations to")
    options = parser.parse_args(arguments)
    try:
        with Observer(path=options.output) as observer, _open_client(observer) as iam:
            call_operations(iam)
            observer.flush()
    except (ConfigurationError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return _report(observer)


def call_operations(iam: IAMClient) -> None:
    """Call every GET operation once, with ids from earlier responses; errors of the API end one call only."""
    account = _try(iam.account.get)
    user = _try(iam.users.list(page_size=10).first)
    _try(iam.account.logins(page_size=10).first)
    account_id = account.id if account is not None else user.client if user is not None else None
    user_id = user.id if user is not None else account.current_user if account is not None else None
    if account_id is None or user_id is None:
        return
    tokens = _try(iam.tokens.list, account_id)
    legacy_tokens = _try(iam.tokens.legacy.list, account_id)
    for token in (tokens or legacy_tokens or ())[:1]:
        _try(iam.tokens.get, account_id, token.id)
        _try(iam.tokens.legacy.get, account_id, token.id)
    _try(iam.users.get, user_id)
    _try(iam.users.get_role, account_id, user_id)
    _try(iam.auth.select_account, account_id)


def _try(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Call a method; return None if it raises an error of the API, which the observer has seen."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return function(*args, **kwargs)
        except IAMError:
            return None


@contextmanager
def _open_client(observer: Observer) -> Iterator[IAMClient]:
    if os.environ.get("GCORE_API_KEY"):
        with IAMClient(observer=observer) as iam:
            print(f"GET operations of {iam!r}")
            yield iam
    else:
        from ..testing import FakeIAM

        fake = FakeIAM()
        with IAMClient(fake.api_key, transport=fake.transport(), observer=observer) as iam:
            print("GET operations of FakeIAM; set GCORE_API_KEY for the real API")
            yield iam


def _report(observer: Observer) -> int:
    """Print what was compared and observed, and return the exit status."""
    statuses = observer.counts.statuses
    operations = list(_iterate_get_operations())
    succeeded = [name for name in operations if any((name, status) in statuses for status in _SUCCESSES)]
    for name in operations:
        if name not in succeeded:
            print(f"{name}: not compared, {_explain(name, statuses)}")
    # This program calls deprecated operations on purpose.
    expected = ObservationKind.DEPRECATED_OPERATION
    observations = Observations(one for one in observer.observations if one.kind != expected)
    print(f"compared {len(succeeded)} of {len(operations)} operations")
    if observations:
        print(RENDERERS["text"](observations))
        return 1
    if not succeeded:
        print("error: no operation succeeded; check GCORE_API_KEY and GCORE_BASE_URL", file=sys.stderr)
        return 2
    print("no observations")
    return 0


def _explain(operation: str, statuses: Mapping[tuple[str, int], int]) -> str:
    seen = sorted({status for name, status in statuses if name == operation})
    return f"the status was {', '.join(map(str, seen))}" if seen else "no response"


def _iterate_get_operations() -> Iterator[str]:
    for item in DESCRIPTION["paths"].values():
        if "get" in item:
            yield item["get"]["operationId"]


if __name__ == "__main__":
    sys.exit(main())
