"""Walking every page of a list: what to ask for, what to hand out, where it ends.

Nothing in here does I/O or knows HTTP. `Walk` sees pages and decides; `Ahead` decides which pages to ask for early;
`gcore_iam.aio.pager` and `gcore_iam.sync.pager` do the asking.
"""
