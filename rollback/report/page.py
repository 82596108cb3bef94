"""The page: one file, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from core import drawing
from deploy.journal import DRILL, ROLLBACK
from rollback.report.history import Event
from rollback.report.plot import draw, moment

_PAGE = Path(__file__).with_name("page.html")


def render(stack: str, events: Sequence[Event]) -> str:
    """The page's HTML. Texts from hosts are shown as they are, never obeyed."""
    drawn = [event for event in events if moment(event.at) is not None]
    drills = [event for event in events if event.kind == DRILL]
    return drawing.template(_PAGE, seconds=_seconds).render(
        stack=stack,
        events=list(reversed(events)),
        drills=drills,
        rollbacks=[event for event in events if event.kind == ROLLBACK],
        slowest=max((event for event in events if event.seconds is not None), key=_seconds_of, default=None),
        last=drills[-1] if drills else None,
        # Safe: matplotlib escapes what it writes into XML, and no host's text is in it.
        plot=Markup(draw(drawn)) if drawn else None,  # noqa: S704
    )


def _seconds_of(event: Event) -> float:
    return event.seconds or 0.0


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value * 1000:.0f} ms" if value < 0.1 else f"{value:.2f} s"
