"""Calls functions of the user in sync and async code, and sleeps."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, TypeVar, cast

from .._validation import check_instance
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .workers import AsyncRequestControl, RequestControl

T = TypeVar("T")


def resolve_callback(callback: Callable[[], str | Awaitable[str]], name: str) -> str:
    """Call a user's function that returns a secret.

    Args:
        callback: The function.
        name: The value that the function returns; for error messages.

    Raises:
        ConfigurationError: The function does not return a str, or is a coroutine function.
    """
    return _check_str(invoke_callback(callback, name=f"the function for {name}"), name)


async def resolve_callback_async(callback: Callable[[], str | Awaitable[str]], name: str) -> str:
    """Call a user's function that returns a secret; it may be a coroutine function."""
    return _check_str(await invoke_callback_async(callback), name)


def invoke_callback(callback: Callable[..., object], *arguments: object, name: str = "this function") -> object:
    """Call a user's function, and return its result.

    Args:
        callback: The function.
        arguments: Its arguments.
        name: The subject of the error message.

    Raises:
        ConfigurationError: The function is a coroutine function.
    """
    result = callback(*arguments)
    if isinstance(result, Awaitable):
        if isinstance(result, Coroutine):
            result.close()  # otherwise Python warns that it was never awaited
        raise ConfigurationError(f"{name} is for async code, with AsyncIAMClient")
    return result


async def invoke_callback_async(callback: Callable[..., object], *arguments: object) -> object:
    """Call a user's function, and return its result; it may be a coroutine function."""
    result = callback(*arguments)
    return await result if isinstance(result, Awaitable) else result


def _check_str(value: object, name: str) -> str:
    check_instance(f"the function for {name}", value, str, "a str", verb="return")
    return cast("str", value)


def run_in_thread(function: Callable[..., T], *arguments: object) -> T:
    """Call a function that may block, in this thread: sync code may block."""
    return function(*arguments)


async def run_in_thread_async(function: Callable[..., T], *arguments: object) -> T:
    """Call a function that may block, in a worker thread."""
    import anyio.to_thread

    # A new limiter: if all threads of the default limiter wait for this function, it would never start.
    return await anyio.to_thread.run_sync(function, *arguments, limiter=anyio.CapacityLimiter(1))


def sleep(
    seconds: float, callback: Callable[[float], object] | None = None, control: RequestControl | None = None
) -> None:
    """Sleep for a number of seconds.

    Args:
        seconds: How long.
        callback: The user's function that sleeps; None for `time.sleep`, or `anyio.sleep` in async code.
        control: The pager's control, which can end the sleep; None for none.

    Raises:
        ConfigurationError: The callback is a coroutine function.
    """
    if callback is not None:
        invoke_callback(callback, seconds, name="the retry policy's sleep")
    elif control is not None:
        control.sleep(seconds)
    else:
        time.sleep(seconds)


async def sleep_async(
    seconds: float, callback: Callable[[float], object] | None = None, control: AsyncRequestControl | None = None
) -> None:
    """Sleep for a number of seconds; the callback may be a coroutine function."""
    import anyio

    del control  # cancelling the task ends the sleep
    await invoke_callback_async(callback or anyio.sleep, seconds)
