"""The report as one HTML file: no script, nothing fetched, to be read on a phone, by keyboard and on paper."""

from __future__ import annotations

import base64
from pathlib import Path

from core import drawing
from core.terminal import clean_lines
from readiness.check import Picture
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
        changed=[each for each in report.checks if each.changed],
        headline=_headline(report),
        ready=not (report.count(State.FAIL) or report.count(State.CANNOT_TELL)),
        marks=MARKS,
        classes=_CLASSES,
        kind=lambda one: type(one).__name__,
        source=_source,
        opened=_opened,
        asked=sum((report.requests or {}).values()),
        State=State,
    )


def _headline(report: Report) -> str:
    failed, untold = report.count(State.FAIL), report.count(State.CANNOT_TELL)
    if not failed and not untold:
        accepted = report.count(State.ACCEPTED)
        return "Ready" + (f", with {accepted} accepted risk{'s' if accepted > 1 else ''}" if accepted else "")
    parts = [f"{failed} check{'s fail' if failed != 1 else ' fails'}"] if failed else []
    parts += [f"{untold} cannot be told"] if untold else []
    return "Not ready: " + ", ".join(parts)


def _opened(each: Judged) -> bool:
    return each.state in (State.FAIL, State.CANNOT_TELL)


def _source(picture: Picture) -> str:
    """A data: URL. As an image, an SVG runs no script and fetches nothing, whatever is in it."""
    data = drawing.alone(picture.data) if picture.media_type == "image/svg+xml" else picture.data
    return f"data:{picture.media_type};base64,{base64.b64encode(data).decode()}"
