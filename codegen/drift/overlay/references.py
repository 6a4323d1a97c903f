"""Generated functions that hand-written code hands on without calling them, whose signatures no type checker compares.

Whatever takes such a function, as `paginate` and tables of functions do, takes it as one with any parameters.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from ..python_surface import Field, Function, is_wider_type, remove_unset
from .files import OverlayFiles, Problem, make_problem
from .names import Clients

_NAMES = ("sync_detailed", "sync", "asyncio_detailed", "asyncio")
"""The functions of a generated module."""

_PAGE_PARAMETERS = ("limit", "offset")
"""What `paginate` passes by itself."""


def find_references(files: OverlayFiles, clients: Clients) -> Iterator[Problem]:
    """Find generated functions that are handed on, and take something else than they did."""
    functions = [client.surface.functions for client in clients]
    for file in files.list_files():
        nodes = list(ast.walk(files.get_tree(file)))
        imported = {
            alias.asname or alias.name: f"{module}.{alias.name}" for module, alias in files.iterate_imports(file)
        }
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        called = {id(call.func) for call in calls}
        inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
        receivers = {
            id(argument): call
            for call in calls
            for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        }
        for node in nodes if imported else ():
            if isinstance(node, ast.Name | ast.Attribute) and id(node) not in called | inner:
                name, _, rest = ast.unparse(node).partition(".")
                module = _find_module(".".join(filter(None, (imported.get(name), rest))))
                if module in functions[0] and module in functions[1]:
                    call = receivers.get(id(node))
                    for message in _compare(functions[0][module], functions[1][module], call):
                        yield make_problem(file, node, message, "reference")


def _find_module(dotted: str) -> str:
    """Return the module of a dotted name, which is the module or one of its functions."""
    module, _, last = dotted.rpartition(".")
    return module if last in _NAMES else dotted


def _compare(old: Function, new: Function, call: ast.Call | None) -> Iterator[str]:
    """Yield why calls of a function fail from now on; `call` receives the function, None if no call does."""
    name = f'"{new.module.rpartition(".")[2]}"'
    before, after = ({field.name.lstrip("*"): field for field in side.parameters} for side in (old, new))
    given = {keyword.arg for keyword in call.keywords if keyword.arg} if call else set[str]()
    is_paginate = call is not None and ast.unparse(call.func).rpartition(".")[2] == "paginate"
    passed: Collection[str] = given.union(_PAGE_PARAMETERS) if is_paginate else before
    for parameter in [parameter for parameter in before if parameter in passed]:
        reason = ", which pages are requested with" if is_paginate and parameter in _PAGE_PARAMETERS else ""
        if parameter not in after:
            yield f'{name} takes no "{parameter}"{reason}'
        else:
            # Whether a parameter may be left out is compared by `_is_newly_required`.
            now, earlier = (remove_unset(side[parameter].type) for side in (after, before))
            if not is_wider_type(now, earlier):
                yield f'{name} takes {now} for "{parameter}"{reason}'
    for parameter, field in after.items():
        if _is_newly_required(before.get(parameter), field) and not (is_paginate and parameter in passed):
            yield f'{name} needs "{parameter}", and is handed on here without it'


def _is_newly_required(before: Field | None, after: Field) -> bool:
    return after.required and not (before and before.required)
