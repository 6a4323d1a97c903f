"""The base class of the groups of operations of a client, such as `iam.users`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._bound_client import UnboundClient


class Resource:
    """A group of operations, whose subclasses set `_client`. Its repr shows the base URL of the client."""

    def __repr__(self) -> str:
        client: UnboundClient = vars(self)["_client"]  # no annotation of the class: it differs for sync and async code
        return f"{type(self).__name__}(base_url={str(client.config.base_url)!r})"
