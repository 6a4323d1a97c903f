"""The page about the official SDK names what that SDK has."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import gcore
import httpx
import pytest
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


def list_methods() -> dict[str, Callable[..., object]]:
    """Return the methods of the official SDK for IAM by their names on the page."""
    client = gcore.Gcore(api_key="1")
    resources = {"": client.iam, "users.": client.iam.users, "api_tokens.": client.iam.api_tokens}
    return {
        f"client.iam.{prefix}{name}": method
        for prefix, resource in resources.items()
        for name, method in inspect.getmembers(resource, inspect.ismethod)
        if not name.startswith("_")
    }


def test_every_method_of_the_official_sdk_has_a_row() -> None:
    old = read_column("Methods", 1)
    client = gcore.Gcore(api_key="1")
    for name in list_methods():
        assert f"`{name}(" in old
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


def test_every_official_argument_is_on_the_page() -> None:
    old = read_column("Methods", 1) + read_column("Arguments", 1)
    for path, method in list_methods().items():
        for name in inspect.signature(method).parameters:
            assert re.search(rf"[`(, ]{name}[`=,)]", old), f"{name} of {path}"


def test_every_official_setting_is_on_the_page() -> None:
    old = read_column("Settings of the client", 1)
    parameters = set(inspect.signature(gcore.Gcore).parameters)
    source = "".join(path.read_text("utf-8") for path in Path(gcore.__file__).parent.glob("*.py"))
    source += (Path(gcore.__file__).parent / "_utils" / "_logs.py").read_text("utf-8")
    variables = set(re.findall(r'environ\.get\("(GCORE_\w+)"\)', source))
    assert len(variables) >= 6
    for name in {f"{each}=" for each in parameters} | variables:
        assert name in old, name


def test_the_official_defaults_are_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (gcore.DEFAULT_TIMEOUT.read, gcore.DEFAULT_TIMEOUT.connect) == (120, 5)
    assert gcore.DEFAULT_MAX_RETRIES == 2
    assert "`timeout=` (default 120 s, 5 s to connect)" in PAGE
    monkeypatch.delenv("GCORE_API_KEY", raising=False)
    with pytest.raises(gcore.GcoreError):
        gcore.Gcore()


@pytest.mark.parametrize("status", [400, 401, 404, 408, 409, 422, 429, 500, 501, 502, 503, 504])
def test_what_the_official_sdk_retries_is_on_the_page(status: int) -> None:
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(status, headers={"retry-after": "0.001"}, json={})

    http_client = httpx.Client(transport=httpx.MockTransport(respond))
    with gcore.Gcore(api_key="1", http_client=http_client) as client, pytest.raises(gcore.APIStatusError):
        client.iam.users.get(1)
    (line,) = re.findall(r"`gcore` retries (.*?)\.", PAGE)
    assert line == "408, 409, 429 and every 5xx"
    assert len(requests) == (3 if status in (408, 409, 429) or status >= 500 else 1)


def test_every_setting_in_the_table_exists() -> None:
    parameters = inspect.signature(gcore.Gcore).parameters
    for name in re.findall(r"`(\w+)=", read_column("Settings of the client", 1)):
        assert name in parameters, name
    parameters = inspect.signature(IAMClient).parameters
    for name in re.findall(r"`(\w+)=", read_column("Settings of the client", 2)):
        assert name in parameters, name
