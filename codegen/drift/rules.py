"""What each rule is called, how grave it is, and how it reads: data, and nothing else decides these.

Ids and levels are those of oasdiff's changelog, so that people know them. What breaks is judged from the client's side:
a request that the API no longer takes, an answer that the program did not expect. Where that differs from oasdiff's
view, or a rule is our own, `CLIENT_VIEW` and `OURS` say why.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

import attrs

from .report import LEVELS, Level

Direction: TypeAlias = str
"""`request` or `response`."""


@attrs.frozen
class Rule:
    """How grave a change is and how it reads."""

    level: Level
    text: str
    """With `{what}` for what changed, `{before}` and `{after}` for its values."""


@attrs.frozen
class Kind:
    """A change that a schema can go through in a request and in a response."""

    request: Level
    response: Level
    text: str


NARROWS: tuple[Level, Level] = ("error", "info")
"""For a request that may say less, and for an answer that may: what is sent is refused, what comes is still known."""

WIDENS: tuple[Level, Level] = ("info", "error")
RESTRAINS: tuple[Level, Level] = ("warning", "info")
FREES: tuple[Level, Level] = ("info", "warning")

BOUNDS: Mapping[str, str] = MappingProxyType(
    {
        "maximum": "max",
        "minimum": "min",
        "exclusiveMaximum": "exclusive-max",
        "exclusiveMinimum": "exclusive-min",
        "maxLength": "max-length",
        "minLength": "min-length",
        "maxItems": "max-items",
        "minItems": "min-items",
        "maxProperties": "max-properties",
        "minProperties": "min-properties",
        "maxContains": "max-contains",
        "minContains": "min-contains",
    }
)
"""Keywords that bound a value, with their names in rule ids."""

CONDITIONS: Mapping[str, str] = MappingProxyType(
    {
        "not": "not",
        "if": "if",
        "then": "then",
        "else": "else",
        "contains": "contains",
        "propertyNames": "property-names",
        "unevaluatedItems": "unevaluated-items",
        "unevaluatedProperties": "unevaluated-properties",
        "contentSchema": "content-schema",
    }
)
"""Keywords that hold a schema as a condition, with their names in rule ids."""

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        # types
        "type-changed": Kind("error", "error", "{what} changed its type from {before} to {after}"),
        "type-generalized": Kind("info", "error", "{what} takes more types: {after} instead of {before}"),
        "type-specialized": Kind("error", "info", "{what} takes fewer types: {after} instead of {before}"),
        "type-compatible": Kind("info", "info", "{what} is {after} instead of {before}, which reads the same here"),
        "list-of-types-narrowed": Kind("error", "info", "{what} has fewer types: {after} instead of {before}"),
        "list-of-types-widened": Kind("info", "error", "{what} has more types: {after} instead of {before}"),
        "became-nullable": Kind("info", "error", "{what} may be null"),
        "became-not-nullable": Kind("error", "info", "{what} may no longer be null"),
        # values
        "became-enum": Kind("error", "info", "{what} is limited to {after}"),
        "became-not-enum": Kind("info", "warning", "{what} is no longer limited to {before}"),
        "enum-value-added": Kind("info", "warning", "{what} may be {after}"),
        "enum-value-removed": Kind("error", "info", "{what} may no longer be {before}"),
        "x-extensible-enum-value-removed": Kind("error", "info", "{what} may no longer be {before}"),
        "const-added": Kind("error", "info", "{what} must be {after}"),
        "const-removed": Kind("info", "error", "{what} need not be {before} any more"),
        "const-changed": Kind("error", "error", "{what} must be {after} instead of {before}"),
        "default-value-added": Kind("info", "info", "{what} has the default {after}"),
        "default-value-removed": Kind("warning", "info", "{what} no longer has the default {before}"),
        "default-value-changed": Kind("warning", "info", "{what} has the default {after} instead of {before}"),
        "pattern-added": Kind("error", "info", "{what} must match {after}"),
        "pattern-removed": Kind("info", "info", "{what} need not match {before} any more"),
        "pattern-changed": Kind("warning", "info", "{what} must match {after} instead of {before}"),
        "pattern-generalized": Kind(
            "info", "info", "{what} matches {after}, which is all that {before} matched and more"
        ),
        "multiple-of-set": Kind("error", "info", "{what} must be a multiple of {after}"),
        "multiple-of-unset": Kind("info", "error", "{what} need not be a multiple of {before} any more"),
        "multiple-of-changed": Kind("error", "error", "{what} must be a multiple of {after} instead of {before}"),
        "unique-items-set": Kind("error", "info", "{what} must not repeat an item"),
        "unique-items-unset": Kind("info", "error", "{what} may repeat an item"),
        # properties
        "became-required": Kind("error", "info", "{what} became required"),
        "became-required-with-default": Kind("error", "info", "{what} became required, with a default"),
        "became-optional": Kind("info", "error", "{what} became optional"),
        "became-read-only": Kind("info", "info", "{what} became read-only"),
        "became-not-read-only": Kind("info", "info", "{what} is no longer read-only"),
        "became-write-only": Kind("info", "info", "{what} became write-only"),
        "became-not-write-only": Kind("info", "warning", "{what} is no longer write-only"),
        "deprecated": Kind("info", "info", "{what} is deprecated"),
        "deprecated-sunset-invalid": Kind("error", "error", "{what} has a sunset that is no date: {after}"),
        "reactivated": Kind("info", "info", "{what} is no longer deprecated"),
        "renamed": Kind("error", "error", "{what} is called {after}"),
        "items-added": Kind("error", "info", "{what} says what its items are"),
        "items-removed": Kind("info", "warning", "{what} no longer says what its items are"),
        "additional-properties-schema-added": Kind("error", "info", "{what} says what its other properties are"),
        "additional-properties-schema-removed": Kind(
            "info", "warning", "{what} no longer says what its other properties are"
        ),
        "additional-properties-closed": Kind("warning", "info", "{what} takes no other properties any more"),
        "additional-properties-opened": Kind("info", "info", "{what} takes other properties"),
        # structure
        "any-of-added": Kind("info", "warning", "{what} may be {after}"),
        "any-of-removed": Kind("error", "info", "{what} may no longer be {before}"),
        "one-of-added": Kind("info", "warning", "{what} may be {after}"),
        "one-of-removed": Kind("error", "info", "{what} may no longer be {before}"),
        "wrapped-in-one-of": Kind("error", "error", "{what} is one of several instead of {before}"),
        "discriminator-added": Kind("info", "info", "{what} is told apart by {after}"),
        "discriminator-removed": Kind("info", "info", "{what} is no longer told apart by {before}"),
        "discriminator-property-name-changed": Kind("info", "info", "{what} is told apart by {after}, not by {before}"),
        "discriminator-mapping-added": Kind("info", "info", "{what} has the discriminator value {after}"),
        "discriminator-mapping-deleted": Kind("info", "info", "{what} lost the discriminator value {before}"),
        "discriminator-mapping-changed": Kind(
            "info", "info", "{what} maps a discriminator value to {after}, not {before}"
        ),
        "prefix-items-added": Kind("info", "error", "{what} has another leading item"),
        "prefix-items-removed": Kind("error", "info", "{what} has one leading item less"),
        "pattern-property-added": Kind("error", "info", "{what} says what properties like {after} are"),
        "pattern-property-removed": Kind("info", "error", "{what} no longer says what properties like {before} are"),
        "dependent-required-added": Kind("error", "info", "{what} needs {after}"),
        "dependent-required-removed": Kind("info", "error", "{what} no longer needs {before}"),
        "dependent-required-changed": Kind("error", "error", "{what} needs {after} instead of {before}"),
        "dependent-schema-added": Kind("error", "info", "{what} has another condition: a schema for {after}"),
        "dependent-schema-removed": Kind("info", "error", "{what} has one condition less: a schema for {before}"),
        "content-media-type-changed": Kind("error", "error", "{what} holds {after} instead of {before}"),
        "content-encoding-changed": Kind("error", "error", "{what} is encoded in {after} instead of {before}"),
        "stability-decreased": Kind("error", "error", "{what} is {after} instead of {before}"),
        "stability-increased": Kind("info", "info", "{what} is {after} instead of {before}"),
        "keyword-changed": Kind("warning", "warning", "{what} changed: {before} became {after}"),
    }
    | {
        f"{name}-{action}": Kind(*levels, f"{{what}} has one condition {more}: `{keyword}`")
        for keyword, name in CONDITIONS.items()
        for action, levels, more in (("added", NARROWS, "more"), ("removed", WIDENS, "less"))
    }
    | {
        f"{name}-{action}": Kind(*levels, f"{{what}} has {text}")
        for keyword, name in BOUNDS.items()
        for action, levels, text in (
            ("set", RESTRAINS, f"the {keyword} {{after}}"),
            ("unset", FREES, f"no longer the {keyword} {{before}}"),
            ("increased", WIDENS if "max" in name else NARROWS, f"{keyword} {{after}}, not {{before}}"),
            ("decreased", NARROWS if "max" in name else WIDENS, f"{keyword} {{after}}, not {{before}}"),
        )
    }
)
"""By the second half of the rule's id; the first is the direction and what changed, as in `response-property`."""

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # operations
        "endpoint-added": Rule("info", "{what} is new"),
        "endpoint-moved": Rule("error", "{what} moved from {before} to {after}"),
        "callback-added": Rule("info", "{what} is new"),
        "callback-removed": Rule("error", "{what} is gone"),
        "webhook-added": Rule("info", "{what} is new"),
        "webhook-removed": Rule("error", "{what} is gone"),
        "api-path-removed-without-deprecation": Rule("error", "{what} is gone, and so is its path"),
        "api-path-removed-with-deprecation": Rule("info", "{what} is gone, and so is its path; it had been deprecated"),
        "api-path-removed-before-sunset": Rule("error", "{what} is gone before its sunset on {before}"),
        "api-path-sunset-parse": Rule("error", "{what} has a sunset that is no date: {before}"),
        "api-removed-without-deprecation": Rule("error", "{what} is gone"),
        "api-removed-with-deprecation": Rule("info", "{what} is gone; it had been deprecated"),
        "api-removed-before-sunset": Rule("error", "{what} is gone before its sunset on {before}"),
        "api-operation-id-added": Rule("info", "{what} has the operation id {after}"),
        "api-operation-id-removed": Rule("info", "{what} no longer has the operation id {before}"),
        "api-tag-added": Rule("info", "operations have the tag {after}"),
        "api-tag-removed": Rule("info", "operations no longer have the tag {before}"),
        "endpoint-deprecated": Rule("info", "{what} is deprecated"),
        "endpoint-deprecated-with-sunset": Rule("info", "{what} is deprecated until {after}"),
        "endpoint-reactivated": Rule("info", "{what} is no longer deprecated"),
        "api-deprecated-sunset-parse": Rule("error", "{what} is deprecated with a sunset that is no date: {after}"),
        "sunset-deleted": Rule("error", "{what} no longer has the sunset {before}"),
        "api-sunset-date-changed-too-small": Rule("error", "{what} has its sunset on {after} instead of {before}"),
        "api-invalid-stability-level": Rule("error", "{what} has an unknown stability level: {after}"),
        "api-stability-decreased": Rule("error", "{what} is {after} instead of {before}"),
        # the document
        "api-version-not-bumped": Rule("info", "{what} breaks, but the version stays {after}"),
        "api-major-version-not-bumped": Rule("info", "{what} breaks, but the major version stays: {after}"),
        "api-version-decreased": Rule("info", "{what} went back from {before} to {after}"),
        "api-server-removed": Rule("warning", "the server {before} is gone"),
        "api-server-added": Rule("info", "the server {after} is new"),
        # security
        "api-global-security-added": Rule("error", "{what} {after}"),
        "api-global-security-removed": Rule("error", "{what} {before}"),
        "api-global-security-scope-added": Rule("error", "the API asks for the scope {after}"),
        "api-global-security-scope-removed": Rule("info", "the API no longer asks for the scope {before}"),
        "api-security-added": Rule("error", "{what} {after}"),
        "api-security-removed": Rule("error", "{what} {before}"),
        "api-security-scope-added": Rule("error", "operations ask for the scope {after}"),
        "api-security-scope-removed": Rule("info", "operations no longer ask for the scope {before}"),
        "api-security-component-added": Rule("info", "the security scheme {what} is new"),
        "api-security-component-removed": Rule("info", "the security scheme {what} is gone"),
        "api-security-component-type-changed": Rule(
            "error", "the security scheme {what} is {after} instead of {before}"
        ),
        "api-security-component-place-changed": Rule("error", "{what} is sent in {after} instead of {before}"),
        "api-security-component-oauth-scope-added": Rule("info", "the security scheme {what} has the scope {after}"),
        "api-security-component-oauth-scope-removed": Rule(
            "info", "the security scheme {what} lost the scope {before}"
        ),
        "api-security-component-oauth-token-url-changed": Rule("info", "{what} has the address {after}, not {before}"),
        "api-security-component-oauth-url-changed": Rule("info", "{what} has the address {after} instead of {before}"),
        # parameters
        "new-required-request-parameter": Rule("error", "{what} is new and required"),
        "new-optional-request-parameter": Rule("info", "{what} is new"),
        "new-required-request-default-parameter-to-existing-path": Rule("error", "{what} is new and required"),
        "new-optional-request-default-parameter-to-existing-path": Rule("info", "{what} is new"),
        "request-parameter-removed": Rule("warning", "{what} is gone"),
        "request-parameter-removed-with-deprecation": Rule("info", "{what} is gone; it had been deprecated"),
        "request-parameter-removed-before-sunset": Rule("error", "{what} is gone before its sunset on {before}"),
        "request-parameter-became-required": Rule("error", "{what} became required"),
        "request-parameter-became-optional": Rule("info", "{what} became optional"),
        "request-parameter-schema-added": Rule("error", "{what} has a schema, where it had none"),
        "request-parameter-schema-removed": Rule("info", "{what} no longer has a schema"),
        "request-parameter-style-changed": Rule("error", "{what} is written in the style {after} instead of {before}"),
        "request-parameter-explode-changed": Rule("error", "{what} has `explode` {after} instead of {before}"),
        "request-parameter-content-changed": Rule("error", "{what} is written as {after} instead of {before}"),
        "request-parameter-became-allow-reserved": Rule("info", "{what} may hold reserved characters as they are"),
        "request-parameter-became-not-allow-reserved": Rule("error", "{what} must have reserved characters escaped"),
        "request-parameter-became-allow-empty-value": Rule("info", "{what} may be without a value"),
        "request-parameter-became-not-allow-empty-value": Rule("error", "{what} may no longer be without a value"),
        "request-parameter-deprecated": Rule("info", "{what} is deprecated"),
        "request-parameter-reactivated": Rule("info", "{what} is no longer deprecated"),
        "request-parameter-sunset-parse": Rule("error", "{what} has a sunset that is no date: {before}"),
        "request-parameter-sunset-deleted": Rule("error", "{what} no longer has the sunset {before}"),
        "request-parameter-sunset-date-changed-too-small": Rule("error", "{what} ends on {after} instead of {before}"),
        "request-header-property-became-enum": Rule("error", "{what} is limited to {after}"),
        "request-header-property-became-required": Rule("error", "{what} became required"),
        "new-required-request-header-property": Rule("error", "{what} is new and required"),
        # bodies
        "request-body-added-required": Rule("error", "{what} is new and required"),
        "request-body-added-optional": Rule("info", "{what} is new"),
        "request-body-removed": Rule("error", "{what} is gone"),
        "request-body-became-required": Rule("error", "{what} became required"),
        "request-body-became-optional": Rule("info", "{what} became optional"),
        "request-body-media-type-added": Rule("info", "{what} may be {after}"),
        "request-body-media-type-removed": Rule("error", "{what} may no longer be {before}"),
        "request-body-media-type-encoding-changed": Rule("warning", "{what} is encoded in another way"),
        "response-media-type-encoding-changed": Rule("warning", "{what} is encoded in another way"),
        "request-body-media-type-schema-added": Rule("error", "{what} has a schema, where it had none"),
        "request-body-media-type-schema-removed": Rule("info", "{what} no longer has a schema"),
        "response-body-media-type-schema-added": Rule("info", "{what} has a schema, where it had none"),
        "response-body-media-type-schema-removed": Rule("error", "{what} no longer has a schema"),
        "response-media-type-added": Rule("info", "{what} may be {after}"),
        "response-media-type-removed": Rule("error", "{what} may no longer be {before}"),
        "response-media-type-name-generalized": Rule("error", "{what} is {after} instead of {before}"),
        "response-media-type-name-specialized": Rule("info", "{what} is {after} instead of {before}"),
        "response-success-status-added": Rule("info", "the answer {after} is new"),
        "response-success-status-removed": Rule("error", "the answer {before} is gone"),
        "response-success-status-generalized": Rule("info", "the response {before} became the range {after}"),
        "response-success-status-specialized": Rule("info", "the range {before} became the response {after}"),
        "response-non-success-status-generalized": Rule("info", "the error {before} became the range {after}"),
        "response-non-success-status-specialized": Rule("info", "the range {before} became the error {after}"),
        "response-non-success-status-added": Rule("info", "the error {after} is new"),
        "response-non-success-status-removed": Rule("info", "the error {before} is gone"),
        "response-header-added": Rule("info", "{what} is new"),
        "required-response-header-removed": Rule("error", "{what} is gone"),
        "optional-response-header-removed": Rule("warning", "{what} is gone"),
        "response-header-became-optional": Rule("error", "{what} became optional"),
        "response-header-became-required": Rule("info", "{what} became required"),
        # webhooks and callbacks: the API sends the request, the client the response
        "webhook-body-added": Rule("info", "{what} is new"),
        "webhook-body-removed": Rule("error", "{what} is gone"),
        "webhook-body-became-required": Rule("info", "{what} is always sent"),
        "webhook-body-became-optional": Rule("error", "{what} may be missing"),
        "webhook-parameter-added": Rule("info", "{what} is new"),
        "webhook-required-parameter-removed": Rule("error", "{what} is gone"),
        "webhook-optional-parameter-removed": Rule("warning", "{what} is gone"),
        "webhook-parameter-became-required": Rule("info", "{what} is always sent"),
        "webhook-parameter-became-optional": Rule("error", "{what} may be missing"),
        "webhook-parameter-schema-added": Rule("info", "{what} has a schema, where it had none"),
        "webhook-parameter-schema-removed": Rule("error", "{what} no longer has a schema"),
        "webhook-required-response-header-added": Rule("error", "{what} is new and required"),
        "webhook-optional-response-header-added": Rule("info", "{what} is new"),
        "webhook-response-header-removed": Rule("info", "{what} is gone"),
        "webhook-response-header-became-required": Rule("error", "{what} became required"),
        "webhook-response-header-became-optional": Rule("info", "{what} became optional"),
        # properties
        "new-required-request-property": Rule("error", "{what} is new and required"),
        "new-required-request-property-with-default": Rule("error", "{what} is new and required, with a default"),
        "new-optional-request-property": Rule("info", "{what} is new"),
        "request-property-removed": Rule("error", "{what} is gone"),
        "response-required-property-added": Rule("info", "{what} is new"),
        "response-required-write-only-property-added": Rule("info", "{what} is new"),
        "response-optional-property-added": Rule("info", "{what} is new"),
        "response-optional-write-only-property-added": Rule("info", "{what} is new"),
        "response-required-property-removed": Rule("error", "{what} is gone"),
        "response-required-write-only-property-removed": Rule("info", "{what} is gone"),
        "response-optional-property-removed": Rule("warning", "{what} is gone"),
        "response-optional-write-only-property-removed": Rule("info", "{what} is gone"),
        "response-required-property-became-write-only": Rule("error", "{what} became write-only: it is not returned"),
        "response-optional-property-became-write-only": Rule("warning", "{what} became write-only: it is not returned"),
        "response-required-property-became-not-write-only": Rule("warning", "{what} is no longer write-only"),
    }
)
"""By id: what is not one of `KINDS` in a direction, or differs from it."""

