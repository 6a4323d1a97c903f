"""What pure code knows of an operation, and of what observes its responses."""

from collections.abc import Mapping
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


class ResponseObserver(Protocol):
    """Takes the responses of a client, as `gcore_iam.observe.Observer` does."""

    def observe(self, operation: OperationInfo, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Take a response. The method must return at once, and never raise.

        Args:
            operation: The operation of the request.
            status: The HTTP status.
            headers: The headers.
            body: The body, decompressed; empty if it was too large or could not be decompressed.
        """
