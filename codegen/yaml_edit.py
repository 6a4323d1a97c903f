"""Edits a YAML or JSON text in place: only the lines of values that differ change."""

from __future__ import annotations

import difflib
import json
from typing import Any, TypeAlias

import attrs
import yaml

from .errors import CodegenError
from .yaml_tree import CORE_SCALARS, Json, parse_tree

_Node: TypeAlias = Any
"""A node of PyYAML, whose stubs do not type what its kinds have."""


class _Dumper(yaml.SafeDumper):
    """YAML with texts of several lines as literal blocks, and with quotes where YAML 1.1 or 1.2 need them."""


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    lines = value.splitlines()
    style = "|" if len(lines) > 1 and not any(line != line.rstrip() for line in lines) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _represent_text)
for _tag, (_pattern, _first) in CORE_SCALARS.items():  # PyYAML itself knows those of YAML 1.1
    _Dumper.add_implicit_resolver(_tag, _pattern, _first)


def edit_yaml(text: str, target: Json, path: str) -> str:
    """Change a text so that it holds another value.

    Args:
        text: YAML or JSON.
        target: The value that the result holds; the order of keys does not count.
        path: What messages call the text.

    Returns:
        The text with the lines of changed, added and removed values replaced. Layout, comments, quotes and the order
        of everything else stay.

    Raises:
        CodegenError: The text is not YAML, or its layout allows no such edit (YAML aliases, for instance).
    """
    root, value = parse_tree(text, path)
    if root is None:
        raise CodegenError(f"{path}: is empty; there is nothing to edit")
    editor = _Editor(text, is_json=text.lstrip("\ufeff \t\r\n").startswith("{"))
    editor.change(root, value, target)
    edited = editor.apply()
    if _canonical(parse_tree(edited, path)[1]) != _canonical(target):
        raise CodegenError(f"{path}: cannot be edited in place; write its YAML aliases and merge keys out")
    return edited


def dump_yaml(value: Json, *, width: int = 100) -> str:
    """Write a value as YAML in block style; JSON types read from it by YAML 1.1 or 1.2 are the same."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)


def _canonical(value: Json) -> str:
    """A text that two JSON values share if they are equal; 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True)


