"""What each generated function does with a response, for all operations."""

from __future__ import annotations

import importlib
import pkgutil
import typing
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import gcore_iam_client.api
import httpx
import pytest
from gcore_iam.testing import contract
from gcore_iam_client import AuthenticatedClient
from gcore_iam_client.errors import UnexpectedStatus


def _list_modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(gcore_iam_client.api.__path__, "gcore_iam_client.api."):
        module = importlib.import_module(info.name)
        if hasattr(module, "OPERATION"):
            yield module


MODULES = {module.OPERATION.id: module for module in _list_modules()}

each_operation = pytest.mark.parametrize("operation_id", sorted(MODULES))


def build_arguments(module: ModuleType) -> dict[str, Any]:
    """Build a value of each required parameter of the functions of an operation."""
    operation = contract.get_own_contract().operations[module.OPERATION.id]
    arguments: dict[str, Any] = {}
    for name, annotation in typing.get_type_hints(module.sync_detailed).items():
        if name == "body":
            arguments[name] = annotation.from_dict(operation.complete_body({}))
        elif annotation in (int, str):
            arguments[name] = annotation(7)
    return arguments


def build_client(status: int, payload: object = None, *, is_strict: bool = False) -> AuthenticatedClient:
    """Build a client whose server always returns the same response."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=payload))
    return AuthenticatedClient(
        "https://iam.example.com",
        token="key",
        raise_on_unexpected_status=is_strict,
        httpx_args={"transport": transport},
    )


def test_the_spec_and_the_package_have_the_same_operations() -> None:
    assert MODULES.keys() == contract.get_own_contract().operations.keys()


@each_operation
@pytest.mark.anyio
async def test_sync_and_async_functions_return_the_same(operation_id: str) -> None:
    module = MODULES[operation_id]
    example = contract.get_own_contract().operations[operation_id].build_example_response()
    assert example is not None
    has_body = isinstance(example.payload, dict | list)
    client = build_client(example.status, example.payload if has_body else None)
    arguments = {**build_arguments(module), "client": client}

    detailed = module.sync_detailed(**arguments)
    detailed_async = await module.asyncio_detailed(**arguments)

    assert detailed.status_code == detailed_async.status_code == example.status
    assert detailed.parsed == detailed_async.parsed
    assert detailed.parsed == module.sync(**arguments) == await module.asyncio(**arguments)
    assert (detailed.parsed is not None) is has_body


@each_operation
def test_an_unlisted_status_is_an_error_of_a_strict_client(operation_id: str) -> None:
    module = MODULES[operation_id]
    lenient = module.sync_detailed(**build_arguments(module), client=build_client(418))
    assert (lenient.status_code, lenient.parsed) == (418, None)
    with pytest.raises(UnexpectedStatus) as caught:
        module.sync_detailed(**build_arguments(module), client=build_client(418, is_strict=True))
    assert caught.value.status_code == 418
