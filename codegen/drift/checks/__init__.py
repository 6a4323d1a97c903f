"""The checks of the wire and docs layers: one module a topic, one small function a check, one table of rules."""

from __future__ import annotations

from . import (
    bodies,
    bounds,
    discriminators,
    lifecycle,
    operations,
    parameters,
    properties,
    prose,
    security,
    subschemas,
    types,
    values,
)
from .base import DOCUMENT_CHECKS, OPERATION_CHECKS, SCHEMA_CHECKS

__all__ = ["DOCUMENT_CHECKS", "OPERATION_CHECKS", "SCHEMA_CHECKS"]

MODULES = (
    *(bodies, bounds, discriminators, lifecycle, operations, parameters, prose, properties, security, subschemas),
    *(types, values),
)
"""The modules whose checks are registered by being imported."""
