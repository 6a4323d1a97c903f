"""The part of a bound client that sync and async code share: what it refuses, and errors for unreadable responses."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv6Address
from typing import NoReturn

import httpx
from gcore_iam_client import Client
from gcore_iam_client.errors import InvalidBody, UnexpectedStatus
from gcore_iam_client.types import Operation

from ._config import ClientConfig
from ._urls import DEFAULT_PORTS, get_port
from .errors import ConfigurationError, DecodeError
from .retry import describe_done

PATHS_WITHOUT_CREDENTIALS = ("/iam/auth/jwt/login", "/iam/auth/jwt/refresh", "/iam/auth/password/forgot")
"""Paths of the operations that take no credentials, for requests that no generated function has built."""


class UnboundClient(Client):
    """The generated client without connections.

    It refuses whatever would make the generated client open connections of its own: those would have neither
    credentials nor this library's errors.
    """

    config: ClientConfig
    """The settings; missing in a changed copy that the generated client makes."""

    def get_httpx_client(self) -> httpx.Client:
        """See `AsyncIAMClient.api`.

        Raises:
            ConfigurationError: This is the client of async code, or a changed copy.
        """
        raise ConfigurationError(f"no connection for sync code: {UNBOUND} IAMClient")

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """See `IAMClient.api`.

        Raises:
            ConfigurationError: This is the client of sync code, or a changed copy.
        """
        raise ConfigurationError(f"no connection for async code: {UNBOUND} AsyncIAMClient")

    def refuse(self, error: InvalidBody | UnexpectedStatus, operation: Operation) -> NoReturn:
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
        problem += describe_done(operation.id, operation.method)
        raise DecodeError(problem, operation=operation.id, model=model, key=key) from error


UNBOUND = (
    "this is the generated client of the other kind of code, or one made by with_headers, with_cookies or "
    "with_timeout; give those settings to the constructor of"
)


def parse_origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Parse the origin of a URL (RFC 6454): scheme, host as it is sent, and port, with the scheme's default."""
    host = url.raw_host.decode("ascii").lower()
    if ":" in host:
        with suppress(ValueError):  # an address that Python cannot read is compared as it is written
            host = str(IPv6Address(host))
        host = f"[{host}]"
    return url.scheme, host, get_port(url)


def format_origin(url: httpx.URL) -> str:
    """Format the origin of a URL as a text (RFC 6454, section 6.2). Two texts are equal only if the origins are."""
    scheme, host, port = parse_origin(url)
    return f"{scheme}://{host}" + ("" if port == DEFAULT_PORTS.get(scheme) else f":{port}")


def takes_credentials(request: httpx.Request, base_url: httpx.URL) -> bool:
    """Tell whether credentials belong on a request that no generated function has built."""
    is_public = request.url.path.endswith(PATHS_WITHOUT_CREDENTIALS)
    return not is_public and parse_origin(request.url) == parse_origin(base_url)
