"""What the pages with a plot share: how they are rendered, their style sheet, and the colours of plots."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from core.terminal import clean

FOLDER = Path(__file__).parent
"""Where ``style.css`` is, for a template to include."""

# Each stands for a variable of the page's style sheet; matplotlib takes no such names, so they are put in after it.
VARIABLES = {
    "#010101": "ink",
    "#020202": "quiet",
    "#030303": "grid",
    "#040404": "page",
    "#050505": "bad",
    "#060606": "dot",
}
INK, QUIET, GRID, PAGE, BAD, DOT = VARIABLES

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "launch-ready",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": GRID,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "grid.color": GRID,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "text.parse_math": False,
}


@cache
def template(page: Path, **filters: Callable[..., str]) -> Template:
    """The Jinja template in the file ``page``, with ``clean`` and ``filters``; it may include what is in here.

    What is put into it is escaped, and a name that it does not get is an error.
    """
    environment = Environment(
        loader=FileSystemLoader([page.parent, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clean=clean, **filters)
    return environment.get_template(page.name)


def quiet(axes: Any) -> None:
    """Leave of an axes' frame the line at the bottom and the grid."""
    axes.grid(axis="y", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(which="both", length=0)


def for_a_page(svg: str, variables: Mapping[str, str]) -> str:
    """Cut the XML prologue and the fixed size, and let the page's variables colour the drawing."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r'\1 role="img" aria-labelledby="plot-title"', svg, count=1)
    return re.sub("|".join(variables), lambda match: f"var(--{variables[match[0]]})", svg)


def alone(svg: bytes) -> bytes:
    """An SVG document whose ``var(--name)`` are the page's colours, light or dark, where it stands for itself."""
    at = svg.find(b">", svg.find(b"<svg")) + 1
    return svg[:at] + b"<style>" + _colours().encode() + b"</style>" + svg[at:] if at > 0 else svg


@cache
def _colours() -> str:
    """The variables of the style sheet, both sets of them."""
    sheet = (FOLDER / "style.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    return f":root {{{light}}} @media (prefers-color-scheme: dark) {{ :root {{{dark}}} }}"
