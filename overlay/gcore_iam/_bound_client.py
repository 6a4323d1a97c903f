"""The part of a bound client that sync and async code share: its errors, and the requests that get credentials."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv6Address
from typing import Any, NoReturn
from urllib.request import getproxies

import httpx
from gcore_iam_client import Client
from gcore_iam_client.errors import InvalidBody, UnexpectedStatus
from gcore_iam_client.types import Operation, Response

from ._config import ClientConfig
from ._secrets import find_proxy_secrets, find_secrets
from ._tracebacks import clear_locals
from ._urls import DEFAULT_PORTS, get_port
from .errors import ConfigurationError, DecodeError
from .retry import describe_success

PATHS_WITHOUT_CREDENTIALS = ("/iam/auth/jwt/login", "/iam/auth/jwt/refresh", "/iam/auth/password/forgot")
"""Paths of the operations without credentials, for requests that a user builds."""


class UnboundClient(Client):
    """The generated client, which here opens no connections: they would lack credentials and this library's errors."""

    config: ClientConfig
    """The settings; not set in a copy that `with_headers`, `with_cookies` or `with_timeout` returns."""
    credentials: Any
    """The credentials, of the kind of the client; not set in such a copy either."""

    def get_httpx_client(self) -> httpx.Client:
        """See `AsyncIAMClient.api`.

        Raises:
            ConfigurationError: This is the client of async code, or a changed copy.
        """
        raise build_unbound_error("no connection for sync code", "IAMClient")

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """See `IAMClient.api`.

        Raises:
            ConfigurationError: This is the client of sync code, or a changed copy.
        """
        raise build_unbound_error("no connection for async code", "AsyncIAMClient")

    def __reduce__(self) -> NoReturn:
        # Of a copy or a pickle of `IAMClient`, of `iam.users` and of its methods as well.
        raise build_copy_error()

    def refuse(
        self, error: InvalidBody | UnexpectedStatus, operation: Operation, response: httpx.Response | None = None
    ) -> NoReturn:
        """Raise this library's error for a success that a generated function cannot read.

        Raises:
            DecodeError: Always.
        """
        model = key = None
        if isinstance(error, UnexpectedStatus):
            problem = f"the spec has no success {error.status_code}"
        else:
            model, key = None if error.model == operation.id else error.model, error.key
            problem = f"{model}: {error.problem}" if model else error.problem
        clear_locals(error)
        problem += describe_success(operation.id, operation.method)
        details = {} if response is None else self._describe(response, response.request)
        raise DecodeError(problem, operation=operation.id, model=model, key=key, **details) from error

    def build_decode_error(
        self, problem: str, operation: Operation, path: str, response: Response[Any], *, model: str, key: str | None
    ) -> DecodeError:
        """Build the error for a success whose model a method cannot use.

        Args:
            problem: What is wrong.
            operation: The operation.
            path: The path of the request, filled in.
            response: The response.
            model: The model that is wrong.
            key: The key of the model; None if it is not a single key.
        """
        url = f"{str(self.config.base_url).rstrip('/')}{path}"
        details = self._describe(response, httpx.Request(operation.method, url, headers=self.config.headers))
        return DecodeError(problem, operation=operation.id, model=model, key=key, **details)

    def _describe(self, response: httpx.Response | Response[Any], request: httpx.Request) -> dict[str, Any]:
        from ._error_responses import describe_response  # most programs have no use for it at their start

        url, secrets = str(request.url).partition("?")[0], self.find_secrets(request)
        return describe_response(response.status_code, response.headers, response.content, request.method, url, secrets)

    def find_secrets(self, request: httpx.Request) -> set[str]:
        """Find what no message may show: the secrets of a request, of the credentials and of proxies."""
        secrets: set[str] = self.credentials.find_secrets()
        return secrets | find_secrets(request) | find_proxy_secrets(getproxies())


def build_unbound_error(problem: str, client: str) -> ConfigurationError:
    """Build the error for a generated client without connections; it names the class of client to use."""
    return ConfigurationError(
        f"{problem}: this is the generated client of the other kind of code, or one made by with_headers, with_cookies "
        f"or with_timeout; give those settings to the constructor of {client}"
    )


def build_missing_attribute_error(client: object, name: str) -> AttributeError:
    """Build the error for an attribute that a client of this library lacks; generated functions want its `api`."""
    message = f"{type(client).__name__!r} object has no attribute {name!r}"
    if name in ("call", "call_async", "get_httpx_client", "get_async_httpx_client"):
        message += ": the generated client has it; pass the `api` of the client, as in client=iam.api"
    return AttributeError(message, name=name, obj=client)


def build_copy_error() -> ConfigurationError:
    """Build the error for a client that is copied or pickled: its connections belong to one object and one process."""
    return ConfigurationError(
        "a client cannot be copied or pickled: create one in each worker process; for a view with other settings, "
        "which shares the connections, call with_options()"
    )


def parse_origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Parse the origin of a URL (RFC 6454): its scheme, its host as requests contain it, and its port."""
    host = url.raw_host.decode("ascii").lower()
    if ":" in host:
        with suppress(ValueError):  # an address that Python cannot parse is compared as it is written
            host = str(IPv6Address(host))
        host = f"[{host}]"
    return url.scheme, host, get_port(url)


def format_origin(url: httpx.URL) -> str:
    """Format the origin of a URL (RFC 6454, section 6.2). Two texts are equal if and only if the origins are."""
    scheme, host, port = parse_origin(url)
    return f"{scheme}://{host}" + ("" if port == DEFAULT_PORTS.get(scheme) else f":{port}")


def can_send_credentials(request: httpx.Request, base_url: httpx.URL) -> bool:
    """Return whether a request that a user built needs credentials and goes to the origin of the base URL."""
    is_public = request.url.path.endswith(PATHS_WITHOUT_CREDENTIALS)
    return not is_public and parse_origin(request.url) == parse_origin(base_url)
