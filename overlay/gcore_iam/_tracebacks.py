"""Clears the local variables of finished frames, which monitors such as Sentry, loguru and rich show."""

from __future__ import annotations

import sys
from contextlib import suppress

_PACKAGES = sys.stdlib_module_names | {
    *("gcore_iam", "gcore_iam_client"),
    *("anyio", "certifi", "h11", "h2", "hpack", "httpcore", "httpx", "hyperframe", "socksio", "trio"),
}
"""Packages whose frames may hold a request, a response or a token. Frames of the user's code are left as they are."""


def clear_locals(error: BaseException, handled: BaseException | None = None) -> None:
    """Clear the local variables of this library, of httpx and of the standard library in a traceback.

    The traceback keeps its files and lines. A frame that still runs is left as it is.

    Args:
        error: The exception. The exceptions that led to it are cleared, too.
        handled: The exception that was being handled when the call began; what led to it is the user's.
    """
    pending: list[BaseException | None] = [error]
    seen = {id(None), id(handled)}
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        traceback = current.__traceback__
        while traceback is not None:
            frame, traceback = traceback.tb_frame, traceback.tb_next
            if str(frame.f_globals.get("__name__")).partition(".")[0] in _PACKAGES:
                with suppress(RuntimeError):  # it still runs
                    frame.clear()
        pending += (current.__cause__, current.__context__)
        if isinstance(current, BaseExceptionGroup):
            pending += current.exceptions
