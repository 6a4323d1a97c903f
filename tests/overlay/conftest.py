"""Clients of the fake of a test, of each kind: in process, and over real HTTP on loopback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any, Protocol, TypeAlias, TypedDict, TypeVar, Unpack

import anyio
import httpx
import pytest
import trustme
from gcore_iam import Anonymous, APIKey, AsyncIAMClient, BearerToken, IAMClient, RetryPolicy, Session
from gcore_iam.events import Event
from gcore_iam.observe import Observer
from gcore_iam.testing import FakeIAM
from gcore_iam.testing.http.transport import FakeTransport

T = TypeVar("T")

Auth: TypeAlias = APIKey | BearerToken | Anonymous | Session | str

EitherClient: TypeAlias = IAMClient | AsyncIAMClient
"""The parameter of code that both kinds of client run; what a method returns goes through `resolve`."""

EitherResult: TypeAlias = T | Coroutine[Any, Any, T]
"""What a method of either client returns."""


class AnyKindTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport of the tests for both kinds of client."""


class ClientOptions(TypedDict, total=False):
    """Arguments of the constructors of `IAMClient` and `AsyncIAMClient`."""

    base_url: str
    timeout: float | httpx.Timeout | None
    retries: RetryPolicy | int | None
    transport: FakeTransport | httpx.MockTransport | AnyKindTransport
    headers: Mapping[str, str] | None
    max_response_bytes: int | None
    allow_http: bool
    on_event: Callable[[Event], object] | None
    observer: Observer | None


@pytest.fixture(params=["in process", "over HTTP"])
def connection(request: pytest.FixtureRequest, fake: FakeIAM) -> ClientOptions:
    """The arguments that lead a client to the server."""
    if request.param == "in process":
        return {"base_url": "http://localhost", "transport": fake.transport()}
    return {"base_url": request.getfixturevalue("url")}


@pytest.fixture
def iam(fake: FakeIAM, connection: ClientOptions) -> Iterator[IAMClient]:
    with IAMClient(fake.api_key, **connection) as client:
        yield client


@pytest.fixture
def local_iam(fake: FakeIAM) -> Iterator[IAMClient]:
    """A client of the server, in process."""
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as client:
        yield client


@pytest.fixture
def make_async_iam(fake: FakeIAM, connection: ClientOptions) -> Callable[[], AsyncIAMClient]:
    return lambda: AsyncIAMClient(fake.api_key, **connection)


class ClientKind:
    """Runs code with the sync or the async client, which must do the same.

    Attributes:
        is_async: Whether it is the async client.
    """

    def __init__(self, name: str) -> None:
        self.is_async = name != "sync"
        self._backend = name

    def run(self, call: Callable[[EitherClient], EitherResult[T]], auth: Auth, **options: Unpack[ClientOptions]) -> T:
        """Make a call with a client, and return its result.

        Args:
            call: Makes the call. What the async client returns is awaited.
            auth: The credentials of the client.
            **options: Its other arguments.
        """

        def use(iam: IAMClient) -> T:
            result = call(iam)
            assert not isinstance(result, Coroutine), "the sync client returned a coroutine"
            return result

        async def use_async(iam: AsyncIAMClient) -> T:
            return await resolve(call(iam))

        return self.run_either(use, use_async, auth, **options)

    def run_either(
        self,
        use: Callable[[IAMClient], T],
        use_async: Callable[[AsyncIAMClient], Awaitable[T]],
        auth: Auth,
        **options: Unpack[ClientOptions],
    ) -> T:
        """Run the one of two functions that is for this kind of client, and return its result.

        Args:
            use: Uses the sync client.
            use_async: Does the same with the async client.
            auth: The credentials of the client.
            **options: Its other arguments.
        """
        if not self.is_async:
            with IAMClient(auth, **options) as iam:
                return use(iam)

        async def main() -> T:
            async with AsyncIAMClient(auth, **options) as iam:
                return await use_async(iam)

        return anyio.run(main, backend=self._backend)


async def resolve(value: EitherResult[T]) -> T:
    """Return what a method of either client returns; for the async client, what its coroutine does."""
    if isinstance(value, Coroutine):
        result: T = await value
        return result
    return value


class Runner(Protocol):
    """A fixture that makes a call with the client of a test, and returns its result."""

    def __call__(self, call: Callable[[EitherClient], EitherResult[T]]) -> T: ...


@pytest.fixture(params=["sync", "asyncio", "trio"])
def client_kind(request: pytest.FixtureRequest) -> ClientKind:
    return ClientKind(request.param)


@pytest.fixture
def run(client_kind: ClientKind, fake: FakeIAM, connection: ClientOptions) -> Runner:
    """Makes a call with a client that has the key of the fake, and returns its result."""

    def run(call: Callable[[EitherClient], EitherResult[T]]) -> T:
        return client_kind.run(call, fake.api_key, **connection)

    return run


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority that issues certificates; nothing changes it."""
    return trustme.CA()


Handler: TypeAlias = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def build_iam() -> Callable[[Handler], IAMClient]:
    """Builds a client whose server is a function; it does not wait between attempts."""
    retries = RetryPolicy(sleep=lambda _: None)
    return lambda handler: IAMClient("42_k3y-mark", transport=httpx.MockTransport(handler), retries=retries)
