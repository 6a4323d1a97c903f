"""No credentials: for the operations that need none."""

from __future__ import annotations

from ..errors import ConfigurationError
from .api_key import ENVIRONMENT_VARIABLE


class Anonymous:
    """No credentials. A client uses it by itself if no key is given, and `GCORE_API_KEY` is not set.

    `iam.auth.login`, `iam.auth.refresh` and `iam.auth.forgot_password` need no credentials. All other methods raise
    `ConfigurationError`, and send nothing.

    Example:
        with IAMClient(auth=Anonymous()) as iam:
            iam.auth.forgot_password("ada@example.com")
    """

    __slots__ = ()

    def build_error(self) -> ConfigurationError:
        """Build the error of a call that needs credentials."""
        return ConfigurationError(
            "no API key, and this call needs credentials: pass a key, as in IAMClient('42_…'), set the environment "
            f"variable {ENVIRONMENT_VARIABLE}, or pass a BearerToken or a Session"
        )

    def __repr__(self) -> str:
        return "Anonymous()"
