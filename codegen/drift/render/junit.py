"""For a build server: a test case for each change, as JUnit writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from ..report import Change, Layer, Observed, Review
from . import common
from .common import Options

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document can hold, not even escaped."""


def render(review: Review, _: Options) -> str:
    """Show a review as the result of tests.

    Args:
        review: What to show.

    Returns:
        XML with a suite for each layer. An error that nobody accepted is a failure, any other change passes and says
        what it is; a layer without changes is one test that passes, a layer not looked at one that was skipped. An
        observed fact that the new spec contradicts is a failure, too.
    """
    root = ElementTree.Element("testsuites", {"name": "drift"})
    for layer, changes in common.by_layer(review):
        suite = _suite(review, layer, changes)
        if layer == "docs" and review.notes:
            ElementTree.SubElement(suite, "system-out").text = _legal("\n".join(review.notes))
        root.append(suite)
    if review.observed is not None:
        root.append(_fact_suite(review, review.observed))
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written.decode() + "\n"


def _suite(review: Review, layer: Layer, changes: Sequence[Change]) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": f"drift.{layer}"})
    for change in changes:
        suite.append(_case(review, change))
    if not changes:
        case = ElementTree.SubElement(suite, "testcase", {"classname": f"drift.{layer}", "name": common.NO_CHANGES})
        if not common.looked_at(review, layer):
            case.set("name", common.NOT_LOOKED_AT)
            ElementTree.SubElement(case, "skipped", {"message": common.NOT_LOOKED_AT})
    return _count(suite)


def _fact_suite(review: Review, facts: Sequence[Observed]) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": f"drift.{common.OBSERVED}"})
    for fact in facts:
        name = " ".join(filter(None, (fact.kind, fact.operation, fact.status, fact.pointer, fact.detail)))
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": f"drift.{common.OBSERVED}", "name": _legal(common.printable(name))}
        )
        text = "\n".join([fact.message, *common.places(review, fact), *common.list_fact_lines(fact)])
        if fact.agreement == "contradicted":
            attributes = {"type": fact.agreement, "message": _legal(common.printable(fact.message))}
            ElementTree.SubElement(case, "failure", attributes).text = _legal(text)
        else:
            ElementTree.SubElement(case, "system-out").text = _legal(f"{fact.agreement}: {text}")
    if not facts:
        name = common.NOTHING_OBSERVED
        ElementTree.SubElement(suite, "testcase", {"classname": f"drift.{common.OBSERVED}", "name": name})
    return _count(suite)


def _count(suite: ElementTree.Element) -> ElementTree.Element:
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    return suite


def _case(review: Review, change: Change) -> ElementTree.Element:
    # Without lines and columns, so that the same change has the same name in the next run.
    subject = change.pointer or next(iter(change.symbols or change.files), change.fingerprint)
    name = " ".join(filter(None, (change.id, subject)))
    case = ElementTree.Element("testcase", {"classname": f"drift.{change.layer}", "name": _legal(name)})
    lines = [
        change.message,
        *common.places(review, change),
        *(f"operation: {operation}" for operation in change.operations),
        *(f"symbol: {symbol}" for symbol in change.symbols),
        *(f"breaks {file}" for file in change.files),
        *(f"line: {change.code}" for _ in change.code[:1]),
        *(f"write {change.instead}" for _ in change.instead[:1]),
        *filter(None, [common.format_sightings(review, change)]),
        *([common.acceptance(change.accepted)] if change.accepted else []),
    ]
    if change.level == "error" and not change.accepted:
        attributes = {"type": _legal(change.id), "message": _legal(common.printable(change.message))}
        ElementTree.SubElement(case, "failure", attributes).text = _legal("\n".join(lines))
    else:
        ElementTree.SubElement(case, "system-out").text = _legal(f"{change.level}: " + "\n".join(lines))
    return case


def _legal(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
