"""Integrations with other libraries, one module for each. The library loads none of them itself."""
