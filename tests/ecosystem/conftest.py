"""Fixtures of the library's own tests, for tests beside other packages."""

from __future__ import annotations

from tests.overlay.conftest import client_kind

__all__ = ["client_kind"]
