"""The clients: where credentials, connections and resources come together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import Self

import httpx
from gcore_iam_client import Client

from .auth import APIKey
from .errors import ConfigurationError
from .http import AsyncHTTPClient, BoundClient, HTTPClient, check_transport, settings
from .resources.account import Account, AsyncAccount
from .resources.users import AsyncUsers, Users

DEFAULT_BASE_URL = "https://api.gcore.com"


class IAMClient:
    """The IAM API for sync code. May be shared by threads.

    Args:
        auth: An `APIKey`, or an API key as a str; None reads `GCORE_API_KEY`.
        base_url: Where the API is; None reads `GCORE_BASE_URL` and falls back to `https://api.gcore.com`. Plain
            http is accepted for the loopback interface only.
        timeout: Seconds for each step of a request, above 0, or an `httpx.Timeout`; None for 5 to connect and 30
            for everything else.
        transport: What carries requests; None for HTTP. For tests and proxies.
        headers: Headers for every request; not `Authorization`.

    Raises:
        ConfigurationError: An argument or environment variable cannot be right; nothing has been sent.

    Example:
        with IAMClient() as iam:
            print(iam.account.get().company_name)
    """

    def __init__(
        self,
        auth: APIKey | str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        transport: httpx.BaseTransport | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        options = settings(_credentials(auth), base_url=_url(base_url), timeout=timeout, headers=headers)
        check_transport(transport, httpx.BaseTransport)
        self._http = HTTPClient(**options, transport=transport)
        self._api = BoundClient.around(self._http)

    @property
    def api(self) -> Client:
        """The generated client, ready to use: `iam_get_user.sync_detailed(5, client=iam.api)`."""
        return self._api

    @cached_property
    def account(self) -> Account:
        """The account that the credentials belong to."""
        return Account(self._api)

    @cached_property
    def users(self) -> Users:
        """The users of the account."""
        return Users(self._api)

    def close(self) -> None:
        """Close all connections. The client cannot be used afterwards."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return shown(self, self.__dict__.get("_http"))


class AsyncIAMClient:
    """The IAM API for async code. May be shared by tasks of one event loop.

    Args:
        auth: An `APIKey`, or an API key as a str; None reads `GCORE_API_KEY`.
        base_url: Where the API is; None reads `GCORE_BASE_URL` and falls back to `https://api.gcore.com`. Plain
            http is accepted for the loopback interface only.
        timeout: Seconds for each step of a request, above 0, or an `httpx.Timeout`; None for 5 to connect and 30
            for everything else.
        transport: What carries requests; None for HTTP. For tests and proxies.
        headers: Headers for every request; not `Authorization`.

    Raises:
        ConfigurationError: An argument or environment variable cannot be right; nothing has been sent.

    Example:
        async with AsyncIAMClient() as iam:
            print((await iam.account.get()).company_name)
    """

    def __init__(
        self,
        auth: APIKey | str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        options = settings(_credentials(auth), base_url=_url(base_url), timeout=timeout, headers=headers)
        check_transport(transport, httpx.AsyncBaseTransport)
        self._http = AsyncHTTPClient(**options, transport=transport)
        self._api = BoundClient.around(self._http)

    @property
    def api(self) -> Client:
        """The generated client, ready to use: `await iam_get_user.asyncio_detailed(5, client=iam.api)`."""
        return self._api

    @cached_property
    def account(self) -> AsyncAccount:
        """The account that the credentials belong to."""
        return AsyncAccount(self._api)

    @cached_property
    def users(self) -> AsyncUsers:
        """The users of the account."""
        return AsyncUsers(self._api)

    async def aclose(self) -> None:
        """Close all connections. The client cannot be used afterwards."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return shown(self, self.__dict__.get("_http"))


def shown(client: IAMClient | AsyncIAMClient, http: httpx.Client | httpx.AsyncClient | None) -> str:
    """The repr of a client, also of one whose constructor has failed."""
    return f"{type(client).__name__}({f'base_url={str(http.base_url)!r}' if http else ''})"


def _credentials(auth: APIKey | str | None) -> APIKey:
    if auth is None:
        return APIKey.from_environment()
    if isinstance(auth, APIKey):
        return auth
    if isinstance(auth, str):
        return APIKey(auth)
    raise ConfigurationError(f"auth must be an APIKey or a str, not {type(auth).__name__}")


def _url(base_url: str | None) -> str:
    return base_url if base_url is not None else os.environ.get("GCORE_BASE_URL") or DEFAULT_BASE_URL
