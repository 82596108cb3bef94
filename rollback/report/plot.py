"""The plot: how long each way back took, on a logarithmic axis up to the budget. SVG in the page's own colours."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from matplotlib import dates, rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from core.drawing import BAD, INK, QUIET, SETTINGS, VARIABLES, for_a_page, quiet
from deploy.journal import DRILL
from rollback.report.history import Event

# Stand-ins for the page's variables, as in core.drawing.
_BLUE, _GREEN = "#070701", "#070702"
_NAMES = {_BLUE: "blue-1", _GREEN: "green-1"}
_LEAST_SECONDS = 0.01


def draw(events: Sequence[Event]) -> str:
    """The SVG element, for a page that defines the variables. Events without a time or seconds are not in it."""
    with rc_context(SETTINGS):
        figure = Figure(figsize=(11, 4.6))
        figure.subplots_adjust(left=0.075, right=0.9, top=0.97, bottom=0.1)
        axes = figure.subplots()
        _points(axes, events)
        _budget(axes, events)
        _frame(axes)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return for_a_page(out.getvalue(), {**VARIABLES, **_NAMES})


def _points(axes: Any, events: Sequence[Event]) -> None:
    """A drill's two directions stand on one line; what failed is crossed out in the colour of bad things."""
    for event in events:
        at = moment(event.at)
        if at is None:
            continue
        drilled = event.kind == DRILL
        values = [
            max(value, _LEAST_SECONDS) for value in (event.back_seconds, event.forth_seconds) if value is not None
        ]
        if len(values) == 2:
            axes.plot([at, at], values, color=QUIET, linewidth=1, zorder=1)
        markers = ("o", "^") if drilled else ("s",)
        for value, marker in zip(values, markers, strict=False):
            axes.plot(at, value, marker, color=_BLUE if drilled else _GREEN, markersize=7, clip_on=False, zorder=2)
        cross: dict[str, Any] = {"color": BAD, "markersize": 11, "markeredgewidth": 2, "zorder": 3}
        if not event.good and values:
            axes.plot(at, max(values), "x", **cross)
        elif not event.good:
            axes.plot(at, 0.03, "x", transform=axes.get_xaxis_transform(), **cross)


def _budget(axes: Any, events: Sequence[Event]) -> None:
    latest = max(events, key=lambda event: event.at).budget_seconds
    axes.axhline(latest, color=INK, linewidth=1, linestyle=(0, (4, 2)))
    axes.text(1.01, latest, f"budget {latest:g} s", transform=axes.get_yaxis_transform(), va="center")


def _frame(axes: Any) -> None:
    axes.set_yscale("log")
    bottom, top = axes.get_ylim()
    axes.set_ylim(min(bottom, 0.1), top * 1.6)
    axes.yaxis.set_major_locator(LogLocator())
    axes.yaxis.set_major_formatter(lambda seconds, _: f"{seconds:g} s")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.04)
    locator: Any = dates.AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_ylabel("seconds each way")
    quiet(axes)


def moment(at: str) -> datetime | None:
    """When a line says that it was, or none for one that says no time. Clocks of long ago and of far ahead are none."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return found if found.tzinfo and 2000 <= found.year <= 2200 else None
