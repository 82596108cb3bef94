"""The plot: requests by release, the commands and the losses, p50 and p99. SVG in the colours that the page names."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from core.drawing import BAD, INK, PAGE, QUIET, SETTINGS, VARIABLES, for_a_page, quiet
from lab.proof.switches import Switch
from lab.proof.verdict import Outcome
from lab.swarm import KINDS, Loss, Samples

PLOTTED = ("get", "post")
MOST_BINS = 600
LATENCY_SECONDS = 5.0
# Stand-ins for the page's variables, as in core.drawing.
_HUES = {"blue": "#070701", "green": "#070702", "other": "#070703"}

Times = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Band:
    """One release on one colour: its requests a second in each bin."""

    release: str
    colour: str
    rates: Times


def bands(samples: Samples, start: float, edges: Times) -> list[Band]:
    """Requests a second by release and colour, between ``edges`` (seconds from ``start``); streams do not count."""
    requests = np.isin(samples.kind, [KINDS.index(kind) for kind in KINDS[:5]])
    groups: dict[tuple[str, str], list[int]] = {}
    for index, (release, colour, _door) in enumerate(samples.names):
        groups.setdefault((release or "a proxy", colour), []).append(index)
    found = []
    for (release, colour), members in sorted(groups.items()):
        counted, _ = np.histogram(samples.at[requests & np.isin(samples.who, members)] - start, edges)
        if counted.any():
            found.append(Band(release, colour, counted / np.diff(edges)))
    return found


def percentiles(samples: Samples, start: float, shares: Sequence[float]) -> tuple[Times, list[Times]]:
    """The middles of bins of :data:`LATENCY_SECONDS`, and for each share the percentile of GETs and posts in them."""
    chosen = np.isin(samples.kind, [KINDS.index(kind) for kind in PLOTTED])
    at, seconds = samples.at[chosen] - start, samples.seconds[chosen]
    bins = (at // LATENCY_SECONDS).astype(int)
    numbers = np.unique(bins)
    rows = [[float(np.percentile(seconds[bins == number], share * 100)) for number in numbers] for share in shares]
    return (numbers + 0.5) * LATENCY_SECONDS, [np.array(row) for row in rows]


def draw(outcome: Outcome) -> str:
    """The SVG element, to be put into a page that defines the variables."""
    samples = outcome.samples
    start = float(samples.at[0])
    span = max(float(samples.at[-1]) - start, 1.0)
    width = max(0.5, math.ceil(span / MOST_BINS * 2) / 2)
    edges = np.arange(0, span + width, width)
    with rc_context(SETTINGS):
        figure = Figure(figsize=(11, 6.8))
        figure.subplots_adjust(left=0.08, right=0.965, top=0.99, bottom=0.08, hspace=0.12)
        top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(6, 1.5, 4))
        _rates(top, bands(samples, start, edges), edges, width)
        _commands(middle, outcome.switches, outcome.tally.losses, start, span)
        _latencies(bottom, samples, start, span)
        for axes in (top, bottom):
            for one in outcome.switches:
                axes.axvline(one.ended - start, color=INK, linewidth=0.5, alpha=0.35)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return for_a_page(out.getvalue(), {**VARIABLES, **{code: f"{hue}-1" for hue, code in _HUES.items()}})


def _rates(axes: Any, found: Sequence[Band], edges: Times, width: float) -> None:
    base = np.zeros(len(edges))
    for band in found:
        tops = base + np.append(band.rates, band.rates[-1])
        hue = _HUES.get(band.colour, _HUES["other"])
        axes.fill_between(edges, base, tops, step="post", linewidth=0, color=hue)
        base = tops
    axes.set_ylim(0, max(float(base.max()), 1.0) * 1.15)
    axes.set_xlim(0, edges[-1])
    axes.set_ylabel(f"requests a second, by {width:g} s")
    quiet(axes)


def _commands(axes: Any, switches: Sequence[Switch], losses: Sequence[Loss], start: float, span: float) -> None:
    for row, action in ((2, "deploy"), (1, "rollback")):
        for one in switches:
            if one.action == action:
                bad = one.status != 0
                axes.plot(
                    [one.at - start, one.ended - start],
                    [row, row],
                    color=BAD if bad else INK,
                    linewidth=5,
                    solid_capstyle="butt",
                )
    axes.plot([loss.at - start for loss in losses], [0] * len(losses), "D", color=BAD, markersize=5, clip_on=False)
    if not losses:
        axes.text(span / 2, 0, "none", ha="center", va="center", fontsize=9, color=QUIET)
    axes.set_yticks((0, 1, 2), ("lost", "rollback", "deploy"))
    axes.set_ylim(-0.7, 2.7)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _latencies(axes: Any, samples: Samples, start: float, span: float) -> None:
    at, rows = percentiles(samples, start, (0.5, 0.99))
    for name, row, style in (("p50", rows[0], "-"), ("p99", rows[1], (0, (3, 1.5)))):
        axes.plot(at, row, color=INK, linewidth=1.3, linestyle=style)
        axes.text(span * 1.005, row[-1], name, va="center", bbox={"facecolor": PAGE, "edgecolor": "none", "pad": 0.5})
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds * 1000:g} ms"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("time to the whole answer")
    axes.set_xlabel("seconds since the first request")
    quiet(axes)
