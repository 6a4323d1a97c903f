"""The drift review: what a new description changes, on the wire, in Python, in our own code, in prose."""
