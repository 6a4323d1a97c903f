"""The rules of `normalize`: each works in place, on any OpenAPI 3 document, and knows nothing of this API."""

from collections.abc import Callable

from ..schemas import Document
from .all_of import join_siblings, simplify_all_of
from .keywords import complete_arrays, drop_requirements, drop_titles, inline_secrets, state_types
from .nullable import split_nullable
from .operations import (
    describe_parameters,
    drop_error_responses,
    inherit_security,
    name_operations,
    refuse_indirections,
)
from .references import shorten_references, sort_components
from .requests import split_requests

RULES: tuple[Callable[[Document], None], ...] = (
    name_operations,
    inherit_security,
    drop_error_responses,
    refuse_indirections,
    shorten_references,
    describe_parameters,
    drop_titles,
    state_types,
    drop_requirements,
    inline_secrets,
    join_siblings,
    sort_components,
    simplify_all_of,
    complete_arrays,
    split_nullable,
    split_requests,
)
"""What `normalize` applies, in this order."""
