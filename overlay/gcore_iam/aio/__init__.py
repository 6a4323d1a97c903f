"""Everything that waits for the network, for async code. `gcore_iam.sync` is derived from it by `make generate`."""
