"""Pagers for generated list operations."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, overload

from ._bound_client import UnboundClient
from .errors import ConfigurationError, DecodeError
from .events import PageRead, build_emit
from .pagination.pages import PREFETCH_BYTES, Consistency, Identity, Key, Page, Received, Window
from .raw_response import get_model

if TYPE_CHECKING:
    from gcore_iam_client import Client
    from gcore_iam_client.types import Response

    from .aio.pager import AsyncPager
    from .pagination.checkpoint import Checkpoint
    from .sync.pager import Pager

_OWN = {"limit", "offset", "client"}
"""Parameters of an operation that are a pager's own."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _Results(Protocol[T_co]):
    @property
    def results(self) -> Sequence[T_co]: ...


class _Result(Protocol[T_co]):
    @property
    def result(self) -> Sequence[T_co]: ...


Listed: TypeAlias = _Results[T] | _Result[T] | Sequence[T]
"""The answers of list operations: a page with `results`, one with `result`, or all of it."""


class Answered(Protocol[T_co]):
    """A `Response`, read only."""

    @property
    def parsed(self) -> T_co | None: ...


@overload
def paginate(
    operation: Callable[..., Answered[Listed[T]]],
    *,
    client: Client,
    key: Callable[[T], Key] | None = None,
    page_size: int = 100,
    start: int = 0,
    max_items: int | None = None,
    prefetch: int = 4,
    consistency: Consistency = "strict",
    resume: Checkpoint | None = None,
    prefetch_bytes: int = PREFETCH_BYTES,
    **arguments: object,
) -> Pager[T]: ...


@overload
def paginate(
    operation: Callable[..., Awaitable[Answered[Listed[T]]]],
    *,
    client: Client,
    key: Callable[[T], Key] | None = None,
    page_size: int = 100,
    start: int = 0,
    max_items: int | None = None,
    prefetch: int = 4,
    consistency: Consistency = "strict",
    resume: Checkpoint | None = None,
    prefetch_bytes: int = PREFETCH_BYTES,
    **arguments: object,
) -> AsyncPager[T]: ...


