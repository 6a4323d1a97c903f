# Derived from aio/client.py by `make generate`. Do not edit: change that file.

"""The client for sync code: where credentials, connections and resources come together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

import httpx
from gcore_iam_client import Client
from gcore_iam_client.types import UNSET, Unset

from .._response_body import DEFAULT_MAX_RESPONSE_BYTES
from ..auth.api_key import APIKey
from ..auth.session import Session
from ..auth.shield import complete
from ..errors import ConfigurationError
from ..retry import RetryPolicy
from .http import HTTPClient

if TYPE_CHECKING:
    from .resources.account import Account
    from .resources.auth import Auth
    from .resources.tokens import Tokens
    from .resources.users import Users


class IAMClient:
    """The IAM API for sync code. May be shared by threads.

    Args:
        auth: An `APIKey`, a `Session`, or an API key as a str; None reads `GCORE_API_KEY`.
        base_url: Where the API is; None reads `GCORE_BASE_URL` and falls back to `https://api.gcore.com`.
        timeout: Seconds for each step of a request, above 0, or an `httpx.Timeout`; None for 5 to connect and 30
            for everything else, or for what `http_client` says.
        retries: A `RetryPolicy`, or a number of retries, 0 or more; None for the default policy.
        http_client: An `httpx.Client` of your own, for proxies, certificates or HTTP/2. Its connections, hooks and
            timeout are used, its headers, cookies, base URL and credentials are not. It is yours to close.
        transport: What carries requests, and is closed with the client; None for HTTP. For tests, for instance.
        headers: Headers for every request; not `Authorization`.
        max_response_bytes: Bytes that the body of a response may have, before and after decompression, 1 or more; None
            for no bound. What is larger is not read to its end, and raises `ResponseTooLargeError`.
        allow_http: Send credentials over plain http to other machines as well. Anyone on the way can read them.

    Raises:
        ConfigurationError: An argument or environment variable cannot be right; nothing has been sent.

    Example:
        with IAMClient() as iam:
            print((iam.account.get()).company_name)
    """

    def __init__(
        self,
        auth: APIKey | Session | str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        retries: RetryPolicy | int | None = None,
        http_client: httpx.Client | None = None,
        transport: httpx.BaseTransport | None = None,
        headers: Mapping[str, str] | None = None,
        max_response_bytes: int | None = DEFAULT_MAX_RESPONSE_BYTES,
        allow_http: bool = False,
    ) -> None:
        self._http = HTTPClient.opened(
            _credentials(auth),
            base_url=base_url,
            timeout=timeout,
            retries=retries,
            http_client=http_client,
            transport=transport,
            headers=headers,
            max_response_bytes=max_response_bytes,
            allow_http=allow_http,
        )

    @property
    def api(self) -> Client:
        """The generated client, ready to use: `iam_get_user.sync_detailed(5, client=iam.api)`."""
        return self._http.api

    @cached_property
    def auth(self) -> Auth:
        """Session tokens by hand, and forgotten passwords."""
        from .resources.auth import Auth

        return Auth(self._http)

    @cached_property
    def account(self) -> Account:
        """The account that the credentials belong to."""
        from .resources.account import Account

        return Account(self._http)

    @cached_property
    def users(self) -> Users:
        """The users of the account, their roles, and invitations."""
        from .resources.users import Users

        return Users(self._http)

    @cached_property
    def tokens(self) -> Tokens:
        """Permanent API tokens."""
        from .resources.tokens import Tokens

        return Tokens(self._http)

    @cached_property
    def with_raw_response(self) -> RawIAMClient:
        """The same methods, which give a `RawResponse` with status, headers and model of that one call.

        Without `users.list`, `account.logins` and `tokens.rotate`, which ask more than once.
        """
        return RawIAMClient(self)

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        retries: RetryPolicy | int | None = None,
        headers: Mapping[str, str] | None = None,
        auth: APIKey | Session | str | None = None,
        max_response_bytes: int | Unset | None = UNSET,
    ) -> Self:
        """A changed view of this client, which stays as it is. They share their connections.

        The connections are closed with this client; closing the view ends the view alone.

        Args:
            timeout: Seconds for each step of a request, above 0, or an `httpx.Timeout`; None for the same.
            retries: A `RetryPolicy`, or a number of retries, 0 or more; None for the same.
            headers: More headers for every request; None for no more.
            auth: Other credentials; None for the same.
            max_response_bytes: Bytes that the body of a response may have, 1 or more; None for no bound, left out for
                the same.

        Returns:
            The view.

        Raises:
            ConfigurationError: An argument cannot be right.
        """
        view = type(self).__new__(type(self))
        view._http = self._http.view(
            auth=self._http.credentials.auth if auth is None else _credentials(auth),
            timeout=timeout,
            retries=retries,
            headers=headers,
            max_response_bytes=max_response_bytes,
        )
        return view

    def close(self) -> None:
        """Close all connections. The client cannot be used afterwards.

        Waits at most 55 seconds for an exchange of session tokens. An interrupt during the wait is raised when the
        connections are closed.
        """
        complete(self._http.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        http: HTTPClient | None = self.__dict__.get("_http")  # missing when the constructor has failed
        return f"{type(self).__name__}({f'base_url={str(http.base_url)!r}' if http else ''})"


class RawIAMClient:
    """The resources of a client, whose methods give a `RawResponse`."""

    def __init__(self, iam: IAMClient) -> None:
        from .resources.account import RawAccount
        from .resources.auth import RawAuth
        from .resources.tokens import RawTokens
        from .resources.users import RawUsers

        self.auth = RawAuth(iam.auth)
        self.account = RawAccount(iam.account)
        self.users = RawUsers(iam.users)
        self.tokens = RawTokens(iam.tokens)


def _credentials(auth: APIKey | Session | str | None) -> APIKey | Session:
    if auth is None:
        return APIKey.from_environment()
    if isinstance(auth, APIKey | Session):
        return auth
    if isinstance(auth, str):
        return APIKey(auth)
    raise ConfigurationError(f"auth must be an APIKey, a Session or a str, not {type(auth).__name__}")
