"""`FakeIAM`: its arguments, its state as tests see it, its faults, and the ways to reach it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from . import http, serializers
from .clock import Clock
from .contract import Contract, load_contract
from .examples import complete_record
from .faults.base import Fault, FaultError
from .faults.queue import QueuedFault
from .fitting import fit
from .read_only import freeze
from .recorder import SeenRequest, mask_requests
from .request_handler import RequestHandler
from .seed import ACCOUNT_ID, PASSWORD, Record
from .seed_state import SeedOptions, build_state
from .state import Email, State
from .validation import require_int, require_text, require_type

if TYPE_CHECKING:
    from .http.server import Application


class FakeIAM:
    """Behaves like Gcore's IAM API towards a client, with a company of generated users.

    It has all operations of the API's spec, and a call sees the changes of earlier calls. It responds in process
    through `transport()` or over HTTP through `serve()`, to any number of threads and tasks. Every request and every
    response is checked against the spec.

    The API key belongs to the first user, and has this user's role. Without users, the account still names 1 as the
    current user, as if this user had been deleted. There is a second account, which some users can enter too.

    Args:
        users: How many users to generate, 0 to 1,000,000; or the users themselves, as mappings in the API's form
            (schema User) in which anything may be left out. `password` may be among the keys. A user who does not say
            otherwise signs in with a password, in one step; the first one is an administrator, others have the role
            Users.
        api_key: An API key that works from the start. Visible ASCII characters.
        seed: Any integer. The same seed generates the same users on every machine and Python version.
        max_page_size: The largest page of a list, 1 or more. A larger `limit` is lowered to it.
        password: The password of all users without their own.
        logins: How many past logins to generate, 0 or more; or the logins themselves, the latest first, as mappings in
            the API's form (schema LastLoginTimeItem) in which anything may be left out.
        clock: The fake's clock; None for one that follows the system's.
        tokens: API tokens besides `api_key`, as mappings in the API's form (schema TokenResponse) in which anything may
            be left out. `token`, the key, may be among the keys. A token that does not say otherwise belongs to the
            first user, has this user's role, and does not expire.
        spec: Another version of the API's spec to serve: the path of an OpenAPI file in JSON, or in YAML if PyYAML is
            installed; or the decoded spec. Responses hold what this spec lists and no more: what it requires and the
            fake does not know is an example from the spec, and so is the response of an operation that is new. An
            operation that it does not have is a 404. None for the spec that the client is generated from.

    Raises:
        TypeError: An argument has another type, or JSON has no form for a value in a record.
        ValueError: An argument is out of range, or a record contradicts the spec or another record; or `spec` is not
            an OpenAPI spec.
        OSError: The file `spec` cannot be read.

    Source: https://api.gcore.com, all operations of the IAM API.

    Example:
        fake = FakeIAM([{"email": "ada@example.com"}], tokens=[{"token": "7_0123abcd", "client_user": {"user_id": 1}}])
    """

    def __init__(
        self,
        users: int | Iterable[Mapping[str, Any]] = 25,
        *,
        api_key: str = "1_" + "0123456789abcdef" * 2,
        seed: int = 0,
        max_page_size: int = 1000,
        password: str = PASSWORD,
        logins: int | Iterable[Mapping[str, Any]] = 40,
        clock: Clock | None = None,
        tokens: Iterable[Mapping[str, Any]] = (),
        spec: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    ) -> None:
        if clock is not None:
            require_type("clock", clock, Clock, "a Clock")
        self._options = SeedOptions.check(users, api_key, seed, max_page_size, password, logins, tokens)
        self._clock = clock or Clock()
        self._contract = load_contract(spec)
        self._handler = RequestHandler(build_state(self._options, self._clock, self._contract))

    def __repr__(self) -> str:
        with self._state.lock:
            return f"FakeIAM(users={len(self._state.list_members(ACCOUNT_ID))}, seed={self._options.seed})"

    @property
    def _state(self) -> State:
        return self._handler.state

    # --- state -----------------------------------------------------------------------------------------------------

    @property
    def api_key(self) -> str:
        """The API key that works from the start."""
        return self._options.api_key

    @property
    def account_id(self) -> int:
        """The id of the account that the API key belongs to."""
        return ACCOUNT_ID

    @property
    def accounts(self) -> dict[int, str]:
        """Every account: id to company. Read-only: an edit raises TypeError."""
        with self._state.lock:
            accounts: dict[int, str] = freeze({one.id: one.company for one in self._state.accounts.values()})
        return accounts

    @property
    def users(self) -> tuple[Record, ...]:
        """The account's users as they are now, in the API's form (schema User). Read-only: an edit raises TypeError."""
        with self._state.lock:
            members = self._state.list_members(ACCOUNT_ID)
            return _freeze_records(
                self._contract, "User", [serializers.serialize_user(self._state, one, ACCOUNT_ID) for one in members]
            )

    @property
    def tokens(self) -> tuple[Record, ...]:
        """Every API token, deleted ones too, in the API's form without its key (schema TokenResponse). Read-only."""
        with self._state.lock:
            tokens = [serializers.serialize_token(self._state, token) for token in self._state.tokens.values()]
        return _freeze_records(self._contract, "TokenResponse", tokens)

    @property
    def logins(self) -> tuple[Record, ...]:
        """Logins to all accounts, the latest first, in the API's form (schema LastLoginTimeItem). Read-only."""
        with self._state.lock:
            logins = [serializers.serialize_login(login) for login in self._state.logins]
        return _freeze_records(self._contract, "LastLoginTimeItem", logins)

    @property
    def outbox(self) -> tuple[Email, ...]:
        """The emails that the API would have sent, the first one first."""
        with self._state.lock:
            return tuple(self._state.outbox)

    @property
    def clock(self) -> Clock:
        """The fake's clock: `fake.clock.advance(hours=2)`."""
        return self._clock

    def one_time_password(self, user_id: int) -> str:
        """Return the code that a user's authenticator app shows now (RFC 6238).

        Args:
            user_id: A user of any account.

        Raises:
            TypeError: The id is not an integer.
            LookupError: There is no such user.
        """
        require_int("user_id", user_id)
        with self._state.lock:
            user = self._state.users.get(user_id)
            if user is None:
                raise LookupError(f"there is no user {user_id}")
            return self._state.build_totp(user).at(self._clock.now())

    def follow(self, email: Email, password: str) -> None:
        """Follow the link in an email, as its recipient does, and choose a password. A link works once.

        Args:
            email: An invitation or a password recovery from `outbox`.
            password: The user's new password.

        Raises:
            TypeError: The email is not an `Email`, or the password is not a string.
            ValueError: The email has no link, or one that does not work any more; or the password is empty.
        """
        require_type("email", email, Email, "an Email, such as fake.outbox[-1]")
        require_text("password", password)
        if email.link is None:
            raise ValueError(f"this email, a {email.kind}, has no link")
        with self._state.lock:
            self._state.follow_link(email.link, password)

    def reset(self) -> None:
        """Start again: users, tokens, logins and emails as at the start, no faults, no record of requests.

        Clients and servers of the fake keep working. The clock keeps its time: it only advances.
        """
        state = build_state(self._options, self._clock, self._contract)
        with self._state.lock:
            self._handler.state = state
            self._handler.faults.clear()
            self._handler.recorder.clear()

    # --- faults ----------------------------------------------------------------------------------------------------

    def inject(
        self,
        *faults: Fault,
        method: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        after: int = 0,
    ) -> None:
        """Let faults happen to later requests.

        A request meets the first faults in `faults` that wait for it, and all with `times=None`.

        Args:
            faults: The faults, which all happen to the same request: `Status(503)`, or `Status(502), HTML()`.
            method: Only requests with this method; None for any.
            path: Only requests with this path, such as `/iam/users/5`, or with one that matches a template of the API's
                spec, such as `/iam/users/{userId}`; None for any.
            times: How many requests meet the faults, 1 or more; None for all.
            after: How many of these requests pass before, 0 or more.

        Raises:
            TypeError: A fault is not a `Fault`, or another argument has another type.
            ValueError: There is no fault, the method is unknown, the path leads to no operation, or a number is out of
                range.

        Example:
            fake.inject(Status(429, retry_after=2), times=3, method="GET", path="/iam/users")
            fake.inject(DeleteUser(0), path="/iam/users", after=2)  # before the third page
        """
        queued = QueuedFault(faults, method, path, times, after)
        queued.check_path(self._contract)
        with self._state.lock:
            self._handler.faults.add(queued)

    @property
    def faults(self) -> tuple[QueuedFault, ...]:
        """The faults that wait for requests, the first one first."""
        with self._state.lock:
            return self._handler.faults.list_queued()

    def clear_faults(self) -> None:
        """Remove all faults that wait."""
        with self._state.lock:
            self._handler.faults.clear()

    # --- record of requests ----------------------------------------------------------------------------------------

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """The last 10,000 requests, the first one first, with secrets masked; `SeenRequest.revealed()` shows them."""
        with self._state.lock:
            return mask_requests(self._handler.recorder.requests, self._state.secrets)

    @property
    def calls(self) -> Counter[str]:
        """How often each operation was called, by its id: `fake.calls["iamGetUsers"]`. 0 if it was not."""
        return self._handler.recorder.calls

    @property
    def connections_opened(self) -> int:
        """How many connections were opened to the served fake."""
        return self._handler.recorder.connections

    @property
    def peak_concurrency(self) -> int:
        """The largest number of requests in flight at once."""
        return self._handler.recorder.peak

    @property
    def requests_in_flight(self) -> int:
        """How many requests are in flight now."""
        return self._handler.recorder.in_flight

    # --- transports ------------------------------------------------------------------------------------------------

    def transport(self) -> http.FakeTransport:
        """Return a transport without sockets: `httpx.Client(transport=…)` or `httpx.AsyncClient(transport=…)`.

        An exception inside the fake is raised in the caller, so that a test shows its traceback: `FaultError` for a
        fault that does not fit the response that it meets.

        Returns:
            A transport that several clients may share. The host of a request's URL does not matter.
        """
        return http.FakeTransport(self._handler.handle, self._handler.recorder, self._clock)

    def serve(self, port: int = 0, *, control: bool = False) -> AbstractContextManager[str]:
        """Serve over HTTP on 127.0.0.1 for as long as the `with` block lasts.

        The server runs in a thread of its own, keeps connections alive and serves many at once. The
        end of the block stops it. An exception inside the fake becomes a 500 response and is logged under
        `gcore_iam.testing`; the error of a fault that did not fit is raised at the end of the block.

        Args:
            port: 0 to 65535; 0 picks a free one.
            control: Whether the server also has the paths `/_fake/…`, by which programs in any language inject faults
                and read the fake's state; see `gcore_iam.testing.http.control`.

        Returns:
            A context manager that yields the URL, such as `http://127.0.0.1:43127`.

        Raises:
            ImportError: aiohttp is missing, which the extra `gcore-iam[testing]` installs.
            TypeError: The port is not an integer, or `control` is not a bool.
            ValueError: The port is out of range.
            OSError: At the start of the block, if the port is not available.
            FaultError: At the end of the block, if a fault did not fit.
        """
        require_int("port", port, minimum=0, maximum=65535)
        require_type("control", control, bool, "a bool")
        try:
            from .http.server import Application, serve
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "aiohttp":
                raise
            raise ImportError('serving needs aiohttp: pip install "gcore-iam[testing]"') from error
        return self._serve(Application, serve, port, control)

    @contextmanager
    def _serve(
        self,
        application: type[Application],
        serve: Callable[[Application, int], AbstractContextManager[str]],
        port: int,
        control: bool,
    ) -> Iterator[str]:
        fault_errors: list[FaultError] = []
        handle = partial(self._handler.handle_for_server, fault_errors=fault_errors)
        controller = None
        if control:
            from .http.control import Controller

            controller = Controller(self, fault_errors).handle
        try:
            with serve(application(handle, self._handler.recorder, controller), port) as url:
                yield url
        except Exception as error:
            for fault_error in fault_errors:
                error.add_note(f"A fault did not fit: {fault_error}")
            raise
        if fault_errors:
            raise fault_errors[0]


def _freeze_records(contract: Contract, component: str, records: Iterable[Record]) -> tuple[Record, ...]:
    schemas = contract.find_schemas(component)
    if not contract.is_own:
        schema = schemas.get_schema(component)
        return tuple(freeze(fit(schemas, schema, record)) for record in records)
    return tuple(freeze(complete_record(schemas, component, record)) for record in records)
