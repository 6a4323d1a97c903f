"""Looks for secrets in local variables, as monitors show them: Sentry, loguru with `diagnose`, rich with locals."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import Any

import attrs


def render(value: object, depth: int = 5) -> Iterator[str]:
    """Yield the texts that any of these monitors shows of a value.

    All three show its repr. Sentry shows the items of each mapping and sequence, whatever its own repr is; rich shows
    the fields of attrs classes, and the beginning of a long text.
    """
    try:
        yield repr(value)
    except Exception as error:  # noqa: BLE001 - an object whose constructor has not finished
        yield str(error)
    if isinstance(value, str | bytes):
        yield repr(value[:80])
    elif depth == 0 or isinstance(value, type):
        return
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from render(item, depth - 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from render(item, depth - 1)
    elif attrs.has(type(value)):
        model: Any = type(value)
        for field in attrs.fields(model):
            if field.repr is True and hasattr(value, field.name):
                yield from render(getattr(value, field.name), depth - 1)
            elif callable(field.repr):
                yield str(field.repr(getattr(value, field.name)))


def find_leaks(frames: Iterable[FrameType], secrets: Iterable[str], user_folder: str) -> set[str]:
    """Find the local variables that show a secret, in frames of other files than those in a folder: the user's own."""
    leaks = set()
    for frame in frames:
        if frame.f_code.co_filename.startswith(user_folder):
            continue
        for name, value in frame.f_locals.items():
            shown = "\n".join(render(value))
            if any(secret in shown for secret in secrets):
                leaks.add(f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}: {name}")
    return leaks


def walk_traceback(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames of an exception, and of the exceptions that led to it."""
    pending: list[Any] = [error]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        traceback = current.__traceback__
        while traceback is not None:
            yield traceback.tb_frame
            traceback = traceback.tb_next
        pending += (current.__cause__, current.__context__, *getattr(current, "exceptions", ()))


def walk_stack() -> Iterator[FrameType]:
    """Yield the frames that run, up to the test runner: what a monitor shows for a message within a callback."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not str(frame.f_globals.get("__name__")).startswith("_pytest"):
        yield frame
        frame = frame.f_back
