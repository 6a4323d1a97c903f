"""Authentication with one access token that is at hand."""

from __future__ import annotations

import attrs


@attrs.define(eq=False)
class Bearer:
    """One access token, as it is."""

    access: str = attrs.field(repr=False)
