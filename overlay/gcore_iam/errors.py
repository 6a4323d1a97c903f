"""Everything this library raises.

IAMError
├── ConfigurationError (ValueError)        bad key, URL or argument: raised before any request
├── APIConnectionError (ConnectionError)   no response was received
│   └── APITimeoutError (TimeoutError)     … in time
├── APIStatusError                         a response that is not a success
│   ├── BadRequestError                    400, 422
│   │   ├── AlreadyInvitedError            … as the person is invited, or in the account already
│   │   └── LoginError                     … at the login of a session; also an AuthenticationError
│   ├── AuthenticationError (PermissionError)     401
│   ├── PermissionDeniedError (PermissionError)   403
│   ├── NotFoundError (LookupError)        404
│   ├── ConflictError                      409
│   ├── RateLimitError                     429
│   └── ServerError                        5xx
├── DecodeError (ValueError)               a success whose body does not match the spec
│   └── ResponseTooLargeError              … or is larger than `max_response_bytes`
├── AmbiguousOutcomeError                  a write that may or may not have happened
├── TokenRotationError                     a rotation that stopped halfway
└── PaginationError                        pages that contradict each other

Every error can be pickled and copied; none shows a secret.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias, TypeVar, overload
from urllib.parse import urlsplit

T = TypeVar("T")

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


class IAMError(Exception):
    """The root of all errors of this library.

    Attributes:
        checkpoint: The position of the iteration over pages that raised this, for `resume`; None for any other error.
    """

    checkpoint: dict[str, Any] | None = None

    def add_advice(self, advice: str) -> None:
        """Add a cause, or what to do, to the end of the message."""
        self.args: tuple[Any, ...] = (f"{str(self.args[0]).rstrip('.')}; {advice}",)

    def __repr__(self) -> str:
        """Show the message, and what the support of the API asks for: method, path, status, request id."""
        parts = [repr(str(self))]
        for name in ("operation", "method", "path", "status", "request_id"):
            value = _get_detail(self, name)
            if value is not None:
                parts.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        # `__init__` takes other arguments than `args`.
        return copyreg.__newobj__, (type(self),), {**vars(self), "args": self.args}  # type: ignore[attr-defined]


class ConfigurationError(IAMError, ValueError):
    """A key, URL or argument is not valid; nothing has been sent."""


class APIConnectionError(IAMError, ConnectionError):
    """No response was received: the connection failed or broke.

    Attributes:
        method: The request's HTTP method.
        url: The request's URL, without its query.
        sent: False when the request surely did not reach the server; True when it may have.
        attempts: The number of attempts.
    """

    def __init__(self, message: str, *, method: str, url: str, sent: bool = True, attempts: int = 1) -> None:
        super().__init__(message)
        self.method = method
        self.url = url
        self.sent = sent
        self.attempts = attempts


class APITimeoutError(APIConnectionError, TimeoutError):
    """No response was received in time. The server may have executed the request."""


class APIStatusError(IAMError):
    """The server returned a response that is not a success.

    Attributes:
        status: The HTTP status.
        errors: Messages by field path (`client_user.role`), or by "" if they belong to no field. At most 100, of at
            most 1,000 characters each.
        message: One line for people, of at most 500 characters.
        request_id: The `X-Request-ID` of the response, of at most 200 characters; None when it has none.
        retry_after: Seconds to wait, from the `Retry-After` header; None if the header is missing.
        body: The body as decoded JSON; as text, of at most 65,536 characters, when it is not JSON, longer than that, or
            nested more than 100 levels deep.
        method: The request's HTTP method.
        url: The request's URL, without its query.
        attempts: The number of attempts.
    """

    def __init__(
        self,
        status: int,
        *,
        errors: Mapping[str, list[str]],
        message: str,
        request_id: str | None,
        retry_after: float | None,
        body: Json,
        method: str,
        url: str,
        attempts: int = 1,
    ) -> None:
        suffix = f" (request id {request_id})" if request_id else ""
        super().__init__(f"{status} for {method} {url}: {message}{suffix}")
        self.status = status
        self.errors: dict[str, list[str]] = dict(errors)
        self.message = message
        self.request_id = request_id
        self.retry_after = retry_after
        self.body = body
        self.method = method
        self.url = url
        self.attempts = attempts


class BadRequestError(APIStatusError):
    """400 or 422: the server refused the arguments; `errors` says which and why."""


class AlreadyInvitedError(BadRequestError):
    """The person whom `users.invite` invites is invited, or belongs to the account already."""


class AuthenticationError(APIStatusError, PermissionError):
    """401: no credentials, or credentials that are wrong, expired or revoked."""


class LoginError(AuthenticationError, BadRequestError):
    """The API rejects the login of a `Session`, with 400: a wrong password, or a missing or wrong code.

    `message` is the API's own.
    """


class PermissionDeniedError(APIStatusError, PermissionError):
    """403: the credentials are valid, but their role does not permit the operation."""


class NotFoundError(APIStatusError, LookupError):
    """404: the object does not exist, or belongs to another account."""


class ConflictError(APIStatusError):
    """409: the request conflicts with the current state."""


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after` is the time to wait in seconds, if the server sent one."""


