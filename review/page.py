"""A review as a page: one file, no script, nothing fetched."""

from __future__ import annotations

from pathlib import Path

from core import drawing
from review.assess import Review
from review.sections import OPS, SIGNS, broken, counted, headline, resource_line, sections, tried, waiver_line

_PAGE = Path(__file__).with_name("page.html")
_MOST_RESOURCES = 2_000


def as_html(made: Review) -> str:
    """The page's HTML. Texts from elsewhere are shown as they are, never obeyed."""
    return drawing.template(_PAGE).render(
        stack=made.stack,
        stops=made.stops,
        headline=headline(made),
        counted=counted(made),
        tried=tried(made),
        sections=list(sections(made)),
        broken=broken(made),
        ok=sum(one.outcome == "ok" for one in made.verdicts),
        changes=made.behaviour.changes,
        changed=made.changed[:_MOST_RESOURCES],
        more=len(made.changed) - _MOST_RESOURCES,
        counts=made.counts,
        waivers=[waiver_line(one, made) for one in made.waivers],
        notes=made.notes,
        signs=SIGNS,
        ops=OPS,
        resource_line=resource_line,
    )
