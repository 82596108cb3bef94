"""The probes of this row."""

from readiness.check import Row
from readiness.probe import Probe, Touch
from readiness.rows.authorization import checks, matrix

PROBES: tuple[Probe, ...] = (Probe(Row.AUTHORIZATION, checks.MATRIX, matrix.swap, Touch.WRITES),)
