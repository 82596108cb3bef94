"""The handover as one HTML file: no script, nothing fetched."""

from __future__ import annotations

from pathlib import Path

from core import drawing
from readiness.handover.model import Handover

_PAGE = Path(__file__).with_name("page.html")


def as_html(made: Handover) -> str:
    """The page."""
    return drawing.template(_PAGE).render(made=made)
