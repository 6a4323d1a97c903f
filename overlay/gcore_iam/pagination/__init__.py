"""Iteration over all pages of a list: decides what to request, what to return, and where the list ends.

This package does no I/O. `PageWalker` turns responses into pages; `PrefetchPlan` decides
which pages to request early; `gcore_iam.aio.pager` and `gcore_iam.sync.pager` send the requests.
"""