@attrs.define
class _Editor:
    """Collects edits of a text, as spans of characters and what replaces them."""

    text: str
    is_json: bool
    _edits: list[tuple[int, int, str]] = attrs.field(factory=list, init=False)

    def apply(self) -> str:
        """Apply the edits that have been collected."""
        text = self.text
        # From the end on; what is inserted at one place stays in its order.
        for start, end, _, new in sorted(
            ((*edit[:2], index, edit[2]) for index, edit in enumerate(self._edits)), reverse=True
        ):
            text = text[:start] + new + text[end:]
        return text

    def change(self, node: _Node, old: Json, new: Json) -> None:
        """Change a node from one value to another."""
        if _canonical(old) == _canonical(new):
            return
        if isinstance(node, yaml.MappingNode) and isinstance(new, dict) and new:
            self._change_mapping(node, old, new)
        elif isinstance(node, yaml.SequenceNode) and isinstance(new, list) and new:
            self._change_sequence(node, old, new)
        else:
            self._replace(node, new)

    def _change_mapping(self, node: yaml.MappingNode, old: dict[str, Json], new: dict[str, Json]) -> None:
        pairs = {key.value: (key, value) for key, value in node.value}
        removed = [key for key in pairs if key not in new]
        added = [key for key in new if key not in pairs]
        kept = [key for key in pairs if key in new]
        first = node.value[0][0]
        is_removable = all(self._begins_line(pairs[key][0].start_mark.index) for key in removed)
        if (removed or added) and (node.flow_style or not kept or not is_removable):
            self._replace(node, new)
            return
        for key in kept:
            holder, value = pairs[key]
            if isinstance(value, yaml.ScalarNode) == isinstance(new[key], dict | list) and not node.flow_style:
                self._replace_entry(holder, value, key, new[key])
            else:
                self.change(value, old[key], new[key])
        for key in removed:
            self._remove_lines(pairs[key][0].start_mark.index, self._end(pairs[key][1]))
        indent = " " * first.start_mark.column
        previous = None
        for key in new:
            if key in pairs:
                previous = key
                continue
            entry = self._dump({key: new[key]}, indent)
            if previous is None:
                start = pairs[kept[0]][0].start_mark.index
                self._edits.append((start, start, f"{entry}\n{indent}"))
            else:
                self._insert_line(self._end(pairs[previous][1]), f"{indent}{entry}")

    def _replace_entry(self, holder: yaml.Node, value: _Node, key: str, new: Json) -> None:
        """Replace a key with its value, where a scalar becomes a collection or the other way round."""
        indent = " " * holder.start_mark.column
        self._edits.append((holder.start_mark.index, self._end(value), self._dump({key: new}, indent)))

    def _change_sequence(self, node: yaml.SequenceNode, old: list[Json], new: list[Json]) -> None:
        keys = [_canonical(item) for item in old], [_canonical(item) for item in new]
        codes = difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes()
        is_editable = not node.flow_style and all(self._begins_line(self._find_dash(item)) for item in node.value)
        if len(old) != len(new) and not is_editable:
            self._replace(node, new)
            return
        indent = " " * node.start_mark.column
        for code, start, end, new_start, new_end in codes:
            if code == "equal":
                continue
            common = min(end - start, new_end - new_start)
            if common < end - start and common == 0 and len(old) == end - start:
                self._replace(node, new)
                return
            for offset in range(common):
                self.change(node.value[start + offset], old[start + offset], new[new_start + offset])
            for item in node.value[start + common : end]:
                self._remove_lines(self._find_dash(item), self._end(item))
            added = "".join(
                f"{indent}- {self._dump(value, f'{indent}  ')}\n" for value in new[new_start + common : new_end]
            )
            if added and start + common:
                self._insert_line(self._end(node.value[start + common - 1]), added.removesuffix("\n"))
            elif added:
                place = node.start_mark.index
                self._edits.append((place, place, f"{added.removeprefix(indent)}{indent}"))

    def _replace(self, node: _Node, new: Json) -> None:
        """Replace a node as a whole."""
        start, end = node.start_mark.index, self._end(node)
        if isinstance(node, yaml.ScalarNode):
            in_flow = not isinstance(new, dict | list) and node.style not in ("|", ">")
        else:
            in_flow = bool(node.flow_style)
        if isinstance(node, yaml.ScalarNode) and isinstance(new, str) and new.isprintable():
            if node.style == "'":
                self._edits.append((start, end, "'" + new.replace("'", "''") + "'"))
                return
            if node.style == '"':
                self._edits.append((start, end, json.dumps(new, ensure_ascii=False)))
                return
        indent = " " * node.start_mark.column
        self._edits.append((start, end, self._dump_flow(new) if in_flow else self._dump(new, indent)))

    def _dump(self, value: Json, indent: str) -> str:
        """Write a value as a block whose lines after the first one are indented."""
        if self.is_json:
            return json.dumps(value, ensure_ascii=False)
        lines = dump_yaml(value).removesuffix("...\n").rstrip("\n").split("\n")
        return "\n".join([lines[0], *(f"{indent}{line}" if line else line for line in lines[1:])])

    def _dump_flow(self, value: Json) -> str:
        """Write a value in one line."""
        if self.is_json:
            return json.dumps(value, ensure_ascii=False)
        text = yaml.dump(
            value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=True, width=10_000_000
        )
        return text.removesuffix("...\n").strip()

    def _end(self, node: _Node) -> int:
        """Where a node's last character ends: blocks of PyYAML end where the next thing begins."""
        if not isinstance(node, yaml.ScalarNode) and not node.flow_style and node.value:
            last: Any = node.value[-1]
            return self._end(last[1] if isinstance(node, yaml.MappingNode) else last)
        end: int = node.end_mark.index
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            return len(self.text[:end].rstrip())
        return end

    def _insert_line(self, place: int, lines: str) -> None:
        """Insert lines after the one that holds a place, with the comment at its end."""
        end = self.text.find("\n", place)
        end = len(self.text) if end < 0 else end
        self._edits.append((end, end, f"\n{lines}"))

    def _find_dash(self, item: _Node) -> int:
        """Where the dash of an item of a block sequence stands."""
        return self.text.rindex("-", 0, item.start_mark.index)

    def _remove_lines(self, start: int, end: int) -> None:
        """Remove what begins at a place, with the rest of its last line."""
        line_start = self.text.rfind("\n", 0, start) + 1
        line_end = self.text.find("\n", end)
        self._edits.append((line_start, len(self.text) if line_end < 0 else line_end + 1, ""))

    def _begins_line(self, place: int) -> bool:
        """Whether nothing but spaces stands before a place in its line."""
        return not self.text[self.text.rfind("\n", 0, place) + 1 : place].strip(" ")
