"""Warns once when sync code blocks an event loop."""

from __future__ import annotations

import sys
import threading
import warnings
from typing import Any

_MESSAGE = (
    "a sync client of gcore_iam blocks the event loop that runs in this thread; use AsyncIAMClient, call it in another "
    "thread, or filter this warning if that is intended"
)

_PACKAGES = ("gcore_iam", "gcore_iam_client")

_lock = threading.Lock()
_has_warned = False


def warn_if_event_loop_is_running() -> None:
    """Warn once in a process if an event loop of asyncio or trio runs in this thread; never in a notebook.

    Modules are looked at in `sys.modules` only: a library that is not loaded runs no loop, and one that another thread
    is still loading may lack any attribute.

    Raises:
        RuntimeWarning: A filter turns the warning into an error; then every call raises it.
    """
    if not _has_warned and _is_event_loop_running() and not _is_notebook():
        _warn_once()


def _is_event_loop_running() -> bool:
    get_running_loop = getattr(sys.modules.get("asyncio"), "_get_running_loop", None)  # of `asyncio.events.__all__`
    if get_running_loop is not None and get_running_loop() is not None:
        return True
    trio = sys.modules.get("trio")
    if trio is None:
        return False
    current = getattr(
        sys.modules.get("sniffio"), "thread_local", None
    )  # where trio says that it runs: a fifth of the time
    if current is not None:
        return getattr(current, "name", None) is not None
    in_trio_run = getattr(getattr(trio, "lowlevel", None), "in_trio_run", None)
    return in_trio_run is not None and bool(in_trio_run())


def _is_notebook() -> bool:
    """Whether this is a notebook or an IPython shell, whose cells run in a loop that they may block."""
    modules: dict[str, Any] = sys.modules
    if modules.get("ipykernel") is not None:
        return True
    get_ipython = getattr(modules.get("IPython"), "get_ipython", None)
    if get_ipython is not None and get_ipython() is not None:
        return True
    running_in_notebook = getattr(modules.get("marimo"), "running_in_notebook", None)
    return running_in_notebook is not None and bool(running_in_notebook())


def _warn_once() -> None:
    global _has_warned
    with _lock:
        if _has_warned:
            return
        _has_warned = True
    try:
        warnings.warn(_MESSAGE, RuntimeWarning, stacklevel=_count_own_frames() + 1)
    except BaseException:
        _has_warned = False
        raise


def _count_own_frames() -> int:
    """How many frames of this library lie between the caller of this function and the user's code."""
    import inspect

    frame = inspect.currentframe()
    count = -1  # this function
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _PACKAGES:
        frame = frame.f_back
        count += 1
    return count
