"""The fake as its users meet it: arguments, what it knows and has seen, what goes wrong, and ways in."""

from __future__ import annotations

import copy
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import attrs

from . import records
from .checks import require_int, require_text, require_type
from .clock import Clock
from .custom import read_users
from .dispatch import Found, find, respond
from .faults import Fault, FaultError
from .messages import Answer, Ending, Request, Response, encode
from .observation import Observer, SeenRequest, mask
from .population import (
    ACCOUNT_ID,
    OWNER_ID,
    PASSWORD,
    Record,
    invent_accounts,
    invent_logins,
    invent_users,
    outsider,
)
from .roles import ADMINISTRATORS
from .script import Matched, Script, Scripted
from .state import Email, State

if TYPE_CHECKING:
    from .transport import FakeTransport

logger = logging.getLogger(__name__)


class FakeIAM:
    """Gcore's IAM API, as far as a client can tell, with a company of invented people in it.

    It knows all operations of the API's description, and what one call changes the next one sees. It answers in
    process through `transport()` or over HTTP through `serve()`, to any number of threads and tasks. Every request
    is held against the description, and every answer too.

    The first user is the one the API key belongs to, with that user's role. With no users
    the account still names 1 as the current user, as if that user had been removed since. There is a second
    account, which some users can enter as well.

    Args:
        users: how many users to invent, 0 or more; or the users themselves, as mappings in the API's form (schema
            User) in which anything may be left out. `password` may be among the keys. Who does not say otherwise
            can sign in with a password, in one step; the first one is an administrator, others have the role Users.
        api_key: an API key that is accepted from the start. Visible ASCII characters.
        seed: any integer. The same seed gives the same population on every machine and Python version.
        max_page_size: the largest page of a list, 1 or more. A larger `limit` is lowered to it.
        password: of all users who bring none of their own.
        logins: how many past logins to invent, 0 or more.
        clock: the fake's time; None for one that goes with the system's.

    Raises:
        TypeError: an argument is not of the type above, or a user holds what JSON has no form for.
        ValueError: an argument is outside the range above, or a user is not as the API's description says.

    Source: https://api.gcore.com, all operations of the IAM API.
    """

    def __init__(
        self,
        users: int | Iterable[Mapping[str, Any]] = 25,
        *,
        api_key: str = "1_" + "0123456789abcdef" * 2,
        seed: int = 0,
        max_page_size: int = 1000,
        password: str = PASSWORD,
        logins: int = 40,
        clock: Clock | None = None,
    ) -> None:
        require_int("seed", seed)
        require_int("max_page_size", max_page_size, minimum=1)
        require_int("logins", logins, minimum=0)
        _require_key(api_key)
        require_text("password", password)
        if clock is not None:
            require_type("clock", clock, Clock, "a Clock")
        accounts = invent_accounts(seed)
        if isinstance(users, int):
            require_int("users", users, minimum=0)
            population = invent_users(seed, users, password)
        elif isinstance(users, Iterable) and not isinstance(users, str | bytes | Mapping):
            population = read_users(users, accounts, seed, password)
        else:
            raise TypeError(f"users must be an integer, or mappings in a list, not {type(users).__name__}")
        self._api_key = api_key
        self._seed = seed
        self._clock = clock or Clock()
        past = invent_logins(seed, population, logins)
        self._state = State(seed, self._clock, accounts, [*population, outsider(password)], past, max_page_size)
        owner = population[0] if population else None
        self._state.add_token(
            _id_of(api_key),
            api_key,
            outlives_user=True,
            name="The fake's own",
            description=None,
            role=owner.roles[ACCOUNT_ID] if owner else ADMINISTRATORS,
            user_id=owner.id if owner else OWNER_ID,
            account_id=ACCOUNT_ID,
            exp_date=None,
        )
        self._script = Script()
        self._observer = Observer()

    def __repr__(self) -> str:
        with self._state.lock:
            return f"FakeIAM(users={len(self._state.members(ACCOUNT_ID))}, seed={self._seed})"

    # --- what it knows ---------------------------------------------------------------------------------------------

    @property
    def api_key(self) -> str:
        """The key that is accepted from the start."""
        return self._api_key

    @property
    def account_id(self) -> int:
        """The id of the account that the API key belongs to."""
        return ACCOUNT_ID

    @property
    def accounts(self) -> dict[int, str]:
        """Every account: id to company."""
        with self._state.lock:
            return {account.id: account.company for account in self._state.accounts.values()}

    @property
    def users(self) -> tuple[Record, ...]:
        """The account's users as they are now, in the API's form (schema User). Editing them changes no answer."""
        with self._state.lock:
            members = self._state.members(ACCOUNT_ID)
            return tuple(copy.deepcopy(records.user(self._state, user, ACCOUNT_ID)) for user in members)

    @property
    def tokens(self) -> tuple[Record, ...]:
        """Every API token, deleted ones too, in the API's form without secrets (schema TokenResponse)."""
        with self._state.lock:
            return tuple(records.token(self._state, token) for token in self._state.tokens.values())

    @property
    def logins(self) -> tuple[Record, ...]:
        """Logins to all accounts, the last recorded first, in the API's form (schema LastLoginTimeItem)."""
        with self._state.lock:
            return tuple(records.login(login) for login in self._state.logins)

    @property
    def outbox(self) -> tuple[Email, ...]:
        """The emails that would have been sent, the first one first."""
        with self._state.lock:
            return tuple(self._state.outbox)

    @property
    def clock(self) -> Clock:
        """The fake's time: `fake.clock.advance(hours=2)`."""
        return self._clock

    def one_time_password(self, user_id: int) -> str:
        """The code that a user's authenticator app shows now (RFC 6238).

        Args:
            user_id: a user of any account.

        Raises:
            TypeError: the id is no integer.
            LookupError: there is no such user.
        """
        require_int("user_id", user_id)
        with self._state.lock:
            user = self._state.users.get(user_id)
            if user is None:
                raise LookupError(f"there is no user {user_id}")
            return self._state.one_time_passwords(user).at(self._clock.now())

    def follow(self, email: Email, password: str) -> None:
        """Do what the recipient of an email does: follow its link and choose a password. A link serves once.

        Args:
            email: an invitation or a password recovery from `outbox`.
            password: what the user signs in with from now on.

        Raises:
            TypeError: the email is none, or the password is no text.
            ValueError: the email has no link, or one that does not work any more; or the password is empty.
        """
        require_type("email", email, Email, "an Email, such as fake.outbox[-1]")
        require_text("password", password)
        if email.link is None:
            raise ValueError(f"this email, a {email.kind}, has no link")
        with self._state.lock:
            self._state.follow(email.link, password)

    # --- what goes wrong -------------------------------------------------------------------------------------------

    def inject(
        self,
        *faults: Fault,
        method: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        after: int = 0,
    ) -> None:
        """Let something go wrong with requests to come.

        A request meets the first faults in `faults` that wait for it, and all that last (`times=None`).

        Args:
            faults: what goes wrong, all of it with the same request: `Status(503)`, or `Status(502), HTML()`.
            method: only requests with this method; None for any.
            path: only requests with this path, such as `/iam/users/5`, or with one that a template of the API's
                description fits, such as `/iam/users/{userId}`; None for any.
            times: with how many requests, 1 or more; None for all.
            after: how many of these requests to leave alone before, 0 or more.

        Raises:
            TypeError: a fault is none, or another argument is not of the type above.
            ValueError: no fault, an unknown method, a path that leads to no operation, a number out of range.

        Example:
            fake.inject(Status(429, retry_after=2), times=3, method="GET", path="/iam/users")
            fake.inject(DeleteUser(0), path="/iam/users", after=2)  # before the third page
        """
        scripted = Scripted(faults, method, path, times, after)
        with self._state.lock:
            self._script.add(scripted)

    @property
    def faults(self) -> tuple[Scripted, ...]:
        """The faults that wait for requests, the first one first."""
        with self._state.lock:
            return self._script.listed()

    def clear_faults(self) -> None:
        """Let nothing more go wrong."""
        with self._state.lock:
            self._script.clear()

    # --- what it has seen ------------------------------------------------------------------------------------------

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """The last 10,000 requests, the first one first, secrets masked; `SeenRequest.revealed()` shows them."""
        with self._state.lock:
            return mask(self._observer.requests, self._state.secrets)

    @property
    def calls(self) -> Counter[str]:
        """How often each operation was asked for, by its id: `fake.calls["iamGetUsers"]`. 0 when it was not."""
        return self._observer.calls

    @property
    def connections_opened(self) -> int:
        """How many connections were opened to the served fake."""
        return self._observer.connections

    @property
    def peak_concurrency(self) -> int:
        """How many requests were in flight at once at the most."""
        return self._observer.peak

    # --- ways in ---------------------------------------------------------------------------------------------------

    def transport(self) -> FakeTransport:
        """A way in without sockets: `httpx.Client(transport=...)` or `httpx.AsyncClient(transport=...)`.

        An exception inside the fake surfaces in the caller, so that a test shows its traceback: `FaultError` for a
        fault that does not fit the answer that it meets.

        Returns:
            A transport, usable by several clients at once. The host of a request's URL does not matter.
        """
        from .transport import FakeTransport

        return FakeTransport(self._handle, self._observer, self._clock)

    def serve(self, port: int = 0) -> AbstractContextManager[str]:
        """A way in over HTTP, on 127.0.0.1, for as long as the `with` block lasts.

        The server runs in a thread of its own, keeps connections alive and serves many at once. Leaving the
        block ends it, also when an exception passes through. An exception inside the fake gives 500 and is
        logged under `gcore_iam.testing`; a fault that did not fit the answer it met is raised on leaving the block.

        Args:
            port: 0 to 65535; 0 picks a free one.

        Returns:
            A context manager that gives the URL, such as `http://127.0.0.1:43127`.

        Raises:
            ImportError: aiohttp is missing, which the extra `gcore-iam[testing]` brings.
            TypeError: the port is not an integer.
            ValueError: the port is outside the range above.
            OSError: on entering the block, if the port cannot be had.
            FaultError: on leaving the block, if a fault did not fit.
        """
        require_int("port", port, minimum=0, maximum=65535)
        try:
            from .server import serve
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "aiohttp":
                raise
            raise ImportError('serving needs aiohttp: pip install "gcore-iam[testing]"') from error
        return self._serving(serve, port)

    @contextmanager
    def _serving(self, serve: Callable[..., AbstractContextManager[str]], port: int) -> Iterator[str]:
        misfits: list[FaultError] = []

        def handle(request: Request) -> Response:
            try:
                return self._handle(request)
            except FaultError as error:
                misfits.append(error)
                message = str(error)
            except Exception:
                logger.exception("the fake failed to answer a request")
                message = "The fake has a bug; its log has the traceback."
            return _finish(encode(Answer(500, {"message": message})), request, self._clock.now())

        try:
            with serve(handle, port, self._observer) as url:
                yield url
        except Exception as error:
            for misfit in misfits:
                error.add_note(f"A fault did not fit: {misfit}")
            raise
        if misfits:
            raise misfits[0]

    def _handle(self, request: Request) -> Response:
        found = find(request)
        status = None
        with self._state.lock:
            try:
                matched = self._script.take(request)
                response = self._respond(request, found, matched)
                if response.ending in (Ending.WHOLE, Ending.CUT):
                    status = response.status
            finally:
                self._observer.note(request, found.operation.id if found.operation else None, status)
        return _finish(response, request, self._clock.now())

    def _respond(self, request: Request, found: Found, matched: Matched) -> Response:
        matched.prepare(self._state)
        answer = respond(self._state, request, found) if all(fault.does_work for fault in matched.faults) else None
        answer = matched.alter_answer(answer)
        # Without any, nothing of the response will be sent.
        return matched.alter_response(encode(answer or Answer(503)))


def _finish(response: Response, request: Request, now: datetime) -> Response:
    identified = response.with_header("X-Request-ID", uuid4().hex).with_header(
        "Date", format_datetime(now, usegmt=True)
    )
    return attrs.evolve(identified, body=b"") if request.method == "HEAD" else identified


def _id_of(api_key: str) -> int:
    """The id of the token that a key is spelled for; 1 when it is spelled otherwise."""
    match = re.match(r"([0-9]{1,9})[_$]", api_key)
    return (int(match[1]) if match else 0) or 1


def _require_key(value: Any) -> None:
    # No message shows the value: it may be a real key, put here by mistake.
    require_type("api_key", value, str, "a string")
    if not re.fullmatch(r"[!-~]+", value):
        raise ValueError("api_key must be one or more visible ASCII characters, without whitespace")
