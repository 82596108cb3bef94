"""The plot of flows by percentile, and the strip of what a page looks like as it loads."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.drawing import BAD, INK, QUIET, SETTINGS, VARIABLES, for_a_page, quiet
from readiness.check import Picture
from readiness.rows.performance.samples import quantile

_FRAME_HEIGHT = 260
_CAPTION = 16
_MOST_FRAMES = 6


def drawn(flows: Mapping[str, Sequence[float]], limit: int) -> Picture:
    """Milliseconds by flow: every request a dot, the 95th percentile with its confidence interval, the limit a line."""
    measured = {name: list(times) for name, times in flows.items() if times}
    words = ", ".join(f"{name} {quantile(times, 0.95).value:.0f} ms" for name, times in measured.items())
    svg = _svg(measured, limit)
    return Picture(
        "Latency by flow", "image/svg+xml", svg.encode(), f"95th percentiles: {words}; the limit is {limit} ms"
    )


def _svg(flows: Mapping[str, Sequence[float]], limit: int) -> str:
    # What is not asked for speed does not wait for it.
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    with rc_context(SETTINGS):
        figure = Figure(figsize=(9, 0.7 + 0.55 * max(1, len(flows))))
        figure.subplots_adjust(left=0.16, right=0.97, top=0.97, bottom=0.22)
        axes = figure.subplots()
        for row, times in enumerate(flows.values()):
            _flow(axes, row, times)
        axes.axvline(limit, color=BAD, linewidth=1)
        axes.text(limit, -0.62, f"limit {limit} ms", color=BAD, ha="right", va="bottom", fontsize=9)
        axes.set_yticks(range(len(flows)), list(flows))
        axes.set_ylim(len(flows) - 0.4, -0.7)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("milliseconds: each request, the 95th percentile with its 95 % confidence interval")
        quiet(axes)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return for_a_page(out.getvalue(), VARIABLES)


def _flow(axes: Any, row: int, times: Sequence[float]) -> None:
    p50, p95 = quantile(times, 0.5), quantile(times, 0.95)
    axes.scatter(times, [row] * len(times), s=9, color=QUIET, alpha=0.35, linewidths=0)
    high = max(times) if math.isinf(p95.high) else p95.high
    below = row + 0.24
    axes.plot([p95.low, high], [below, below], color=INK, linewidth=1.2, marker="|", markersize=5)
    axes.plot([p95.value], [below], marker="D", markersize=5, color=INK)
    axes.plot([p50.value], [row], marker="|", markersize=11, color=INK)


def filmstrip(frames: Sequence[tuple[float, bytes]], page: str) -> Picture | None:
    """``frames`` are seconds since navigation and JPEGs, in order: those that differ, side by side, at most six."""
    from PIL import Image, ImageDraw, UnidentifiedImageError

    chosen: list[tuple[float, Any]] = []
    for seconds, data in _spread(frames):
        try:
            image = Image.open(io.BytesIO(data)).convert("RGB")
        except (UnidentifiedImageError, OSError):
            continue
        chosen.append((seconds, image.resize((max(1, image.width * _FRAME_HEIGHT // image.height), _FRAME_HEIGHT))))
    if not chosen:
        return None
    strip = Image.new("RGB", (sum(image.width + 4 for _, image in chosen), _FRAME_HEIGHT + _CAPTION), "white")
    left = 0
    for seconds, image in chosen:
        strip.paste(image, (left, 0))
        ImageDraw.Draw(strip).text((left + 2, _FRAME_HEIGHT + 2), f"{seconds:.1f} s", fill="black")
        left += image.width + 4
    out = io.BytesIO()
    strip.save(out, "JPEG", quality=60)
    times = ", ".join(f"{seconds:.1f}" for seconds, _ in chosen)
    return Picture(f"{page} as it loads", "image/jpeg", out.getvalue(), f"{page} at {times} seconds")


def _spread(frames: Sequence[tuple[float, bytes]]) -> list[tuple[float, bytes]]:
    """The first and the last, and what is between evenly."""
    if len(frames) <= _MOST_FRAMES:
        return list(frames)
    step = (len(frames) - 1) / (_MOST_FRAMES - 1)
    return [frames[round(step * number)] for number in range(_MOST_FRAMES)]
