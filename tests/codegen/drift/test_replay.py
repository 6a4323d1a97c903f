"""Replays synthetic histories: every step is a random change whose verdict is known, and none may be judged wrongly.

`DRIFT_REPLAY=FOLDER` replays the specs of a folder as well.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from codegen.drift.load import Input, parse_input
from codegen.drift.review import Project, review
from codegen.spec import load
from tests.codegen.drift.mutations import MUTATIONS
from tests.codegen.drift.pairs import TODAY
from tests.codegen.support import Document
from tests.moving_server.versions import HISTORY, merge

ROOT = Path(__file__).parents[3]
SPECS = [ROOT / "spec" / "iam_api.yaml", ROOT / "tests" / "codegen" / "kitchen_sink.yaml"]
SPECS += sorted(Path(os.environ["DRIFT_REPLAY"]).glob("*.yaml")) if "DRIFT_REPLAY" in os.environ else []
SEEDS = 10 if os.environ.get("MORE_EXAMPLES") else 5
"""Histories of each spec. Each makes every change once, so that none depends on luck; `test_wire_properties.py` tries
many more pairs of small specs."""

LEAST_CHANGES = 15
"""Two or three of the 18 changes find no place in some specs, or an earlier one has taken theirs."""

PROJECT = Project((), ROOT / "generator-config.yml", ROOT / "overlay" / "gcore_iam")

KNOWN = {
    "breaking": {"011", "014", "019", "027"},
    "warning": {"004", "007", "009", "010", "023", "028"},
    "compatible": {"005", "024", "029"},
}
"""The steps of this API's own history that changed something on the wire, as people judged them."""

SMALL: Document = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        f"/{name}": {
            "get": {
                "operationId": f"get_{name}",
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {
                        "description": "Some.",
                        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
                    },
                    "204": {"description": "None."},
                },
            },
            "delete": {"responses": {"204": {"description": "Removed."}}},
        }
        for name in ("users", "keys", "groups")
    },
    "components": {
        "schemas": {
            name: {
                "type": "object",
                "required": ["id", "name", "size"],
                "properties": {
                    "id": {"type": "integer"},
                    "name": {"type": "string"},
                    "size": {"type": "number"},
                    "kind": {"type": "string", "enum": ["a", name]},
                    "note": {"type": "string"},
                    "flag": {"type": "boolean"},
                },
            }
            for name in ("users", "keys", "groups")
        }
    },
}


def history(document: Document, seed: int) -> Iterator[tuple[str, str, Input]]:
    """Yield the expected verdict, the change and the spec of each step, the first spec at the beginning.

    Every change that fits the spec is made once, in random order and at a random place.
    """
    random = Random(seed)  # noqa: S311 - it has to be the same in every run
    document = copy.deepcopy(document)
    yield "", "", read(document)
    changes = [(verdict, mutation) for verdict, mutations in MUTATIONS.items() for mutation in mutations]
    for verdict, mutation in random.sample(changes, len(changes)):
        if mutation(document, random):
            yield verdict, mutation.__name__, read(document)


def read(document: Document) -> Input:
    """Read a document as a spec."""
    return parse_input(json.dumps(document, indent=1).encode(), "api.json", generating=False)


def wrong_steps(document: Document, seed: int) -> list[object]:
    """The steps that the review judges wrongly."""
    wrong: list[object] = []
    before: Input | None = None
    count = 0
    for count, (verdict, name, after) in enumerate(history(document, seed)):
        if before is not None:
            found = review(before, after, PROJECT, layers=("wire", "docs"), today=TODAY)
            if found.verdict.wire != verdict:
                entries = [(change.id, change.level, change.message) for change in found.changes]
                wrong.append((count, name, verdict, found.verdict.wire, entries[:5]))
        before = after
    assert count >= LEAST_CHANGES
    return wrong


def test_each_step_of_this_api_is_judged_rightly() -> None:
    found: dict[str, set[str]] = {}
    document: Document = {"info": {"title": "IAM", "version": "1"}}
    before: Input | None = None
    for step in map(json.loads, HISTORY.read_text("utf-8").splitlines()):
        document = merge(document, step["changes"])
        after = read(document)
        if before is not None:
            verdict = review(before, after, PROJECT, layers=("wire", "docs"), today=TODAY).verdict.wire
            found.setdefault(str(verdict), set()).add(step["version"])
        before = after

    assert len(found.pop("none")) == 16
    assert found == KNOWN


@pytest.mark.parametrize("seed", range(10))
def test_a_short_synthetic_history_is_judged_rightly(seed: int) -> None:
    assert wrong_steps(SMALL, seed) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("spec", SPECS, ids=[spec.stem for spec in SPECS])
def test_a_synthetic_history_of_an_api_is_judged_rightly(spec: Path, seed: int) -> None:
    assert wrong_steps(load(spec).document, seed) == []
