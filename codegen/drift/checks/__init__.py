"""The checks of the wire and docs layers: one module a topic, one small function a check, one table of rules."""

from __future__ import annotations

from . import (
    bodies,
    bounds,
    lifecycle,
    operations,
    parameters,
    properties,
    prose,
    security,
    subschemas,
    types,
    unions,
    values,
)
from .base import DOCUMENT_CHECKS, OPERATION_CHECKS, SCHEMA_CHECKS

__all__ = ["DOCUMENT_CHECKS", "OPERATION_CHECKS", "SCHEMA_CHECKS"]

MODULES = (
    *(bodies, bounds, lifecycle, operations, parameters, prose, properties, security, subschemas),
    *(types, unions, values),
)
"""The modules whose checks are registered by being imported."""