REVERSED: Mapping[str, str] = MappingProxyType(
    {
        "request-body-added-required": "webhook-body-added",
        "request-body-added-optional": "webhook-body-added",
        "request-body-removed": "webhook-body-removed",
        "request-body-became-required": "webhook-body-became-required",
        "request-body-became-optional": "webhook-body-became-optional",
        "new-required-request-parameter": "webhook-parameter-added",
        "new-optional-request-parameter": "webhook-parameter-added",
        "new-required-request-default-parameter-to-existing-path": "webhook-parameter-added",
        "new-optional-request-default-parameter-to-existing-path": "webhook-parameter-added",
        "request-parameter-became-required": "webhook-parameter-became-required",
        "request-parameter-became-optional": "webhook-parameter-became-optional",
        "request-parameter-schema-added": "webhook-parameter-schema-added",
        "request-parameter-schema-removed": "webhook-parameter-schema-removed",
        "required-response-header-removed": "webhook-response-header-removed",
        "optional-response-header-removed": "webhook-response-header-removed",
        "response-header-became-required": "webhook-response-header-became-required",
        "response-header-became-optional": "webhook-response-header-became-optional",
    }
)
"""For a rule about a request or response, the rule for webhooks and callbacks, where the API calls the client.

Schemas need none: what the API sends there is compared as a response, and what it takes as a request.
"""

