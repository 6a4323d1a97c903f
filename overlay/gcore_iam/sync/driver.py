# Derived from aio/driver.py by `make generate`. Do not edit: change that file.

"""Performs the steps of a call: gets credentials, sends requests over an httpx client, waits."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import httpx
from gcore_iam_client.types import Operation

from .._bound_client import UnboundClient, build_unbound_error, can_send_credentials
from .._concurrency.blocking_io import warn_if_event_loop_is_running
from .._concurrency.callbacks import sleep
from .._concurrency.deadlines import enforce_deadline
from .._config import ClientConfig
from .._redaction import INFO, MAX_HEADER_LENGTH, Redactor, logger
from .._response_body import BodyTooLargeError, limit_body
from .._secrets import find_issued_secrets
from .._tracebacks import clear_locals
from .._transport_errors import build_response_error, build_transport_error, is_transport_error
from ..auth.anonymous import Anonymous
from ..call import (
    AttemptResult,
    Authorization,
    Authorize,
    CallContext,
    Deadline,
    Send,
    call_flow,
    start_deadline,
)
from ..errors import ConfigurationError, IAMError
from .credentials import Auth, Credentials
from .transport import Connections

if TYPE_CHECKING:
    from .._concurrency.workers import RequestControl

_MAX_URLS = 100
"""How many parsed URLs a client keeps. URLs with ids could fill the memory."""

_EMPTY = httpx.ByteStream(b"")
"""Replaces the stream of a response after its body has been read."""


class BoundClient(UnboundClient):
    """The generated client, bound to a configuration, credentials and connections.

    The generated functions for sync code take it as `client`.
    """

    _connections: Connections | None = None
    """None in a copy that `with_headers`, `with_cookies` or `with_timeout` returns."""
    config: ClientConfig
    credentials: Credentials
    is_view: bool
    is_closed: bool
    _control: RequestControl | None
    _outer_deadline: Deadline | None
    _prefix: str
    _timeouts: Mapping[str, float | None]
    _urls: dict[str, httpx.URL]

    @classmethod
    def bind(
        cls,
        config: ClientConfig,
        auth: Auth,
        connections: Connections,
        *,
        is_view: bool = False,
        outer: Deadline | None = None,
    ) -> Self:
        """Build a client.

        Args:
            config: Its settings.
            auth: Its credentials; None for none.
            connections: The connections for its requests.
            is_view: Whether the connections stay open when the client is closed.
            outer: The deadline of the call that needs the calls of this client.
        """
        client = cls._build(config, connections, is_view=is_view, outer=outer)
        client.credentials = Credentials(auth, client, connections.in_flight)
        return client

    @classmethod
    def _build(cls, config: ClientConfig, connections: Connections, *, is_view: bool, outer: Deadline | None) -> Self:
        client = cls(str(config.base_url), raise_on_unexpected_status=True)
        client.config = config
        client.is_view = is_view
        client.is_closed = False
        client._connections = connections
        client._control = None
        client._outer_deadline = outer
        client._prefix = str(config.base_url).rstrip("/")
        client._timeouts = config.timeout.as_dict()
        client._urls = {}
        return client

    def view(self, config: ClientConfig, auth: Auth, *, outer: Deadline | None = None) -> Self:
        """Build a client with other settings over the same connections."""
        return type(self).bind(config, auth, self._open_connections(), is_view=True, outer=outer)

    def with_control(self, control: RequestControl) -> Self:
        """Build a client whose calls a pager can cancel and slow down."""
        view = self._build(self.config, self._open_connections(), is_view=True, outer=self._outer_deadline)
        view.credentials = self.credentials
        view._control = control
        view._urls = self._urls
        return view

    def get_httpx_client(self) -> httpx.Client:
        """Get the httpx client that calls are sent with.

        A request that you send over it carries the credentials of the client that opened it, if it goes to the origin
        of the base URL. It has neither retries nor this library's errors, and keeps no cookies. If you passed an httpx
        client of your own, this method returns it unchanged.
        """
        return self._open_connections().client

    @property
    def is_open(self) -> bool:
        """Whether neither this client nor its connections are closed."""
        try:
            self._open_connections()
        except ConfigurationError:
            return False
        return True

    def raise_if_closed(self) -> None:
        """Raise an error if the client cannot be used.

        Raises:
            ConfigurationError: It is closed.
        """
        self._open_connections()

    def _open_connections(self) -> Connections:
        connections = self._connections
        if connections is None:
            raise build_unbound_error("no connections", "IAMClient")
        if self.is_closed or connections.is_closed or connections.client.is_closed:
            raise ConfigurationError("the client is closed; make a new one")
        return connections

    def call(self, operation: Operation, url: str, **arguments: Any) -> httpx.Response:
        """Make a call: send its request, and retry if the policy allows it.

        Args:
            operation: The operation.
            url: The path of the request, with the values of its parameters; relative to the base URL.
            **arguments: The other parts of the request: `params`, `headers`, and one of `content`, `data` and `files`.

        Returns:
            The response, which is a success. Its body has been read.

        Raises:
            APIConnectionError: No response came; `APITimeoutError` when it took too long.
            APIStatusError: The response is not a success.
            AmbiguousOutcomeError: The outcome of a write that must not be repeated is unknown.
            ConfigurationError: The client is closed, or its credentials are not available.
        """
        self._open_connections()
        warn_if_event_loop_is_running()
        config, control = self.config, self._control
        request = self._build_request(operation, url, **arguments)
        call = CallContext(operation, f"{self._prefix}{url}", config.retries, control=control)
        if config.retries.deadline is not None or self._outer_deadline is not None:
            call.deadline = start_deadline(config.retries.deadline, self._outer_deadline)
        if config.on_event is not None or logger.isEnabledFor(INFO):
            call.emit = config.build_emit()
        flow = call_flow(call)
        handled = sys.exception()
        try:
            step = next(flow)
            while True:
                result: object = None
                try:
                    if isinstance(step, Send):
                        result = self._send(step.authorization, request, call)
                    elif isinstance(step, Authorize):
                        constant = self.credentials.constant_authorization
                        if constant is None or step.rejected is not None:
                            result = self._authorize(step.rejected, call.deadline)
                        else:
                            result = constant
                    else:
                        sleep(step.seconds, config.retries.sleep, control)
                except BaseException as error:  # noqa: BLE001 - the flow raises it
                    step = flow.throw(error)
                else:
                    step = flow.send(result)
        except StopIteration as end:
            response: httpx.Response | None = end.value
        except BaseException as error:
            clear_locals(error, handled)
            raise
        if response is None:  # a deletion that an earlier attempt has done
            response = httpx.Response(operation.success[0], request=request)
        if control is not None:
            control.wait_until_needed()
        return response

    def _build_request(
        self,
        operation: Operation,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> httpx.Request:
        full = self._urls.get(url)
        if full is None:
            full = httpx.URL(f"{self._prefix}{url}")
            if len(self._urls) < _MAX_URLS:
                self._urls[url] = full
        if params:
            full = httpx.URL(f"{full}?{httpx.QueryParams(params)}")
        merged = self.config.headers
        if headers:
            merged = httpx.Headers(merged)
            merged.update(headers)
        extensions = {"operation": operation, "timeout": self._timeouts}
        return httpx.Request(operation.method, full, headers=merged, extensions=extensions, **body)

    def _authorize(self, rejected: Authorization | None, deadline: Deadline | None) -> Authorization | None:
        if rejected is None:
            return self.credentials.authorize(deadline)
        return self.credentials.renew(rejected, deadline)

    def _send(
        self, authorization: Authorization | None, request: httpx.Request, call: CallContext
    ) -> AttemptResult[httpx.Response]:
        """Send a request once, and read the response."""
        if authorization is not None:
            request.headers["Authorization"] = authorization.value
        connections, deadline = self._open_connections(), call.deadline
        try:
            if deadline is None:
                response, body_error = self._exchange(connections.client, request, None)
            else:
                request.extensions["timeout"] = _clamp_timeouts(self._timeouts, deadline.remaining)
                with enforce_deadline(deadline.at):
                    response, body_error = self._exchange(connections.client, request, deadline)
        except BaseException as error:
            if isinstance(error, Exception) and is_transport_error(error):
                proxy = connections.describe_proxy(request)
                return AttemptResult(None, self._build_transport_error(error, request, call, proxy))
            connections.abandon(request, error)
            raise
        observer = self.config.observer
        if observer is not None:
            body = b"" if body_error is not None else response.content
            observer.observe(call.operation, response.status_code, response.headers, body)
        request_id = self._redact_request_id(response) if call.emit is not None else None
        if response.is_success and body_error is None:
            return AttemptResult(response, None, response.status_code, request_id)
        failure = build_response_error(
            response, call, self.find_secrets(request), body_error, self.config.max_response_bytes
        )
        return AttemptResult(None, failure, response.status_code, request_id)

    def _exchange(
        self, client: httpx.Client, request: httpx.Request, deadline: Deadline | None
    ) -> tuple[httpx.Response, Exception | None]:
        """Send a request, and read the response; return it, and the exception for which its body was dropped."""
        response = client.send(request, stream=True, auth=None, follow_redirects=False)
        headers, max_bytes = response.headers, self.config.max_response_bytes
        length = headers.get("content-length", "")
        fits = max_bytes is None or (length.isdecimal() and len(length) < 16 and int(length) <= max_bytes)
        body_error: Exception | None = None
        try:
            if deadline is not None or not fits or "content-encoding" in headers:
                limit_body(response, max_bytes, None if deadline is None else deadline.at)
            response.read()
        except BaseException as error:
            response.close()
            if not isinstance(error, BodyTooLargeError | httpx.DecodingError):
                raise
            body_error = error
        response.headers = headers
        response.stream = _EMPTY  # httpx's stream refers to the response: the cycle would keep the body in memory
        return response, body_error

    def _build_transport_error(
        self, error: Exception, request: httpx.Request, call: CallContext, proxy: str | None
    ) -> IAMError:
        return build_transport_error(error, request, call, proxy, find_secrets=partial(self.find_secrets, request))

    def _redact_request_id(self, response: httpx.Response) -> str | None:
        """Get the request id of a response for events and log lines, without secrets that the server repeats in it."""
        request_id = response.headers.get("x-request-id")
        if request_id is None:
            return None
        secrets = {*self.find_secrets(response.request), *find_issued_secrets(response)}
        return Redactor(secrets).redact(request_id, max_length=MAX_HEADER_LENGTH)

    def close(self) -> None:
        """Close the connections; a view leaves them open."""
        self.is_closed = True
        if not self.is_view and self._connections is not None:
            self._connections.close()


class OriginAuth(httpx.Auth):
    """Adds credentials to requests that a user sends over the httpx client to the origin of the base URL."""

    def __init__(self, client: BoundClient) -> None:
        self._client = client

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See `httpx.Auth.sync_auth_flow`."""
        credentials = self._client.credentials
        if can_send_credentials(request, self._client.config.base_url) and not isinstance(credentials.auth, Anonymous):
            authorization = credentials.constant_authorization or credentials.authorize(None)
            request.headers["Authorization"] = authorization.value
        yield request


def _clamp_timeouts(timeouts: Mapping[str, float | None], seconds: float) -> dict[str, float]:
    """Bound the timeouts of each step of a request."""
    bound = max(seconds, 0.001)  # a socket with a timeout of 0 does not wait at all
    return {step: bound if timeout is None else min(timeout, bound) for step, timeout in timeouts.items()}
