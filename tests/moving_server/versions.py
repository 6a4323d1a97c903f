"""The versions of the spec that the server has: upstream's past ones, and some that may come."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gcore_iam.testing.schemas import normalize_schemas
from gcore_iam_client.description import DESCRIPTION

from codegen import corrections

Document = dict[str, Any]

HISTORY = Path(__file__).with_name("history.jsonl")
CORRECTIONS = corrections.load(Path(__file__).parents[2] / "spec" / "corrections.yaml")


def read_history() -> dict[str, Document]:
    """Read the past versions by number and date, with the corrections that apply to them."""
    history: dict[str, Document] = {}
    document: Any = {}
    for line in HISTORY.read_text("utf-8").splitlines():
        step = json.loads(line)
        document = merge(document, step["changes"])
        corrected = copy.deepcopy(document)
        corrections.apply(CORRECTIONS, corrected, lenient=True)
        name_operations(corrected)
        history[f"{step['version']}, {step['date']}"] = normalize_schemas(corrected)
    return history


def name_operations(document: Document) -> None:
    """Give each operation the id that it has in this client's spec: the first versions had no ids."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            operation["operationId"] = DESCRIPTION["paths"][path][method]["operationId"]


def merge(target: Any, patch: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def remove_v1_tokens(document: Document) -> None:
    """The API tokens of version 1 are gone: the spec documents 404 for them, so a 404 shows nothing new."""
    for path in [path for path in document["paths"] if path.startswith("/iam/clients/{clientId}/tokens")]:
        del document["paths"][path]


def add_french(document: Document) -> None:
    """Users may speak French, and have no company."""
    schemas = document["components"]["schemas"]
    schemas["Language"]["enum"].append("fr")
    for name in ("BaseUser", "User", "UserPublic"):
        schemas[name]["properties"]["company"] = {"type": ["string", "null"]}


def drop_count(document: Document) -> None:
    """Pages no longer say how many items there are: `spec/corrections.yaml` already allows that, so nothing shows."""
    for name in ("PaginatedUsersArray", "LastLoginTimeSchema"):
        del document["components"]["schemas"][name]["properties"]["count"]


def change_users(document: Document) -> None:
    """Users have other ids, a rank and no email address, and invitations are accepted before they are sent."""
    user = document["components"]["schemas"]["UserPublic"]
    user["properties"] |= {"id": {"type": "string"}, "rank": {"type": "integer"}}
    del user["properties"]["email"]
    user["required"] = ["rank", *(name for name in user["required"] if name != "email")]
    document["paths"]["/iam/clients/invite_user"]["post"]["responses"]["202"] = {}


FUTURE: Mapping[str, Callable[[Document], None]] = {
    "without tokens of v1": remove_v1_tokens,
    "with French and null": add_french,
    "without count": drop_count,
    "with other users": change_users,
}


def build_versions() -> dict[str, Document]:
    """Build every version by its name, the one of this client included."""
    versions = {**read_history(), "this client's": copy.deepcopy(DESCRIPTION)}
    for name, change in FUTURE.items():
        versions[name] = copy.deepcopy(DESCRIPTION)
        change(versions[name])
    return versions
