"""One module per group of operations: a class with a method for each, and one that gives whole answers."""