def paginate(
    operation: Callable[..., Any],
    *,
    client: Client,
    key: Callable[[Any], Key] | None = None,
    page_size: int = 100,
    start: int = 0,
    max_items: int | None = None,
    prefetch: int = 4,
    consistency: Consistency = "strict",
    resume: Checkpoint | None = None,
    prefetch_bytes: int = PREFETCH_BYTES,
    **arguments: object,
) -> Pager[Any] | AsyncPager[Any]:
    """Iterate over all items of any generated list operation, whatever the number of pages.

    Args:
        operation: Its `sync_detailed` with the `api` of an `IAMClient`, its `asyncio_detailed` with that of an
            `AsyncIAMClient`. It takes `limit` and `offset`, and its answer is a page with `results` or `result`, or a
            bare array.
        client: `iam.api`.
        key: Gives what an item is recognised by when the list shifts while it is read, such as its id: an int or a str
            that no two items share. None takes all that an item says, for lists like that of logins, where nothing is
            unique; there, an item that changes while the list is read counts as another one, and of items that equal
            one another some may be left out or repeated while the list changes.
        page_size: Items to ask for at once, 1 to 1000.
        start: Items to skip, 0 or more.
        max_items: Items to stop after, 0 or more; None for all.
        prefetch: Pages to ask for ahead of the reader, 1 to 64; 1 asks for each when it is needed, and not before.
        consistency: "strict" loses and repeats nothing when others add and delete meanwhile, for one item more per
            page; "fast" takes pages as they come.
        resume: Where to go on: what `checkpoint()` of a pager of the same operation has given, in place of `start`.
        prefetch_bytes: Bytes of answers to hold ahead of the reader, 1 or more; one page is always allowed.
        arguments: More arguments of the operation, such as filters.

    Returns:
        The items, in the server's order. Nothing is sent before it is iterated.

    Raises:
        ConfigurationError: An argument is out of its range, the operation does not come in pages, or `resume` is not
            one of its checkpoints.
    """
    is_whole = inspect.isfunction(operation) and operation.__name__ in ("sync_detailed", "asyncio_detailed")
    parameters = set(inspect.signature(operation).parameters) if is_whole else set[str]()
    described = getattr(sys.modules.get(operation.__module__), "OPERATION", None) if is_whole else None
    if described is None or not parameters >= _OWN:
        raise ConfigurationError(
            "operation must be sync_detailed or asyncio_detailed of a generated operation with limit and offset, such "
            "as iam_get_users.sync_detailed"
        )
    odd = sorted(arguments.keys() - (parameters - _OWN))
    if odd:
        raise ConfigurationError(f"{described.id} takes no {' and no '.join(odd)} here")
    if resume is not None and start:
        raise ConfigurationError("give start or resume, not both: resume says where to go on")
    window = Window(page_size, start, max_items, prefetch, consistency, prefetch_bytes)
    name: str = described.id
    settings: dict[str, Any] = {
        "operation": f"{name} {_digest(arguments)}" if arguments else name,
        "resume": resume,
        "on_page": _build_on_page(client, name),
    }
    if inspect.iscoroutinefunction(operation):
        from .aio.pager import AsyncPager

        def bind_async(control: Any) -> Any:
            bound = _bind_client(client, control)

            async def fetch(offset: int, limit: int) -> Received[Any]:
                return _received(await operation(client=bound, offset=offset, limit=limit, **arguments), name)

            return fetch

        return AsyncPager(bind_async(None), window, _identity(key), bind=bind_async, **settings)

    from .sync.pager import Pager

    def bind(control: Any) -> Any:
        bound = _bind_client(client, control)

        def fetch(offset: int, limit: int) -> Received[Any]:
            return _received(operation(client=bound, offset=offset, limit=limit, **arguments), name)

        return fetch

    return Pager(bind(None), window, _identity(key), bind=bind, **settings)


def _bind_client(client: Client, control: Any) -> Client:
    """Give a client a control; a generated client that is not bound obeys none."""
    return client.with_control(control) if control is not None and hasattr(client, "with_control") else client


def _build_on_page(client: Client, operation: str) -> Callable[[Page[Any]], object] | None:
    """Build what reports pages as events; None when no callback takes them."""
    emit = build_emit(client.config.on_event) if isinstance(client, UnboundClient) else None
    if emit is None:
        return None

    def report(page: Page[Any]) -> None:
        emit(PageRead(operation, page.number, page.offset, len(page.items), page.total))

    return report


def _identity(key: Callable[[Any], Key] | None) -> Identity[Any]:
    """How items are recognised: by a key of theirs, or by all that they say."""
    # A key of its own may be missing: a null passes the models wherever it comes.
    return Identity(_content, is_unique=False) if key is None else Identity(key, is_unique=True, content=_content)


def _content(item: Any) -> str:
    return _digest(item.to_dict() if hasattr(item, "to_dict") else item)


def _digest(value: object) -> str:
    """A short text that is the same for values with the same JSON form."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def _received(response: Response[Any], operation: str) -> Received[Any]:
    """A page from an answer.

    Raises:
        DecodeError: It holds no list.
    """
    answer = get_model(response)
    if isinstance(answer, list):
        return Received(answer, len(answer), whole=True, size=len(response.content))
    key = "results" if hasattr(answer, "results") else "result"
    items, count = getattr(answer, key, None), getattr(answer, "count", None)
    if not isinstance(items, list):
        problem = f"key {key!r} must be an array"
        raise DecodeError(problem, operation=operation, model=type(answer).__name__, key=key)
    is_count = isinstance(count, int) and not isinstance(count, bool) and count >= 0
    return Received(items, count if is_count else None, size=len(response.content))
