"""A page that shows which release answered when, what was lost, and how long each switch took."""

from lab.timeline.model import BUDGET_SECONDS, Event, Facts, Timing, read_events
from lab.timeline.page import render

__all__ = ["BUDGET_SECONDS", "Event", "Facts", "Timing", "read_events", "render"]