SHARED = frozenset(
    {"api-tag-added", "api-tag-removed", "api-security-added", "api-security-removed"}
    | {"api-security-scope-added", "api-security-scope-removed"}
)
"""Rules that say the same of every operation that they hold for: one change, wherever it stands."""

SECURITY = ("api-security", "api-global-security")
"""How the ids of rules about authentication begin."""

DOCS: Mapping[str, str] = MappingProxyType(
    {
        "docs-description-changed": "{what} is described in other words",
        "docs-summary-changed": "{what} has another summary",
        "docs-title-changed": "{what} has another title",
        "docs-example-changed": "{what} has another example",
        "docs-code-sample-changed": "{what} has other code samples",
        "docs-link-changed": "{what} links to other documents",
        "docs-extension-changed": "{what} has another extension",
        "docs-info-changed": "{what} has another value",
        "docs-tag-changed": "{what} is described in other words",
    }
)
"""What concerns people only. The level is always `info`."""


PYTHON: Mapping[str, Rule] = MappingProxyType(
    {
        "py-module-removed": Rule("error", "the module {what} is gone"),
        "py-module-added": Rule("info", "the module {what} is new"),
        "py-class-removed": Rule("error", "the class {what} is gone"),
        "py-class-renamed": Rule("error", "the class {before} is called {after}"),
        "py-class-added": Rule("info", "the class {what} is new"),
        "py-field-removed": Rule("error", "{what} is gone"),
        "py-field-added": Rule("info", "{what} is new: {after}"),
        "py-field-became-required": Rule("error", "{what} became required"),
        "py-field-type-changed": Rule("error", "{what} is {after} instead of {before}"),
        "py-field-position-changed": Rule("error", "the constructor of {what} takes its fields in another order"),
        "py-function-removed": Rule("error", "no function stands for {what} any more"),
        "py-function-param-changed": Rule("error", "{what} takes {after} instead of {before}"),
        "py-function-return-changed": Rule("error", "{what} returns {after} instead of {before}"),
        "py-enum-member-added": Rule("info", "{what} is new: {after}"),
        "py-enum-member-removed": Rule("error", "{what} is gone: {before}"),
        "py-authentication-changed": Rule("error", "programs that send their credentials as before fail: {what}"),
        "gen-response-dropped": Rule("error", "the generator loses a part: {what}"),
        "gen-correction-unfit": Rule("warning", "{what}"),
        "overlay-symbol-broken": Rule("error", "{what}"),
    }
)
"""What concerns Python code: the generated package and what we have written on top of it."""


