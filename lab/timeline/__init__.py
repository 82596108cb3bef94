"""A page that shows which release answered when, what was lost, and how long each switch took."""

from lab.timeline.model import Event, Facts, Timing, read_events
from lab.timeline.page import render

__all__ = ["Event", "Facts", "Timing", "read_events", "render"]
