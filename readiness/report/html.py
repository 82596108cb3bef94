"""The report as one HTML file: no script, nothing fetched, to be read on a phone, by keyboard and on paper."""

from __future__ import annotations

import base64
from pathlib import Path

from core import drawing
from core.terminal import clean_lines
from readiness.check import Picture, Severity
from readiness.report.model import Judged, Report, State
from readiness.report.text import MARKS

_PAGE = Path(__file__).with_name("page.html")
_CLASSES = {
    State.FAIL: "fail",
    State.CANNOT_TELL: "unknown",
    State.ACCEPTED: "accepted",
    State.PASS: "pass",
    State.NOT_APPLICABLE: "none",
}


def as_html(report: Report) -> str:
    """The page. Whatever a site, a log or a record said is shown, never obeyed."""
    return drawing.template(_PAGE, clean_lines=clean_lines).render(
        report=report,
        states=[(state, report.count(state)) for state in State if report.count(state)],
        standing=report.not_ready(Severity.LOW),
        changed=[each for each in report.checks if each.changed],
        headline=report.headline,
        tone="good" if report.ready else "bad" if report.not_ready(Severity.LOW) else "",
        marks=MARKS,
        classes=_CLASSES,
        kind=lambda one: type(one).__name__,
        source=_source,
        opened=_opened,
        asked=sum((report.requests or {}).values()),
        State=State,
    )


def _opened(each: Judged) -> bool:
    return each.state in (State.FAIL, State.CANNOT_TELL)


def _source(picture: Picture) -> str:
    """A data: URL. As an image, an SVG runs no script and fetches nothing, whatever is in it."""
    data = drawing.alone(picture.data) if picture.media_type == "image/svg+xml" else picture.data
    return f"data:{picture.media_type};base64,{base64.b64encode(data).decode()}"
