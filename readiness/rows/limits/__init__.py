"""Rate limits: bursts that are bounded in count and time, against the edge and against the platform itself."""

from readiness.check import Row
from readiness.probe import Probe, Touch, Turn
from readiness.rows.limits.bursts import TIGHT_CHECKS, WIDE_CHECKS, tight, wide

# Alone, since a burst may keep this machine's address out of the platform for a while.
PROBES: tuple[Probe, ...] = (
    Probe(Row.LIMITS, WIDE_CHECKS, wide, Touch.BURSTS, Turn.PAGES),
    Probe(Row.LIMITS, TIGHT_CHECKS, tight, Touch.BURSTS, Turn.LAST),
)
