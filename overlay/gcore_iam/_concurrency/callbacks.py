"""Calls functions of the user, and waits."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, TypeVar

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .workers import AsyncRequestControl, RequestControl

T = TypeVar("T")


def resolve_callback(callback: Callable[[], str | Awaitable[str]], name: str) -> str:
    """Call a function that returns a secret.

    Args:
        callback: The function.
        name: What the function returns, for error messages.

    Raises:
        ConfigurationError: The function does not return a str, or is a coroutine function.
    """
    value = callback()
    _reject_coroutine(value, f"the function for {name}")
    return _check_str(value, name)


async def resolve_callback_async(callback: Callable[[], str | Awaitable[str]], name: str) -> str:
    """Call a function that returns a secret; it may be a coroutine function."""
    value = callback()
    return _check_str(await value if isinstance(value, Awaitable) else value, name)


def invoke_callback(callback: Callable[[T], object], value: T) -> None:
    """Call a function with a value.

    Raises:
        ConfigurationError: It is a coroutine function.
    """
    _reject_coroutine(callback(value), "this function")


async def invoke_callback_async(callback: Callable[[T], object], value: T) -> None:
    """Call a function with a value; it may be a coroutine function."""
    result = callback(value)
    if isinstance(result, Awaitable):
        await result


def _reject_coroutine(value: object, function: str) -> None:
    if isinstance(value, Awaitable):
        if isinstance(value, Coroutine):
            value.close()  # or Python warns that it was never awaited
        raise ConfigurationError(f"{function} is for async code, with AsyncIAMClient")


def _check_str(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"the function for {name} must return a str, not {type(value).__name__}")
    return value


def run_in_thread(function: Callable[..., T], *arguments: object) -> T:
    """Call a function that may block; in sync code in the same thread."""
    return function(*arguments)


async def run_in_thread_async(function: Callable[..., T], *arguments: object) -> T:
    """Call a function that may block, in a worker thread."""
    import anyio.to_thread

    # A limiter of its own: all threads of the default one may be waiting for what this function does.
    return await anyio.to_thread.run_sync(function, *arguments, limiter=anyio.CapacityLimiter(1))


def sleep(seconds: float, callback: Callable[[float], object] | None, control: RequestControl | None) -> None:
    """Wait for a number of seconds.

    Args:
        seconds: How long.
        callback: A function of the user's that waits instead; None for the real thing.
        control: What can cancel the wait; None for nothing.

    Raises:
        ConfigurationError: The callback is a coroutine function.
    """
    if callback is not None:
        _reject_coroutine(callback(seconds), "the retry policy's sleep")
    elif control is not None:
        control.sleep(seconds)
    else:
        time.sleep(seconds)


async def sleep_async(
    seconds: float, callback: Callable[[float], object] | None, control: AsyncRequestControl | None
) -> None:
    """Wait for a number of seconds; the callback may be a coroutine function."""
    import anyio

    del control  # a cancelled task stops waiting by itself
    result = (callback or anyio.sleep)(seconds)
    if isinstance(result, Awaitable):
        await result
