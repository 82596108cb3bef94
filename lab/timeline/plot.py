"""The plot as SVG, in colours that the page names: the same drawing serves light and dark."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from core.drawing import BAD, DOT, INK, PAGE, QUIET, SETTINGS, VARIABLES, for_a_page, quiet
from core.terminal import clean
from lab.timeline.model import Event
from lab.timeline.series import Band, Series

SHADES = 3
LABEL_SHARE = 0.06


def shades(bands: Sequence[Band]) -> dict[tuple[str, str], str]:
    """A style-sheet variable for each band: the hue is its colour's, the shade its turn on that colour."""
    turns: dict[str, int] = {}
    named = {}
    for band in bands:
        hue = band.colour if band.colour in {"blue", "green"} else "other"
        turns[hue] = turns.get(hue, -1) + 1
        named[band.release, band.colour] = f"{hue}-{turns[hue] % SHADES + 1}"
    return named


def draw(found: Series, events: Sequence[Event]) -> str:
    """The SVG element, to be put into a page that defines the variables."""
    named = shades(found.bands)
    stand_ins = {f"#0707{index:02x}": name for index, name in enumerate(sorted(set(named.values())))}
    fills = {key: next(code for code, name in stand_ins.items() if name == named[key]) for key in named}
    with rc_context(SETTINGS):
        figure = Figure(figsize=(11, 6.6))
        figure.subplots_adjust(left=0.08, right=0.965, top=0.99, bottom=0.08, hspace=0.1)
        top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(6, 1, 4))
        _rates(top, found, fills)
        _marks(middle, found)
        _latencies(bottom, found)
        for axes in (top, middle, bottom):
            _event_lines(axes, found, events)
        _event_numbers(top, found, events)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return for_a_page(out.getvalue(), {**VARIABLES, **stand_ins})


def _rates(axes: Any, found: Series, fills: Mapping[tuple[str, str], str]) -> None:
    edges = [index * found.width for index in range(len(found.bands[0].rates) + 1)] if found.bands else []
    base = [0.0] * len(edges)
    for band in found.bands:
        heights = [*band.rates, band.rates[-1]]
        tops = [low + high for low, high in zip(base, heights, strict=True)]
        axes.fill_between(edges, base, tops, step="post", linewidth=0, color=fills[band.release, band.colour])
        base = tops
    tallest = max(base, default=1.0) or 1.0
    for band in found.bands:
        for at in label_places(band, found.width, found.span * LABEL_SHARE):
            _label(axes, band, at, tallest)
    axes.set_ylim(0, tallest * 1.22)
    axes.set_xlim(0, found.span)
    axes.set_ylabel("requests per second")
    quiet(axes)


def label_places(band: Band, width: float, least: float) -> list[float]:
    """The middle of each run of at least ``least`` seconds, else of the longest run alone: where the name goes."""
    runs = band.runs()
    wide = [run for run in runs if (run[1] - run[0]) * width >= least]
    return [(first + end) / 2 * width for first, end in wide or [max(runs, key=lambda run: run[1] - run[0])]]


def _label(axes: Any, band: Band, at: float, tallest: float) -> None:
    axes.text(
        at,
        tallest * 0.5,
        clean(band.release)[:20],
        ha="center",
        va="center",
        fontsize=11,
        fontweight="bold",
        bbox={"boxstyle": "round,pad=0.3", "facecolor": PAGE, "edgecolor": "none"},
    )


def _marks(axes: Any, found: Series) -> None:
    for row, times, marker in ((1, found.errors, "x"), (0, found.lost, "D")):
        axes.plot(times, [row] * len(times), marker, color=BAD, markersize=5, clip_on=False)
        if not times:
            axes.text(found.span / 2, row, "none", ha="center", va="center", fontsize=9, color=QUIET)
    axes.set_yticks((0, 1), ("lost", "app errors"))
    axes.set_ylim(-0.7, 1.7)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _latencies(axes: Any, found: Series) -> None:
    if found.dots:
        axes.plot(*zip(*found.dots, strict=True), ".", color=DOT, markersize=2.5)
        axes.plot(*zip(*found.p95, strict=True), color=INK, linewidth=1.4)
        axes.text(found.span * 1.005, found.p95[-1][1], "p95", va="center")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda seconds, _: f"{seconds * 1000:g} ms")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("time to the whole answer")
    axes.set_xlabel("seconds since the first request")
    quiet(axes)


def _event_lines(axes: Any, found: Series, events: Sequence[Event]) -> None:
    for event in events:
        if 0 <= event.at - found.start <= found.span:
            bad = event.kind in {"refused", "reverted"}
            axes.axvline(event.at - found.start, color=BAD if bad else INK, linewidth=1, linestyle=(0, (4, 2)))


def _event_numbers(axes: Any, found: Series, events: Sequence[Event]) -> None:
    """Number the lines as the page's list does; close ones take turns on three levels."""
    for number, event in enumerate(events, 1):
        if 0 <= event.at - found.start <= found.span:
            axes.text(
                event.at - found.start,
                0.97 - 0.06 * ((number - 1) % 3),
                str(number),
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="center",
                fontsize=8.5,
                bbox={"boxstyle": "circle,pad=0.25", "facecolor": PAGE, "edgecolor": INK, "linewidth": 0.8},
            )
