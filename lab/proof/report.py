"""What the proof leaves: a page with the plot and the counters, the same as JSON, and a few lines for the terminal."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from core import drawing
from core.terminal import clean
from lab.proof.plot import draw
from lab.proof.verdict import STREAMS, Outcome
from lab.swarm import KINDS

_PAGE = Path(__file__).with_name("proof.html")

LABELS = {
    "get": "GET, keep-alive",
    "post": "POST, keep-alive",
    "upload": "slow upload",
    "download": "the file fetched back",
    "slow": "GET that takes 2 s",
    "websocket": "WebSocket",
    "events": "server-sent events",
}


def document(outcome: Outcome) -> dict[str, Any]:
    """All figures as plain values; times are seconds, moments ISO 8601 in UTC."""
    tally, samples = outcome.tally, outcome.samples
    span = float(samples.at[-1] - samples.at[0])
    return {
        "held": outcome.held,
        "at": _iso(float(samples.at[0])),
        "machine": {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "seconds": round(span, 1),
        "requests": tally.sent,
        "lost": tally.lost,
        "requests_a_second": round(tally.sent / max(span, 1.0), 1),
        "connections": tally.connections,
        "kinds": {kind: {**asdict(counts), **_times(outcome, kind)} for kind, counts in tally.counts.items()},
        "stored": {"posts": asdict(tally.stored), "uploads": asdict(tally.files)},
        "pushed": asdict(tally.streams),
        "stragglers": outcome.stragglers,
        "losses": {"reasons": dict(tally.reasons), "first": [asdict(loss) for loss in tally.losses]},
        "wrong": {"statuses": dict(tally.statuses), "first": [asdict(one) for one in tally.unwanted]},
        "by_release": _by_release(outcome),
        "switches": [
            {"number": one.number, "action": one.action, "version": one.version, "at": _iso(one.at)}
            | {"seconds": round(one.seconds, 3), "status": one.status}
            for one in outcome.switches
        ],
        "commands": {action: _command(outcome, action) for action in ("deploy", "rollback")},
        "claims": [asdict(claim) for claim in outcome.claims],
    }


def _times(outcome: Outcome, kind: str) -> dict[str, float | None]:
    """p50 and p99 of whole answers, in seconds; none for a stream, whose length its client chooses."""
    seconds = outcome.samples.seconds[outcome.samples.kind == KINDS.index(kind)]
    if kind in STREAMS or not len(seconds):
        return {"p50": None, "p99": None}
    low, high = np.percentile(seconds, [50, 99])
    return {"p50": round(float(low), 4), "p99": round(float(high), 4)}


def _by_release(outcome: Outcome) -> list[dict[str, Any]]:
    many = np.bincount(outcome.samples.who, minlength=len(outcome.samples.names))
    found: dict[tuple[str, str], dict[str, int]] = {}
    for (release, colour, door), answers in zip(outcome.samples.names, many, strict=True):
        doors = found.setdefault((release, colour), {})
        doors[door] = doors.get(door, 0) + int(answers)
    return [{"release": one[0], "colour": one[1], "answers": doors} for one, doors in sorted(found.items())]


def _command(outcome: Outcome, action: str) -> dict[str, float | int | None]:
    took = sorted(one.seconds for one in outcome.switches if one.action == action)
    if not took:
        return {"commands": 0, "median": None, "longest": None}
    return {"commands": len(took), "median": round(float(np.median(took)), 2), "longest": round(took[-1], 2)}


def page(outcome: Outcome) -> str:
    """The page's HTML. What came from hosts is shown as it is, never obeyed."""
    # Safe: matplotlib escapes what it writes into XML, and nothing from a host is in it.
    plot = Markup(draw(outcome))  # noqa: S704
    return drawing.template(_PAGE, ms=_ms).render(found=document(outcome), labels=LABELS, streams=STREAMS, plot=plot)


def lines(outcome: Outcome) -> Iterator[str]:
    """The closing lines for a terminal."""
    found = document(outcome)
    yield f"{found['requests']:,} requests in {found['seconds']:.0f} s, {found['requests_a_second']:.0f} a second"
    yield f"{'kind':<24}{'sent':>9}{'answered':>10}{'lost':>6}{'cut':>5}{'wrong':>7}{'p50':>10}{'p99':>10}"
    for kind, one in found["kinds"].items():
        times = "".join(
            f"{'-' if value is None else f'{value * 1000:.0f} ms':>10}" for value in (one["p50"], one["p99"])
        )
        counts = f"{one['sent']:>9,}{one['answered']:>10,}{one['lost']:>6}{one['cut']:>5}{one['wrong']:>7}"
        yield f"{LABELS[kind]:<24}{counts}{times}"
    for claim in outcome.claims:
        yield f"{'✓' if claim.held else '✗'} {claim.text} ({clean(claim.seen)})"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
