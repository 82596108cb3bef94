"""Speed: each main flow under its own load, the main pages on a slow phone, and what is cached and compressed."""

from readiness.check import Row
from readiness.probe import Probe, Touch, Turn
from readiness.rows.performance import checks
from readiness.rows.performance.caching import caching
from readiness.rows.performance.flows import flows
from readiness.rows.performance.pages import pages

PROBES: tuple[Probe, ...] = (
    Probe(Row.PERFORMANCE, (checks.CACHING, checks.COMPRESSION), caching),
    Probe(Row.PERFORMANCE, checks.FLOWS, flows, Touch.WRITES, Turn.LOADS),
    Probe(Row.PERFORMANCE, checks.PAGES, pages, turn=Turn.PAGES),
)
