"""What the tests of observers share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs
import httpx
from gcore_iam.observe import Observation, ObservationKind, Observer
from gcore_iam.testing import FakeIAM

from ..conftest import AnyKindTransport

Found: TypeAlias = tuple[str, str, str, str, str]
"""Operation, status, pointer, kind and detail of an observation."""

DAY = datetime(2026, 11, 29, 6, tzinfo=UTC)


def list_found(observations: Iterable[Observation]) -> set[Found]:
    """Return what was observed, without counts and times."""
    return {(one.operation, one.status, one.pointer, one.kind.value, one.detail) for one in observations}


def find(observer: Observer) -> set[Found]:
    """Wait for an observer, and return what it has found."""
    assert observer.flush(10)
    return list_found(observer.observations)


def build_observation(**changes: Any) -> Observation:
    """Build an observation with some other attributes."""
    observation = Observation(
        operation="iamGetUsers",
        status="200",
        pointer="/results/*/lang",
        kind=ObservationKind.UNDOCUMENTED_ENUM_VALUE,
        detail="fr",
        count=3,
        first_seen=DAY,
        last_seen=DAY,
        spec_version="2026-07-14",
    )
    return attrs.evolve(observation, **changes)


class ResponseEditor(AnyKindTransport):
    """Sends requests to a fake, and edits its responses.

    Args:
        fake: The fake.
        fields: Values of fields of the bodies; a body that is no object stays as it is.
        headers: Headers.
    """

    def __init__(
        self,
        fake: FakeIAM,
        fields: Mapping[str, object] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._transport = fake.transport()
        self._fields = fields
        self._headers = headers

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._transport.handle_request(request)
        response.read()
        return self._edit(response)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        await response.aread()
        return self._edit(response)

    def _edit(self, response: httpx.Response) -> httpx.Response:
        body = response.json()
        if isinstance(body, dict):
            body |= self._fields
        headers = {"content-type": response.headers["content-type"], **self._headers}
        return httpx.Response(response.status_code, content=json.dumps(body).encode(), headers=headers)