@attrs.frozen
class View:
    """Why a change is milder for a client than its rule says."""

    at_most: Level
    reason: str


CLIENT_VIEW: Mapping[str, View] = MappingProxyType(
    {
        "read-only": View("info", "the client does not send read-only properties"),
        "write-only": View("info", "the API does not answer with write-only properties"),
        "error-body": View("info", "the client reads error bodies whatever their form is"),
        "answers-only": View("info", "programs read such objects and do not make them"),
        "shifted": View("warning", "the order of the fields is the same, and one came between"),
        "still-accepted": View("info", "what a program passes today is taken as before"),
        "was-optional": View("warning", "the property could be missing before"),
        "ignored": View("warning", "the API ignores properties that it does not know"),
        "unused": View("info", "no operation asks for it"),
        "unknown-scheme": View("warning", "the security scheme is not defined, or of a type that does not exist"),
        "open-enum": View("warning", "the client keeps values that it does not know, a program may not expect them"),
        "undeclared": View("warning", "nothing says what the required property is; it may be a slip"),
        "unstable": View("info", "the API promises nothing for what it calls draft or alpha"),
        "nullable-value": View("warning", "the client hands null on as None, a program may not expect it"),
    }
)
"""By what is known of the place of a change (a guard)."""

OURS: Mapping[str, str] = MappingProxyType(
    {
        "response-property-renamed": "a property that is gone and one of the same content that is new are one change",
        "request-property-renamed": "a property that is gone and one of the same content that is new are one change",
        "request-parameter-property-renamed": "the same, inside a parameter",
        "*-additional-properties-*": "an object that takes no other properties refuses what it took",
        "*-items-*": "items that are said or no longer said are a change, like a type",
        "request-parameter-schema-*": "the same, for all of a parameter",
        "request-parameter-content-changed": "a parameter in another media type is written in another way",
        "request-parameter-*-allow-empty-value": "what may be sent is part of the wire",
        "*-media-type-encoding-changed": "how the parts of a form are written is part of the wire",
        "response-*-of-added": "an answer of another kind is one that a program does not expect",
        "*-keyword-changed": "a keyword without a rule of its own is not passed over in silence",
        "api-server-*": "a client has the address of the API built in",
        "api-security-component-place-changed": "what a client sends as authentication is part of the wire",
        "response-*-type-changed": "also when one of several types is gone, such as a bare list beside a page",
    }
)
"""Rules, as patterns, that oasdiff does not have or does not apply there, and why they are here."""


