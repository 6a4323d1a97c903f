"""One module per group of operations; each holds a class for sync and one for async code."""
