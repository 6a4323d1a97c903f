"""The page about the official SDK names what that SDK has."""

from __future__ import annotations

import inspect
import re

import gcore
from gcore_iam import IAMClient, errors
from gcore_iam.testing import FakeIAM

from tests.docs.code_blocks import ROOT

PAGE = (ROOT / "docs" / "moving-from-gcore.md").read_text("utf-8")


def read_column(heading: str, number: int) -> str:
    """Return one column of the table below a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [re.split(r"(?<!\\)\|", line) for line in section.splitlines() if line.startswith("|")]
    return "\n".join(row[number] for row in rows[2:])


def has_path(root: object, path: str) -> bool:
    for name in path.split("."):
        if not hasattr(root, name):
            return False
        root = getattr(root, name)
    return True


def test_every_method_of_the_official_sdk_has_a_row() -> None:
    old = read_column("Methods", 1)
    client = gcore.Gcore(api_key="1")
    for prefix, resource in (
        ("", client.iam), ("users.", client.iam.users), ("api_tokens.", client.iam.api_tokens)
    ):  # fmt: skip
        for name, _ in inspect.getmembers(resource, inspect.ismethod):
            if not name.startswith("_"):
                assert f"`client.iam.{prefix}{name}(" in old
    for path in re.findall(r"`client\.([\w.]+)\(", old):
        assert has_path(client, path), path


def test_every_method_in_the_new_column_exists() -> None:
    with IAMClient("1_0", transport=FakeIAM(0).transport()) as iam:
        for path in re.findall(r"`iam\.([\w.]+)[`(]", read_column("Methods", 2)):
            assert has_path(iam, path), path


def test_the_positional_ids_are_in_the_order_of_the_page() -> None:
    with IAMClient("1_0", transport=FakeIAM(0).transport()) as iam:
        for path in ("users.revoke", "tokens.get", "tokens.delete"):
            resource, name = path.split(".")
            assert next(iter(inspect.signature(getattr(getattr(iam, resource), name)).parameters)) == "client_id"


def test_every_error_of_both_packages_has_a_row() -> None:
    old, new = read_column("Errors", 1), read_column("Errors", 2)
    for name in gcore.__all__:
        if name.endswith("Error"):
            assert f"`{name}" in old, name
    same = {"APIConnectionError", "APITimeoutError", "AuthenticationError", "PermissionDeniedError", "NotFoundError"}
    same |= {"ConflictError", "RateLimitError"}
    for name in vars(errors):
        if name.endswith("Error") and name not in same:
            assert f"`{name}" in new, name


def test_every_setting_in_the_table_exists() -> None:
    parameters = inspect.signature(gcore.Gcore).parameters
    for name in re.findall(r"`(\w+)=", read_column("Settings of the client", 1)):
        assert name in parameters, name
    parameters = inspect.signature(IAMClient).parameters
    for name in re.findall(r"`(\w+)=", read_column("Settings of the client", 2)):
        assert name in parameters, name
