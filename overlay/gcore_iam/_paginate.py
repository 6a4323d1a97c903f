"""Pagers for generated list operations."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar, overload

from gcore_iam_client import Client
from gcore_iam_client.types import Response

import gcore_iam

from ._validation import check_exclusive, check_instance
from ._validation.models import check_list_operation
from .errors import DecodeError
from .pagination.checkpoint import Checkpoint
from .pagination.options import DEFAULT_PREFETCH_BYTES, Consistency, Identity, Key, Page, PageOptions, PageResponse
from .raw_response import get_model

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _Results(Protocol[T_co]):
    @property
    def results(self) -> Sequence[T_co]: ...


class _Result(Protocol[T_co]):
    @property
    def result(self) -> Sequence[T_co]: ...


ListResponse: TypeAlias = _Results[T] | _Result[T] | Sequence[T]
"""The responses of list operations: a page with `results` or `result`, or the whole list."""


class ParsedResponse(Protocol[T_co]):
    """A `Response` with its model, whose type may vary."""

    @property
    def parsed(self) -> T_co | None: ...


@overload
def paginate(
    operation: Callable[..., ParsedResponse[ListResponse[T]]],
    *,
    client: Client,
    key: Callable[[T], Key] | None = None,
    page_size: int = 100,
    start: int = 0,
    max_items: int | None = None,
    prefetch: int = 4,
    consistency: Consistency = "strict",
    resume: Checkpoint | None = None,
    prefetch_bytes: int = DEFAULT_PREFETCH_BYTES,
    **arguments: object,
) -> gcore_iam.Pager[T]: ...


@overload
def paginate(
    operation: Callable[..., Awaitable[ParsedResponse[ListResponse[T]]]],
    *,
    client: Client,
    key: Callable[[T], Key] | None = None,
    page_size: int = 100,
    start: int = 0,
    max_items: int | None = None,
    prefetch: int = 4,
    consistency: Consistency = "strict",
    resume: Checkpoint | None = None,
    prefetch_bytes: int = DEFAULT_PREFETCH_BYTES,
    **arguments: object,
) -> gcore_iam.AsyncPager[T]: ...


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
    prefetch_bytes: int = DEFAULT_PREFETCH_BYTES,
    **arguments: object,
) -> gcore_iam.Pager[Any] | gcore_iam.AsyncPager[Any]:
    """Iterate over all items of any generated list operation.

    Args:
        operation: `sync_detailed` of the operation for an `IAMClient`, `asyncio_detailed` for an `AsyncIAMClient`. The
            operation takes `limit` and `offset`, and its response is a page with `results` or `result`, or a bare
            array.
        client: `iam.api`.
        key: Returns the key by which an item is recognized if the list shifts while it is read, such as its id: an int
            or a str that no two items share. None compares the whole content of items, for lists without unique
            values, such as the list of logins. Without a key, an item that changes while the list is read counts as
            another one, and some items that equal one another may be left out or repeated while the list changes. An
            item whose key is neither an int nor a str, such as a null item, is recognized by its content. If the
            function fails for an item that is not null, the iteration raises ConfigurationError.
        page_size: Items per request, 1 to 1000.
        start: Items to skip, 0 or more.
        max_items: Items to stop after, 0 or more; None for all.
        prefetch: Pages to request ahead of the caller, 1 to 64; 1 requests a page only when it is needed.
        consistency: "strict" loses and repeats no item when others add and delete meanwhile, and requests one more item
            per page for that; "fast" returns pages as the server sends them.
        resume: The `checkpoint()` of a pager of the same operation, to continue there instead of at `start`.
        prefetch_bytes: Bytes of responses to hold ahead of the caller, 1 or more; one page is always allowed.
        arguments: More arguments of the operation, such as filters.

    Returns:
        A pager over the items, in the server's order. It sends nothing before it is iterated.

    Raises:
        ConfigurationError: An argument is out of its range, the operation does not return pages, or `resume` is not
            one of its checkpoints.
    """
    name = check_list_operation(operation, arguments.keys())
    check_instance("client", client, Client, "the `api` of a client, as in client=iam.api")
    check_exclusive(": resume says where to continue", start=bool(start), resume=resume is not None)
    options = PageOptions(page_size, start, max_items, prefetch, consistency, prefetch_bytes)
    # `content` is needed even with a key: the models accept null for any value, so the key of an item may be missing.
    identity = Identity(_hash_item if key is None else key, is_unique=key is not None, content=_hash_item)
    settings: dict[str, Any] = {
        "operation": f"{name} {_hash_value(arguments)}" if arguments else name,
        "resume": resume,
        "on_page": _build_on_page(client, name),
    }
    if inspect.iscoroutinefunction(operation):

        def bind_async(control: Any) -> Any:
            bound = _bind_client(client, control)

            async def fetch(offset: int, limit: int) -> PageResponse[Any]:
                return _parse_page(await operation(client=bound, offset=offset, limit=limit, **arguments), name)

            return fetch

        return gcore_iam.AsyncPager(bind_async(None), options, identity, bind=bind_async, **settings)

    def bind(control: Any) -> Any:
        bound = _bind_client(client, control)

        def fetch(offset: int, limit: int) -> PageResponse[Any]:
            return _parse_page(operation(client=bound, offset=offset, limit=limit, **arguments), name)

        return fetch

    return gcore_iam.Pager(bind(None), options, identity, bind=bind, **settings)


def _bind_client(client: Any, control: Any) -> Client:
    """Return a client whose calls a control can cancel; a plain generated client, or a changed copy, stays as it is."""
    has_config = hasattr(client, "config")
    bound: Client = client.with_control(control) if has_config and control is not None else client
    return bound


def _build_on_page(client: Client, operation: str) -> Callable[[Page[Any]], object] | None:
    """Build the function that emits an event for each page; None if no callback is set."""
    config = getattr(client, "config", None)  # a plain generated client or a changed copy has none
    emit = None if config is None else config.build_emit()
    if emit is None:
        return None

    from .events import PageRead

    def report(page: Page[Any]) -> None:
        emit(PageRead(operation, page.number, page.offset, len(page.items), page.total))

    return report


def _hash_item(item: Any) -> str:
    """Return a digest of the content of an item."""
    return _hash_value(item.to_dict() if hasattr(item, "to_dict") else item)


def _hash_value(value: object) -> str:
    """Return a digest of the JSON form of a value."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def _parse_page(response: Response[Any], operation: str) -> PageResponse[Any]:
    """Read a page from the response of a list operation; raise DecodeError if it holds no list."""
    model = get_model(response)
    if isinstance(model, list):
        return PageResponse(model, len(model), is_whole=True, size=len(response.content))
    key = "results" if hasattr(model, "results") else "result"
    items, count = getattr(model, key, None), getattr(model, "count", None)
    if not isinstance(items, list):
        problem = f"key {key!r} must be an array"
        raise DecodeError(problem, operation=operation, model=type(model).__name__, key=key)
    is_count = isinstance(count, int) and not isinstance(count, bool) and count >= 0
    return PageResponse(items, count if is_count else None, size=len(response.content))
