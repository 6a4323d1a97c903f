"""Renders a review as JUnit XML, with a test case for each change."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from ..report import Change, ObservedFact, Review
from . import common
from .common import Options

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 forbids, even escaped."""


def render(review: Review, _: Options) -> str:
    """Show a review as the result of tests.

    Args:
        review: What to show.

    Returns:
        XML with a suite for each layer. An error that nobody accepted is a failure, any other change passes and says
        what it is; a layer without changes is one test that passes, a layer not reviewed is one that was skipped. An
        observation that the new spec contradicts is a failure, too.
    """
    root = ElementTree.Element("testsuites", {"name": "drift"})
    for layer, changes in common.group_by_layer(review):
        suite = ElementTree.SubElement(root, "testsuite", {"name": f"drift.{layer}"})
        for change in changes:
            _add_change(suite, review, change)
        if not common.is_reviewed(review, layer):
            skipped = {"message": common.NOT_REVIEWED}
            ElementTree.SubElement(_add_case(suite, common.NOT_REVIEWED), "skipped", skipped)
        elif not changes:
            _add_case(suite, common.NO_CHANGES)
        if layer == "docs" and review.notes:
            _add_text(suite, "system-out", review.notes)
    if review.observed is not None:
        suite = ElementTree.SubElement(root, "testsuite", {"name": f"drift.{common.OBSERVED}"})
        for fact in review.observed:
            _add_fact(suite, review, fact)
        if not review.observed:
            _add_case(suite, common.NOTHING_OBSERVED)
    for element in (*root, root):
        for count, path in (("tests", ""), ("failures", "/failure"), ("errors", "/error"), ("skipped", "/skipped")):
            element.set(count, str(len(element.findall(f".//testcase{path}"))))
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return data.decode() + "\n"


def _add_change(suite: ElementTree.Element, review: Review, change: Change) -> None:
    # Without lines and columns, so that the same change has the same name in the next run.
    subject = change.pointer or next(iter(change.symbols or change.files), change.fingerprint)
    lines = [
        change.message,
        *common.format_places(review, change),
        *(f"operation: {operation}" for operation in change.operations),
        *(f"symbol: {symbol}" for symbol in change.symbols),
        *(f"breaks {file}" for file in change.files),
        *(f"line: {change.code}" for _ in change.code[:1]),
        *(f"use instead: {change.instead}" for _ in change.instead[:1]),
        *common.list_remarks(review, change),
    ]
    failure = change.id if change.level == "error" and not change.accepted else ""
    _add_result(_add_case(suite, " ".join(filter(None, (change.id, subject)))), failure, change.level, lines)


def _add_fact(suite: ElementTree.Element, review: Review, fact: ObservedFact) -> None:
    name = " ".join(filter(None, (fact.kind, fact.operation, fact.status, fact.pointer, fact.detail)))
    lines = [fact.message, *common.format_places(review, fact), *common.list_fact_lines(fact)]
    failure = fact.agreement if fact.agreement == "contradicted" else ""
    _add_result(_add_case(suite, common.format_line(name)), failure, fact.agreement, lines)


def _add_case(suite: ElementTree.Element, name: str) -> ElementTree.Element:
    attributes = {"classname": suite.attrib["name"], "name": _replace_forbidden(name)}
    return ElementTree.SubElement(suite, "testcase", attributes)


def _add_result(case: ElementTree.Element, failure: str, word: str, lines: list[str]) -> None:
    """Add the lines about a case: as a failure of a type, or below a word if the case passes."""
    if failure:
        message = common.format_line(lines[0])
        _add_text(case, "failure", lines, type=failure, message=message)
    else:
        _add_text(case, "system-out", [f"{word}: {lines[0]}", *lines[1:]])


def _add_text(holder: ElementTree.Element, tag: str, lines: Iterable[str], **attributes: str) -> None:
    attributes = {key: _replace_forbidden(value) for key, value in attributes.items()}
    ElementTree.SubElement(holder, tag, attributes).text = _replace_forbidden("\n".join(lines))


def _replace_forbidden(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
