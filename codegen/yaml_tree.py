"""Parses YAML and JSON texts, and refuses what JSON cannot hold and what would take too long to read."""

from __future__ import annotations

import json
import math
import re
from typing import Any, TypeAlias

import attrs
import yaml

from .errors import CodegenError
from .limits import MAX_BYTES, MAX_DEPTH, MAX_KEY_LENGTH, MAX_NODES, MAX_NUMBER_LENGTH, LimitError, clip_text

Json: TypeAlias = Any
"""Decoded JSON: dict, list, str, int, float, bool or None."""

_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_TAGS = frozenset(
    {_TEXT, _MERGE} | {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "seq", "map")}
)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with the scalars of YAML 1.2's core schema.

    PyYAML follows YAML 1.1, where `no` is false and `2021-01-01` is a date; the OpenAPI specification asks for
    the JSON types of YAML 1.2.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


def _construct_int(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


CORE_SCALARS = {
    "tag:yaml.org,2002:null": (re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    "tag:yaml.org,2002:bool": (re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    "tag:yaml.org,2002:int": (re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), list("-+0123456789")),
    "tag:yaml.org,2002:float": (
        re.compile(
            r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
        ),
        list("-+.0123456789"),
    ),
    _MERGE: (re.compile(r"^<<$"), ["<"]),
}
"""Tags of YAML 1.2's core schema beside text: how a scalar of each is written, and what it may begin with."""

for _tag, (_pattern, _first) in CORE_SCALARS.items():
    _Loader.add_implicit_resolver(_tag, _pattern, _first)
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)


def parse_tree(text: str, path: str) -> tuple[yaml.Node | None, Json]:
    """Parse a text into its nodes, which know their lines and columns, and its value.

    Args:
        text: YAML or JSON.
        path: Its name in messages.

    Returns:
        The root node, None for an empty text, and the decoded value.

    Raises:
        LimitError: It exceeds a bound of `limits`.
        CodegenError: It is not YAML, repeats a key, or holds what JSON cannot.
    """
    try:
        source = _join_surrogates(text)
        _check_events(source, path)
        loader = _Loader(source)
        root = loader.get_single_node()
        if root is None:
            return None, None
        has_aliases = _check_tree(root, path)
        value = loader.construct_document(root)
        return root, _copy_shared(value) if has_aliases else value
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{format_position(mark)}" if mark else ""
        if "nesting depth" in (error.problem or ""):  # PyYAML's own bound: it reads a few thousand levels ahead
            message = f"{path}{where}: is nested too deeply: more than {MAX_DEPTH} levels"
            raise LimitError(message, "MAX_DEPTH") from error
        raise CodegenError(f"{path}{where}: is not YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise CodegenError(f"{path}:{line}: is not YAML: it holds the control character U+{code:04X}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise CodegenError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error


def format_position(mark: Any) -> str:
    """Format a place in a file as `line:column`, each from 1."""
    return f"{mark.line + 1}:{mark.column + 1}"


def _join_surrogates(text: str) -> str:
    """Write the surrogate pairs of a JSON file as YAML's escapes: JSON has no other escape beyond U+FFFF."""
    if not re.search(r"\\u[dD][89abAB]", text):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text  # YAML, in which a backslash need not begin an escape
    return re.sub(
        r"(\\\\)|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})",
        lambda found: (
            found[1] or f"\\U{0x10000 + (int(found[2], 16) - 0xD800) * 0x400 + int(found[3], 16) - 0xDC00:08x}"
        ),
        text,
    )


def _check_events(text: str, path: str) -> None:
    """Refuse what is nested too deeply for the parser, or holds too much, before a tree is built from it."""
    directive = re.search(r"(?m)^%TAG\b", text)
    if directive:  # each tag would be as long as its directive says
        line = text.count("\n", 0, directive.start()) + 1
        raise CodegenError(f"{path}:{line}:1: the directive %TAG has no place in a spec")
    depth = count = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            continue
        count += isinstance(event, yaml.NodeEvent)
        if count > MAX_NODES:
            raise LimitError(
                f"{path}:{format_position(event.start_mark)}: holds more than {MAX_NODES:,} keys and values",
                "MAX_NODES",
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                place = f"{path}:{format_position(event.start_mark)}"
                raise LimitError(f"{place}: is nested too deeply: more than {MAX_DEPTH} levels", "MAX_DEPTH")


def _check_tree(root: yaml.Node, path: str) -> bool:
    """Refuse what is not JSON, and make every key the text that it is written as.

    Each node is checked once, however many aliases refer to it.

    Returns:
        Whether there are aliases.
    """
    if isinstance(root, yaml.ScalarNode):
        _check_scalar(root, path)
        return False
    measures: dict[int, _Measure] = {}
    above: set[int] = set()
    has_aliases = False
    todo: list[tuple[yaml.Node, list[yaml.Node] | None]] = [(root, None)]
    while todo:
        node, parts = todo.pop()
        if parts is not None:
            above.discard(id(node))
            measures[id(node)] = size = _measure(node, parts, measures)
            if size.values > MAX_NODES or size.characters > MAX_BYTES:
                bound = "MAX_NODES" if size.values > MAX_NODES else "MAX_BYTES"
                most = f"{MAX_NODES:,} values" if size.values > MAX_NODES else f"{MAX_BYTES:,} characters"
                place = f"{path}:{format_position(node.start_mark)}"
                raise LimitError(f"{place}: its YAML aliases stand for more than {most}; write them out", bound)
        elif id(node) in above:
            raise CodegenError(f"{path}:{format_position(node.start_mark)}: a YAML alias contains itself")
        elif id(node) in measures:
            has_aliases = True
        else:
            above.add(id(node))
            parts = _list_parts(node)
            _check_collection(node, parts, path)
            todo.append((node, parts))
            todo += [(part, None) for part in reversed(parts) if not isinstance(part, yaml.ScalarNode)]
    if measures[id(root)].levels > MAX_DEPTH + 1:
        place = f"{path}:{format_position(_find_deepest(root, measures).start_mark)}"
        raise LimitError(f"{place}: is nested too deeply: more than {MAX_DEPTH} levels", "MAX_DEPTH")
    return has_aliases


def _list_parts(node: yaml.Node) -> list[yaml.Node]:
    """List the nodes in a collection; keys are checked separately."""
    return [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else node.value


@attrs.frozen
class _Measure:
    """How much a collection holds, aliases written out."""

    values: int
    """Keys and values, itself included."""
    characters: int
    levels: int


def _measure(node: yaml.Node, parts: list[yaml.Node], measures: dict[int, _Measure]) -> _Measure:
    values, characters, levels = 1 + len(parts), 0, 1 if parts else 0
    if isinstance(node, yaml.MappingNode):
        values += len(parts)
        characters += sum(len(key.value) for key, _ in node.value)
    for part in parts:
        inside = measures.get(id(part))
        if inside is None:
            characters += len(part.value)
        else:
            values += inside.values - 1
            characters += inside.characters
            levels = max(levels, inside.levels)
    return _Measure(values, characters, 1 + levels)


def _find_deepest(node: yaml.Node, measures: dict[int, _Measure]) -> yaml.Node:
    """Find the first node that is nested too deep."""
    for _ in range(MAX_DEPTH + 1):
        node = max(_list_parts(node), key=lambda part: measures[id(part)].levels if id(part) in measures else 1)
    return node


def _check_collection(node: yaml.Node, parts: list[yaml.Node], path: str) -> None:
    _check_tag(node, path)
    for part in parts:
        if part.tag != _TEXT and isinstance(part, yaml.ScalarNode):
            _check_scalar(part, path)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise CodegenError(f"{path}:{format_position(key.start_mark)}: a key must be a plain text")
        if key.tag == _MERGE:
            continue
        if len(key.value) > MAX_KEY_LENGTH:
            place = f"{path}:{format_position(key.start_mark)}"
            raise LimitError(f"{place}: a key has more than {MAX_KEY_LENGTH:,} characters", "MAX_KEY_LENGTH")
        if key.value in seen:
            place = f"{path}:{format_position(key.start_mark)}"
            raise CodegenError(f"{place}: the key {clip_text(key.value)!r} stands twice in one mapping")
        seen.add(key.value)
        key.tag = _TEXT


def _check_scalar(node: yaml.ScalarNode, path: str) -> None:
    _check_tag(node, path)
    place, text = f"{path}:{format_position(node.start_mark)}", clip_text(node.value)
    kind = node.tag.rpartition(":")[2]
    is_number = kind in ("int", "float")
    if is_number and len(node.value) > MAX_NUMBER_LENGTH:
        raise LimitError(
            f"{place}: a number has {len(node.value):,} characters, more than {MAX_NUMBER_LENGTH}", "MAX_NUMBER_LENGTH"
        )
    if node.tag in CORE_SCALARS and not CORE_SCALARS[node.tag][0].match(node.value):
        raise CodegenError(f"{place}: {text!r} is not how YAML 1.2 writes a value of the type !!{kind}")
    if is_number and not math.isfinite(_parse_float(node.value)):
        raise CodegenError(f"{place}: {text} has no place in JSON: a number must be finite, at most 1.8e308")


def _parse_float(text: str) -> float:
    """Parse a number of YAML's core schema as a double; infinity if it is too large for one."""
    if text[:2] in ("0o", "0x"):
        try:
            return float(int(text, 0))
        except OverflowError:
            return math.inf
    return float(re.sub(r"\.(?=inf|nan)", "", text, flags=re.IGNORECASE))


def _check_tag(node: yaml.Node, path: str) -> None:
    if node.tag not in _TAGS:
        tag = clip_text(node.tag.replace("tag:yaml.org,2002:", "!!"))
        raise CodegenError(f"{path}:{format_position(node.start_mark)}: the YAML tag {tag} has no place in JSON")


def _copy_shared(value: Json) -> Json:
    """Copy a value so that what YAML aliases share exists once for each place and can change separately."""
    if isinstance(value, dict):
        return {key: _copy_shared(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy_shared(item) for item in value]
    return value
