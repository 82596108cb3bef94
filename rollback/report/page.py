"""The page: one file, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from core import drawing
from core.terminal import clean
from deploy.journal import DRILL, ROLLBACK
from rollback.report.history import Event
from rollback.report.plot import draw, moment


def render(stack: str, events: Sequence[Event]) -> str:
    """The page's HTML. Texts from hosts are shown as they are, never obeyed."""
    drawn = [event for event in events if moment(event.at) is not None]
    drills = [event for event in events if event.kind == DRILL]
    return _template().render(
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


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader([Path(__file__).parent, drawing.FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clean=clean, seconds=_seconds)
    return environment.get_template("page.html")


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value * 1000:.0f} ms" if value < 0.1 else f"{value:.2f} s"
