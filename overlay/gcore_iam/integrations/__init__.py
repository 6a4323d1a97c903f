"""Other libraries, one module for each. Nothing here is loaded by itself."""
