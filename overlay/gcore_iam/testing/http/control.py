"""The control paths of a served fake: programs in any language inject faults, and read and reset its state.

A server has them only with `fake.serve(control=True)` or `python -m gcore_iam.testing --control`; otherwise `/_fake/…`
is a 404 like any unknown path, so that a program under test cannot depend on them by accident. They need no key: the
server listens on the loopback address only, and refuses requests that a web page could send from a browser (another
`Host` than a loopback name, or an `Origin` header).

| request | what it does |
|---|---|
| `GET /_fake/` | lists these paths, and each fault with the names of its arguments |
| `GET /_fake/faults` | `waiting`: the faults that wait; `errors`: faults that did not fit a response |
| `POST /_fake/faults` | adds `{"faults": [{"fault": "Status", "status": 429, "retry_after": 2}], "times": 3}`; |
|  | `method`, `path`, `times` and `after` as in `FakeIAM.inject`, `retry_after` as seconds or an RFC 3339 time |
| `PUT /_fake/faults` | replaces all faults by a list of such objects |
| `DELETE /_fake/faults` | removes the faults that wait |
| `GET /_fake/calls` | how often each operation was called, by its id |
| `GET /_fake/requests` | the last 10,000 requests, secrets masked |
| `GET /_fake/state` | account, users, tokens without keys, logins, emails, the fake's time |
| `POST /_fake/reset` | starts again: the state of the start, no faults, no requests; the clock keeps its time |
| `POST /_fake/clock` | advances the clock: `{"seconds": 3600}` |
| `POST /_fake/follow` | follows the link of an email: `{"email": 0, "password": "…"}`, by its index in `emails` |
| `GET /_fake/users/{id}/one_time_password` | the code that the user's authenticator app shows now |

Wrong input is a 400 with a `message`. Requests of these paths do not count in `calls` and `requests`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs
from dateutil.parser import isoparse

from ..faults import FAULTS
from ..faults.base import Fault, FaultError
from ..faults.queue import QueuedFault
from ..messages import Request, RequestError, Response, WireResponse, build_error, encode_response
from ..validation import require_type

if TYPE_CHECKING:
    from ..fake import FakeIAM

CONTROL_PREFIX = "/_fake/"

_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_CREATED = 201


class Controller:
    """Responds to the requests of the control paths.

    Args:
        fake: The fake to control.
        fault_errors: The errors of faults that did not fit; emptied by a reset.
    """

    def __init__(self, fake: FakeIAM, fault_errors: list[FaultError]) -> None:
        self._fake = fake
        self._fault_errors = fault_errors
        self._handlers: Mapping[tuple[str, str], Callable[[Any], Response]] = {
            ("GET", ""): self._list_paths,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._add_faults,
            ("PUT", "faults"): self._replace_faults,
            ("DELETE", "faults"): self._remove_faults,
            ("GET", "calls"): self._list_calls,
            ("GET", "requests"): self._list_requests,
            ("GET", "state"): self._get_state,
            ("POST", "reset"): self._reset,
            ("POST", "clock"): self._advance_clock,
            ("POST", "follow"): self._follow_link,
        }

    def handle(self, request: Request) -> WireResponse:
        """Return the response to a request of a control path."""
        try:
            _require_local(request)
            response = self._respond(request)
        except RequestError as error:
            response = error.response
        except (LookupError, TypeError, ValueError) as error:
            response = Response(400, {"message": str(error)})
        return encode_response(response)

    def _respond(self, request: Request) -> Response:
        path = request.path.removeprefix(CONTROL_PREFIX)
        if request.method == "GET" and (match := re.fullmatch(r"users/([0-9]{1,18})/one_time_password", path)):
            return Response(200, {"one_time_password": self._fake.one_time_password(int(match[1]))})
        handler = self._handlers.get((request.method, path))
        if handler is None:
            methods = ", ".join(method for method, name in self._handlers if name == path)
            if methods:
                raise build_error(405, f"This path allows only {methods}.", ("Allow", methods))
            raise build_error(404, f"There is no such control path; GET {CONTROL_PREFIX} lists them.")
        return handler(_parse_body(request))

    def _list_paths(self, _: Any) -> Response:
        paths = [f"{method} {CONTROL_PREFIX}{path}" for method, path in self._handlers]
        paths.append(f"GET {CONTROL_PREFIX}users/{{id}}/one_time_password")
        faults = {name: [field.name for field in attrs.fields(FAULTS[name])] for name in sorted(FAULTS)}
        return Response(200, {"paths": paths, "faults": faults})

    def _list_faults(self, _: Any) -> Response:
        waiting = [_serialize_queued(queued) for queued in self._fake.faults]
        return Response(200, {"waiting": waiting, "errors": [str(error) for error in self._fault_errors]})

    def _add_faults(self, body: Any) -> Response:
        self._inject(_parse_queued(body, ""))
        return attrs.evolve(self._list_faults(None), status=_CREATED)

    def _replace_faults(self, body: Any) -> Response:
        require_type("the body", body, list, "a list of faults to inject")
        parsed = [_parse_queued(one, f"[{index}]") for index, one in enumerate(body)]
        before = self._fake.faults
        self._fake.clear_faults()
        try:
            for queued in parsed:
                self._inject(queued)
        except ValueError:
            self._fake.clear_faults()
            for queued in before:
                self._inject(queued)
            raise
        return self._list_faults(None)

    def _remove_faults(self, _: Any) -> Response:
        self._fake.clear_faults()
        return Response(204)

    def _list_calls(self, _: Any) -> Response:
        return Response(200, dict(self._fake.calls))

    def _list_requests(self, _: Any) -> Response:
        names = ("method", "path", "operation", "query", "headers", "body", "status")
        return Response(200, [{name: getattr(seen, name) for name in names} for seen in self._fake.requests])

    def _get_state(self, _: Any) -> Response:
        fake = self._fake
        emails = [
            {"to": email.to, "kind": email.kind, "user_id": email.user_id, "sent": email.sent.isoformat()}
            for email in fake.outbox
        ]
        state = {
            "now": fake.clock.now().isoformat(),
            "account_id": fake.account_id,
            "accounts": {str(number): company for number, company in fake.accounts.items()},
            "users": fake.users,
            "tokens": fake.tokens,
            "logins": fake.logins,
            "emails": emails,
        }
        return Response(200, state)

    def _reset(self, _: Any) -> Response:
        self._fake.reset()
        self._fault_errors.clear()
        return Response(204)

    def _advance_clock(self, body: Any) -> Response:
        self._fake.clock.advance(seconds=_get_argument(body, "seconds"))
        return Response(200, {"now": self._fake.clock.now().isoformat()})

    def _follow_link(self, body: Any) -> Response:
        index, emails = _get_argument(body, "email"), self._fake.outbox
        require_type("email", index, int, "the index of an email")
        if not 0 <= index < len(emails):
            raise LookupError(f"there is no email {index}; {len(emails)} were sent")
        self._fake.follow(emails[index], _get_argument(body, "password"))
        return Response(204)

    def _inject(self, queued: QueuedFault) -> None:
        self._fake.inject(
            *queued.faults, method=queued.method, path=queued.path, times=queued.times, after=queued.after
        )


def _require_local(request: Request) -> None:
    """Raise 403 for a request that a web page could have sent: no browser protects a server on loopback."""
    host = urlsplit(f"//{request.header('Host') or ''}").hostname
    if host not in _LOOPBACK_HOSTS or request.header("Origin") is not None:
        raise build_error(403, "The control paths are for programs on this machine, called by a loopback address.")


def _parse_body(request: Request) -> Any:
    if not request.body:
        return None
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        raise build_error(400, "The body is not JSON.") from None


def _get_argument(body: Any, name: str) -> Any:
    require_type("the body", body, dict, "an object")
    if name not in body:
        raise ValueError(f"the body needs {name!r}")
    return body[name]


def _parse_queued(body: Any, place: str) -> QueuedFault:
    """Parse one object of `POST /_fake/faults`."""
    require_type(f"the body{place}", body, dict, "an object with a list `faults`")
    names = [field.name for field in attrs.fields(QueuedFault)]
    if unknown := sorted(body.keys() - set(names)):
        raise ValueError(f"the body{place} has an unknown key {unknown[0]!r}; known are {', '.join(names)}")
    faults = body.get("faults", [])
    require_type(f"the body{place}: faults", faults, list, "a list")
    options = {name: value for name, value in body.items() if name != "faults"}
    return QueuedFault(tuple(_parse_fault(one, f"faults[{index}]") for index, one in enumerate(faults)), **options)


def _parse_fault(value: Any, place: str) -> Fault:
    """Parse one fault, such as `{"fault": "Status", "status": 503}`."""
    require_type(place, value, dict, "an object with the key `fault`")
    name = value.get("fault")
    if not isinstance(name, str) or name not in FAULTS:
        raise ValueError(f"{place}.fault must be one of {', '.join(sorted(FAULTS))}, not {name!r}")
    fields = {field.name: field for field in attrs.fields(FAULTS[name])}
    arguments = {key: inner for key, inner in value.items() if key != "fault"}
    if unknown := sorted(arguments.keys() - fields.keys()):
        allowed = f"it has {', '.join(fields)}" if fields else "it has none"
        raise ValueError(f"{place}: {name} has no argument {unknown[0]!r}; {allowed}")
    required = [key for key, field in fields.items() if field.default is attrs.NOTHING]
    if missing := [key for key in required if key not in arguments]:
        raise ValueError(f"{place}: {name} needs {missing[0]!r}")
    try:
        if isinstance(arguments.get("retry_after"), str):
            arguments["retry_after"] = _parse_time("retry_after", arguments["retry_after"])
        return FAULTS[name](**arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place}: {error}") from None


def _parse_time(name: str, text: str) -> datetime:
    try:
        return isoparse(text)
    except ValueError:
        raise ValueError(f"{name} must be seconds, or a time as in RFC 3339, not {text!r}") from None


def _serialize_queued(queued: QueuedFault) -> dict[str, Any]:
    serialized = attrs.asdict(queued, recurse=False)
    return {**serialized, "faults": [_serialize_fault(fault) for fault in queued.faults]}


def _serialize_fault(fault: Fault) -> dict[str, Any]:
    arguments = attrs.asdict(fault, recurse=False)
    moments = {key: value.isoformat() for key, value in arguments.items() if isinstance(value, datetime)}
    return {"fault": type(fault).__name__, **arguments, **moments}
