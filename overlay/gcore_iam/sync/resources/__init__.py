# Derived from aio/resources/__init__.py by `make generate`. Do not edit: change that file.

"""One module per group of operations: a class with a method per operation, and a class that returns raw responses."""
