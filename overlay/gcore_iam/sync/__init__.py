# Derived from aio/__init__.py by `make generate`. Do not edit: change that file.

"""Everything that waits for the network, for sync code; derived from `gcore_iam.aio`."""
