"""Both ways into the fake: in process, and over real HTTP on loopback."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest
from gcore_iam import AsyncIAMClient, IAMClient
from gcore_iam.testing import FakeIAM

USERS = 57


@pytest.fixture(scope="module")
def fake() -> FakeIAM:
    return FakeIAM(USERS)


@pytest.fixture(scope="module")
def served(fake: FakeIAM) -> Iterator[str]:
    with fake.serve() as url:
        yield url


@pytest.fixture(params=["in process", "over HTTP"])
def connection(request: pytest.FixtureRequest, fake: FakeIAM) -> dict[str, Any]:
    """The arguments that lead a client to the fake."""
    if request.param == "in process":
        return {"base_url": "http://localhost", "transport": fake.transport()}
    return {"base_url": request.getfixturevalue("served")}


@pytest.fixture
def iam(fake: FakeIAM, connection: dict[str, Any]) -> Iterator[IAMClient]:
    with IAMClient(fake.api_key, **connection) as client:
        yield client


@pytest.fixture
def make_async_iam(fake: FakeIAM, connection: dict[str, Any]) -> Callable[[], AsyncIAMClient]:
    return lambda: AsyncIAMClient(fake.api_key, **connection)


class ClientKind:
    """Runs a call with the sync or the async client, which must do the same."""

    def __init__(self, name: str) -> None:
        self.is_async = name != "sync"
        self._backend = name

    def run(self, call: Callable[[Any], Any], auth: Any, **options: Any) -> Any:
        """What a call of a client gives; what an async one gives is awaited."""
        if not self.is_async:
            with IAMClient(auth, **options) as iam:
                return call(iam)

        async def main() -> Any:
            async with AsyncIAMClient(auth, **options) as iam:
                result = call(iam)
                return await result if inspect.isawaitable(result) else result

        return anyio.run(main, backend=self._backend)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def client_kind(request: pytest.FixtureRequest) -> ClientKind:
    return ClientKind(request.param)


def connections_of(iam: IAMClient | AsyncIAMClient) -> Any:
    """The connections of a client: its httpx client, and the refreshes that are in flight."""
    api: Any = iam.api
    return api._connections


Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def answered() -> Callable[[Handler], IAMClient]:
    """A client whose server is a function."""
    return lambda handler: IAMClient("42_k3y-mark", transport=httpx.MockTransport(handler))
