"""Renders a review as JSON; `codegen/drift/report.schema.json` describes it."""

from __future__ import annotations

import json
import re

from ..report import Review, serialize_review
from .common import Options


def render(review: Review, _: Options) -> str:
    """Write a review as JSON.

    Args:
        review: What to write.

    Returns:
        A JSON object and a line break.
    """
    text = json.dumps(serialize_review(review), indent=2, ensure_ascii=False) + "\n"
    # Half of a surrogate pair, which UTF-8 cannot hold; JSON's own escape can.
    return re.sub(r"[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
