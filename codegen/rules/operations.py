"""Rules for parts of operations, parameters and responses that the generator cannot read."""

from __future__ import annotations

import re

from openapi_python_client.strings import PythonIdentifier

from ..media_types import is_bodiless
from ..schemas import (
    SCHEMA_REF,
    Document,
    find_free_name,
    find_reachable_refs,
    follow_refs,
    get_component_name,
    is_ignored_header,
    iterate_parameters,
)
from ..spec import METHODS, escape, iterate_operations


def name_operations(document: Document) -> None:
    """Give operations without an `operationId` one, made of method and path, so that each can be spoken of."""
    named = [operation["operationId"] for _, _, operation in iterate_operations(document) if "operationId" in operation]
    taken = {PythonIdentifier(name, "") for name in named}
    for path, method, operation in iterate_operations(document):
        if "operationId" not in operation:
            base = "_".join([method, *re.findall(r"\w+", path)])
            name = find_free_name(base, lambda name: PythonIdentifier(name, "") in taken, "_")
            operation["operationId"] = name
            taken.add(PythonIdentifier(name, ""))


def complete_path_parameters(document: Document) -> None:
    """Declare the parameters of a path that no operation declares, as texts, and remove those that it does not have.

    All are required, whether the spec says so or not: without one, the path is another one.
    """
    for path, item in document["paths"].items():
        names = re.findall(r"{([^{}]+)}", path)
        shared = item.get("parameters", [])
        item["parameters"] = [_require(document, p) for p in shared if _is_used(document, p, names)]
        common = {_get_path_name(document, parameter) for parameter in item["parameters"]}
        for method in METHODS:
            if method in item:
                own = item[method].get("parameters", [])
                used = [parameter for parameter in own if _is_used(document, parameter, names)]
                declared = common | {_get_path_name(document, parameter) for parameter in used}
                missing = [name for name in dict.fromkeys(names) if name not in declared]
                used += [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in missing]
                if used or own:
                    item[method]["parameters"] = [_require(document, parameter) for parameter in used]
        if not item["parameters"]:
            del item["parameters"]


def _require(document: Document, parameter: Document) -> Document:
    target = follow_refs(document, parameter)
    is_optional = target.get("in") == "path" and target.get("required") is not True
    return {**target, "required": True} if is_optional else parameter


def _get_path_name(document: Document, parameter: Document) -> str | None:
    """Return the name of a path parameter, None for any other."""
    target = follow_refs(document, parameter)
    return str(target.get("name")) if target.get("in") == "path" else None


def _is_used(document: Document, parameter: Document, names: list[str]) -> bool:
    """Return whether a parameter is none of the path, or one of these that the path has."""
    name = _get_path_name(document, parameter)
    return name is None or name in names


def inherit_security(document: Document) -> None:
    """Write the document's `security` onto operations that state none (the generator looks only there).

    Empty requirements are removed: the generator only checks whether there are any.
    """
    for _, _, operation in iterate_operations(document):
        requirements = operation["security"] if "security" in operation else document.get("security", [])
        operation["security"] = requirements if any(requirements) else []


def drop_error_responses(document: Document) -> None:
    """Remove 4xx and 5xx responses, `default` beside a success, and the schemas that only they reach.

    The generator makes unions of success and error types and cannot represent titled inline objects in `oneOf`;
    error bodies are read by the hand-written layer.
    """
    components = document["components"]
    before = find_reachable_refs(document, document["paths"])
    orphans = [schema for name, schema in components["schemas"].items() if SCHEMA_REF + escape(name) not in before]
    for _, _, operation in iterate_operations(document):
        responses = operation["responses"]
        successes = {code: response for code, response in responses.items() if code.startswith(("1", "2", "3"))}
        if not successes and "default" in responses:
            successes = {"default": responses["default"]}
        operation["responses"] = successes
    used = find_reachable_refs(document, [document["paths"], orphans])
    for ref in before - used:
        if ref.startswith(SCHEMA_REF) and ref.count("/") == 3:
            components["schemas"].pop(get_component_name(ref), None)
    for section in ("responses", "requestBodies", "parameters"):
        if section in components:
            used_here = {n: v for n, v in components[section].items() if f"#/components/{section}/{escape(n)}" in used}
            components[section] = used_here


def drop_ignored_headers(document: Document) -> None:
    """Remove header parameters that OpenAPI says are ignored: media types and security schemes describe them."""
    for holder in [*document["paths"].values(), *(operation for _, _, operation in iterate_operations(document))]:
        if "parameters" in holder:
            holder["parameters"] = [
                parameter
                for parameter in holder["parameters"]
                if not is_ignored_header(follow_refs(document, parameter))
            ]


def drop_impossible_bodies(document: Document) -> None:
    """Remove the content of responses that cannot have any: those to HEAD, and those of some statuses."""
    for _, method, operation in iterate_operations(document):
        for code, response in operation["responses"].items():
            target = follow_refs(document, response)
            if (method == "head" or is_bodiless(code)) and target.get("content"):
                operation["responses"][code] = {key: value for key, value in target.items() if key != "content"}


def describe_parameters(document: Document) -> None:
    """Copy a parameter's description into its schema, the only place where the generator looks for it."""
    for parameter in (*iterate_parameters(document), *document["components"].get("parameters", {}).values()):
        schema = parameter.get("schema")
        if isinstance(schema, dict) and "description" in parameter and "$ref" not in schema:
            schema["description"] = parameter["description"]
