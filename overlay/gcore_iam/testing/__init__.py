"""A fake of Gcore's IAM API, for tests of programs that use it: `FakeIAM`, its clock, and faults to inject.

Needs the extra `gcore-iam[testing]`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .clock import Clock as Clock
    from .fake import FakeIAM as FakeIAM
    from .faults import HTML as HTML
    from .faults import ContentType as ContentType
    from .faults import Delay as Delay
    from .faults import DeleteUser as DeleteUser
    from .faults import EmptyBody as EmptyBody
    from .faults import ExtraField as ExtraField
    from .faults import Fault as Fault
    from .faults import FaultError as FaultError
    from .faults import Hang as Hang
    from .faults import InsertUser as InsertUser
    from .faults import Missing as Missing
    from .faults import NotUTF8 as NotUTF8
    from .faults import Null as Null
    from .faults import Reset as Reset
    from .faults import Status as Status
    from .faults import Truncate as Truncate
    from .faults import UnknownEnum as UnknownEnum
    from .faults.queue import QueuedFault as QueuedFault
    from .recorder import SeenRequest as SeenRequest
    from .state import Email as Email

_NAMES = {
    "clock": ("Clock",),
    "fake": ("FakeIAM",),
    "faults": (
        "ContentType", "Delay", "DeleteUser", "EmptyBody", "ExtraField", "Fault", "FaultError", "HTML", "Hang",
        "InsertUser", "Missing", "NotUTF8", "Null", "Reset", "Status", "Truncate", "UnknownEnum",
    ),
    "recorder": ("SeenRequest",),
    "faults.queue": ("QueuedFault",),
    "state": ("Email",),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}

__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]


if not TYPE_CHECKING:  # type checkers know the names above, and that there are no others

    def __getattr__(name: str) -> Any:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            value = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing not in ("jsonschema_rs", "jwt", "pyotp"):
                raise
            raise ImportError(f'{name} needs {missing}: pip install "gcore-iam[testing]"') from error
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return list(__all__)
