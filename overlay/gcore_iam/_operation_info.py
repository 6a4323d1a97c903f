"""What pure code knows of an operation."""

from typing import Protocol


class OperationInfo(Protocol):
    """The attributes of an operation that pure modules read, as `gcore_iam_client.types.Operation` has them."""

    @property
    def id(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def requires_auth(self) -> bool: ...
    @property
    def success(self) -> tuple[int, ...]: ...
