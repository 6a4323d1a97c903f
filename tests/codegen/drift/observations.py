"""Observations, and the files that hold them."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import attrs

from codegen.observations import Kind, Observation

FIRST, LAST = "2026-11-01T06:00:00+00:00", "2026-11-29T06:00:00+00:00"


def observation(kind: Kind, pointer: str = "", detail: str = "", status: str = "200", **values: Any) -> Observation:
    """An observation of `POST /things`, seen three times."""
    first, last = map(datetime.datetime.fromisoformat, (FIRST, LAST))
    found = Observation("makeThing", status, pointer, kind, detail, "1", 3, first, last)
    return attrs.evolve(found, **values)


def entry(kind: str, pointer: str = "", detail: str = "", status: str = "200", **values: object) -> dict[str, Any]:
    """The same in a file; None takes a key away."""
    known = {"operation": "makeThing", "count": 3, "spec_version": "1", "first_seen": FIRST, "last_seen": LAST}
    whole = {"kind": kind, "pointer": pointer, "detail": detail, "status": status, **known, **values}
    return {key: value for key, value in whole.items() if value is not None}


def write(path: Path, *entries: object) -> Path:
    """Write an observation file."""
    path.write_text(json.dumps({"format": 1, "observations": entries}), encoding="utf-8")
    return path
