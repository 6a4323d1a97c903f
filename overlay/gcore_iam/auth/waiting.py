"""Functions of the user's, called as sync and as async code has to: each helper has a twin with `_async` at its end."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

from ..background import pause
from ..errors import ConfigurationError

T = TypeVar("T")


def resolve_callback(ask: Callable[[], str | Awaitable[str]], name: str) -> str:
    """Call the user's function that gives a secret, and return the secret.

    Raises:
        ConfigurationError: The function gives something else, or is a coroutine function.
    """
    answer = ask()
    _refuse(answer, f"the function for {name}")
    return _text(answer, name)


async def resolve_callback_async(ask: Callable[[], str | Awaitable[str]], name: str) -> str:
    """Call the user's function that gives a secret, which may be a coroutine function, and return the secret."""
    answer = ask()
    return _text(await answer if isinstance(answer, Awaitable) else answer, name)


def _refuse(answer: object, function: str) -> None:
    if isinstance(answer, Awaitable):
        if isinstance(answer, Coroutine):
            answer.close()  # or Python warns that it was never awaited
        raise ConfigurationError(f"{function} is for async code, with AsyncIAMClient")


def _text(answer: object, name: str) -> str:
    if not isinstance(answer, str):
        raise ConfigurationError(f"the function for {name} must give a str, not {type(answer).__name__}")
    return answer


def run_in_thread(work: Callable[..., T], *arguments: object) -> T:
    """Call a function that may block."""
    return work(*arguments)


async def run_in_thread_async(work: Callable[..., T], *arguments: object) -> T:
    """Call a function that may block, in a worker thread."""
    import anyio.to_thread

    # A limiter of its own: the threads of the default one may all be waiting for what is done here.
    return await anyio.to_thread.run_sync(work, *arguments, limiter=anyio.CapacityLimiter(1))


def slept(sleep: Callable[[float], object] | None, seconds: float) -> None:
    """Let time pass, really or by a function of the user's.

    Raises:
        ConfigurationError: It is a coroutine function.
    """
    answer = (sleep or pause)(seconds)
    _refuse(answer, "the retry policy's sleep")


async def slept_async(sleep: Callable[[float], object] | None, seconds: float) -> None:
    """The same; it may be a coroutine function."""
    import anyio

    answer = (sleep or anyio.sleep)(seconds)
    if isinstance(answer, Awaitable):
        await answer


def check_taker(name: str, take: object) -> None:
    """Look at a function of the user's before it is needed.

    Raises:
        ConfigurationError: It is no function, a coroutine function, or takes something else than one argument.
    """
    check_taker_async(name, take)
    if inspect.iscoroutinefunction(take):
        raise ConfigurationError(f"{name} is a coroutine function; those are for async code, with AsyncIAMClient")


def check_taker_async(name: str, take: object) -> None:
    """The same; it may be a coroutine function."""
    if not callable(take):
        raise ConfigurationError(f"{name} must be a function, not {type(take).__name__}")
    try:
        inspect.signature(take).bind(None)
    except ValueError:  # a function of C that does not tell
        return
    except TypeError as error:
        raise ConfigurationError(f"{name} must be a function of one argument: {error}") from None


def invoke_callback(take: Callable[[T], object], value: T) -> None:
    """Call the user's function with a value.

    Raises:
        ConfigurationError: It is a coroutine function.
    """
    answer = take(value)
    _refuse(answer, "this function")


async def invoke_callback_async(take: Callable[[T], object], value: T) -> None:
    """Call the user's function, which may be a coroutine function, with a value."""
    answer = take(value)
    if isinstance(answer, Awaitable):
        await answer
