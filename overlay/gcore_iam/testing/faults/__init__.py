"""Faults that a test injects: one class for each, and the queue in which they wait for requests."""

from collections.abc import Mapping

from .base import Fault, FaultError
from .bodies import HTML, ContentType, EmptyBody, NotUTF8, Truncate
from .fields import ExtraField, Missing, Null, UnknownEnum
from .responses import Delay, Hang, ReplaceResponse, Reset, Status
from .users import DeleteUser, InsertUser

__all__ = [
    "FAULTS",
    "HTML",
    "ContentType",
    "Delay",
    "DeleteUser",
    "EmptyBody",
    "ExtraField",
    "Fault",
    "FaultError",
    "Hang",
    "InsertUser",
    "Missing",
    "NotUTF8",
    "Null",
    "ReplaceResponse",
    "Reset",
    "Status",
    "Truncate",
    "UnknownEnum",
]

FAULTS: Mapping[str, type[Fault]] = {
    fault.__name__: fault
    for fault in (
        ContentType, DeleteUser, Delay, EmptyBody, ExtraField, HTML, Hang, InsertUser, Missing, NotUTF8, Null, Reset,
        Status, Truncate, UnknownEnum,
    )
}  # fmt: skip
"""Every fault by name."""
