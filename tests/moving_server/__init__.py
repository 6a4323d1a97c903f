"""Proves the observer against a moving server: it sees what the drift review expects of each version of the API's spec.

`history.jsonl` holds the upstream versions from 2025-06-11 to 2026-01-28 without prose: the first one as it was, then
what each of them changed (JSON Merge Patch, RFC 7396).

`python -m tests.moving_server` prints the steps, the facts, and how many of them match.
"""
