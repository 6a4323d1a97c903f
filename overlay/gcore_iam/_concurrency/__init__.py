"""Hand-written pairs of a sync and an async implementation: `name` and `name_async`, `Name` and `AsyncName`.

`codegen/unasync.py` derives `gcore_iam.sync` from `gcore_iam.aio` and replaces each `name_async` by `name`. The async
half supports asyncio and trio. Importing these modules loads neither asyncio nor anyio.
"""
