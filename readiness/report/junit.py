"""The report as JUnit's XML, as CI systems read it: a suite a row, a case a check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from xml.etree import ElementTree

from core.terminal import clean
from readiness.report.model import Judged, Report, RowReport, State
from readiness.report.plain import evidence_text


def as_junit(report: Report) -> str:
    """The document. What fails is a ``failure``, what cannot be told an ``error``: neither counts as passed."""
    root = ElementTree.Element("testsuites", name=f"launch-ready {report.stack}", time=f"{report.seconds:.3f}")
    root.attrib |= _counts(each.state for each in report.checks)
    for row in report.rows:
        root.append(_suite(row, report))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(row: RowReport, report: Report) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=row.title, timestamp=report.began)
    suite.attrib |= _counts(each.state for each in row.checks)
    suite.extend(_case(each) for each in row.checks)
    return suite


def _counts(states: Iterable[State]) -> dict[str, str]:
    found = Counter(states)
    return {
        "tests": str(found.total()),
        "failures": str(found[State.FAIL]),
        "errors": str(found[State.CANNOT_TELL]),
        "skipped": str(found[State.NOT_APPLICABLE] + found[State.ACCEPTED]),
    }


def _case(each: Judged) -> ElementTree.Element:
    check, summary = each.result.check, clean(each.result.summary)
    case = ElementTree.Element("testcase", classname=check.row.value, name=f"{check.id}: {check.title}")
    details = "\n".join(
        [f"breaks: {check.breaks}", f"fix: {check.fix}", f"see: {', '.join(check.references)}"]
        + [evidence_text(one) for one in each.result.evidence]
    )
    match each.state:
        case State.FAIL:
            ElementTree.SubElement(case, "failure", message=summary, type=check.severity.value).text = details
        case State.CANNOT_TELL:
            ElementTree.SubElement(case, "error", message=summary, type=check.severity.value).text = details
        case State.NOT_APPLICABLE:
            ElementTree.SubElement(case, "skipped", message=summary)
        case State.ACCEPTED if each.waiver:
            reason = f"accepted by {each.waiver.owner} until {each.waiver.until}: {each.waiver.reason}"
            ElementTree.SubElement(case, "skipped", message=clean(f"{summary} ({reason})"))
    return case