class ServerError(APIStatusError):
    """5xx: the server failed. If a write may have happened, this is the cause of an `AmbiguousOutcomeError`."""


class DecodeError(IAMError, ValueError):
    """A success whose body does not match the spec. The message shows nothing of the body.

    Attributes:
        operation: The `operationId`.
        model: The model that could not be decoded; None for the body as a whole.
        key: The key that could not be decoded; None if it is not a single key.
        status: The HTTP status; None if it is not known, as the body was rejected by other code.
        request_id: The `X-Request-ID` of the response, of at most 200 characters; None when it has none.
        body: The body, as `APIStatusError.body` has it: without secrets, and not longer than that; None if it was not
            read.
        method: The request's HTTP method; None if it is not known.
        url: The request's URL, without its query; None if it is not known.
    """

    def __init__(
        self,
        problem: str,
        *,
        operation: str,
        model: str | None = None,
        key: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        body: Json = None,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(f"{operation}: {problem}" + (f" (request id {request_id})" if request_id else ""))
        self.operation = operation
        self.model = model
        self.key = key
        self.status = status
        self.request_id = request_id
        self.body = body
        self.method = method
        self.url = url


class ResponseTooLargeError(DecodeError):
    """A success whose body is larger than `max_response_bytes`, before or after decompression. Reading has stopped.

    Attributes:
        max_response_bytes: The bound, in bytes.
    """

    def __init__(self, problem: str, *, operation: str, max_response_bytes: int, **response: Any) -> None:
        super().__init__(problem, operation=operation, **response)
        self.max_response_bytes = max_response_bytes


class AmbiguousOutcomeError(IAMError):
    """A write that is not idempotent may or may not have happened; it was not repeated.

    Its `__cause__` is an `APIConnectionError` or a `ServerError`.

    Attributes:
        operation: The `operationId`.
        method: The request's HTTP method.
        url: The request's URL, without its query.
        attempts: The number of attempts. All but the last surely had no effect.
        advice: How to find out what happened.
        status: The HTTP status of the last attempt; None when no response came.
        request_id: The `X-Request-ID` of that response; None when it has none.
    """

    def __init__(
        self,
        problem: str,
        *,
        operation: str,
        method: str,
        url: str,
        attempts: int,
        advice: str = "look before you repeat it",
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(problem)
        self.status = status
        self.request_id = request_id
        self.operation = operation
        self.method = method
        self.url = url
        self.attempts = attempts
        self.advice: str = advice
        self._find_outcome: Callable[[], Any] | None = None
        self._has_reconciler = False

    def __str__(self) -> str:
        return f"{self.operation} may or may not have happened ({self.args[0]}); {self.advice}"

    def attach_reconciler(self, advice: str, find_outcome: Callable[[], Any] | None) -> None:
        """Set how to find out what happened, unless it is set.

        Args:
            advice: What the user can do, in words.
            find_outcome: Finds out whether the write happened; None if the API cannot show it.
        """
        if not self._has_reconciler:  # the innermost call wins: the login that a call needed, not the call itself
            self.advice, self._find_outcome, self._has_reconciler = advice, find_outcome, True

    def advise(self, advice: str, look: Callable[[], Any] | None) -> None:
        """Call `attach_reconciler`: a deprecated name."""
        self.attach_reconciler(advice, look)

    @overload
    def reconcile(self) -> object: ...
    @overload
    def reconcile(self, expected: type[T]) -> T | None: ...

    def reconcile(self, expected: type[object] = object) -> object:
        """Find out whether the write happened.

        Args:
            expected: The class of the result, for type checkers: `models.TokenResponse` for a token, `models.User` for
                an invitation, `models.UserClientAndRolesItem` for a new account, `models.UserPublic` for a changed
                address.

        Returns:
            The result of the write, as the API shows it now (a token without its secret), or None if it did not happen.
            In async code an awaitable of the result, if `expected` is left out; see `reconcile_async`.

        Raises:
            ConfigurationError: The API cannot show it, or this error is a copy; `advice` says what to do. Or the
                result is of another class than `expected`.
            IAMError: A request failed.
        """
        found = self._look_up()
        if expected is not object and isinstance(found, Coroutine):
            found.close()
            raise ConfigurationError("this error comes from async code: await reconcile_async()")
        return self._check_found(found, expected)

    @overload
    async def reconcile_async(self) -> object: ...
    @overload
    async def reconcile_async(self, expected: type[T]) -> T | None: ...

    async def reconcile_async(self, expected: type[object] = object) -> object:
        """Find out, in async code, whether the write happened; see `reconcile`."""
        found = self._look_up()
        return self._check_found(await found if isinstance(found, Coroutine) else found, expected)

    def _look_up(self) -> object:
        if self._find_outcome is None:
            raise ConfigurationError(f"{self.operation} cannot be looked up from here; {self.advice}")
        return self._find_outcome()

    def _check_found(self, found: object, expected: type[object]) -> object:
        if found is not None and not isinstance(found, expected):
            raise ConfigurationError(
                f"{self.operation} has happened; its result is a {type(found).__name__}, not a {expected.__name__}"
            )
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        function, arguments, state = super().__reduce__()
        return function, arguments, {**state, "_find_outcome": None}  # its connection belongs to this process


class TokenRotationError(IAMError):
    """The rotation of an API token stopped halfway; at least one token works.

    Attributes:
        stage: Where it stopped: "create", "verify", "hand over" or "delete".
        old_id: The id of the token that was to be replaced.
        new_id: The id of the new token; None if there is none, or if that is unknown.
        existing: The ids of the tokens, of these two, that exist as far as is known.
    """

    def __init__(self, problem: str, *, stage: str, old_id: int, new_id: int | None, existing: tuple[int, ...]) -> None:
        super().__init__(problem)
        self.stage = stage
        self.old_id = old_id
        self.new_id = new_id
        self.existing = existing


class PaginationError(IAMError):
    """The server's pages contradict each other: an iteration over them would lose items or never end.

    Attributes:
        offset: The position in the list, in items from the start.
    """

    def __init__(self, message: str, *, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class CallCancelled(BaseException):
    """A pager has cancelled the call that raises this. It never reaches the user."""


def _get_detail(error: IAMError, name: str) -> object:
    """Get an attribute of an error, or of the error that caused it; None if neither has it."""
    for source in (error, error.__cause__):
        if isinstance(source, IAMError):
            value: object = getattr(source, "url" if name == "path" else name, None)
            if value is not None:
                return urlsplit(str(value)).path if name == "path" else value
    return None