def rule(name: str) -> Rule:
    """Look up a rule.

    Args:
        name: The id of a row of `RULES`, or a direction, a place and one of `KINDS`.

    Raises:
        KeyError: There is no such rule.
    """
    if name in RULES:
        return RULES[name]
    if name in PYTHON:
        return PYTHON[name]
    if name in DOCS:
        return Rule("info", DOCS[name])
    direction, _, rest = name.partition("-")
    for scope in _SCOPES:
        if rest.startswith(f"{scope}-") and rest.removeprefix(f"{scope}-") in KINDS:
            kind = KINDS[rest.removeprefix(f"{scope}-")]
            return Rule(kind.request if direction == "request" else kind.response, kind.text)
    raise KeyError(name)


_SCOPES = (
    "body",
    "parameter-property",
    "parameter",
    "header-property",
    "header",
    "read-only-property",
    "write-only-property",
    "required-property",
    "optional-property",
    "property",
)


def level(name: str, guards: frozenset[str]) -> Level:
    """How grave a change is for a client.

    Args:
        name: The id of its rule.
        guards: What is known of the place, as keys of `CLIENT_VIEW`.
    """
    levels: list[Level] = [rule(name).level, *(CLIENT_VIEW[guard].at_most for guard in guards)]
    return LEVELS[max(LEVELS.index(found) for found in levels)]
