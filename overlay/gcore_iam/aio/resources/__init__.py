"""One module per group of operations: a class with a method per operation, and a class that returns raw responses."""
