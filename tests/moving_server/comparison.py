"""Compares what an observer sees of a server with what the drift review expects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import attrs
import pytest
from gcore_iam.observe import ObservationKind
from gcore_iam_client.description import DESCRIPTION

from .calls import observe
from .expected import Fact, expect_facts
from .versions import Document, build_versions, read_history


@attrs.frozen
class Step:
    """A client of one version of the spec meets a server of another one."""

    client: Document = attrs.field(repr=False)
    server: Document = attrs.field(repr=False)

    def find_expected(self) -> frozenset[Fact]:
        """Return the facts that follow from the differences between the two versions."""
        return _expect(json.dumps(self.client), json.dumps(self.server))

    def find_observed(self) -> frozenset[Fact]:
        """Return the facts that an observer of the client sees."""
        return _observe(json.dumps(self.client), json.dumps(self.server))


@cache
def _expect(client: str, server: str) -> frozenset[Fact]:
    """Compare once what several tests ask for."""
    return frozenset(expect_facts(json.loads(client), json.loads(server)))


@cache
def _observe(client: str, server: str) -> frozenset[Fact]:
    """Observe once what several steps have in common: half of upstream's versions changed prose only.

    The use of deprecated operations does not count: it says what the client does, and not what the server sends.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gcore_iam_client.description.DESCRIPTION", json.loads(client))
        seen = observe(json.loads(server), patch)
    return frozenset(
        (one.operation, one.status, one.pointer, one.kind, one.detail)
        for one in seen
        if one.kind is not ObservationKind.DEPRECATED_OPERATION
    )


def list_steps() -> Mapping[str, Step]:
    """List the steps by name: from this client to each version, and from each past version to the next one."""
    steps = {f"to {name}": Step(DESCRIPTION, server) for name, server in build_versions().items()}
    for (name, before), (next_name, after) in pairwise(read_history().items()):
        steps[f"{name} to {next_name}"] = Step(before, after)
    return steps
