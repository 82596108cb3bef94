"""The probes of this row."""

from readiness.probe import Probe

PROBES: tuple[Probe, ...] = ()
