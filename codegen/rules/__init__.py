"""The rules of `normalize`: each works in place on any OpenAPI 3 document; none is specific to this API.

`write_boolean_schemas` and `write_constants` are not listed here: `normalize` applies them earlier, before it validates
the document.
"""

from collections.abc import Callable

from ..schemas import Document
from .all_of import join_siblings, simplify_all_of
from .bases import separate_bases
from .discriminators import move_alternatives_to_components, number_discriminators
from .enums import drop_wrong_defaults, name_enum_members, simplify_enums
from .indirections import inline_path_items, move_inner_targets, name_webhook_bodies
from .keywords import (
    complete_arrays,
    distribute_properties,
    drop_titles,
    inline_secrets,
    join_pattern_properties,
    state_types,
)
from .media_types import mark_uploads, remove_null_from_forms, simplify_media_types
from .nullable import split_nullable
from .operations import (
    complete_path_parameters,
    describe_parameters,
    drop_error_responses,
    drop_ignored_headers,
    drop_impossible_bodies,
    inherit_security,
    name_operations,
)
from .references import cut_recursive_types, shorten_references, sort_components
from .views import split_views

NORMALIZATION_RULES: tuple[Callable[[Document], None], ...] = (
    name_webhook_bodies,
    inline_path_items,
    name_operations,
    move_inner_targets,
    complete_path_parameters,
    inherit_security,
    drop_error_responses,
    drop_ignored_headers,
    drop_impossible_bodies,
    separate_bases,
    number_discriminators,
    shorten_references,
    describe_parameters,
    drop_titles,
    state_types,
    join_pattern_properties,
    simplify_enums,
    distribute_properties,
    inline_secrets,
    join_siblings,
    simplify_media_types,
    sort_components,
    simplify_all_of,
    move_alternatives_to_components,
    mark_uploads,
    complete_arrays,
    cut_recursive_types,
    name_enum_members,
    drop_wrong_defaults,
    split_nullable,
    remove_null_from_forms,
    split_views,
)
"""What `normalize` applies to a valid document, in this order."""
