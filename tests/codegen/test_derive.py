"""The sync half of the library: what deriving does, and that what is committed is what it gives."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from codegen import derive
from codegen.errors import CodegenError

OVERLAY = Path(__file__).parents[2] / "overlay" / "gcore_iam"

ASYNC = '''"""Things for async code."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
from ..helpers import zebra_async


class AsyncThing:
    """Use it so: `await thing.get()`, `async with AsyncThing()`."""

    async def get(self, work: Callable[[], Awaitable[int]]) -> int:
        async with httpx.AsyncClient() as client:
            response = await client.get("/")
            await response.aread()
        return await zebra_async(await work())

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        yield

    async def all(self) -> list[int]:
        return [item async for item in self]  # type: ignore[attr-defined]


class _AsyncHidden(AsyncThing): ...
'''

SYNC = '''# Derived from aio/thing.py by `make generate`. Do not edit: change that file.

"""Things for sync code."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from ..helpers import zebra


class Thing:
    """Use it so: `thing.get()`, `with Thing()`."""

    def get(self, work: Callable[[], int]) -> int:
        with httpx.Client() as client:
            response = client.get("/")
            response.read()
        return zebra(work())

    @contextmanager
    def held(self) -> Iterator[None]:
        yield

    def all(self) -> list[int]:
        return [item for item in self]  # type: ignore[attr-defined]


class _Hidden(Thing): ...
'''


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    (tmp_path / "aio").mkdir()
    (tmp_path / "aio" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "aio" / "thing.py").write_text(ASYNC, encoding="utf-8")
    shutil.copy(OVERLAY.parents[1] / "pyproject.toml", tmp_path)
    return tmp_path


def test_waiting_is_taken_out_of_code_and_docstrings(overlay: Path) -> None:
    assert derive.derived(overlay)["thing.py"] == SYNC


def test_writing_changes_what_differs_and_nothing_else(overlay: Path) -> None:
    assert derive.write(overlay) == ["__init__.py", "thing.py"]
    assert derive.write(overlay) == []
    assert derive.differences(overlay) == []
    assert (overlay / "sync" / "thing.py").read_text("utf-8") == SYNC


def test_a_hand_edit_a_stray_and_a_missing_file_are_told(overlay: Path) -> None:
    derive.write(overlay)
    (overlay / "sync" / "thing.py").write_text(SYNC + "\n", encoding="utf-8")
    (overlay / "sync" / "stray.py").write_text("", encoding="utf-8")
    (overlay / "sync" / "__init__.py").unlink()
    told = "\n".join(derive.differences(overlay))
    assert "stray.py: is not derived" in told
    assert "thing.py: is not what" in told
    assert "__init__.py: is missing" in told


def test_async_code_that_is_no_python_is_told_by_its_name(overlay: Path) -> None:
    (overlay / "aio" / "thing.py").write_text("def (:", encoding="utf-8")
    with pytest.raises(CodegenError, match=r"thing\.py"):
        derive.derived(overlay)


def test_a_missing_async_half_is_told(tmp_path: Path) -> None:
    with pytest.raises(CodegenError, match="no Python files"):
        derive.derived(tmp_path)


def test_the_sync_half_is_what_the_async_half_gives() -> None:
    assert derive.differences(OVERLAY) == []


def test_nothing_asynchronous_is_left_in_the_sync_half() -> None:
    for name, text in derive.derived(OVERLAY).items():
        for node in ast.walk(ast.parse(text)):
            assert not isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await), name
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert not {"anyio", "asyncio"} & {alias.name for alias in node.names}, name
