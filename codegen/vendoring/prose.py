"""A new description with this project's own words where both speak of the same thing."""

from __future__ import annotations

import copy
import datetime
import json
import re

import yaml

from ..drift import wire
from ..spec import Json, Spec, iterate_mappings, resolve, unescape

_HEADER = """\
# Gcore's IAM API, as an OpenAPI description.
#
# The facts (paths, names, types, limits) are those of the description that Gcore publishes, in its
# version {version}. The prose is this project's own.
# Where the original comes from: source.toml, beside this file.
"""


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    lines = value.splitlines()
    style = "|" if len(lines) > 1 and not any(line != line.rstrip() for line in lines) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def in_our_words(old: Spec, new: Spec, today: datetime.date) -> tuple[bytes, list[str]]:
    """Write a new description with the summaries, descriptions and examples of the old one.

    Args:
        old: The vendored description.
        new: The new one.
        today: What the sunset of a deprecated operation is held against.

    Returns:
        The text, as YAML, and the JSON pointers of descriptions of what the old one does not have. What the old one
        leaves without words stays so; if nothing but prose and the version differs, the text is the old one's.
    """
    document = copy.deepcopy(new.document)
    unwritten: list[str] = []
    for finding in wire.findings(old, new, today):
        if finding.new is None:
            continue
        if not finding.rule.startswith("docs-"):
            if finding.old is None:
                unwritten += _described(new.value(finding.new), finding.new)
        elif finding.rule != "docs-tag-changed":
            keyword = (finding.old or "").rpartition("/")[2]
            place = finding.new if finding.after is not None else f"{finding.new}/{keyword}"
            _put(document, place, copy.deepcopy(finding.before))
    ours = {tag.get("name"): tag for tag in reversed(old.document.get("tags") or [])}
    for index, tag in enumerate(document.get("tags") or []):
        if tag.get("name") in ours:
            document["tags"][index] = copy.deepcopy(ours[tag.get("name")])
    if _but_version(document) == _but_version(old.document):
        text = _with_version(old.file.text, old.version, new.version)
    else:
        text = _HEADER.format(version=new.version)
        text += yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text.encode(), sorted(dict.fromkeys(unwritten))


def _described(value: Json, pointer: str) -> list[str]:
    """The descriptions and summaries inside of what is new."""
    return [
        f"{place}/{key}"
        for place, mapping in iterate_mappings(value, pointer)
        for key in ("summary", "description")
        if isinstance(mapping.get(key), str)
    ]


def _but_version(document: dict[str, Json]) -> dict[str, Json]:
    return {**document, "info": {key: value for key, value in document["info"].items() if key != "version"}}


def _with_version(text: str, old: str, new: str) -> str:
    """The vendored text with another version, where it stands and where the first lines speak of it."""
    written = json.dumps(new, ensure_ascii=False)
    text = re.sub(r"(?m)^(\s+version: ).*$", lambda found: found[1] + written, text, count=1)
    head, openapi, rest = text.partition("\nopenapi:")
    return head.replace(old, " ".join(new.split())) + openapi + rest


def _put(document: dict[str, Json], pointer: str, value: Json) -> None:
    """Replace what stands at a JSON pointer, or remove it."""
    holder, _, key = pointer.rpartition("/")
    place = resolve(document, f"#{holder}") if holder else document
    if isinstance(place, dict) and value is None:
        place.pop(unescape(key), None)
    elif isinstance(place, dict):
        place[unescape(key)] = value
