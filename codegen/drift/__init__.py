"""The drift review: what a new spec changes, on the wire, in Python, in our own code, in prose."""
