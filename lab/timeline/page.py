"""The page itself: one file, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from core import drawing
from core.errors import LabError
from lab.load.records import Record
from lab.load.summary import summary
from lab.timeline.model import KINDS, Event, Facts
from lab.timeline.plot import draw, shades
from lab.timeline.series import series

_PAGE = Path(__file__).with_name("page.html")


def render(records: Sequence[Record], events: Sequence[Event], facts: Facts) -> str:
    """The page's HTML. Texts from hosts and labels are shown as they are, never obeyed.

    Raises :class:`LabError` if there is no record to show.
    """
    if not records:
        raise LabError("there is nothing to draw: the load has no record")
    found = series(records)
    ordered = sorted(events, key=lambda event: event.at)
    return drawing.template(_PAGE, clock=_clock, seconds=_seconds).render(
        facts=facts,
        summary=summary(records),
        start=found.start,
        width=found.width,
        events=ordered,
        kinds=KINDS,
        shades={release: name for (release, _), name in shades(found.bands).items()},
        # Safe: matplotlib escapes what it writes into XML, and the labels of events are not in it.
        plot=Markup(draw(found, ordered)),  # noqa: S704
    )


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 0.1 else f"{value:.2f} s"
