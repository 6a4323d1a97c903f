"""The sync half of the library: what deriving does, and that what is committed is what it gives."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from codegen import unasync
from codegen.errors import CodegenError

OVERLAY = Path(__file__).parents[2] / "overlay" / "gcore_iam"

ASYNC = '''"""Things for async code, used by tasks and by event loops in the task of the call."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

import httpx

from ..api import asyncio_detailed
from ..helpers import zebra_async


class AsyncThing:
    """Use it so: `await thing.get()`, `(await thing.all())`, `async with AsyncThing()`, `(await other)`.

    See `handle_async_request`, `async_auth_flow`, `asyncio_detailed`, `aclosing`.
    """

    async def __aenter__(self) -> None: ...

    async def __aexit__(self) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[int]:
        return aiter(self)

    async def __anext__(self) -> int:
        raise StopAsyncIteration

    async def get(self, work: Callable[[], Awaitable[int]]) -> int:
        async with httpx.AsyncClient() as client:
            response = await client.get("/")
            await response.aread()
            assert isinstance(response.stream, httpx.AsyncByteStream)
            await asyncio_detailed(self.api.get_async_httpx_client())
        return await zebra_async(await work())

    async def held(self) -> None:
        async with contextlib.aclosing(self):
            return

    async def all(self) -> list[int]:
        return [item async for item in self]  # type: ignore[attr-defined]

    async def async_auth_flow(self) -> AsyncGenerator[httpx.Request, httpx.Response]:
        yield await self.handle_async_request("text")


class _AsyncHidden(AsyncThing):
    has_async_twin = True  # a name that is kept: only its end says which half it belongs to
'''

SYNC = '''# Derived from aio/thing.py by `make generate`. Do not edit: change that file.

"""Things for sync code, used by threads in the thread of the call."""

import contextlib
from collections.abc import Callable, Generator, Iterator

import httpx

from ..api import sync_detailed
from ..helpers import zebra


class Thing:
    """Use it so: `thing.get()`, `(thing.all())`, `with Thing()`, `(other)`.

    See `handle_request`, `sync_auth_flow`, `sync_detailed`, `closing`.
    """

    def __enter__(self) -> None: ...

    def __exit__(self) -> None:
        self.close()

    def __iter__(self) -> Iterator[int]:
        return iter(self)

    def __next__(self) -> int:
        raise StopIteration

    def get(self, work: Callable[[], int]) -> int:
        with httpx.Client() as client:
            response = client.get("/")
            response.read()
            assert isinstance(response.stream, httpx.SyncByteStream)
            sync_detailed(self.api.get_httpx_client())
        return zebra(work())

    def held(self) -> None:
        with contextlib.closing(self):
            return

    def all(self) -> list[int]:
        return [item for item in self]  # type: ignore[attr-defined]

    def sync_auth_flow(self) -> Generator[httpx.Request, httpx.Response, None]:
        yield self.handle_request("text")


class _Hidden(Thing):
    has_async_twin = True  # a name that is kept: only its end says which half it belongs to
'''


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    (tmp_path / "aio").mkdir()
    (tmp_path / "aio" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "aio" / "thing.py").write_text(ASYNC, encoding="utf-8")
    shutil.copy(OVERLAY.parents[1] / "pyproject.toml", tmp_path)
    return tmp_path


def test_waiting_is_taken_out_of_code_and_docstrings(overlay: Path) -> None:
    assert unasync.build_sync(overlay)["thing.py"] == SYNC


def test_writing_changes_what_differs_and_nothing_else(overlay: Path) -> None:
    assert unasync.write(overlay) == ["__init__.py", "thing.py"]
    assert unasync.write(overlay) == []
    assert unasync.find_differences(overlay) == []
    assert (overlay / "sync" / "thing.py").read_text("utf-8") == SYNC


def test_a_hand_edit_a_stray_and_a_missing_file_are_reported(overlay: Path) -> None:
    unasync.write(overlay)
    (overlay / "sync" / "thing.py").write_text(SYNC + "\n", encoding="utf-8")
    (overlay / "sync" / "stray.py").write_text("", encoding="utf-8")
    (overlay / "sync" / "__init__.py").unlink()
    report = "\n".join(unasync.find_differences(overlay))
    assert "stray.py: is not derived" in report
    assert "thing.py: is not what" in report
    assert "__init__.py: is missing" in report


def test_async_code_that_is_no_python_is_reported_by_its_name(overlay: Path) -> None:
    (overlay / "aio" / "thing.py").write_text("def (:", encoding="utf-8")
    with pytest.raises(CodegenError, match=r"thing\.py"):
        unasync.build_sync(overlay)


def test_a_missing_async_half_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CodegenError, match="no Python files"):
        unasync.build_sync(tmp_path)


def test_a_rule_that_matches_nothing_is_an_error(overlay: Path) -> None:
    thing = overlay / "aio" / "thing.py"
    thing.write_text(ASYNC.replace("aiter(self)", "iter(self)"), encoding="utf-8")
    with pytest.raises(CodegenError, match=r"aiter.* of CODE_RULES matches nothing"):
        unasync.build_sync(overlay)


def test_the_sync_half_is_what_the_async_half_gives() -> None:
    assert unasync.find_differences(OVERLAY) == []


def test_nothing_asynchronous_is_left_in_the_sync_half() -> None:
    for name, text in unasync.build_sync(OVERLAY).items():
        for node in ast.walk(ast.parse(text)):
            assert not isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await), name
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert not {"anyio", "asyncio"} & {alias.name for alias in node.names}, name
