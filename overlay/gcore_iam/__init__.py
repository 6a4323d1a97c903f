"""Typed client for Gcore's Identity and Access Management (IAM) API.

    from gcore_iam import IAMClient

    with IAMClient() as iam:  # reads GCORE_API_KEY
        for user in iam.users.list():
            print(user.id, user.email)

Importing this package loads neither httpx nor a model: every name is loaded when it is first used.
"""

from gcore_iam_client import SPEC_VERSION as SPEC_VERSION

from ._lazy import build_getattr
from ._version import __version__ as __version__

# Type checkers treat a variable of this name as True; jedi needs the annotation. Importing it from `typing` would take
# ten times as long as the rest of this file.
TYPE_CHECKING: bool = False
if TYPE_CHECKING:
    from . import auth as auth
    from . import errors as errors
    from . import events as events
    from . import models as models
    from ._paginate import paginate as paginate
    from .aio.client import AsyncIAMClient as AsyncIAMClient
    from .aio.pager import AsyncPager as AsyncPager
    from .auth import Anonymous as Anonymous
    from .auth import APIKey as APIKey
    from .auth import BearerToken as BearerToken
    from .auth import FileTokenStore as FileTokenStore
    from .auth import MemoryTokenStore as MemoryTokenStore
    from .auth import Session as Session
    from .errors import AlreadyInvitedError as AlreadyInvitedError
    from .errors import AmbiguousOutcomeError as AmbiguousOutcomeError
    from .errors import APIConnectionError as APIConnectionError
    from .errors import APIStatusError as APIStatusError
    from .errors import APITimeoutError as APITimeoutError
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BadRequestError as BadRequestError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import ConflictError as ConflictError
    from .errors import DecodeError as DecodeError
    from .errors import IAMError as IAMError
    from .errors import LoginError as LoginError
    from .errors import NotFoundError as NotFoundError
    from .errors import PaginationError as PaginationError
    from .errors import PermissionDeniedError as PermissionDeniedError
    from .errors import RateLimitError as RateLimitError
    from .errors import ResponseTooLargeError as ResponseTooLargeError
    from .errors import ServerError as ServerError
    from .errors import TokenRotationError as TokenRotationError
    from .pagination.checkpoint import Checkpoint as Checkpoint
    from .pagination.options import Consistency as Consistency
    from .pagination.options import Page as Page
    from .raw_response import RawResponse as RawResponse
    from .retry import RetryPolicy as RetryPolicy
    from .sync.client import IAMClient as IAMClient
    from .sync.pager import Pager as Pager

_NAMES = {
    "": ("auth", "errors", "events", "models"),
    "aio.client": ("AsyncIAMClient",),
    "aio.pager": ("AsyncPager",),
    "auth": ("Anonymous", "APIKey", "BearerToken", "FileTokenStore", "MemoryTokenStore", "Session"),
    "errors": (
        "AlreadyInvitedError",
        "AmbiguousOutcomeError",
        "APIConnectionError",
        "APIStatusError",
        "APITimeoutError",
        "AuthenticationError",
        "BadRequestError",
        "ConfigurationError",
        "ConflictError",
        "DecodeError",
        "IAMError",
        "LoginError",
        "NotFoundError",
        "PaginationError",
        "PermissionDeniedError",
        "RateLimitError",
        "ResponseTooLargeError",
        "ServerError",
        "TokenRotationError",
    ),
    "_paginate": ("paginate",),
    "pagination.checkpoint": ("Checkpoint",),
    "pagination.options": ("Consistency", "Page"),
    "raw_response": ("RawResponse",),
    "retry": ("RetryPolicy",),
    "sync.client": ("IAMClient",),
    "sync.pager": ("Pager",),
}

__all__ = [  # spelled out: type checkers read it for `from gcore_iam import *`
    "SPEC_VERSION",
    "APIConnectionError",
    "APIKey",
    "APIStatusError",
    "APITimeoutError",
    "AlreadyInvitedError",
    "AmbiguousOutcomeError",
    "Anonymous",
    "AsyncIAMClient",
    "AsyncPager",
    "AuthenticationError",
    "BadRequestError",
    "BearerToken",
    "Checkpoint",
    "ConfigurationError",
    "ConflictError",
    "Consistency",
    "DecodeError",
    "FileTokenStore",
    "IAMClient",
    "IAMError",
    "LoginError",
    "MemoryTokenStore",
    "NotFoundError",
    "Page",
    "Pager",
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "RawResponse",
    "ResponseTooLargeError",
    "RetryPolicy",
    "ServerError",
    "Session",
    "TokenRotationError",
    "__version__",
    "auth",
    "errors",
    "events",
    "models",
    "paginate",
]


if not TYPE_CHECKING:  # with it, type checkers would accept any name
    __getattr__ = build_getattr(__name__, _NAMES)


def __dir__() -> list[str]:
    return list(__all__)
