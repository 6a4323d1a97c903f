"""The rules of `normalize`: each works in place, on any OpenAPI 3 document, and knows nothing of this API."""

from collections.abc import Callable

from ..schemas import Document
from .all_of import join_siblings, simplify_all_of
from .discriminators import number_discriminators
from .keywords import complete_arrays, drop_requirements, drop_titles, inline_secrets, state_types
from .media_types import mark_uploads, simplify_media_types
from .nullable import split_nullable
from .operations import (
    describe_parameters,
    drop_error_responses,
    drop_ignored_headers,
    inherit_security,
    name_operations,
)
from .references import inline_path_items, name_targets, shorten_references, sort_components
from .views import split_views

RULES: tuple[Callable[[Document], None], ...] = (
    inline_path_items,
    name_targets,
    name_operations,
    inherit_security,
    drop_error_responses,
    drop_ignored_headers,
    number_discriminators,
    shorten_references,
    describe_parameters,
    drop_titles,
    state_types,
    drop_requirements,
    inline_secrets,
    join_siblings,
    simplify_media_types,
    sort_components,
    simplify_all_of,
    mark_uploads,
    complete_arrays,
    split_nullable,
    split_views,
)
"""What `normalize` applies, in this order."""
