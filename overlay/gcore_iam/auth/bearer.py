"""Authentication with one access token."""

from __future__ import annotations

import attrs


@attrs.define(eq=False)
class Bearer:
    """One access token, which is not renewed."""

    access: str = attrs.field(repr=False)
