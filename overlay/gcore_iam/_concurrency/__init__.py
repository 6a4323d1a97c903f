"""Hand-written pairs of a sync and an async implementation: `name` and `name_async`, `Name` and `AsyncName`.

`codegen/unasync.py` derives `gcore_iam.sync` from `gcore_iam.aio` and replaces each `name_async` by `name`. The async
half works under asyncio and under trio. Importing this package loads none of asyncio, anyio and httpx; `deadlines`
needs httpx, so it is imported by its own name.
"""

from .callbacks import invoke_callback as invoke_callback
from .callbacks import invoke_callback_async as invoke_callback_async
from .callbacks import resolve_callback as resolve_callback
from .callbacks import resolve_callback_async as resolve_callback_async
from .callbacks import run_in_thread as run_in_thread
from .callbacks import run_in_thread_async as run_in_thread_async
from .callbacks import sleep as sleep
from .callbacks import sleep_async as sleep_async
from .event_loops import AsyncLoopLocal as AsyncLoopLocal
from .event_loops import LoopLocal as LoopLocal
from .event_loops import get_loop_values as get_loop_values
from .workers import AsyncRequestControl as AsyncRequestControl
from .workers import AsyncWorkers as AsyncWorkers
from .workers import RequestControl as RequestControl
from .workers import Workers as Workers
